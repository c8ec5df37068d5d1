#include "picture_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "why.h"

/* ---- one block: calls, percentiles --------------------------------------- */

static void add_call_bars(struct chart_bars *chart, const struct result *result,
                          const struct result_block *block)
{
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        if (!picture_is_server(result, row) ||
            chart->bar_count == CHART_BARS_AT_MOST)
            continue;
        struct chart_bar *bar = &chart->bars[chart->bar_count++];
        bar->style = pictures_style(row);
        snprintf(bar->name, sizeof bar->name, "%s", row->name);
        snprintf(bar->instead, sizeof bar->instead, "%s", picture_missing(row));
        if (bar->instead[0] == '\0' && !why_calls(row).known)
            snprintf(bar->instead, sizeof bar->instead, "not counted");
        for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
            bar->segments[kind] = row->calls_per_echo[kind].value;
    }
}

void picture_calls(struct out *out, const struct result *result,
                   const struct result_block *block)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    const struct result_row *least;
    const struct result_row *most;
    if (picture_ends(result, block, why_calls, &least, &most)) {
        int kind = RESULT_RECEIVE;
        for (int k = 0; k < RESULT_KIND_COUNT; k++)
            if (most->calls_per_echo[k].value - least->calls_per_echo[k].value >
                most->calls_per_echo[kind].value -
                    least->calls_per_echo[kind].value)
                kind = k;
        picture_say(
            sentence,
            "%s makes %.2f calls for an echo, the most; %s, with the fewest, "
            "%.2f. The largest part of the difference is %s: %.2f against "
            "%.2f.",
            most->name, why_calls(most).value, least->name,
            why_calls(least).value, result_kind_name((enum result_kind)kind),
            most->calls_per_echo[kind].value,
            least->calls_per_echo[kind].value);
    } else {
        picture_say(sentence, "Calls were not counted of two servers.");
    }
    struct chart_bars chart = {.label = sentence,
                               .x_label = "calls for each echo",
                               .segment_count = RESULT_KIND_COUNT};
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        chart.segment_names[kind] = result_kind_name((enum result_kind)kind);
    add_call_bars(&chart, result, block);
    char title[PICTURE_SENTENCE_BYTES] = "Calls for each echo, ";
    picture_say_connections(title, block);
    picture_open(out, false, title, sentence);
    chart_draw_bars(out, &chart);
    picture_close(out);
}

/* How many nines a histogram can tell: the last one still has a value beyond
 * it. */
static double nines_of(const struct histogram *histogram)
{
    return histogram->count < 2 ? 0 : log10((double)histogram->count);
}

enum { NINES_AT_MOST = 4 };

/* The percentile that lies this many nines in: 0, 90, 99, 99.9. */
static double percent_at(double nines)
{
    return 100 * (1 - pow(10, -nines));
}

static void add_curve(struct chart_series *series,
                      const struct histogram *histogram, double nines)
{
    for (int i = 0; i < CHART_POINTS_AT_MOST; i++) {
        double here = nines * i / (CHART_POINTS_AT_MOST - 1);
        if (here > nines_of(histogram) || histogram->count == 0)
            return;
        uint64_t ns = histogram_percentile_ns(histogram, percent_at(here));
        picture_add_point(series,
                          (struct chart_point){.at = here / nines,
                                               .value = (double)ns / 1000});
    }
}

static void add_nines(struct chart_lines *chart, double nines)
{
    static const struct {
        double nines;
        const char *label;
    } ticks[] = {{0, "0"},  {0.30103, "50"}, {1, "90"},
                 {2, "99"}, {3, "99.9"},     {4, "99.99"}};
    for (int i = 0; i < 6 && ticks[i].nines <= nines + 0.01; i++) {
        struct chart_x_tick *tick = &chart->x_ticks[chart->x_tick_count++];
        tick->at = ticks[i].nines / nines;
        snprintf(tick->label, sizeof tick->label, "%s", ticks[i].label);
    }
}

static struct figure pick_p999(const struct result_row *row)
{
    return row->latency_us.p999;
}

static void say_tail(char sentence[PICTURE_SENTENCE_BYTES],
                     const struct result *result,
                     const struct result_block *block)
{
    const struct result_row *least;
    const struct result_row *most;
    char more[SCALE_LABEL_BYTES];
    char less[SCALE_LABEL_BYTES];
    bool is_open_loop = result_words(block->scenario)->is_open_loop;
    if (!picture_ends(result, block, pick_p999, &least, &most)) {
        picture_say(sentence, "There are not two servers to compare.");
        return;
    }
    scale_label(SCALE_MICROSECONDS, most->latency_us.p999.value, more);
    scale_label(SCALE_MICROSECONDS, least->latency_us.p999.value, less);
    picture_say(
        sentence,
        "The slowest echo in a thousand takes %s with %s, the most, and %s "
        "with %s, the least",
        more, most->name, less, least->name);
    scale_label(SCALE_MICROSECONDS, most->latency_us.p50.value, more);
    scale_label(SCALE_MICROSECONDS, least->latency_us.p50.value, less);
    picture_say(sentence, "; the one in the middle %s and %s.", more, less);
    if (is_open_loop)
        picture_say(sentence,
                    " Solid: from when it was due; dashed: from the send.");
}

/* Of a herd, only the largest one has a curve: with all it is a thicket. */
static bool has_curve(const struct result *result, const struct result_row *row)
{
    return picture_is_server(result, row) ||
           result->blocks[row->block].scenario != RESULT_HERD;
}

void picture_percentiles(struct out *out, const struct result *result,
                         const struct result_block *block)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    char title[PICTURE_SENTENCE_BYTES] = "Latency by percentile, ";
    double nines = 1;
    struct chart_lines chart = {.label = sentence,
                                .x_label = "percent of the echoes",
                                .y_label = "took at most",
                                .y_kind = SCALE_LOG,
                                .y_unit = SCALE_MICROSECONDS};
    for (int i = 0; i < block->row_count; i++)
        nines = fmax(nines, nines_of(&picture_row(result, block, i)->latency));
    nines = fmin(nines, NINES_AT_MOST);
    add_nines(&chart, nines);
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        if (!table_has_figures(row) || !has_curve(result, row))
            continue;
        struct chart_series *series = picture_series(&chart, row);
        if (series != NULL)
            add_curve(series, &row->latency, nines);
        if (row->service.count == 0 || row->role == RESULT_CONTROL ||
            chart.series_count == CHART_SERIES_AT_MOST)
            continue;
        struct chart_series *sent = &chart.series[chart.series_count++];
        sent->style = pictures_style(row);
        sent->is_dashed = true;
        sent->is_unnamed = true;
        add_curve(sent, &row->service, nines);
    }
    say_tail(sentence, result, block);
    picture_say_connections(title, block);
    picture_open(out, false, title, sentence);
    chart_draw_lines(out, &chart);
    picture_close(out);
}
