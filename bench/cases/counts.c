/* What only the seam shows: who does the work, and what is asked of the system.
 * Without it these cases are skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* False, and the case is skipped, when there are no counters. */
static bool has_counters(struct check *c)
{
    if (going_on(c) && c->server.counters == NULL)
        skip(c, "the server was built without the seam (OBSERVE=0)");
    return going_on(c);
}

static int64_t calls_done(const struct observe_slot *slot, int call)
{
    int64_t sum = 0;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        sum += slot->calls[call][outcome];
    return sum;
}

/* Lets everyone ping twice. No worker may do much more than its share of that,
 * and once all are settled nobody need be woken to move. */
static void expect_spread(struct check *c, struct peer *peers, int count)
{
    static const int wakes[] = {OBSERVE_WSASetEvent, -1};
    static int64_t before[OBSERVE_SLOTS];
    int64_t most = 0;
    int64_t sum = 0;
    int workers = 0;
    for (int round = 0; round < 3; round++)
        ping_all(c, peers, count, 20);
    if (!has_counters(c))
        return;
    const struct observe_slot *slots = c->server.counters->slots;
    int64_t woken = calls_of(c, wakes);
    for (int i = 0; i < OBSERVE_SLOTS; i++)
        before[i] = calls_done(&slots[i], OBSERVE_WSARecv);
    ping_all(c, peers, count, 20);
    ping_all(c, peers, count, 20);
    woken = calls_of(c, wakes) - woken;
    for (int i = 0; i < OBSERVE_SLOTS; i++) {
        int64_t received = calls_done(&slots[i], OBSERVE_WSARecv) - before[i];
        workers += received > 0;
        sum += received;
        most = received > most ? received : most;
    }
    expect(c, workers > 1, "expected several workers, saw one do everything");
    expect(c, most * workers * 10 <= sum * 14,
           "expected %d workers to share %d receives, saw one with %d", workers,
           (int)sum, (int)most);
    expect(c, woken == 0, "expected nobody to move any more, saw %d moves",
           (int)woken);
}

/* In turn comes one that stays and one that leaves: of two workers one keeps all
 * of its clients, and the other keeps none. */
static void spread(struct check *c)
{
    enum { COUNT = 71, STAY = 36 };
    struct peer *peers = new_peers(c, COUNT);
    for (int i = 0; i < COUNT; i++)
        join(c, &peers[i % 2 * STAY + i / 2]);
    expect_spread(c, peers, COUNT);
    for (int i = STAY; i < COUNT; i++) {
        half_close(c, &peers[i]);
        receive_end(c, &peers[i]); /* then its place has been given back */
        peer_close(&peers[i]);
    }
    if ((c->groups & GROUP_EVEN) != 0)
        expect_spread(c, peers, STAY);
    for (int i = STAY; i < COUNT; i++)
        join(c, &peers[i]);
    expect_spread(c, peers, COUNT);
}

/* 05 handles an operation that completes synchronously without a packet, but
 * with a budget of 8 no more than nine follow a packet: what the packet leads
 * to, and eight more. If the ninth has completed synchronously, too, 05 posts a
 * packet for it. So there are at most nine for each packet that is taken, and
 * at least nine for each that is posted. All that the client sends is there
 * before the server has received the first bytes of it, so that receives do
 * complete synchronously. */
static void inline_budget(struct check *c)
{
    enum { ROUNDS = 5, BYTES = 65536, MOST = 9 };
    struct peer *p = new_peers(c, 1);
    struct process_counts counts;
    join(c, p);
    for (int i = 0; i < ROUNDS; i++)
        echo(c, p, BYTES);
    if (!has_counters(c) || !process_counts(&c->server, &counts))
        return;
    int64_t at_once = counts.calls[OBSERVE_WSARecv][OBSERVE_DONE] +
                      counts.calls[OBSERVE_WSASend][OBSERVE_DONE];
    int64_t taken =
        counts.calls[OBSERVE_GetQueuedCompletionStatus][OBSERVE_DONE];
    int64_t posted =
        counts.calls[OBSERVE_PostQueuedCompletionStatus][OBSERVE_DONE];
    expect(c, posted * MOST <= at_once,
           "expected few packets to be posted for %d operations that completed "
           "synchronously, saw %d",
           (int)at_once, (int)posted);
    expect(c, at_once <= taken * MOST,
           "expected at most %d operations that complete synchronously for "
           "each packet, saw %d for %d",
           MOST, (int)at_once, (int)taken);
    snprintf(c->note, sizeof c->note, "%d, %d packets taken, %d posted",
             (int)at_once, (int)taken, (int)posted);
}

/* Whether the trace has a call of this name; with items, if they are not 0. */
static bool traced(const char *trace, const char *call, int items)
{
    char words[80];
    if (items == 0)
        snprintf(words, sizeof words, ",%s,", call);
    else
        snprintf(words, sizeof words, ",%s,done,%d,", call, items);
    return strstr(trace, words) != NULL;
}

/* The whole file as text, which the caller frees; then the file is deleted. */
static char *take_file(const char *path)
{
    enum { AT_MOST = 100000 };
    char *text = calloc(1, AT_MOST);
    FILE *file = utf8_open(path, "rb");
    if (text != NULL && file != NULL)
        fread(text, 1, AT_MOST - 1, file);
    if (file != NULL)
        fclose(file);
    wchar_t *wide = utf8_wide(path);
    DeleteFileW(wide);
    free(wide);
    return text;
}

/* What a system may do without on a good day: here the call is what counts. */
static void options_asked_for(struct check *c)
{
    char path[PATH_BYTES + 40];
    char name[40];
    char arguments[PATH_BYTES + 80];
    struct peer *p = new_peers(c, 1);
    snprintf(name, sizeof name, "trace_%lu.csv", GetCurrentProcessId());
    next_to_this_program(name, path, sizeof path);
    snprintf(arguments, sizeof arguments, "--trace \"%s\"", path);
    start_server(c, arguments);
    join(c, p);
    echo(c, p, 10);
    peer_close(p);
    stop_server(c);
    char *trace = take_file(path);
    if (trace == NULL || !going_on(c)) {
        free(trace);
        return;
    }
    expect(c, traced(trace, "setsockopt", SO_EXCLUSIVEADDRUSE),
           "expected SO_EXCLUSIVEADDRUSE to be set");
    expect(c, !traced(trace, "setsockopt", SO_REUSEADDR),
           "expected SO_REUSEADDR not to be set");
    expect(c, traced(trace, "setsockopt", TCP_NODELAY),
           "expected TCP_NODELAY to be set");
    expect(c,
           !traced(trace, "AcceptEx", 0) ||
               traced(trace, "setsockopt", SO_UPDATE_ACCEPT_CONTEXT),
           "expected SO_UPDATE_ACCEPT_CONTEXT to be set after AcceptEx");
    free(trace);
}

const struct check_case count_cases[] = {
    {"spread", "71 clients, shared out among the workers", spread, GROUP_SPREAD,
     0, NULL, 0},
    {"inline_budget", "few packets, and an end, when nothing has to wait",
     inline_budget, GROUP_INLINE, 0, "--buffer 512", 0},
    {"options_asked_for", "the socket options, by the trace", options_asked_for,
     GROUP_HEAVY, CASE_STARTS, NULL, 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
