/* Everything at once, for as long as one likes: good clients, streams, clients
 * that come and go in all four ways, and hostile ones. The server must serve
 * the good ones and keep nothing of the others. */
#include <stdio.h>
#include <stdlib.h>

#include "cases.h"
#include "../../common/clock.h"

enum {
    GOOD = 10,   /* ping, one message after the other */
    STREAMS = 2, /* send without a pause and read all */
    STUCK = 10,  /* send and never read */
    SLOW = 60,   /* a byte a second */
    DEFAULT_SECONDS = 60,
    LINE_MS = 5000,
    GROWTH_BYTES = 4194304
};

static const uint64_t second_ns = 1000000000;

struct soak {
    struct peer *good;
    struct peer *streams;
    struct peer *stuck;
    struct peer *slow;
    struct peer *passing;
    struct flood pinging; /* GOOD, on a thread of its own */
    uint64_t begin_ns;
    uint64_t line_ns;    /* when the last line was printed */
    uint64_t slow_ns;    /* when the slow ones had their last turn */
    uint64_t slowest_ms; /* good echo of all */
};

/* ---- clients that leave in a bad way -------------------------------------- */

/* Fills the server's buffers and does not read. When the server has had enough
 * of it and resets it, another one comes in its place. */
static void be_stuck(struct check *c, struct peer *p)
{
    if (p->state == PEER_CLOSED) {
        p->receive_buffer_bytes = 4096;
        join(c, p);
    }
    if (going_on(c) && peer_send_some(p, 65536) < 0)
        peer_close(p);
}

static void leave_unread(struct check *c, struct peer *p)
{
    join(c, p);
    for (int i = 0; i < 4 && going_on(c); i++)
        if (peer_send_some(p, 65536) <= 0)
            break;
    peer_close(p);
}

static void leave_at_once(struct check *c, struct peer *p)
{
    if (going_on(c))
        peer_connect_begin(p, c->server.host, c->server.port);
    peer_reset(p);
}

/* Half-closes and does not wait for what it is owed. */
static void leave_half(struct check *c, struct peer *p)
{
    join(c, p);
    send_bytes(c, p, 5000);
    half_close(c, p);
    peer_reset(p);
}

/* One step of every kind of client that is not good and not a stream. */
static void disturb(struct check *c, struct soak *soak, int number)
{
    be_stuck(c, &soak->stuck[number % STUCK]);
    if (number % 50 == 0)
        peer_reset(&soak->stuck[number / 50 % STUCK]);
    for (int i = 0; i < 4; i++)
        churn_one(c, soak->passing, i);
    leave_unread(c, soak->passing);
    leave_at_once(c, soak->passing);
    leave_half(c, soak->passing);
    if (clock_ns() - soak->slow_ns < second_ns)
        return;
    soak->slow_ns = clock_ns();
    for (int i = 0; i < SLOW; i++)
        if (soak->slow[i].state == PEER_CLOSED)
            join(c, &soak->slow[i]);
    ping_all(c, soak->slow, SLOW, 1);
}

static void end_disturbance(struct soak *soak)
{
    for (int i = 0; i < STUCK; i++)
        peer_reset(&soak->stuck[i]);
    for (int i = 0; i < SLOW; i++)
        peer_close(&soak->slow[i]);
}

/* ---- what is looked at ----------------------------------------------------- */

/* The longest that a good client has waited since the last call, or waits now.
 * Its thread writes what is read here; a value that is late by one echo does
 * not matter. */
static uint64_t slowest_good_ms(struct soak *soak)
{
    uint64_t slowest_ns = 0;
    for (int i = 0; i < GOOD; i++) {
        struct peer *p = &soak->good[i];
        uint64_t waiting_ns = p->sent > p->received ? p->waiting_ns : 0;
        uint64_t now_ns = clock_ns();
        uint64_t ns = p->slowest_ns;
        if (waiting_ns != 0 && now_ns > waiting_ns && now_ns - waiting_ns > ns)
            ns = now_ns - waiting_ns;
        slowest_ns = ns > slowest_ns ? ns : slowest_ns;
        p->slowest_ns = 0;
    }
    return slowest_ns / 1000000;
}

static void sum_up(const struct check *c, uint64_t *connects, uint64_t *bytes)
{
    *connects = *bytes = 0;
    for (int a = 0; a < c->array_count; a++)
        for (int i = 0; i < c->counts[a]; i++) {
            *connects += c->arrays[a][i].connects;
            *bytes += c->arrays[a][i].sent_ever;
        }
}

/* One line, and the good clients are still well. */
static void watch(struct check *c, struct soak *soak)
{
    uint64_t connects;
    uint64_t bytes;
    uint64_t ms = slowest_good_ms(soak);
    soak->line_ns = clock_ns();
    soak->slowest_ms = ms > soak->slowest_ms ? ms : soak->slowest_ms;
    sum_up(c, &connects, &bytes);
    printf("%6llu s %9llu connections %7llu MB sent %7llu KB %4d threads %5d "
           "handles  slowest good echo %llu ms\n",
           (unsigned long long)((soak->line_ns - soak->begin_ns) / second_ns),
           (unsigned long long)connects, (unsigned long long)bytes / 1000000,
           (unsigned long long)process_memory_bytes(&c->server) / 1024,
           process_threads(&c->server), process_handles(&c->server),
           (unsigned long long)ms);
    fflush(stdout);
    expect(c, process_wait(&c->server, 0) < 0, "the server has ended");
    expect(c, ms < STEP_MS,
           "expected good clients to be served, saw one wait "
           "for more than 10 s");
    expect(c, soak->pinging.bad == NULL && c->flood.bad == NULL, "%s",
           soak->pinging.bad != NULL ? soak->pinging.bad->problem
           : c->flood.bad != NULL    ? c->flood.bad->problem
                                     : "");
}

static void start_good(struct check *c, struct soak *soak)
{
    if (going_on(c))
        expect(c, flood_start(&soak->pinging, soak->good, GOOD),
               "no thread for the good clients");
    begin_flood(c, soak->streams, STREAMS);
}

/* What they have under way comes back; then nothing moves any more. */
static void stop_good(struct check *c, struct soak *soak)
{
    struct peer *bad = NULL;
    flood_stop(&soak->pinging);
    end_flood(c);
    for (int i = 0; i < GOOD; i++)
        soak->good[i].send_goal = soak->good[i].receive_goal =
            soak->good[i].sent;
    if (going_on(c) && !peers_run(soak->good, GOOD, STEP_MS, &bad) &&
        bad != NULL)
        expect(c, false, "%s", bad->problem);
}

static void run_for(struct check *c, struct soak *soak, uint64_t ms)
{
    uint64_t end_ns = clock_in_ms(ms);
    start_good(c, soak);
    for (int i = 0; going_on(c) && clock_ns() < end_ns; i++) {
        disturb(c, soak, i);
        if (clock_ns() - soak->line_ns >= LINE_MS * UINT64_C(1000000))
            watch(c, soak);
    }
    stop_good(c, soak);
    end_disturbance(soak);
}

/* The base line is taken after a quarter of the time, when only the good
 * clients are left and silent, and so is the state at the end. */
static void soak(struct check *c)
{
    struct soak soak = {.good = new_peers(c, GOOD),
                        .streams = new_peers(c, STREAMS),
                        .stuck = new_peers(c, STUCK),
                        .slow = new_peers(c, SLOW),
                        .passing = new_peers(c, 1),
                        .begin_ns = clock_ns(),
                        .line_ns = clock_ns()};
    uint64_t ms =
        (uint64_t)(c->soak_seconds > 0 ? c->soak_seconds : DEFAULT_SECONDS) *
        1000;
    uint64_t connects;
    uint64_t bytes;
    join_all(c, soak.good, GOOD);
    join_all(c, soak.streams, STREAMS);
    for (int i = 0; i < GOOD; i++) {
        soak.good[i].window = 64;
        soak.good[i].chunk_bytes = 64;
    }
    run_for(c, &soak, ms / 4);
    struct usage before = usage_at_rest(c);
    run_for(c, &soak, ms - ms / 4);
    usage_flat(c, &before, GROWTH_BYTES);
    if (going_on(c))
        watch(c, &soak);
    sum_up(c, &connects, &bytes);
    snprintf(c->note, sizeof c->note,
             "well: %llu connections, %llu MB, slowest good echo %llu ms",
             (unsigned long long)connects, (unsigned long long)bytes / 1000000,
             (unsigned long long)soak.slowest_ms);
}

const struct check_case soak_cases[] = {
    {"soak", "good, coming, going and hostile clients together: no growth",
     soak, GROUP_HEAVY, CASE_CUTS | CASE_LONG, NULL, 300},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
