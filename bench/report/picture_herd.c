#include "picture_parts.h"

#include <stdio.h>
#include <string.h>

/* ---- idle connections ---------------------------------------------------- */

/* The distinct numbers of idle connections, rising. */
static int list_idle(const struct result *result,
                     const struct result_block *block,
                     int idle[CHART_X_TICKS_AT_MOST])
{
    int count = 0;
    for (int i = 0; i < block->row_count; i++) {
        int here = picture_row(result, block, i)->idle_count;
        int at = 0;
        while (at < count && idle[at] < here)
            at++;
        if ((at < count && idle[at] == here) || count == CHART_X_TICKS_AT_MOST)
            continue;
        memmove(&idle[at + 1], &idle[at],
                sizeof idle[0] * (size_t)(count - at));
        idle[at] = here;
        count++;
    }
    return count;
}

/* A row beside idle connections belongs to the line of the row without. */
static void add_idle_points(struct chart_lines *chart,
                            const struct result *result,
                            const struct result_block *block, int idle_count,
                            double at)
{
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        bool is_alone = &result->rows[row->baseline] == row;
        if (row->idle_count != idle_count || !row->ratio.median.known ||
            row->role == RESULT_CONTROL)
            continue;
        struct chart_series *series =
            picture_series(chart, &result->rows[row->baseline]);
        struct chart_point point = {.at = at,
                                    .value = row->ratio.median.value,
                                    .has_interval =
                                        row->ratio.has_interval && !is_alone,
                                    .low = row->ratio.low,
                                    .high = row->ratio.high};
        picture_add_point(series, point);
    }
    double factor = block->noise_factor.value;
    struct chart_point band = {.at = at,
                               .value = 1,
                               .has_interval = true,
                               .low = 1 / factor,
                               .high = factor};
    if (block->noise_factor.known)
        picture_add_point(&chart->noise, band);
}

static struct figure pick_kept(const struct result_row *row)
{
    return row->idle_count > 0 ? row->ratio.median : (struct figure){0};
}

void picture_herd(struct out *out, const struct result *result,
                  const struct result_block *block)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    int idle[CHART_X_TICKS_AT_MOST];
    int count = list_idle(result, block, idle);
    const struct result_row *least;
    const struct result_row *most;
    struct chart_lines chart = {.label = sentence,
                                .x_label = "idle connections besides",
                                .y_label = "echoes/s, relative to alone",
                                .y_kind = SCALE_LINEAR,
                                .y_unit = SCALE_TIMES,
                                .has_markers = true,
                                .x_tick_count = count};
    for (int i = 0; i < count; i++) {
        chart.x_ticks[i].at = picture_place(i, count);
        snprintf(chart.x_ticks[i].label, sizeof chart.x_ticks[i].label, "%d",
                 idle[i]);
        add_idle_points(&chart, result, block, idle[i], chart.x_ticks[i].at);
    }
    if (picture_ends(result, block, pick_kept, &least, &most))
        picture_say(
            sentence,
            "Beside %d idle connections %s does %.2f times the echoes/s that "
            "it does alone, the least; beside %d %s does %.2f times.",
            least->idle_count, result->rows[least->baseline].name,
            least->ratio.median.value, most->idle_count,
            result->rows[most->baseline].name, most->ratio.median.value);
    else
        picture_say(sentence, "There are not two servers to compare.");
    picture_open(out, false, "What idle connections cost", sentence);
    chart_draw_lines(out, &chart);
    picture_close(out);
}

static struct figure pick_memory(const struct result_row *row)
{
    struct figure kib = row->memory_per_idle;
    kib.value /= 1024;
    return kib;
}

void picture_memory(struct out *out, const struct result *result,
                    const struct result_block *block)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    const struct result_row *least;
    const struct result_row *most;
    struct chart_bars chart = {.label = sentence,
                               .x_label = "KiB for each idle connection",
                               .segment_count = 1};
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        if (!picture_is_server(result, row) ||
            chart.bar_count == CHART_BARS_AT_MOST)
            continue;
        struct chart_bar *bar = &chart.bars[chart.bar_count++];
        bar->style = pictures_style(row);
        snprintf(bar->name, sizeof bar->name, "%s", row->name);
        snprintf(bar->instead, sizeof bar->instead, "%s",
                 pick_memory(row).known ? "" : "n/a");
        bar->segments[0] = pick_memory(row).value;
    }
    if (picture_ends(result, block, pick_memory, &least, &most))
        picture_say(
            sentence,
            "%s takes %.1f KiB for each idle connection, the most; %s takes "
            "%.1f, the least.",
            most->name, pick_memory(most).value, least->name,
            pick_memory(least).value);
    else
        picture_say(sentence, "It is not known of two servers.");
    picture_open(out, false, "Memory for each idle connection", sentence);
    chart_draw_bars(out, &chart);
    picture_close(out);
}
