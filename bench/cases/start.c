/* What a person does to the programs: the command line and the port, names in
 * every script, bytes in a pipe, and a disk that is full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* Runs the server with arguments that it must refuse, with status 2 and words in
 * the one line on stderr; or, with status 0, print words on stdout and end. */
static void must_say(const char *arguments, int status, const char *words)
{
    int seen = process_run(&check.server, check.program, arguments, STOP_MS);
    const char *err = check.server.err;
    const char *end = strchr(err, '\n');
    bool is_clear = end != NULL && end > err + 10 && end[1] == '\0' &&
                    end < err + 500 && strstr(err, words) != NULL;
    expect(
        seen == status &&
            (status == 2 ? is_clear : strstr(check.server.out, words) != NULL),
        "%.60s: expected status %d and \"%s\", alone if on stderr, saw %d, "
        "\"%.200s\" and \"%.300s\"",
        arguments, status, words, seen, check.server.out, err);
    process_free(&check.server);
}

void bad_args(void)
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
                                        "--max-clients 2147483647",
                                        "--idle-timeout 86401",
                                        "--buffer 0",
                                        "--buffer 2147483647",
                                        "--host nowhere.invalid",
                                        "--no-such-option",
                                        "--por 1",
                                        "--verbose=yes",
                                        "stray"};
    char name[40];
    static char rubbish[10240 + 1];
    if (check.is_page) {
        must_say("seven", 2, "65535");
        must_say("0", 2, "65535");
        must_say("65536", 2, "65535");
        return;
    }
    must_say("--help", 0, "--stop-event");
    must_say("--version", 0, "0.");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(wrong[i], " ="),
                 wrong[i]);
        must_say(wrong[i], 2, name);
    }
    memset(rubbish, 'x', sizeof rubbish - 1);
    must_say(rubbish, 2, "xxx");
}

/* On Windows WSAEADDRINUSE is expected (page "Sharing Transport Addresses"), and it
 * is what Wine 8 gives. */
void port_in_use(void)
{
    char arguments[64];
    char port[8];
    struct peer *p = joined(1);
    echo(p, 10);
    snprintf(port, sizeof port, "%u", check.server.port);
    snprintf(arguments, sizeof arguments, "%s%s",
             check.is_page ? "" : "--port ", port);
    int status = process_run(&check.other, check.program, arguments, STOP_MS);
    expect(status == 1 && strstr(check.other.err, port) != NULL,
           "expected exit status 1 and a line that names port %s, saw %d and "
           "\"%.200s\"",
           port, status, check.other.err);
    either(strstr(check.other.err, "10048") != NULL, "%.200s", check.other.err);
    echo(p, 10);
}

/* Whether a client is served at this address, on the server's port, must be so
 * or not. */
static void expect_at(struct peer *p, const char *host, bool is_served_there)
{
    p->may_fail = true;
    bool served = join_begin(p, host) && join_end(p) && echo(p, 10);
    expect(served == is_served_there, "expected %s %s", host,
           is_served_there ? "to be served" : "not to be served");
    peer_close(p);
}

void bind_scope(void)
{
    static const struct {
        const char *arguments;
        bool v4;
        bool other_v4;
        bool v6;
    } scopes[] = {{"", true, false, false},
                  {"--host ::1", false, false, true},
                  {"--host ::", true, true, true}};
    struct peer *p = new_peers(1);
    struct sockaddr_in6 here = {.sin6_family = AF_INET6,
                                .sin6_addr.s6_addr[15] = 1};
    SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    bool has_ipv6 = bind(s, (struct sockaddr *)&here, sizeof here) == 0;
    closesocket(s);
    for (int i = 0; i < 3; i++) {
        snprintf(check.doing, sizeof check.doing, "\"%s\"",
                 scopes[i].arguments);
        if (i > 0 && !has_ipv6)
            skip("this machine has no IPv6; IPv4 was as expected");
        start_with("%s", scopes[i].arguments);
        expect_at(p, "127.0.0.1", scopes[i].v4);
        expect_at(p, "127.0.0.2", scopes[i].other_v4);
        expect_at(p, "::1", scopes[i].v6);
        stop_server();
    }
}

/* The first client comes at once and keeps the server busy from the first moment
 * on: a thread that gets work before it has begun to wait for any must not miss
 * it. */
void restart_10(void)
{
    unsigned port = 0;
    int64_t quickest_ms = STOP_MS;
    struct peer *p = new_peers(1);
    for (int i = 0; i < 10; i++) {
        start_with("--buffer 256 --port %u", port);
        join(p);
        echo(p, 20000);
        peer_close(p);
        expect(i == 0 || check.server.port == port,
               "expected it to listen on port %u, saw %u", port,
               check.server.port);
        port = check.server.port;
        uint64_t begin_ns = clock_ns();
        stop_server();
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
    }
    expect_less(quickest_ms, 1000, "ms to stop, at least once");
}

/* 03 and 04 have an acceptor as well. More than one wait takes at the stop. */
void workers(void)
{
    start_with("--workers 70");
    need_counters();
    expect_same(calls_of(OBSERVE__beginthreadex, OBSERVE__beginthreadex),
                check.chapter == 5 ? 70 : 71,
                "threads started with --workers 70");
    stop_server();
    if (check.chapter != 5)
        return;
    start_with("--accepts 5");
    expect_same(calls_of(OBSERVE_AcceptEx, OBSERVE_AcceptEx), 5,
                "AcceptEx with --accepts 5");
}

/* ---- the client, that which stands next to this program ------------------- */

/* "Hangul" in Hangul, a character beyond 16 bits, a blank. */
#define TYPED "\xED\x95\x9C\xEA\xB8\x80 \xF0\x9F\x98\x80"

/* Runs the client on input, until its end. said must stand in its output. */
static void run_client(const char *arguments, const char *input,
                       size_t input_bytes, const char *said, size_t said_bytes)
{
    char path[PATH_BYTES + 40];
    char all[PATH_BYTES + 100];
    struct process *run = &check.other;
    next_to_this_program("client.exe", path, sizeof path);
    snprintf(all, sizeof all, "--port %u %s", check.server.port, arguments);
    bool launched = process_launch(run, path, all, input, input_bytes);
    int status = launched ? process_wait(run, STEP_MS) : -1;
    process_kill(run);
    expect(status == 0 && run->out_bytes >= said_bytes &&
               memcmp(run->out, said, said_bytes) == 0,
           "client %.60s: expected \"%.100s\", saw \"%.100s\", status %d, "
           "\"%.200s\"",
           arguments, said, run->out, status, run->err);
    process_free(run);
}

/* Text that no code page has, in a message and in the names of a folder, files
 * and an event; then what else the client is asked for. Its stdin is a pipe: all
 * bytes of it are sent and come back. */
void client(void)
{
    static const char text[] = "a\0b\nq\n\nc\r\nd\x1A"
                               "e\nq";
    static const char back[] = "a\0b\nq\n\nc\r\nd\x1A"
                               "e\nq\nbytes=15 ";
    char folder[PATH_BYTES + 40];
    char program[sizeof folder + 20];
    char trace[sizeof folder + 20];
    char arguments[sizeof program + 100];
    const char *original = check.program;
    next_to_this_program(TYPED, folder, sizeof folder);
    snprintf(program, sizeof program, "%s\\server.exe", folder);
    snprintf(trace, sizeof trace, "%s.csv", folder);
    wchar_t *wide_folder = utf8_wide(folder);
    wchar_t *wide_program = utf8_wide(program);
    wchar_t *wide_trace = utf8_wide(trace);
    wchar_t *wide_source = utf8_wide(original);
    CreateDirectoryW(wide_folder, NULL);
    bool copied = CopyFileW(wide_source, wide_program, FALSE);
    expect(copied, "cannot copy the server to %.300s", program);
    check.program = program;
    start_with("--trace \"%s\" --stop-event \"" TYPED "\"", trace);
    check.program = original;
    run_client("--message \"" TYPED "\"", NULL, 0, TYPED "\nbytes=11 ",
               sizeof TYPED - 1 + 10);
    snprintf(arguments, sizeof arguments, "--file \"%s\"", program);
    run_client(arguments, NULL, 0, "bytes=", 6);
    run_client("", text, sizeof text - 1, back, sizeof back - 1);
    run_client("", "", 0, "bytes=0 ", 8);
    HANDLE stop =
        OpenEventW(EVENT_MODIFY_STATE, FALSE, L"\xD55C\xAE00 \xD83D\xDE00");
    expect(stop != NULL, "expected a stop event with the name as typed");
    SetEvent(stop);
    CloseHandle(stop);
    finish_server();
    bool traced = DeleteFileW(wide_trace);
    expect(traced, "expected a trace in %.300s", trace);
    DeleteFileW(wide_program);
    RemoveDirectoryW(wide_folder);
    free(wide_folder);
    free(wide_trace);
    free(wide_program);
    free(wide_source);
}

/* Linux has a disk that is always full. */
void disk_full(void)
{
    if (!wine_here())
        skip("there is no disk that is full");
    start_with("--trace Z:\\dev\\full");
    ask_to_stop();
    int status = process_finish(&check.server, STOP_MS, NULL, NULL);
    expect(status == 1 && process_err_has(&check.server, "--trace"),
           "expected status 1 and a line on --trace, saw %d and \"%.200s\"",
           status, check.server.err);
    process_free(&check.server);
}
