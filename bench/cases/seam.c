/* Through the seam: what the system does rarely, on purpose (short transfers, and
 * calls that fail or come late); who does the work, and what is asked of the
 * system. Without it these cases are skipped. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* send and WSASend: each chapter uses one of them. */
void short_at_n(void)
{
    static const char *const faults[] = {
        "send@1=short,WSASend@1=short", "send@2=short,WSASend@2=short",
        "send@5=short,WSASend@5=short", "send@every=short,WSASend@every=short",
        "recv@every=short,WSARecv@every=short"};
    struct peer *p = new_peers(1);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        start_with("--fault %s", faults[i]);
        join(p);
        for (int k = 0; k < 8; k++)
            echo(p, 10000);
        send_bytes(p, 100000);
        leave(p);
        stop_server();
    }
}

/* The second client comes while the server looks who has come: 03's one worker
 * is about to reset the event that says so, others are late for their next wait.
 * Nothing will say so again. */
void held_newcomer(void)
{
    struct peer *peers = new_peers(2);
    start_with(
        (check.groups & GROUP_SPREAD) != 0
            ? "--fault WSAResetEvent@1=stall500 --workers 1"
            : "--fault select@2=stall500,GetQueuedCompletionStatus@3=stall500");
    join(&peers[0]);
    pass_time(100); /* until the server is in that call */
    join(&peers[1]);
    pass_time(500); /* until the stall is over: the echo must not help */
    echo(&peers[1], 10);
    echo(&peers[0], 10);
}

/* ---- accepting ------------------------------------------------------------- */

/* Every call that accepts fails now and then; nobody may notice. Then it fails
 * for longer than until the next attempt, and 05 has only one slot. */
void fault_accept(void)
{
    enum { COUNT = 60 };
    struct peer *peers = new_peers(COUNT);
    start_with("--fault accept@1=10054,accept@3-4=10024,AcceptEx@5-6=10055,"
               "AcceptEx@40=10055,AcceptEx@50=10054");
    for (int i = 0; i < COUNT; i++)
        serve(&peers[i], FREED_MS);
    ping_all(peers, COUNT, 100);
    control();
    close_peers();
    stop_server();

    start_with("--fault accept@1-2=10024,accept@4-6=10055,AcceptEx@1-2=10055,"
               "AcceptEx@4-5=10024%s",
               check.chapter == 5 ? " --accepts 1" : "");
    for (int i = 0; i < 3; i++)
        serve(&peers[i], FREED_MS);
}

/* Fifteen clients, one after the other, have left before they were accepted.
 * That is no shortage: nothing is said, and the next client does not wait. A
 * server that waits for its next tick after each needs 1.5 s or more, every
 * time; a busy machine may need a second attempt. 05 accepts with one slot. */
void accept_left(void)
{
    enum { WITHIN_MS = 1000, ATTEMPTS = 3 };
    struct peer *peers = new_peers(2);
    int64_t ms = WITHIN_MS;
    for (int i = 0; i < ATTEMPTS && ms >= WITHIN_MS; i++) {
        start_with(check.chapter == 5
                       ? "--fault AcceptEx@2-16=10054 --accepts 1"
                       : "--fault accept@2-16=10054");
        check.may_report = false;
        join(&peers[0]);
        echo(&peers[0], 10);
        uint64_t begin_ns = clock_ns();
        join(&peers[1]);
        echo(&peers[1], 10);
        ms = ms_since(begin_ns);
        close_peers();
        stop_server();
    }
    expect_less(ms, WITHIN_MS, "ms for the next client after 15 have left");
}

/* No call that accepts works any more. The client waits in the backlog; the
 * server tries again now and then, 05 for 32 slots, and says so once. Then two
 * shortages, with clients accepted in between: two lines. Of 32 AcceptEx calls in
 * flight, and one tried again, the 35th follows the second client; of 2 the 5th. */
void accept_starved(void)
{
    struct peer *peers = new_peers(2);
    start_with("--fault accept@every=10024,AcceptEx@every=10055");
    join(&peers[0]);
    send_bytes(&peers[0], 10);
    reported("ccept");
    int64_t tried = calls_of(OBSERVE_accept, OBSERVE_AcceptEx);
    uint64_t begin_ns = clock_ns();
    pass_time(1000);
    tried = calls_of(OBSERVE_accept, OBSERVE_AcceptEx) - tried;
    expect_less(tried, ms_since(begin_ns) * 3 / 10, "attempts in a second");
    expect_same(lines_with("ccept", ""), 1, "line about a shortage");
    stop_server();

    start_with("--fault accept@1=10024,accept@3=10024,AcceptEx@1=10055,"
               "AcceptEx@%d=10055",
               check.form[0] != '\0' ? 5 : 35);
    serve(&peers[0], FREED_MS);
    serve(&peers[1], FREED_MS);
    expect_same(lines_within("ccept", 2, 2000), 2, "lines about two shortages");
}

/* ---- receiving and sending ------------------------------------------------- */

/* 05 cannot post a packet. The stall lets the client's bytes arrive before it
 * receives: then that completes synchronously, and without a budget it posts a
 * packet for it. Or the packet of a receive says that it has failed: its client is
 * lost, and the server says why. With one worker the first packet is that of the
 * AcceptEx, and each further one this client's. One comes: 16 operations are more
 * than may be done at once without one (--inline-budget). */
static void fault_packets(struct peer *p)
{
    start_with("--fault setsockopt@2=stall200,"
               "PostQueuedCompletionStatus@1=1450 --inline-budget 0");
    join(p);
    echo_or_be_lost(p);
    control();
    peer_close(p);
    stop_server();
    start_with("--fault GetQueuedCompletionStatus@2=64 --workers 1");
    join(p);
    for (int i = 0; i < 8; i++)
        echo_or_be_lost(p);
    expect(p->state != PEER_OPEN,
           "expected the client to be lost whose receive has failed");
    reported("(64)");
    control();
    peer_close(p);
    stop_server();
}

/* The Nth receive, or send, fails: that client is lost, nobody else. */
void fault_at_n(void)
{
    struct peer *peers = new_peers(2);
    /* By then a program of one page has begun to receive from whoever asked
     * whether it is up (process_start_peer), and from both clients. */
    int before = check.is_page ? 3 : 0;
    if ((check.groups & GROUP_INLINE) != 0)
        fault_packets(peers);
    for (int i = 0; i < 8; i++) {
        const char *kind = i % 2 == 0 ? "Recv" : "Send";
        int nth = i / 2 + 1 + (i % 2 == 0 ? before : 0);
        snprintf(check.doing, sizeof check.doing, "%s@%d=10054,WSA%s@%d=10054",
                 i % 2 == 0 ? "recv" : "send", nth, kind, nth);
        start_with("--fault %s", check.doing);
        join_all(peers, 2);
        for (int k = 0; k < 12; k++)
            echo_or_be_lost(&peers[k % 2]);
        expect_same((peers[0].state != PEER_OPEN) +
                        (peers[1].state != PEER_OPEN),
                    1, "client to be lost");
        wait_until(check.is_page || lines_with(kind + 1, "(10054)") > 0, 2000);
        if (!check.is_page) /* "ecv" is in both names */
            expect_same(lines_with(kind + 1, "(10054)"), 1,
                        "line with the name of the call");
        control();
        close_peers();
        stop_server();
    }
}

/* ---- counted ---------------------------------------------------------------- */

/* Adds the receives of each thread to sums, or takes them away. */
static void add_receives(int64_t sums[OBSERVE_SLOTS], int sign)
{
    const struct observe_slot *slots = check.server.counters->slots;
    for (int i = 0; i < OBSERVE_SLOTS; i++)
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            sums[i] += sign * slots[i].calls[OBSERVE_WSARecv][outcome];
}

/* No worker may do much more than its share, and once all are settled nobody need
 * be woken to move. */
static void expect_spread(struct peer *peers, int count)
{
    static int64_t received[OBSERVE_SLOTS];
    int64_t most = 0;
    int64_t sum = 0;
    int workers = 0;
    int64_t woken = 0;
    memset(received, 0, sizeof received);
    for (int round = 0; round < 5; round++) {
        if (round == 3) { /* all are settled */
            woken = calls_of(OBSERVE_WSASetEvent, OBSERVE_WSASetEvent);
            add_receives(received, -1);
        }
        ping_all(peers, count, 20);
    }
    woken = calls_of(OBSERVE_WSASetEvent, OBSERVE_WSASetEvent) - woken;
    add_receives(received, 1);
    for (int i = 0; i < OBSERVE_SLOTS; i++) {
        workers += received[i] > 0;
        sum += received[i];
        most = max(most, received[i]);
    }
    expect(workers > 1 && most * workers * 10 <= sum * 14,
           "expected several workers to share %lld receives, saw %d, and one "
           "with %lld",
           sum, workers, most);
    expect_same(woken, 0, "who have to move any more");
}

/* In turn comes one that stays and one that leaves: of two workers one keeps all
 * of its clients, and the other keeps none. */
void spread(void)
{
    enum { COUNT = 71, STAY = 36 };
    struct peer *peers = new_peers(COUNT);
    need_counters();
    for (int i = 0; i < COUNT; i++)
        join(&peers[i % 2 * STAY + i / 2]);
    expect_spread(peers, COUNT);
    for (int i = STAY; i < COUNT; i++)
        leave(&peers[i]); /* then its place has been given back */
    if ((check.groups & GROUP_EVEN) != 0)
        expect_spread(peers, STAY);
    join_all(peers + STAY, COUNT - STAY);
    expect_spread(peers, COUNT);
}

/* 05 handles an operation that completes synchronously without a packet, but
 * with a budget of 8 no more than nine follow a packet: what the packet leads
 * to, and eight more. If the ninth has completed synchronously, too, 05 posts a
 * packet for it. So there are at most nine for each packet that is taken, and
 * at least nine for each that is posted. All that the client sends is there
 * before the server has received the first bytes of it, so that receives do
 * complete synchronously. */
void inline_budget(void)
{
    enum { ROUNDS = 5, BYTES = 65536, MOST = 9 };
    struct process_counts counts;
    struct peer *p = joined(1);
    need_counters();
    for (int i = 0; i < ROUNDS; i++)
        echo(p, BYTES);
    counts_of(&counts);
    int64_t at_once = counts.calls[OBSERVE_WSARecv][OBSERVE_DONE] +
                      counts.calls[OBSERVE_WSASend][OBSERVE_DONE];
    int64_t taken =
        counts.calls[OBSERVE_GetQueuedCompletionStatus][OBSERVE_DONE];
    int64_t posted =
        counts.calls[OBSERVE_PostQueuedCompletionStatus][OBSERVE_DONE];
    snprintf(check.note, sizeof check.note,
             "%lld completed synchronously, %lld packets taken, %lld posted",
             at_once, taken, posted);
    expect(posted * MOST <= at_once && at_once <= taken * MOST,
           "expected at most %d that complete synchronously for each packet "
           "taken, and as many at least for each posted, saw: %s",
           MOST, check.note);
}

static const char *take_trace(const char *path)
{
    static char text[100000];
    FILE *file = utf8_open(path, "rbD"); /* D: deleted when it is closed */
    expect(file != NULL, "expected a trace in %.300s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* Whether the trace has a setsockopt for this option. */
static bool traced(const char *trace, int option)
{
    char words[80];
    snprintf(words, sizeof words, ",setsockopt,done,%d,", option);
    return strstr(trace, words) != NULL;
}

/* What a system may do without on a good day: here the call is what counts. And
 * what --verbose tells: all, though of what strangers can cause only so many lines
 * are written. */
void options_asked_for(void)
{
    enum { MANY = 30, LINES = 60 };
    char name[40];
    char path[PATH_BYTES];
    snprintf(name, sizeof name, "trace_%lu.csv", GetCurrentProcessId());
    next_to_this_program(name, path, sizeof path);
    start_with("--verbose --trace \"%s\"", path);
    struct peer *peers = joined(MANY);
    ping_all(peers, MANY, 10);
    close_all(peers, MANY);
    expect_same(lines_within("connection", LINES, 2000), LINES,
                "lines about connections, opened and closed");
    expect_same(lines_with("connection 1:", ""), 2, "lines about the first");
    peer_close(joined(1));
    reported("connection 31: open"); /* no number is given twice */
    stop_server();
    const char *trace = take_trace(path);
    expect(traced(trace, SO_EXCLUSIVEADDRUSE) && traced(trace, TCP_NODELAY) &&
               !traced(trace, SO_REUSEADDR) &&
               (strstr(trace, ",AcceptEx,") == NULL ||
                traced(trace, SO_UPDATE_ACCEPT_CONTEXT)),
           "expected SO_EXCLUSIVEADDRUSE and TCP_NODELAY to be set, and after "
           "AcceptEx SO_UPDATE_ACCEPT_CONTEXT, but not SO_REUSEADDR");
}
