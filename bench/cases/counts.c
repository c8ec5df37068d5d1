/* What only the seam shows: who does the work, and what is asked of the system.
 * Without it these cases are skipped. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* Lets everyone ping so often; then sums has the receives of each thread. */
static void ping_counted(struct peer *peers, int count, int rounds,
                         int64_t sums[OBSERVE_SLOTS])
{
    const struct observe_slot *slots = peers->c->server.counters->slots;
    memset(sums, 0, OBSERVE_SLOTS * sizeof *sums);
    for (int i = 0; i < OBSERVE_SLOTS * OBSERVE_OUTCOME_COUNT; i++)
        sums[i / OBSERVE_OUTCOME_COUNT] -=
            slots[i / OBSERVE_OUTCOME_COUNT]
                .calls[OBSERVE_WSARecv][i % OBSERVE_OUTCOME_COUNT];
    while (rounds-- > 0)
        ping_all(peers, count, 20);
    for (int i = 0; i < OBSERVE_SLOTS * OBSERVE_OUTCOME_COUNT; i++)
        sums[i / OBSERVE_OUTCOME_COUNT] +=
            slots[i / OBSERVE_OUTCOME_COUNT]
                .calls[OBSERVE_WSARecv][i % OBSERVE_OUTCOME_COUNT];
}

/* No worker may do much more than its share, and once all are settled nobody need
 * be woken to move. */
static void expect_spread(struct peer *peers, int count)
{
    static int64_t received[OBSERVE_SLOTS];
    struct check *c = peers->c;
    int64_t most = 0;
    int64_t sum = 0;
    int workers = 0;
    ping_counted(peers, count, 3, received);
    int64_t woken = calls_of(c, OBSERVE_WSASetEvent, OBSERVE_WSASetEvent);
    ping_counted(peers, count, 2, received);
    woken = calls_of(c, OBSERVE_WSASetEvent, OBSERVE_WSASetEvent) - woken;
    for (int i = 0; i < OBSERVE_SLOTS; i++) {
        workers += received[i] > 0;
        sum += received[i];
        most = max(most, received[i]);
    }
    expect(c, workers > 1 && most * workers * 10 <= sum * 14,
           "expected several workers to share %lld receives, saw %d, and one "
           "with %lld",
           sum, workers, most);
    expect_same(c, woken, 0, "who have to move any more");
}

/* In turn comes one that stays and one that leaves: of two workers one keeps all
 * of its clients, and the other keeps none. */
void spread(struct check *c)
{
    enum { COUNT = 71, STAY = 36 };
    struct peer *peers = new_peers(c, COUNT);
    need_counters(c);
    for (int i = 0; i < COUNT; i++)
        join(&peers[i % 2 * STAY + i / 2]);
    expect_spread(peers, COUNT);
    for (int i = STAY; i < COUNT; i++)
        leave(&peers[i]); /* then its place has been given back */
    if ((c->groups & GROUP_EVEN) != 0)
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
void inline_budget(struct check *c)
{
    enum { ROUNDS = 5, BYTES = 65536, MOST = 9 };
    struct process_counts counts;
    struct peer *p = joined(c, 1);
    need_counters(c);
    for (int i = 0; i < ROUNDS; i++)
        echo(p, BYTES);
    counts_of(c, &counts);
    int64_t at_once = counts.calls[OBSERVE_WSARecv][OBSERVE_DONE] +
                      counts.calls[OBSERVE_WSASend][OBSERVE_DONE];
    int64_t taken =
        counts.calls[OBSERVE_GetQueuedCompletionStatus][OBSERVE_DONE];
    int64_t posted =
        counts.calls[OBSERVE_PostQueuedCompletionStatus][OBSERVE_DONE];
    snprintf(c->note, sizeof c->note,
             "%lld completed synchronously, %lld packets taken, %lld posted",
             at_once, taken, posted);
    expect(c, posted * MOST <= at_once && at_once <= taken * MOST,
           "expected at most %d that complete synchronously for each packet "
           "taken, and as many at least for each posted, saw: %s",
           MOST, c->note);
}

static const char *take_trace(struct check *c, const char *path)
{
    static char text[100000];
    FILE *file = utf8_open(path, "rb");
    expect(c, file != NULL, "expected a trace in %.300s", path);
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
 * what --verbose tells. */
void options_asked_for(struct check *c)
{
    char path[PATH_BYTES];
    next_to_this_program("trace.csv", path, sizeof path);
    start_with(c, "--verbose --trace \"%s\"", path);
    struct peer *p = joined(c, 1);
    echo(p, 10);
    peer_close(p);
    reported(c, "connection 1: closed");
    reported(c, "connection 1: open");
    stop_server(c);
    const char *trace = take_trace(c, path);
    expect(c,
           traced(trace, SO_EXCLUSIVEADDRUSE) && !traced(trace, SO_REUSEADDR),
           "expected SO_EXCLUSIVEADDRUSE to be set, SO_REUSEADDR not to be");
    expect(c, traced(trace, TCP_NODELAY), "expected TCP_NODELAY to be set");
    expect(c,
           strstr(trace, ",AcceptEx,") == NULL ||
               traced(trace, SO_UPDATE_ACCEPT_CONTEXT),
           "expected SO_UPDATE_ACCEPT_CONTEXT to be set after AcceptEx");
}
