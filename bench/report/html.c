#include "html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "columns.h"
#include "escape.h"
#include "export.h"

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
    "h2{font-size:1.2em;margin:1.2em 0 .2em}h3{font-size:1em;margin:.6em 0 0}"
    "p,ul,dl{margin:.4em 0}ul{padding-left:1.2em}.answer{font-size:1.25em}"
    ".soft,figcaption,dt{color:var(--soft)}"
    ".banner{background:var(--warn);padding:.4em .7em}"
    "summary{padding:.5em 0;font-weight:600;cursor:pointer}"
    "details{border-top:1px solid var(--rule)}dl{display:grid;gap:.1em 1em;"
    "grid-template-columns:minmax(0,max-content) 1fr}dd{margin:0}\n"
    ".charts{display:grid;gap:12px;margin:.6em 0;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,280px),1fr))}"
    "@media (min-width:700px){.four{grid-template-columns:1fr 1fr}}"
    "@media (min-width:1200px){.four{grid-template-columns:repeat(4,1fr)}}"
    "figure{margin:0;max-width:660px;padding:12px;background:var(--card);font-"
    "size:.9em}"
    "figure h3{margin:0}"
    "figure>svg{width:100%;max-width:440px;display:block;margin-top:.4em}",
    ".wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85em;"
    "overflow-wrap:normal;font-variant-numeric:tabular-nums}"
    "th,td{padding:.3em .4em;text-align:right;white-space:nowrap;"
    "border-top:1px solid var(--rule)}th:first-child{position:sticky;left:0;"
    "background:var(--ground)}"
    "@media (max-width:700px){th:first-child{white-space:normal;"
    "min-width:6em}}"
    "th:first-child{text-align:left}"
    ".bar{background:linear-gradient(to left,var(--bar) var(--w),"
    "transparent var(--w))}\n"
    "svg text{font:13px system-ui,sans-serif;fill:var(--text)}"
    "svg .tick{font-size:12px;fill:var(--soft)}"
    "svg .end{paint-order:stroke;stroke:var(--card);stroke-width:3px}"
    ".grid{stroke:var(--rule)}.mark{fill:var(--c)}"
    ".line{stroke:var(--c);stroke-width:2;fill:none}\n"
    ".row{display:flex;font-size:.92em;flex-wrap:wrap;column-gap:.5em;line-"
    "height:1.2}"
    ".row span{margin-left:auto}.row .track{position:relative;flex:0 0 "
    "calc(100% - 10px);margin:0 5px;"
    "height:16px;background:repeating-linear-gradient(to right,var(--rule) 0 "
    "1px,transparent 1px 10%)}.track i{position:absolute;background:var(--c)}"
    ".dot{height:8px;min-width:8px;margin:4px -4px;border-radius:4px;"
    "opacity:.5}.range{height:2px;margin:7px 0}"
    ".mean{height:16px;min-width:3px;margin:0 -1px}\n"};

struct page {
    struct out *out;
    const struct result *result;
};

/* ---- elements ------------------------------------------------------------ */

/* For a <dl>: what it is called, and what it is. */
static void put_term(const struct page *page, const char *term,
                     const char *text)
{
    put_xml(page->out, "<dt>%s<dd>%s\n", term, text);
}

static void begin_fold(const struct page *page, const char *summary)
{
    put_xml(page->out, "<details>\n<summary>%s</summary>\n", summary);
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

/* ---- tables -------------------------------------------------------------- */

/* Blocks that stand side by side: they differ in how many connections there are,
 * or in size. */
static bool is_like(const struct result_block *block,
                    const struct result_block *other)
{
    return other == block || (other->scenario == block->scenario &&
                              !block->is_ladder && !other->is_ladder);
}

/* A column that has nothing but 0 is left out. */
static bool is_shown(const struct page *page, const struct result_block *block,
                     int c)
{
    for (int i = 0; i < block->row_count; i++)
        if (column_figure(&columns[c], row_of(page, block, i)).value > 0)
            return true;
    return false;
}

/* Behind the calls of a kind is a bar, a quarter of the cell for each call. */
static void put_figure(const struct page *page, struct figure figure,
                       bool is_kind)
{
    char text[24];
    column_text(figure, text);
    if (is_kind && figure.value > 0)
        out_printf(page->out, "<td class=\"bar\" style=\"--w:%.0f%%\">%s</td>",
                   fmin(25 * figure.value, 100), text);
    else
        out_printf(page->out, "<td>%s</td>",
                   is_kind && figure.known ? "\xC2\xB7" : text);
}

/* Whether other says what the servers of block call when they are busy. */
static bool is_busy(const struct result_block *block,
                    const struct result_block *other)
{
    return other->scenario == RESULT_WORK &&
           other->is_ladder == block->is_ladder &&
           (!block->is_ladder || other == block + 1);
}

static void put_count_headings(const struct page *page,
                               const struct result_block *block)
{
    out_printf(page->out, "<tr><th>server</th>%s<th>calls</th>",
               block->is_ladder ? "<th>lines</th>" : "");
    for (int c = 0; c < COLUMN_COUNTS; c++)
        if (c != OBSERVE_ROUTINE && is_shown(page, block, c))
            out_printf(page->out, "<th>%s</th>", columns[c].heading);
    for (int b = 0; b < page->result->block_count; b++)
        if (is_busy(block, &page->result->blocks[b]))
            out_printf(page->out, "<th>at %d</th>",
                       page->result->blocks[b].connection_count);
    out_printf(page->out, "</tr>\n");
}

static void put_count_row(const struct page *page,
                          const struct result_block *block,
                          const struct result_row *row)
{
    const struct result *result = page->result;
    char low[24];
    char high[24];
    put_xml(page->out, "<tr><th>%s</th>", result_full_name(row));
    if (block->is_ladder)
        out_printf(page->out, "<td>+%d \xE2\x88\x92%d</td>", row->lines_added,
                   row->lines_removed);
    put_figure(page, row->calls, false);
    for (int c = 0; c < COLUMN_COUNTS; c++)
        if (c != OBSERVE_ROUTINE && is_shown(page, block, c))
            put_figure(page, column_figure(&columns[c], row),
                       c < OBSERVE_KIND_COUNT);
    for (int b = 0; b < result->block_count; b++) {
        const struct result_row *same =
            result_same(result, row, &result->blocks[b]);
        if (!is_busy(block, &result->blocks[b]) || same == NULL)
            continue;
        column_text(same->calls_low, low);
        column_text(same->calls_high, high);
        out_printf(page->out,
                   strcmp(low, high) != 0 ? "<td>%s\xE2\x80\x93%s</td>"
                                          : "<td>%s</td>",
                   low, high);
    }
    out_printf(page->out, "</tr>\n");
}

static void put_counts(const struct page *page,
                       const struct result_block *block, const char *heading)
{
    char why[RESULT_TEXT_BYTES];
    put_xml(page->out, "<h2>%s</h2>\n<div class=\"wide\"><table>\n", heading);
    put_count_headings(page, block);
    for (int i = 0; i < block->row_count; i++)
        if (row_of(page, block, i)->role != RESULT_CONTROL)
            put_count_row(page, block, row_of(page, block, i));
    out_printf(
        page->out,
        "</table></div>\n<p class=\"soft\">Calls of the server for one "
        "echo, and which they are, requests to the wineserver, which is "
        "Wine's kernel, and threads: %s. Last: the fewest and most calls "
        "with so many busy connections, when a server may take more at "
        "once, or wait less. Counted, not timed: this does not show "
        "what a call costs.</p>\n<ul>\n",
        result_purpose(block));
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = row_of(page, block, i);
        result_why(page->result, row, why);
        if (row->failure[0] != '\0')
            put_xml(page->out, "<li>%s failed: %s</li>\n", row->name,
                    row->failure);
        else if (why[0] != '\0' && row->role != RESULT_CONTROL)
            put_xml(page->out, "<li>%s</li>\n", why);
    }
    out_printf(page->out, "</ul>\n");
}

/* ---- curves -------------------------------------------------------------- */

/* One of the pictures over the idle connections. */
static const struct curve {
    const char *heading;
    size_t offset; /* of a figure in a row */
    double unit;   /* it is divided by that */
    const char *caption;
} curves[] = {
    {"Memory, MB", offsetof(struct result_row, memory_kb), 1024,
     "Of the server. A thread's megabyte is its stack: under Wine that is "
     "Wine's way, not Windows'."},
    {"Threads", offsetof(struct result_row, threads), 1,
     "Of the server. It does not show what they do: here nearly all of them "
     "sleep."},
    {"Handles", offsetof(struct result_row, handles), 1,
     "Sockets, events, threads and the rest that the server has open; not "
     "what each of them costs."},
    {"Calls for an echo", offsetof(struct result_row, calls), 1,
     "Of one active client beside the silent ones. Any call counts as one, "
     "however many sockets it looks at."}};

/* A server through all the idle blocks, as far as its wall. */
static struct chart_line curve_of(const struct page *page,
                                  const struct result_row *first,
                                  const struct curve *curve)
{
    const struct column column = {.offset = curve->offset};
    struct chart_line line = {.name = first->name, .style = style_of(first)};
    for (int b = 0; b < page->result->block_count && line.wall == 0; b++) {
        const struct result_block *block = &page->result->blocks[b];
        const struct result_row *row = result_same(page->result, first, block);
        if (block->scenario != RESULT_IDLE || row == NULL)
            continue;
        struct figure figure = column_figure(&column, row);
        double x = row->wall > 0 ? row->wall : block->idle_count;
        if (figure.known && line.count < CHART_POINTS_AT_MOST) {
            line.x[line.count] = x;
            line.y[line.count++] = figure.value / curve->unit;
        }
        line.wall = row->wall;
    }
    return line;
}

/* How long a server's echoes took: x is 1 in so many that took longer. */
static struct chart_line percentiles_of(const struct result_row *row)
{
    static const double one_in[] = {2,   4,   10,  20,   50,   100,
                                    200, 500, 1e3, 2000, 5000, 1e4};
    struct chart_line line = {.name = row->name, .style = style_of(row)};
    while (line.count < 12 &&
           (double)row->latency.count >= 10 * one_in[line.count]) {
        double percent = 100 - 100 / one_in[line.count];
        line.x[line.count] = one_in[line.count];
        line.y[line.count++] =
            (double)histogram_percentile_ns(&row->latency, percent) / 1e3;
    }
    return line;
}

static const struct chart_tick idle_ticks[] = {
    {0, "0"}, {1, "1"}, {10, "10"}, {100, "100"}, {1e3, "1000"}, {4e3, "4000"}};
static const struct chart_tick percent_ticks[] = {{2, "50 %"},
                                                  {10, "90 %"},
                                                  {100, "99 %"},
                                                  {1e3, "99.9 %"},
                                                  {1e4, "99.99 %"}};

/* Lines for the servers of a block: the curve, or NULL for the latency. */
static void put_lines(const struct page *page, const struct result_block *block,
                      const struct curve *curve)
{
    static const char latency[] =
        "us from when an echo was due, so that waiting for a late one counts. "
        "A curve ends where fewer than ten echoes were slower.";
    const char *heading = curve != NULL ? curve->heading : block->title;
    struct chart chart = {
        .label = heading,
        .x_title = curve != NULL ? "idle connections"
                                 : "of the echoes took at most this long",
        .ticks = curve != NULL ? idle_ticks : percent_ticks,
        .tick_count = curve != NULL ? 6 : 5};
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = row_of(page, block, i);
        struct chart_line line =
            curve != NULL ? curve_of(page, row, curve) : percentiles_of(row);
        if (row->role != RESULT_CONTROL && line.count > 0 &&
            chart.count < CHART_LINES_AT_MOST)
            chart.lines[chart.count++] = line;
    }
    put_xml(page->out, "<figure>\n<h3>%s</h3>\n", heading);
    chart_write(page->out, &chart);
    put_xml(page->out, "<figcaption>%s</figcaption>\n</figure>\n",
            curve != NULL ? curve->caption : latency);
}

static void put_idle(const struct page *page)
{
    const struct result_block *base = result_at_rest(page->result);
    bool has_more = false;
    for (int b = 0; b < page->result->block_count; b++)
        has_more |= page->result->blocks[b].scenario == RESULT_IDLE &&
                    page->result->blocks[b].idle_count > 0;
    if (base == NULL || !has_more)
        return;
    out_printf(page->out,
               "<h2>What silent connections cost</h2>\n<p>Here the models "
               "differ most. On both axes equal steps are equal factors. A "
               "cross is a wall: not one connection more was served.</p>\n"
               "<div class=\"charts four\">\n");
    for (size_t c = 0; c < sizeof curves / sizeof curves[0]; c++)
        put_lines(page, base, &curves[c]);
    put_xml(page->out, "</div>\n");
}

static void put_latency(const struct page *page)
{
    const struct result *result = page->result;
    if (result_find(result, RESULT_PACED, -1, -1) == NULL)
        return;
    begin_fold(page, "Latency at a given rate, the same for all");
    put_xml(page->out, "<div class=\"charts\">\n");
    for (int b = 0; b < result->block_count; b++)
        if (result->blocks[b].scenario == RESULT_PACED)
            put_lines(page, &result->blocks[b], NULL);
    put_xml(page->out, "</div>\n</details>\n");
}

/* ---- times --------------------------------------------------------------- */

/* A mark from low to high, in a track that ends at most. */
static void put_mark(const struct page *page, const char *classes, double low,
                     double high, double most)
{
    out_printf(page->out,
               "<i class=\"%s\" style=\"left:%.1f%%;width:%.1f%%\"></i>",
               classes, 100 * low / most, 100 * (high - low) / most);
}

static void put_dots(const struct page *page, const struct result_row *row,
                     enum result_measure measure, double most)
{
    const struct result_score *score = &row->scores[measure];
    char value[96];
    char verdict[32];
    if (result_has_figures(row))
        column_range(score->value, score->has_range, score->low, score->high,
                     value);
    else
        snprintf(value, sizeof value, "%s",
                 row->failure[0] != '\0' ? "failed" : "not measured");
    result_verdict_text(row, measure, verdict);
    out_printf(page->out, "<p class=\"row s%d\">", style_of(row));
    put_xml(page->out, "<b>%s</b> %s <span>%s</span><span class=\"track\">",
            result_full_name(row), verdict, value);
    if (score->has_range)
        put_mark(page, "range", score->low, score->high, most);
    for (int s = 0; s < row->sample_count; s++) {
        double one = result_sample_value(&row->samples[s], measure);
        put_mark(page, "dot", one, one, most);
    }
    if (score->value.known)
        put_mark(page, "mean", score->value.value, score->value.value, most);
    put_xml(page->out, "</span></p>\n");
}

/* One picture. It ends at the largest number that has to fit. */
static void put_block(const struct page *page, const struct result_block *block,
                      enum result_measure measure)
{
    double most = 1e-9;
    char end[24];
    char shows[RESULT_TEXT_BYTES];
    put_xml(page->out, "<figure>\n<h3>%s</h3>\n", block->title);
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = row_of(page, block, i);
        most = fmax(most, row->scores[measure].high);
        for (int s = 0; s < row->sample_count; s++)
            most = fmax(most, result_sample_value(&row->samples[s], measure));
    }
    for (int i = 0; i < block->row_count; i++)
        put_dots(page, row_of(page, block, i), measure, most);
    column_text(figure_of(most), end);
    put_xml(page->out, "<figcaption>%s, from 0 to %s",
            result_unit(measure, block->scenario), end);
    result_shows(block, measure, shows);
    put_xml(page->out, "%s%s", shows[0] != '\0' ? "; " : "", shows);
    put_xml(page->out, ".</figcaption>\n</figure>\n");
}

/* All blocks like the first; NULL: there is none. */
static void put_times(const struct page *page, const struct result_block *first,
                      enum result_measure measure, const char *heading,
                      const char *caption)
{
    if (first == NULL)
        return;
    put_xml(page->out, "<h3>%s</h3>\n<p>%s</p>\n<div class=\"charts\">\n",
            heading, caption);
    for (int b = 0; b < page->result->block_count; b++)
        if (is_like(first, &page->result->blocks[b]))
            put_block(page, &page->result->blocks[b], measure);
    put_xml(page->out, "</div>\n");
}

/* ---- what is folded ------------------------------------------------------ */

/* Every figure of a block: a line for each, a column for each server. */
static void put_details(const struct page *page,
                        const struct result_block *block)
{
    char text[96];
    put_xml(page->out,
            "<h3>%s</h3>\n<div class=\"wide\"><table>\n<tr><th></th>",
            block->title);
    for (int i = 0; i < block->row_count; i++)
        put_xml(page->out, "<th>%s %s</th>", row_of(page, block, i)->name,
                row_of(page, block, i)->failure[0] != '\0' ? "failed" : "");
    for (int m = 0;
         m < 2 * RESULT_MEASURE_COUNT && block->scenario != RESULT_IDLE; m++) {
        enum result_measure measure = (enum result_measure)(m / 2);
        put_xml(page->out, "</tr>\n<tr><th>%s%s</th>",
                m % 2 ? "to " : result_unit(measure, block->scenario),
                m % 2 ? block->relative_to : "");
        for (int i = 0; i < block->row_count; i++) {
            const struct result_score *score =
                &row_of(page, block, i)->scores[measure];
            if (m % 2 == 0)
                column_range(score->value, score->has_range, score->low,
                             score->high, text);
            else
                column_range(score->ratio, score->has_range, score->ratio_low,
                             score->ratio_high, text);
            out_printf(page->out, "<td>%s</td>", text);
        }
    }
    for (int c = 0; c < column_count; c++) {
        if (!is_shown(page, block, c))
            continue;
        put_xml(page->out, "</tr>\n<tr><th>%s</th>", columns[c].heading);
        for (int i = 0; i < block->row_count; i++)
            put_figure(page, column_figure(&columns[c], row_of(page, block, i)),
                       false);
    }
    put_xml(page->out, "</tr>\n</table></div>\n");
}

static void put_meanings(const struct page *page)
{
    static const char *const words[][2] = {
        {"a [b, c]", "the mean of the launches, and where 95 of 100 repeats of "
                     "this whole run would have it"},
        {"to 01", "the ratio to that baseline, with the 95 % confidence "
                  "interval"},
        {"less, more", "the whole confidence interval lies on that side"},
        {"same within 12 %",
         "no difference shown: if there is one, it is smaller than that"},
        {"01 again", "the control, 01 a second time: they differ by chance"},
        {"client-bound", "the client was the limit, not the server"},
        {"n/a", "not known here, or not measured; never 0"}};
    begin_fold(page, "What each figure means");
    put_xml(page->out, "<dl>\n");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        put_term(page, words[i][0], words[i][1]);
    for (int c = 0; c < column_count; c++)
        put_term(page, columns[c].heading, columns[c].meaning);
    put_xml(page->out, "</dl>\n</details>\n");
}

static void put_folded(const struct page *page)
{
    put_latency(page);
    for (int s = RESULT_SIZES; s <= RESULT_CHURN; s++) {
        const struct result_scenario_words *words =
            result_words((enum result_scenario)s);
        const struct result_block *block =
            result_find(page->result, (enum result_scenario)s, -1, -1);
        if (block == NULL)
            continue;
        begin_fold(page, words->name);
        put_times(page, block, words->measure, words->name, words->purpose);
        put_xml(page->out, "</details>\n");
    }
    begin_fold(page, "Every figure, with its range in a repeat");
    for (int b = 0; b < page->result->block_count; b++)
        put_details(page, &page->result->blocks[b]);
    put_xml(page->out, "</details>\n");
    put_meanings(page);
    begin_fold(page, "What ran, and where");
    put_xml(page->out, "<dl>\n");
    export_facts(page->out, page->result);
    put_xml(page->out, "</dl>\n</details>\n");
}

/* ---- the page ------------------------------------------------------------ */

static void put_banner(const struct page *page, const char *text)
{
    put_xml(page->out, "<p class=\"banner\">%s</p>\n", text);
}

static void put_failures(const struct page *page)
{
    const struct result_row *first = NULL;
    int count = 0;
    for (int i = page->result->row_count - 1; i >= 0; i--)
        if (page->result->rows[i].failure[0] != '\0') {
            first = &page->result->rows[i];
            count++;
        }
    if (count == 0)
        return;
    out_printf(page->out, "<p class=\"banner\">Failed: %d rows, first ", count);
    put_xml(page->out, "%s in %s: %s</p>\n", first->name,
            page->result->blocks[first->block].title, first->failure);
}

static void put_head(const struct page *page)
{
    const struct result *result = page->result;
    char answer[RESULT_TEXT_BYTES];
    char told[RESULT_TEXT_BYTES];
    result_answer(result, answer);
    result_told(result, told);
    out_printf(page->out,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
               "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
               "content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<title>One echo, five ways</title>\n<style>\n");
    for (size_t i = 0; i < sizeof style_sheet / sizeof style_sheet[0]; i++)
        out_printf(page->out, "%s", style_sheet[i]);
    put_xml(page->out,
            "</style>\n</head>\n<body>\n<h1>One echo, five ways</h1>\n"
            "<p class=\"answer\">%s</p>\n<p>%s</p>\n",
            answer, told);
    if (result->environment.wine[0] != '\0')
        put_banner(page, "Under Wine this shows how the models work. It ranks "
                         "nothing for Windows.");
    if (result->others_percent.value >= 10)
        out_printf(page->out,
                   "<p class=\"banner\">Other programs took %.0f %% of the "
                   "machine: times are less sure.</p>\n",
                   result->others_percent.value);
    if (result->is_interrupted)
        put_banner(page,
                   "Stopped by Ctrl+C: these are the launches until then.");
    if (result->settings.remark != NULL)
        put_banner(page, result->settings.remark);
    put_failures(page);
}

static void put_models(const struct page *page)
{
    const struct result *result = page->result;
    const struct result_block *work = result_find(result, RESULT_WORK, -1, -1);
    const struct result_block *speed =
        result_find(result, RESULT_SPEED, -1, -1);
    const struct result_block *rest = result_at_rest(result);
    const struct result_block *counted = rest != NULL ? rest : speed;
    if (counted != NULL)
        put_counts(page, counted, "Calls for one echo");
    put_idle(page);
    if (work != NULL || speed != NULL)
        out_printf(page->out,
                   "<h2>Times</h2>\n<p>A dot is one launch of the server, the "
                   "tick their mean, the line where 95 of 100 repeats of this "
                   "run would have it. Each picture has a scale of its own, "
                   "from 0. Times are this machine's.</p>\n");
    put_times(page, work, RESULT_COST, "Processor time for an echo",
              "Of the server, and of the system on its behalf, not of the "
              "client; everything on one processor. Less is better.");
    put_times(page, work, RESULT_RATE, "Echoes a second, one processor",
              "Client, server and system share it: the client's part makes "
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
    for (int b = 0; b < result->block_count; b++) {
        const struct result_block *block = &result->blocks[b];
        if (!block->is_ladder)
            continue;
        if (block->scenario == RESULT_IDLE)
            put_counts(&page, block, block->title);
        else
            put_times(&page, block, result_words(block->scenario)->measure,
                      result_unit(result_words(block->scenario)->measure,
                                  block->scenario),
                      result_purpose(block));
    }
    put_folded(&page);
    put_xml(out, "</body>\n</html>\n");
}
