/* The command line, the port, and the ways to stop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "../../common/clock.h"

/* ---- starting ------------------------------------------------------------ */

/* Runs the server with arguments that it must refuse. words must stand in the
 * line that it prints. */
static void must_refuse(struct check *c, const char *arguments, int status,
                        const char *words)
{
    if (!going_on(c))
        return;
    c->started = true;
    int seen = process_run(&c->server, c->program, arguments, STOP_MS);
    expect(c, seen == status, "%.60s: expected exit status %d, saw %d",
           arguments, status, seen);
    const char *err = c->server.err != NULL ? c->server.err : "";
    const char *end = strchr(err, '\n');
    expect(c,
           end != NULL && end > err + 10 && end[1] == '\0' && end < err + 500,
           "%.60s: expected one clear line on stderr, saw \"%.300s\"",
           arguments, err);
    expect(c, strstr(err, words) != NULL,
           "%.60s: expected the line to name \"%s\", saw \"%.300s\"", arguments,
           words, err);
    if (going_on(c)) {
        process_free(&c->server);
        c->started = false;
    }
}

static void bad_args(struct check *c)
{
    static const char *const ports[] = {
        "\"\"", "\" 80\"", "+1",    "-1",
        "0x50", "80abc",   "65536", "12345678901234567890"};
    char arguments[64];
    if (c->is_minimal) {
        must_refuse(c, "seven", 2, "65535");
        must_refuse(c, "0", 2, "65535");
        must_refuse(c, "65536", 2, "65535");
        return;
    }
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        snprintf(arguments, sizeof arguments, "--port %s", ports[i]);
        must_refuse(c, arguments, 2, "--port");
    }
    must_refuse(c, "--port", 2, "--port");
    must_refuse(c, "--max-clients 0", 2, "--max-clients");
    must_refuse(c, "--host nowhere.invalid", 2, "--host");
    must_refuse(c, "--no-such-option", 2, "--no-such-option");
    must_refuse(c, "--verbose=yes", 2, "--verbose");
    must_refuse(c, "stray", 2, "stray");

    char *rubbish = malloc(10240 + 1);
    if (rubbish == NULL)
        return;
    memset(rubbish, 'x', 10240);
    rubbish[10240] = '\0';
    must_refuse(c, rubbish, 2, "xxx");
    free(rubbish);
}

static void port_in_use(struct check *c)
{
    char arguments[64];
    char port[8];
    struct process second;
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 10);
    if (!going_on(c))
        return;
    snprintf(port, sizeof port, "%u", c->server.port);
    snprintf(arguments, sizeof arguments, "%s%s",
             c->is_minimal ? "" : "--port ", port);
    int status = process_run(&second, c->program, arguments, STOP_MS);
    expect(c, status == 1, "expected exit status 1, saw %d", status);
    expect(c, second.err != NULL && strstr(second.err, port) != NULL,
           "expected a line that names port %s, saw \"%.200s\"", port,
           second.err != NULL ? second.err : "");
    process_free(&second);
    echo(c, p, 10);
}

/* Whether a client can connect to this address on the server's port. */
static bool reachable(struct check *c, const char *host)
{
    struct peer *p = new_peers(c, 1);
    bool connected = going_on(c) &&
                     peer_connect(p, host, c->server.port, STEP_MS) &&
                     peer_echo(p, 10, STEP_MS);
    peer_close(p);
    return connected;
}

/* Whether this machine has IPv6 at all. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    address.sin6_addr.s6_addr[15] = 1;
    SOCKET s = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
    bool has = s != INVALID_SOCKET &&
               bind(s, (struct sockaddr *)&address, sizeof address) == 0;
    if (s != INVALID_SOCKET)
        closesocket(s);
    return has;
}

static void bind_scope(struct check *c)
{
    start_server(c, NULL);
    expect(c, reachable(c, "127.0.0.1"), "default: 127.0.0.1 does not serve");
    expect(c, !reachable(c, "127.0.0.2"),
           "default: expected 127.0.0.1 only, saw 127.0.0.2 as well");
    expect(c, !reachable(c, "::1"),
           "default: expected 127.0.0.1 only, saw ::1 as well");
    stop_server(c);
    if (!has_ipv6()) {
        skip(c, "this machine has no IPv6; IPv4 was as expected");
        return;
    }
    start_server(c, "--host ::1");
    expect(c, reachable(c, "::1"), "--host ::1: ::1 does not serve");
    expect(c, !reachable(c, "127.0.0.1"),
           "--host ::1: expected IPv6 only, saw 127.0.0.1 as well");
    stop_server(c);
    start_server(c, "--host ::");
    expect(c, reachable(c, "::1"), "--host ::: ::1 does not serve");
    expect(c, reachable(c, "127.0.0.1"), "--host ::: 127.0.0.1 does not serve");
}

static void restart_10(struct check *c)
{
    /* The first client comes at once and keeps the server busy from the first
     * moment on: a thread that gets work before it has begun to wait for any
     * must not miss it. */
    char arguments[64] = "--buffer 256";
    unsigned port = 0;
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 10 && going_on(c); i++) {
        start_server(c, arguments);
        join(c, p);
        echo(c, p, 20000);
        peer_close(p);
        expect(c, i == 0 || c->server.port == port,
               "expected it to listen on port %u, saw %u", port,
               c->server.port);
        port = c->server.port;
        snprintf(arguments, sizeof arguments, "--buffer 256 --port %u", port);
        stop_server(c);
    }
}

/* ---- stopping ------------------------------------------------------------ */

static void stop_unused(struct check *c)
{
    start_server(c, NULL);
}

static void stop_idle(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_server(c, NULL);
    join(c, p);
    echo(c, p, 100);
    pass_time(c, 100); /* until the server waits for it again */
    if (!going_on(c))
        return;
    SetEvent(c->server.stop_event);
    process_wait(&c->server, c->is_minimal ? 0 : STOP_MS);
    expect(c, lines_with(c, "connection") == 0,
           "expected no client to be reported: it is not their failure");
    finish_server(c);
    receive_end(c, p);
}

static void stop_idle_20(struct check *c)
{
    struct peer *peers = new_peers(c, 20);
    start_server(c, NULL);
    join_all(c, peers, 20);
    ping_all(c, peers, 10, 100); /* the others have never said anything */
    /* Two neighbours leave, the first and the last, and as many come: whatever
     * list there is, everybody must be found in it. */
    static const int leavers[] = {8, 7, 0, 19};
    for (int i = 0; i < 4; i++) {
        half_close(c, &peers[leavers[i]]);
        receive_end(c, &peers[leavers[i]]);
        peer_close(&peers[leavers[i]]);
    }
    for (int i = 0; i < 4; i++) {
        join(c, &peers[leavers[i]]);
        echo(c, &peers[leavers[i]], 10);
    }
    control(c);
    stop_server(c);
    for (int i = 0; i < 20; i++)
        receive_end(c, &peers[i]);
}

static void stop_ctrl_c(struct check *c)
{
    struct peer *peers = new_peers(c, 3);
    start_server(c, NULL);
    join_all(c, peers, 3);
    ping_all(c, peers, 3, 100);
    if (going_on(c) && !process_ctrl_c(&c->server))
        skip(c, "no way to send Ctrl+C here (Wine without a shell)");
    finish_server(c);
    for (int i = 0; i < 3; i++)
        receive_end(c, &peers[i]);
}

/* Sixty clients of every kind. */
static void join_every_kind(struct check *c, struct peer *idle,
                            struct peer *stuck, struct peer *halves)
{
    join_all(c, idle, 30);
    for (int i = 0; i < 10; i++) {
        stuck[i].receive_buffer_bytes = 4096;
        join(c, &stuck[i]);
        stuck[i].send_goal = 16777216;
    }
    struct peer *bad = NULL;
    while (going_on(c) && peers_pump(stuck, 3, 300, &bad) > 0)
        continue; /* until the server is stuck with these, at least */
    expect(c, bad == NULL, "%s", bad != NULL ? bad->problem : "");
    for (int i = 0; i < 10; i++) {
        join(c, &halves[i]);
        send_bytes(c, &halves[i], 65536);
        half_close(c, &halves[i]);
    }
}

static void stop_loaded(struct check *c)
{
    struct peer *idle = new_peers(c, 30);
    struct peer *stuck = new_peers(c, 10);
    struct peer *halves = new_peers(c, 10);
    struct peer *floods = new_peers(c, 10);
    c->cut = true;
    start_server(c, NULL);
    join_every_kind(c, idle, stuck, halves); /* before: they need some time */
    join_all(c, floods, 10);
    begin_flood(c, floods, 10);
    /* All of them: who has not been accepted yet would see a reset. */
    ping_all(c, idle, 30, 100);
    stop_server(c);
    flood_stop(&c->flood); /* its peers have been cut off: no problem */
    for (int i = 0; i < 30; i++)
        receive_end(c, &idle[i]);
}

static void stop_twice(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    c->cut = true;
    p->receive_buffer_bytes = 4096;
    start_server(c, NULL);
    join(c, p);
    stuff(c, p, 67108864); /* until the server is stuck in its send */
    if (going_on(c))
        SetEvent(c->server.stop_event);
    stop_server(c);
}

/* The second Ctrl+C ends the server at once, in whatever state it is. Here it is
 * held up in its first receive, and cannot stop by itself before that returns.
 */
static void stop_ctrl_c_twice(struct check *c)
{
    enum { HELD_UP_MS = 100, WITHIN_MS = 20000 };
    struct peer *p = new_peers(c, 1);
    c->cut = true;
    start_with_faults(c, "recv@1=stall40000,WSARecv@1=stall40000");
    join(c, p);
    send_bytes(c, p, 10);
    pass_time(c, HELD_UP_MS);
    if (!going_on(c))
        return;
    if (!process_ctrl_c(&c->server)) {
        skip(c, "no way to send Ctrl+C here (Wine without a shell)");
        return;
    }
    /* The first has arrived when the server's handler has set this event. */
    expect(c,
           WaitForSingleObject(c->server.stop_event, STEP_MS) ==
                   WAIT_OBJECT_0 &&
               process_wait(&c->server, HELD_UP_MS) == -1,
           "expected the first Ctrl+C to ask the server to stop, and no more");
    if (!going_on(c))
        return;
    process_ctrl_c(&c->server);
    int status = process_wait(&c->server, WITHIN_MS);
    expect(
        c, status == 0 || status == (int)(0xC000013Au & 0x7FFFFFFF),
        "expected it to end within %d ms with status 0, or 0xC000013A (ended "
        "by Ctrl+C), saw %d",
        WITHIN_MS, status);
    process_free(&c->server);
    c->started = false;
}

static void stop_in_storm(struct check *c)
{
    enum { COUNT = 200 };
    struct peer *peers = new_peers(c, COUNT);
    c->cut = true;
    /* One of them is being let in for a while, and the order comes meanwhile. */
    start_with_faults(c, "setsockopt@20=stall300");
    for (int i = 0; i < COUNT && going_on(c); i++) {
        peer_connect_begin(&peers[i], c->server.host, c->server.port);
        if (i == COUNT / 2)
            SetEvent(c->server.stop_event);
    }
    finish_server(c);
}

const struct check_case start_stop_cases[] = {
    {"bad_args", "wrong usage: exit 2 and one clear line", bad_args,
     GROUP_START, CASE_STARTS, NULL, 0},
    {"port_in_use", "second server on the port: exit 1, names it", port_in_use,
     GROUP_START, 0, NULL, 0},
    {"bind_scope", "listens where asked and nowhere else", bind_scope,
     GROUP_START, CASE_STARTS, NULL, 0},
    {"restart_10", "ten times on the same port", restart_10, GROUP_START,
     CASE_STARTS, NULL, 0},
    {"stop_unused", "stops without ever having had a client", stop_unused,
     GROUP_BASIC, CASE_STARTS, NULL, 0},
    {"stop_idle", "an idle client sees the end", stop_idle, GROUP_BASIC,
     CASE_STARTS, NULL, 0},
    {"stop_idle_20", "twenty idle clients see the end", stop_idle_20,
     GROUP_STOP, CASE_STARTS, NULL, 0},
    {"stop_ctrl_c", "Ctrl+C instead of the event", stop_ctrl_c, GROUP_STOP,
     CASE_STARTS, NULL, 0},
    {"stop_loaded", "sixty clients of every kind", stop_loaded, GROUP_STOP,
     CASE_STARTS, NULL, 0},
    {"stop_twice", "the event set twice, with a send stuck", stop_twice,
     GROUP_STOP, CASE_STARTS, NULL, 0},
    {"stop_ctrl_c_twice", "the second Ctrl+C ends it at once",
     stop_ctrl_c_twice, GROUP_STOP, CASE_STARTS, NULL, 0},
    {"stop_in_storm", "stopped while 200 connect", stop_in_storm, GROUP_STOP,
     CASE_STARTS, NULL, 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
