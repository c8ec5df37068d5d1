#include "cases.h"

#include <process.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check check;
static struct peer all_peers[PEERS_AT_MOST];

/* ---- saying what is expected --------------------------------------------- */

void expect(bool condition, const char *format, ...)
{
    va_list arguments;
    if (!condition && InterlockedExchange(&check.failed, 1) == 0) {
        int used = snprintf(check.failure, sizeof check.failure, "%s%s",
                            check.doing, check.doing[0] != '\0' ? ": " : "");
        va_start(arguments, format);
        vsnprintf(check.failure + used, sizeof check.failure - (size_t)used,
                  format, arguments);
        va_end(arguments);
    }
    if (check.failed && GetCurrentThreadId() == check.thread_id)
        longjmp(check.end, 1);
}

void expect_less(int64_t seen, int64_t limit, const char *what)
{
    expect(seen < limit, "expected less than %lld %s, saw %lld", limit, what,
           seen);
}

void expect_same(int64_t seen, int64_t right, const char *what)
{
    expect(seen == right, "expected %lld %s, saw %lld", right, what, seen);
}

void either(bool as_documented, const char *format, ...)
{
    va_list arguments;
    if (as_documented || wine_here())
        return;
    va_start(arguments, format);
    printf("finding: %s: ", check.which->name);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

void in_time(void)
{
    expect(clock_ns() < check.deadline_ns, "expected the case to end in time");
}

void skip(const char *why)
{
    check.skipped = true;
    snprintf(check.note, sizeof check.note, "%s", why);
    longjmp(check.end, 1);
}

/* ---- time ---------------------------------------------------------------- */

void pass_time(uint32_t ms)
{
    in_time();
    Sleep(ms);
}

int64_t ms_since(uint64_t begin_ns)
{
    return (int64_t)(clock_ns() - begin_ns) / 1000000;
}

/* ---- the server ---------------------------------------------------------- */

void next_to_this_program(const char *name, char *path, size_t path_bytes)
{
    char own[PATH_BYTES];
    utf8_own_path(own);
    snprintf(path, path_bytes, "%.*s%s", (int)(strrchr(own, '\\') + 1 - own),
             own, name);
}

/* --verbose, or a fault that is an error and no stall, makes it write lines. */
static bool gives_reason(const char *arguments)
{
    for (const char *at = arguments; (at = strchr(at, '=')) != NULL; at++)
        if (at[1] >= '0' && at[1] <= '9')
            return true;
    return strstr(arguments, "--verbose") != NULL;
}

void need_counters(void)
{
    if (check.server.counters == NULL)
        skip("the server was built without the seam (OBSERVE=0)");
}

bool starts(const char *arguments)
{
    enum { START_MS = 15000 };
    char all[PATH_BYTES + 700];
    bool is_ready = false;
    in_time();
    for (int i = 0; i < check.peer_count; i++)
        all_peers[i].sent_ever = all_peers[i].connects = 0;
    check.may_report =
        (check.which->flags & CUTS) != 0 || gives_reason(arguments);
    if (check.is_page) {
        snprintf(all, sizeof all, "\"%s\" {port}", check.program);
        if (strncmp(arguments, "--fault ", 8) == 0) /* see program.c */
            SetEnvironmentVariableA("OBSERVE_FAULTS", arguments + 8);
        is_ready = process_start_peer(&check.server, all, START_MS, check.why,
                                      sizeof check.why);
        SetEnvironmentVariableA("OBSERVE_FAULTS", NULL);
    } else {
        snprintf(all, sizeof all, "%s %s", check.form, arguments);
        is_ready = process_start(&check.server, check.program, all, START_MS,
                                 check.why, sizeof check.why);
    }
    if (process_err_has(&check.server, "need a build with OBSERVE=1"))
        need_counters();
    return is_ready;
}

void start_with(const char *format, ...)
{
    char arguments[PATH_BYTES + 500];
    va_list list;
    va_start(list, format);
    vsnprintf(arguments, sizeof arguments, format, list);
    va_end(list);
    bool is_ready = starts(arguments);
    expect(is_ready, "the server does not start (%s): %s", check.server.command,
           check.why);
}

void start(void)
{
    start_with("%s", check.which->arguments);
}

/* What it says of itself, and what our peers have sent since it was started. */
static void check_ledger(const struct process_ledger *ledger)
{
    const char *line = strstr(check.server.out, "accepted=");
    int64_t sent = 0;
    int64_t joined = 0;
    for (int i = 0; i < check.peer_count; i++) {
        sent += (int64_t)all_peers[i].sent_ever;
        joined += (int64_t)all_peers[i].connects;
    }
    expect(ledger->live == 0 && ledger->accepted == ledger->closed &&
               ledger->posted == ledger->completed &&
               ledger->bytes_out <= ledger->bytes_in,
           "expected live=0, accepted = closed, posted = completed and no more "
           "bytes out than in, saw %s",
           line);
    expect(check.cut || (ledger->accepted == joined &&
                         ledger->bytes_in == sent && ledger->bytes_out == sent),
           "expected accepted=%lld, and in and out the %lld bytes that we "
           "sent, saw %s",
           joined, sent, line);
}

void ask_to_stop(void)
{
    SetEvent(check.server.stop_event);
}

void finish_server(void)
{
    struct process_ledger ledger;
    bool has_ledger = false;
    DWORD stop_ms = check.is_page ? PAGE_STOP_MS : STOP_MS;
    int status = process_finish(&check.server, stop_ms, &ledger, &has_ledger);
    expect(status != -1, "expected the server to stop within %lu ms", stop_ms);
    expect(status == 0 && has_ledger,
           "expected exit status 0 and the ledger as the last line of stdout, "
           "saw %d",
           status);
    check_ledger(&ledger);
    expect(check.may_report || check.server.err_bytes == 0,
           "expected nothing on stderr");
    process_free(&check.server);
}

void stop_server(void)
{
    if (check.is_page) {
        process_free(&check.server);
        return;
    }
    ask_to_stop();
    finish_server();
}

void serve(struct peer *p, uint32_t within_ms)
{
    uint64_t limit = clock_in_ms(within_ms);
    bool may_fail = p->may_fail;
    bool served = false;
    p->may_fail = true;
    p->patience_ms = within_ms;
    do {
        served = join(p) && echo(p, 16);
        if (!served)
            Sleep(5); /* a refused client is told at once */
    } while (!served && clock_ns() < limit);
    p->patience_ms = STEP_MS;
    p->may_fail = may_fail;
    expect(served, "expected a new client to be served in %u ms, saw: %s",
           within_ms, p->problem);
}

bool is_controlled(void)
{
    uint64_t limit = clock_in_ms(CONTROL_MS);
    check.control->may_fail = true;
    do {
        uint64_t begin_ns = clock_ns();
        bool served = join(check.control) && echo(check.control, 16);
        peer_close(check.control);
        if (served && ms_since(begin_ns) < 1000)
            return true;
        check.cut = check.cut || !served;
    } while (clock_ns() < limit && process_wait(&check.server, 0) == -1);
    return false;
}

void control(void)
{
    bool good = is_controlled();
    expect(good,
           "expected the control client's echo in less than a second, saw: %s",
           check.control->problem[0] != '\0' ? check.control->problem
                                             : "it took longer");
}

void refused(struct peer *p)
{
    bool may_fail = p->may_fail;
    bool over = true;
    check.cut = check.may_report = true;
    p->may_fail = true;
    bool is_in = join(p);
    either(is_in, "refused by the system: error %d", p->error);
    if (is_in) {
        send_bytes(p, 16);
        over = receive_until_over(p);
    }
    p->may_fail = may_fail;
    expect(over && p->received == 0,
           "expected one client too many to be refused, saw: %s", p->problem);
    peer_close(p);
}

int lines_with(const char *words, const char *more)
{
    static char text[100000];
    int count = 0;
    process_copy_err(&check.server, text, sizeof text);
    for (char *line = strtok(text, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n"))
        count += strstr(line, words) != NULL && strstr(line, more) != NULL;
    return count;
}

int lines_within(const char *words, int count, uint32_t ms)
{
    wait_until(lines_with(words, "") >= count, ms);
    return lines_with(words, "");
}

void reported(const char *words)
{
    expect(lines_within(words, 1, 2000) > 0,
           "expected a line on stderr with \"%s\" in it", words);
}

void hold(void)
{
    if (process_hold(&check.server) == 0)
        skip("no way to hold up a process here");
}

/* ---- the inside, by the seam's counters ---------------------------------- */

bool counts_of(struct process_counts *counts)
{
    if (!process_counts(&check.server, counts))
        return false;
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++) {
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            counts->calls[call][outcome] -= check.before.calls[call][outcome];
        counts->items[call] -= check.before.items[call];
    }
    return true;
}

/* The calls of kinds first to last. */
static int64_t calls_from(int first, int last)
{
    struct process_counts counts;
    int64_t sum = 0;
    bool known = counts_of(&counts);
    for (int call = first; known && call <= last; call++)
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            sum += counts.calls[call][outcome];
    return sum;
}

int64_t calls_of(enum observe_call one, enum observe_call other)
{
    return calls_from((int)one, (int)one) +
           (one != other ? calls_from((int)other, (int)other) : 0);
}

bool bytes_moved(int64_t *in, int64_t *out)
{
    struct process_counts counts;
    if (!counts_of(&counts) ||
        counts.calls[OBSERVE_WSARecv][OBSERVE_PENDING] > 0 ||
        counts.calls[OBSERVE_WSASend][OBSERVE_PENDING] > 0)
        return false;
    *in = counts.items[OBSERVE_recv] + counts.items[OBSERVE_WSARecv];
    *out = counts.items[OBSERVE_send] + counts.items[OBSERVE_WSASend];
    return true;
}

void expect_quiet(uint32_t ms)
{
    uint64_t begin_ns = clock_ns();
    uint64_t before_ns = 0;
    uint64_t cpu_ns = 0;
    int64_t calls = calls_from(0, OBSERVE_CALL_COUNT - 1);
    bool has_cpu = process_cpu_ns(&check.server, &before_ns);
    pass_time(ms);
    if ((check.groups & GROUP_QUIET) == 0)
        return;
    int64_t passed_ms = ms_since(begin_ns);
    calls = calls_from(0, OBSERVE_CALL_COUNT - 1) - calls;
    if (has_cpu && process_cpu_ns(&check.server, &cpu_ns))
        expect_less((int64_t)(cpu_ns - before_ns) / 1000000, passed_ms / 10,
                    "ms of CPU time while there is nothing to do");
    else
        snprintf(check.note, sizeof check.note, "CPU time not to be had");
    expect_less(calls, passed_ms / 10 + 100,
                "calls while there is nothing to do");
}

void memory_flat(uint64_t before, uint64_t growth_bytes)
{
    uint64_t after = process_memory_bytes(&check.server);
    if (before != 0)
        expect_less((int64_t)after / 1024,
                    (int64_t)(before + growth_bytes) / 1024 + 1,
                    "KiB of memory, little more than before");
}

struct usage usage_at_rest(void)
{
    enum { LOOKS_AT_MOST = 100, LOOKS_ALIKE = 6, LOOK_MS = 100 };
    struct usage usage = {0};
    for (int i = 0, alike = 0; i < LOOKS_AT_MOST && alike < LOOKS_ALIKE; i++) {
        int threads = process_threads(&check.server);
        int handles = process_handles(&check.server);
        bool is_same = threads == usage.threads && handles == usage.handles;
        alike = is_same ? alike + 1 : 1;
        usage = (struct usage){process_memory_bytes(&check.server), threads,
                               handles};
        pass_time(LOOK_MS);
    }
    return usage;
}

void usage_flat(const struct usage *before, uint64_t growth_bytes)
{
    enum { MORE_THREADS = 1, MORE_HANDLES = 4 };
    struct usage after = usage_at_rest();
    memory_flat(before->memory_bytes, growth_bytes);
    expect(after.threads <= before->threads + MORE_THREADS &&
               after.handles <= before->handles + MORE_HANDLES,
           "expected hardly more than %d threads and %d handles, saw %d and %d",
           before->threads, before->handles, after.threads, after.handles);
}

/* ---- clients ------------------------------------------------------------- */

struct peer *new_peers(int count)
{
    struct peer *peers = &all_peers[check.peer_count];
    if (check.peer_count + count > PEERS_AT_MOST)
        die_saying(1, "PEERS_AT_MOST is too small");
    for (int i = 0; i < count; i++)
        peers[i] = (struct peer){.tag = (uint32_t)++check.peer_count,
                                 .patience_ms = STEP_MS};
    return peers;
}

struct peer *joined_small(int count, int receive_buffer_bytes)
{
    struct peer *peers = new_peers(count);
    for (int i = 0; i < count; i++)
        peers[i].receive_buffer_bytes = receive_buffer_bytes;
    join_all(peers, count);
    return peers;
}

struct peer *joined(int count)
{
    return joined_small(count, 0);
}

void close_peers(void)
{
    end_helpers();
    close_all(all_peers, check.peer_count);
}

int64_t quickest_echo_ms(struct peer *p, int times)
{
    int64_t quickest_ms = INT64_MAX;
    for (int i = 0; i < times; i++) {
        uint64_t begin_ns = clock_ns();
        echo(p, 10);
        quickest_ms = min(quickest_ms, ms_since(begin_ns));
    }
    return quickest_ms;
}

/* Whether the server has sent back all that it got. In an overlapped model what
 * its calls have moved does not show; there that they have moved on is enough. */
static bool is_through(struct peer *p, int64_t *calls)
{
    int64_t in = 0;
    int64_t out = 0;
    int64_t before = *calls;
    *calls = calls_of(OBSERVE_recv, OBSERVE_send) +
             calls_of(OBSERVE_WSARecv, OBSERVE_WSASend);
    if (bytes_moved(&in, &out))
        return in == (int64_t)p->sent_ever && out == in;
    return *calls != before;
}

void send_until_stuck(struct peer *p)
{
    enum { STUCK_AFTER_MS = 400, LOOKS = 50, PIECE_BYTES = 8192 };
    int64_t calls = 0;
    uint64_t limit = clock_in_ms(STUCK_AFTER_MS);
    if (check.server.counters == NULL)
        stuff(p, LOTS_BYTES);
    for (int looks = 0;
         check.server.counters != NULL && (looks < LOOKS || clock_ns() < limit);
         looks++)
        if (is_through(p, &calls)) {
            limit = clock_in_ms(STUCK_AFTER_MS);
            looks = 0;
            send_some(p, PIECE_BYTES);
        } else
            pass_time(1); /* another process: there is no event for this */
    expect_less((int64_t)p->sent, LOTS_BYTES,
                "bytes taken from a client that does not read");
}

bool owes(struct peer *p)
{
    struct process_counts counts;
    return !counts_of(&counts) ||
           counts.items[OBSERVE_send] + counts.items[OBSERVE_WSASend] <
               (int64_t)p->sent_ever;
}

bool sees_reset(struct peer *p, uint32_t within_ms)
{
    WSAPOLLFD polled = {.fd = p->s, .events = POLLRDNORM};
    /* Data is there all the time: there is nothing to wait for. */
    wait_until(WSAPoll(&polled, 1, 0) > 0 &&
                   (polled.revents & (POLLERR | POLLHUP)) != 0,
               within_ms);
    int seen = polled.revents & (POLLERR | POLLHUP);
    if (seen == 0 && wine_here() && strncmp(wine_version(), "10.", 3) == 0)
        skip("Wine 10 shows no reset when both directions are full");
    either(seen != POLLERR, "a reset shows in WSAPoll as POLLERR alone");
    return seen != 0;
}

void echo_or_be_lost(struct peer *p)
{
    p->may_fail = true;
    if (p->state == PEER_OPEN && !echo(p, 50))
        expect(p->state != PEER_OPEN, "%s", p->problem);
    p->may_fail = false;
}

void expect_all_or_reset(struct peer *p)
{
    process_wait(&check.server, STOP_MS); /* by then all has come */
    bool is_reset = was_reset(p);
    receive_until_over(p);
    expect(p->received == p->sent || is_reset || p->state == PEER_BROKEN,
           "expected %llu bytes back or a reset, saw %llu and an orderly end",
           p->sent, p->received);
    either(p->received == p->sent || p->state == PEER_BROKEN,
           "recv shows a reset as an orderly end");
}

/* ---- threads beside the case ---------------------------------------------- */

/* One step after the other until that says false or the case is over. */
static struct helper {
    HANDLE thread;
    struct peer *peers;
    int count;
    bool (*step)(struct peer *peers, int count);
} helpers[HELPERS_AT_MOST];

static int helper_count;
static volatile LONG is_over;

static unsigned __stdcall helper_main(void *data)
{
    struct helper *helper = data;
    while (!is_over && !check.failed &&
           helper->step(helper->peers, helper->count))
        continue;
    return 0;
}

void beside(struct peer *peers, int count,
            bool (*step)(struct peer *peers, int count))
{
    struct helper *helper = &helpers[helper_count++];
    is_over = 0;
    *helper = (struct helper){.peers = peers, .count = count, .step = step};
    helper->thread =
        (HANDLE)_beginthreadex(NULL, 0, helper_main, helper, 0, NULL);
    expect(helper->thread != NULL, "no thread beside the case");
}

void end_helpers(void)
{
    InterlockedExchange(&is_over, 1);
    for (; helper_count > 0; helper_count--) {
        WaitForSingleObject(helpers[helper_count - 1].thread, INFINITE);
        CloseHandle(helpers[helper_count - 1].thread);
    }
}

static bool flood_step(struct peer *peers, int count)
{
    bool any_open = false;
    for (int i = 0; i < count; i++)
        any_open |= peers[i].state == PEER_OPEN;
    return any_open && peers_pump(peers, count, 50) >= 0;
}

void begin_flood(struct peer *peers, int count)
{
    for (int i = 0; i < count; i++) {
        peers[i].window = 65536;
        peers[i].send_goal = peers[i].receive_goal = UINT64_MAX;
    }
    beside(peers, count, flood_step);
}
