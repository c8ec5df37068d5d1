/* The command line and the port. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* Runs the server with arguments that it must refuse, with status 2. words must
 * stand in the one line that it prints. */
static void must_refuse(struct check *c, const char *arguments,
                        const char *words)
{
    snprintf(c->doing, sizeof c->doing, "%.60s", arguments);
    int status = process_run(&c->server, c->program, arguments, STOP_MS);
    const char *err = c->server.err;
    const char *end = strchr(err, '\n');
    expect(c,
           status == 2 && end != NULL && end > err + 10 && end[1] == '\0' &&
               end < err + 500 && strstr(err, words) != NULL,
           "expected status 2 and one clear line that names \"%s\" on stderr, "
           "saw %d and \"%.300s\"",
           words, status, err);
    process_free(&c->server);
}

/* What it only prints, with status 0. */
static void must_print(struct check *c, const char *arguments,
                       const char *words)
{
    int status = process_run(&c->server, c->program, arguments, STOP_MS);
    expect(c, status == 0 && strstr(c->server.out, words) != NULL,
           "%s: expected status 0 and \"%s\" on stdout, saw %d and \"%.200s\"",
           arguments, words, status, c->server.out);
    process_free(&c->server);
}

void bad_args(struct check *c)
{
    static const char *const wrong[][2] = {
        {"--port \"\"", "--port"},
        {"--port \" 80\"", "--port"},
        {"--port +1", "--port"},
        {"--port -1", "--port"},
        {"--port 0x50", "--port"},
        {"--port 80abc", "--port"},
        {"--port 65536", "--port"},
        {"--port 12345678901234567890", "--port"},
        {"--port", "--port"},
        {"--max-clients 0", "--max-clients"},
        {"--host nowhere.invalid", "--host"},
        {"--no-such-option", "--no-such-option"},
        {"--verbose=yes", "--verbose"},
        {"stray", "stray"},
    };
    static char rubbish[10240 + 1];
    if (c->is_page) {
        must_refuse(c, "seven", "65535");
        must_refuse(c, "0", "65535");
        must_refuse(c, "65536", "65535");
        return;
    }
    must_print(c, "--help", "--stop-event");
    must_print(c, "--version", "0.");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        must_refuse(c, wrong[i][0], wrong[i][1]);
    memset(rubbish, 'x', sizeof rubbish - 1);
    must_refuse(c, rubbish, "xxx");
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
