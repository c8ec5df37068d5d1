/* What the system does rarely, on purpose: short transfers and failing calls,
 * injected through the seam. */
#include <stdio.h>

#include "cases.h"
#include "../../common/clock.h"

/* A program of one page cannot be asked to stop. */
static void end_server(struct check *c)
{
    if (!c->is_minimal) {
        stop_server(c);
    } else if (going_on(c)) {
        process_free(&c->server);
        c->started = false;
    }
}

/* send and WSASend: each chapter uses one of them. */
static void short_at(struct check *c, const char *nth, const char *kind)
{
    char faults[200];
    struct peer *p = new_peers(c, 1);
    snprintf(faults, sizeof faults, "%s@%s=short,WSA%s@%s=short", kind, nth,
             kind[0] == 's' ? "Send" : "Recv", nth);
    start_with_faults(c, faults);
    join(c, p);
    for (int i = 0; i < 8; i++)
        echo(c, p, 10000);
    send_bytes(c, p, 100000);
    half_close(c, p);
    receive_bytes(c, p, 100000);
    receive_end(c, p);
    peer_close(p);
    end_server(c);
}

static void short_at_n(struct check *c)
{
    short_at(c, "1", "send");
    short_at(c, "2", "send");
    short_at(c, "5", "send");
    short_at(c, "every", "send");
    short_at(c, "every", "recv");
}

/* Every call that accepts fails now and then; nobody may notice. */
static void fault_accept(struct check *c)
{
    struct peer *peers = new_peers(c, 60);
    start_with_faults(c, "accept@1=10054,accept@3=10024,accept@4=10055,"
                         "AcceptEx@5=10055,AcceptEx@6=10024,"
                         "AcceptEx@40=10055,AcceptEx@50=10054");
    for (int i = 0; i < 60; i++)
        serve(c, &peers[i], 5000);
    ping_all(c, peers, 60, 100);
    control(c);
    for (int i = 0; i < 60; i++)
        peer_close(&peers[i]);
    stop_server(c);
}

/* Fifteen clients, one after the other, have left before they were accepted.
 * That is no shortage: nothing is said, and the next client does not wait. A
 * server that waits for its next tick after each needs 1.5 s or more, every
 * time; a busy machine may need a second attempt. 05 accepts with one slot. */
static void accept_left(struct check *c)
{
    enum { WITHIN_MS = 1000, ATTEMPTS = 3 };
    struct peer *peers = new_peers(c, 2);
    uint64_t ms = WITHIN_MS;
    for (int i = 0; i < ATTEMPTS && ms >= WITHIN_MS && going_on(c); i++) {
        char faults[400] = "";
        for (int k = 2, used = 0; k <= 16; k++)
            used += snprintf(faults + used, sizeof faults - (size_t)used,
                             "%s@%d=10054%s",
                             c->chapter == 5 ? "AcceptEx" : "accept", k,
                             k < 16            ? ","
                             : c->chapter == 5 ? " --accepts 1"
                                               : "");
        start_with_faults(c, faults);
        join(c, &peers[0]);
        echo(c, &peers[0], 10);
        uint64_t begin = clock_ns();
        join(c, &peers[1]);
        echo(c, &peers[1], 10);
        ms = (clock_ns() - begin) / 1000000;
        if (going_on(c))
            expect(c, lines_with(c, "ccept") == 0,
                   "expected nothing to be said of clients that have left");
        peer_close(&peers[0]);
        peer_close(&peers[1]);
        stop_server(c);
    }
    expect(c, ms < WITHIN_MS,
           "expected the next client to be served at once after clients that "
           "have left, saw it wait %u ms",
           (unsigned)ms);
}

/* No call that accepts works any more. The client waits in the backlog; the
 * server tries again now and then, 05 for 32 slots, and says so once. */
static void accept_starved(struct check *c)
{
    static const int tries[] = {OBSERVE_accept, OBSERVE_AcceptEx, -1};
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "accept@every=10024,AcceptEx@every=10055");
    join(c, p);
    send_bytes(c, p, 10);
    reported(c, "ccept");
    int64_t before = calls_of(c, tries);
    uint64_t begin_ns = clock_ns();
    pass_time(c, 1000);
    int64_t tried = calls_of(c, tries) - before;
    int ms = (int)((clock_ns() - begin_ns) / 1000000);
    expect(c, tried * 1000 < INT64_C(300) * ms,
           "expected few attempts in %d ms, saw %d", ms, (int)tried);
    if (going_on(c))
        expect(c, lines_with(c, "ccept") == 1,
               "expected a shortage to be reported once, saw %d lines",
               lines_with(c, "ccept"));
    stop_server(c);
}

/* Two shortages, with clients accepted in between: two lines. Of 32 AcceptEx
 * calls in flight, and one tried again, the 35th follows the second client. */
static void accept_starved_twice(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    start_with_faults(c, "accept@1=10024,accept@3=10024,"
                         "AcceptEx@1=10055,AcceptEx@35=10055");
    serve(c, &peers[0], FREED_MS);
    serve(c, &peers[1], FREED_MS);
    control(c);
    lines_within(c, "ccept", 2, 2000);
    if (going_on(c))
        expect(c, lines_with(c, "ccept") == 2,
               "expected two shortages to be reported, saw %d lines",
               lines_with(c, "ccept"));
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    stop_server(c);
}

/* One exchange, unless this client has been lost. It may be lost now; what may
 * not happen is that it waits for ever or gets wrong bytes. */
static void exchange_or_lose(struct check *c, struct peer *p)
{
    if (!going_on(c) || p->state != PEER_OPEN)
        return;
    bool good = peer_echo(p, 50, STEP_MS);
    expect(c, good || p->state != PEER_OPEN, "%s", p->problem);
}

/* The Nth receive, or send, fails: that client is lost, nobody else. */
static void fault_at(struct check *c, struct peer peers[2], const char *kind,
                     const char *wsa_kind, int nth)
{
    char faults[100];
    snprintf(faults, sizeof faults, "%s@%d=10054,%s@%d=10054", kind, nth,
             wsa_kind, nth);
    start_with_faults(c, faults);
    join_all(c, peers, 2);
    for (int i = 0; i < 6; i++) {
        exchange_or_lose(c, &peers[0]);
        exchange_or_lose(c, &peers[1]);
    }
    expect(c, (peers[0].state == PEER_OPEN) != (peers[1].state == PEER_OPEN),
           "%s: expected one client to be lost, saw %s", faults,
           peers[0].state == PEER_OPEN ? "none" : "both");
    control(c);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    end_server(c);
}

/* 05 cannot post a packet. The stall lets the client's bytes arrive before 05
 * receives: then that completes synchronously, and without a budget it posts a
 * packet for it. */
static void fault_post(struct check *c, struct peer *p)
{
    start_with_faults(c, c->chapter == 5 ? "setsockopt@2=stall200,"
                                           "PostQueuedCompletionStatus@1=1450 "
                                           "--inline-budget 0"
                                         : "setsockopt@2=stall200");
    join(c, p);
    exchange_or_lose(c, p);
    control(c);
    peer_close(p);
    stop_server(c);
}

/* 05: the packet of a receive says that it has failed. Its client is lost, and
 * the server says why. With one worker the first packet is that of the AcceptEx,
 * and each further one, of which there are two at least, this client's. */
static void fault_packet(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    start_with_faults(c, "GetQueuedCompletionStatus@2=64 --workers 1");
    join(c, p);
    for (int i = 0; i < 3; i++)
        exchange_or_lose(c, p);
    if (going_on(c))
        expect(c, p->state != PEER_OPEN,
               "expected the client to be lost whose receive has failed");
    reported(c, "(64)");
    control(c);
    peer_close(p);
    stop_server(c);
}

static void fault_at_n(struct check *c)
{
    struct peer *peers = new_peers(c, 2);
    /* By then a program of one page has begun to receive from whoever asked
     * whether it is up (process_start_peer), and from both clients. */
    int before = c->is_minimal ? 3 : 0;
    if (!c->is_minimal)
        fault_post(c, peers);
    for (int nth = 1; nth <= 4; nth++) {
        fault_at(c, peers, "recv", "WSARecv", before + nth);
        fault_at(c, peers, "send", "WSASend", nth);
    }
}

/* A worker is held up in a send while it is asked to stop. Afterwards it finds a
 * byte that has not been sent back; of a client that comes late it has not even
 * been received. The client must get its echo or a reset: an orderly end would
 * tell it that nothing is missing. */
static void stop_held(struct check *c, bool comes_late)
{
    struct peer *held = new_peers(c, 1);
    struct peer *p = new_peers(c, 1);
    c->cut = true;
    start_with_faults(c, "WSASend@1=stall1000");
    join(c, held);
    if (!comes_late)
        join(c, p);
    send_bytes(c, held, 10);
    pass_time(c, 100);
    if (comes_late)
        join(c, p);
    send_bytes(c, p, 1);
    pass_time(c, 100);
    if (!going_on(c))
        return;
    SetEvent(c->server.stop_event);
    /* Looked at before receiving: Wine 8 shows a reset only here. */
    bool is_reset = (peer_poll(p->s, POLLRDNORM, STOP_MS) & POLLERR) != 0;
    peer_receive_anything_until_over(p, STOP_MS);
    expect(c, p->received == 1 || is_reset || p->state == PEER_BROKEN,
           "expected the echo of a byte or a reset, saw an orderly end");
    finish_server(c);
}

static void stop_owed(struct check *c)
{
    stop_held(c, false);
}

static void stop_unread(struct check *c)
{
    stop_held(c, true);
}

const struct check_case fault_cases[] = {
    {"short_at_n", "sends and receives that move fewer bytes", short_at_n,
     GROUP_FAULT, CASE_STARTS, NULL, 0},
    {"fault_accept", "accept fails now and then: the server goes on",
     fault_accept, GROUP_FAULT, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"accept_left", "clients that leave before they are accepted: no wait",
     accept_left, GROUP_FAULT, CASE_STARTS, NULL, 0},
    {"accept_starved", "nobody can be accepted: few attempts, one line",
     accept_starved, GROUP_FAULT, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"accept_starved_twice", "each of two shortages is reported",
     accept_starved_twice, GROUP_HEAVY, CASE_STARTS, NULL, 0},
    {"fault_at_n", "a receive or a send fails: only that client is lost",
     fault_at_n, GROUP_FAULT, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"fault_packet", "a packet says that a receive has failed: it is reported",
     fault_packet, GROUP_INLINE, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"stop_owed", "stopped with bytes received and not sent back: no good end",
     stop_owed, GROUP_STOP, CASE_STARTS | CASE_CUTS, NULL, 0},
    {"stop_unread", "stopped with bytes not received yet: no good end",
     stop_unread, GROUP_STOP, CASE_STARTS | CASE_CUTS, NULL, 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
