#include "export.h"

#include <inttypes.h>

#include "columns.h"
#include "escape.h"

/* ---- CSV ------------------------------------------------------------------- */

/* A field with the comma before it. */
static void put_figure(struct out *out, struct figure figure)
{
    if (figure.known)
        out_printf(out, ",%.9g", figure.value);
    else
        out_printf(out, ",");
}

static void put_text(struct out *out, const char *text)
{
    out_printf(out, ",");
    escape_csv(out, text);
}

/* The fields that say which row it is; the first one has no comma before it. */
static void put_identity(struct out *out, const struct result *result,
                         const struct result_row *row)
{
    const struct result_block *block = &result->blocks[row->block];
    escape_csv(out, block->title);
    out_printf(out, ",%s", result_words(block->scenario)->name);
    put_text(out, row->name);
    put_text(out, row->form);
    out_printf(out, ",%d,%d,%ld", row->connection_count, row->idle_count,
               block->message_bytes);
}

static const char identity[] =
    "block,scenario,server,form,connections,idle_connections,message_bytes";

void export_csv(struct out *out, const struct result *result)
{
    out_printf(out,
               "%s,score,score_unit,relative_to,ratio,ratio_low,"
               "ratio_high,epochs,verdict,client_bound,unsteady",
               identity);
    for (int c = 0; c < column_count; c++)
        out_printf(out, ",%s", columns[c].name);
    out_printf(out, ",failure\n");
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        const struct estimate *ratio = &row->ratio;
        put_identity(out, result, row);
        put_figure(out, row->score);
        put_text(out, result_words(result->blocks[row->block].scenario)->unit);
        put_text(out, result->rows[row->baseline].name);
        put_figure(out, ratio->median);
        put_figure(out, (struct figure){ratio->has_interval, ratio->low});
        put_figure(out, (struct figure){ratio->has_interval, ratio->high});
        out_printf(out, ",%d", row->sample_count);
        put_text(out, result_verdict_words(row->verdict));
        out_printf(out, ",%d,%d", row->is_client_bound, row->is_unsteady);
        for (int c = 0; c < column_count; c++)
            put_figure(out, column_figure(&columns[c], row));
        put_text(out, row->failure);
        out_printf(out, "\n");
    }
}

void export_csv_samples(struct out *out, const struct result *result)
{
    out_printf(out, "%s,epoch", identity);
    for (int c = 0; c < sample_column_count; c++)
        out_printf(out, ",%s", sample_columns[c].name);
    out_printf(out, "\n");
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        for (int e = 0; e < row->sample_count; e++) {
            put_identity(out, result, row);
            out_printf(out, ",%d", e + 1);
            for (int c = 0; c < sample_column_count; c++)
                out_printf(out, ",%" PRId64,
                           sample_value(&sample_columns[c], &row->samples[e]));
            out_printf(out, "\n");
        }
    }
}

/* ---- JSON ------------------------------------------------------------------ */

/* "name": before a value. */
static void put_name(struct out *out, const char *name)
{
    escape_json(out, name);
    out_printf(out, ": ");
}

static void json_figure(struct out *out, const char *name, struct figure figure)
{
    put_name(out, name);
    if (figure.known)
        out_printf(out, "%.9g", figure.value);
    else
        out_printf(out, "null");
}

static void json_text(struct out *out, const char *name, const char *text)
{
    put_name(out, name);
    escape_json(out, text);
    out_printf(out, ",\n  ");
}

static void json_estimate(struct out *out, const char *name,
                          const struct estimate *estimate)
{
    put_name(out, name);
    out_printf(out, "{\"count\": %zu, ", estimate->count);
    json_figure(out, "value", estimate->median);
    out_printf(out, ", ");
    json_figure(out, "low",
                (struct figure){estimate->has_interval, estimate->low});
    out_printf(out, ", ");
    json_figure(out, "high",
                (struct figure){estimate->has_interval, estimate->high});
    out_printf(out, "}");
}

static void json_head(struct out *out, const struct result *result)
{
    const struct environment *e = &result->environment;
    json_text(out, "format", "echo-bench 2");
    json_text(out, "system", e->system);
    json_text(out, "wine", e->wine);
    json_text(out, "processor", e->processor);
    json_text(out, "compiler", e->compiler);
    json_text(out, "version", e->version);
    json_text(out, "commit", e->commit);
    json_text(out, "power_plan", e->power_plan);
    json_text(out, "command", result->settings.command);
    json_text(out, "servers", result->settings.servers);
    out_printf(out,
               "\"processors\": %u, \"memory_bytes\": %" PRIu64
               ", \"clock_hz\": %" PRIu64 ",\n  \"seed\": %ld, \"epochs\": %d, "
               "\"interrupted\": %s, \"elapsed_ns\": %" PRIu64 ",\n  ",
               e->processors, e->memory_bytes, e->clock_hz,
               result->settings.seed, result->settings.epoch_count,
               result->interrupted ? "true" : "false", result->elapsed_ns);
    json_estimate(out, "pooled", &result->pooled);
    out_printf(out, ",\n  \"prices_us\": {");
    for (int i = 0; i < PRICE_COUNT; i++) {
        out_printf(out, i > 0 ? ", " : "");
        json_figure(out, price_name((enum price)i), result->prices.us[i]);
    }
    out_printf(out, "},\n");
}

static void json_samples(struct out *out, const struct result_row *row)
{
    out_printf(out, ", \"samples\": [");
    for (int e = 0; e < row->sample_count; e++) {
        out_printf(out, e > 0 ? ",\n       {" : "\n       {");
        for (int c = 0; c < sample_column_count; c++)
            out_printf(out, "%s\"%s\": %" PRId64, c > 0 ? ", " : "",
                       sample_columns[c].name,
                       sample_value(&sample_columns[c], &row->samples[e]));
        out_printf(out, "}");
    }
    out_printf(out, "]}");
}

/* Pairs of where a bucket begins, in ns, and how many values it holds. */
static void json_histogram(struct out *out, const char *name,
                           const struct histogram *h)
{
    const char *between = "";
    out_printf(out, ",\n      \"%s\": [", name);
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        if (h->counts[bucket] == 0)
            continue;
        out_printf(out, "%s[%" PRIu64 ", %" PRIu64 "]", between,
                   histogram_bucket_low_ns(bucket), h->counts[bucket]);
        between = ", ";
    }
    out_printf(out, "]");
}

static void json_shares(struct out *out, const struct result_row *row)
{
    out_printf(out, ",\n      \"echoes_by_connection\": [");
    for (int i = 0;
         row->echoes_by_connection != NULL && i < row->connection_count; i++)
        out_printf(out, "%s%" PRIu64, i > 0 ? ", " : "",
                   row->echoes_by_connection[i]);
    out_printf(out, "]");
}

static void json_row(struct out *out, const struct result *result,
                     const struct result_row *row)
{
    out_printf(out, "\n     {");
    put_name(out, "server");
    escape_json(out, row->name);
    out_printf(out, ", ");
    put_name(out, "form");
    escape_json(out, row->form);
    out_printf(out, ", \"connections\": %d, \"idle_connections\": %d, ",
               row->connection_count, row->idle_count);
    put_name(out, "relative_to");
    escape_json(out, result->rows[row->baseline].name);
    out_printf(out, ", ");
    json_estimate(out, "ratio", &row->ratio);
    out_printf(out,
               ", \"verdict\": \"%s\", \"client_bound\": %s, "
               "\"unsteady\": %s, ",
               result_verdict_words(row->verdict),
               row->is_client_bound ? "true" : "false",
               row->is_unsteady ? "true" : "false");
    put_name(out, "failure");
    escape_json(out, row->failure);
    out_printf(out, ",\n      ");
    json_figure(out, "score", row->score);
    for (int c = 0; c < column_count; c++) {
        out_printf(out, ", ");
        json_figure(out, columns[c].name, column_figure(&columns[c], row));
    }
    json_shares(out, row);
    json_histogram(out, "latency", &row->latency);
    json_histogram(out, "latency_from_send", &row->service);
    json_samples(out, row);
}

void export_json(struct out *out, const struct result *result)
{
    out_printf(out, "{\n  ");
    json_head(out, result);
    out_printf(out, "  \"blocks\": [");
    for (int b = 0; b < result->block_count; b++) {
        const struct result_block *block = &result->blocks[b];
        out_printf(out, "%s\n   {", b > 0 ? "," : "");
        put_name(out, "title");
        escape_json(out, block->title);
        out_printf(out,
                   ", \"scenario\": \"%s\", \"unit\": \"%s\", "
                   "\"rate_per_s\": %ld, \"load_percent\": %d, "
                   "\"window_ms\": %ld, \"noisy\": %s, ",
                   result_words(block->scenario)->name,
                   result_words(block->scenario)->unit, block->rate_per_s,
                   block->load_percent, block->window_ms,
                   block->is_noisy ? "true" : "false");
        json_estimate(out, "control", &block->control);
        out_printf(out, ", \"rows\": [");
        for (int i = 0; i < block->row_count; i++) {
            out_printf(out, i > 0 ? "," : "");
            json_row(out, result, &result->rows[block->first_row + i]);
        }
        out_printf(out, "]}");
    }
    out_printf(out, "]\n}\n");
}

/* ---- Markdown --------------------------------------------------------------- */

static void markdown_row(struct out *out, const struct result_row *row)
{
    char text[24];
    out_printf(out, "| ");
    escape_markdown(out, result_full_name(row));
    if (!result_has_figures(row)) {
        out_printf(out, " | ");
        escape_markdown(out, row->failure[0] != '\0' ? row->failure
                                                     : "not measured");
        out_printf(out, " | | | |\n");
        return;
    }
    column_text(row->score, text);
    out_printf(out, " | %s", text);
    column_text(row->ratio.median, text);
    out_printf(out, " | %s | ", text);
    if (row->ratio.has_interval)
        out_printf(out, "%.2f to %.2f", row->ratio.low, row->ratio.high);
    out_printf(out, " | %s |\n",
               row->is_client_bound ? "client-bound"
                                    : result_verdict_words(row->verdict));
}

void export_markdown(struct out *out, const struct result *result)
{
    char answer[RESULT_WHY_BYTES];
    result_answer(result, answer);
    out_printf(out, "# What one echo costs\n\n");
    escape_markdown(out, answer);
    out_printf(out, "\n\nMeasured on ");
    escape_markdown(out, result->environment.system);
    if (result->environment.wine[0] != '\0')
        out_printf(out, " as Wine %s shows it: costs are Wine's, not Windows'",
                   result->environment.wine);
    out_printf(out, ".\n");
    for (int b = 0; b < result->block_count; b++) {
        const struct result_block *block = &result->blocks[b];
        out_printf(out, "\n## ");
        escape_markdown(out, block->title);
        out_printf(out, "\n\n%s.\n\n| server | %s | times ",
                   result_words(block->scenario)->purpose,
                   result_words(block->scenario)->unit);
        escape_markdown(out, block->relative_to);
        out_printf(out, " | 95 of 100 repeats | |\n| --- | ---: | ---: | "
                        "---: | --- |\n");
        for (int i = 0; i < block->row_count; i++)
            markdown_row(out, &result->rows[block->first_row + i]);
        if (block->is_noisy)
            out_printf(out, "\nThe control failed: no verdicts.\n");
    }
}
