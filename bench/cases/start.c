/* What a person does to the programs: the command line and the port, names in
 * every script, bytes in a pipe, and a disk that is full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* Runs the server with arguments that it must refuse, with status 2 and words in
 * the one line on stderr; or, with status 0, print words on stdout and end. */
static void must_say(struct check *c, const char *arguments, int status,
                     const char *words)
{
    int seen = process_run(&c->server, c->program, arguments, STOP_MS);
    const char *err = c->server.err;
    const char *end = strchr(err, '\n');
    bool is_clear = end != NULL && end > err + 10 && end[1] == '\0' &&
                    end < err + 500 && strstr(err, words) != NULL;
    expect(c,
           seen == status &&
               (status == 2 ? is_clear : strstr(c->server.out, words) != NULL),
           "%.60s: expected status %d and \"%s\", alone if on stderr, saw %d, "
           "\"%.200s\" and \"%.300s\"",
           arguments, status, words, seen, c->server.out, err);
    process_free(&c->server);
}

void bad_args(struct check *c)
{
    static const char *const wrong[] = {"--port \"\"",
                                        "--port \" 80\"",
                                        "--port +1",
                                        "--port -1",
                                        "--port 0x50",
                                        "--port 80abc",
                                        "--port 65536",
                                        "--port 12345678901234567890",
                                        "--port",
                                        "--max-clients 0",
                                        "--host nowhere.invalid",
                                        "--no-such-option",
                                        "--verbose=yes",
                                        "stray"};
    char name[40];
    static char rubbish[10240 + 1];
    if (c->is_page) {
        must_say(c, "seven", 2, "65535");
        must_say(c, "0", 2, "65535");
        must_say(c, "65536", 2, "65535");
        return;
    }
    must_say(c, "--help", 0, "--stop-event");
    must_say(c, "--version", 0, "0.");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(wrong[i], " ="),
                 wrong[i]);
        must_say(c, wrong[i], 2, name);
    }
    memset(rubbish, 'x', sizeof rubbish - 1);
    must_say(c, rubbish, 2, "xxx");
}

/* The error is WSAEADDRINUSE (page "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"),
 * under Wine 8, too. */
void port_in_use(struct check *c)
{
    char arguments[64];
    char port[8];
    struct peer *p = joined(c, 1);
    echo(p, 10);
    snprintf(port, sizeof port, "%u", c->server.port);
    snprintf(arguments, sizeof arguments, "%s%s", c->is_page ? "" : "--port ",
             port);
    int status = process_run(&c->other, c->program, arguments, STOP_MS);
    expect(c, status == 1 && strstr(c->other.err, port) != NULL,
           "expected exit status 1 and a line that names port %s, saw %d and "
           "\"%.200s\"",
           port, status, c->other.err);
    either(c, strstr(c->other.err, "10048") != NULL, "%.200s", c->other.err);
    echo(p, 10);
}

/* Whether a client is served at this address, on the server's port, must be so
 * or not. */
static void expect_at(struct peer *p, const char *host, bool is_served_there)
{
    p->may_fail = true;
    bool served = join_begin(p, host) && join_end(p) && echo(p, 10);
    expect(p->c, served == is_served_there, "expected %s %s", host,
           is_served_there ? "to be served" : "not to be served");
    peer_close(p);
}

void bind_scope(struct check *c)
{
    static const struct {
        const char *arguments;
        bool v4;
        bool other_v4;
        bool v6;
    } scopes[] = {{"", true, false, false},
                  {"--host ::1", false, false, true},
                  {"--host ::", true, true, true}};
    struct peer *p = new_peers(c, 1);
    struct sockaddr_in6 here = {.sin6_family = AF_INET6,
                                .sin6_addr.s6_addr[15] = 1};
    SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    bool has_ipv6 = bind(s, (struct sockaddr *)&here, sizeof here) == 0;
    closesocket(s);
    for (int i = 0; i < 3; i++) {
        snprintf(c->doing, sizeof c->doing, "\"%s\"", scopes[i].arguments);
        if (i > 0 && !has_ipv6)
            skip(c, "this machine has no IPv6; IPv4 was as expected");
        start_with(c, "%s", scopes[i].arguments);
        expect_at(p, "127.0.0.1", scopes[i].v4);
        expect_at(p, "127.0.0.2", scopes[i].other_v4);
        expect_at(p, "::1", scopes[i].v6);
        stop_server(c);
    }
}

/* The first client comes at once and keeps the server busy from the first moment
 * on: a thread that gets work before it has begun to wait for any must not miss
 * it. */
void restart_10(struct check *c)
{
    unsigned port = 0;
    int64_t quickest_ms = STOP_MS;
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 10; i++) {
        start_with(c, "--buffer 256 --port %u", port);
        join(p);
        echo(p, 20000);
        peer_close(p);
        expect(c, i == 0 || c->server.port == port,
               "expected it to listen on port %u, saw %u", port,
               c->server.port);
        port = c->server.port;
        uint64_t begin_ns = clock_ns();
        stop_server(c);
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
    }
    expect_less(c, quickest_ms, 1000, "ms to stop, at least once");
}

/* 03 and 04 have an acceptor as well. */
void workers(struct check *c)
{
    start_with(c, "--workers 4");
    need_counters(c);
    expect_same(c, calls_of(c, OBSERVE__beginthreadex, OBSERVE__beginthreadex),
                c->chapter == 5 ? 4 : 5, "threads started with --workers 4");
    stop_server(c);
    if (c->chapter != 5)
        return;
    start_with(c, "--accepts 5");
    expect_same(c, calls_of(c, OBSERVE_AcceptEx, OBSERVE_AcceptEx), 5,
                "AcceptEx with --accepts 5");
    stop_server(c);
}

/* ---- the client, that which stands next to this program ------------------- */

/* "Hangul" in Hangul, a character beyond 16 bits, a blank. */
#define TYPED "\xED\x95\x9C\xEA\xB8\x80 \xF0\x9F\x98\x80"

/* Runs the client on input, until its end. said must stand in its output. */
static void run_client(struct check *c, const char *arguments,
                       const char *input, size_t input_bytes, const char *said,
                       size_t said_bytes)
{
    char path[PATH_BYTES + 40];
    char all[PATH_BYTES + 100];
    struct process *run = &c->other;
    next_to_this_program("client.exe", path, sizeof path);
    snprintf(all, sizeof all, "--port %u %s", c->server.port, arguments);
    bool launched = process_launch(run, path, all, input, input_bytes);
    int status = launched ? process_wait(run, STEP_MS) : -1;
    process_kill(run);
    expect(c,
           status == 0 && run->out_bytes >= said_bytes &&
               memcmp(run->out, said, said_bytes) == 0,
           "client %.60s: expected \"%.100s\", saw \"%.100s\", status %d, "
           "\"%.200s\"",
           arguments, said, run->out, status, run->err);
    process_free(run);
}

/* A socket that is connected with itself is told from one that is not. */
static void own_peer(struct check *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address;
    struct peer *p = joined(c, 1);
    expect(c, !net_is_own_peer(p->s), "expected a server to be another peer");
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    bool is_own = bind(s, (struct sockaddr *)&address, length) == 0 &&
                  getsockname(s, (struct sockaddr *)&address, &length) == 0 &&
                  connect(s, (struct sockaddr *)&address, length) == 0 &&
                  net_is_own_peer(s);
    net_close_abortively(s);
    expect(c, is_own, "expected the socket to be its own peer");
}

/* Text that no code page has, in a message and in the names of a folder, files
 * and an event; then what else the client is asked for. Its stdin is a pipe: all
 * bytes of it are sent and come back. */
void client(struct check *c)
{
    static const char text[] = "a\0b\nq\n\nc\r\nd\x1A"
                               "e\nq";
    static const char back[] = "a\0b\nq\n\nc\r\nd\x1A"
                               "e\nq\nbytes=15 ";
    char folder[PATH_BYTES + 40];
    char program[sizeof folder + 20];
    char trace[sizeof folder + 20];
    char arguments[sizeof program + 100];
    const char *original = c->program;
    next_to_this_program(TYPED, folder, sizeof folder);
    snprintf(program, sizeof program, "%s\\server.exe", folder);
    snprintf(trace, sizeof trace, "%s.csv", folder);
    wchar_t *wide_folder = utf8_wide(folder);
    wchar_t *wide_program = utf8_wide(program);
    wchar_t *wide_trace = utf8_wide(trace);
    wchar_t *wide_source = utf8_wide(original);
    CreateDirectoryW(wide_folder, NULL);
    bool copied = CopyFileW(wide_source, wide_program, FALSE);
    expect(c, copied, "cannot copy the server to %.300s", program);
    c->program = program;
    start_with(c, "--trace \"%s\" --stop-event \"" TYPED "\"", trace);
    c->program = original;
    run_client(c, "--message \"" TYPED "\"", NULL, 0, TYPED "\nbytes=11 ",
               sizeof TYPED - 1 + 10);
    snprintf(arguments, sizeof arguments, "--file \"%s\"", program);
    run_client(c, arguments, NULL, 0, "bytes=", 6);
    run_client(c, "", text, sizeof text - 1, back, sizeof back - 1);
    run_client(c, "", "", 0, "bytes=0 ", 8);
    own_peer(c);
    HANDLE stop =
        OpenEventW(EVENT_MODIFY_STATE, FALSE, L"\xD55C\xAE00 \xD83D\xDE00");
    expect(c, stop != NULL, "expected a stop event with the name as typed");
    SetEvent(stop);
    CloseHandle(stop);
    finish_server(c);
    bool traced = DeleteFileW(wide_trace);
    expect(c, traced, "expected a trace in %.300s", trace);
    DeleteFileW(wide_program);
    RemoveDirectoryW(wide_folder);
    free(wide_folder);
    free(wide_trace);
    free(wide_program);
    free(wide_source);
}

/* Linux has a disk that is always full. */
void disk_full(struct check *c)
{
    if (!wine_here())
        skip(c, "there is no disk that is full");
    start_with(c, "--trace Z:\\dev\\full");
    ask_to_stop(c);
    int status = process_finish(&c->server, STOP_MS, NULL, NULL);
    expect(c, status == 1 && process_err_has(&c->server, "--trace"),
           "expected status 1 and a line on --trace, saw %d and \"%.200s\"",
           status, c->server.err);
    process_free(&c->server);
}
