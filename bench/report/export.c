#include "export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stddef.h>

#include "columns.h"
#include "escape.h"

/* Fields one after the other: the line of their names or that of their values
 * in CSV, members of an object in JSON, items of a list in HTML. */
struct fields {
    struct out *out;
    enum { NAMES, CSV, JSON, HTML } form;
    bool is_begun;
};

/* Puts what stands before a value; false: no value is wanted. */
static bool begin(struct fields *f, const char *name)
{
    static const char *const names[] = {"%s", "", "\"%s\": ", "<dt>%s<dd>"};
    static const char *const between[] = {",", ",", ", ", "\n"};
    if (f->is_begun)
        out_printf(f->out, "%s", between[f->form]);
    f->is_begun = true;
    out_printf(f->out, names[f->form], name);
    return f->form != NAMES;
}

static void put_text(struct fields *f, const char *name, const char *text)
{
    if (!begin(f, name))
        return;
    if (f->form == JSON)
        escape_json(f->out, text);
    else if (f->form == HTML)
        escape_xml(f->out, text != NULL ? text : "");
    else
        escape_csv(f->out, text);
}

static void put_figure(struct fields *f, const char *name, struct figure figure)
{
    if (!begin(f, name))
        return;
    if (figure.known)
        out_printf(f->out, "%.9g", figure.value);
    else if (f->form == JSON)
        out_printf(f->out, "null");
}

static void put_count(struct fields *f, const char *name, uint64_t count)
{
    if (begin(f, name))
        out_printf(f->out, "%" PRIu64, count);
}

static void put_flag(struct fields *f, const char *name, bool is_so)
{
    if (begin(f, name))
        out_printf(f->out, is_so ? "true" : "false");
}

/* ---- what only JSON has: objects and lists ------------------------------- */

static void open_list(struct fields *f, const char *name, char bracket)
{
    begin(f, name);
    out_printf(f->out, "%c", bracket);
    f->is_begun = false;
}

static void close_list(struct fields *f, char bracket)
{
    out_printf(f->out, "%c", bracket);
    f->is_begun = true;
}

/* The next object of a list, on a line of its own. */
static void next_item(struct fields *f, int i)
{
    out_printf(f->out, i > 0 ? ",\n{" : "\n{");
    f->is_begun = false;
}

static void put_numbers(struct fields *f, const char *name,
                        const uint64_t *numbers, int count)
{
    open_list(f, name, '[');
    for (int i = 0; i < count && numbers != NULL; i++)
        out_printf(f->out, i > 0 ? ", %" PRIu64 : "%" PRIu64, numbers[i]);
    close_list(f, ']');
}

/* ---- rows ---------------------------------------------------------------- */

static void put_block(struct fields *f, const struct result_block *block)
{
    put_text(f, "block", block->title);
    put_text(f, "scenario", result_words(block->scenario)->name);
    put_flag(f, "is_ladder", block->is_ladder);
    put_text(f, "relative_to", block->relative_to);
    put_count(f, "connections", (uint64_t)block->connection_count);
    put_count(f, "idle_connections", (uint64_t)block->idle_count);
    put_count(f, "message_bytes", (uint64_t)block->message_bytes);
    put_count(f, "due_per_s", (uint64_t)block->rate_per_s);
    put_count(f, "window_ms", (uint64_t)block->window_ms);
}

static const char *const measures[RESULT_MEASURE_COUNT] = {
    "cost_us", "echoes_per_s", "p50"};

static void put_score(struct fields *f, const char *measure,
                      const struct result_score *score)
{
    static const char *const verdicts[] = {"", "less", "more", "within"};
    const struct figure figures[] = {
        score->value,
        {score->has_range, score->low},
        {score->has_range, score->high},
        score->ratio,
        {score->has_range && score->ratio.known, score->ratio_low},
        {score->has_range && score->ratio.known, score->ratio_high}};
    static const char *const names[] = {"",       "_low",       "_high",
                                        "_ratio", "_ratio_low", "_ratio_high"};
    char name[64];
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%s%s", measure, names[i]);
        put_figure(f, name, figures[i]);
    }
    snprintf(name, sizeof name, "%s_verdict", measure);
    put_text(f, name, verdicts[score->verdict]);
}

static void put_row(struct fields *f, const struct result *result,
                    const struct result_row *row)
{
    static const char *const roles[] = {"model", "control", "peer"};
    put_text(f, "server", row->name);
    put_text(f, "form", row->form);
    put_text(f, "role", roles[row->role]);
    put_count(f, "model", (uint64_t)row->model);
    put_count(f, "processors", (uint64_t)row->processors);
    put_text(f, "baseline", result->rows[row->baseline].name);
    put_flag(f, "is_other_build", row->is_other_build);
    put_count(f, "lines_added", (uint64_t)row->lines_added);
    put_count(f, "lines_removed", (uint64_t)row->lines_removed);
    put_count(f, "wall", (uint64_t)row->wall);
    put_text(f, "failure", row->failure);
    put_count(f, "launches", (uint64_t)row->sample_count);
    put_flag(f, "is_client_bound", row->is_client_bound);
    for (int m = 0; m < RESULT_MEASURE_COUNT; m++)
        put_score(f, measures[m], &row->scores[m]);
    for (int c = 0; c < column_count; c++)
        put_figure(f, columns[c].name, column_figure(&columns[c], row));
}

void export_csv(struct out *out, const struct result *result)
{
    static const struct result_block no_block;
    static struct result_row no_row;
    static const struct result nothing = {.rows = &no_row};
    struct fields f = {.out = out, .form = NAMES};
    put_block(&f, &no_block);
    put_row(&f, &nothing, &no_row);
    f.form = CSV;
    for (int i = 0; i < result->row_count; i++) {
        out_printf(out, "\n");
        f.is_begun = false;
        put_block(&f, &result->blocks[result->rows[i].block]);
        put_row(&f, result, &result->rows[i]);
    }
    out_printf(out, "\n");
}

/* ---- JSON ---------------------------------------------------------------- */

static void put_facts(struct fields *f, const struct result *result)
{
    const struct environment *e = &result->environment;
    const struct result_settings *settings = &result->settings;
    put_text(f, "command", settings->command);
    put_text(f, "servers", settings->servers);
    put_text(f, "remark", settings->remark);
    put_flag(f, "is_ab", settings->is_ab);
    put_count(f, "launches", (uint64_t)settings->launch_count);
    put_count(f, "seed", (uint64_t)settings->seed);
    put_flag(f, "is_interrupted", result->is_interrupted);
    put_count(f, "elapsed_ns", result->elapsed_ns);
    put_figure(f, "others_percent", result->others_percent);
    put_text(f, "system", e->system);
    put_text(f, "wine", e->wine);
    put_text(f, "processor", e->processor);
    put_count(f, "processors", e->processors);
    put_count(f, "memory_bytes", e->memory_bytes);
    put_count(f, "clock_hz", e->clock_hz);
    put_count(f, "timer_100ns", e->timer_100ns);
    put_count(f, "timer_finest_100ns", e->timer_finest_100ns);
    put_text(f, "power_plan", e->power_plan);
    put_text(f, "compiler", e->compiler);
    put_text(f, "version", e->version);
    put_text(f, "commit", e->commit);
    put_flag(f, "is_observed", e->is_observed);
}

void export_facts(struct out *out, const struct result *result)
{
    put_facts(&(struct fields){.out = out, .form = HTML}, result);
}

/* clang-format off */
#define MEMBER(name) {#name, offsetof(struct result_sample, name)}

static const struct {
    const char *name;
    size_t offset; /* of a uint64_t */
} members[] = {
    MEMBER(order), MEMBER(at_ns), MEMBER(echoes), MEMBER(all_echoes),
    MEMBER(elapsed_ns), MEMBER(whole_ns), MEMBER(waited_ns), MEMBER(server_ns),
    MEMBER(system_ns), MEMBER(client_ns), MEMBER(machine_ns), MEMBER(requests),
    MEMBER(all_requests), MEMBER(p50_ns), MEMBER(due_count), MEMBER(late_count),
    MEMBER(memory_bytes), MEMBER(threads), MEMBER(handles), MEMBER(waits),
    MEMBER(found)};
/* clang-format on */

static void put_samples(struct fields *f, const struct result_row *row)
{
    open_list(f, "samples", '[');
    for (int s = 0; s < row->sample_count; s++) {
        const struct result_sample *sample = &row->samples[s];
        const uint64_t *numbers = (const uint64_t *)sample;
        next_item(f, s);
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++)
            put_count(f, members[m].name, numbers[members[m].offset / 8]);
        open_list(f, "calls", '{'); /* of each kind: one for each outcome */
        for (int kind = 0; kind < OBSERVE_KIND_COUNT; kind++)
            put_numbers(f, columns[kind].name, sample->calls[kind],
                        OBSERVE_OUTCOME_COUNT);
        close_list(f, '}');
        close_list(f, '}');
    }
    close_list(f, ']');
}

/* Pairs of where a bucket begins, in ns, and how many values it holds. */
static void put_latency(struct fields *f, const struct histogram *h)
{
    const char *between = "";
    open_list(f, "latency_ns", '[');
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        if (h->counts[bucket] == 0)
            continue;
        out_printf(f->out, "%s[%" PRIu64 ", %" PRIu64 "]", between,
                   histogram_bucket_low_ns(bucket), h->counts[bucket]);
        between = ", ";
    }
    close_list(f, ']');
}

static void put_rows(struct fields *f, const struct result *result,
                     const struct result_block *block)
{
    open_list(f, "rows", '[');
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        char why[RESULT_TEXT_BYTES];
        result_why(result, row, why);
        next_item(f, i);
        put_row(f, result, row);
        put_text(f, "why", why);
        put_numbers(f, "echoes_by_connection", row->echoes_by_connection,
                    block->connection_count);
        put_latency(f, &row->latency);
        put_samples(f, row);
        close_list(f, '}');
    }
    close_list(f, ']');
}

void export_json(struct out *out, const struct result *result)
{
    struct fields f = {.out = out, .form = JSON};
    char text[RESULT_TEXT_BYTES];
    out_printf(out, "{");
    put_text(&f, "format", "echo-bench 3");
    put_facts(&f, result);
    result_answer(result, text);
    put_text(&f, "answer", text);
    result_told(result, text);
    put_text(&f, "told", text);
    open_list(&f, "blocks", '[');
    for (int b = 0; b < result->block_count; b++) {
        const struct result_block *block = &result->blocks[b];
        char name[64];
        next_item(&f, b);
        put_block(&f, block);
        for (int m = 0; m < RESULT_MEASURE_COUNT; m++) {
            snprintf(name, sizeof name, "%s_shows_percent", measures[m]);
            put_figure(&f, name, block->shows_percent[m]);
            snprintf(name, sizeof name, "%s_control", measures[m]);
            put_score(&f, name, &block->control[m]);
        }
        put_rows(&f, result, block);
        close_list(&f, '}');
    }
    close_list(&f, ']');
    out_printf(out, "}\n");
}
