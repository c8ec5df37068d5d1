/* The ways to stop, and the moments in which a server can be asked to. A stall
 * lies before the call it is put on and makes certain what would be a race. Where
 * a case waits a little, it is until the server is in that call, which nothing
 * shows: a server that is late passes, and nothing is shown. */
#include <stdio.h>

#include "cases.h"

enum { IN_THE_CALL_MS = 100 };

static void ask_to_stop(struct check *c)
{
    SetEvent(c->server.stop_event);
}

void stop_unused(struct check *c)
{
    start_server(c, "");
    stop_server(c);
}

void stop_idle(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_server(c, "");
    join(p);
    echo(p, 100);
    pass_time(c, IN_THE_CALL_MS); /* until the server waits for it again */
    stop_server(c);
    receive_end(p);
}

void stop_idle_20(struct check *c)
{
    /* Two neighbours leave, the first and the last, and as many come: whatever
     * list there is, everybody must be found in it. */
    static const int leavers[] = {8, 7, 0, 19};
    struct peer *peers = new_peers(c, 20);
    start_server(c, "");
    join_all(peers, 20);
    ping_all(peers, 10, 100); /* the others have never said anything */
    for (int i = 0; i < 4; i++)
        leave(&peers[leavers[i]]);
    for (int i = 0; i < 4; i++) {
        join(&peers[leavers[i]]);
        echo(&peers[leavers[i]], 10);
    }
    control(c);
    stop_server(c);
    for (int i = 0; i < 20; i++)
        receive_end(&peers[i]);
}

/* Sixty clients of every kind. */
void stop_loaded(struct check *c)
{
    struct peer *idle = new_peers(c, 30);
    struct peer *stuck = new_peers(c, 10);
    struct peer *halves = new_peers(c, 10);
    struct peer *floods = new_peers(c, 10);
    start_server(c, "");
    join_all(idle, 30);
    for (int i = 0; i < 10; i++) {
        stuck[i].receive_buffer_bytes = SMALL_BUFFER;
        join(&stuck[i]);
        stuck[i].send_goal = 16777216;
    }
    peers_pump_out(stuck, 3, 300); /* until the server is stuck with these */
    for (int i = 0; i < 10; i++) {
        join(&halves[i]);
        send_bytes(&halves[i], 65536);
        half_close(&halves[i]);
    }
    join_all(floods, 10);
    for (int i = 0; i < 10; i++)
        floods[i].may_fail = true;
    begin_flood(floods, 10);
    /* All of them: who has not been accepted yet would see a reset. */
    ping_all(idle, 30, 100);
    stop_server(c);
    for (int i = 0; i < 30; i++)
        receive_end(&idle[i]);
}

/* Clients go on connecting, whatever the server does. One of them is being let
 * in for a while, and the order comes meanwhile. Each close takes a moment, so
 * that there would always be somebody as long as clients are let in. */
void stop_in_storm(struct check *c)
{
    enum { COUNT = HELPERS_AT_MOST, ENOUGH = 40 };
    struct peer *peers = new_peers(c, COUNT);
    start_with_faults(c, "setsockopt@20=stall300,closesocket@every=stall20");
    begin_storm(peers, COUNT);
    while (calls_of(c, OBSERVE_accept, OBSERVE_AcceptEx) < ENOUGH)
        pass_time(c, 1);
    stop_server(c);
}

/* ---- Ctrl+C -------------------------------------------------------------- */

static void press_ctrl_c(struct check *c)
{
    if (!process_ctrl_c(&c->server))
        skip(c, "no way to send Ctrl+C here (Wine without a shell)");
}

/* As a user starts it: the stop event is the server's own. Then the same while
 * accepting is in a shortage, and looks at that event, too. */
void stop_ctrl_c(struct check *c)
{
    struct peer *peers = new_peers(c, 3);
    process_withhold_next_stop();
    start_server(c, "");
    join_all(peers, 3);
    ping_all(peers, 3, 100);
    press_ctrl_c(c);
    finish_server(c);
    for (int i = 0; i < 3; i++)
        receive_end(&peers[i]);

    process_withhold_next_stop();
    start_with_faults(c, "accept@every=10024,AcceptEx@every=10055");
    c->cut = true;
    join(&peers[0]);
    reported(c, "ccept");
    press_ctrl_c(c);
    finish_server(c);
}

/* The second Ctrl+C ends the server at once, in whatever state it is. Here it is
 * held up in its first receive, and cannot stop by itself before that returns.
 * That the first has arrived shows in what it cancels; 02 cancels nothing, and is
 * given a second. */
void stop_ctrl_c_twice(struct check *c)
{
    enum { WITHIN_MS = 20000 };
    struct peer *p = new_peers(c, 1);
    process_withhold_next_stop();
    start_with_faults(c, "recv@1=stall40000,WSARecv@1=stall40000");
    join(p);
    send_bytes(p, 10);
    pass_time(c, IN_THE_CALL_MS);
    press_ctrl_c(c);
    uint64_t end_ns = clock_in_ms(1000);
    while (calls_of(c, OBSERVE_CancelIoEx, OBSERVE_CancelIoEx) == 0 &&
           clock_ns() < end_ns)
        pass_time(c, 10);
    expect(c, process_wait(&c->server, IN_THE_CALL_MS) == -1,
           "expected the first Ctrl+C to ask the server to stop, and no more");
    press_ctrl_c(c);
    int status = process_wait(&c->server, WITHIN_MS);
    expect(
        c, status == 0 || status == (int)(0xC000013Au & 0x7FFFFFFF),
        "expected it to end within %d ms with status 0, or 0xC000013A (ended "
        "by Ctrl+C), saw %d",
        WITHIN_MS, status);
    process_free(&c->server);
}

/* ---- with something owed -------------------------------------------------- */

void expect_all_or_reset(struct peer *p)
{
    process_wait(&p->c->server, STOP_MS); /* by then all has come */
    /* Looked at before receiving: Wine 8 shows a reset only here. */
    bool is_reset = was_reset(p);
    receive_until_over(p);
    expect(p->c, p->received == p->sent || is_reset || p->state == PEER_BROKEN,
           "expected %u bytes back or a reset, saw %u and an orderly end",
           (unsigned)p->sent, (unsigned)p->received);
}

/* The server is held up in a send while it is asked to stop. Afterwards it finds
 * bytes that have not been sent back; the second one of this client, and that of
 * a client that comes late, has not even been received. */
static void stop_in_send(struct check *c, bool comes_late)
{
    struct peer *peers = new_peers(c, 2);
    start_with_faults(c, "send@1=stall600,WSASend@1=stall600");
    join_all(peers, comes_late ? 1 : 2);
    send_bytes(&peers[0], 10);
    pass_time(c, IN_THE_CALL_MS);
    if (comes_late)
        join(&peers[1]);
    send_bytes(&peers[1], 1);
    send_bytes(&peers[0], 1);
    pass_time(c, IN_THE_CALL_MS);
    ask_to_stop(c);
    expect_all_or_reset(&peers[1]);
    expect_all_or_reset(&peers[0]);
    finish_server(c);
}

/* The server cannot send, because the client does not read. */
static void stop_blocked(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    need_to_see_resets(c);
    start_server(c, "");
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(p);
    send_until_stuck(p);
    bool is_owed = owes(p);
    ask_to_stop(c);
    expect(c, sees_reset(c, p->s, STOP_MS) >= 0 || !is_owed,
           "expected a client that is owed bytes to be reset");
    finish_server(c);
}

void stop_owed(struct check *c)
{
    stop_in_send(c, false);
    stop_blocked(c);
}

/* At last: the server is about to receive, and what there is to be received comes
 * before it does. */
void stop_unread(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    stop_in_send(c, true);
    start_with_faults(c, "recv@2=stall500,WSARecv@2=stall500");
    join(p);
    echo(p, 10);
    send_bytes(p, 1);
    pass_time(c, IN_THE_CALL_MS);
    ask_to_stop(c);
    expect_all_or_reset(p);
    finish_server(c);
}

/* ---- in between ------------------------------------------------------------ */

/* A client that has had its echo stays, and the server is asked to stop while it
 * is late for a call. */
static void stop_held_up(struct check *c, const char *faults)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, faults);
    c->may_report = false; /* of a call that was cancelled nothing is said */
    join(p);
    echo(p, 10);
    pass_time(c, IN_THE_CALL_MS);
    stop_server(c);
    receive_end(p);
}

/* Nothing is in flight that could be cancelled, and a moment later something is;
 * which error a cancelled call reports is not said: 10004 (WSAEINTR) is as good.
 * Or it is about to cancel, and to do so again. Or it has, but is late to hear of
 * it, and nothing is left to be cancelled again (ERROR_NOT_FOUND). */
void stop_between(struct check *c)
{
    stop_held_up(c, "recv@2=stall400,WSARecv@2=stall400");
    if (c->chapter == 1)
        stop_held_up(c, "recv@2=stall400,recv@2=10004");
    if (c->chapter != 2)
        stop_held_up(c, "CancelIoEx@1=stall400,CancelIoEx@2=stall400");
    if (c->chapter == 3)
        stop_held_up(c, "WSAGetOverlappedResult@every=stall100,"
                        "CancelIoEx@3-20=1168");
}
