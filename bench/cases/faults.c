/* What the system does rarely, on purpose: short transfers, and calls that fail
 * or come late, injected through the seam. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* send and WSASend: each chapter uses one of them. */
static void short_at(struct peer *p, const char *nth, const char *kind)
{
    char faults[100];
    snprintf(faults, sizeof faults, "%s@%s=short,WSA%s@%s=short", kind, nth,
             kind[0] == 's' ? "Send" : "Recv", nth);
    start_with_faults(p->c, faults);
    join(p);
    for (int i = 0; i < 8; i++)
        echo(p, 10000);
    send_bytes(p, 100000);
    half_close(p);
    receive_bytes(p, 100000);
    receive_end(p);
    peer_close(p);
    end_server(p->c);
}

void short_at_n(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    short_at(p, "1", "send");
    short_at(p, "2", "send");
    short_at(p, "5", "send");
    short_at(p, "every", "send");
    short_at(p, "every", "recv");
}

/* The second client comes while the server looks who has come: 03's one worker
 * is about to reset the event that says so, others are late for their next wait.
 * Nothing will say so again. */
void held_newcomer(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    start_with_faults(c, (c->groups & GROUP_SPREAD) != 0
                             ? "WSAResetEvent@1=stall500 --workers 1"
                             : "select@2=stall500,"
                               "GetQueuedCompletionStatus@3=stall500");
    join(&peers[0]);
    pass_time(c, 100); /* until the server is in that call */
    join(&peers[1]);
    pass_time(c, 500); /* until the stall is over: the echo must not help */
    echo(&peers[1], 10);
    echo(&peers[0], 10);
    close_all(peers, 2);
    stop_server(c);
}

/* ---- accepting ------------------------------------------------------------- */

/* Every call that accepts fails now and then; nobody may notice. Then it fails
 * for longer than until the next attempt, and 05 has only one slot. */
void fault_accept(struct check *c)
{
    struct peer *peers = new_peers(c, 60);
    start_with_faults(c, "accept@1=10054,accept@3=10024,accept@4=10055,"
                         "AcceptEx@5=10055,AcceptEx@6=10024,"
                         "AcceptEx@40=10055,AcceptEx@50=10054");
    for (int i = 0; i < 60; i++)
        serve(&peers[i], FREED_MS);
    ping_all(peers, 60, 100);
    control(c);
    close_all(peers, 60);
    stop_server(c);

    start_with_faults(c, c->chapter == 5
                             ? "AcceptEx@1=10055,AcceptEx@2=10055,"
                               "AcceptEx@4=10055,AcceptEx@5=10024 --accepts 1"
                             : "accept@1=10024,accept@2=10055,accept@4=10055,"
                               "accept@5=10024,accept@6=10024");
    for (int i = 0; i < 3; i++)
        serve(&peers[i], FREED_MS);
    close_all(peers, 3);
    stop_server(c);
}

/* Fifteen clients, one after the other, have left before they were accepted.
 * That is no shortage: nothing is said, and the next client does not wait. A
 * server that waits for its next tick after each needs 1.5 s or more, every
 * time; a busy machine may need a second attempt. 05 accepts with one slot. */
void accept_left(struct check *c)
{
    enum { WITHIN_MS = 1000, ATTEMPTS = 3 };
    struct peer *peers = new_peers(c, 2);
    const char *name = c->chapter == 5 ? "AcceptEx" : "accept";
    char faults[400] = "";
    uint64_t ms = WITHIN_MS;
    for (int k = 2, used = 0; k <= 16; k++)
        used += snprintf(faults + used, sizeof faults - (size_t)used,
                         "%s@%d=10054%s", name, k,
                         k < 16            ? ","
                         : c->chapter == 5 ? " --accepts 1"
                                           : "");
    for (int i = 0; i < ATTEMPTS && ms >= WITHIN_MS; i++) {
        start_with_faults(c, faults);
        c->may_report = false;
        join(&peers[0]);
        echo(&peers[0], 10);
        uint64_t begin = clock_ns();
        join(&peers[1]);
        echo(&peers[1], 10);
        ms = (clock_ns() - begin) / 1000000;
        close_all(peers, 2);
        stop_server(c);
    }
    expect(c, ms < WITHIN_MS,
           "expected the next client to be served at once after clients that "
           "have left, saw it wait %u ms",
           (unsigned)ms);
}

/* No call that accepts works any more. The client waits in the backlog; the
 * server tries again now and then, 05 for 32 slots, and says so once. Then two
 * shortages, with clients accepted in between: two lines. Of 32 AcceptEx calls in
 * flight, and one tried again, the 35th follows the second client; of 2 the 5th. */
void accept_starved(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    start_with_faults(c, "accept@every=10024,AcceptEx@every=10055");
    join(&peers[0]);
    send_bytes(&peers[0], 10);
    reported(c, "ccept");
    int64_t tried = calls_of(c, OBSERVE_accept, OBSERVE_AcceptEx);
    uint64_t begin_ns = clock_ns();
    pass_time(c, 1000);
    tried = calls_of(c, OBSERVE_accept, OBSERVE_AcceptEx) - tried;
    int ms = (int)((clock_ns() - begin_ns) / 1000000);
    expect(c, tried * 1000 < INT64_C(300) * ms,
           "expected few attempts in %d ms, saw %d", ms, (int)tried);
    int lines = lines_within(c, "ccept", 1, 0);
    expect(c, lines == 1,
           "expected a shortage to be reported once, saw %d lines", lines);
    stop_server(c);

    start_with_faults(c, strcmp(c->form, "--accepts 2") == 0
                             ? "AcceptEx@1=10055,AcceptEx@5=10055"
                             : "accept@1=10024,accept@3=10024,"
                               "AcceptEx@1=10055,AcceptEx@35=10055");
    serve(&peers[0], FREED_MS);
    serve(&peers[1], FREED_MS);
    control(c);
    lines = lines_within(c, "ccept", 2, 2000);
    expect(c, lines == 2, "expected two shortages to be reported, saw %d lines",
           lines);
    close_all(peers, 2);
    stop_server(c);
}

/* ---- receiving and sending ------------------------------------------------- */

/* The client may be lost; what may not happen is that it waits for ever or gets
 * wrong bytes. */
void echo_or_be_lost(struct peer *p)
{
    p->may_fail = true;
    if (p->state == PEER_OPEN && !echo(p, 50))
        expect(p->c, p->state != PEER_OPEN, "%s", p->problem);
    p->may_fail = false;
}

/* The Nth receive, or send, fails: that client is lost, nobody else. */
static void fault_at(struct peer peers[2], const char *kind,
                     const char *wsa_kind, int nth)
{
    struct check *c = peers->c;
    snprintf(c->doing, sizeof c->doing, "%s@%d=10054,%s@%d=10054", kind, nth,
             wsa_kind, nth);
    start_with_faults(c, c->doing);
    join_all(peers, 2);
    for (int i = 0; i < 12; i++)
        echo_or_be_lost(&peers[i % 2]);
    expect(c, (peers[0].state == PEER_OPEN) != (peers[1].state == PEER_OPEN),
           "expected one client to be lost, saw %s",
           peers[0].state == PEER_OPEN ? "none" : "both");
    control(c);
    close_all(peers, 2);
    end_server(c);
}

/* 05 cannot post a packet. The stall lets the client's bytes arrive before 05
 * receives: then that completes synchronously, and without a budget it posts a
 * packet for it. */
static void fault_post(struct peer *p)
{
    start_with_faults(p->c, "setsockopt@2=stall200,"
                            "PostQueuedCompletionStatus@1=1450 "
                            "--inline-budget 0");
    join(p);
    echo_or_be_lost(p);
    control(p->c);
    peer_close(p);
    stop_server(p->c);
}

void fault_at_n(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    /* By then a program of one page has begun to receive from whoever asked
     * whether it is up (process_start_peer), and from both clients. */
    int before = c->is_minimal ? 3 : 0;
    if (!c->is_minimal && c->chapter == 5)
        fault_post(peers);
    for (int nth = 1; nth <= 4; nth++) {
        fault_at(peers, "recv", "WSARecv", before + nth);
        fault_at(peers, "send", "WSASend", nth);
    }
}

/* 05: the packet of a receive says that it has failed. Its client is lost, and
 * the server says why. With one worker the first packet is that of the AcceptEx,
 * and each further one this client's. One comes: 16 operations are more than may
 * be done at once without one (--inline-budget). */
void fault_packet(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "GetQueuedCompletionStatus@2=64 --workers 1");
    join(p);
    for (int i = 0; i < 8; i++)
        echo_or_be_lost(p);
    expect(c, p->state != PEER_OPEN,
           "expected the client to be lost whose receive has failed");
    reported(c, "(64)");
    control(c);
    peer_close(p);
    stop_server(c);
}
