/* The ways to stop, and the moments in which a server can be asked to. A stall
 * lies before the call it is put on and makes certain what would be a race. Where
 * a case waits a little, it is until the server is in that call, which nothing
 * shows: a server that is late passes, and nothing is shown. */
#include "cases.h"

enum { IN_THE_CALL_MS = 100 };

void stop_idle(void)
{
    start();
    struct peer *p = joined(1);
    echo(p, 100);
    pass_time(IN_THE_CALL_MS); /* until the server waits for it again */
    ask_to_stop();
    finish_server();
    receive_end(p);
}

/* Two neighbours leave, the first and the last, and as many come: whatever list
 * there is, everybody must be found in it. */
void stop_idle_20(void)
{
    static const int leavers[] = {8, 7, 0, 19};
    start();
    struct peer *peers = joined(20);
    ping_all(peers, 10, 100); /* the others have never said anything */
    for (int i = 0; i < 4; i++)
        leave(&peers[leavers[i]]);
    for (int i = 0; i < 4; i++) {
        join(&peers[leavers[i]]);
        echo(&peers[leavers[i]], 10);
    }
    control();
    stop_server();
    for (int i = 0; i < 20; i++)
        receive_end(&peers[i]);
}

/* Sixty clients of every kind. */
void stop_loaded(void)
{
    start();
    struct peer *idle = joined(30);
    struct peer *stuck = joined_small(10, SMALL_BUFFER);
    for (int i = 0; i < 10; i++)
        stuck[i].send_goal = 16777216;
    peers_pump_out(stuck, 3, 300); /* until the server is stuck with these */
    struct peer *halves = joined(10);
    struct peer *floods = joined(10);
    for (int i = 0; i < 10; i++) {
        send_bytes(&halves[i], 65536);
        half_close(&halves[i]);
        floods[i].may_fail = true;
    }
    begin_flood(floods, 10);
    /* All of them: who has not been accepted yet would see a reset. */
    ping_all(idle, 30, 100);
    stop_server();
    for (int i = 0; i < 30; i++)
        receive_end(&idle[i]);
}

/* Connects, gets an echo, is reset, and so on, whatever the server says. */
static bool storm_step(struct peer *p, int count)
{
    (void)count;
    if (join(p))
        echo(p, 10);
    else
        Sleep(1); /* there is nobody any more */
    peer_reset(p);
    return true;
}

/* Clients go on connecting, whatever the server does. One of them is being let
 * in for a while, and the order comes meanwhile. Each close takes a moment, so
 * that there would always be somebody as long as clients are let in. */
void stop_in_storm(void)
{
    enum { COUNT = HELPERS_AT_MOST, ENOUGH = 40 };
    struct peer *peers = new_peers(COUNT);
    start_with("--fault setsockopt@20=stall300,closesocket@every=stall20");
    for (int i = 0; i < COUNT; i++) {
        peers[i].may_fail = true;
        peers[i].patience_ms = 1000;
        beside(&peers[i], 1, storm_step);
    }
    while (calls_of(OBSERVE_accept, OBSERVE_AcceptEx) < ENOUGH)
        pass_time(1);
    stop_server();
}

/* ---- Ctrl+C -------------------------------------------------------------- */

static void press_ctrl_c(void)
{
    if (!process_ctrl_c(&check.server))
        skip("no way to send Ctrl+C here (Wine without a shell)");
}

/* As a user starts it: the stop event is the server's own. Then the same while
 * accepting is in a shortage, and looks at that event, too. */
void stop_ctrl_c(void)
{
    process_withhold_next_stop();
    start();
    struct peer *peers = joined(3);
    ping_all(peers, 3, 100);
    press_ctrl_c();
    finish_server();
    for (int i = 0; i < 3; i++)
        receive_end(&peers[i]);

    process_withhold_next_stop();
    start_with("--fault accept@every=10024,AcceptEx@every=10055");
    check.cut = true;
    join(&peers[0]);
    reported("ccept");
    press_ctrl_c();
    finish_server();
}

/* The second Ctrl+C ends the server at once, in whatever state it is. Here it is
 * held up in its first receive, and cannot stop by itself before that returns.
 * That the first has arrived shows in what it cancels; 02 cancels nothing, and is
 * given a second. Then the default handler calls ExitProcess (page "Console Control
 * Handlers", which does not say with what): on Windows STATUS_CONTROL_C_EXIT is
 * expected, 0xC000013A; with Wine 8 it is 0. */
void stop_ctrl_c_twice(void)
{
    enum { WITHIN_MS = 20000, ENDED_BY_C = 0x4000013A }; /* its lower bits */
    struct peer *p = new_peers(1);
    process_withhold_next_stop();
    start_with("--fault recv@1=stall40000,WSARecv@1=stall40000");
    join(p);
    send_bytes(p, 10);
    pass_time(IN_THE_CALL_MS);
    press_ctrl_c();
    wait_until(calls_of(OBSERVE_CancelIoEx, OBSERVE_CancelIoEx) > 0, 1000);
    expect(process_wait(&check.server, IN_THE_CALL_MS) == -1,
           "expected the first Ctrl+C to ask the server to stop, and no more");
    press_ctrl_c();
    int status = process_wait(&check.server, WITHIN_MS);
    expect(status == 0 || status == ENDED_BY_C,
           "expected it to end within %d ms with status 0, or 0xC000013A "
           "(ended by Ctrl+C), saw %d",
           WITHIN_MS, status);
    either(status == ENDED_BY_C, "the status is %d", status);
    process_free(&check.server);
}

/* ---- with something owed -------------------------------------------------- */

/* The server is held up in a send while it is asked to stop. Afterwards it finds
 * bytes that have not been sent back; the second one of this client, and that of
 * a client that comes late, has not even been received. */
static void stop_in_send(struct peer peers[2], bool comes_late)
{
    start_with("--fault send@1=stall600,WSASend@1=stall600");
    join_all(peers, comes_late ? 1 : 2);
    send_bytes(&peers[0], 10);
    pass_time(IN_THE_CALL_MS);
    if (comes_late)
        join(&peers[1]);
    send_bytes(&peers[1], 1);
    send_bytes(&peers[0], 1);
    pass_time(IN_THE_CALL_MS);
    ask_to_stop();
    expect_all_or_reset(&peers[1]);
    expect_all_or_reset(&peers[0]);
    finish_server();
}

void stop_owed(void)
{
    struct peer *peers = new_peers(2);
    stop_in_send(peers, false);
    stop_in_send(peers, true);

    /* The server is about to receive, and what there is to be received comes
     * before it does. */
    start_with("--fault recv@2=stall500,WSARecv@2=stall500");
    join(peers);
    echo(peers, 10);
    send_bytes(peers, 1);
    pass_time(IN_THE_CALL_MS);
    ask_to_stop();
    expect_all_or_reset(peers);
    finish_server();

    /* The server cannot send, because the client does not read. */
    start();
    struct peer *p = joined_small(1, SMALL_BUFFER);
    send_until_stuck(p);
    bool is_owed = owes(p);
    ask_to_stop();
    expect(sees_reset(p, STOP_MS) || !is_owed,
           "expected a client that is owed bytes to be reset");
    finish_server();
}

/* ---- in between ------------------------------------------------------------ */

/* A client that has had its echo stays, and the server is asked to stop while it
 * is late for a call. */
static void stop_held_up(struct peer *p, const char *faults)
{
    start_with("--fault %s", faults);
    check.may_report = false; /* of a call that was cancelled nothing is said */
    join(p);
    echo(p, 10);
    pass_time(IN_THE_CALL_MS);
    stop_server();
    receive_end(p);
}

/* Nothing is in flight that could be cancelled, and a moment later something is;
 * which error a cancelled call reports is not said: 10004 (WSAEINTR) is as good.
 * Or it is about to cancel, and to do so again. Or it has, but is late to hear of
 * it, and nothing is left to be cancelled again (ERROR_NOT_FOUND). */
void stop_between(void)
{
    struct peer *p = new_peers(1);
    stop_held_up(p, "recv@2=stall400,WSARecv@2=stall400");
    if (check.chapter == 1)
        stop_held_up(p, "recv@2=stall400,recv@2=10004");
    if (check.chapter != 2)
        stop_held_up(p, "CancelIoEx@1=stall400,CancelIoEx@2=stall400");
    if (check.chapter == 3)
        stop_held_up(p, "WSAGetOverlappedResult@every=stall100,"
                        "CancelIoEx@3-20=1168");
}
