#include "picture_parts.h"

#include <math.h>
#include <stdio.h>

enum { TALL_FROM = 16 }; /* rows from which on a chart takes two places */

/* ---- ratios -------------------------------------------------------------- */

static void add_ratio(struct chart_ranges *chart, const struct result *result,
                      const struct result_row *row)
{
    if (chart->range_count == CHART_BARS_AT_MOST)
        return;
    struct chart_range *range = &chart->ranges[chart->range_count++];
    const struct result_block *block = &result->blocks[row->block];
    bool is_baseline = &result->rows[row->baseline] == row;
    *range = (struct chart_range){.style = pictures_style(row),
                                  .is_shown = !row->is_client_bound &&
                                              (row->differs || is_baseline),
                                  .from = 1,
                                  .value = row->ratio.median.value,
                                  .has_interval = row->ratio.has_interval,
                                  .low = row->ratio.low,
                                  .high = row->ratio.high};
    if (block->noise_factor.known) {
        range->noise_low = 1 / block->noise_factor.value;
        range->noise_high = block->noise_factor.value;
    }
    snprintf(range->name, sizeof range->name, "%s", row->name);
    snprintf(range->instead, sizeof range->instead, "%s", picture_missing(row));
    if (range->instead[0] == '\0' && !row->ratio.median.known)
        snprintf(range->instead, sizeof range->instead, "n/a");
    if (row->is_client_bound)
        snprintf(range->note, sizeof range->note, "no rank");
    else
        snprintf(range->note, sizeof range->note, "%.*f\xC3\x97",
                 row->ratio.median.value < 99.995 ? 2 : 0,
                 row->ratio.median.value);
}

static bool is_compared(const struct result *result,
                        const struct result_row *row)
{
    return &result->rows[row->baseline] != row &&
           (row->role == RESULT_SERVER || row->role == RESULT_PEER) &&
           row->ratio.median.known;
}

/* How many ratios show a difference, and which is furthest from 1. */
static void say_ratios(char sentence[PICTURE_SENTENCE_BYTES],
                       const struct result *result, const struct family *family)
{
    int compared = 0;
    int shown = 0;
    const struct result_row *furthest = NULL;
    for (int b = 0; b < family->count; b++)
        for (int i = 0; i < family->blocks[b]->row_count; i++) {
            const struct result_row *row =
                picture_row(result, family->blocks[b], i);
            if (!is_compared(result, row))
                continue;
            compared++;
            shown += row->differs;
            if (row->differs && (furthest == NULL ||
                                 fabs(log(row->ratio.median.value)) >
                                     fabs(log(furthest->ratio.median.value))))
                furthest = row;
        }
    picture_say(sentence, "%d of %d comparisons show a difference", shown,
                compared);
    if (furthest != NULL) {
        picture_say(sentence, ", the largest %s with ", furthest->name);
        picture_say_connections(sentence, &result->blocks[furthest->block]);
        picture_say(sentence, ": %.2f times the %s of %s",
                    furthest->ratio.median.value,
                    picture_subject(&result->blocks[furthest->block]),
                    result->rows[furthest->baseline].name);
    }
    picture_say(sentence, ". Hollow markers: no difference shown, or no rank.");
}

void picture_ratios(struct out *out, const struct result *result,
                    const struct family *family)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    char title[80];
    char x_label[80];
    const struct result_block *first = family->blocks[0];
    say_ratios(sentence, result, family);
    snprintf(title, sizeof title, "%s relative to %s", picture_subject(first),
             first->relative_to);
    if (title[0] >= 'a' && title[0] <= 'z')
        title[0] = (char)(title[0] - 'a' + 'A');
    snprintf(x_label, sizeof x_label, "%s relative to %s%s",
             picture_subject(first), first->relative_to,
             result_is_latency(first) ? " (less is better)" : "");
    struct chart_ranges chart = {.label = sentence, .x_label = x_label};
    for (int b = 0; b < family->count; b++) {
        const struct result_block *block = family->blocks[b];
        if (family->count > 1 && chart.range_count < CHART_BARS_AT_MOST) {
            struct chart_range *heading = &chart.ranges[chart.range_count++];
            *heading = (struct chart_range){.is_heading = true};
            snprintf(heading->name, sizeof heading->name, "%d connection%s",
                     block->connection_count,
                     block->connection_count == 1 ? "" : "s");
        }
        for (int i = 0; i < block->row_count; i++)
            add_ratio(&chart, result, picture_row(result, block, i));
    }
    picture_open(out, chart.range_count > TALL_FROM, title, sentence);
    chart_draw_ranges(out, &chart);
    picture_close(out);
}

/* ---- the ladder ---------------------------------------------------------- */

void picture_ladder(struct out *out, const struct result *result,
                    const struct result_block *block)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    const struct result_row *furthest = NULL;
    struct chart_ranges chart = {.has_bars = true,
                                 .label = sentence,
                                 .x_label =
                                     "relative to the server without options"};
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        add_ratio(&chart, result, row);
        if (is_compared(result, row) && row->differs &&
            (furthest == NULL || fabs(log(row->ratio.median.value)) >
                                     fabs(log(furthest->ratio.median.value))))
            furthest = row;
    }
    if (furthest != NULL)
        picture_say(sentence,
                    "The furthest away is \"%s\": %.2f times the default. ",
                    furthest->name, furthest->ratio.median.value);
    else
        picture_say(sentence, "No rung shows a difference. ");
    picture_say(sentence, "%s", block->summary);
    picture_open(out, false, "The ladder, rung by rung", sentence);
    chart_draw_ranges(out, &chart);
    picture_close(out);
}
