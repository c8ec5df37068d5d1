#include "cases.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"

enum { FLOOD_WINDOW_BYTES = 65536 };

/* ---- saying what is expected --------------------------------------------- */

bool expect(struct check *c, bool condition, const char *format, ...)
{
    if (condition || c->failed || c->skipped)
        return !c->failed && !c->skipped;
    c->failed = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->failure, sizeof c->failure, format, arguments);
    va_end(arguments);
    return false;
}

void skip(struct check *c, const char *format, ...)
{
    if (c->failed || c->skipped)
        return;
    c->skipped = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->skip_reason, sizeof c->skip_reason, format, arguments);
    va_end(arguments);
}

void progress(struct check *c, const char *format, ...)
{
    uint64_t now_ns = clock_ns();
    if (c->told_ns == 0)
        c->told_ns = now_ns;
    if (now_ns - c->told_ns < UINT64_C(10000000000))
        return;
    c->told_ns = now_ns;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "    %s: ", c->which->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
}

bool going_on(struct check *c)
{
    expect(c, clock_ns() < c->deadline_ns,
           "expected the case to end within its time, %d s",
           c->which->limit_seconds > 0 ? c->which->limit_seconds : 60);
    return !c->failed && !c->skipped;
}

/* The outcome of a peer's function becomes the outcome of the step. */
static void passed(struct check *c, const struct peer *p, bool good)
{
    expect(c, good, "%s", p->problem);
}

void next_to_this_program(const char *name, char *path, size_t path_bytes)
{
    char own[PATH_BYTES];
    utf8_own_path(own);
    size_t length = strlen(own);
    while (length > 0 && own[length - 1] != '\\')
        length--;
    snprintf(path, path_bytes, "%.*s%s", (int)length, own, name);
}

/* ---- the server ---------------------------------------------------------- */

/* Everything that our peers have sent so far. */
static uint64_t sent_by_all(const struct check *c)
{
    uint64_t bytes = 0;
    for (int a = 0; a < c->array_count; a++)
        for (int i = 0; i < c->counts[a]; i++)
            bytes += c->arrays[a][i].sent_ever;
    return bytes;
}

/* minimal.c listens on the port that it is given, and says so. */
static void expect_first_line(struct check *c)
{
    char line[40];
    snprintf(line, sizeof line, "listening 127.0.0.1:%u", c->server.port);
    process_first_line(&c->server, STEP_MS);
    expect(c, strncmp(c->server.out, line, strlen(line)) == 0,
           "expected \"%s\" on stdout, saw \"%.100s\"", line, c->server.out);
}

void start_server(struct check *c, const char *arguments)
{
    enum { START_MS = 15000 };
    char all[600];
    char message[800];
    bool ready = false;
    if (!going_on(c))
        return;
    c->started = true;
    c->sent_before = sent_by_all(c);
    if (c->is_minimal) {
        snprintf(all, sizeof all, "\"%s\" {port}", c->program);
        ready = process_start_peer(&c->server, all, START_MS, message,
                                   sizeof message);
    } else {
        snprintf(all, sizeof all, "%s %s", c->form,
                 arguments != NULL ? arguments : "");
        ready = process_start(&c->server, c->program, all, START_MS, message,
                              sizeof message);
    }
    if (!ready && process_err_has(&c->server, "need a build with OBSERVE=1"))
        skip(c, "the server was built without the seam (OBSERVE=0)");
    if (expect(c, ready, "the server does not start (%s): %s",
               c->server.command, message) &&
        c->is_minimal)
        expect_first_line(c);
}

void start_with_faults(struct check *c, const char *faults)
{
    char arguments[500];
    snprintf(arguments, sizeof arguments, "--fault %s", faults);
    SetEnvironmentVariableA("OBSERVE_FAULTS", faults); /* see program.c */
    start_server(c, arguments);
    SetEnvironmentVariableA("OBSERVE_FAULTS", NULL);
}

static void check_ledger(struct check *c, const struct process_ledger *ledger)
{
    char line[300];
    snprintf(line, sizeof line,
             "accepted=%" PRId64 " closed=%" PRId64 " bytes_in=%" PRId64
             " bytes_out=%" PRId64 " posted=%" PRId64 " completed=%" PRId64
             " live=%" PRId64,
             ledger->accepted, ledger->closed, ledger->bytes_in,
             ledger->bytes_out, ledger->posted, ledger->completed,
             ledger->live);
    expect(c, ledger->live == 0, "expected live=0, saw %s", line);
    expect(c, ledger->accepted == ledger->closed,
           "expected accepted = closed, saw %s", line);
    expect(c, ledger->posted == ledger->completed,
           "expected posted = completed, saw %s", line);
    if (c->cut) {
        expect(c, ledger->bytes_out <= ledger->bytes_in,
               "expected no more bytes out than in, saw %s", line);
        return;
    }
    uint64_t sent = sent_by_all(c) - c->sent_before;
    expect(c, ledger->bytes_in == ledger->bytes_out,
           "expected bytes_in = bytes_out, saw %s", line);
    expect(c, (uint64_t)ledger->bytes_in == sent,
           "expected bytes_in=%" PRIu64 ", what we sent, saw %s", sent, line);
}

void finish_server(struct check *c)
{
    struct process_ledger ledger;
    bool has_ledger = false;
    if (!c->started || c->failed || c->skipped)
        return;
    DWORD stop_ms = c->is_minimal ? MINIMAL_STOP_MS : STOP_MS;
    int status = process_finish(&c->server, stop_ms, &ledger, &has_ledger);
    expect(c, status != -1, "expected the server to stop within %lu ms",
           stop_ms);
    expect(c, status == 0, "expected exit status 0, saw %d", status);
    if (expect(c, has_ledger, "expected the ledger as the last line of stdout"))
        check_ledger(c, &ledger);
    if (going_on(c)) {
        process_free(&c->server);
        c->started = false;
    }
}

void stop_server(struct check *c)
{
    if (!c->started || c->failed || c->skipped)
        return;
    SetEvent(c->server.stop_event);
    finish_server(c);
}

/* One attempt to connect and get an echo. */
static bool try_to_be_served(struct check *c, struct peer *p,
                             uint32_t timeout_ms)
{
    return peer_connect(p, c->server.host, c->server.port, timeout_ms) &&
           peer_echo(p, 16, timeout_ms);
}

void serve(struct check *c, struct peer *p, uint32_t within_ms)
{
    uint64_t limit = clock_in_ms(within_ms);
    while (going_on(c)) {
        uint64_t begin = clock_ns();
        uint32_t left_ms =
            begin < limit ? (uint32_t)((limit - begin) / 1000000) + 1 : 1;
        if (try_to_be_served(c, p, left_ms))
            return;
        /* A refused client is told at once; do not ask too often. */
        Sleep(5);
        expect(c, clock_ns() < limit,
               "expected a new client to get its echo within %u ms, saw: %s",
               (unsigned)within_ms, p->problem);
    }
}

void control(struct check *c)
{
    uint64_t limit = clock_in_ms(CONTROL_MS);
    if (c->control == NULL)
        c->control = new_peers(c, 1);
    struct peer *p = c->control;
    while (going_on(c)) {
        uint64_t begin = clock_ns();
        bool served = try_to_be_served(c, p, CONTROL_MS);
        uint64_t took_ms = (clock_ns() - begin) / 1000000;
        peer_close(p);
        if (served && took_ms < 1000)
            return;
        c->cut = c->cut || !served;
        expect(c, clock_ns() < limit,
               "expected the control client's echo in less than a second; the "
               "last attempt took %u ms: %s",
               (unsigned)took_ms, served ? "served" : p->problem);
    }
}

void refused(struct check *c, struct peer *p)
{
    if (!going_on(c))
        return;
    c->cut = true;
    if (!peer_connect(p, c->server.host, c->server.port, STEP_MS))
        return;                /* refused by the system is refused as well */
    peer_send(p, 16, STEP_MS); /* may already fail */
    bool over = peer_receive_anything_until_over(p, STEP_MS);
    expect(c, over && p->received == 0,
           "expected one client too many to be refused, saw %" PRIu64
           " bytes back: %s",
           p->received, p->problem);
    peer_close(p);
}

void reported(struct check *c, const char *words)
{
    uint64_t limit = clock_in_ms(2000);
    while (going_on(c) && !process_err_has(&c->server, words)) {
        Sleep(5);
        expect(c, clock_ns() < limit,
               "expected a line on stderr with \"%s\" in it", words);
    }
}

int lines_with(struct check *c, const char *words)
{
    char text[4000];
    int count = 0;
    if (!c->started)
        return 0;
    process_copy_err(&c->server, text, sizeof text);
    for (char *line = strtok(text, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n"))
        count += strstr(line, words) != NULL;
    return count;
}

int lines_within(struct check *c, const char *words, int count, uint32_t ms)
{
    uint64_t end_ns = clock_in_ms(ms);
    while (going_on(c) && clock_ns() < end_ns && lines_with(c, words) < count)
        Sleep(5);
    return lines_with(c, words);
}

/* ---- the inside, by the seam's counters ---------------------------------- */

static int64_t sum_calls(const struct process_counts *counts, int kind)
{
    int64_t sum = 0;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        sum += counts->calls[kind][outcome];
    return sum;
}

int64_t calls_of(struct check *c, const int *kinds)
{
    struct process_counts counts;
    int64_t sum = 0;
    if (!c->started || !process_counts(&c->server, &counts))
        return -1;
    for (; *kinds >= 0; kinds++)
        sum += sum_calls(&counts, *kinds);
    return sum;
}

bool bytes_moved(struct check *c, int64_t *in, int64_t *out)
{
    struct process_counts counts;
    if (!c->started || !process_counts(&c->server, &counts))
        return false;
    if (counts.calls[OBSERVE_WSARecv][OBSERVE_PENDING] > 0 ||
        counts.calls[OBSERVE_WSASend][OBSERVE_PENDING] > 0)
        return false;
    *in = counts.items[OBSERVE_recv] + counts.items[OBSERVE_WSARecv];
    *out = counts.items[OBSERVE_send] + counts.items[OBSERVE_WSASend];
    return true;
}

static int64_t all_calls(struct check *c)
{
    int kinds[OBSERVE_CALL_COUNT + 1];
    for (int kind = 0; kind < OBSERVE_CALL_COUNT; kind++)
        kinds[kind] = kind;
    kinds[OBSERVE_CALL_COUNT] = -1;
    return calls_of(c, kinds);
}

void quiet_begin(struct check *c, struct quiet *quiet)
{
    *quiet = (struct quiet){.begin_ns = clock_ns(), .calls = all_calls(c)};
    if (c->started)
        quiet->has_cpu = process_cpu_ns(&c->server, &quiet->cpu_ns);
}

void quiet_end(struct check *c, const struct quiet *quiet)
{
    if (!going_on(c) || (c->groups & GROUP_QUIET) == 0)
        return;
    double seconds = (double)(clock_ns() - quiet->begin_ns) / 1e9;
    uint64_t cpu_ns = 0;
    if (quiet->has_cpu && process_cpu_ns(&c->server, &cpu_ns)) {
        double cpu_seconds = (double)(cpu_ns - quiet->cpu_ns) / 1e9;
        expect(c, cpu_seconds < 0.1 * seconds,
               "expected next to no CPU while there is nothing to do, saw "
               "%.2f s in %.2f s",
               cpu_seconds, seconds);
    } else {
        snprintf(c->note, sizeof c->note, "CPU time not to be had");
    }
    if (quiet->calls < 0)
        return;
    int64_t calls = all_calls(c) - quiet->calls;
    expect(c, (double)calls <= 100 * seconds + 100,
           "expected next to no calls while there is nothing to do, saw "
           "%" PRId64 " in %.2f s",
           calls, seconds);
}

void memory_flat(struct check *c, uint64_t before, uint64_t growth_bytes)
{
    uint64_t after = c->started ? process_memory_bytes(&c->server) : 0;
    if (before == 0 || after == 0)
        return;
    expect(c, after <= before + growth_bytes,
           "expected memory to stay flat (at most %" PRIu64
           " KiB more), saw it go from %" PRIu64 " to %" PRIu64 " KiB",
           growth_bytes / 1024, before / 1024, after / 1024);
}

static struct usage usage_now(struct check *c)
{
    if (!c->started)
        return (struct usage){0};
    return (struct usage){.memory_bytes = process_memory_bytes(&c->server),
                          .threads = process_threads(&c->server),
                          .handles = process_handles(&c->server)};
}

struct usage usage_at_rest(struct check *c)
{
    enum { LOOKS_AT_MOST = 100, LOOKS_ALIKE = 5, LOOK_MS = 100 };
    struct usage last = usage_now(c);
    int same_count = 0;
    for (int i = 0; i < LOOKS_AT_MOST && same_count < LOOKS_ALIKE; i++) {
        Sleep(LOOK_MS);
        struct usage now = usage_now(c);
        bool is_same =
            now.threads == last.threads && now.handles == last.handles;
        same_count = is_same ? same_count + 1 : 0;
        last = now;
    }
    return last;
}

void usage_flat(struct check *c, const struct usage *before,
                uint64_t growth_bytes)
{
    enum { MORE_THREADS = 1, MORE_HANDLES = 4 };
    if (!going_on(c))
        return;
    struct usage after = usage_at_rest(c);
    expect(c,
           after.memory_bytes <= before->memory_bytes + growth_bytes &&
               after.threads <= before->threads + MORE_THREADS &&
               after.handles <= before->handles + MORE_HANDLES,
           "expected no growth, saw memory go from %" PRIu64 " to %" PRIu64
           " KiB, threads from %d to %d, handles from %d to %d",
           before->memory_bytes / 1024, after.memory_bytes / 1024,
           before->threads, after.threads, before->handles, after.handles);
}

/* ---- steps --------------------------------------------------------------- */

struct peer *new_peers(struct check *c, int count)
{
    struct peer *peers = calloc((size_t)count, sizeof *peers);
    if (peers == NULL || c->array_count == CHECK_ARRAYS) {
        fprintf(stderr, "check: out of memory, or CHECK_ARRAYS too small\n");
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        peers[i].tag = ++c->next_tag;
        peers[i].deadline_ns = c->deadline_ns;
    }
    c->arrays[c->array_count] = peers;
    c->counts[c->array_count++] = count;
    return peers;
}

void join(struct check *c, struct peer *p)
{
    if (going_on(c))
        passed(c, p, peer_connect(p, c->server.host, c->server.port, STEP_MS));
}

void join_all(struct check *c, struct peer *peers, int count)
{
    for (int i = 0; i < count && going_on(c); i++)
        join(c, &peers[i]);
}

void echo(struct check *c, struct peer *p, uint64_t bytes)
{
    if (going_on(c))
        passed(c, p, peer_echo(p, bytes, STEP_MS));
}

void send_bytes(struct check *c, struct peer *p, uint64_t bytes)
{
    if (going_on(c))
        passed(c, p, peer_send(p, bytes, STEP_MS));
}

void receive_bytes(struct check *c, struct peer *p, uint64_t bytes)
{
    if (going_on(c))
        passed(c, p, peer_receive(p, bytes, STEP_MS));
}

void half_close(struct check *c, struct peer *p)
{
    if (going_on(c))
        passed(c, p, peer_half_close(p));
}

void receive_end(struct check *c, struct peer *p)
{
    if (going_on(c))
        passed(c, p, peer_receive_end(p, STEP_MS));
}

void ping_all(struct check *c, struct peer *peers, int count, uint64_t bytes)
{
    for (int i = 0; i < count && going_on(c); i++)
        send_bytes(c, &peers[i], bytes);
    for (int i = 0; i < count && going_on(c); i++)
        receive_bytes(c, &peers[i], bytes);
}

uint64_t quickest_echo_ms(struct check *c, struct peer *p, int times)
{
    uint64_t quickest_ns = UINT64_MAX;
    for (int i = 0; i < times; i++) {
        uint64_t begin = clock_ns();
        echo(c, p, 10);
        uint64_t ns = clock_ns() - begin;
        quickest_ns = ns < quickest_ns ? ns : quickest_ns;
    }
    return quickest_ns / 1000000;
}

uint64_t slowest_ms(const struct peer *peers, int count)
{
    uint64_t slowest_ns = 0;
    for (int i = 0; i < count; i++)
        if (peers[i].slowest_ns > slowest_ns)
            slowest_ns = peers[i].slowest_ns;
    return slowest_ns / 1000000;
}

uint64_t ping_at_once(struct check *c, struct peer *peers, int count,
                      uint64_t bytes)
{
    struct peer *bad = NULL;
    for (int i = 0; i < count; i++) {
        peers[i].slowest_ns = 0;
        peers[i].send_goal = peers[i].receive_goal = peers[i].sent + bytes;
    }
    if (going_on(c) && !peers_run(peers, count, STEP_MS, &bad) && bad != NULL)
        passed(c, bad, false);
    return slowest_ms(peers, count);
}

uint64_t stuff(struct check *c, struct peer *p, uint64_t at_most_bytes)
{
    uint64_t before = p->sent;
    uint64_t limit = 0;
    while (going_on(c) && p->sent - before < at_most_bytes) {
        int taken = peer_send_some(p, 65536);
        if (taken < 0) {
            passed(c, p, false);
        } else if (taken > 0 || limit == 0) {
            limit = clock_in_ms(1000);
        } else if (clock_ns() > limit) {
            break;
        } else {
            peer_poll(p->s, POLLWRNORM, 50);
        }
    }
    return p->sent - before;
}

void begin_flood(struct check *c, struct peer *peers, int count)
{
    if (!going_on(c))
        return;
    for (int i = 0; i < count; i++)
        if (peers[i].window == 0)
            peers[i].window = FLOOD_WINDOW_BYTES;
    expect(c, flood_start(&c->flood, peers, count), "no thread for the flood");
}

void end_flood(struct check *c)
{
    struct flood *flood = &c->flood;
    if (flood->thread == NULL)
        return;
    flood_stop(flood);
    if (flood->bad != NULL)
        passed(c, flood->bad, false);
    for (int i = 0; i < flood->count; i++)
        flood->peers[i].send_goal = flood->peers[i].receive_goal =
            flood->peers[i].sent;
    struct peer *bad = NULL;
    if (going_on(c) && !peers_run(flood->peers, flood->count, STEP_MS, &bad) &&
        bad != NULL)
        passed(c, bad, false);
}

void pass_time(struct check *c, uint32_t ms)
{
    if (going_on(c))
        Sleep(ms);
}
