#include "json.h"

#include <inttypes.h>
#include <stdio.h>

#include "escape.h"

/* ---- members ------------------------------------------------------------- */

/* Each writes one member of an object. before: what separates it from the
 * member before it, such as ",\n  " or "" for the first. */

static void put_text(struct out *out, const char *before, const char *name,
                     const char *text)
{
    out_printf(out, "%s\"%s\": ", before, name);
    escape_json(out, text);
}

static void put_bool(struct out *out, const char *before, const char *name,
                     bool value)
{
    out_printf(out, "%s\"%s\": %s", before, name, value ? "true" : "false");
}

static void put_count(struct out *out, const char *before, const char *name,
                      uint64_t value)
{
    out_printf(out, "%s\"%s\": %" PRIu64, before, name, value);
}

/* 0 stands for "not to be had" in the result, and becomes null. */
static void put_count_or_null(struct out *out, const char *before,
                              const char *name, uint64_t value)
{
    if (value > 0)
        put_count(out, before, name, value);
    else
        out_printf(out, "%s\"%s\": null", before, name);
}

static void put_figure(struct out *out, const char *before, const char *name,
                       struct figure figure)
{
    if (figure.known)
        out_printf(out, "%s\"%s\": %.9g", before, name, figure.value);
    else
        out_printf(out, "%s\"%s\": null", before, name);
}

static void put_estimate(struct out *out, const char *before, const char *name,
                         const struct estimate *estimate)
{
    bool has_interval = estimate->has_interval;
    out_printf(out, "%s\"%s\": {", before, name);
    put_figure(out, "", "median", estimate->median);
    put_figure(out, ", ", "low",
               has_interval ? figure_of(estimate->low) : (struct figure){0});
    put_figure(out, ", ", "high",
               has_interval ? figure_of(estimate->high) : (struct figure){0});
    put_count(out, ", ", "pairs", estimate->count);
    out_printf(out, "}");
}

static void put_percentiles(struct out *out, const char *before,
                            const char *name,
                            const struct result_percentiles *us)
{
    out_printf(out, "%s\"%s\": {", before, name);
    put_figure(out, "", "p50", us->p50);
    put_figure(out, ", ", "p90", us->p90);
    put_figure(out, ", ", "p99", us->p99);
    put_figure(out, ", ", "p999", us->p999);
    put_figure(out, ", ", "max", us->max);
    out_printf(out, "}");
}

/* ---- the run ------------------------------------------------------------- */

static void put_environment(struct out *out, const struct environment *e)
{
    out_printf(out, ",\n \"environment\": {");
    put_text(out, "", "system", e->system);
    put_text(out, ", ", "wine", e->wine[0] != '\0' ? e->wine : NULL);
    put_text(out, ", ", "processor", e->processor);
    put_count(out, ", ", "logical_processors", e->processors);
    put_count_or_null(out, ", ", "memory_bytes", e->memory_bytes);
    put_count_or_null(out, ", ", "clock_hz", e->clock_hz);
    put_count_or_null(out, ", ", "tick_ns", (uint64_t)e->tick_100ns * 100);
    put_text(out, ", ", "compiler", e->compiler);
    put_text(out, ", ", "version", e->version);
    put_text(out, ",\n  ", "commit", e->commit);
    put_bool(out, ", ", "is_observed", e->is_observed);
    put_count_or_null(out, ", ", "timer_ns", (uint64_t)e->timer_100ns * 100);
    put_count_or_null(out, ", ", "timer_finest_ns",
                      (uint64_t)e->timer_finest_100ns * 100);
    put_text(out, ", ", "power_plan", e->power_plan);
    put_text(out, ", ", "loopback_mode", e->loopback_mode);
    out_printf(out, "}");
}

static void put_settings(struct out *out, const struct result_settings *s)
{
    out_printf(out, ",\n \"settings\": {");
    put_text(out, "", "command", s->command);
    put_text(out, ", ", "servers", s->servers);
    put_text(out, ", ", "relative_to", s->relative_to);
    out_printf(out, ", \"seed\": %ld}", s->seed);
}

static void put_block(struct out *out, const struct result_block *block)
{
    enum result_metric metric = result_words(block->scenario)->metric;
    out_printf(out, "{");
    put_text(out, "", "scenario", result_words(block->scenario)->name);
    put_bool(out, ", ", "is_ladder", block->is_ladder);
    put_text(out, ", ", "title", block->title);
    put_text(out, ", ", "relative_to", block->relative_to);
    put_text(out, ", ", "metric", result_unit(metric));
    put_bool(out, ", ", "less_is_better", result_is_latency(block));
    out_printf(out, ", \"connections\": %d, \"message_bytes\": %ld",
               block->connection_count, block->message_bytes);
    put_count_or_null(out, ", ", "rate_per_s",
                      block->rate_per_s > 0 ? (uint64_t)block->rate_per_s : 0);
    out_printf(out, ", \"round_ms\": %ld, \"planned_rounds\": %ld",
               block->round_ms, block->round_count);
    put_figure(out, ", ", "noise_factor", block->noise_factor);
    put_text(out, ", ", "summary", block->summary);
    out_printf(out, "}");
}

/* ---- a row --------------------------------------------------------------- */

static const char *role_name(enum result_role role)
{
    switch (role) {
    case RESULT_CONTROL:
        return "control";
    case RESULT_PEER:
        return "peer";
    case RESULT_REFLECTOR:
        return "reflector";
    case RESULT_SERVER:
    default:
        return "server";
    }
}

static void put_figures(struct out *out, const struct result_row *row)
{
    out_printf(out, ",\n   \"figures\": {");
    put_figure(out, "", "score", row->score);
    put_estimate(out, ", ", "ratio", &row->ratio);
    put_bool(out, ", ", "differs", row->differs);
    put_bool(out, ", ", "is_client_bound", row->is_client_bound);
    put_percentiles(out, ",\n    ", "latency_us", &row->latency_us);
    put_percentiles(out, ",\n    ", "service_us", &row->service_us);
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        char name[48];
        snprintf(name, sizeof name, "%s_calls_per_echo",
                 result_kind_name((enum result_kind)kind));
        put_figure(out, kind == 0 ? ",\n    " : ", ", name,
                   row->calls_per_echo[kind]);
    }
    put_figure(out, ",\n    ", "at_once_percent", row->at_once_percent);
    put_figure(out, ", ", "would_block_per_echo", row->would_block_per_echo);
    put_figure(out, ", ", "empty_waits_per_echo", row->empty_waits_per_echo);
    put_figure(out, ", ", "completions_per_wait", row->completions_per_wait);
    put_figure(out, ",\n    ", "jain", row->jain);
    put_figure(out, ", ", "slowest_percent", row->slowest_percent);
    put_figure(out, ", ", "cpu_us_per_echo", row->cpu_us_per_echo);
    put_figure(out, ", ", "memory_per_idle_bytes", row->memory_per_idle);
    put_figure(out, ",\n    ", "hot_per_s", row->hot_per_s);
    put_figure(out, ", ", "late_percent", row->late_percent);
    put_figure(out, ", ", "client_percent", row->client_percent);
    put_figure(out, ", ", "waiting_percent", row->waiting_percent);
    out_printf(out, "}");
}

/* The calls of a round by kind and outcome. */
static void put_calls(struct out *out, const struct result_round *round)
{
    out_printf(out, "{");
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        out_printf(out, "%s\"%s\": [", kind == 0 ? "" : ", ",
                   result_kind_name((enum result_kind)kind));
        for (int outcome = 0; outcome < RESULT_OUTCOME_COUNT; outcome++)
            out_printf(out, "%s%" PRId64, outcome == 0 ? "" : ", ",
                       round->calls[kind][outcome]);
        out_printf(out, "]");
    }
    out_printf(out, "}");
}

static void put_round(struct out *out, const struct result_row *row,
                      const struct result_round *round)
{
    out_printf(out, "{");
    put_count(out, "", "echoes", round->echoes);
    put_count(out, ", ", "bytes", round->bytes);
    put_count(out, ", ", "elapsed_ns", round->elapsed_ns);
    put_count(out, ", ", "idle_ns", round->idle_ns);
    put_count(out, ", ", "client_cpu_ns", round->client_cpu_ns);
    if (row->lacks_cpu)
        out_printf(out, ", \"server_cpu_ns\": null");
    else
        put_count(out, ", ", "server_cpu_ns", round->server_cpu_ns);
    put_count_or_null(out, ", ", "p50_ns", round->p50_ns);
    put_count_or_null(out, ", ", "p99_ns", round->p99_ns);
    put_count(out, ", ", "due_count", round->due_count);
    put_count(out, ", ", "late_count", round->late_count);
    put_count(out, ", ", "hot_echoes", round->hot_echoes);
    out_printf(out, ",\n     \"calls\": ");
    if (row->has_counts) {
        put_calls(out, round);
        out_printf(out,
                   ", \"waits\": %" PRId64 ", \"empty_waits\": %" PRId64
                   ", \"completions\": %" PRId64 "}",
                   round->waits, round->empty_waits, round->completions);
    } else {
        out_printf(out, "null, \"waits\": null, \"empty_waits\": null, "
                        "\"completions\": null}");
    }
}

/* The buckets that hold something: where each begins, and how many. */
static void put_histogram(struct out *out, const char *name,
                          const struct histogram *histogram)
{
    bool is_empty = histogram->count == 0;
    const char *separator = "";
    out_printf(out, ",\n   \"%s\": {", name);
    put_count(out, "", "count", histogram->count);
    put_count(out, ", ", "sum_ns", histogram->sum_ns);
    if (is_empty) {
        out_printf(out, ", \"smallest_ns\": null, \"largest_ns\": null");
    } else {
        put_count(out, ", ", "smallest_ns", histogram->smallest_ns);
        put_count(out, ", ", "largest_ns", histogram->largest_ns);
    }
    put_count(out, ", ", "saturated_count", histogram->saturated_count);
    out_printf(out, ",\n    \"buckets\": [");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i] > 0) {
            out_printf(out, "%s[%" PRIu64 ",%" PRIu64 "]", separator,
                       histogram_bucket_low_ns(i), histogram->counts[i]);
            separator = ",";
        }
    out_printf(out, "]}");
}

static void put_shares(struct out *out, const struct result_row *row)
{
    out_printf(out, ",\n   \"echoes_by_connection\": ");
    if (row->echoes_by_connection == NULL) {
        out_printf(out, "null");
        return;
    }
    out_printf(out, "[");
    for (int i = 0; i < row->connection_count; i++)
        out_printf(out, "%s%" PRIu64, i == 0 ? "" : ",",
                   row->echoes_by_connection[i]);
    out_printf(out, "]");
}

static void put_row(struct out *out, const struct result_row *row)
{
    out_printf(out, "{\"block\": %d", row->block);
    put_text(out, ", ", "server", row->name);
    put_text(out, ", ", "form", row->form);
    put_text(out, ", ", "role", role_name(row->role));
    out_printf(out, ", \"model\": %d, \"connections\": %d", row->model,
               row->connection_count);
    out_printf(out, ", \"idle_connections\": %d,\n   \"baseline\": %d",
               row->idle_count, row->baseline);
    if (row->control >= 0)
        out_printf(out, ", \"control\": %d", row->control);
    else
        out_printf(out, ", \"control\": null");
    put_text(out, ", ", "failure",
             row->failure[0] != '\0' ? row->failure : NULL);
    put_count_or_null(out, ",\n   ", "thread_count",
                      row->thread_count > 0 ? (uint64_t)row->thread_count : 0);
    put_count_or_null(out, ", ", "memory_before_bytes",
                      row->memory_before_bytes);
    put_count_or_null(out, ", ", "memory_after_bytes", row->memory_after_bytes);
    put_figures(out, row);
    put_text(out, ",\n   ", "why", row->why);
    out_printf(out, ",\n   \"rounds\": [");
    for (int i = 0; i < row->round_count; i++) {
        out_printf(out, "%s\n    ", i == 0 ? "" : ",");
        put_round(out, row, &row->rounds[i]);
    }
    out_printf(out, "]");
    put_shares(out, row);
    put_histogram(out, "latency", &row->latency);
    if (row->service.count > 0)
        put_histogram(out, "service", &row->service);
    else
        out_printf(out, ",\n   \"service\": null");
    out_printf(out, "}");
}

void json_write_result(struct out *out, const struct result *result)
{
    out_printf(out, "{\n \"format\": \"echo-bench\", \"format_version\": %d",
               JSON_FORMAT_VERSION);
    put_environment(out, &result->environment);
    put_settings(out, &result->settings);
    put_bool(out, ",\n ", "interrupted", result->interrupted);
    put_count(out, ", ", "elapsed_ns", result->elapsed_ns);
    put_estimate(out, ",\n ", "pooled", &result->pooled);
    out_printf(out, ",\n \"blocks\": [");
    for (int i = 0; i < result->block_count; i++) {
        out_printf(out, "%s\n  ", i == 0 ? "" : ",");
        put_block(out, &result->blocks[i]);
    }
    out_printf(out, "],\n \"rows\": [");
    for (int i = 0; i < result->row_count; i++) {
        out_printf(out, "%s\n  ", i == 0 ? "" : ",");
        put_row(out, &result->rows[i]);
    }
    out_printf(out, "]\n}\n");
}
