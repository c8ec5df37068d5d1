/* What only the seam shows: who does the work, and what is asked of the system.
 * Without it these cases are skipped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

static int64_t receives(const struct observe_slot *slot)
{
    int64_t sum = 0;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        sum += slot->calls[OBSERVE_WSARecv][outcome];
    return sum;
}

/* Lets everyone ping twice. No worker may do much more than its share of that,
 * and once all are settled nobody need be woken to move. */
static void expect_spread(struct peer *peers, int count)
{
    static int64_t before[OBSERVE_SLOTS];
    struct check *c = peers->c;
    const struct observe_slot *slots = c->server.counters->slots;
    int64_t most = 0;
    int64_t sum = 0;
    int workers = 0;
    for (int round = 0; round < 3; round++)
        ping_all(peers, count, 20);
    int64_t woken = calls_of(c, OBSERVE_WSASetEvent, OBSERVE_WSASetEvent);
    for (int i = 0; i < OBSERVE_SLOTS; i++)
        before[i] = receives(&slots[i]);
    for (int round = 0; round < 2; round++)
        ping_all(peers, count, 20);
    woken = calls_of(c, OBSERVE_WSASetEvent, OBSERVE_WSASetEvent) - woken;
    for (int i = 0; i < OBSERVE_SLOTS; i++) {
        int64_t received = receives(&slots[i]) - before[i];
        workers += received > 0;
        sum += received;
        most = received > most ? received : most;
    }
    expect(c, workers > 1, "expected several workers, saw one do everything");
    expect(c, most * workers * 10 <= sum * 14,
           "expected %d workers to share %d receives, saw one with %d", workers,
           (int)sum, (int)most);
    expect(c, woken == 0, "expected nobody to move any more, saw some do");
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
    struct peer *p = new_peers(c, 1);
    struct process_counts counts;
    need_counters(c);
    join(p);
    for (int i = 0; i < ROUNDS; i++)
        echo(p, BYTES);
    counts_of(c, &counts);
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

void trace_arguments(struct check *c, char *arguments, size_t bytes)
{
    char name[40];
    snprintf(name, sizeof name, "trace_%lu.csv", GetCurrentProcessId());
    next_to_this_program(name, c->trace_path, sizeof c->trace_path);
    snprintf(arguments, bytes, "--trace \"%s\"", c->trace_path);
}

const char *take_trace(struct check *c)
{
    static char text[100000];
    memset(text, 0, sizeof text);
    FILE *file = utf8_open(c->trace_path, "rb");
    expect(c, file != NULL, "expected a trace in %.300s", c->trace_path);
    fread(text, 1, sizeof text - 1, file);
    fclose(file);
    wchar_t *wide = utf8_wide(c->trace_path);
    DeleteFileW(wide);
    free(wide);
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
    char arguments[PATH_BYTES + 80];
    struct peer *p = new_peers(c, 1);
    trace_arguments(c, arguments, sizeof arguments);
    size_t used = strlen(arguments);
    snprintf(arguments + used, sizeof arguments - used, " --verbose");
    start_server(c, arguments);
    join(p);
    echo(p, 10);
    peer_close(p);
    expect(c,
           lines_within(c, "connection 1: closed", 1, STEP_MS) == 1 &&
               lines_within(c, "connection 1: open", 1, 0) == 1,
           "expected --verbose to tell of the connection");
    stop_server(c);
    const char *trace = take_trace(c);
    expect(c, traced(trace, SO_EXCLUSIVEADDRUSE),
           "expected SO_EXCLUSIVEADDRUSE to be set");
    expect(c, !traced(trace, SO_REUSEADDR),
           "expected SO_REUSEADDR not to be set");
    expect(c, traced(trace, TCP_NODELAY), "expected TCP_NODELAY to be set");
    expect(c,
           strstr(trace, ",AcceptEx,") == NULL ||
               traced(trace, SO_UPDATE_ACCEPT_CONTEXT),
           "expected SO_UPDATE_ACCEPT_CONTEXT to be set after AcceptEx");
}
