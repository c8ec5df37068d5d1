#include "cases.h"

#include <inttypes.h>
#include <process.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct peer all_peers[PEERS_AT_MOST];

/* ---- saying what is expected --------------------------------------------- */

void expect(struct check *c, bool condition, const char *format, ...)
{
    va_list arguments;
    if (!condition && InterlockedExchange(&c->failed, 1) == 0) {
        int used = snprintf(c->failure, sizeof c->failure, "%s%s", c->doing,
                            c->doing[0] != '\0' ? ": " : "");
        va_start(arguments, format);
        vsnprintf(c->failure + used, sizeof c->failure - (size_t)used, format,
                  arguments);
        va_end(arguments);
    }
    if (c->failed && GetCurrentThreadId() == c->thread_id)
        longjmp(c->end, 1);
}

void expect_less(struct check *c, int64_t seen, int64_t limit, const char *what)
{
    expect(c, seen < limit, "expected less than %lld %s, saw %lld", limit, what,
           seen);
}

void expect_same(struct check *c, int64_t seen, int64_t right, const char *what)
{
    expect(c, seen == right, "expected %lld %s, saw %lld", right, what, seen);
}

void either(struct check *c, bool as_documented, const char *format, ...)
{
    char text[300];
    va_list arguments;
    if (as_documented || wine_here())
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    utf8_printf(stdout, "finding: %s: %s\n", c->which->name, text);
}

void in_time(struct check *c)
{
    expect(c, clock_ns() < c->deadline_ns, "expected the case to end in time");
}

void skip(struct check *c, const char *why)
{
    c->skipped = true;
    snprintf(c->note, sizeof c->note, "%s", why);
    longjmp(c->end, 1);
}

/* ---- time ---------------------------------------------------------------- */

void pass_time(struct check *c, uint32_t ms)
{
    in_time(c);
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

/* Whether arguments give it reason to write lines: --verbose, or a fault that is
 * an error and no stall. */
static bool gives_reason(const char *arguments)
{
    for (const char *at = arguments; (at = strchr(at, '=')) != NULL; at++)
        if (at[1] >= '0' && at[1] <= '9')
            return true;
    return strstr(arguments, "--verbose") != NULL;
}

void start(struct check *c)
{
    start_with(c, "%s", c->which->arguments);
}

void start_with(struct check *c, const char *format, ...)
{
    enum { START_MS = 15000 };
    char arguments[PATH_BYTES + 500];
    char command[PATH_BYTES + 100];
    char message[800];
    bool is_ready = false;
    int used = snprintf(arguments, sizeof arguments, "%s ", c->form);
    va_list list;
    va_start(list, format);
    vsnprintf(arguments + used, sizeof arguments - (size_t)used, format, list);
    va_end(list);
    in_time(c);
    for (int i = 0; i < c->peer_count; i++)
        all_peers[i].sent_ever = all_peers[i].connects = 0;
    c->may_report = (c->which->flags & CUTS) != 0 || gives_reason(arguments);
    if (c->is_page) {
        snprintf(command, sizeof command, "\"%s\" {port}", c->program);
        if (strncmp(arguments + used, "--fault ", 8) == 0) /* see program.c */
            SetEnvironmentVariableA("OBSERVE_FAULTS", arguments + used + 8);
        is_ready = process_start_peer(&c->server, command, START_MS, message,
                                      sizeof message);
        SetEnvironmentVariableA("OBSERVE_FAULTS", NULL);
    } else {
        is_ready = process_start(&c->server, c->program, arguments, START_MS,
                                 message, sizeof message);
    }
    if (!is_ready && process_err_has(&c->server, "need a build with OBSERVE=1"))
        skip(c, "the server was built without the seam (OBSERVE=0)");
    expect(c, is_ready, "the server does not start (%s): %s", c->server.command,
           message);
}

void need_counters(struct check *c)
{
    if (c->server.counters == NULL)
        skip(c, "the server was built without the seam (OBSERVE=0)");
}

/* What it says of itself, and what our peers have sent since it was started. */
static void check_ledger(struct check *c, const struct process_ledger *ledger)
{
    const char *line = strstr(c->server.out, "accepted=");
    int64_t sent = 0;
    int64_t joined = 0;
    for (int i = 0; i < c->peer_count; i++) {
        sent += (int64_t)all_peers[i].sent_ever;
        joined += (int64_t)all_peers[i].connects;
    }
    expect(c,
           ledger->live == 0 && ledger->accepted == ledger->closed &&
               ledger->posted == ledger->completed &&
               ledger->bytes_out <= ledger->bytes_in,
           "expected live=0, accepted = closed, posted = completed and no more "
           "bytes out than in, saw %s",
           line);
    expect(
        c,
        c->cut || (ledger->accepted == joined && ledger->bytes_in == sent &&
                   ledger->bytes_out == sent),
        "expected accepted=%lld, and in and out the %lld bytes that we sent, "
        "saw %s",
        joined, sent, line);
}

void ask_to_stop(struct check *c)
{
    SetEvent(c->server.stop_event);
}

void finish_server(struct check *c)
{
    struct process_ledger ledger;
    bool has_ledger = false;
    DWORD stop_ms = c->is_page ? PAGE_STOP_MS : STOP_MS;
    int status = process_finish(&c->server, stop_ms, &ledger, &has_ledger);
    expect(c, status != -1, "expected the server to stop within %lu ms",
           stop_ms);
    expect(c, status == 0 && has_ledger,
           "expected exit status 0 and the ledger as the last line of stdout, "
           "saw %d",
           status);
    check_ledger(c, &ledger);
    expect(c, c->may_report || c->server.err_bytes == 0,
           "expected nothing on stderr");
    process_free(&c->server);
}

void stop_server(struct check *c)
{
    if (c->is_page) {
        process_free(&c->server);
        return;
    }
    ask_to_stop(c);
    finish_server(c);
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
    expect(p->c, served, "expected a new client to be served in %u ms, saw: %s",
           within_ms, p->problem);
}

bool is_controlled(struct check *c)
{
    uint64_t limit = clock_in_ms(CONTROL_MS);
    c->control->may_fail = true;
    do {
        uint64_t begin_ns = clock_ns();
        bool served = join(c->control) && echo(c->control, 16);
        peer_close(c->control);
        if (served && ms_since(begin_ns) < 1000)
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
    bool over = true;
    p->c->cut = p->c->may_report = true;
    p->may_fail = true;
    if (join(p)) { /* refused by the system is refused as well */
        send_bytes(p, 16);
        over = receive_until_over(p);
    }
    p->may_fail = may_fail;
    expect(p->c, over && p->received == 0,
           "expected one client too many to be refused, saw: %s", p->problem);
    peer_close(p);
}

int lines_with(struct check *c, const char *words, const char *more)
{
    static char text[100000];
    int count = 0;
    process_copy_err(&c->server, text, sizeof text);
    for (char *line = strtok(text, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n"))
        count += strstr(line, words) != NULL && strstr(line, more) != NULL;
    return count;
}

int lines_within(struct check *c, const char *words, int count, uint32_t ms)
{
    wait_until(c, lines_with(c, words, "") >= count, ms);
    return lines_with(c, words, "");
}

void reported(struct check *c, const char *words)
{
    expect(c, lines_within(c, words, 1, 2000) > 0,
           "expected a line on stderr with \"%s\" in it", words);
}

void hold(struct check *c)
{
    if (process_hold(&c->server) == 0)
        skip(c, "no way to hold up a process here");
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

/* The calls of kinds first to last. */
static int64_t calls_from(struct check *c, int first, int last)
{
    struct process_counts counts;
    int64_t sum = 0;
    bool known = counts_of(c, &counts);
    for (int call = first; known && call <= last; call++)
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            sum += counts.calls[call][outcome];
    return sum;
}

int64_t calls_of(struct check *c, enum observe_call one,
                 enum observe_call other)
{
    return calls_from(c, (int)one, (int)one) +
           (one != other ? calls_from(c, (int)other, (int)other) : 0);
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

void expect_quiet(struct check *c, uint32_t ms)
{
    uint64_t begin_ns = clock_ns();
    uint64_t before_ns = 0;
    uint64_t cpu_ns = 0;
    int64_t calls = calls_from(c, 0, OBSERVE_CALL_COUNT - 1);
    bool has_cpu = process_cpu_ns(&c->server, &before_ns);
    pass_time(c, ms);
    if ((c->groups & GROUP_QUIET) == 0)
        return;
    int64_t passed_ms = ms_since(begin_ns);
    calls = calls_from(c, 0, OBSERVE_CALL_COUNT - 1) - calls;
    if (has_cpu && process_cpu_ns(&c->server, &cpu_ns))
        expect_less(c, (int64_t)(cpu_ns - before_ns) / 1000000, passed_ms / 10,
                    "ms of CPU time while there is nothing to do");
    else
        snprintf(c->note, sizeof c->note, "CPU time not to be had");
    expect_less(c, calls, passed_ms / 10 + 100,
                "calls while there is nothing to do");
}

void memory_flat(struct check *c, uint64_t before, uint64_t growth_bytes)
{
    uint64_t after = process_memory_bytes(&c->server);
    if (before != 0)
        expect_less(c, (int64_t)after / 1024,
                    (int64_t)(before + growth_bytes) / 1024 + 1,
                    "KiB of memory, little more than before");
}

struct usage usage_at_rest(struct check *c)
{
    enum { LOOKS_AT_MOST = 100, LOOKS_ALIKE = 6, LOOK_MS = 100 };
    struct usage usage = {0};
    for (int i = 0, alike = 0; i < LOOKS_AT_MOST && alike < LOOKS_ALIKE; i++) {
        int threads = process_threads(&c->server);
        int handles = process_handles(&c->server);
        bool is_same = threads == usage.threads && handles == usage.handles;
        alike = is_same ? alike + 1 : 1;
        usage =
            (struct usage){process_memory_bytes(&c->server), threads, handles};
        pass_time(c, LOOK_MS);
    }
    return usage;
}

void usage_flat(struct check *c, const struct usage *before,
                uint64_t growth_bytes)
{
    enum { MORE_THREADS = 1, MORE_HANDLES = 4 };
    struct usage after = usage_at_rest(c);
    memory_flat(c, before->memory_bytes, growth_bytes);
    expect_less(c, after.threads, before->threads + MORE_THREADS + 1,
                "threads, hardly more than before");
    expect_less(c, after.handles, before->handles + MORE_HANDLES + 1,
                "handles, hardly more than before");
}

/* ---- clients ------------------------------------------------------------- */

struct peer *new_peers(struct check *c, int count)
{
    struct peer *peers = &all_peers[c->peer_count];
    if (c->peer_count + count > PEERS_AT_MOST)
        die_saying(1, "PEERS_AT_MOST is too small");
    for (int i = 0; i < count; i++)
        peers[i] = (struct peer){
            .c = c, .tag = (uint32_t)++c->peer_count, .patience_ms = STEP_MS};
    return peers;
}

struct peer *joined_small(struct check *c, int count, int receive_buffer_bytes)
{
    struct peer *peers = new_peers(c, count);
    for (int i = 0; i < count; i++)
        peers[i].receive_buffer_bytes = receive_buffer_bytes;
    join_all(peers, count);
    return peers;
}

struct peer *joined(struct check *c, int count)
{
    return joined_small(c, count, 0);
}

void close_peers(struct check *c)
{
    end_helpers();
    close_all(all_peers, c->peer_count);
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
    *calls = calls_of(p->c, OBSERVE_recv, OBSERVE_send) +
             calls_of(p->c, OBSERVE_WSARecv, OBSERVE_WSASend);
    if (bytes_moved(p->c, &in, &out))
        return in == (int64_t)p->sent_ever && out == in;
    return *calls != before;
}

void send_until_stuck(struct peer *p)
{
    enum { STUCK_AFTER_MS = 400, PIECE_BYTES = 8192 };
    int64_t calls = 0;
    uint64_t limit = clock_in_ms(STUCK_AFTER_MS);
    if (p->c->server.counters == NULL)
        stuff(p, LOTS_BYTES);
    while (p->c->server.counters != NULL && clock_ns() < limit) {
        if (is_through(p, &calls)) {
            limit = clock_in_ms(STUCK_AFTER_MS);
            send_some(p, PIECE_BYTES);
        } else {
            pass_time(p->c,
                      1); /* another process: there is no event for this */
        }
    }
    expect_less(p->c, (int64_t)p->sent, LOTS_BYTES,
                "bytes taken from a client that does not read");
}

bool owes(struct peer *p)
{
    struct process_counts counts;
    return !counts_of(p->c, &counts) ||
           counts.items[OBSERVE_send] + counts.items[OBSERVE_WSASend] <
               (int64_t)p->sent_ever;
}

bool sees_reset(struct peer *p, uint32_t within_ms)
{
    WSAPOLLFD polled = {.fd = p->s, .events = POLLRDNORM};
    /* Data is there all the time: there is nothing to wait for. */
    wait_until(p->c,
               WSAPoll(&polled, 1, 0) > 0 &&
                   (polled.revents & (POLLERR | POLLHUP)) != 0,
               within_ms);
    return (polled.revents & (POLLERR | POLLHUP)) != 0;
}

void need_to_see_resets(struct check *c)
{
    if (wine_here() && strncmp(wine_version(), "10.", 3) == 0)
        skip(c, "Wine 10 shows no reset when both directions are full");
}

void echo_or_be_lost(struct peer *p)
{
    p->may_fail = true;
    if (p->state == PEER_OPEN && !echo(p, 50))
        expect(p->c, p->state != PEER_OPEN, "%s", p->problem);
    p->may_fail = false;
}

void expect_all_or_reset(struct peer *p)
{
    process_wait(&p->c->server, STOP_MS); /* by then all has come */
    bool is_reset = was_reset(p);
    receive_until_over(p);
    expect(p->c, p->received == p->sent || is_reset || p->state == PEER_BROKEN,
           "expected %llu bytes back or a reset, saw %llu and an orderly end",
           p->sent, p->received);
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
    while (!is_over && !helper->peers->c->failed &&
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
    expect(peers->c, helper->thread != NULL, "no thread beside the case");
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
