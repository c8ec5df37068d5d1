#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- blocks -------------------------------------------------------------- */

/* What a scenario is measured with unless something else is asked for. */
struct habit {
    int connections[PLAN_COUNTS_AT_MOST];      /* ends with 0 */
    int more_connections[PLAN_COUNTS_AT_MOST]; /* when there is time */
    long message_bytes;
    long rate_per_s;
    long window_ms;
    int round_count;
};

static const struct habit habits[RESULT_SCENARIO_COUNT] = {
    [RESULT_WORK] = {{16}, {16}, 64, 0, 130, 3},
    [RESULT_SPEED] = {{1, 16, 64}, {1, 4, 16, 64, 256, 1000}, 64, 0, 180, 1},
    [RESULT_MEMORY] = {{1}, {1}, 64, 0, 0, 1},
    [RESULT_PACED] = {{16}, {16}, 64, 250, 500, 1},
    [RESULT_HERD] = {{16}, {16}, 64, 0, 250, 1},
    [RESULT_CHURN] = {{16}, {16}, 64, 0, 250, 1},
    [RESULT_BULK] = {{4}, {4}, 65536, 0, 400, 1},
    [RESULT_SKEW] = {{16}, {16}, 64, 100, 400, 1}};

static void make_title(struct result_block *block)
{
    const char *name = result_words(block->scenario)->name;
    int count = block->connection_count;
    const char *s = count == 1 ? "" : "s";
    char *title = block->title;
    size_t size = sizeof block->title;
    if (block->scenario == RESULT_MEMORY)
        snprintf(title, size, "%s", name);
    else if (block->load_percent > 0)
        snprintf(title, size,
                 "%s, %d %% of each server's speed, %d connection%s", name,
                 block->load_percent, count, s);
    else if (block->rate_per_s > 0)
        snprintf(title, size,
                 "%s, %ld requests/s over %d connection%s, %ld bytes", name,
                 block->rate_per_s, count, s, block->message_bytes);
    else
        snprintf(title, size, "%s, %d connection%s, %ld bytes", name, count, s,
                 block->message_bytes);
}

static long chosen(long asked, long usual)
{
    return asked > 0 ? asked : usual;
}

static struct result_block *add_block(struct plan *plan,
                                      const struct plan_request *request,
                                      enum result_scenario scenario,
                                      int connection_count)
{
    enum { PER_CONNECTION_MS = 4 };
    static struct result_block spare;
    const struct habit *habit = &habits[scenario];
    if (plan->block_count == PLAN_BLOCKS_AT_MOST) {
        plan->is_incomplete = true;
        return &spare;
    }
    struct result_block *block = &plan->blocks[plan->block_count++];
    block->scenario = scenario;
    block->connection_count = connection_count;
    block->message_bytes = chosen(request->message_bytes, habit->message_bytes);
    block->rate_per_s = habit->rate_per_s > 0
                            ? chosen(request->rate_per_s, habit->rate_per_s)
                            : 0;
    block->window_ms = chosen(request->window_ms, habit->window_ms);
    /* Each connection needs its 20 echoes, in all launches together. */
    if (request->window_ms == 0 && block->window_ms > 0 &&
        connection_count * PER_CONNECTION_MS > block->window_ms)
        block->window_ms = (long)connection_count * PER_CONNECTION_MS;
    block->round_count = habit->round_count;
    block->epoch_count = plan->epoch_count;
    if (request->is_short && request->epoch_count == 0 &&
        scenario != RESULT_WORK)
        block->epoch_count = 3; /* more does not fit into a minute */
    block->first_row = plan->row_count;
    make_title(block);
    return block;
}

/* ---- rows ---------------------------------------------------------------- */

/* Adds a row to the last block and returns its index. baseline -1: itself. */
static int add_row(struct plan *plan, enum result_role role, int model,
                   const char *name, const char *form, int baseline)
{
    if (plan->row_count == PLAN_ROWS_AT_MOST || plan->block_count == 0 ||
        plan->is_incomplete) {
        plan->is_incomplete = true;
        return 0;
    }
    int index = plan->row_count++;
    struct result_row *row = &plan->rows[index];
    struct result_block *block = &plan->blocks[plan->block_count - 1];
    block->row_count++;
    snprintf(row->name, sizeof row->name, "%s", name);
    snprintf(row->form, sizeof row->form, "%s", form);
    row->role = role;
    row->model = model;
    row->block = plan->block_count - 1;
    row->connection_count = block->connection_count;
    row->baseline = baseline < 0 ? index : baseline;
    row->control = -1;
    plan->instances[index] = role == RESULT_CONTROL;
    return index;
}

/* All rows of the last block have the same control. */
static void set_control(struct plan *plan, int control)
{
    const struct result_block *block = &plan->blocks[plan->block_count - 1];
    for (int i = 0; i < block->row_count; i++)
        plan->rows[block->first_row + i].control = control;
}

static void begin_plan(struct plan *plan, const struct plan_request *request)
{
    enum { EPOCHS = 5 };
    memset(plan, 0, sizeof *plan);
    plan->epoch_count = (int)chosen(request->epoch_count, EPOCHS);
    plan->rows = calloc(PLAN_ROWS_AT_MOST, sizeof *plan->rows);
    plan->instances = calloc(PLAN_ROWS_AT_MOST, sizeof *plan->instances);
    plan->is_incomplete = plan->rows == NULL || plan->instances == NULL;
}

/* ---- the race ------------------------------------------------------------ */

static void add_race(struct plan *plan, const struct plan_request *request,
                     struct result_block *block)
{
    char name[RESULT_NAME_BYTES];
    int baseline = -1;
    int control = -1;
    for (int i = 0; i < request->model_count; i++) {
        int model = request->models[i];
        snprintf(name, sizeof name, "%02d", model);
        int row = add_row(plan, RESULT_MODEL, model, name, "", baseline);
        if (i > 0)
            continue;
        baseline = row;
        snprintf(block->relative_to, sizeof block->relative_to, "%s", name);
        snprintf(name, sizeof name, "%02d again", model);
        control = add_row(plan, RESULT_CONTROL, model, name, "", baseline);
    }
    if (request->peer_name != NULL)
        add_row(plan, RESULT_PEER, 0, request->peer_name, request->peer_command,
                baseline);
    set_control(plan, control);
}

/* How many idle connections there are beside the others. */
static int list_idle(const struct plan_request *request, const int **idle)
{
    static const int usual[] = {200, 800};
    static const int usual_short[] = {100};
    *idle = request->is_short ? usual_short : usual;
    if (request->idle_count == 0)
        return request->is_short ? 1 : 2;
    *idle = request->idle;
    return request->idle_count;
}

/* Each server alone and beside every number of idle connections; each of these
 * is a process of its own, so that they can alternate. */
static void add_herd(struct plan *plan, const struct plan_request *request,
                     struct result_block *block)
{
    const int *idle = NULL;
    int idle_count = list_idle(request, &idle);
    char name[RESULT_NAME_BYTES];
    int control = -1;
    snprintf(block->relative_to, sizeof block->relative_to, "no herd");
    plan->is_paired[plan->block_count - 1] = true;
    for (int i = 0; i < request->model_count; i++) {
        int model = request->models[i];
        snprintf(name, sizeof name, "%02d", model);
        int alone = add_row(plan, RESULT_MODEL, model, name, "", -1);
        if (i == 0) {
            snprintf(name, sizeof name, "%02d again", model);
            control = add_row(plan, RESULT_CONTROL, model, name, "", alone);
        }
        for (int j = 0; j < idle_count; j++) {
            snprintf(name, sizeof name, "%02d +%d", model, idle[j]);
            int row = add_row(plan, RESULT_MODEL, model, name, "", alone);
            plan->rows[row].idle_count = idle[j];
            plan->instances[row] = 2 + j;
        }
    }
    set_control(plan, control);
}

/* The memory of each server before and with the most idle connections. Once: it
 * hardly differs from launch to launch. */
static void add_memory(struct plan *plan, const struct plan_request *request,
                       struct result_block *block)
{
    const int *idle = NULL;
    int count = list_idle(request, &idle);
    int first = plan->row_count;
    char name[RESULT_NAME_BYTES];
    block->epoch_count = 1;
    snprintf(block->title, sizeof block->title, "memory, %d idle connections",
             idle[count - 1]);
    snprintf(block->relative_to, sizeof block->relative_to, "%02d",
             request->models[0]);
    for (int i = 0; i < request->model_count; i++) {
        snprintf(name, sizeof name, "%02d", request->models[i]);
        int row =
            add_row(plan, RESULT_MODEL, request->models[i], name, "", first);
        plan->rows[row].idle_count = idle[count - 1];
    }
}

static void add_loads(struct plan *plan, const struct plan_request *request,
                      int connection_count)
{
    static const int percents[] = {10, 30, 50, 70, 90};
    for (int i = 0; i < 5; i++) {
        struct result_block *block =
            add_block(plan, request, RESULT_PACED, connection_count);
        block->load_percent = percents[i];
        make_title(block);
        add_race(plan, request, block);
    }
}

/* 04 and 05 with as many processors and workers as given. */
static void add_scaling(struct plan *plan, const struct plan_request *request)
{
    struct result_block *block = add_block(plan, request, RESULT_SPEED, 16);
    char name[24];
    char form[RESULT_FORM_BYTES];
    block->is_ladder = true;
    plan->is_paired[plan->block_count - 1] = true;
    snprintf(block->title, sizeof block->title, "scaling, 16 connections");
    snprintf(block->relative_to, sizeof block->relative_to, "on 1");
    for (int model = 4; model <= 5; model++) {
        int first = -1;
        const int counts[] = {1, 2, request->processors};
        for (int i = 0; i < 3; i++) {
            int count = counts[i];
            if (count > request->processors || (i == 2 && count <= 2))
                continue;
            snprintf(name, sizeof name, "%02d on %d", model, count);
            snprintf(form, sizeof form, "--workers %d", count);
            int row = add_row(plan, RESULT_MODEL, model, name, form, first);
            plan->rows[row].processors = count;
            first = first < 0 ? row : first;
        }
    }
}

static void add_scenario(struct plan *plan, const struct plan_request *request,
                         enum result_scenario scenario)
{
    const int *counts = request->is_short ? habits[scenario].connections
                                          : habits[scenario].more_connections;
    int count = 0;
    while (count < PLAN_COUNTS_AT_MOST && counts[count] > 0)
        count++;
    if (request->connections_count > 0 && scenario != RESULT_MEMORY) {
        counts = request->connections;
        count = request->connections_count;
    }
    for (int i = 0; i < count; i++) {
        if (scenario == RESULT_PACED && request->rate_per_s == 0) {
            add_loads(plan, request, counts[i]);
            continue;
        }
        struct result_block *block =
            add_block(plan, request, scenario, counts[i]);
        if (scenario == RESULT_HERD)
            add_herd(plan, request, block);
        else if (scenario == RESULT_MEMORY)
            add_memory(plan, request, block);
        else
            add_race(plan, request, block);
    }
}

void plan_race(struct plan *plan, const struct plan_request *request)
{
    begin_plan(plan, request);
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++)
        if (request->scenarios[s])
            add_scenario(plan, request, (enum result_scenario)s);
    if (request->has_scaling)
        add_scaling(plan, request);
}

static void add_builds(struct plan *plan, const struct plan_request *request,
                       const char *other, const char *this_one)
{
    int control = -1;
    char name[RESULT_NAME_BYTES];
    plan->is_paired[plan->block_count - 1] = true;
    for (int i = 0; i < request->model_count; i++) {
        int model = request->models[i];
        snprintf(name, sizeof name, "%02d %s", model, other);
        int old = add_row(plan, RESULT_MODEL, model, name, "", -1);
        plan->instances[old] = PLAN_OTHER_BUILD;
        if (i == 0) {
            snprintf(name, sizeof name, "%02d again", model);
            control = add_row(plan, RESULT_CONTROL, model, name, "", old);
            plan->instances[control] = PLAN_OTHER_BUILD + 1;
        }
        snprintf(name, sizeof name, "%02d %s", model, this_one);
        add_row(plan, RESULT_MODEL, model, name, "", old);
    }
    set_control(plan, control);
}

void plan_builds(struct plan *plan, const struct plan_request *request,
                 const char *other, const char *this_one)
{
    static const enum result_scenario views[] = {RESULT_WORK, RESULT_SPEED};
    static const int usual[] = {16};
    const int *counts =
        request->connections_count > 0 ? request->connections : usual;
    int count = request->connections_count > 0 ? request->connections_count : 1;
    begin_plan(plan, request);
    for (int v = 0; v < 2; v++)
        for (int c = 0; c < count; c++) {
            struct result_block *block =
                add_block(plan, request, views[v], counts[c]);
            snprintf(block->relative_to, sizeof block->relative_to, "%s",
                     other);
            add_builds(plan, request, other, this_one);
        }
}

/* ---- ladders ------------------------------------------------------------- */

struct rung {
    const char *name; /* at most 15 characters; NULL: the end */
    const char *form; /* as in struct result_row */
    int processors;   /* as in struct result_row */
};

struct ladder {
    int model;
    enum result_scenario scenario;
    int connection_count;
    struct rung rungs[14];
};

/* Every rung is compared with the server as it starts without options, of which
 * it differs in one thing: another way of doing it, or one option. The first
 * rung is the model and nothing else. At 128 connections 02 and 03 have none:
 * their minimal.c take 63 and 64, and wsaeventselect 63. Programs of one page,
 * minimal.c and those in forms/, take no options. */
static const struct ladder ladders[] = {
    {1,
     RESULT_SPEED,
     128,
     {{"minimal", "minimal.c", 0},
      {"default", "", 0},
      {"stack 64 K", "--stack 65536", 0},
      {"stack 1 M", "--stack 1048576", 0},
      {"stack 16 M", "--stack 16777216", 0},
      {NULL, NULL, 0}}},
    {2,
     RESULT_SPEED,
     16,
     {{"minimal", "minimal.c", 0},
      {"spin", "forms/spin.c", 0},
      {"wsaeventselect", "forms/wsaeventselect.c", 0},
      {"wsaasyncselect", "forms/wsaasyncselect.c", 0},
      {"default", "", 0},
      {"poll", "--wait poll", 0},
      {NULL, NULL, 0}}},
    {2,
     RESULT_SPEED,
     128,
     {{"spin", "forms/spin.c", 0},
      {"wsaasyncselect", "forms/wsaasyncselect.c", 0},
      {"default", "", 0},
      {"poll", "--wait poll", 0},
      {NULL, NULL, 0}}},
    {3,
     RESULT_SPEED,
     16,
     {{"minimal", "minimal.c", 0},
      {"lowest only", "forms/lowest_only.patch", 0},
      {"default", "", 0},
      {NULL, NULL, 0}}},
    {3,
     RESULT_SPEED,
     60,
     {{"minimal", "minimal.c", 0},
      {"lowest only", "forms/lowest_only.patch", 0},
      {"default", "", 0},
      {NULL, NULL, 0}}},
    {3,
     RESULT_SPEED,
     128,
     {{"default", "", 0}, {"even", "forms/even.patch", 0}, {NULL, NULL, 0}}},
    {4,
     RESULT_SPEED,
     16,
     {{"minimal", "minimal.c", 0},
      {"default", "", 0},
      {"1 worker", "--workers 1", 0},
      {"2 workers", "--workers 2", 0},
      {"1 processor", "--workers 1", 1},
      {NULL, NULL, 0}}},
    {4,
     RESULT_CHURN,
     16,
     {{"minimal", "minimal.c", 0},
      {"accept in turn", "forms/accept_in_turn.c", 0},
      {"default", "", 0},
      {NULL, NULL, 0}}},
    {5,
     RESULT_SPEED,
     16,
     {{"minimal", "minimal.c", 0},
      {"two structures", "forms/two_structures.c", 0},
      {"threadpool io", "forms/threadpool_io.c", 0},
      {"no skip", "forms/no_skip.patch", 0},
      {"default", "", 0},
      {"batches", "forms/batches.patch", 0},
      {"zero-byte recv", "forms/zero_byte_recv.patch", 0},
      {"1 worker", "--workers 1", 0},
      {"4 workers", "--workers 4", 0},
      {"concurrency 1", "--concurrency 1", 0},
      {"1 processor", "--workers 1", 1},
      {NULL, NULL, 0}}},
    {5,
     RESULT_SKEW,
     16,
     {{"minimal", "minimal.c", 0},
      {"default", "", 0},
      {"budget 0", "--inline-budget 0", 0},
      {"budget 1", "--inline-budget 1", 0},
      {"budget 16", "--inline-budget 16", 0},
      {"budget 1000", "--inline-budget 1000", 0},
      {NULL, NULL, 0}}},
    {5,
     RESULT_CHURN,
     16,
     {{"minimal", "minimal.c", 0},
      {"acceptor thread", "forms/acceptor_thread.patch", 0},
      {"default", "", 0},
      {"1 accept", "--accepts 1", 0},
      {NULL, NULL, 0}}}};

static void add_ladder(struct plan *plan, const struct plan_request *request,
                       const struct ladder *ladder,
                       enum result_scenario scenario, int connection_count)
{
    struct plan_request asked = *request;
    if (scenario != RESULT_SPEED && scenario != RESULT_WORK)
        asked.message_bytes = 0;
    struct result_block *block =
        add_block(plan, &asked, scenario, connection_count);
    char title[sizeof block->title];
    snprintf(title, sizeof title, "ladder %02d: %.80s", ladder->model,
             block->title);
    memcpy(block->title, title, sizeof title);
    snprintf(block->relative_to, sizeof block->relative_to, "default");
    block->is_ladder = true;
    int baseline = plan->row_count;
    for (int i = 0; ladder->rungs[i].form[0] != '\0'; i++)
        baseline++;
    for (const struct rung *rung = ladder->rungs; rung->name != NULL; rung++) {
        int row = add_row(plan, RESULT_MODEL, ladder->model, rung->name,
                          rung->form, baseline);
        plan->rows[row].processors = rung->processors;
        plan->instances[row] += 10 * rung->processors;
    }
    set_control(plan, add_row(plan, RESULT_CONTROL, ladder->model,
                              "default again", "", baseline));
}

/* What a rung costs at 16 connections is looked at in both views. */
static void add_views(struct plan *plan, const struct plan_request *request,
                      const struct ladder *ladder, int connection_count)
{
    enum { PRICED = 16 };
    if (ladder->scenario == RESULT_SPEED && connection_count == PRICED)
        add_ladder(plan, request, ladder, RESULT_WORK, connection_count);
    add_ladder(plan, request, ladder, ladder->scenario, connection_count);
}

void plan_ladder(struct plan *plan, const struct plan_request *request,
                 int model)
{
    begin_plan(plan, request);
    for (size_t i = 0; i < sizeof ladders / sizeof ladders[0]; i++) {
        const struct ladder *ladder = &ladders[i];
        if (ladder->model != model)
            continue;
        if (request->connections_count == 0)
            add_views(plan, request, ladder, ladder->connection_count);
        for (int c = 0; c < request->connections_count; c++)
            add_views(plan, request, ladder, request->connections[c]);
    }
    plan->left_out =
        "Left out: SO_SNDBUF 0 and TCP_NODELAY, for which the servers have no "
        "option.";
}

/* ---- time and memory ----------------------------------------------------- */

/* With starting the server, opening the connections and waiting until the server
 * rests; measured on Wine. */
long plan_window_ms(const struct plan *plan, int row)
{
    enum { START_MS = 120, SETTLING_MS = 50, PER_MS = 2 };
    const struct result_row *r = &plan->rows[row];
    const struct result_block *block = &plan->blocks[r->block];
    return block->window_ms + START_MS / block->round_count + SETTLING_MS +
           (r->connection_count + r->idle_count) / PER_MS;
}

long plan_epoch_ms(const struct plan *plan, int epoch)
{
    enum { PRICES_MS = 1000 };
    long sum = 0;
    for (int b = 0; b < plan->block_count; b++) {
        const struct result_block *block = &plan->blocks[b];
        if (epoch >= block->epoch_count)
            continue;
        sum += block->scenario == RESULT_WORK ? PRICES_MS : 0;
        for (int i = 0; i < block->row_count; i++)
            sum +=
                block->round_count * plan_window_ms(plan, block->first_row + i);
    }
    return sum;
}

int plan_group(const struct plan *plan, int row)
{
    const struct result_row *r = &plan->rows[row];
    return plan->is_paired[r->block] ? r->baseline : row;
}

/* One piece of memory for all rows: their samples, then their shares. */
bool plan_allocate(struct plan *plan)
{
    size_t sample_count = 0;
    size_t share_count = 0;
    for (int i = 0; i < plan->row_count; i++) {
        const struct result_row *row = &plan->rows[i];
        sample_count += (size_t)plan->blocks[row->block].epoch_count;
        share_count += (size_t)row->connection_count;
    }
    plan->samples = calloc(sample_count + 1, sizeof *plan->samples);
    plan->shares = calloc(share_count + 1, sizeof *plan->shares);
    if (plan->samples == NULL || plan->shares == NULL)
        return false;
    struct result_sample *samples = plan->samples;
    uint64_t *shares = plan->shares;
    for (int i = 0; i < plan->row_count; i++) {
        struct result_row *row = &plan->rows[i];
        const struct result_block *block = &plan->blocks[row->block];
        row->samples = samples;
        samples += block->epoch_count;
        if (block->scenario == RESULT_CHURN)
            continue; /* its connections do not last */
        row->echoes_by_connection = shares;
        shares += row->connection_count;
    }
    return true;
}

void plan_free(struct plan *plan)
{
    free(plan->samples);
    free(plan->shares);
    free(plan->rows);
    free(plan->instances);
    *plan = (struct plan){.rows = NULL};
}
