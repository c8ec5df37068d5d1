#include "html.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "chart.h"
#include "columns.h"
#include "escape.h"

/* In pieces: C11 promises no more than 4,095 characters in one string. Colours
 * after Okabe and Ito, so that colour-blind readers can tell them apart. */
static const char *const style_sheet[] = {
    ":root{--ground:#fff;--card:#f6f7f9;--text:#1a1d21;--soft:#555b64;"
    "--rule:#c9ced6;--warn:#fff3d6;--s0:#5d6470;--s1:#0072b2;--s2:#b06f00;"
    "--s3:#00835c;--s4:#b0508a;--s5:#cf4a00}\n"
    "@media (prefers-color-scheme:dark){:root{--ground:#14171c;--card:#1d2127;"
    "--text:#e8eaed;--soft:#aab1bc;--rule:#454d59;--warn:#33290f;--s0:#aab1bc;"
    "--s1:#56b4e9;--s2:#e6a21a;--s3:#2bc79a;--s4:#e58fc4;--s5:#ff7043}}\n"
    ".s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}"
    ".s4{--c:var(--s4)}.s5{--c:var(--s5)}.s6{--c:#4a90d0}.s7{--c:#e0962b}"
    ".s8,.s14{--c:#9fcff5}.s9,.s15{--c:#a3a9b3}.s10{--c:#3fae83}"
    ".s11{--c:#f2cf63}.s12{--c:#b795dd}.s13{--c:#e8848c}\n",
    "*{box-sizing:border-box}body{margin:0 auto;max-width:1500px;padding:12px;"
    "background:var(--ground);color:var(--text);overflow-wrap:anywhere;"
    "font:16px/1.4 system-ui,sans-serif}h1{font-size:1.5em;margin:0}"
    "h2{font-size:1.1em;margin:0}p,ul,dl{margin:.4em 0}ul{padding-left:1.2em}"
    ".banner{background:var(--warn);padding:.3em .6em}.charts{display:grid;"
    "gap:12px;grid-template-columns:"
    "repeat(auto-fill,minmax(min(100%,440px),1fr))}figure{margin:0;"
    "padding:10px;background:var(--card);font-size:.9em}figure>svg{width:100%;"
    "vertical-align:top;margin-top:.3em}figcaption,dt{"
    "color:var(--soft)}.key{display:inline-block;margin-right:1em}"
    ".key svg{width:14px;margin-right:4px;vertical-align:-2px}\n",
    "summary{padding:.3em 0}dl{display:grid;gap:.1em 1em;"
    "grid-template-columns:minmax(0,max-content) 1fr}dd{margin:0}"
    ".wide{overflow-x:auto}table{font-size:.85em;border-collapse:collapse;"
    "overflow-wrap:normal}th,td{padding:.2em .6em;text-align:right;"
    "white-space:nowrap;border-top:1px solid var(--rule)}"
    "th:first-child,.failed{text-align:left}"
    "svg text{font:13px system-ui,sans-serif;fill:var(--text)}"
    "svg .tick{font-size:12px;fill:var(--soft)}"
    "svg .inside{font-size:11.5px;fill:#14171c}.axis{stroke:var(--text)}"
    ".grid{stroke:var(--rule)}.noise{fill:var(--rule)}"
    ".bar,.part,.mark{fill:var(--c)}.part{stroke:var(--soft)}"
    ".mark,.line{stroke:var(--c)}.mark.hollow{fill:var(--card)}"
    ".line{fill:none}.line,.hollow{stroke-width:2}\n"};

/* Where in a row a figure is. */
#define AT(member) offsetof(struct result_row, member)

struct page {
    struct out *out;
    const struct result *result;
    bool has_trust; /* it has been said whether to trust it */
};

/* ---- rows ---------------------------------------------------------------- */

static const struct result_row *row_of(const struct page *page,
                                       const struct result_block *block, int i)
{
    return &page->result->rows[block->first_row + i];
}

static struct figure figure_at(const struct result_row *row, size_t offset)
{
    struct figure none = {0};
    return result_has_figures(row)
               ? *(const struct figure *)((const char *)row + offset)
               : none;
}

static int style_of(const struct result_row *row)
{
    return row->model >= 1 && row->model <= 5 ? row->model : 0;
}

static bool is_baseline(const struct page *page, const struct result_row *row)
{
    return &page->result->rows[row->baseline] == row;
}

/* Only a verdict of "less" or "more" fills a marker. */
static bool is_hollow(const struct result_block *block,
                      const struct result_row *row)
{
    return block->is_noisy || row->verdict == RESULT_CANNOT_TELL ||
           row->verdict == RESULT_SAME;
}

/* "0.85 [0.81, 0.91]" */
static void ratio_text(const struct estimate *ratio,
                       char text[CHART_TEXT_BYTES / 2])
{
    if (ratio->median.known && ratio->has_interval)
        snprintf(text, CHART_TEXT_BYTES / 2, "%.2f [%.2f, %.2f]",
                 fmin(ratio->median.value, 1e6), fmin(ratio->low, 1e6),
                 fmin(ratio->high, 1e6));
    else
        column_text(ratio->median, text);
}

/* ---- elements ------------------------------------------------------------ */

/* before and after as they are, in between any text. */
static void put(struct page *page, const char *before, const char *text,
                const char *after)
{
    out_printf(page->out, "%s", before);
    escape_xml(page->out, text);
    out_printf(page->out, "%s", after);
}

/* For a <dl>: what it is called, and what it is. */
static void put_term(struct page *page, const char *term, const char *text)
{
    put(page, "<dt>", term, "</dt>\n");
    put(page, "<dd>", text, "</dd>\n");
}

static void put_key(struct page *page, int style, const char *name)
{
    out_printf(page->out, "<span class=\"key\">");
    chart_write_marker(page->out, style);
    put(page, "", name, "</span>\n");
}

/* Whether to believe the figures of a block. */
static void put_trust(struct page *page, const struct result_block *block)
{
    const struct result_row *row = row_of(page, block, 0);
    char text[CHART_TEXT_BYTES];
    ratio_text(&block->control, text);
    put(page, "<p><strong>Sure?</strong> ",
        block->is_noisy ? "No: this machine is too noisy for verdicts. " : "",
        "");
    put(page, "", block->relative_to, " against itself ");
    out_printf(page->out, "%s, %d launches of each server", text,
               row->sample_count);
    column_text(row->busy_percent, text);
    out_printf(page->out, ", client busy %s %%.</p>\n", text);
}

/* The first figure also has the line of trust. */
static void end_figure(struct page *page, const struct result_block *block,
                       const char *caption)
{
    if (!page->has_trust)
        put_trust(page, block);
    page->has_trust = true;
    put(page, "<figcaption>", caption, "</figcaption>\n</figure>\n");
}

/* ---- bars ---------------------------------------------------------------- */

/* A figure with a bar for each server. */
struct bars {
    const char *heading;
    const char *unit; /* of the number beside a bar */
    size_t number;    /* where that is */
    size_t parts;     /* where the first of its parts is */
    int part_count;
    int style; /* of the first part; 0: that of the server */
    const char *caption;
};

static const struct bars budget = {
    "What one echo costs",
    "us",
    AT(score),
    AT(budget_us),
    RESULT_PART_COUNT,
    CHART_FIRST_PART,
    "us for each echo, all on one processor, and its 95 % range: "
    "less is better."};
static const struct bars causes = {
    "Why: calls times prices",
    "% explained",
    AT(explained_percent),
    AT(cause_us),
    RESULT_CAUSE_COUNT,
    CHART_FIRST_PART + RESULT_PART_COUNT,
    "us for each echo; below 0, unexplained is drawn as 0."};
static const struct bars calls = {
    "Calls per echo",
    "calls",
    AT(all_calls_per_echo),
    AT(all_calls_per_echo),
    1,
    0,
    "All calls of the server: a receive and a send make 2."};
static const struct bars memory = {
    "Memory of an idle connection",
    "KB",
    AT(score),
    AT(score),
    1,
    0,
    "What the server grows by for each connection that is silent."};

/* 0.85 as -15. */
static double percent_of(double ratio)
{
    return round((fmin(ratio, 1e4) - 1) * 100) + 0.0; /* never -0 */
}

/* Adds "-15 % [-19, -9] less" to a bar, and the range to its end. */
static void add_change(struct chart_row *bar, const struct page *page,
                       const struct result_block *block,
                       const struct result_row *row)
{
    const struct estimate *ratio = &row->ratio;
    double one = page->result->rows[row->baseline].score.value;
    size_t length = strlen(bar->text);
    bar->range = (struct chart_span){ratio->low * one, ratio->high * one};
    snprintf(bar->text + length, sizeof bar->text - length,
             "  %+.0f %% [%+.0f, %+.0f] %s", percent_of(ratio->median.value),
             percent_of(ratio->low), percent_of(ratio->high),
             block->is_noisy ? "" : result_verdict_words(row->verdict));
}

static struct chart_row bar_of(const struct page *page,
                               const struct result_block *block,
                               const struct result_row *row,
                               const struct bars *bars)
{
    struct chart_row bar = {.name = result_full_name(row),
                            .text = "failed",
                            .style =
                                bars->style > 0 ? bars->style : style_of(row),
                            .value_count = bars->part_count};
    char number[24];
    if (row->failure[0] != '\0')
        return bar;
    column_text(figure_at(row, bars->number), number);
    snprintf(bar.text, sizeof bar.text, "%s %s", number, bars->unit);
    for (size_t i = 0; i < (size_t)bars->part_count; i++)
        bar.values[i] =
            figure_at(row, bars->parts + i * sizeof(struct figure)).value;
    if (bars == &budget && row->ratio.has_interval && !is_baseline(page, row))
        add_change(&bar, page, block, row);
    return bar;
}

static void put_bars(struct page *page, const struct result_block *block,
                     const struct bars *bars)
{
    struct chart_row rows[CHART_ROWS_AT_MOST];
    int count = 0;
    put(page, "<figure>\n<h2>", bars->heading, "</h2>\n");
    for (int i = 0; i < bars->part_count && bars->part_count > 1; i++)
        put_key(page, bars->style + i,
                bars == &budget
                    ? result_part_name(page->result, (enum result_part)i)
                    : result_cause_name((enum result_cause)i));
    for (int i = 0; i < block->row_count && count < CHART_ROWS_AT_MOST; i++)
        if (row_of(page, block, i)->role != RESULT_CONTROL)
            rows[count++] = bar_of(page, block, row_of(page, block, i), bars);
    chart_write_rows(page->out, bars->heading, false, rows, count);
    for (int i = 0; i < block->row_count && bars == &causes; i++)
        if (row_of(page, block, i)->why[0] != '\0')
            put(page, "<p>", row_of(page, block, i)->why, "</p>\n");
    end_figure(page, block, bars->caption);
}

/* ---- ratios -------------------------------------------------------------- */

/* Without a range it is as wide as its value. */
static struct chart_span span_of(const struct estimate *ratio)
{
    double value = ratio->median.value;
    return (struct chart_span){ratio->has_interval ? ratio->low : value,
                               ratio->has_interval ? ratio->high : value};
}

static struct chart_row ratio_of(const struct result_block *block,
                                 const struct result_row *row)
{
    struct figure ratio = figure_at(row, AT(ratio.median));
    struct chart_row dot = {.name = result_full_name(row),
                            .style = style_of(row),
                            .is_hollow = is_hollow(block, row),
                            .value_count = ratio.known,
                            .values = {ratio.value},
                            .range = span_of(&row->ratio),
                            .band = span_of(&block->control)};
    char text[CHART_TEXT_BYTES / 2];
    ratio_text(&row->ratio, text);
    snprintf(dot.text, sizeof dot.text, "%s%s%s%s%s",
             row->failure[0] != '\0' ? "failed" : text,
             row->is_client_bound ? " c" : "", row->is_unsteady ? " few" : "",
             row->lines[0] != '\0' ? " " : "", row->lines);
    return dot;
}

static void put_ratios(struct page *page, const struct result_block *block)
{
    const struct result_scenario_words *words = result_words(block->scenario);
    struct chart_row rows[CHART_ROWS_AT_MOST];
    int count = 0;
    char caption[320];
    for (int i = 0; i < block->row_count && count < CHART_ROWS_AT_MOST; i++) {
        const struct result_row *row = row_of(page, block, i);
        if (!result_has_figures(row) ||
            (row->role != RESULT_CONTROL && !is_baseline(page, row)))
            rows[count++] = ratio_of(block, row);
    }
    snprintf(caption, sizeof caption,
             "%s relative to %s: %s than 1 is better. Lines: 95 %% range; "
             "grey: A/A, what chance does; hollow: no difference shown; c: the "
             "client was the limit; few: too few echoes.",
             words->unit, block->relative_to,
             words->less_is_better ? "less" : "more");
    put(page, "<figure>\n<h2>", block->title, "</h2>\n");
    chart_write_rows(page->out, words->purpose, true, rows, count);
    end_figure(page, block, caption);
}

/* ---- lines --------------------------------------------------------------- */

/* What is on the x axis; 0: such blocks are not in one picture. */
static int x_of(const struct result_block *block)
{
    return block->is_ladder                  ? 0
           : block->scenario == RESULT_SPEED ? block->connection_count
           : block->scenario == RESULT_PACED ? block->load_percent
                                             : 0;
}

/* How many blocks there are that differ in nothing but a growing x; 0: they
 * differ in something else. */
static int sweep_length(const struct page *page, enum result_scenario scenario)
{
    const struct result_block *last = NULL;
    int length = 0;
    for (int i = 0; i < page->result->block_count; i++) {
        const struct result_block *block = &page->result->blocks[i];
        if (block->scenario != scenario || x_of(block) == 0)
            continue;
        if (last != NULL && (x_of(last) >= x_of(block) ||
                             last->message_bytes != block->message_bytes))
            return 0;
        last = block;
        length++;
    }
    return length;
}

/* The line of a server, which has the same name in every block. */
static struct chart_line line_of(const struct page *page,
                                 const struct result_row *first, size_t offset)
{
    const struct result_block *blocks = page->result->blocks;
    struct chart_line line = {.name = result_full_name(first),
                              .style = style_of(first)};
    for (int i = 0; i < page->result->row_count; i++) {
        const struct result_row *row = &page->result->rows[i];
        const struct result_block *block = &blocks[row->block];
        double y = figure_at(row, offset).value;
        bool has_verdict = offset == AT(ratio.median);
        if (block->scenario == blocks[first->block].scenario &&
            x_of(block) > 0 && y > 0 && strcmp(row->name, first->name) == 0 &&
            line.count < CHART_POINTS_AT_MOST)
            line.points[line.count++] = (struct chart_point){
                x_of(block), y, has_verdict && is_hollow(block, row)};
    }
    return line;
}

/* A line for each server of a block, through all blocks like it. */
static void put_lines(struct page *page, const struct result_block *block,
                      const char *title, size_t offset, const char *caption)
{
    struct chart_lines chart = {
        .label = title,
        .x_title = block->load_percent > 0 ? "% load" : "connections"};
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = row_of(page, block, i);
        struct chart_line line = line_of(page, row, offset);
        if (row->role != RESULT_CONTROL && line.count > 0 &&
            chart.count < CHART_LINES_AT_MOST)
            chart.lines[chart.count++] = line;
    }
    if (chart.count == 0)
        return;
    put(page, "<figure>\n<h2>", title, "</h2>\n");
    for (int i = 0; i < chart.count; i++)
        put_key(page, chart.lines[i].style, chart.lines[i].name);
    chart_write_lines(page->out, &chart);
    end_figure(page, block, caption);
}

/* ---- all charts ---------------------------------------------------------- */

/* The picture of a block, or of all that stand in one with it. */
static void put_chart(struct page *page, const struct result_block *block)
{
    static const char latency[] =
        "us from when a request was due, over the load in percent of each "
        "server's own speed.";
    bool is_first = block == result_find(page->result, block->scenario);
    int length = sweep_length(page, block->scenario);
    if (block->row_count == 0)
        return;
    if (block->scenario == RESULT_WORK && is_first) {
        put_bars(page, block, &budget);
        put_bars(page, block, &causes);
    } else if (block->scenario == RESULT_MEMORY && is_first) {
        put_bars(page, block, &memory);
    } else if (block->scenario == RESULT_PACED && x_of(block) > 0) {
        if (is_first && length > 1) {
            put_lines(page, block, "p50 under load", AT(latency_us.p50),
                      latency);
            put_lines(page, block, "p99 under load", AT(latency_us.p99),
                      latency);
        }
    } else if (x_of(block) == 0 || length < 4) {
        put_ratios(page, block);
    } else if (is_first) {
        put_lines(page, block, "Speed over connections", AT(ratio.median),
                  "Echoes/s relative to the baseline: more than 1 is better. "
                  "Hollow: no difference shown; the ranges are in the tables.");
    }
    if (block->scenario == RESULT_SPEED && is_first && length > 1)
        put_lines(page, block, calls.heading, calls.number, calls.caption);
    else if (block->scenario == RESULT_SPEED && is_first)
        put_bars(page, block, &calls);
}

/* ---- tables -------------------------------------------------------------- */

static bool is_known(const struct page *page, const struct result_block *block,
                     const struct column *column)
{
    for (int i = 0; i < block->row_count; i++)
        if (column_figure(column, row_of(page, block, i)).known)
            return true;
    return false;
}

static void put_cells(struct page *page, const struct result_block *block,
                      const struct result_row *row)
{
    char text[CHART_TEXT_BYTES];
    column_text(row->score, text);
    out_printf(page->out, "<td>%s</td>", text);
    ratio_text(&row->ratio, text);
    out_printf(page->out, "<td>%s</td><td>%s%s%s</td>", text,
               block->is_noisy ? "" : result_verdict_words(row->verdict),
               row->is_client_bound ? ", c" : "",
               row->is_unsteady ? ", few" : "");
    for (int c = 0; c < column_count; c++) {
        struct figure figure = column_figure(&columns[c], row);
        size_t kind = columns[c].offset - AT(calls_per_echo); /* may wrap */
        bool is_never = kind < sizeof row->calls_per_echo && figure.known &&
                        figure.value <= 0;
        column_text(figure, text);
        if (is_known(page, block, &columns[c]))
            out_printf(page->out, "<td>%s</td>", is_never ? "-" : text);
    }
}

static void put_block(struct page *page, const struct result_block *block)
{
    put(page, "<details>\n<summary>", block->title, "</summary>\n");
    put(page, "<div class=\"wide\"><table>\n<tr><th>server</th><th>",
        result_words(block->scenario)->unit, "</th>");
    put(page, "<th>of ", block->relative_to, "</th><th>verdict</th>");
    for (int c = 0; c < column_count; c++)
        if (is_known(page, block, &columns[c]))
            put(page, "<th>", columns[c].heading, "</th>");
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = row_of(page, block, i);
        put(page, "</tr>\n<tr><th>", row->name, " ");
        put(page, "", row->form, "</th>");
        if (result_has_figures(row))
            put_cells(page, block, row);
        else
            put(page, "<td class=\"failed\" colspan=\"99\">failed: ",
                row->failure[0] != '\0' ? row->failure : "not measured",
                "</td>");
    }
    out_printf(page->out, "</tr>\n</table></div>\n</details>\n");
}

/* ---- lists --------------------------------------------------------------- */

static void begin_list(struct page *page, const char *summary)
{
    out_printf(page->out, "<details>\n<summary>%s</summary>\n<dl>\n", summary);
}

static void end_list(struct page *page)
{
    out_printf(page->out, "</dl>\n</details>\n");
}

static void put_prices(struct page *page)
{
    begin_list(page, "Prices: us that one call costs when it is measured by "
                     "itself, all on one processor");
    for (int i = 0; i < PRICE_COUNT; i++) {
        char text[24];
        column_text(page->result->prices.us[i], text);
        put_term(page, price_name((enum price)i), text);
    }
    end_list(page);
}

static void put_reading(struct page *page)
{
    static const char *const rules[][2] = {
        {"less, more", "the whole range lies on that side of 1"},
        {"same within 10 %", "the whole range lies within 10 % of 1"},
        {"cannot tell", "neither: which does not mean equal"},
        {"[range]", "where 95 % of repeats of this whole run would land: "
                    "Student's t over the epochs' log ratios, each epoch with "
                    "freshly started servers"},
        {"A/A, grey", "the baseline against itself under a second name; when "
                      "its range does not contain 1, there are no verdicts"},
        {"c", "client-bound: the client was the limit, not the server"},
        {"few", "fewer than 20 echoes for each connection"},
        {"n/a", "not known here, or not measured; never 0"},
        {"-", "a kind of call that the server never makes"}};
    begin_list(page, "How to read it");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        put_term(page, rules[i][0], rules[i][1]);
    for (int c = 0; c < column_count; c++)
        put_term(page, columns[c].heading, columns[c].meaning);
    end_list(page);
}

static void put_facts(struct page *page)
{
    const struct environment *e = &page->result->environment;
    const struct result_settings *settings = &page->result->settings;
    char text[160];
    begin_list(page, "What ran, and where");
    put_term(page, "command", settings->command);
    put_term(page, "servers", settings->servers);
    if (settings->left_out != NULL)
        put_term(page, "left out", settings->left_out);
    snprintf(text, sizeof text, "%d epochs, seed %ld, %.0f s",
             settings->epoch_count, settings->seed,
             (double)page->result->elapsed_ns / 1e9);
    put_term(page, "run", text);
    put_term(page, "system", e->system);
    put_term(page, "Wine", e->wine[0] != '\0' ? e->wine : "no");
    put_term(page, "processor", e->processor);
    snprintf(text, sizeof text,
             "%u processors, memory %.1f GiB, clock %.3g MHz, timer %.3g ms; "
             "0: n/a",
             e->processors, (double)e->memory_bytes / (1 << 30),
             (double)e->clock_hz / 1e6, e->timer_100ns / 1e4);
    put_term(page, "machine", text);
    put_term(page, "power plan", e->power_plan);
    put_term(page, "compiler", e->compiler);
    put_term(page, "version", e->version);
    put_term(page, "commit", e->commit);
    end_list(page);
}

/* ---- the page ------------------------------------------------------------ */

static void put_head(struct page *page)
{
    char answer[RESULT_WHY_BYTES];
    out_printf(page->out,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
               "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
               "content=\"width=device-width, initial-scale=1\">\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<title>Five ways to serve sockets</title>\n<style>\n");
    for (size_t i = 0; i < sizeof style_sheet / sizeof style_sheet[0]; i++)
        out_printf(page->out, "%s", style_sheet[i]);
    out_printf(page->out, "</style>\n</head>\n<body>\n");
    result_answer(page->result, answer);
    put(page,
        "<h1>Five ways to serve sockets: what one echo costs here</h1>"
        "\n<p>",
        answer, "</p>\n");
    if (page->result->environment.wine[0] != '\0')
        put(page, "<p class=\"banner\">Wine ", page->result->environment.wine,
            ": costs are Wine's, not Windows'; this ranking says nothing about "
            "Windows.</p>\n");
    if (page->result->interrupted)
        out_printf(page->out, "<p class=\"banner\">Stopped by Ctrl+C: these "
                              "are the epochs until then.</p>\n");
}

void html_write_result(struct out *out, const struct result *result)
{
    struct page page = {.out = out, .result = result};
    put_head(&page);
    out_printf(out, "<div class=\"charts\">\n");
    for (int i = 0; i < result->block_count; i++)
        put_chart(&page, &result->blocks[i]);
    out_printf(out, "</div>\n");
    for (int i = 0; i < result->block_count; i++)
        put_block(&page, &result->blocks[i]);
    if (result->prices.is_known)
        put_prices(&page);
    put_reading(&page);
    put_facts(&page);
    out_printf(out, "</body>\n</html>\n");
}
