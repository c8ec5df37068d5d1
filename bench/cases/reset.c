/* Clients that leave without saying goodbye. Whether the server has noticed is
 * seen from outside: with --max-clients the place must be free again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "../../common/clock.h"

static void rst_idle(struct check *c)
{
    struct peer *others = new_peers(c, 3);
    struct peer *p = new_peers(c, 1);
    join_all(c, others, 3);
    ping_all(c, others, 3, 50);
    for (int i = 0; i < 5; i++) {
        serve(c, p, FREED_MS);
        peer_reset(p);
    }
    serve(c, p, FREED_MS);
    ping_all(c, others, 3, 50);
}

static void rst_alone(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 10);
    peer_reset(p);
}

static void rst_mid_echo(struct check *c)
{
    struct peer *other = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    join(c, other);
    echo(c, other, 50);
    for (int i = 0; i < 100 && going_on(c); i++) {
        serve(c, p, FREED_MS);
        for (int k = 0; k < 4; k++)
            if (peer_send_some(p, 65536) <= 0)
                break;
        if (i % 2 == 0)
            peer_wait_readable(p, 100); /* the echo has begun */
        peer_reset(p);
    }
    echo(c, other, 5000);
}

static void rst_after_halfclose(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 10; i++) {
        serve(c, p, FREED_MS);
        stuff(c, p, 65536);
        half_close(c, p);
        peer_reset(p);
    }
    serve(c, p, FREED_MS);
}

/* Closing with unread data makes the system send a reset. */
static void close_unread(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 10 && going_on(c); i++) {
        serve(c, p, FREED_MS);
        send_bytes(c, p, 65536);
        expect(c, peer_wait_readable(p, STEP_MS), "%s", p->problem);
        peer_close(p);
    }
    serve(c, p, FREED_MS);
}

static void connect_rst_storm(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 500; i++) {
        join(c, p);
        if (i % 100 == 0)
            pass_time(c, 50); /* then the server waits for its first byte */
        peer_reset(p);
    }
    serve(c, p, CONTROL_MS); /* 500 come first */
}

/* Accepting is held up with the first client (05: when all its AcceptEx calls
 * are used up), so the others have gone when it is their turn. */
static void rst_in_backlog(struct check *c)
{
    enum { COUNT = 100 };
    struct peer *peers = new_peers(c, COUNT);
    start_with_faults(c, "accept@2=stall300,AcceptEx@33=stall300,"
                         "AcceptEx@34=stall300");
    for (int i = 0; i < COUNT && going_on(c); i++)
        peer_connect_begin(&peers[i], c->server.host, c->server.port);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
    for (int i = 0; i < 10; i++)
        serve(c, &peers[i], CONTROL_MS); /* 100 come first */
    control(c);
    for (int i = 0; i < 10; i++)
        peer_close(&peers[i]);
    stop_server(c);
}

/* Starts the client that stands next to this program and kills it in the middle
 * of a transfer. */
static void kill_a_client(struct check *c, const char *path)
{
    static const int kinds[] = {OBSERVE_recv, OBSERVE_WSARecv, -1};
    char arguments[80];
    struct process client;
    if (!going_on(c))
        return;
    snprintf(arguments, sizeof arguments, "--port %u --size 2000000000",
             c->server.port);
    bool launched = process_launch(&client, path, arguments, NULL, 0);
    expect(c, launched, "cannot start %.100s", path);
    /* Until the transfer is well under way; without the seam that cannot be
     * seen, and a second must do. */
    for (int i = 0; i < 100 && going_on(c) && calls_of(c, kinds) <= 100; i++)
        Sleep(calls_of(c, kinds) < 0 ? 10 : 50);
    expect(c, process_wait(&client, 0) < 0,
           "expected the client to be busy, saw it end: \"%.200s\"",
           client.err != NULL ? client.err : "");
    process_free(&client);
}

static void client_killed(struct check *c)
{
    char path[PATH_BYTES + 40];
    next_to_this_program("client.exe", path, sizeof path);
    if (utf8_attributes(path) == INVALID_FILE_ATTRIBUTES) {
        skip(c, "there is no %.100s", path);
        return;
    }
    /* Seen on Wine 8, one time in ten: the wineserver keeps the socket of a
     * process that was killed, and the server cannot know that it is dead. */
    int attempts = wine_here() ? 6 : 1;
    struct peer *next = new_peers(c, 1);
    for (int attempt = 1; attempt <= attempts; attempt++) {
        start_server(c, "--max-clients 1");
        kill_a_client(c, path);
        serve(c, next, FREED_MS);
        if (!c->failed || attempt == attempts)
            break;
        process_free(&c->server);
        c->started = false;
        c->failed = false;
    }
    peer_close(next);
}

/* Nobody reads what the server writes, and clients make it write more than a
 * pipe takes: it must go on serving all the same, and stop. */
static void lines_unread(struct check *c)
{
    enum { COUNT = 2500 }; /* 50 bytes and more for each */
    struct peer *other = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    process_leave_next_err();
    start_server(c, "--verbose");
    join(c, other);
    echo(c, other, 10);
    for (int i = 0; i < COUNT && going_on(c); i++) {
        join(c, p);
        peer_reset(p);
    }
    echo(c, other, 5000);
    control(c);
    peer_close(other);
    stop_server(c);
}

static void refuse_some(struct check *c, struct peer *p, int count)
{
    for (int i = 0; i < count && going_on(c); i++)
        refused(c, p);
}

/* Counts the lines about a client that was refused, and sums the numbers of the
 * lines that say how many more there were. */
static void count_lines(struct check *c, int *written, int *left_out)
{
    static char text[100000];
    *written = 0;
    *left_out = 0;
    process_copy_err(&c->server, text, sizeof text);
    for (char *line = strtok(text, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n")) {
        *written += strncmp(line, "refused ", 8) == 0;
        if (strncmp(line, "and ", 4) == 0)
            *left_out += atoi(line + 4);
    }
}

/* How much the server writes must not be for clients to decide: of many lines
 * only the first are written, and one line says how many more there were, when
 * it is quiet again and at the end. */
static void lines_bounded(struct check *c)
{
    enum { FIRST = 400, MORE = 100, ALL = FIRST + MORE };
    enum { IN_A_ROW = 20, ROW_SECONDS = 5 };
    int written = 0;
    int left_out = 0;
    struct peer *holder = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    start_server(c, "--max-clients 1");
    join(c, holder);
    echo(c, holder, 10);
    uint64_t begin_ns = clock_ns();
    refuse_some(c, p, FIRST);
    uint64_t limit = clock_in_ms(STEP_MS + ROW_SECONDS * 1000);
    while (going_on(c) && !process_err_has(&c->server, " left out")) {
        Sleep(50);
        expect(c, clock_ns() < limit, "expected a line with \"left out\"");
    }
    refuse_some(c, p, MORE);
    int seconds = (int)((clock_ns() - begin_ns) / 1000000000);
    peer_close(holder);
    if (!going_on(c))
        return;
    SetEvent(c->server.stop_event);
    process_wait(&c->server, STOP_MS);
    count_lines(c, &written, &left_out);
    expect(c,
           written <= IN_A_ROW * (seconds / ROW_SECONDS + 2) &&
               written + left_out == ALL,
           "expected %d refusals to be a few lines and a number, saw %d lines "
           "and %d left out",
           ALL, written, left_out);
    finish_server(c);
}

const struct check_case reset_cases[] = {
    {"rst_alone", "a reset after an echo", rst_alone, GROUP_BASIC, 0, NULL, 0},
    {"rst_idle", "idle clients reset; places free again, others untouched",
     rst_idle, GROUP_SEVERAL, CASE_CUTS, "--max-clients 4", 0},
    {"rst_mid_echo", "100 resets in the middle of an echo", rst_mid_echo,
     GROUP_SEVERAL, CASE_CUTS, "--max-clients 2", 0},
    {"rst_after_halfclose", "send, end, reset", rst_after_halfclose, GROUP_ONE,
     CASE_CUTS, "--max-clients 1", 0},
    {"close_unread", "closed with the echo unread", close_unread, GROUP_ONE,
     CASE_CUTS, "--max-clients 1", 0},
    {"connect_rst_storm", "500 connects that reset at once", connect_rst_storm,
     GROUP_CROWD, CASE_CUTS, NULL, 0},
    {"rst_in_backlog", "100 reset before they are accepted", rst_in_backlog,
     GROUP_CROWD, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"client_killed", "the client's process dies in a transfer", client_killed,
     GROUP_ONE, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"lines_unread", "2,500 resets, and nobody reads its lines", lines_unread,
     GROUP_HEAVY, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"lines_bounded", "500 refusals: few lines, and how many more there were",
     lines_bounded, GROUP_HEAVY, CASE_STARTS | CASE_CUTS, NULL, 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
