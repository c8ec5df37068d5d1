#include "run.h"

#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/report.h"
#include "../../common/stop.h"
#include "../forms.h"
#include "load.h"
#include "process.h"
#include "progress.h"
#include "wine.h"

enum {
    START_MS = 15000,
    STOP_MS = 20000,
    CONNECTS_AT_MOST = 12000 /* of churn in one run: about 16,000 ports stay in
                                TIME_WAIT for up to 4 minutes */
};

static struct {
    struct plan *plan;
    const struct run_options *options;
    struct prng prng;
    struct progress progress;
    uint64_t begun_ns;
    uint64_t order;     /* of the last sample */
    bool is_clean;      /* every server has ended as it should */
    bool one_processor; /* could be had */
} run;

/* ---- which program a row stands for -------------------------------------- */

static const char *const model_names[PLAN_MODELS] = {
    FORMS_CHAPTER_1, FORMS_CHAPTER_2, FORMS_CHAPTER_3, FORMS_CHAPTER_4,
    FORMS_CHAPTER_5};

enum { PROGRAM_BYTES = PATH_BYTES + 64 };

static bool is_form(const struct result_row *row)
{
    return row->form[0] != '\0' && row->form[0] != '-';
}

/* Without its ending: "...\05_iocp", "...\forms\05_iocp_batches". */
static void find_program(const struct result_row *row,
                         char program[PROGRAM_BYTES])
{
    char form[40] = "minimal";
    const char *folder = row->is_other_build ? run.options->other_directory
                                             : run.options->directory;
    const char *model = model_names[row->model - 1];
    sscanf(row->form, "forms/%39[^.]", form);
    if (is_form(row))
        snprintf(program, PROGRAM_BYTES, "%s\\forms\\%s_%s", folder, model,
                 form);
    else
        snprintf(program, PROGRAM_BYTES, "%s\\%s", folder, model);
}

/* A program of one page, minimal.c or one in forms/, takes a port only. */
static bool is_one_page(const struct result_row *row)
{
    return is_form(row) && strcmp(strrchr(row->form, '.'), ".c") == 0;
}

/* Counts what a patch adds and removes, from its first hunk on. For a program of
 * one page make has left one, by which it differs from minimal.c. */
static void count_lines(const char *program, struct result_row *row)
{
    char line[512];
    char path[PROGRAM_BYTES + 8];
    bool in_hunk = false;
    bool is_begin = true; /* of a line; fgets() cuts long ones up */
    snprintf(path, sizeof path, "%s.patch", program);
    FILE *file = utf8_open(path, "r");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        in_hunk = in_hunk || strncmp(line, "@@", 2) == 0;
        row->lines_added += in_hunk && is_begin && line[0] == '+';
        row->lines_removed += in_hunk && is_begin && line[0] == '-';
        is_begin = strchr(line, '\n') != NULL;
    }
    fclose(file);
}

/* Better now than when an hour has been measured. */
static void check_programs(void)
{
    char program[PROGRAM_BYTES];
    char path[PROGRAM_BYTES + 8];
    for (int i = 0; i < run.plan->row_count; i++) {
        struct result_row *row = &run.plan->rows[i];
        if (row->role == RESULT_PEER)
            continue;
        find_program(row, program);
        snprintf(path, sizeof path, "%s.exe", program);
        if (utf8_attributes(path) == INVALID_FILE_ATTRIBUTES)
            die_saying(2,
                       "there is no %s; `make` builds it, `make forms` the "
                       "forms",
                       path);
        if (is_form(row))
            count_lines(program, row);
    }
}

/* ---- the server of one launch -------------------------------------------- */

/* A message of several lines becomes one. */
static void flatten(char *message)
{
    for (; *message != '\0'; message++)
        if ((unsigned char)*message < ' ')
            *message = ' ';
}

static bool start_server(struct process *server, const struct result_row *row,
                         char failure[RESULT_TEXT_BYTES])
{
    char program[PROGRAM_BYTES];
    char command[PROGRAM_BYTES + 32];
    bool is_up = false;
    if (row->role == RESULT_PEER) {
        is_up = process_start_peer(server, row->form, START_MS, failure,
                                   RESULT_TEXT_BYTES);
    } else if (find_program(row, program), is_one_page(row)) {
        snprintf(command, sizeof command, "\"%s.exe\" {port}", program);
        is_up = process_start_peer(server, command, START_MS, failure,
                                   RESULT_TEXT_BYTES);
    } else {
        snprintf(command, sizeof command, "%s.exe", program);
        is_up = process_start(server, command, is_form(row) ? "" : row->form,
                              START_MS, failure, RESULT_TEXT_BYTES);
    }
    if (is_up && run.options->is_seam && row->is_other_build &&
        server->counters != NULL)
        snprintf(failure, RESULT_TEXT_BYTES,
                 "was built with the seam; DIR must hold a build with "
                 "OBSERVE=0");
    flatten(failure);
    return failure[0] == '\0';
}

/* Beyond its wall it is ended: seen on Wine 8, 01 waits for ever for a thread
 * that was made when nothing was left, and never ran. */
static void stop_server(struct process *server, const struct result_row *row,
                        bool is_at_wall)
{
    bool is_contracted = row->role != RESULT_PEER && !is_one_page(row);
    int status = 0;
    if (is_contracted && !is_at_wall && !stop_requested())
        status = process_stop(server, STOP_MS, NULL, NULL);
    process_free(server);
    if (status == 0)
        return;
    report("%02d %s did not stop cleanly (status %d)", row->model, row->form,
           status);
    run.is_clean = false;
}

/* Why a row has no figures: its server, or its connections, have failed. */
static void explain_failure(struct process *server, const struct load *load,
                            struct result_row *row)
{
    enum { ENDING_MS = 200 }; /* a crash takes a moment to become an end */
    char err[120];
    DWORD status = 0;
    if (stop_requested()) /* the server has heard of Ctrl+C as well */
        return;
    if (process_wait(server, ENDING_MS) < 0 ||
        !GetExitCodeProcess(server->process, &status)) {
        snprintf(row->failure, sizeof row->failure, "%s", load->failure);
        return;
    }
    process_copy_err(server, err, sizeof err);
    flatten(err);
    /* A crash ends with an NTSTATUS, which everyone knows in hexadecimal. */
    snprintf(row->failure, sizeof row->failure,
             status < 256 ? "the server ended with status %lu%s%.100s"
                          : "the server ended with status 0x%08lX%s%.100s",
             status, err[0] != '\0' ? ": " : "", err);
}

/* ---- one measurement ----------------------------------------------------- */

/* All that is read before and after. */
struct reading {
    struct process_counts counts;
    bool has_counts;
    uint64_t server_ns;
    uint64_t system_ns;
    uint64_t client_ns;
    uint64_t machine_ns;
    uint64_t requests;
    uint64_t client_requests;
};

static void read_all(struct process *server, struct reading *reading)
{
    *reading = (struct reading){.has_counts = false};
    reading->has_counts = process_counts(server, &reading->counts);
    reading->requests = wine_requests_of(server);
    reading->client_requests = wine_requests_of_self();
    process_cpu_ns(server, &reading->server_ns);
    wine_server_ns(&reading->system_ns);
    reading->client_ns = process_own_cpu_ns();
    process_busy_ns(&reading->machine_ns);
}

/* The client has its last echo, but the server may still have to return from
 * its last sends and start to receive again. Waits until it makes no more
 * calls; a server that never rests is given up on. */
static void settle(const struct process *server)
{
    enum { LOOKS_AT_MOST = 20, LOOKS_ALIKE = 2, LOOK_MS = 2 };
    static struct process_counts before;
    static struct process_counts now;
    int same_count = 0;
    process_counts(server, &now);
    for (int i = 0; i < LOOKS_AT_MOST && same_count < LOOKS_ALIKE; i++) {
        before = now;
        Sleep(LOOK_MS);
        process_counts(server, &now);
        same_count =
            memcmp(&before, &now, sizeof before) == 0 ? same_count + 1 : 0;
    }
}

/* How many sockets the server has open; 0: it does not count them. */
static LONG sockets_of(const struct process *server)
{
    return server->counters != NULL ? server->counters->live.sockets : 0;
}

/* Waits until the server has closed what the last block has left, or for a
 * while: its calls for that belong to no echo of the next one. */
static void wait_for_sockets(const struct process *server, LONG at_most)
{
    enum { WITHIN_MS = 3000, LOOK_MS = 5 };
    uint64_t end_ns = clock_in_ms(WITHIN_MS);
    while (sockets_of(server) > at_most && clock_ns() < end_ns)
        Sleep(LOOK_MS);
}

/* What the server has called between two readings, in the kinds of the
 * report. */
static void sort_calls(struct result_sample *sample,
                       const struct process_counts *before,
                       const struct process_counts *after)
{
    uint64_t event_waits = 0;
    for (int call = 0; call < OBSERVE_CALL_COUNT; call++) {
        enum observe_kind kind = observe_rows[call].kind;
        uint64_t calls = 0;
        for (int o = 0; o < OBSERVE_OUTCOME_COUNT; o++) {
            uint64_t more =
                (uint64_t)(after->calls[call][o] - before->calls[call][o]);
            sample->calls[kind][o] += more;
            calls += more;
        }
        if (kind != OBSERVE_WAIT && kind != OBSERVE_DEQUEUE)
            continue;
        sample->waits += calls;
        if (call == OBSERVE_WSAWaitForMultipleEvents)
            event_waits = calls;
        else
            sample->found +=
                (uint64_t)(after->items[call] - before->items[call]);
    }
    /* An event only says that there is something: what has completed is taken
     * with WSAGetOverlappedResult, and that may be more than one. */
    const uint64_t *taken = sample->calls[OBSERVE_RESULT];
    if (event_waits > 0)
        sample->found += taken[OBSERVE_DONE] + taken[OBSERVE_FAILED];
}

static void fill_sample(struct result_row *row, const struct load_run *load,
                        const struct reading *before,
                        const struct reading *after, const struct process *p)
{
    struct result_sample *sample = &row->samples[row->sample_count++];
    *sample = (struct result_sample){
        .order = ++run.order,
        .at_ns = clock_ns() - run.begun_ns - load->whole_ns,
        .echoes = load->echoes,
        .all_echoes = load->all_echoes,
        .elapsed_ns = load->elapsed_ns,
        .whole_ns = load->whole_ns,
        .waited_ns = load->waited_ns,
        .server_ns = after->server_ns - before->server_ns,
        .system_ns = after->system_ns - before->system_ns,
        .client_ns = after->client_ns - before->client_ns,
        .machine_ns = after->machine_ns - before->machine_ns,
        .requests = after->requests - before->requests,
        .p50_ns = histogram_percentile_ns(&load->latency, 50),
        .due_count = load->due_count,
        .late_count = load->late_count,
        .memory_bytes = process_memory_bytes(p),
        .threads = (uint64_t)process_threads(p),
        .handles = (uint64_t)process_handles(p)};
    if (sample->requests > 0)
        sample->all_requests =
            sample->requests + after->client_requests - before->client_requests;
    row->has_counts = before->has_counts;
    if (row->has_counts)
        sort_calls(sample, &before->counts, &after->counts);
}

static void fill_load_plan(const struct result_block *block,
                           struct load_plan *plan)
{
    *plan = (struct load_plan){
        .kind = block->scenario == RESULT_PACED   ? LOAD_PACED
                : block->scenario == RESULT_CHURN ? LOAD_CHURN
                                                  : LOAD_CLOSED,
        .connection_count = block->connection_count,
        .idle_count = block->idle_count,
        .message_bytes = (size_t)block->message_bytes,
        .rate_per_s = (double)block->rate_per_s,
        .pause_ms = block->scenario == RESULT_IDLE ? 1 : 0,
        .connects_at_most =
            (uint64_t)(CONNECTS_AT_MOST /
                       (block->row_count * PLAN_LAUNCHES_AT_LEAST))};
}

/* Sends on the connections for as long as the block says; keeps what came. */
static bool measure(struct process *server, struct load *load,
                    const struct result_block *block, struct result_row *row)
{
    static struct reading before;
    static struct reading after;
    static struct load_run done; /* 30 KB: not on the stack */
    settle(server);
    read_all(server, &before);
    if (load_run(load, (uint64_t)block->window_ms * 1000000, stop_event(),
                 &done) != LOAD_DONE)
        return false;
    settle(server);
    read_all(server, &after);
    fill_sample(row, &done, &before, &after, server);
    histogram_merge(&row->latency, &done.latency);
    if (row->echoes_by_connection != NULL)
        for (int i = 0; i < block->connection_count; i++)
            row->echoes_by_connection[i] += load->connections[i].echoes;
    return true;
}

/* How many processors everything may use while a row is measured; 0: all. */
static int processors_of(const struct result_block *block,
                         const struct result_row *row)
{
    bool is_work =
        block->scenario == RESULT_WORK || block->scenario == RESULT_SIZES;
    return is_work ? 1 : row->processors;
}

/* Connects to a server that runs, measures it, and closes. */
static void measure_row(struct process *server,
                        const struct result_block *block,
                        struct result_row *row)
{
    static struct load load;
    struct load_plan plan;
    int processors = processors_of(block, row);
    bool is_limited = processors_use(processors);
    processors_use_by(server->process, processors);
    if (processors == 1)
        run.one_processor = run.one_processor && is_limited;
    fill_load_plan(block, &plan);
    bool good = load_open(&load, server->host, server->port, &plan);
    if (good && plan.idle_count > 0) {
        int served = load_open_idle(&load, stop_event());
        row->wall = served < plan.idle_count ? served : 0;
    }
    if (good && !stop_requested())
        good = measure(server, &load, block, row);
    if (!good)
        explain_failure(server, &load, row);
    load_close(&load);
}

/* ---- launches ------------------------------------------------------------ */

static struct result_row *row_at(const struct plan_series *series, int block,
                                 int rung)
{
    int first = run.plan->blocks[series->first_block + block].first_row;
    return &run.plan->rows[first + rung];
}

/* Starts one server and measures it in every block, up to its wall or its first
 * failure. */
static void launch_rung(const struct plan_series *series, int rung, int launch)
{
    static struct process server;
    char failure[RESULT_TEXT_BYTES] = "";
    struct result_row *first = row_at(series, 0, rung);
    for (int b = 0; b < series->block_count; b++)
        if (row_at(series, b, rung)->failure[0] != '\0')
            return; /* in the launch before */
    processors_use(0);
    bool is_at_wall = false;
    bool is_up = start_server(&server, first, failure);
    settle(&server);
    LONG sockets = sockets_of(&server);
    for (int b = 0; b < series->block_count && !stop_requested(); b++) {
        const struct result_block *block =
            &run.plan->blocks[series->first_block + b];
        struct result_row *row = row_at(series, b, rung);
        char what[160];
        if (launch >= block->launch_count)
            continue;
        if (!is_up) {
            snprintf(row->failure, sizeof row->failure, "%s", failure);
            continue;
        }
        snprintf(what, sizeof what, "launch %d, %s: %s", launch + 1,
                 block->title, row->name);
        progress_step(&run.progress, what);
        wait_for_sockets(&server, sockets);
        measure_row(&server, block, row);
        is_at_wall = row->wall > 0;
        if (row->failure[0] != '\0' || is_at_wall)
            break; /* who knows what it would do next */
    }
    stop_server(&server, first, is_at_wall);
}

/* Every rung once, in random order. */
static void launch_all(const struct plan_series *series, int launch)
{
    int order[PLAN_ROWS_AT_MOST] = {0};
    int count = run.plan->blocks[series->first_block].row_count;
    for (int i = 0; i < count; i++)
        order[i] = i;
    prng_shuffle(&run.prng, order, count);
    for (int i = 0; i < count && !stop_requested(); i++) {
        launch_rung(series, order[i], launch);
        progress_done(&run.progress, plan_launch_ms(run.plan, series));
    }
}

/* Whether there is time for one more launch, when the last took that long. */
static bool has_time(int launches, uint64_t last_ns)
{
    uint64_t so_far_ns = clock_ns() - run.begun_ns;
    return launches < PLAN_LAUNCHES_AT_LEAST || run.options->limit_ns == 0 ||
           so_far_ns + last_ns <= run.options->limit_ns;
}

/* Of the launches of a series, this many at least measure something. */
static int launches_of(const struct plan_series *series)
{
    int most = 0;
    for (int b = 0; b < series->block_count; b++) {
        int launches = run.plan->blocks[series->first_block + b].launch_count;
        most = launches > most ? launches : most;
    }
    return most;
}

static int run_launches(void)
{
    int launch = 0;
    for (bool more = true; more && !stop_requested(); launch++) {
        uint64_t begun_ns = clock_ns();
        more = false;
        for (int s = 0; s < run.plan->series_count; s++) {
            const struct plan_series *series = &run.plan->series[s];
            int launches = launches_of(series);
            if (launch < launches)
                launch_all(series, launch);
            more = more || launch + 1 < launches;
            if (launches == 1) /* it will not come again */
                begun_ns = clock_ns();
        }
        more = more && has_time(launch + 1, clock_ns() - begun_ns);
    }
    return launch;
}

/* All launches as planned, or the time that there is. */
static long planned_ms(void)
{
    long sum = 0;
    if (run.options->limit_ns > 0)
        return (long)(run.options->limit_ns / 1000000);
    for (int s = 0; s < run.plan->series_count; s++) {
        const struct plan_series *series = &run.plan->series[s];
        sum += plan_launch_ms(run.plan, series) * launches_of(series) *
               run.plan->blocks[series->first_block].row_count;
    }
    return sum;
}

bool run_plan(struct plan *plan, const struct run_options *options,
              struct result *result)
{
    run.plan = plan;
    run.options = options;
    run.prng.state = options->seed;
    run.is_clean = true;
    run.one_processor = true;
    run.begun_ns = clock_ns();
    check_programs();
    progress_begin(&run.progress, planned_ms(), options->limit_ns > 0);
    result->settings.launch_count = run_launches();
    progress_end(&run.progress);
    processors_use(0);
    result->is_interrupted = stop_requested();
    result->elapsed_ns = clock_ns() - run.begun_ns;
    if (!run.one_processor)
        result->settings.remark =
            "Work could not be put on one processor (under Wine that takes "
            "taskset, of Debian's util-linux).";
    return run.is_clean;
}
