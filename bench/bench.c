/* bench: how fast the five servers are beside each other, and why.
 *
 * All servers are up during the whole run. For each connection count the
 * connections to all of them are opened; then come the rounds. In each round
 * every server is measured once, in random order, for a fraction of a second:
 * whatever else the machine does then hits all of them alike, and the ratio of
 * two servers is taken round by round. README.md says how to read the table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/process.h"
#include "harness/load.h"
#include "harness/environment.h"
#include "harness/statistics.h"
#include "report/progress.h"
#include "report/result.h"
#include "report/text.h"
#include "../common/clock.h"
#include "../common/net.h"
#include "../common/options.h"
#include "../common/report.h"
#include "../common/stop.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum {
    MODELS = 5,
    COUNTS_AT_MOST = 8,
    CONNECTIONS_AT_MOST = 4000,
    CANDIDATES_AT_MOST = 2 * MODELS + 1,
    MEMORY_AT_MOST = 64 << 20, /* bytes of messages under way */
    EXIT_INTERRUPTED = 130
};

static const char *const model_names[MODELS] = {"01_blocking", "02_nonblocking",
                                                "03_overlapped_event",
                                                "04_overlapped_apc", "05_iocp"};

/* ---- the command line ---------------------------------------------------- */

static struct {
    const char *command;   /* "seam", or NULL */
    const char *directory; /* of the other build, for seam */
    const char *connections;
    const char *servers;
    long message_bytes;
    long round_count;
    long round_ms;
    long seed; /* 0: one that differs from run to run */
} given = {.connections = "1,16,128",
           .servers = "01,02,03,04,05",
           .message_bytes = 64,
           .round_count = 12,
           .round_ms = 200};

static const struct option option_table[] = {
    {"", "seam", "measure what the seam costs: this build beside the one in",
     OPTION_TEXT, &given.command, 0, 0},
    {"", "DIR", "that has the servers built with OBSERVE=0", OPTION_TEXT,
     &given.directory, 0, 0},
    {"--connections", "LIST", "connection counts; default 1,16,128",
     OPTION_TEXT, &given.connections, 0, 0},
    {"--size", "BYTES", "of one message; default 64", OPTION_NUMBER,
     &given.message_bytes, 1, 1 << 20},
    {"--rounds", "N", "rounds that count; one more warms up; default 12",
     OPTION_NUMBER, &given.round_count, 1, 200},
    {"--round-ms", "N", "length of one round; default 200", OPTION_NUMBER,
     &given.round_ms, 10, 60000},
    {"--servers", "LIST",
     "the first is what the others are relative to; default 01,02,03,04,05",
     OPTION_TEXT, &given.servers, 0, 0},
    {"--seed", "N", "order of the servers and resampling; default 0: random",
     OPTION_NUMBER, &given.seed, 0, 2147483647},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* What the texts above come to. */
struct plan {
    int connection_counts[COUNTS_AT_MOST];
    int count_count;
    int models[MODELS]; /* index into model_names */
    int model_count;
};

static void print_help(void)
{
    printf("bench: measures the five echo servers beside each other\n\n"
           "  bench [OPTIONS]            the table of all five\n"
           "  bench seam DIR [OPTIONS]   what the seam (counters) costs\n\n");
    options_print(option_table);
    printf("  %-26s %s\n  %-26s %s\n", "--help", "print this", "--version",
           "print the version");
    printf("\nCtrl+C ends it and prints what was measured so far. Exit status: "
           "0 all measured,\n1 a server failed, 2 wrong usage, 130 ended by "
           "Ctrl+C.\n");
}

/* Whether count stands in the plan already. */
static bool is_planned(const struct plan *plan, long count)
{
    for (int i = 0; i < plan->count_count; i++)
        if (plan->connection_counts[i] == count)
            return true;
    return false;
}

/* Reads "1,16,128". */
static void parse_connections(struct plan *plan)
{
    const char *at = given.connections;
    for (;;) {
        int digits = (int)strspn(at, "0123456789");
        long count = digits >= 1 && digits <= 4 ? strtol(at, NULL, 10) : 0;
        at += digits;
        if (count < 1 || count > CONNECTIONS_AT_MOST ||
            (*at != ',' && *at != '\0') || is_planned(plan, count) ||
            plan->count_count == COUNTS_AT_MOST)
            die_saying(2,
                       "--connections takes up to %d different whole numbers "
                       "from 1 to %d, such as 1,16,128; not \"%.40s\"",
                       COUNTS_AT_MOST, CONNECTIONS_AT_MOST, given.connections);
        if (given.message_bytes > MEMORY_AT_MOST / count)
            die_saying(2,
                       "--connections times --size may be at most %d bytes; "
                       "%ld times %ld is more",
                       MEMORY_AT_MOST, count, given.message_bytes);
        plan->connection_counts[plan->count_count++] = (int)count;
        if (*at++ == '\0')
            return;
    }
}

/* Reads "02,05": the numbers of the chapters, each at most once. */
static void parse_servers(struct plan *plan)
{
    bool taken[MODELS] = {false};
    const char *at = given.servers;
    for (;;) {
        int model = -1;
        if (at[0] == '0' && at[1] >= '1' && at[1] < '1' + MODELS &&
            (at[2] == ',' || at[2] == '\0'))
            model = at[1] - '1';
        if (model < 0 || taken[model])
            die_saying(2,
                       "--servers takes numbers from 01 to 0%d, each once, "
                       "such as 02,05; not \"%.40s\"",
                       MODELS, given.servers);
        taken[model] = true;
        plan->models[plan->model_count++] = model;
        if (at[2] == '\0')
            return;
        at += 3;
    }
}

static void parse_command_line(int argc, char **argv, struct plan *plan)
{
    char message[200];
    report_set_program("bench", false);
    switch (options_parse(argc, argv, NULL, option_table, message,
                          sizeof message)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_HELP:
        print_help();
        exit(0);
    case OPTIONS_VERSION:
        printf("bench %s\n", VERSION);
        exit(0);
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    if (given.command != NULL && strcmp(given.command, "seam") != 0)
        die_saying(2, "\"%.40s\" is not a command; the only one is: seam DIR",
                   given.command);
    if (given.command != NULL && given.directory == NULL)
        die_saying(2, "seam needs a folder: the servers built with OBSERVE=0");
    if (given.directory != NULL) {
        DWORD attributes = GetFileAttributesA(given.directory);
        if (attributes == INVALID_FILE_ATTRIBUTES ||
            !(attributes & FILE_ATTRIBUTE_DIRECTORY))
            die_saying(2, "seam takes a folder; \"%.200s\" is none",
                       given.directory);
    }
    parse_connections(plan);
    parse_servers(plan);
    if (given.seed == 0)
        given.seed = (long)(clock_ns() / 1000 % 2147483647) + 1;
}

/* ---- the candidates ------------------------------------------------------ */

/* One server process that takes part. */
struct candidate {
    char name[RESULT_NAME_BYTES];
    char program[MAX_PATH + 64];
    int baseline; /* the candidate that it is relative to; may be itself */
    int group;    /* groups are shuffled, and the members within each */
    struct process process;
    bool is_prepared; /* process_free() is due */
    bool is_running;
    char failure[RESULT_FAILURE_BYTES]; /* why it takes no part any more */
};

static struct {
    struct candidate candidates[CANDIDATES_AT_MOST];
    int candidate_count;
    int control; /* the candidate that is its baseline under another name */
    struct prng prng;
    struct progress progress;
    struct result result;
    struct load loads[CANDIDATES_AT_MOST]; /* for one connection count */
    struct load_round round;               /* 30 KB: not on the stack */
} bench;

/* The folder of bench.exe, without the last separator. */
static void own_directory(char directory[MAX_PATH])
{
    DWORD length = GetModuleFileNameA(NULL, directory, MAX_PATH);
    DWORD error = GetLastError();
    char *separator =
        length > 0 && length < MAX_PATH ? strrchr(directory, '\\') : NULL;
    if (separator == NULL)
        die("GetModuleFileName", error);
    *separator = '\0';
}

/* Adds a candidate and returns its index. baseline -1: itself. */
static int add_candidate(int model, const char *suffix, const char *directory,
                         int baseline, int group)
{
    int index = bench.candidate_count++;
    struct candidate *c = &bench.candidates[index];
    snprintf(c->name, sizeof c->name, "%.2s%s", model_names[model], suffix);
    snprintf(c->program, sizeof c->program, "%s\\%s.exe", directory,
             model_names[model]);
    c->baseline = baseline < 0 ? index : baseline;
    c->group = group;
    return index;
}

/* All five, and the first of them a second time: the A/A control. */
static void list_race(const struct plan *plan, const char *directory)
{
    for (int i = 0; i < plan->model_count; i++) {
        add_candidate(plan->models[i], "", directory, i == 0 ? -1 : 0, i);
        if (i == 0)
            bench.control =
                add_candidate(plan->models[0], " again", directory, 0, MODELS);
    }
    bench.result.settings.relative_to = bench.candidates[0].name;
}

/* Each model twice, without the seam and with it, one right after the other. */
static void list_seam(const struct plan *plan, const char *directory)
{
    for (int i = 0; i < plan->model_count; i++) {
        int model = plan->models[i];
        int plain = add_candidate(model, " plain", given.directory, -1, i);
        if (i == 0)
            bench.control =
                add_candidate(model, " again", given.directory, plain, i);
        add_candidate(model, " seam", directory, plain, i);
    }
    bench.result.settings.relative_to = "plain";
    bench.result.settings.pooled = "with the seam relative to without";
}

/* ---- starting and stopping ----------------------------------------------- */

static void fail_candidate(struct candidate *c, const char *why)
{
    snprintf(c->failure, sizeof c->failure, "%s", why);
}

/* A message of several lines becomes one. */
static void flatten(char *message)
{
    for (; *message != '\0'; message++)
        if ((unsigned char)*message < ' ')
            *message = ' ';
}

static void start_candidates(void)
{
    enum { START_MS = 15000 };
    char message[600];
    for (int i = 0; i < bench.candidate_count && !stop_requested(); i++) {
        struct candidate *c = &bench.candidates[i];
        c->is_prepared = true;
        c->is_running = process_start(&c->process, c->program, "", START_MS,
                                      message, sizeof message);
        if (!c->is_running) {
            flatten(message);
            fail_candidate(c, message);
        } else if (given.command != NULL && c->baseline == i &&
                   c->process.counters != NULL) {
            fail_candidate(c, "was built with the seam; DIR must hold a build "
                              "with OBSERVE=0");
        }
    }
}

/* Stops all servers. After Ctrl+C they are killed: it must be over at once.
 * Returns whether all ended as they should. */
static bool stop_candidates(void)
{
    enum { STOP_MS = 20000 };
    bool clean = true;
    for (int i = 0; i < bench.candidate_count; i++)
        if (bench.candidates[i].is_running && !bench.result.interrupted)
            SetEvent(bench.candidates[i].process.stop_event);
    for (int i = 0; i < bench.candidate_count; i++) {
        struct candidate *c = &bench.candidates[i];
        if (c->is_running && !bench.result.interrupted) {
            int status = process_stop(&c->process, STOP_MS, NULL, NULL);
            if (status != 0) {
                report("bench: %s did not stop cleanly (status %d)", c->name,
                       status);
                clean = false;
            }
        }
        if (c->is_prepared)
            process_free(&c->process);
    }
    return clean;
}

/* ---- one measurement ----------------------------------------------------- */

/* What the seam counts, in the kinds of the cost card. A completion routine is
 * no call of the server. */
static enum result_kind kind_of(int call)
{
    switch (call) {
    case OBSERVE_recv:
    case OBSERVE_WSARecv:
        return RESULT_RECEIVE;
    case OBSERVE_send:
    case OBSERVE_WSASend:
        return RESULT_SEND;
    case OBSERVE_select:
    case OBSERVE_WSAPoll:
    case OBSERVE_WSAWaitForMultipleEvents:
    case OBSERVE_SleepEx:
        return RESULT_WAIT;
    case OBSERVE_GetQueuedCompletionStatus:
    case OBSERVE_GetQueuedCompletionStatusEx:
    case OBSERVE_WSAGetOverlappedResult:
        return RESULT_DEQUEUE;
    default:
        return RESULT_OTHER;
    }
}

static int64_t calls_of(const struct process_counts *counts, int call)
{
    int64_t sum = 0;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        sum += counts->calls[call][outcome];
    return sum;
}

/* Turns counts into what has been added since before. */
static void subtract_counts(struct process_counts *counts,
                            const struct process_counts *before)
{
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++) {
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            counts->calls[call][outcome] -= before->calls[call][outcome];
        counts->items[call] -= before->items[call];
    }
}

/* Sorts the calls of one round into the kinds of the cost card. */
static void sort_counts(struct result_round *round,
                        const struct process_counts *counts)
{
    static const int waits[] = {
        OBSERVE_select, OBSERVE_WSAPoll, OBSERVE_SleepEx,
        OBSERVE_GetQueuedCompletionStatus, OBSERVE_GetQueuedCompletionStatusEx};
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++)
        if (call != OBSERVE_completion_routine)
            round->calls[kind_of(call)] += calls_of(counts, call);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        round->waits += calls_of(counts, waits[i]);
        round->completions += counts->items[waits[i]];
    }
    /* An event only says that there is something: what has completed is taken
     * with WSAGetOverlappedResult, and that may be more than one. A server
     * with a port uses the same call, but its packets are counted already. */
    int64_t event_waits = calls_of(counts, OBSERVE_WSAWaitForMultipleEvents);
    round->waits += event_waits;
    if (event_waits > 0)
        round->completions +=
            calls_of(counts, OBSERVE_WSAGetOverlappedResult) -
            counts->calls[OBSERVE_WSAGetOverlappedResult][OBSERVE_WOULD_BLOCK];
}

/* Turns a failure of the load into words that also say whether the server is
 * still there. */
static void explain_failure(struct candidate *c, const struct load *load,
                            struct result_row *row)
{
    enum { ENDING_MS = 200 }; /* a crash takes a moment to become an end */
    char err[120];
    DWORD status = 0;
    if (process_wait(&c->process, ENDING_MS) < 0 ||
        !GetExitCodeProcess(c->process.process, &status)) {
        snprintf(row->failure, sizeof row->failure, "%s", load->failure);
        return;
    }
    process_copy_err(&c->process, err, sizeof err);
    flatten(err);
    /* A crash ends with an NTSTATUS, which everyone knows in hexadecimal. */
    snprintf(row->failure, sizeof row->failure,
             status < 256 ? "the server ended with status %lu%s%.100s"
                          : "the server ended with status 0x%08lX%s%.100s",
             status, err[0] != '\0' ? ": " : "", err);
    c->is_running = false;
    fail_candidate(c, row->failure);
}

/* Adds what was measured to the row. */
static void keep_round(struct result_row *row, const struct load *load,
                       const struct result_round *measured)
{
    row->rounds[row->round_count++] = *measured;
    histogram_merge(&row->latency, &bench.round.latency);
    for (int i = 0; i < row->connection_count; i++)
        row->echoes_by_connection[i] += load->connections[i].echoes;
}

/* The client has its last echo, but the server may still have to return from
 * its last sends and start to receive again. Waits until it makes no more
 * calls; a server that never rests is given up on. Writes the last counts, if
 * there are any. */
static void settle(const struct process *process, struct process_counts *counts)
{
    enum { LOOKS_AT_MOST = 20, LOOKS_ALIKE = 2, LOOK_MS = 2 };
    struct process_counts before;
    bool has_counts = process_counts(process, counts);
    int same_count = 0;
    for (int i = 0; i < LOOKS_AT_MOST && same_count < LOOKS_ALIKE; i++) {
        before = *counts;
        Sleep(LOOK_MS);
        if (has_counts)
            process_counts(process, counts);
        same_count =
            memcmp(&before, counts, sizeof before) == 0 ? same_count + 1 : 0;
    }
}

/* One round of one server. Returns false after Ctrl+C. */
static bool measure(int index, struct result_row *row, bool is_warm_up)
{
    struct candidate *c = &bench.candidates[index];
    struct load *load = &bench.loads[index];
    struct result_round measured = {0};
    struct process_counts before;
    struct process_counts after;
    row->has_counts = process_counts(&c->process, &before);
    uint64_t cpu_before = process_cpu_100ns(&c->process);
    enum load_outcome outcome = load_run(
        load, (uint64_t)given.round_ms * 1000000, stop_event(), &bench.round);
    if (outcome == LOAD_STOPPED)
        return false;
    if (outcome == LOAD_FAILED) {
        explain_failure(c, load, row);
        if (!stop_requested())
            return true;
        row->failure[0] = '\0'; /* the server heard of Ctrl+C as well */
        return false;
    }
    settle(&c->process, &after);
    measured.server_cpu_ns =
        (process_cpu_100ns(&c->process) - cpu_before) * 100;
    if (row->has_counts) {
        subtract_counts(&after, &before);
        sort_counts(&measured, &after);
    }
    measured.echoes = bench.round.echoes;
    measured.elapsed_ns = bench.round.elapsed_ns;
    measured.idle_ns = bench.round.idle_ns;
    measured.client_cpu_ns = bench.round.cpu_ns;
    if (!is_warm_up)
        keep_round(row, load, &measured);
    return true;
}

/* ---- all rounds of one connection count ---------------------------------- */

/* Writes the candidates in random order: groups at random, and the members of
 * each group at random, but one right after the other. */
static void draw_order(int order[CANDIDATES_AT_MOST])
{
    int groups[CANDIDATES_AT_MOST];
    int used = 0;
    for (int g = 0; g < CANDIDATES_AT_MOST; g++)
        groups[g] = g;
    prng_shuffle(&bench.prng, groups, CANDIDATES_AT_MOST);
    for (int g = 0; g < CANDIDATES_AT_MOST; g++) {
        int first = used;
        for (int i = 0; i < bench.candidate_count; i++)
            if (bench.candidates[i].group == groups[g])
                order[used++] = i;
        prng_shuffle(&bench.prng, order + first, used - first);
    }
}

static bool open_loads(struct result_row *rows)
{
    for (int i = 0; i < bench.candidate_count; i++) {
        struct candidate *c = &bench.candidates[i];
        if (stop_requested())
            return false;
        if (c->failure[0] != '\0')
            memcpy(rows[i].failure, c->failure, sizeof c->failure);
        else if (!load_open(&bench.loads[i], c->process.host, c->process.port,
                            rows[i].connection_count,
                            (size_t)given.message_bytes)) {
            explain_failure(c, &bench.loads[i], &rows[i]);
            load_close(&bench.loads[i]); /* the others need sockets too */
        }
    }
    return true;
}

static bool run_rounds(struct result_row *rows)
{
    int order[CANDIDATES_AT_MOST];
    for (long round = 0; round <= given.round_count; round++) {
        draw_order(order);
        for (int i = 0; i < bench.candidate_count; i++) {
            struct result_row *row = &rows[order[i]];
            char what[80];
            snprintf(what, sizeof what, "%d connection%s, %s %ld of %ld: %s",
                     row->connection_count,
                     row->connection_count == 1 ? "" : "s",
                     round == 0 ? "warm-up before round" : "round",
                     round == 0 ? 1 : round, given.round_count, row->name);
            if (row->failure[0] == '\0') {
                progress_step(&bench.progress, what, given.round_ms);
                if (!measure(order[i], row, round == 0))
                    return false;
            }
            progress_done(&bench.progress, 1);
        }
    }
    return true;
}

/* Returns false after Ctrl+C. */
static bool run_count(struct result_row *rows)
{
    bool complete = open_loads(rows) && run_rounds(rows);
    for (int i = 0; i < bench.candidate_count; i++) {
        if (rows[i].failure[0] == '\0' && rows[i].round_count > 0)
            rows[i].thread_count =
                process_threads(&bench.candidates[i].process);
        load_close(&bench.loads[i]);
    }
    return complete;
}

/* ---- the whole run ------------------------------------------------------- */

static void *allocate(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory == NULL)
        die_saying(1, "not enough memory for the results");
    return memory;
}

static void make_rows(const struct plan *plan)
{
    struct result *result = &bench.result;
    int candidates = bench.candidate_count;
    result->row_count = plan->count_count * candidates;
    result->rows = allocate((size_t)result->row_count, sizeof *result->rows);
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        const struct candidate *c = &bench.candidates[i % candidates];
        int first = i - i % candidates;
        memcpy(row->name, c->name, sizeof row->name);
        row->connection_count = plan->connection_counts[i / candidates];
        row->baseline = first + c->baseline;
        row->control = first + bench.control;
        row->rounds = allocate((size_t)given.round_count, sizeof *row->rounds);
        row->echoes_by_connection = allocate((size_t)row->connection_count,
                                             sizeof *row->echoes_by_connection);
    }
}

static void describe_settings(const struct plan *plan)
{
    static char servers[200];
    static char command[MAX_PATH];
    for (int i = 0; i < plan->model_count; i++)
        snprintf(servers + strlen(servers), sizeof servers - strlen(servers),
                 "%s%s", i > 0 ? " " : "", model_names[plan->models[i]]);
    if (given.command != NULL)
        snprintf(command, sizeof command, "seam %.200s", given.directory);
    else
        snprintf(command, sizeof command, "closed loop");
    struct result_settings *settings = &bench.result.settings;
    settings->command = command;
    settings->servers = servers;
    settings->connections = given.connections;
    settings->message_bytes = given.message_bytes;
    settings->round_count = given.round_count;
    settings->round_ms = given.round_ms;
    settings->seed = given.seed;
}

static void print_out(struct out *out)
{
    if (out->text != NULL)
        fwrite(out->text, 1, out->bytes, stdout);
    if (out->is_incomplete)
        printf("(not enough memory for the rest of the report)\n");
    fflush(stdout);
    free(out->text);
    *out = (struct out){0};
}

static void run_all(const struct plan *plan)
{
    int steps = (int)(given.round_count + 1) * bench.result.row_count;
    bool complete = true;
    progress_begin(&bench.progress, steps);
    for (int i = 0; complete && i < plan->count_count; i++)
        complete = run_count(&bench.result.rows[i * bench.candidate_count]);
    progress_end(&bench.progress);
    bench.result.interrupted = !complete;
}

static void free_rows(void)
{
    for (int i = 0; i < bench.result.row_count; i++) {
        free(bench.result.rows[i].rounds);
        free(bench.result.rows[i].echoes_by_connection);
    }
    free(bench.result.rows);
}

int main(int argc, char **argv)
{
    struct plan plan = {0};
    char directory[MAX_PATH];
    struct out out = {0};
    uint64_t begun_ns = clock_ns();
    parse_command_line(argc, argv, &plan);
    stop_install(NULL);
    net_start();

    own_directory(directory);
    if (given.command != NULL)
        list_seam(&plan, directory);
    else
        list_race(&plan, directory);
    bench.prng.state = (uint64_t)given.seed;
    environment_read(&bench.result.environment);
    describe_settings(&plan);
    make_rows(&plan);
    text_write_environment(&out, &bench.result);
    print_out(&out);

    start_candidates();
    run_all(&plan);
    bench.result.elapsed_ns = clock_ns() - begun_ns;
    result_compute(&bench.result);
    text_write_result(&out, &bench.result);
    print_out(&out);

    bool clean = stop_candidates() && !result_has_failure(&bench.result);
    int status = bench.result.interrupted ? EXIT_INTERRUPTED : !clean;
    free_rows();
    WSACleanup();
    stop_finished();
    return status;
}
