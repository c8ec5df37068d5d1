#include "cases.h"

#include <inttypes.h>
#include <process.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- saying what is expected --------------------------------------------- */

void expect(struct check *c, bool condition, const char *format, ...)
{
    if (!condition && InterlockedExchange(&c->failed, 1) == 0) {
        int used = snprintf(c->failure, sizeof c->failure, "%s%s", c->doing,
                            c->doing[0] != '\0' ? ": " : "");
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(c->failure + used, sizeof c->failure - (size_t)used, format,
                  arguments);
        va_end(arguments);
    }
    if (c->failed && GetCurrentThreadId() == c->thread_id)
        longjmp(c->end, 1);
}

void in_time(struct check *c)
{
    expect(c, clock_ns() < c->deadline_ns,
           "expected the case to end within its time, %d s",
           c->which->seconds > 0 ? c->which->seconds : 60);
}

void skip(struct check *c, const char *format, ...)
{
    c->skipped = true;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->skip_reason, sizeof c->skip_reason, format, arguments);
    va_end(arguments);
    longjmp(c->end, 1);
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

/* Everything that our peers have sent so far, and their connections. */
static uint64_t sum_up(const struct check *c, int64_t *joined)
{
    uint64_t bytes = 0;
    *joined = 0;
    for (int a = 0; a < c->array_count; a++)
        for (int i = 0; i < c->counts[a]; i++) {
            bytes += c->arrays[a][i].sent_ever;
            *joined += (int64_t)c->arrays[a][i].connects;
        }
    return bytes;
}

/* Whether arguments give it reason to write lines: --verbose, or a fault that is
 * an error and no stall. */
static bool gives_reason(const char *arguments)
{
    for (const char *at = arguments; (at = strchr(at, '=')) != NULL; at++)
        if (at[1] >= '0' && at[1] <= '9')
            return true;
    return strstr(arguments, "--verbose") != NULL;
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
    in_time(c);
    c->sent_before = sum_up(c, &c->joined_before);
    c->may_report =
        (c->which->flags & (CUTS | SAYS)) != 0 || gives_reason(arguments);
    if (c->is_minimal)
        snprintf(all, sizeof all, "\"%s\" {port}", c->program);
    else
        snprintf(all, sizeof all, "%s %s", c->form, arguments);
    bool is_ready = c->is_minimal
                        ? process_start_peer(&c->server, all, START_MS, message,
                                             sizeof message)
                        : process_start(&c->server, c->program, all, START_MS,
                                        message, sizeof message);
    if (!is_ready && process_err_has(&c->server, "need a build with OBSERVE=1"))
        skip(c, "the server was built without the seam (OBSERVE=0)");
    expect(c, is_ready, "the server does not start (%s): %s", c->server.command,
           message);
    if (c->is_minimal)
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

void need_counters(struct check *c)
{
    if (c->server.counters == NULL)
        skip(c, "the server was built without the seam (OBSERVE=0)");
}

static void check_ledger(struct check *c, const struct process_ledger *ledger)
{
    char line[300];
    int64_t joined;
    int64_t sent = (int64_t)(sum_up(c, &joined) - c->sent_before);
    joined -= c->joined_before;
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
    expect(c, ledger->bytes_out <= ledger->bytes_in,
           "expected no more bytes out than in, saw %s", line);
    if (c->cut)
        return;
    expect(c, ledger->accepted == joined,
           "expected accepted=%" PRId64 ", our connections, saw %s", joined,
           line);
    expect(c, ledger->bytes_in == ledger->bytes_out,
           "expected bytes_in = bytes_out, saw %s", line);
    expect(c, ledger->bytes_in == sent,
           "expected bytes_in=%" PRId64 ", what we sent, saw %s", sent, line);
}

void finish_server(struct check *c)
{
    struct process_ledger ledger;
    bool has_ledger = false;
    DWORD stop_ms = c->is_minimal ? MINIMAL_STOP_MS : STOP_MS;
    int status = process_finish(&c->server, stop_ms, &ledger, &has_ledger);
    expect(c, status != -1, "expected the server to stop within %lu ms",
           stop_ms);
    expect(c, status == 0, "expected exit status 0, saw %d", status);
    expect(c, has_ledger, "expected the ledger as the last line of stdout");
    check_ledger(c, &ledger);
    expect(c, c->may_report || c->server.err_bytes == 0,
           "expected nothing on stderr");
    process_free(&c->server);
}

void stop_server(struct check *c)
{
    SetEvent(c->server.stop_event);
    finish_server(c);
}

void end_server(struct check *c)
{
    if (c->is_minimal)
        process_free(&c->server);
    else
        stop_server(c);
}

bool is_served(struct peer *p, uint32_t within_ms)
{
    uint64_t limit = clock_in_ms(within_ms);
    bool may_fail = p->may_fail;
    bool served = false;
    p->may_fail = true;
    do {
        uint64_t now = clock_ns();
        p->patience_ms =
            now < limit ? (uint32_t)((limit - now) / 1000000) + 1 : 1;
        served = join(p) && echo(p, 16);
        if (!served)
            Sleep(5); /* a refused client is told at once */
    } while (!served && clock_ns() < limit);
    p->patience_ms = 0;
    p->may_fail = may_fail;
    return served;
}

void serve(struct peer *p, uint32_t within_ms)
{
    bool served = is_served(p, within_ms);
    expect(p->c, served,
           "expected a new client to get its echo within %u ms, saw: %s",
           (unsigned)within_ms, p->problem);
}

bool is_controlled(struct check *c)
{
    uint64_t limit = clock_in_ms(CONTROL_MS);
    if (c->control == NULL)
        c->control = new_peers(c, 1);
    struct peer *p = c->control;
    p->may_fail = true;
    do {
        uint64_t begin = clock_ns();
        bool served = join(p) && echo(p, 16);
        peer_close(p);
        if (served && clock_ns() - begin < UINT64_C(1000000000))
            return true;
        c->cut = c->cut || !served;
    } while (clock_ns() < limit && process_wait(&c->server, 0) == -1);
    return false;
}

void control(struct check *c)
{
    bool good = is_controlled(c);
    expect(c, good,
           "expected the control client's echo in less than a second, saw: %s",
           c->control->problem[0] != '\0' ? c->control->problem
                                          : "it took longer");
}

void refused(struct peer *p)
{
    bool may_fail = p->may_fail;
    p->c->cut = p->c->may_report = true;
    p->may_fail = true;
    bool over = true;
    if (join(p)) { /* refused by the system is refused as well */
        send_bytes(p, 16);
        over = receive_until_over(p);
    }
    p->may_fail = may_fail;
    expect(p->c, over && p->received == 0,
           "expected one client too many to be refused, saw %" PRIu64
           " bytes back: %s",
           p->received, p->problem);
    peer_close(p);
}

void reported(struct check *c, const char *words)
{
    expect(c, lines_within(c, words, 1, 2000) > 0,
           "expected a line on stderr with \"%s\" in it", words);
}

static int lines_with(struct check *c, const char *words)
{
    char text[4000];
    int count = 0;
    process_copy_err(&c->server, text, sizeof text);
    for (char *line = strtok(text, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n"))
        count += strstr(line, words) != NULL;
    return count;
}

int lines_within(struct check *c, const char *words, int count, uint32_t ms)
{
    uint64_t end_ns = clock_in_ms(ms);
    while (lines_with(c, words) < count && clock_ns() < end_ns)
        pass_time(c, 5);
    return lines_with(c, words);
}

void hold(struct check *c)
{
    if (process_hold(&c->server) == 0)
        skip(c, "no way to hold up a process here");
}

void go_on(struct check *c)
{
    process_go_on(&c->server);
}

/* ---- the inside, by the seam's counters ---------------------------------- */

bool counts_of(struct check *c, struct process_counts *counts)
{
    if (!process_counts(&c->server, counts))
        return false;
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++) {
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            counts->calls[call][outcome] -= c->before.calls[call][outcome];
        counts->items[call] -= c->before.items[call];
    }
    return true;
}

int64_t calls_of(struct check *c, int one, int other)
{
    struct process_counts counts;
    int64_t sum = 0;
    if (!counts_of(c, &counts))
        return -1;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        sum += counts.calls[one][outcome] + counts.calls[other][outcome];
    return sum;
}

bool bytes_moved(struct check *c, int64_t *in, int64_t *out)
{
    struct process_counts counts;
    if (!counts_of(c, &counts) ||
        counts.calls[OBSERVE_WSARecv][OBSERVE_PENDING] > 0 ||
        counts.calls[OBSERVE_WSASend][OBSERVE_PENDING] > 0)
        return false;
    *in = counts.items[OBSERVE_recv] + counts.items[OBSERVE_WSARecv];
    *out = counts.items[OBSERVE_send] + counts.items[OBSERVE_WSASend];
    return true;
}

static int64_t all_calls(struct check *c)
{
    struct process_counts counts;
    int64_t sum = 0;
    if (!counts_of(c, &counts))
        return 0;
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++)
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            sum += counts.calls[call][outcome];
    return sum;
}

void expect_quiet(struct check *c, uint32_t ms)
{
    uint64_t begin_ns = clock_ns();
    uint64_t cpu_before_ns = 0;
    uint64_t cpu_ns = 0;
    int64_t calls = all_calls(c);
    bool has_cpu = process_cpu_ns(&c->server, &cpu_before_ns);
    pass_time(c, ms);
    if ((c->groups & GROUP_QUIET) == 0)
        return;
    double seconds = (double)(clock_ns() - begin_ns) / 1e9;
    has_cpu = has_cpu && process_cpu_ns(&c->server, &cpu_ns);
    double cpu_seconds = (double)(cpu_ns - cpu_before_ns) / 1e9;
    expect(c, !has_cpu || cpu_seconds < 0.1 * seconds,
           "expected next to no CPU while there is nothing to do, saw %.2f s "
           "in %.2f s",
           cpu_seconds, seconds);
    if (!has_cpu)
        snprintf(c->note, sizeof c->note, "CPU time not to be had");
    calls = all_calls(c) - calls;
    expect(c, (double)calls <= 100 * seconds + 100,
           "expected next to no calls while there is nothing to do, saw "
           "%" PRId64 " in %.2f s",
           calls, seconds);
}

void memory_flat(struct check *c, uint64_t before, uint64_t growth_bytes)
{
    uint64_t after = process_memory_bytes(&c->server);
    expect(c, before == 0 || after <= before + growth_bytes,
           "expected memory to stay flat (at most %" PRIu64
           " KiB more), saw it go from %" PRIu64 " to %" PRIu64 " KiB",
           growth_bytes / 1024, before / 1024, after / 1024);
}

static struct usage usage_now(struct check *c)
{
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
        pass_time(c, LOOK_MS);
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

/* ---- clients ------------------------------------------------------------- */

struct peer *new_peers(struct check *c, int count)
{
    struct peer *peers = calloc((size_t)count, sizeof *peers);
    if (peers == NULL || c->array_count == CHECK_ARRAYS)
        die_saying(1, "out of memory, or CHECK_ARRAYS too small");
    for (int i = 0; i < count; i++) {
        peers[i].c = c;
        peers[i].tag = ++c->next_tag;
    }
    c->arrays[c->array_count] = peers;
    c->counts[c->array_count++] = count;
    return peers;
}

uint64_t quickest_echo_ms(struct peer *p, int times)
{
    uint64_t quickest_ns = UINT64_MAX;
    for (int i = 0; i < times; i++) {
        uint64_t begin = clock_ns();
        echo(p, 10);
        uint64_t ns = clock_ns() - begin;
        quickest_ns = ns < quickest_ns ? ns : quickest_ns;
    }
    return quickest_ns / 1000000;
}

enum standing { HAS_SENT_ALL, HOLDS_SOME, NOT_YET };

/* Where the server stands with what it got. Calls that are done at once show
 * it; in an overlapped model they do not, and it is not needed there: then the
 * answer is HAS_SENT_ALL as soon as its calls have moved on. */
static enum standing standing(struct check *c, const struct peer *p,
                              int64_t *calls)
{
    int64_t in = 0;
    int64_t out = 0;
    int64_t now = calls_of(c, OBSERVE_recv, OBSERVE_send) +
                  calls_of(c, OBSERVE_WSARecv, OBSERVE_WSASend);
    bool moved_on = now != *calls;
    *calls = now;
    if (!bytes_moved(c, &in, &out))
        return moved_on ? HAS_SENT_ALL : NOT_YET;
    if (in != (int64_t)p->sent_ever)
        return NOT_YET;
    return out == in ? HAS_SENT_ALL : HOLDS_SOME;
}

void send_until_stuck(struct peer *p)
{
    enum { STUCK_AFTER_MS = 400, PIECE_BYTES = 8192, AT_MOST = 67108864 };
    struct check *c = p->c;
    int64_t calls = 0;
    uint64_t limit = clock_in_ms(STUCK_AFTER_MS);
    if (c->server.counters == NULL)
        stuff(p, AT_MOST / 2);
    while (c->server.counters != NULL && clock_ns() < limit) {
        if (standing(c, p, &calls) != HAS_SENT_ALL) {
            pass_time(c, 1); /* another process: there is no event for this */
            continue;
        }
        limit = clock_in_ms(STUCK_AFTER_MS);
        expect(c, p->sent < AT_MOST,
               "expected the server to stop taking input, saw it take 64 MiB");
        send_some(p, PIECE_BYTES);
    }
}

/* ---- threads beside the case ---------------------------------------------- */

static void run_beside(struct peer *peers, int count,
                       unsigned(__stdcall *main)(void *))
{
    struct check *c = peers->c;
    struct helper *helper = &c->helpers[c->helper_count];
    *helper = (struct helper){.c = c, .peers = peers, .count = count};
    c->helpers_end = 0;
    helper->thread = (HANDLE)_beginthreadex(NULL, 0, main, helper, 0, NULL);
    expect(c, helper->thread != NULL, "no thread beside the case");
    c->helper_count++;
}

void end_helpers(struct check *c)
{
    InterlockedExchange(&c->helpers_end, 1);
    while (c->helper_count > 0) {
        HANDLE thread = c->helpers[--c->helper_count].thread;
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
}

static bool any_open(const struct peer *peers, int count)
{
    for (int i = 0; i < count; i++)
        if (peers[i].state == PEER_OPEN)
            return true;
    return false;
}

static unsigned __stdcall flood_main(void *data)
{
    struct helper *helper = data;
    while (!helper->c->helpers_end && any_open(helper->peers, helper->count) &&
           peers_pump(helper->peers, helper->count, 50) >= 0)
        continue;
    return 0;
}

void begin_flood(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++) {
        peers[i].window = 65536;
        peers[i].send_goal = peers[i].receive_goal = UINT64_MAX;
    }
    run_beside(peers, count, flood_main);
}

void end_flood(struct check *c)
{
    struct helper flood = c->helpers[0];
    end_helpers(c);
    for (int i = 0; i < flood.count; i++)
        flood.peers[i].send_goal = flood.peers[i].receive_goal =
            flood.peers[i].sent;
    peers_run(flood.peers, flood.count);
}

static unsigned __stdcall storm_main(void *data)
{
    struct helper *helper = data;
    while (!helper->c->helpers_end && !helper->c->failed) {
        if (join(helper->peers))
            echo(helper->peers, 10);
        else
            Sleep(1); /* there is nobody any more */
        peer_reset(helper->peers);
    }
    return 0;
}

void begin_storm(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++) {
        peers[i].may_fail = true;
        peers[i].patience_ms = 1000;
        run_beside(&peers[i], 1, storm_main);
    }
}

void pass_time(struct check *c, uint32_t ms)
{
    in_time(c);
    Sleep(ms);
}
