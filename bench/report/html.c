#include "html.h"

#include <stdio.h>

#include "escape.h"
#include "facts.h"
#include "html_style.h"
#include "pictures.h"
#include "svg.h"
#include "table.h"
#include "why.h"

/* ---- pieces -------------------------------------------------------------- */

/* <name>text</name>, with any text. */
static void put_element(struct out *out, const char *name, const char *text)
{
    out_printf(out, "<%s>", name);
    escape_xml(out, text);
    out_printf(out, "</%s>\n", name);
}

/* A marker by itself, as in the charts. */
static void put_marker(struct out *out, enum chart_style style)
{
    out_printf(out, "<svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">");
    chart_marker(out, style, false, 7, 7);
    out_printf(out, "</svg>");
}

/* ---- the head of the page ------------------------------------------------ */

static void put_head(struct out *out, const struct result *result)
{
    out_printf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                    "<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" "
                    "content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<title>Five echo servers side by side</title>\n<style>\n");
    html_write_style(out);
    out_printf(out, "</style>\n</head>\n<body>\n"
                    "<h1>Five echo servers side by side</h1>\n");
    if (result->environment.wine[0] != '\0')
        out_printf(out, "<p class=\"banner\"><strong>Wine:</strong> %s</p>\n",
                   facts_wine);
    if (result->interrupted)
        out_printf(out, "<p class=\"banner\"><strong>Stopped by "
                        "Ctrl+C:</strong> these are the rounds until "
                        "then.</p>\n");
}

/* Which marker is which server. */
static void put_key(struct out *out, const struct result *result)
{
    static const struct {
        enum chart_style style;
        const char *text;
    } keys[] = {
        {CHART_MODEL_1, "01 blocking: a thread for each connection"},
        {CHART_MODEL_2, "02 non-blocking: one thread waits for readiness"},
        {CHART_MODEL_3, "03 overlapped: an event for each operation"},
        {CHART_MODEL_4, "04 overlapped: completion routines (APCs)"},
        {CHART_MODEL_5, "05 overlapped: a completion port"},
        {CHART_CONTROL, "the same server again: the A/A control"},
        {CHART_REFLECTOR, "the least an echo can be: the client's ceiling"},
        {CHART_OTHER, "somebody else's server"}};
    out_printf(out, "<ul class=\"key\">\n");
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        bool is_there = false;
        for (int i = 0; i < result->row_count; i++)
            is_there |= pictures_style(&result->rows[i]) == keys[k].style;
        if (!is_there)
            continue;
        out_printf(out, "<li>");
        put_marker(out, keys[k].style);
        escape_xml(out, keys[k].text);
        out_printf(out, "</li>\n");
    }
    out_printf(out, "</ul>\n");
}

static void put_facts(struct out *out, const struct result *result)
{
    struct fact facts[FACTS_AT_MOST];
    int count = facts_list(result, facts);
    out_printf(out, "<h2>What ran</h2>\n<dl>\n");
    for (int i = 0; i < count; i++) {
        put_element(out, "dt", facts[i].label);
        put_element(out, "dd", facts[i].text);
    }
    out_printf(out, "</dl>\n");
}

/* ---- at a glance --------------------------------------------------------- */

/* The row of a model in a block; NULL: there is none. */
static const struct result_row *row_of_model(const struct result *result,
                                             const struct result_block *block,
                                             int model)
{
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        if (row->role == RESULT_SERVER && row->model == model)
            return row;
    }
    return NULL;
}

static void put_number_cell(struct out *out, struct figure figure,
                            const char *after)
{
    char text[TABLE_CELL_BYTES];
    table_number(figure, text);
    out_printf(out, "<td>%s%s</td>", text, figure.known ? after : "");
}

/* x with its reservation: "0.94 =" when no difference is shown. */
static void put_ratio_cell(struct out *out, const struct result *result,
                           const struct result_row *row)
{
    bool is_baseline = &result->rows[row->baseline] == row;
    if (row->failure[0] != '\0')
        out_printf(out, "<td>failed</td>");
    else if (row->is_client_bound)
        put_number_cell(out, row->ratio.median, " c");
    else
        put_number_cell(out, row->ratio.median,
                        row->differs || is_baseline ? "" : " =");
}

/* What an idle connection takes of a model's memory, from the largest herd. */
static struct figure idle_kib(const struct result *result, int model)
{
    const struct result_row *largest = NULL;
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        if (row->model == model && row->role == RESULT_SERVER &&
            row->memory_per_idle.known &&
            (largest == NULL || row->idle_count > largest->idle_count))
            largest = row;
    }
    if (largest == NULL)
        return (struct figure){0};
    return figure_of(largest->memory_per_idle.value / 1024);
}

static void put_glance_row(struct out *out, const struct result *result,
                           const struct family *family, int model)
{
    const struct result_block *last = family->blocks[family->count - 1];
    const struct result_row *row = row_of_model(result, last, model);
    if (row == NULL)
        return;
    out_printf(out, "<tr><th scope=\"row\">");
    put_marker(out, pictures_style(row));
    escape_xml(out, row->name);
    out_printf(out, "</th>");
    for (int b = 0; b < family->count; b++) {
        const struct result_row *here =
            row_of_model(result, family->blocks[b], model);
        if (here != NULL)
            put_ratio_cell(out, result, here);
        else
            out_printf(out, "<td>n/a</td>");
    }
    put_number_cell(out, row->latency_us.p50, "");
    put_number_cell(out, row->latency_us.p99, "");
    put_number_cell(out, why_calls(row), "");
    put_number_cell(out, row->cpu_us_per_echo, "");
    struct figure threads = {row->thread_count > 0, row->thread_count};
    if (threads.known)
        out_printf(out, "<td>%d</td>", row->thread_count);
    else
        put_number_cell(out, threads, "");
    put_number_cell(out, row->slowest_percent, "");
    put_number_cell(out, idle_kib(result, model), "");
    out_printf(out, "</tr>\n");
}

/* One line for each model, from the first family of pingpong. */
static void put_glance(struct out *out, const struct result *result,
                       const struct family *family)
{
    const struct result_block *last = family->blocks[family->count - 1];
    out_printf(out, "<div class=\"wide\"><table>\n<thead><tr><th "
                    "scope=\"col\">server</th>");
    for (int b = 0; b < family->count; b++)
        out_printf(out, "<th scope=\"col\">x with %d conn.</th>",
                   family->blocks[b]->connection_count);
    out_printf(out, "<th scope=\"col\">p50 us</th><th scope=\"col\">p99 us</th>"
                    "<th scope=\"col\">calls /echo</th>"
                    "<th scope=\"col\">CPU us /echo</th>"
                    "<th scope=\"col\">threads</th>"
                    "<th scope=\"col\">slowest %%</th>"
                    "<th scope=\"col\">KiB /idle conn.</th></tr></thead>\n"
                    "<tbody>\n");
    for (int model = 1; model <= 5; model++)
        put_glance_row(out, result, family, model);
    out_printf(out, "</tbody></table></div>\n<p class=\"dim\">x: echoes/s "
                    "relative to ");
    escape_xml(out, last->relative_to);
    out_printf(out,
               "; = no difference shown; c client-bound. All columns after x: "
               "with %d connections.</p>\n",
               last->connection_count);
}

/* The table at a glance, then in words the sentence of each block. */
static void put_verdict(struct out *out, const struct result *result)
{
    struct family family;
    bool has_glance = false;
    out_printf(out, "<h2>What came out</h2>\n");
    for (int i = 0; i < result->block_count && !has_glance; i++)
        if (result->blocks[i].scenario == RESULT_PINGPONG &&
            !result->blocks[i].is_ladder &&
            pictures_family(result, i, &family)) {
            put_glance(out, result, &family);
            has_glance = true;
        }
    out_printf(out, "<ul>\n");
    for (int i = 0; i < result->block_count; i++) {
        const struct result_block *block = &result->blocks[i];
        out_printf(out, "<li><strong>");
        escape_xml(out, block->title);
        out_printf(out, ".</strong> ");
        escape_xml(out, block->summary[0] != '\0'
                            ? block->summary
                            : "Nothing can be said in one sentence.");
        out_printf(out, "</li>\n");
    }
    out_printf(out, "</ul>\n");
    if (result->settings.pooled != NULL && result->pooled.has_interval) {
        out_printf(out, "<p>");
        escape_xml(out, result->settings.pooled);
        out_printf(out,
                   ", all %zu pairs: %.3f, 95 %% range %.3f to %.3f.</p>\n",
                   result->pooled.count, result->pooled.median.value,
                   result->pooled.low, result->pooled.high);
    }
}

/* ---- tables -------------------------------------------------------------- */

static void put_row(struct out *out, const struct result *result,
                    const struct result_row *row,
                    const struct table_column *const *columns, int count)
{
    char text[TABLE_CELL_BYTES];
    out_printf(out, "<tr><th scope=\"row\">");
    escape_xml(out, row->name);
    out_printf(out, "</th>");
    if (!table_has_figures(row)) {
        out_printf(out, "<td class=\"failed\" colspan=\"%d\">", count);
        escape_xml(out, row->failure[0] != '\0' ? "failed: " : "not measured");
        escape_xml(out, row->failure);
        out_printf(out, "</td></tr>\n");
        return;
    }
    for (int c = 0; c < count; c++) {
        columns[c]->cell(result, row, text);
        out_printf(out, "<td>");
        escape_xml(out, text);
        out_printf(out, "</td>");
    }
    out_printf(out, "</tr>\n");
}

static void put_table(struct out *out, const struct result *result,
                      const struct result_block *block, enum table_kind table)
{
    const struct table_column *columns[TABLE_COLUMNS_AT_MOST];
    int count = table_columns(block, table, columns);
    out_printf(out,
               "<div class=\"wide\"><table>\n<thead><tr><th "
               "scope=\"col\">%s</th>",
               table_title(table));
    for (int c = 0; c < count; c++) {
        out_printf(out, "<th scope=\"col\" title=\"");
        escape_xml(out, columns[c]->meaning);
        out_printf(out, "\">");
        escape_xml(out, table_heading(columns[c], block));
        out_printf(out, "</th>");
    }
    out_printf(out, "</tr></thead>\n<tbody>\n");
    for (int i = 0; i < block->row_count; i++)
        put_row(out, result, &result->rows[block->first_row + i], columns,
                count);
    out_printf(out, "</tbody></table></div>\n");
}

static void put_why(struct out *out, const struct result *result,
                    const struct result_block *block)
{
    out_printf(out, "<ul>\n");
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        if (row->why[0] != '\0')
            put_element(out, "li", row->why);
    }
    out_printf(out, "</ul>\n");
}

static void put_block(struct out *out, const struct result *result,
                      const struct result_block *block, bool has_title)
{
    if (has_title)
        put_element(out, "h3", block->title);
    out_printf(out,
               "<p>%ld rounds of %ld ms, and one more to warm up. Noise "
               "floor: ",
               block->round_count, block->round_ms);
    if (block->noise_factor.known)
        out_printf(out, "x from %.2f to %.2f.</p>\n",
                   1 / block->noise_factor.value, block->noise_factor.value);
    else
        out_printf(out, "n/a, so no difference can be shown.</p>\n");
    put_why(out, result, block);
    put_table(out, result, block, TABLE_SPEED);
    put_table(out, result, block, TABLE_COST);
}

/* ---- the page ------------------------------------------------------------ */

static void put_family(struct out *out, const struct result *result,
                       const struct family *family)
{
    const struct result_block *first = family->blocks[0];
    char title[120];
    const char *name = result_words(first->scenario)->name;
    if (family->count > 1)
        snprintf(title, sizeof title, "%s, %ld bytes, over the connections",
                 name, first->message_bytes);
    else
        snprintf(title, sizeof title, "%s", first->title);
    put_element(out, "h2", title);
    put_element(out, "p", result_words(first->scenario)->purpose);
    out_printf(out, "<div class=\"charts\">\n");
    pictures_write(out, result, family);
    out_printf(out, "</div>\n");
    for (int i = 0; i < family->count; i++)
        put_block(out, result, family->blocks[i], family->count > 1);
}

static void put_reading(struct out *out, const struct result *result)
{
    static const char *const rules[] = {
        "Compare x, not echoes/s: the machine changes from minute to minute, "
        "and only servers that were measured in the same round share its mood.",
        "Noise floor, the grey band: how far the same program under two names "
        "came apart. What lies within it is \"no difference shown\", which is "
        "not \"equal\": this run cannot tell. Hollow markers say the same.",
        "Whiskers and coloured bands: 95 % bootstrap intervals of the median "
        "ratio, pair by pair in each round.",
        "Client-bound: the load generator was busy itself. Such a row says "
        "what the client can do.",
        "Closed loop: each connection waits for its echo before it sends "
        "again, so a stall is met once. Open loop (paced, skew): latency runs "
        "from when a request was due, and a stall counts for every request "
        "that it delayed.",
        "n/a: not known on this system or not measured; never a zero. A dash: "
        "no such call at all."};
    out_printf(out, "<h2>How to read it</h2>\n<ul>\n");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        put_element(out, "li", rules[i]);
    out_printf(out, "</ul>\n<dl>\n");
    struct result_block any = {0};
    if (result->block_count > 0)
        any = result->blocks[0];
    for (int table = 0; table < TABLE_KIND_COUNT; table++) {
        const struct table_column *columns[TABLE_COLUMNS_AT_MOST];
        int count = table_columns(&any, (enum table_kind)table, columns);
        for (int c = 0; c < count; c++) {
            put_element(out, "dt", table_heading(columns[c], &any));
            put_element(out, "dd", columns[c]->meaning);
        }
    }
    out_printf(out, "</dl>\n<p>Raw rounds and histograms: <code>bench "
                    "--export-json FILE</code>; the method and its biases: "
                    "<code>bench/README.md</code>.</p>\n");
}

void html_write_result(struct out *out, const struct result *result)
{
    struct family family;
    put_head(out, result);
    put_key(out, result);
    put_verdict(out, result);
    for (int i = 0; i < result->block_count; i++)
        if (pictures_family(result, i, &family))
            put_family(out, result, &family);
    put_reading(out, result);
    put_facts(out, result);
    out_printf(out, "</body>\n</html>\n");
}
