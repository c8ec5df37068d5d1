/* A client's time is up, or is not: what counts is when it last made progress,
 * whoever else is awake. */
#include "cases.h"

enum {
    TIMEOUT_MS = 2000,
    TICK_COUNT_MS = 40, /* a step of GetTickCount(), and a little more */
    /* Servers look four times a second; a busy machine is late. */
    LATEST_MS = 5000
};

/* How many are still open. Whose end has come must have had all of its time, and
 * who is open must not have been silent for too long. */
static int still_open(struct peer *peers, int count, int64_t *quickest_ms)
{
    int open = 0;
    for (int i = 0; i < count; i++) {
        int64_t silent_ms = ms_since(peers[i].waiting_ns);
        if (peers[i].state != PEER_OPEN)
            continue;
        bool over = receive_some(&peers[i], 1) < 0;
        expect(over ? silent_ms >= TIMEOUT_MS - TICK_COUNT_MS
                    : silent_ms < LATEST_MS,
               "expected an idle client to be closed after %d to %d ms, saw it "
               "%s after %lld",
               TIMEOUT_MS, LATEST_MS, over ? "closed" : "open", silent_ms);
        open += !over;
        if (over)
            *quickest_ms = min(*quickest_ms, silent_ms);
    }
    return open;
}

/* Sixty have all been silent for a while before their last byte, which counts.
 * Nobody else is there to wake the server up. A busy machine closes some late, but
 * not all. Then two beside one that is active: it is kept, though it says nothing
 * at first, when the server has been alone for longer than that. */
void idle_timeout(void)
{
    enum { COUNT = 60, SOON_MS = TIMEOUT_MS + 1500 };
    int64_t quickest_ms = LATEST_MS;
    struct peer *idle = joined(COUNT);
    struct peer *active = new_peers(1);
    pass_time(TIMEOUT_MS / 2);
    ping_all(idle, COUNT, 10);
    for (int i = 0; i < COUNT; i++)
        idle[i].may_fail = true;
    while (still_open(idle, COUNT, &quickest_ms) > 0)
        pass_time(10);
    expect_less(quickest_ms, SOON_MS, "ms until one at least is closed");

    join_all(idle, 2);
    ping_all(idle, 2, 10);
    join(active);
    pass_time(TIMEOUT_MS / 3);
    while (still_open(idle, 2, &quickest_ms) > 0) {
        echo(active, 10);
        pass_time(200);
    }
    echo(active, 5000);
}

/* What the server has received and not sent back when the time is up is lost. An
 * orderly end would tell the client that it has everything: it must be reset.
 * It does not read, so that no orderly end could reach it. Its time begins with
 * its last progress, though it was silent for nearly as long before. Where the
 * server has only been slow it owes nothing, and an orderly end is right. */
void idle_owed(void)
{
    struct peer *p = new_peers(1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    for (int left = 3; left > 0; left--) {
        join(p);
        echo(p, 10);
        pass_time(TIMEOUT_MS * 3 / 4);
        uint64_t begin_ns = clock_ns();
        send_until_stuck(p);
        bool is_owed = owes(p);
        bool is_reset = sees_reset(p, LATEST_MS);
        expect(!is_reset || ms_since(begin_ns) >= TIMEOUT_MS - TICK_COUNT_MS,
               "expected it to have its time after its last byte");
        if (is_reset)
            return;
        expect(!is_owed, "expected a reset within %d ms", LATEST_MS);
    }
    expect(false, "expected the server to get stuck");
}

/* Whoever reads slowly but without a pause is served, however large the
 * server's buffer is: a time-out looks at progress. The client's pieces make
 * the server see progress several times a second, but a buffer of 1 MiB takes ten
 * seconds: even if the first is nearly over, the next is not within the time-out of
 * 3 s. */
void slow_progress(void)
{
    enum { STEP_COUNT = 65, PIECE_BYTES = 10240, STEP_TIME_MS = 100 };
    struct peer *p = joined_small(1, 8192);
    stuff(p, LOTS_BYTES);
    for (int i = 0; i < STEP_COUNT; i++) {
        receive_bytes(p, PIECE_BYTES);
        pass_time(STEP_TIME_MS);
    }
    expect(p->state == PEER_OPEN, "expected a slow reader to be served");
    peer_reset(p);
}

/* One that never reads is given 30 s, also with a longer --idle-timeout, and then
 * its place is free. One that has had its echo and is silent is given what the
 * option says. Time is four times as fast here, and passes the moment when the
 * count of milliseconds starts again. */
static void stuck_beside_silent(const char *option)
{
    start_with("--max-clients 2 %s --fault time=4", option);
    struct peer *silent = joined(1);
    struct peer *p = joined_small(1, SMALL_BUFFER);
    struct peer *next = new_peers(1);
    echo(silent, 10000);
    stuff(p, LOTS_BYTES);
    pass_time(4500);
    refused(next);
    serve(next, 30000);
    pass_time(1500); /* more than 30 s since the silent one had its echo */
    echo(silent, 10000);
    close_peers();
    stop_server();
}

void thirty_seconds(void)
{
    stuck_beside_silent("");
    stuck_beside_silent("--idle-timeout 300");
}

/* The whole server is held up for longer than the time-out. Who has sent
 * meanwhile is not idle; who has not has all of its time again, and no more. */
void held_up(void)
{
    enum { COUNT = 8 };
    struct peer *idle = joined(1);
    struct peer *busy = joined(COUNT);
    ping_all(busy, COUNT, 10);
    hold();
    for (int i = 0; i < COUNT; i++)
        send_bytes(&busy[i], 10);
    pass_time(3500);
    uint64_t begin_ns = clock_ns();
    process_go_on(&check.server);
    for (int i = 0; i < COUNT; i++)
        receive_rest(&busy[i]);
    receive_end(idle);
    expect(ms_since(begin_ns) >= 1000,
           "expected the idle client to have its 2 s again");
}

/* The time of a client is up, and the cancel comes late: the client has gone by
 * then and its socket's number may be somebody else's, who must not be cut. In a
 * server with this mistake it is closed, and its number free, when the others
 * come. */
void cancel_late(void)
{
    enum { COUNT = 4 };
    start_with("--fault CancelIoEx@1=stall600 --idle-timeout 2 --verbose");
    struct peer *late = joined(1);
    struct peer *peers = new_peers(COUNT);
    expect(lines_within("connection 1: timed out", 1, 5000) == 1,
           "expected --verbose to tell of a time-out");
    uint64_t over_ns = clock_in_ms(1100);
    peer_close(late);
    lines_within("closed", 1, 300);
    join_all(peers, COUNT);
    do {
        ping_all(peers, COUNT, 10);
        pass_time(20);
    } while (clock_ns() < over_ns);
}
