/* Races, made certain: the seam holds up a call in the one moment in which
 * something else must not go wrong. A stall lies before the call it is put on.
 * Where a case waits a little, it is until the server is in that call, which
 * nothing shows: a server that is late passes, and nothing is shown. */
#include "cases.h"
#include "../../common/clock.h"

enum { IN_THE_CALL_MS = 100 };

/* The second client comes while the server looks who has come: 03's one worker
 * is about to reset the event that says so, others are late for their next wait.
 * Nothing will say so again. */
static void held_newcomer(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    start_with_faults(c, (c->groups & GROUP_SPREAD) != 0
                             ? "WSAResetEvent@1=stall500 --workers 1"
                             : "select@2=stall500,"
                               "GetQueuedCompletionStatus@3=stall500");
    join(c, &peers[0]);
    pass_time(c, IN_THE_CALL_MS);
    join(c, &peers[1]);
    pass_time(c, 500); /* until the stall is over: the echo must not help */
    echo(c, &peers[1], 10);
    echo(c, &peers[0], 10);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    stop_server(c);
}

static void stop_held_up(struct check *c, const char *faults)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, faults);
    join(c, p);
    echo(c, p, 10);
    pass_time(c, IN_THE_CALL_MS);
    if (!going_on(c))
        return;
    SetEvent(c->server.stop_event);
    process_wait(&c->server, STOP_MS);
    expect(c, lines_with(c, "connection") == 0,
           "expected nothing to be reported of a call that was cancelled");
    finish_server(c);
    receive_end(c, p);
    peer_close(p);
}

/* Asked to stop while a connection is between two operations: nothing is in
 * flight that could be cancelled, and a moment later something is. Which error
 * a cancelled call reports is not said: 10004 (WSAEINTR) is as good. */
static void stop_between(struct check *c)
{
    stop_held_up(c, "recv@2=stall500,WSARecv@2=stall500");
    stop_held_up(c, "recv@2=stall500,recv@2=10004");
}

/* Asked to stop while a client is being let in. The first option is set on the
 * listener, the second on the accepted socket: SO_UPDATE_ACCEPT_CONTEXT by 05,
 * before the client is counted; TCP_NODELAY by the others. */
static void stop_letting_in(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "setsockopt@2=stall500");
    join(c, p);
    pass_time(c, IN_THE_CALL_MS);
    stop_server(c);
    receive_end(c, p);
}

/* The time of a client is up, and the cancel comes late: the client has gone by
 * then and its socket's number may be somebody else's, who must not be cut. */
static void cancel_late(struct check *c)
{
    enum { COUNT = 4, STALL_MS = 600 };
    struct peer *late = new_peers(c, 1);
    struct peer *peers = new_peers(c, COUNT);
    start_with_faults(c, "CancelIoEx@1=stall600 --idle-timeout 2 --verbose");
    join(c, late);
    lines_within(c, "timed out", 1, 5000);
    peer_close(late);
    /* In a server with this mistake it is closed now, and its number free. */
    lines_within(c, "closed", 1, 300);
    uint64_t over_ns = clock_in_ms(STALL_MS + 200);
    join_all(c, peers, COUNT);
    do {
        ping_all(c, peers, COUNT, 10);
        pass_time(c, 20);
    } while (going_on(c) && clock_ns() < over_ns);
    for (int i = 0; i < COUNT; i++)
        peer_close(&peers[i]);
    stop_server(c);
}

/* Sending takes longer than the time-out, in pieces: each is a sign of life. So
 * after the last one the client still has all of its time. */
static void idle_slow_send(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "send@every=stall170,send@every=short,"
                         "WSASend@every=stall170,WSASend@every=short "
                         "--idle-timeout 2");
    join(c, p);
    send_bytes(c, p, 10000); /* 10,000, 5,000 and so on: 14 pieces */
    receive_bytes(c, p, 10000);
    pass_time(c, 400); /* servers look four times a second */
    echo(c, p, 1);
    peer_close(p);
    stop_server(c);
}

/* The whole server is held up for longer than the time-out. Who has sent
 * meanwhile is not idle; who has not has all of its time again, and no more. */
static void held_up(struct check *c)
{
    struct peer *busy = new_peers(c, 8);
    struct peer *idle = new_peers(c, 1);
    start_server(c, "--idle-timeout 2");
    join(c, idle);
    join_all(c, busy, 8);
    ping_all(c, busy, 8, 10);
    if (!going_on(c))
        return;
    if (process_hold(&c->server) == 0) {
        skip(c, "no way to hold up a process here");
        return;
    }
    for (int i = 0; i < 8; i++)
        send_bytes(c, &busy[i], 10);
    pass_time(c, 4000);
    uint64_t begin_ns = clock_ns();
    process_go_on(&c->server);
    for (int i = 0; i < 8; i++)
        receive_bytes(c, &busy[i], 10);
    receive_end(c, idle);
    expect(c, clock_ns() - begin_ns >= UINT64_C(1000000000),
           "expected the idle client to have its 2 s again");
    for (int i = 0; i < 8; i++)
        peer_close(&busy[i]);
    stop_server(c);
}

const struct check_case race_cases[] = {
    {"held_newcomer", "comes while the server looks who has come",
     held_newcomer, GROUP_FAULT, CASE_STARTS, NULL, 0},
    {"stop_between", "stopped between two operations", stop_between, GROUP_STOP,
     CASE_STARTS, NULL, 0},
    {"stop_letting_in", "stopped while a client is let in", stop_letting_in,
     GROUP_STOP, CASE_STARTS, NULL, 0},
    {"cancel_late", "timed out, gone, and then cancelled: no other is cut",
     cancel_late, GROUP_HEAVY, CASE_STARTS, NULL, 0},
    {"idle_slow_send", "--idle-timeout 2, and sending takes longer",
     idle_slow_send, GROUP_HEAVY, CASE_STARTS, NULL, 0},
    {"held_up", "the server is held up longer than --idle-timeout", held_up,
     GROUP_HEAVY, CASE_STARTS, NULL, 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
