#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- blocks -------------------------------------------------------------- */

/* What a scenario is measured with unless something else is asked for. */
struct habit {
    int connections[PLAN_COUNTS_AT_MOST]; /* ends with 0 */
    long message_bytes;
    long rate_per_s;
    long round_count;
    long round_ms;
};

static const struct habit habits[RESULT_SCENARIO_COUNT] = {
    [RESULT_PINGPONG] = {{1, 16, 128}, 64, 0, 40, 30},
    [RESULT_PACED] = {{16}, 64, 250, 10, 100},
    [RESULT_HERD] = {{16}, 64, 0, 10, 50},
    [RESULT_CHURN] = {{16}, 64, 0, 12, 100},
    [RESULT_BULK] = {{4}, 65536, 0, 12, 200},
    [RESULT_SKEW] = {{16}, 64, 100, 12, 200}};

static void make_title(struct result_block *block)
{
    const char *name = result_words(block->scenario)->name;
    int count = block->connection_count;
    const char *s = count == 1 ? "" : "s";
    char *title = block->title;
    size_t size = sizeof block->title;
    switch (block->scenario) {
    case RESULT_PACED:
        snprintf(title, size,
                 "%s, %ld requests/s over %d connection%s, %ld bytes", name,
                 block->rate_per_s, count, s, block->message_bytes);
        break;
    case RESULT_HERD:
        snprintf(title, size, "%s, %d active connection%s, %ld bytes", name,
                 count, s, block->message_bytes);
        break;
    case RESULT_SKEW:
        snprintf(title, size, "%s, 1 hot, %d polite at %ld/s in all, %ld bytes",
                 name, count, block->rate_per_s, block->message_bytes);
        break;
    case RESULT_BULK:
        snprintf(title, size, "%s, %d connection%s, blocks of %ld bytes", name,
                 count, s, block->message_bytes);
        break;
    default:
        snprintf(title, size, "%s, %d connection%s, %ld bytes", name, count, s,
                 block->message_bytes);
    }
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
    block->round_count = chosen(request->round_count, habit->round_count);
    block->round_ms = chosen(request->round_ms, habit->round_ms);
    /* Filling up and draining must not be most of a round. */
    if (request->round_ms == 0 && connection_count > 64) {
        block->round_ms = 2 * habit->round_ms;
        if (request->round_count == 0)
            block->round_count = habit->round_count / 2;
    }
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

/* All rows of the last block have the same noise floor. */
static void set_control(struct plan *plan, int control)
{
    const struct result_block *block = &plan->blocks[plan->block_count - 1];
    for (int i = 0; i < block->row_count; i++)
        plan->rows[block->first_row + i].control = control;
}

static void begin_plan(struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
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
        int row = add_row(plan, RESULT_SERVER, model, name, "", baseline);
        if (i > 0)
            continue;
        baseline = row;
        snprintf(block->relative_to, sizeof block->relative_to, "%s", name);
        snprintf(name, sizeof name, "%02d again", model);
        control = add_row(plan, RESULT_CONTROL, model, name, "", baseline);
    }
    for (int i = 0; i < request->peer_count; i++)
        add_row(plan, RESULT_PEER, 0, request->peer_names[i],
                request->peer_commands[i], baseline);
    if (block->scenario == RESULT_PINGPONG)
        add_row(plan, RESULT_REFLECTOR, 0, "reflector", "", baseline);
    set_control(plan, control);
}

/* Each server alone and beside every number of idle connections; each of these
 * is a process of its own, so that rounds can alternate. */
static void add_herd(struct plan *plan, const struct plan_request *request,
                     struct result_block *block)
{
    static const int usual[] = {200, 800};
    static const int usual_short[] = {400};
    const int *idle = request->is_short ? usual_short : usual;
    int idle_count = request->is_short ? 1 : 2;
    char name[RESULT_NAME_BYTES];
    int control = -1;
    if (request->idle_count > 0) {
        idle = request->idle;
        idle_count = request->idle_count;
    }
    snprintf(block->relative_to, sizeof block->relative_to, "no herd");
    plan->is_paired[plan->block_count - 1] = true;
    for (int i = 0; i < request->model_count; i++) {
        int model = request->models[i];
        snprintf(name, sizeof name, "%02d", model);
        int alone = add_row(plan, RESULT_SERVER, model, name, "", -1);
        if (i == 0) {
            snprintf(name, sizeof name, "%02d again", model);
            control = add_row(plan, RESULT_CONTROL, model, name, "", alone);
        }
        for (int j = 0; j < idle_count; j++) {
            snprintf(name, sizeof name, "%02d +%d", model, idle[j]);
            int row = add_row(plan, RESULT_SERVER, model, name, "", alone);
            plan->rows[row].idle_count = idle[j];
            plan->instances[row] = 2 + j;
        }
    }
    set_control(plan, control);
}

void plan_race(struct plan *plan, const struct plan_request *request)
{
    begin_plan(plan);
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++) {
        enum result_scenario scenario = (enum result_scenario)s;
        const int *counts = habits[s].connections;
        int count = 0;
        if (!request->scenarios[s])
            continue;
        while (count < PLAN_COUNTS_AT_MOST && counts[count] > 0)
            count++;
        if (request->connections_count > 0) {
            counts = request->connections;
            count = request->connections_count;
        }
        for (int i = 0; i < count; i++) {
            struct result_block *block =
                add_block(plan, request, scenario, counts[i]);
            if (scenario == RESULT_HERD)
                add_herd(plan, request, block);
            else
                add_race(plan, request, block);
        }
    }
}

void plan_builds(struct plan *plan, const struct plan_request *request,
                 const char *other, const char *this_one)
{
    static const int usual[] = {1, 16, 128};
    const int *counts =
        request->connections_count > 0 ? request->connections : usual;
    int count = request->connections_count > 0 ? request->connections_count : 3;
    char name[RESULT_NAME_BYTES];
    begin_plan(plan);
    for (int c = 0; c < count; c++) {
        struct result_block *block =
            add_block(plan, request, RESULT_PINGPONG, counts[c]);
        int control = -1;
        snprintf(block->relative_to, sizeof block->relative_to, "%s", other);
        plan->is_paired[plan->block_count - 1] = true;
        for (int i = 0; i < request->model_count; i++) {
            int model = request->models[i];
            snprintf(name, sizeof name, "%02d %s", model, other);
            int old = add_row(plan, RESULT_SERVER, model, name, "", -1);
            plan->instances[old] = PLAN_OTHER_BUILD;
            if (i == 0) {
                snprintf(name, sizeof name, "%02d again", model);
                control = add_row(plan, RESULT_CONTROL, model, name, "", old);
                plan->instances[control] = PLAN_OTHER_BUILD + 1;
            }
            snprintf(name, sizeof name, "%02d %s", model, this_one);
            add_row(plan, RESULT_SERVER, model, name, "", old);
        }
        set_control(plan, control);
    }
}

/* ---- ladders ------------------------------------------------------------- */

struct rung {
    const char *name; /* at most 15 characters; NULL: the end */
    const char *form; /* as in struct result_row */
};

struct ladder {
    int model;
    enum result_scenario scenario;
    int connection_count;
    struct rung rungs[12];
};

/* Every rung is compared with the server as it starts without options, of which
 * it differs in one thing: another way of doing it, or one option. The first
 * rung is the model and nothing else. At 128 connections 02 has none: its
 * minimal.c takes 63. */
static const struct ladder ladders[] = {
    {1,
     RESULT_PINGPONG,
     128,
     {{"minimal", "minimal.c"},
      {"default", ""},
      {"stack 64 K", "--stack 65536"},
      {"stack 1 M", "--stack 1048576"},
      {"stack 16 M", "--stack 16777216"},
      {NULL, NULL}}},
    {2,
     RESULT_PINGPONG,
     16,
     {{"minimal", "minimal.c"},
      {"spin", "forms/spin.patch"},
      {"default", ""},
      {"poll", "--wait poll"},
      {"wsaeventselect", "forms/wsaeventselect.patch"},
      {NULL, NULL}}},
    {2,
     RESULT_PINGPONG,
     128,
     {{"spin", "forms/spin.patch"},
      {"default", ""},
      {"poll", "--wait poll"},
      {"wsaeventselect", "forms/wsaeventselect.patch"},
      {NULL, NULL}}},
    {3,
     RESULT_PINGPONG,
     16,
     {{"minimal", "minimal.c"},
      {"lowest only", "forms/lowest_only.patch"},
      {"default", ""},
      {NULL, NULL}}},
    {3,
     RESULT_PINGPONG,
     60,
     {{"minimal", "minimal.c"},
      {"lowest only", "forms/lowest_only.patch"},
      {"default", ""},
      {NULL, NULL}}},
    {4,
     RESULT_PINGPONG,
     16,
     {{"minimal", "minimal.c"},
      {"default", ""},
      {"1 thread", "--threads 1"},
      {"2 threads", "--threads 2"},
      {NULL, NULL}}},
    {4,
     RESULT_CHURN,
     16,
     {{"minimal", "minimal.c"},
      {"accept in turn", "forms/accept_in_turn.patch"},
      {"default", ""},
      {NULL, NULL}}},
    {5,
     RESULT_PINGPONG,
     16,
     {{"minimal", "minimal.c"},
      {"no skip", "forms/no_skip.patch"},
      {"default", ""},
      {"batches", "forms/batches.patch"},
      {"zero-byte recv", "forms/zero_byte_recv.patch"},
      {"1 worker", "--workers 1"},
      {"4 workers", "--workers 4"},
      {"concurrency 1", "--concurrency 1"},
      {NULL, NULL}}},
    {5,
     RESULT_SKEW,
     16,
     {{"minimal", "minimal.c"},
      {"default", ""},
      {"budget 0", "--inline-budget 0"},
      {"budget 1", "--inline-budget 1"},
      {"budget 16", "--inline-budget 16"},
      {"budget 1000", "--inline-budget 1000"},
      {NULL, NULL}}},
    {5,
     RESULT_CHURN,
     16,
     {{"minimal", "minimal.c"},
      {"acceptor thread", "forms/acceptor_thread.patch"},
      {"default", ""},
      {"1 accept", "--accepts 1"},
      {NULL, NULL}}}};

static void add_ladder(struct plan *plan, const struct plan_request *request,
                       const struct ladder *ladder, int connection_count)
{
    struct plan_request asked = *request;
    if (ladder->scenario != RESULT_PINGPONG)
        asked.message_bytes = 0;
    struct result_block *block =
        add_block(plan, &asked, ladder->scenario, connection_count);
    char title[sizeof block->title];
    snprintf(title, sizeof title, "ladder %02d: %.80s", ladder->model,
             block->title);
    memcpy(block->title, title, sizeof title);
    snprintf(block->relative_to, sizeof block->relative_to, "default");
    block->is_ladder = true;
    int first = plan->row_count;
    int baseline = first;
    while (ladder->rungs[baseline - first].form[0] != '\0')
        baseline++;
    for (const struct rung *rung = ladder->rungs; rung->name != NULL; rung++)
        add_row(plan, RESULT_SERVER, ladder->model, rung->name, rung->form,
                baseline);
    set_control(plan, add_row(plan, RESULT_CONTROL, ladder->model,
                              "default again", "", baseline));
}

void plan_ladder(struct plan *plan, const struct plan_request *request,
                 int model)
{
    begin_plan(plan);
    for (size_t i = 0; i < sizeof ladders / sizeof ladders[0]; i++) {
        const struct ladder *ladder = &ladders[i];
        if (ladder->model != model)
            continue;
        if (request->connections_count == 0)
            add_ladder(plan, request, ladder, ladder->connection_count);
        for (int c = 0; c < request->connections_count; c++)
            add_ladder(plan, request, ladder, request->connections[c]);
    }
    plan->left_out =
        "Left out: SO_SNDBUF 0 and TCP_NODELAY, for which the servers have no "
        "option.";
}

/* ---- time and memory ----------------------------------------------------- */

long plan_round_ms(const struct result_block *block)
{
    enum { SETTLING_MS = 8 };
    return block->round_ms + SETTLING_MS;
}

/* With starting the servers and opening the connections; measured on Wine. */
long plan_total_ms(const struct plan *plan)
{
    enum { START_MS = 250, IDLE_PER_MS = 2, BEGIN_MS = 300 };
    long sum = BEGIN_MS;
    for (int i = 0; i < plan->row_count; i++) {
        const struct result_row *row = &plan->rows[i];
        const struct result_block *block = &plan->blocks[row->block];
        sum += (block->round_count + 1) * plan_round_ms(block) +
               row->idle_count / IDLE_PER_MS;
        if (row->block == 0 || row->idle_count > 0)
            sum += START_MS;
    }
    return sum;
}

int plan_group(const struct plan *plan, int row)
{
    const struct result_row *r = &plan->rows[row];
    return plan->is_paired[r->block] ? r->baseline : row;
}

/* One piece of memory for all rows: their rounds, then their shares. */
bool plan_allocate(struct plan *plan)
{
    size_t round_count = 0;
    size_t share_count = 0;
    for (int i = 0; i < plan->row_count; i++) {
        const struct result_row *row = &plan->rows[i];
        round_count += (size_t)plan->blocks[row->block].round_count;
        share_count += (size_t)row->connection_count;
    }
    plan->rounds = calloc(round_count + 1, sizeof *plan->rounds);
    plan->shares = calloc(share_count + 1, sizeof *plan->shares);
    if (plan->rounds == NULL || plan->shares == NULL)
        return false;
    struct result_round *rounds = plan->rounds;
    uint64_t *shares = plan->shares;
    for (int i = 0; i < plan->row_count; i++) {
        struct result_row *row = &plan->rows[i];
        const struct result_block *block = &plan->blocks[row->block];
        row->rounds = rounds;
        rounds += block->round_count;
        if (block->scenario == RESULT_CHURN)
            continue; /* its connections do not last */
        row->echoes_by_connection = shares;
        shares += row->connection_count;
    }
    return true;
}

void plan_free(struct plan *plan)
{
    free(plan->rounds);
    free(plan->shares);
    free(plan->rows);
    free(plan->instances);
    *plan = (struct plan){.rows = NULL};
}
