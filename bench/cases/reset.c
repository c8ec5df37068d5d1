/* Clients that leave without saying goodbye. Whether the server has noticed is
 * seen from outside: with --max-clients the place must be free again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

void rst_idle(struct check *c)
{
    struct peer *others = new_peers(c, 3);
    struct peer *p = new_peers(c, 1);
    uint64_t quickest_ns = UINT64_MAX;
    join_all(others, 3);
    ping_all(others, 3, 50);
    serve(p, FREED_MS);
    for (int i = 0; i < 5; i++) {
        peer_reset(p);
        uint64_t begin_ns = clock_ns();
        serve(p, FREED_MS);
        uint64_t ns = clock_ns() - begin_ns;
        quickest_ns = ns < quickest_ns ? ns : quickest_ns;
    }
    ping_all(others, 3, 50);
    expect(c, quickest_ns < UINT64_C(1000000000),
           "expected the place to be free within a second at least once, saw "
           "%u ms",
           (unsigned)(quickest_ns / 1000000));
}

void rst_alone(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(p);
    echo(p, 10);
    peer_reset(p);
}

void rst_mid_echo(struct check *c)
{
    struct peer *other = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    join(other);
    echo(other, 50);
    for (int i = 0; i < 100; i++) {
        serve(p, FREED_MS);
        send_what_fits(p, 262144);
        if (i % 2 == 0)
            wait_ready(p, POLLRDNORM); /* the echo has begun */
        peer_reset(p);
    }
    echo(other, 5000);
}

void rst_after_halfclose(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 10; i++) {
        serve(p, FREED_MS);
        stuff(p, 65536);
        half_close(p);
        peer_reset(p);
    }
    serve(p, FREED_MS);
}

/* Closing with unread data makes the system send a reset. */
void close_unread(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 10; i++) {
        serve(p, FREED_MS);
        send_bytes(p, 65536);
        wait_ready(p, POLLRDNORM);
        peer_close(p);
    }
    serve(p, FREED_MS);
}

void connect_rst_storm(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 500; i++) {
        join(p);
        if (i % 100 == 0)
            pass_time(c, 50); /* then the server waits for its first byte */
        peer_reset(p);
    }
    serve(p, CONTROL_MS); /* 500 come first */
}

/* Accepting is held up with the first client (05: when all its AcceptEx calls
 * are used up), so the others have gone when it is their turn. */
void rst_in_backlog(struct check *c)
{
    enum { COUNT = 100 };
    struct peer *peers = new_peers(c, COUNT);
    start_with_faults(c, "accept@2=stall300,AcceptEx@33=stall300,"
                         "AcceptEx@34=stall300");
    for (int i = 0; i < COUNT; i++)
        join_begin(&peers[i], c->server.host);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
    for (int i = 0; i < 10; i++)
        serve(&peers[i], CONTROL_MS); /* 100 come first */
    control(c);
    close_all(peers, 10);
    stop_server(c);
}

/* Nobody reads what the server writes, and clients make it write more than a
 * pipe takes: it must go on serving all the same, and stop. */
void lines_unread(struct check *c)
{
    enum { COUNT = 1600 }; /* 50 bytes and more for each */
    struct peer *other = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    process_leave_next_err();
    start_server(c, "--verbose");
    join(other);
    echo(other, 10);
    for (int i = 0; i < COUNT; i++) {
        join(p);
        peer_reset(p);
    }
    echo(other, 5000);
    control(c);
    peer_close(other);
    stop_server(c);
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
void lines_bounded(struct check *c)
{
    enum { FIRST = 400, MORE = 100, ALL = FIRST + MORE };
    enum { IN_A_ROW = 20, ROW_SECONDS = 5 };
    int written = 0;
    int left_out = 0;
    struct peer *holder = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    start_server(c, "--max-clients 1");
    join(holder);
    echo(holder, 10);
    uint64_t begin_ns = clock_ns();
    for (int i = 0; i < FIRST; i++)
        refused(p);
    expect(c, lines_within(c, " left out", 1, STEP_MS + ROW_SECONDS * 1000) > 0,
           "expected a line with \"left out\"");
    for (int i = 0; i < MORE; i++)
        refused(p);
    int seconds = (int)((clock_ns() - begin_ns) / 1000000000);
    peer_close(holder);
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
