/* Clients that leave without saying goodbye. Whether the server has noticed is
 * seen from outside: with --max-clients the place must be free again. */
#include <stdlib.h>
#include <string.h>

#include "cases.h"

void rst_idle(struct check *c)
{
    struct peer *others = joined(c, 3);
    struct peer *p = new_peers(c, 1);
    int64_t quickest_ms = FREED_MS;
    ping_all(others, 3, 50);
    serve(p, FREED_MS);
    for (int i = 0; i < 5; i++) {
        peer_reset(p);
        uint64_t begin_ns = clock_ns();
        serve(p, FREED_MS);
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
    }
    ping_all(others, 3, 50);
    expect_less(c, quickest_ms, 1000,
                "ms until a place is free, at least once");
}

/* Reset with the echo on its way, or begun, or behind the end of the stream; and
 * closed with the echo unread, which makes the system send a reset. */
void rst_mid_echo(struct check *c)
{
    struct peer *other = joined(c, 1);
    struct peer *p = new_peers(c, 1);
    echo(other, 50);
    for (int i = 0; i < 100; i++) {
        serve(p, FREED_MS);
        send_what_fits(p, i % 4 < 2 ? 262144 : 65536);
        if (i % 4 == 0)
            wait_ready(p, POLLRDNORM);
        else if (i % 4 == 2)
            half_close(p);
        if (i % 4 < 3)
            peer_reset(p);
        else if (wait_ready(p, POLLRDNORM))
            peer_close(p);
    }
    echo(other, 5000);
}

/* Accepting is held up with the first client (05: when all its AcceptEx calls
 * are used up), so the others have gone when it is their turn. */
void rst_in_backlog(struct check *c)
{
    enum { COUNT = 100 };
    struct peer *peers = new_peers(c, COUNT);
    start_with(c, "--fault accept@2=stall300,AcceptEx@33=stall300,"
                  "AcceptEx@34=stall300");
    for (int i = 0; i < COUNT; i++)
        join_begin(&peers[i], c->server.host);
    for (int i = 0; i < COUNT; i++)
        peer_reset(&peers[i]);
    for (int i = 0; i < 10; i++)
        serve(&peers[i], CONTROL_MS); /* 100 come first */
    control(c);
    close_peers(c);
    stop_server(c);
}

/* Nobody reads what the server writes, and clients make it write more than a
 * pipe takes: it must go on serving all the same, and stop. */
void lines_unread(struct check *c)
{
    enum { COUNT = 1600 }; /* 50 bytes and more for each */
    process_leave_next_err();
    start_with(c, "--verbose");
    struct peer *other = joined(c, 1);
    struct peer *p = new_peers(c, 1);
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

/* How much the server writes must not be for clients to decide: of many lines
 * only the first are written, and one line says how many more there were, when
 * it is quiet again and at the end. */
void lines_bounded(struct check *c)
{
    enum { FIRST = 400, ALL = 500, IN_A_ROW = 20, ROW_SECONDS = 5 };
    static char text[100000];
    uint64_t begin_ns = clock_ns();
    int64_t left_out = 0;
    start(c);
    struct peer *holder = joined(c, 1);
    struct peer *p = new_peers(c, 1);
    echo(holder, 10);
    for (int i = 0; i < ALL; i++) {
        if (i == FIRST)
            expect(c, lines_within(c, " left out", 1, 15000) > 0,
                   "expected a line with \"left out\"");
        refused(p);
    }
    int64_t rows = ms_since(begin_ns) / 1000 / ROW_SECONDS + 2;
    peer_close(holder);
    ask_to_stop(c);
    process_wait(&c->server, STOP_MS);
    int64_t written = lines_with(c, "refused a", "");
    process_copy_err(&c->server, text, sizeof text);
    for (char *at = text; (at = strstr(at, "and ")) != NULL; at++)
        left_out += atoi(at + 4);
    expect_less(c, written, IN_A_ROW * rows + 1, "lines about refusals");
    expect_same(c, written + left_out, ALL, "refusals, written or left out");
    finish_server(c);
}
