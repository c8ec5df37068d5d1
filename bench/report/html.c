#include "html.h"

#include <math.h>
#include <stdio.h>

#include "chart.h"
#include "columns.h"
#include "escape.h"

/* In pieces: C11 promises no more than 4,095 characters in one string. Colours
 * after Okabe and Ito, so that colour-blind readers can tell them apart. */
static const char *const style_sheet[] = {
    ":root{--ground:#fff;--card:#f6f7f9;--text:#1a1d21;--soft:#555b64;"
    "--rule:#d3d7de;--warn:#fff3d6;--bar:#cfe0f0;--s0:#5d6470;--s1:#0072b2;"
    "--s2:#b06f00;--s3:#00835c;--s4:#b0508a;--s5:#cf4a00}\n"
    "@media (prefers-color-scheme:dark){:root{--ground:#14171c;--card:#1d2127;"
    "--text:#e8eaed;--soft:#aab1bc;--rule:#3b424d;--warn:#3a2e0e;"
    "--bar:#274058;--s0:#aab1bc;--s1:#56b4e9;--s2:#e6a21a;--s3:#2bc79a;"
    "--s4:#e58fc4;--s5:#ff7043}}\n"
    ".s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}"
    ".s4{--c:var(--s4)}.s5{--c:var(--s5)}\n",
    "*{box-sizing:border-box}body{margin:0 auto;max-width:1320px;padding:16px;"
    "background:var(--ground);color:var(--text);overflow-wrap:anywhere;"
    "font:16px/1.45 system-ui,sans-serif}h1{font-size:1.5em;margin:0}"
    "h2{font-size:1.2em;margin:1.2em 0 .2em}h3{font-size:1em;margin:0}"
    "p,ul,dl{margin:.4em 0}ul{padding-left:1.2em}.answer{font-size:1.25em}"
    ".soft,figcaption,dt{color:var(--soft)}"
    ".banner{background:var(--warn);padding:.4em .7em}.charts{display:grid;"
    "gap:12px;margin:.6em 0;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,280px),1fr))}"
    "@media (min-width:700px){.four{grid-template-columns:1fr 1fr}}"
    "@media (min-width:1200px){.four{"
    "grid-template-columns:repeat(4,minmax(0,1fr))}}"
    "figure{margin:0;padding:12px;background:var(--card);font-size:.9em}"
    "figure>svg{width:100%;max-width:560px;display:block;margin-top:.4em}"
    ".key{display:inline-block;margin-right:1em}"
    ".key svg{width:14px;margin-right:4px;vertical-align:-2px}\n",
    "summary{padding:.5em 0;font-weight:600;cursor:pointer}"
    "details{border-top:1px solid var(--rule)}"
    "dl{display:grid;gap:.1em 1em;"
    "grid-template-columns:minmax(0,max-content) 1fr}dd{margin:0}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85em;"
    "overflow-wrap:normal;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25em .4em;text-align:right;white-space:nowrap;"
    "border-top:1px solid var(--rule)}th{font-weight:600}"
    "th:first-child,.failed{text-align:left}.group{text-align:center}"
    "tr>th:first-child{position:sticky;left:0;background:var(--ground);"
    "white-space:normal;min-width:5em}.hint{display:none}"
    "@media (max-width:700px){.hint{display:block}}"
    ".bar{background:linear-gradient(to right,var(--bar) var(--w),"
    "transparent var(--w))}\n",
    "svg text{font:13px system-ui,sans-serif;fill:var(--text)}"
    "svg .tick{font-size:12px;fill:var(--soft)}svg .name{font-weight:600}"
    "svg .end{paint-order:stroke;stroke:var(--card);stroke-width:3px}"
    ".axis{stroke:var(--text)}.grid{stroke:var(--rule)}.mark{fill:var(--c)}"
    ".dot{fill:var(--c);fill-opacity:.45}.line,.range,.mean,.cross{"
    "stroke:var(--c);stroke-width:2;fill:none}.mean{stroke-width:3}\n"};

struct page {
    struct out *out;
    const struct result *result;
};

/* ---- elements ------------------------------------------------------------ */

/* before and after as they are, in between any text. */
static void put(const struct page *page, const char *before, const char *text,
                const char *after)
{
    out_printf(page->out, "%s", before);
    escape_xml(page->out, text);
    out_printf(page->out, "%s", after);
}

static void put_figure(const struct page *page, struct figure figure)
{
    char text[24];
    column_text(figure, text);
    out_printf(page->out, "<td>%s</td>", text);
}

/* For a <dl>: what it is called, and what it is. */
static void put_term(const struct page *page, const char *term,
                     const char *text)
{
    put(page, "<dt>", term, "</dt>\n");
    put(page, "<dd>", text[0] != '\0' ? text : "n/a", "</dd>\n");
}

static void begin_fold(const struct page *page, const char *summary)
{
    put(page, "<details>\n<summary>", summary, "</summary>\n");
}

static void end_fold(const struct page *page)
{
    out_printf(page->out, "</details>\n");
}

static const struct result_row *row_of(const struct page *page,
                                       const struct result_block *block, int i)
{
    return &page->result->rows[block->first_row + i];
}

static int style_of(const struct result_row *row)
{
    return row->role == RESULT_MODEL ? row->model : 0;
}

/* A row that has nothing to show says why, over the rest of a table. */
static void put_failure(const struct page *page, const struct result_row *row)
{
    put(page, "<td class=\"failed\" colspan=\"40\">",
        row->failure[0] != '\0' ? row->failure : "not measured", "</td>");
}

/* ---- counts -------------------------------------------------------------- */

/* Blocks whose calls stand side by side: at 1, 16, 64 connections. */
static bool is_beside(const struct result_block *block,
                      const struct result_block *other)
{
    return other == block || (!block->is_ladder && !other->is_ladder &&
                              other->scenario == block->scenario &&
                              other->message_bytes == block->message_bytes);
}

/* The most that a row of the block has of that figure. */
static double most_of(const struct page *page, const struct result_block *block,
                      const struct column *column)
{
    double most = 0;
    for (int i = 0; i < block->row_count; i++)
        most = fmax(most, column_figure(column, row_of(page, block, i)).value);
    return most;
}

static void put_count_headings(const struct page *page,
                               const struct result_block *block)
{
    const struct result *result = page->result;
    int beside_count = 0;
    int kind_count = 0;
    for (int b = 0; b < result->block_count; b++)
        beside_count += is_beside(block, &result->blocks[b]);
    for (int k = 0; k < OBSERVE_KIND_COUNT; k++)
        kind_count += most_of(page, block, &columns[k]) > 0;
    out_printf(page->out,
               "<tr><th></th>%s<th class=\"group\" colspan=\"%d\">calls for an "
               "echo at</th>",
               block->is_ladder ? "<th></th>" : "", beside_count);
    if (kind_count > 0)
        out_printf(page->out,
                   "<th class=\"group\" colspan=\"%d\">at %d they are</th>",
                   kind_count, block->connection_count);
    out_printf(page->out,
               "<th class=\"group\" colspan=\"2\">requests to Wine</th>"
               "<th></th></tr>\n<tr><th>server</th>%s",
               block->is_ladder ? "<th>lines</th>" : "");
    for (int b = 0; b < result->block_count; b++)
        if (is_beside(block, &result->blocks[b]))
            out_printf(page->out, "<th>%d</th>",
                       result->blocks[b].connection_count);
    for (int k = 0; k < OBSERVE_KIND_COUNT; k++)
        if (most_of(page, block, &columns[k]) > 0)
            put(page, "<th>", columns[k].heading, "</th>");
    out_printf(page->out, "<th>server</th><th>client</th><th>threads</th>"
                          "</tr>\n");
}

/* A kind of call: as a number, and as a bar behind it. */
static void put_kind(const struct page *page, const struct result_block *block,
                     const struct result_row *row, enum observe_kind kind)
{
    struct figure figure = column_figure(&columns[kind], row);
    double most = 0;
    char text[24];
    for (int k = 0; k < OBSERVE_KIND_COUNT; k++)
        most = fmax(most, most_of(page, block, &columns[k]));
    column_text(figure, text);
    out_printf(page->out, "<td class=\"bar\" style=\"--w:%.0f%%\">%s</td>",
               100 * figure.value / most,
               figure.known && figure.value <= 0 ? "\xC2\xB7" : text);
}

static void put_count_row(const struct page *page,
                          const struct result_block *block,
                          const struct result_row *row)
{
    const struct result *result = page->result;
    put(page, "<tr><th>", result_full_name(row), "</th>");
    if (block->is_ladder)
        out_printf(page->out, "<td>+%d \xE2\x88\x92%d</td>", row->lines_added,
                   row->lines_removed);
    if (!result_has_figures(row))
        put_failure(page, row);
    for (int b = 0; b < result->block_count && result_has_figures(row); b++) {
        const struct result_block *other = &result->blocks[b];
        const struct result_row *same = result_same(result, row, other);
        if (is_beside(block, other))
            put_figure(page, same != NULL ? same->calls : (struct figure){0});
    }
    for (int k = 0; k < OBSERVE_KIND_COUNT && result_has_figures(row); k++)
        if (most_of(page, block, &columns[k]) > 0)
            put_kind(page, block, row, (enum observe_kind)k);
    if (result_has_figures(row)) {
        put_figure(page, row->requests);
        put_figure(page, row->client_requests);
        out_printf(page->out,
                   row->threads.known ? "<td>%.4g</td>" : "<td>n/a</td>",
                   row->threads.value);
    }
    out_printf(page->out, "</tr>\n");
}

static void put_counts(const struct page *page,
                       const struct result_block *block, const char *heading)
{
    char why[RESULT_TEXT_BYTES];
    put(page, "<h2>", heading, "</h2>\n<div class=\"wide\"><table>\n");
    put_count_headings(page, block);
    for (int i = 0; i < block->row_count; i++)
        if (row_of(page, block, i)->role != RESULT_CONTROL)
            put_count_row(page, block, row_of(page, block, i));
    out_printf(page->out, "</table></div>\n<p class=\"soft hint\">The table "
                          "scrolls to the side.</p>\n<ul>\n");
    for (int i = 0; i < block->row_count; i++) {
        result_why(page->result, row_of(page, block, i), why);
        if (why[0] != '\0')
            put(page, "<li>", why, "</li>\n");
    }
    out_printf(page->out,
               "</ul>\n<p class=\"soft\">Counted, not timed: the same on every "
               "machine, but for a server that takes several results with one "
               "call. They do not say what a call costs.</p>\n");
}

/* ---- curves -------------------------------------------------------------- */

/* One of the pictures over the idle connections. */
struct curve {
    const char *heading;
    size_t offset; /* of a figure in a row */
    double unit;   /* it is divided by that */
    const char *caption;
};

static const struct curve curves[] = {
    {"Memory, MB", offsetof(struct result_row, memory_kb), 1024,
     "Of the server. A thread's megabyte is its stack; under Wine that is "
     "Wine's way, and Windows' differs."},
    {"Threads", offsetof(struct result_row, threads), 1,
     "Of the server. It does not show whether they do anything: here nearly "
     "all of them sleep."},
    {"Handles", offsetof(struct result_row, handles), 1,
     "Sockets, events, threads and the rest that the server has open; not "
     "what each of them weighs."},
    {"Calls for an echo of the active one", offsetof(struct result_row, calls),
     1,
     "One client sends beside the silent ones. A call counts as one, however "
     "many sockets it looks at."}};

static struct figure figure_at(const struct result_row *row, size_t offset)
{
    return column_figure(&(struct column){.offset = offset}, row);
}

/* A server over all the idle blocks, as far as its wall. */
static struct chart_line curve_of(const struct page *page,
                                  const struct result_row *first,
                                  const struct curve *curve)
{
    struct chart_line line = {.name = first->name, .style = style_of(first)};
    for (int b = 0; b < page->result->block_count && line.wall == 0; b++) {
        const struct result_block *block = &page->result->blocks[b];
        const struct result_row *row = result_same(page->result, first, block);
        if (block->scenario != RESULT_IDLE || row == NULL ||
            line.count == CHART_POINTS_AT_MOST)
            continue;
        struct figure figure = figure_at(row, curve->offset);
        line.wall = row->wall;
        if (figure.known)
            line.y[line.count] = figure.value / curve->unit;
        else if (row->wall > 0 && line.count > 0)
            line.y[line.count] = line.y[line.count - 1];
        else
            continue;
        line.x[line.count++] = row->wall > 0 ? row->wall : block->idle_count;
    }
    return line;
}

static void put_curve(const struct page *page, const struct result_block *base,
                      const struct curve *curve)
{
    static const struct chart_tick ticks[] = {{0, "0"},        {1, "1"},
                                              {10, "10"},      {100, "100"},
                                              {1000, "1,000"}, {4000, "4,000"}};
    struct chart_lines chart = {.label = curve->heading,
                                .x_title = "idle connections"};
    double farthest = 0;
    for (int i = 0; i < base->row_count && chart.count < CHART_LINES_AT_MOST;
         i++) {
        struct chart_line line = curve_of(page, row_of(page, base, i), curve);
        if (line.count > 0 && row_of(page, base, i)->role != RESULT_CONTROL) {
            chart.lines[chart.count++] = line;
            farthest = fmax(farthest, line.x[line.count - 1]);
        }
    }
    for (size_t t = 0; t < sizeof ticks / sizeof ticks[0]; t++)
        if (ticks[t].x <= farthest)
            chart.ticks[chart.tick_count++] = ticks[t];
    if (chart.count == 0)
        return;
    put(page, "<figure>\n<h3>", curve->heading, "</h3>\n");
    chart_write_lines(page->out, &chart);
    put(page, "<figcaption>", curve->caption, "</figcaption>\n</figure>\n");
}

static void put_keys(const struct page *page, const struct result_block *block)
{
    out_printf(page->out, "<p>");
    for (int i = 0; i < block->row_count; i++) {
        if (row_of(page, block, i)->role == RESULT_CONTROL)
            continue;
        out_printf(page->out, "<span class=\"key\">");
        chart_write_marker(page->out, style_of(row_of(page, block, i)));
        put(page, "", result_full_name(row_of(page, block, i)), "</span>\n");
    }
    out_printf(page->out, "</p>\n");
}

static void put_idle(const struct page *page)
{
    const struct result_block *base =
        result_find(page->result, RESULT_IDLE, -1, -1);
    if (base == NULL)
        return;
    out_printf(page->out,
               "<h2>What connections cost that are silent</h2>\n<p>The real "
               "difference of the models. On both axes equal steps are equal "
               "factors. A cross is a wall: not one connection more was served."
               "</p>\n");
    put_keys(page, base);
    out_printf(page->out, "<div class=\"charts four\">\n");
    for (size_t c = 0; c < sizeof curves / sizeof curves[0]; c++)
        put_curve(page, base, &curves[c]);
    out_printf(page->out, "</div>\n");
}

/* How long echoes took, at one rate: x is 1 in so many that took longer. */
static void put_percentiles(const struct page *page,
                            const struct result_block *block)
{
    static const double one_in[] = {2,   4,   10,   20,   50,   100,
                                    200, 500, 1000, 2000, 5000, 10000};
    struct chart_lines chart = {.label = block->title,
                                .x_title = "of the echoes took at most this",
                                .tick_count = 5,
                                .ticks = {{2, "50 %"},
                                          {10, "90 %"},
                                          {100, "99 %"},
                                          {1000, "99.9 %"},
                                          {10000, "99.99 %"}}};
    for (int i = 0; i < block->row_count && chart.count < CHART_LINES_AT_MOST;
         i++) {
        const struct result_row *row = row_of(page, block, i);
        struct chart_line *line = &chart.lines[chart.count];
        *line = (struct chart_line){.name = row->name, .style = style_of(row)};
        for (int p = 0; p < 12; p++) {
            if ((double)row->latency.count < 10 * one_in[p])
                break;
            line->x[line->count] = one_in[p];
            line->y[line->count++] = (double)histogram_percentile_ns(
                                         &row->latency, 100 - 100 / one_in[p]) /
                                     1e3;
        }
        chart.count += line->count > 0 && row->role != RESULT_CONTROL;
    }
    while (chart.tick_count > 0 && chart.count > 0 &&
           chart.ticks[chart.tick_count - 1].x >
               chart.lines[0].x[chart.lines[0].count - 1])
        chart.tick_count--;
    if (chart.count == 0)
        return;
    put(page, "<figure>\n<h3>", block->title, ", us</h3>\n");
    chart_write_lines(page->out, &chart);
    out_printf(page->out,
               "<figcaption>From when an echo was due, so that waiting for a "
               "late one counts. A curve ends where fewer than ten echoes were "
               "slower.</figcaption>\n</figure>\n");
}

/* ---- times --------------------------------------------------------------- */

/* The largest number that has to fit into the picture. */
static double most_in(const struct page *page, const struct result_block *block,
                      enum result_measure measure)
{
    double most = 0;
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = row_of(page, block, i);
        if (row->scores[measure].has_range)
            most = fmax(most, row->scores[measure].high);
        for (int s = 0; s < row->sample_count; s++)
            most = fmax(most, result_sample_value(&row->samples[s], measure));
    }
    return most;
}

static void put_dots(struct chart_rows *rows, const struct result_row *row,
                     enum result_measure measure)
{
    const struct result_score *score = &row->scores[measure];
    char value[96];
    char verdict[32];
    column_range(score->value, score->has_range, score->low, score->high,
                 value);
    result_verdict_text(row, measure, verdict);
    if (!result_has_figures(row))
        snprintf(value, sizeof value,
                 row->failure[0] != '\0' ? "failed" : "not measured");
    chart_write_row(
        rows, &(struct chart_row){.name = result_full_name(row),
                                  .value = value,
                                  .verdict = verdict,
                                  .style = style_of(row),
                                  .mean = score->value.value,
                                  .low = score->has_range ? score->low : 0,
                                  .high = score->has_range ? score->high : 0});
    for (int s = 0; s < row->sample_count && result_has_figures(row); s++)
        chart_write_dot(rows, style_of(row),
                        result_sample_value(&row->samples[s], measure));
}

/* All blocks of a scenario, on one scale; of a ladder only that one. */
static void put_times(const struct page *page, const struct result_block *first,
                      enum result_measure measure, const char *heading,
                      const char *caption)
{
    const struct result *result = page->result;
    const char *unit;
    double most = 0;
    if (first == NULL)
        return;
    unit = result_unit(measure, first->scenario);
    for (int b = 0; b < result->block_count; b++)
        if (result->blocks[b].scenario == first->scenario &&
            result->blocks[b].is_ladder == first->is_ladder)
            most = fmax(most, most_in(page, &result->blocks[b], measure));
    if (most <= 0)
        return;
    put(page, "<h3>", heading, "</h3>\n");
    put(page, "<p>", caption, "</p>\n<div class=\"charts\">\n");
    for (int b = 0; b < result->block_count; b++) {
        const struct result_block *block = &result->blocks[b];
        if (block->scenario != first->scenario ||
            block->is_ladder != first->is_ladder)
            continue;
        put(page, "<figure>\n<h3>", block->title, "</h3>\n");
        struct chart_rows rows =
            chart_begin_rows(page->out, block->title, block->row_count, most);
        for (int i = 0; i < block->row_count; i++)
            put_dots(&rows, row_of(page, block, i), measure);
        chart_end_rows(&rows);
        put(page, "<figcaption>", unit, "");
        if (block->shows_percent[measure].known)
            out_printf(page->out,
                       "; differences from %.0f %% on would show here",
                       block->shows_percent[measure].value);
        out_printf(page->out, ".</figcaption>\n</figure>\n");
    }
    out_printf(page->out, "</div>\n");
}

/* ---- folded -------------------------------------------------------------- */

/* "-15 % [-19, -9]" */
static void put_ratio(const struct page *page, const struct result_score *score)
{
    out_printf(page->out, "<td>");
    if (score->ratio.known)
        out_printf(page->out, "%+.0f %%", 100 * (score->ratio.value - 1));
    if (score->ratio.known && score->has_range)
        out_printf(page->out, " [%+.0f, %+.0f]", 100 * (score->ratio_low - 1),
                   100 * (score->ratio_high - 1));
    out_printf(page->out, "</td>");
}

static void put_details_row(const struct page *page,
                            const struct result_block *block,
                            const struct result_row *row)
{
    char text[96];
    put(page, "<tr><th>", row->name, " ");
    put(page, "", row->form, "</th>");
    if (!result_has_figures(row))
        put_failure(page, row);
    for (int m = 0; m < RESULT_MEASURE_COUNT && result_has_figures(row); m++) {
        const struct result_score *score = &row->scores[m];
        column_range(score->value, score->has_range, score->low, score->high,
                     text);
        put(page, "<td>", text, "</td>");
        put_ratio(page, score);
    }
    for (int c = 0; c < column_count && result_has_figures(row); c++)
        if (most_of(page, block, &columns[c]) > 0)
            put_figure(page, column_figure(&columns[c], row));
    out_printf(page->out, "</tr>\n");
}

static void put_details(const struct page *page,
                        const struct result_block *block)
{
    put(page, "<h3>", block->title,
        "</h3>\n<div class=\"wide\"><table>\n"
        "<tr><th>server</th>");
    for (int m = 0; m < RESULT_MEASURE_COUNT; m++) {
        put(page, "<th>", result_unit((enum result_measure)m, block->scenario),
            "</th>");
        put(page, "<th>to ", block->relative_to, "</th>");
    }
    for (int c = 0; c < column_count; c++)
        if (most_of(page, block, &columns[c]) > 0)
            put(page, "<th>", columns[c].heading, "</th>");
    out_printf(page->out, "</tr>\n");
    for (int i = 0; i < block->row_count; i++)
        put_details_row(page, block, row_of(page, block, i));
    out_printf(page->out, "</table></div>\n");
}

static void put_meanings(const struct page *page)
{
    begin_fold(page, "What each figure means");
    out_printf(page->out, "<dl>\n");
    put_term(page, "a [b, c]",
             "the mean of the launches, and where 95 of 100 repeats of this "
             "whole run would have it");
    put_term(page, "-15 % [-19, -9]",
             "how it differs from the baseline, and the 95 % confidence "
             "interval of that");
    put_term(page, "less, more",
             "the whole confidence interval lies on that side");
    put_term(page, "within 12 %",
             "no difference shown: if there is one, it is smaller than that");
    put_term(page, "01 again",
             "the control: 01 a second time. What the two "
             "differ by is chance");
    put_term(page, "client-bound", "the client was the limit, not the server");
    put_term(page, "n/a", "not known here, or not measured; never 0");
    for (int c = 0; c < column_count; c++)
        put_term(page, columns[c].heading, columns[c].meaning);
    out_printf(page->out, "</dl>\n");
    end_fold(page);
}

static void put_facts(const struct page *page)
{
    const struct environment *e = &page->result->environment;
    const struct result_settings *settings = &page->result->settings;
    char text[160];
    begin_fold(page, "What ran, and where");
    out_printf(page->out, "<dl>\n");
    put_term(page, "command", settings->command);
    put_term(page, "servers", settings->servers);
    snprintf(text, sizeof text, "%d of each server, seed %ld, %.0f s",
             settings->launch_count, settings->seed,
             (double)page->result->elapsed_ns / 1e9);
    put_term(page, "launches", text);
    column_text(page->result->others_percent, text);
    put_term(page, "taken by other programs, %", text);
    put_term(page, "system", e->system);
    put_term(page, "Wine", e->wine[0] != '\0' ? e->wine : "no");
    put_term(page, "processor", e->processor);
    snprintf(text, sizeof text,
             "%u processors, memory %.1f GiB, clock %.3g MHz, timer %.3g ms, "
             "seam %s",
             e->processors, (double)e->memory_bytes / (1 << 30),
             (double)e->clock_hz / 1e6, e->timer_100ns / 1e4,
             e->is_observed ? "on" : "off");
    put_term(page, "machine", text);
    put_term(page, "power plan", e->power_plan);
    put_term(page, "compiler", e->compiler);
    put_term(page, "version", e->version);
    put_term(page, "commit", e->commit);
    out_printf(page->out, "</dl>\n");
    end_fold(page);
}

/* Scenarios that only a longer run has. */
static void put_more(const struct page *page)
{
    const struct result *result = page->result;
    if (result_find(result, RESULT_PACED, -1, -1) != NULL) {
        begin_fold(page, "Latency at a given rate, the same for all");
        put_keys(page, result_find(result, RESULT_PACED, -1, -1));
        out_printf(page->out, "<div class=\"charts\">\n");
        for (int b = 0; b < result->block_count; b++)
            if (result->blocks[b].scenario == RESULT_PACED)
                put_percentiles(page, &result->blocks[b]);
        out_printf(page->out, "</div>\n");
        end_fold(page);
    }
    for (int s = RESULT_SIZES; s <= RESULT_CHURN; s++) {
        const struct result_scenario_words *words =
            result_words((enum result_scenario)s);
        const struct result_block *block =
            result_find(result, (enum result_scenario)s, -1, -1);
        if (block == NULL)
            continue;
        begin_fold(page, words->name);
        put_times(page, block, words->measure, words->name, words->purpose);
        end_fold(page);
    }
    begin_fold(page, "Every figure, with its range in a repeat");
    for (int b = 0; b < result->block_count; b++)
        put_details(page, &result->blocks[b]);
    end_fold(page);
}

/* ---- the page ------------------------------------------------------------ */

static void put_banners(const struct page *page)
{
    const struct result *result = page->result;
    if (result->environment.wine[0] != '\0')
        put(page, "<p class=\"banner\">Under Wine ", result->environment.wine,
            ": this shows how the models work and that they are right. It "
            "ranks nothing for Windows.</p>\n");
    if (result->is_interrupted)
        out_printf(page->out, "<p class=\"banner\">Stopped by Ctrl+C: these "
                              "are the launches until then.</p>\n");
    if (result->settings.remark != NULL)
        put(page, "<p class=\"banner\">", result->settings.remark, "</p>\n");
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        if (row->failure[0] == '\0')
            continue;
        put(page, "<p class=\"banner\">Failed: ", row->name, " in ");
        put(page, "", result->blocks[row->block].title, ": ");
        put(page, "", row->failure, "</p>\n");
    }
}

static void put_head(const struct page *page)
{
    char text[RESULT_TEXT_BYTES];
    out_printf(page->out,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
               "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
               "content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<title>One echo, five ways</title>\n<style>\n");
    for (size_t i = 0; i < sizeof style_sheet / sizeof style_sheet[0]; i++)
        out_printf(page->out, "%s", style_sheet[i]);
    out_printf(page->out, "</style>\n</head>\n<body>\n"
                          "<h1>One echo, five ways</h1>\n");
    result_answer(page->result, text);
    if (text[0] != '\0')
        put(page, "<p class=\"answer\">", text, "</p>\n");
    result_told(page->result, text);
    if (text[0] != '\0')
        put(page, "<p>", text, "</p>\n");
    put_banners(page);
}

static void put_models(const struct page *page)
{
    const struct result *result = page->result;
    const struct result_block *work = result_find(result, RESULT_WORK, -1, -1);
    const struct result_block *speed =
        result_find(result, RESULT_SPEED, -1, -1);
    const struct result_block *counted = work != NULL ? work : speed;
    if (counted != NULL && result_find(result, counted->scenario, 16, -1))
        counted = result_find(result, counted->scenario, 16, -1);
    if (counted != NULL)
        put_counts(page, counted, "Calls for one echo");
    put_idle(page);
    if (counted == NULL)
        return;
    out_printf(page->out,
               "<h2>Times</h2>\n<p>A dot is one launch of the server, the tick "
               "their mean, the line where 95 of 100 repeats of this run would "
               "have it. Times are this machine's.</p>\n");
    put_times(page, work, RESULT_COST, "Processor time for an echo",
              "Of the server, and of the system on its behalf, not of the "
              "client; everything on one processor. Less is better.");
    put_times(page, work, RESULT_RATE, "Echoes a second, one processor",
              "Client, server and system share it: the client's part makes the "
              "differences look smaller. More is better.");
    put_times(page, speed, RESULT_RATE, "Echoes a second, all processors",
              "What a user would see. Who runs on which processor decides as "
              "much as the model does. More is better.");
}

void html_write_result(struct out *out, const struct result *result)
{
    struct page page = {.out = out, .result = result};
    put_head(&page);
    put_models(&page);
    for (int b = 0; b < result->block_count; b++)
        if (result->blocks[b].is_ladder) {
            put_counts(&page, &result->blocks[b], result->blocks[b].title);
            put_times(&page, &result->blocks[b], RESULT_COST,
                      "Processor time for an echo",
                      "Of the server, and of the system on its behalf.");
        }
    put_more(&page);
    put_meanings(&page);
    put_facts(&page);
    out_printf(out, "</body>\n</html>\n");
}
