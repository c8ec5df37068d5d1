#include "run.h"

#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/report.h"
#include "../../common/stop.h"
#include "progress.h"
#include "load.h"
#include "measure.h"
#include "pool.h"

enum {
    HOT_BYTES = 4096,         /* what counts as one echo of a hot connection */
    CONNECTS_AT_MOST = 12000, /* of one run: about 16,000 ports stay in
                                 TIME_WAIT for up to 4 minutes */
    USUAL_RATE_PER_S = 250
};

static struct {
    struct plan *plan;
    const struct run_options *options;
    struct pool pool;
    int servers[PLAN_ROWS_AT_MOST]; /* of each row: index in pool */
    struct prng prng;
    struct progress progress;
    struct price_list *prices; /* the mean of those of all epochs */
    int price_count;           /* how many epochs that is */
    bool one_processor;
} run;

/* ---- which process a row stands for ----------------------------------------- */

static const char *const model_names[PLAN_MODELS] = {
    "01_blocking", "02_nonblocking", "03_overlapped_event", "04_overlapped_apc",
    "05_iocp"};

/* Counts what a patch adds and removes, from its first hunk on. For a program of
 * one page make has left one, by which it differs from minimal.c. */
static void count_lines(const char *path, struct result_row *row)
{
    char line[512];
    int added = 0;
    int removed = 0;
    bool in_hunk = false;
    bool is_begin = true; /* of a line; fgets() cuts long ones up */
    FILE *file = utf8_open(path, "r");
    if (file == NULL)
        return; /* it is missed when the server is started */
    while (fgets(line, sizeof line, file) != NULL) {
        in_hunk = in_hunk || strncmp(line, "@@", 2) == 0;
        added += in_hunk && is_begin && line[0] == '+';
        removed += in_hunk && is_begin && line[0] == '-';
        is_begin = strchr(line, '\n') != NULL;
    }
    fclose(file);
    if (added + removed > 0) /* minimal.c does not differ from itself */
        snprintf(row->lines, sizeof row->lines, "+%d -%d", added, removed);
}

/* A rung of a ladder that is not server.c. Returns its index in the pool. */
static int seat_form(struct result_row *row, int instance)
{
    char program[PATH_BYTES + 64];
    char name[40] = "minimal";
    sscanf(row->form, "forms/%39[^.]", name);
    snprintf(program, sizeof program, "%s\\forms\\%s_%s",
             run.options->directory, model_names[row->model - 1], name);
    size_t length = strlen(program);
    snprintf(program + length, sizeof program - length, ".patch");
    count_lines(program, row);
    snprintf(program + length, sizeof program - length, ".exe");
    const char *ending = strrchr(row->form, '.');
    if (ending != NULL && strcmp(ending, ".c") == 0) { /* takes a port only */
        char command[sizeof program + 16];
        snprintf(command, sizeof command, "\"%s\" {port}", program);
        return pool_add(&run.pool, POOL_PEER, command, "", instance);
    }
    return pool_add(&run.pool, POOL_SERVER, program, "", instance);
}

static int seat_row(struct result_row *row, int instance)
{
    char program[PATH_BYTES + 64];
    if (row->role == RESULT_PEER)
        return pool_add(&run.pool, POOL_PEER, row->form, "", instance);
    if (row->form[0] != '\0' && row->form[0] != '-')
        return seat_form(row, instance);
    snprintf(program, sizeof program, "%s\\%s.exe",
             instance >= PLAN_OTHER_BUILD ? run.options->other_directory
                                          : run.options->directory,
             model_names[row->model - 1]);
    return pool_add(&run.pool, POOL_SERVER, program, row->form, instance);
}

static struct pool_server *server_of(int row)
{
    return &run.pool.servers[run.servers[row]];
}

/* ---- one measurement --------------------------------------------------------- */

/* echoes/s of the same server in the speed block with as many connections; 0:
 * not measured yet. */
static double speed_of(const struct result_row *row)
{
    for (int i = 0; i < run.plan->row_count; i++) {
        const struct result_row *other = &run.plan->rows[i];
        const struct result_block *block = &run.plan->blocks[other->block];
        uint64_t echoes = 0;
        uint64_t elapsed_ns = 0;
        if (block->scenario != RESULT_SPEED || block->is_ladder ||
            other->connection_count != row->connection_count ||
            strcmp(other->name, row->name) != 0)
            continue;
        for (int e = 0; e < other->sample_count; e++) {
            echoes += other->samples[e].echoes;
            elapsed_ns += other->samples[e].elapsed_ns;
        }
        return elapsed_ns > 0 ? (double)echoes * 1e9 / (double)elapsed_ns : 0;
    }
    return 0;
}

static void fill_load_plan(const struct result_block *block,
                           const struct result_row *row, struct load_plan *plan)
{
    static const enum load_kind kinds[RESULT_SCENARIO_COUNT] = {
        [RESULT_WORK] = LOAD_CLOSED,   [RESULT_SPEED] = LOAD_CLOSED,
        [RESULT_MEMORY] = LOAD_CLOSED, [RESULT_PACED] = LOAD_PACED,
        [RESULT_HERD] = LOAD_CLOSED,   [RESULT_CHURN] = LOAD_CHURN,
        [RESULT_BULK] = LOAD_STREAM,   [RESULT_SKEW] = LOAD_PACED};
    double rate_per_s = (double)block->rate_per_s;
    if (block->load_percent > 0)
        rate_per_s = speed_of(row) * block->load_percent / 100;
    *plan = (struct load_plan){
        .kind = kinds[block->scenario],
        .connection_count = row->connection_count,
        .idle_count = row->idle_count,
        .has_hot = block->scenario == RESULT_SKEW,
        .hot_bytes = HOT_BYTES,
        .message_bytes = (size_t)block->message_bytes,
        .rate_per_s = rate_per_s > 0 ? rate_per_s : USUAL_RATE_PER_S,
        .connects_at_most =
            (uint64_t)(CONNECTS_AT_MOST /
                       (block->row_count * block->epoch_count)) +
            1};
}

/* Why a row has no figures: its server, or its connections, have failed. */
static void explain_failure(int index, const struct load *load)
{
    struct result_row *row = &run.plan->rows[index];
    if (stop_requested()) /* the server has heard of Ctrl+C as well */
        return;
    pool_explain(server_of(index), load->failure, row->failure,
                 sizeof row->failure);
}

/* Starts the server of a row unless it runs. */
static bool start_server(int index)
{
    struct result_row *row = &run.plan->rows[index];
    struct pool_server *server = server_of(index);
    bool is_up = pool_start(server);
    if (is_up && run.options->is_seam &&
        run.plan->instances[index] >= PLAN_OTHER_BUILD &&
        server->process.counters != NULL)
        snprintf(server->failure, sizeof server->failure,
                 "was built with the seam; DIR must hold a build with "
                 "OBSERVE=0");
    if (server->failure[0] != '\0')
        snprintf(row->failure, sizeof row->failure, "%s", server->failure);
    return row->failure[0] == '\0';
}

/* Opens the idle connections; keeps what memory they take. */
static bool open_idle(int index, struct load *load)
{
    enum { RESTING_MS = 50 };
    struct result_row *row = &run.plan->rows[index];
    const struct process *process = &server_of(index)->process;
    struct result_sample sample = {.echoes = 0};
    if (row->idle_count == 0)
        return true;
    Sleep(RESTING_MS);
    sample.memory_before_bytes = process_memory_bytes(process);
    bool opened = load_open_idle(load, stop_event());
    Sleep(RESTING_MS);
    sample.memory_after_bytes = process_memory_bytes(process);
    if (opened && run.plan->blocks[row->block].scenario == RESULT_MEMORY)
        row->samples[row->sample_count++] = sample;
    return opened;
}

/* Connects to a server that runs, measures it, and closes. */
static void measure_row(const struct result_block *block, int index, int epoch)
{
    static struct load load;
    struct result_row *row = &run.plan->rows[index];
    struct process *process = &server_of(index)->process;
    struct load_plan plan;
    fill_load_plan(block, row, &plan);
    bool good = load_open(&load, process->host, process->port, &plan) &&
                open_idle(index, &load);
    if (good && block->scenario != RESULT_MEMORY)
        good =
            measure_sample(process, &load, (uint64_t)block->window_ms * 1000000,
                           stop_event(), epoch, row) == MEASURE_DONE;
    if (good)
        row->thread_count = process_threads(process);
    else
        explain_failure(index, &load);
    load_close(&load);
}

/* How many processors everything may use while a row is measured; 0: all. */
static int processors_of(const struct result_block *block,
                         const struct result_row *row)
{
    return block->scenario == RESULT_WORK ? 1 : row->processors;
}

/* A machine is not equally fast all the time: prices are taken anew beside each
 * measurement of the work, and their mean counts. */
static void measure_prices(void)
{
    struct price_list now;
    progress_step(&run.progress, "measuring what calls cost");
    processors_use(1);
    if (!prices_measure(&now))
        return;
    run.price_count++;
    run.prices->is_known = true;
    for (int i = 0; i < PRICE_COUNT; i++) {
        struct figure *mean = &run.prices->us[i];
        mean->known = true;
        mean->value += (now.us[i].value - mean->value) / run.price_count;
    }
}

/* ---- blocks and epochs -------------------------------------------------------- */

/* Writes the rows of a block in random order: groups at random, and the members
 * of each group at random, but one right after the other. */
static void draw_order(const struct result_block *block,
                       int order[PLAN_ROWS_AT_MOST])
{
    int groups[PLAN_ROWS_AT_MOST];
    int used = 0;
    for (int i = 0; i < block->row_count; i++)
        groups[i] = block->first_row + i;
    prng_shuffle(&run.prng, groups, block->row_count);
    for (int g = 0; g < block->row_count; g++) {
        int first = used;
        for (int i = 0; i < block->row_count; i++)
            if (plan_group(run.plan, block->first_row + i) == groups[g])
                order[used++] = block->first_row + i;
        prng_shuffle(&run.prng, order + first, used - first);
    }
}

/* Measures every row once. */
static void run_round(const struct result_block *block, int epoch)
{
    int order[PLAN_ROWS_AT_MOST];
    draw_order(block, order);
    for (int i = 0; i < block->row_count && !stop_requested(); i++) {
        struct result_row *row = &run.plan->rows[order[i]];
        int processors = processors_of(block, row);
        char what[160];
        snprintf(what, sizeof what, "launch %d of %d, %s: %s", epoch + 1,
                 block->epoch_count, block->title, row->name);
        progress_step(&run.progress, what);
        bool limited = processors_use(processors);
        if (processors == 1)
            run.one_processor = run.one_processor && limited;
        if (row->failure[0] == '\0' && start_server(order[i])) {
            processors_use_by(server_of(order[i])->process.process, processors);
            measure_row(block, order[i], epoch);
        }
        progress_done(&run.progress, plan_window_ms(run.plan, order[i]));
    }
}

/* A machine is faster at one moment and slower at another: several short rounds
 * share that out better than one long one. */
static void run_block(const struct result_block *block, int epoch)
{
    if (block->scenario == RESULT_WORK)
        measure_prices();
    for (int i = 0; i < block->round_count && !stop_requested(); i++)
        run_round(block, epoch);
}

/* Every block once, each with fresh servers: one that has served 128 clients has
 * more threads than one that has not. In the first epoch in the order of the
 * plan: a rate in percent needs to know the speed. */
static bool run_epoch(int epoch)
{
    int order[PLAN_BLOCKS_AT_MOST] = {0};
    bool clean = true;
    for (int i = 0; i < run.plan->block_count; i++)
        order[i] = i;
    if (epoch > 0)
        prng_shuffle(&run.prng, order, run.plan->block_count);
    for (int i = 0; i < run.plan->block_count && !stop_requested(); i++) {
        const struct result_block *block = &run.plan->blocks[order[i]];
        if (epoch >= block->epoch_count)
            continue;
        run_block(block, epoch);
        processors_use(0);
        clean = pool_stop(&run.pool, stop_requested()) && clean;
    }
    return clean;
}

bool run_plan(struct plan *plan, const struct run_options *options,
              struct price_list *prices, bool *interrupted, bool *one_processor)
{
    bool clean = true;
    long total_ms = 0;
    long done_ms = 0;
    uint64_t begun_ns = clock_ns();
    run.plan = plan;
    run.options = options;
    run.prices = prices;
    run.prng.state = options->seed;
    run.one_processor = true;
    for (int i = 0; i < plan->row_count; i++) {
        run.servers[i] = seat_row(&plan->rows[i], plan->instances[i]);
        if (run.servers[i] < 0)
            die_saying(2, "more than %d servers at once", POOL_AT_MOST);
    }
    for (int epoch = 0; epoch < plan->epoch_count; epoch++)
        total_ms += plan_epoch_ms(plan, epoch);
    progress_begin(&run.progress, total_ms);
    for (int epoch = 0; epoch < plan->epoch_count && !stop_requested();
         epoch++) {
        uint64_t spent_ns = clock_ns() - begun_ns;
        long next_ms = plan_epoch_ms(plan, epoch);
        if (epoch >= RUN_EPOCHS_AT_LEAST && options->limit_ns > 0 &&
            (double)spent_ns * (1 + (double)next_ms / (double)done_ms) >
                (double)options->limit_ns)
            break;
        clean = run_epoch(epoch) && clean;
        done_ms += next_ms;
    }
    progress_end(&run.progress);
    *interrupted = stop_requested();
    *one_processor = run.one_processor;
    return clean;
}
