#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../forms.h"

/* ---- rungs --------------------------------------------------------------- */

struct rung {
    char name[RESULT_NAME_BYTES];
    const char *form; /* as in struct result_row */
    int processors;   /* likewise */
    int model;
    int baseline; /* its index among the rungs */
    enum result_role role;
    bool is_other_build;
};

enum { RUNGS_AT_MOST = 24 };

/* The rungs of one series. The baseline of most of them is the first. */
struct rungs {
    struct rung all[RUNGS_AT_MOST];
    int count;
    char relative_to[24];
    bool is_ladder;
};

static struct rung *add_rung(struct rungs *rungs, int model, const char *name,
                             const char *form, int baseline)
{
    struct rung *rung = &rungs->all[rungs->count];
    *rung = (struct rung){.form = form, .model = model, .baseline = baseline};
    snprintf(rung->name, sizeof rung->name, "%s", name);
    if (rungs->count < RUNGS_AT_MOST - 1)
        rungs->count++;
    return rung;
}

/* The server of rung `of` a second time: the two must not differ. */
static void add_control(struct rungs *rungs, int of)
{
    char name[RESULT_NAME_BYTES];
    const struct rung twin = rungs->all[of];
    snprintf(name, sizeof name, "%.15s again", twin.name);
    struct rung *control = add_rung(rungs, twin.model, name, twin.form, of);
    control->role = RESULT_CONTROL;
    control->is_other_build = twin.is_other_build;
}

/* ---- series and blocks --------------------------------------------------- */

static void begin_plan(struct plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->rows = calloc(PLAN_ROWS_AT_MOST, sizeof *plan->rows);
    plan->is_incomplete = plan->rows == NULL;
}

static void begin_series(struct plan *plan)
{
    static struct plan_series spare;
    struct plan_series *series = &spare;
    if (plan->series_count < PLAN_SERIES_AT_MOST)
        series = &plan->series[plan->series_count++];
    else
        plan->is_incomplete = true;
    *series = (struct plan_series){.first_block = plan->block_count};
}

static void add_row(struct plan *plan, const struct rung *rung)
{
    struct result_row *row = &plan->rows[plan->row_count++];
    struct result_block *block = &plan->blocks[plan->block_count - 1];
    snprintf(row->name, sizeof row->name, "%s", rung->name);
    snprintf(row->form, sizeof row->form, "%s", rung->form);
    row->role = rung->role;
    row->model = rung->model;
    row->block = plan->block_count - 1;
    row->processors = rung->processors;
    row->is_other_build = rung->is_other_build;
    row->baseline = block->first_row + rung->baseline;
    block->row_count++;
}

/* A block of the series that was begun last, with all its rungs. */
static struct result_block *add_block(struct plan *plan,
                                      const struct rungs *rungs,
                                      struct result_block like)
{
    static struct result_block spare;
    if (plan->is_incomplete || plan->block_count == PLAN_BLOCKS_AT_MOST ||
        plan->row_count + rungs->count > PLAN_ROWS_AT_MOST) {
        plan->is_incomplete = true;
        return &spare;
    }
    struct result_block *block = &plan->blocks[plan->block_count++];
    *block = like;
    block->is_ladder = rungs->is_ladder;
    block->first_row = plan->row_count;
    memcpy(block->relative_to, rungs->relative_to, sizeof block->relative_to);
    plan->series[plan->series_count - 1].block_count++;
    for (int i = 0; i < rungs->count; i++)
        add_row(plan, &rungs->all[i]);
    return block;
}

/* One piece of memory for the samples of all rows, one for their shares. */
static void allocate(struct plan *plan)
{
    size_t sample_count = 0;
    size_t share_count = 0;
    for (int b = 0; b < plan->block_count; b++) {
        const struct result_block *block = &plan->blocks[b];
        sample_count += (size_t)(block->row_count * block->launch_count);
        share_count += (size_t)(block->row_count * block->connection_count);
    }
    plan->samples = calloc(sample_count + 1, sizeof *plan->samples);
    plan->shares = calloc(share_count + 1, sizeof *plan->shares);
    if (plan->samples == NULL || plan->shares == NULL) {
        plan->is_incomplete = true;
        return;
    }
    struct result_sample *samples = plan->samples;
    uint64_t *shares = plan->shares;
    for (int i = 0; i < plan->row_count; i++) {
        struct result_row *row = &plan->rows[i];
        const struct result_block *block = &plan->blocks[row->block];
        row->samples = samples;
        samples += block->launch_count;
        if (block->scenario != RESULT_CHURN)
            row->echoes_by_connection = shares;
        shares += block->connection_count;
    }
}

void plan_free(struct plan *plan)
{
    free(plan->samples);
    free(plan->shares);
    free(plan->rows);
    *plan = (struct plan){.rows = NULL};
}

/* ---- what a scenario is measured with ------------------------------------ */

static const struct habit {
    int connections[PLAN_COUNTS_AT_MOST]; /* ends with 0 */
    int full[PLAN_COUNTS_AT_MOST];        /* likewise, when there is time */
    long window_ms;
} habits[RESULT_SCENARIO_COUNT] = {
    [RESULT_WORK] = {{1, 16, 64}, {1, 4, 16, 64, 256}, 150},
    [RESULT_SPEED] = {{1, 16, 64}, {1, 4, 16, 64, 256, 1000}, 120},
    [RESULT_IDLE] = {{1}, {1}, 150},
    [RESULT_PACED] = {{16}, {16}, 500},
    [RESULT_SIZES] = {{16}, {16}, 150},
    [RESULT_HERD] = {{16}, {16}, 200},
    [RESULT_CHURN] = {{16}, {16}, 250}};

enum { USUAL_BYTES = 64, TIMED_LAUNCHES = 5 };

static void make_title(struct result_block *block)
{
    int count = block->connection_count;
    bool is_rest = block->scenario == RESULT_IDLE && block->idle_count == 0;
    int used =
        snprintf(block->title, sizeof block->title, "%s%s, %d connection%s",
                 block->is_ladder ? "ladder: " : "",
                 is_rest ? "at rest" : result_words(block->scenario)->name,
                 count, count == 1 ? "" : "s");
    char *rest = block->title + used;
    size_t size = sizeof block->title - (size_t)used;
    if (is_rest)
        return;
    if (block->scenario == RESULT_IDLE || block->scenario == RESULT_HERD)
        snprintf(rest, size, " beside %d idle", block->idle_count);
    else if (block->rate_per_s > 0)
        snprintf(rest, size, ", %ld requests/s", block->rate_per_s);
    else
        snprintf(rest, size, ", %ld bytes", block->message_bytes);
}

/* Launches of what is measured with that scenario. Where time is short, what a
 * time on all processors comes to gets few of them: it hangs on who happens to
 * run where, and more would hardly make it better known. */
static int launches_of(const struct plan_request *request,
                       enum result_scenario scenario)
{
    if (request->launch_count > 0)
        return request->launch_count;
    if (request->is_full)
        return TIMED_LAUNCHES;
    return scenario == RESULT_SPEED && request->scenarios[RESULT_WORK]
               ? PLAN_SPEED_LAUNCHES
               : PLAN_LAUNCHES_AT_MOST;
}

/* The block of a scenario at that many connections; idle, size and rate are
 * those of `like`. */
static struct result_block *
add_scenario(struct plan *plan, const struct plan_request *request,
             const struct rungs *rungs, enum result_scenario scenario,
             int connections, struct result_block like)
{
    enum { PER_CONNECTION_MS = 3 }; /* each needs its turns */
    long window_ms = habits[scenario].window_ms;
    if (window_ms < (long)connections * PER_CONNECTION_MS)
        window_ms = (long)connections * PER_CONNECTION_MS;
    like.scenario = scenario;
    like.connection_count = connections;
    like.window_ms = request->window_ms > 0 ? request->window_ms : window_ms;
    if (like.launch_count == 0)
        like.launch_count = launches_of(request, scenario);
    if (like.message_bytes == 0)
        like.message_bytes =
            request->message_bytes > 0 ? request->message_bytes : USUAL_BYTES;
    struct result_block *block = add_block(plan, rungs, like);
    make_title(block);
    return block;
}

/* ---- the race ------------------------------------------------------------ */

static void list_models(struct rungs *rungs, const struct plan_request *request,
                        bool has_control)
{
    char name[RESULT_NAME_BYTES];
    *rungs = (struct rungs){.count = 0};
    for (int i = 0; i < request->model_count; i++) {
        snprintf(name, sizeof name, "%02d", request->models[i]);
        add_rung(rungs, request->models[i], name, "", 0);
    }
    memcpy(rungs->relative_to, rungs->all[0].name, sizeof rungs->relative_to);
    if (request->peer_name != NULL)
        add_rung(rungs, 0, request->peer_name, request->peer_command, 0)->role =
            RESULT_PEER;
    if (has_control)
        add_control(rungs, 0);
}

/* The counts asked for, or those of the scenario. Returns how many. */
static int list_connections(const struct plan_request *request,
                            enum result_scenario scenario, const int **counts)
{
    int count = 0;
    *counts =
        request->is_full ? habits[scenario].full : habits[scenario].connections;
    if (request->connections_count > 0) {
        *counts = request->connections;
        return request->connections_count;
    }
    while (count < PLAN_COUNTS_AT_MOST && (*counts)[count] > 0)
        count++;
    return count;
}

static void add_counts(struct plan *plan, const struct plan_request *request,
                       const struct rungs *rungs, enum result_scenario scenario)
{
    const int *counts = NULL;
    int count = list_connections(request, scenario, &counts);
    for (int i = 0; i < count; i++)
        add_scenario(plan, request, rungs, scenario, counts[i],
                     (struct result_block){.idle_count = 0});
}

/* Beside none, and beside more and more idle connections: there each rung is
 * its own baseline. */
static void add_idle(struct plan *plan, const struct plan_request *request,
                     enum result_scenario scenario)
{
    static const int usual[] = {1, 10, 100, 1000, 4000};
    static const int herds[] = {200, 800};
    struct rungs rungs;
    const int *idle = scenario == RESULT_IDLE ? usual : herds;
    int count = scenario == RESULT_HERD ? 2 : request->is_full ? 5 : 4;
    int connections = habits[scenario].connections[0];
    int launches = scenario == RESULT_IDLE ? 1 : 0; /* it is for counts */
    int base = plan->row_count;
    if (request->idle_count > 0) {
        idle = request->idle;
        count = request->idle_count;
    }
    list_models(&rungs, request, false);
    begin_series(plan);
    add_scenario(plan, request, &rungs, scenario, connections,
                 (struct result_block){.launch_count = launches});
    snprintf(rungs.relative_to, sizeof rungs.relative_to, "none idle");
    for (int i = 0; i < count; i++) {
        struct result_block *block =
            add_scenario(plan, request, &rungs, scenario, connections,
                         (struct result_block){.idle_count = idle[i],
                                               .launch_count = launches});
        for (int r = 0; r < block->row_count; r++)
            plan->rows[block->first_row + r].baseline = base + r;
    }
}

static void add_rates(struct plan *plan, const struct plan_request *request,
                      const struct rungs *rungs)
{
    static const long usual[] = {100, 400, 800};
    const int *counts = NULL;
    int count = list_connections(request, RESULT_PACED, &counts);
    for (int c = 0; c < count; c++)
        for (int i = 0; i < (request->rate_per_s > 0 ? 1 : 3); i++) {
            struct result_block like = {.rate_per_s = request->rate_per_s > 0
                                                          ? request->rate_per_s
                                                          : usual[i]};
            add_scenario(plan, request, rungs, RESULT_PACED, counts[c], like);
        }
}

static void add_sizes(struct plan *plan, const struct plan_request *request,
                      const struct rungs *rungs)
{
    static const long sizes[] = {16, 256, 4096, 16384, 65536};
    const int *counts = NULL;
    int count = list_connections(request, RESULT_SIZES, &counts);
    for (int c = 0; c < count; c++)
        for (int i = 0; i < 5; i++)
            add_scenario(plan, request, rungs, RESULT_SIZES, counts[c],
                         (struct result_block){.message_bytes = sizes[i]});
}

/* 04 and 05 with as many processors and workers as given. */
static void add_scaling(struct plan *plan, const struct plan_request *request)
{
    static char forms[3][24];
    const int counts[] = {1, 2, request->processors};
    struct rungs rungs = {.is_ladder = true, .relative_to = "on 1"};
    char name[RESULT_NAME_BYTES];
    for (int model = 4; model <= 5; model++) {
        int first = rungs.count;
        for (int i = 0; i < 3; i++) {
            if (counts[i] > request->processors || (i == 2 && counts[i] <= 2))
                continue;
            snprintf(name, sizeof name, "%02d on %d", model, counts[i]);
            snprintf(forms[i], sizeof forms[i], "--workers %d", counts[i]);
            add_rung(&rungs, model, name, forms[i], first)->processors =
                counts[i];
        }
    }
    begin_series(plan);
    struct result_block *block =
        add_scenario(plan, request, &rungs, RESULT_SPEED, 16,
                     (struct result_block){.idle_count = 0});
    snprintf(block->title, sizeof block->title,
             "scaling: speed, 16 connections");
}

void plan_race(struct plan *plan, const struct plan_request *request)
{
    struct rungs rungs;
    const bool *wanted = request->scenarios;
    begin_plan(plan);
    if (wanted[RESULT_IDLE])
        add_idle(plan, request, RESULT_IDLE);
    list_models(&rungs, request, true);
    begin_series(plan);
    if (wanted[RESULT_WORK])
        add_counts(plan, request, &rungs, RESULT_WORK);
    if (wanted[RESULT_SPEED])
        add_counts(plan, request, &rungs, RESULT_SPEED);
    if (wanted[RESULT_PACED])
        add_rates(plan, request, &rungs);
    if (wanted[RESULT_SIZES])
        add_sizes(plan, request, &rungs);
    if (wanted[RESULT_CHURN])
        add_counts(plan, request, &rungs, RESULT_CHURN);
    if (wanted[RESULT_HERD])
        add_idle(plan, request, RESULT_HERD);
    if (request->is_full)
        add_scaling(plan, request);
    allocate(plan);
}

/* ---- two builds ---------------------------------------------------------- */

void plan_builds(struct plan *plan, const struct plan_request *request,
                 const char *other, const char *this_one)
{
    struct rungs rungs = {.count = 0};
    char name[RESULT_NAME_BYTES];
    struct plan_request asked = *request;
    snprintf(rungs.relative_to, sizeof rungs.relative_to, "%s", other);
    for (int i = 0; i < request->model_count; i++) {
        int old = rungs.count;
        snprintf(name, sizeof name, "%02d %s", request->models[i], other);
        add_rung(&rungs, request->models[i], name, "", old)->is_other_build =
            true;
        snprintf(name, sizeof name, "%02d %s", request->models[i], this_one);
        add_rung(&rungs, request->models[i], name, "", old);
    }
    add_control(&rungs, 0);
    if (asked.connections_count == 0)
        asked.connections[asked.connections_count++] = 16;
    begin_plan(plan);
    begin_series(plan);
    add_scenario(plan, request, &rungs, RESULT_IDLE, 1,
                 (struct result_block){.idle_count = 0});
    add_counts(plan, &asked, &rungs, RESULT_WORK);
    add_counts(plan, &asked, &rungs, RESULT_SPEED);
    allocate(plan);
}

/* ---- ladders ------------------------------------------------------------- */

/* The forms in the order of forms.h; groups are the suite's. */
static const struct form {
    int model;
    const char *name;
    const char *ending;
    const char *arguments;
    const char *rung;
    int ladders;
} forms[] = {
#define X(chapter, name, ending, arguments, groups, rung, ladders)             \
    {chapter, name, ending, arguments, rung, ladders},
    FORMS(X)
#undef X
};

enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

static const struct ladder {
    enum form_ladder ladder;
    enum result_scenario scenario; /* RESULT_SPEED: before it as work, too */
    int connections;
} ladders[] = {{AT_16, RESULT_SPEED, 16},
               {AT_60, RESULT_SPEED, 60},
               {AT_128, RESULT_SPEED, 128},
               {CHURN, RESULT_CHURN, 16}};

/* As in struct result_row. */
static void write_form(const struct form *form, char text[RESULT_FORM_BYTES])
{
    bool is_server = form->name[0] == '\0';
    bool is_minimal = strcmp(form->name, "minimal") == 0;
    snprintf(text, RESULT_FORM_BYTES, "%s%s%s",
             is_server || is_minimal ? "" : "forms/",
             is_server ? form->arguments : form->name, form->ending);
}

/* The rungs of a chapter on a ladder. Returns how many. */
static int list_rungs(struct rungs *rungs, int model, enum form_ladder ladder)
{
    static char texts[RUNGS_AT_MOST][RESULT_FORM_BYTES];
    *rungs = (struct rungs){.is_ladder = true, .relative_to = "default"};
    for (int i = 0; i < FORM_COUNT; i++) {
        if (forms[i].model != model || (forms[i].ladders & (int)ladder) == 0)
            continue;
        write_form(&forms[i], texts[rungs->count]);
        add_rung(rungs, model, forms[i].rung, texts[rungs->count], 0);
    }
    return rungs->count;
}

static void add_ladder(struct plan *plan, const struct plan_request *request,
                       int model, const struct ladder *ladder, int connections)
{
    const struct result_block plain = {.idle_count = 0};
    struct rungs rungs;
    if (list_rungs(&rungs, model, ladder->ladder) == 0)
        return;
    add_control(&rungs, 0);
    begin_series(plan);
    add_scenario(plan, request, &rungs, RESULT_IDLE, 1, plain);
    if (ladder->scenario == RESULT_SPEED)
        add_scenario(plan, request, &rungs, RESULT_WORK, connections, plain);
    add_scenario(plan, request, &rungs, ladder->scenario, connections, plain);
}

void plan_ladder(struct plan *plan, const struct plan_request *request,
                 int model)
{
    struct plan_request asked = *request;
    if (asked.launch_count == 0)
        asked.launch_count = TIMED_LAUNCHES;
    begin_plan(plan);
    for (size_t i = 0; i < sizeof ladders / sizeof ladders[0]; i++) {
        if (asked.connections_count == 0)
            add_ladder(plan, &asked, model, &ladders[i],
                       ladders[i].connections);
        for (int c = 0; c < asked.connections_count; c++)
            add_ladder(plan, &asked, model, &ladders[i], asked.connections[c]);
    }
    allocate(plan);
}

/* ---- time ---------------------------------------------------------------- */

/* With starting the server, opening the connections and waiting until the server
 * rests; measured on Wine. */
long plan_launch_ms(const struct plan *plan, const struct plan_series *series)
{
    enum { START_MS = 350, SETTLING_MS = 90, CONNECTION_MS = 3 };
    long sum = START_MS;
    for (int i = 0; i < series->block_count; i++) {
        const struct result_block *block =
            &plan->blocks[series->first_block + i];
        sum += block->window_ms + SETTLING_MS +
               (block->connection_count + block->idle_count) * CONNECTION_MS;
    }
    return sum;
}
