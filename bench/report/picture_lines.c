#include "picture_parts.h"

#include <stdio.h>
#include <string.h>

#include "table.h"

static struct figure pick_score(const struct result_row *row)
{
    return row->score;
}

static struct figure pick_p50(const struct result_row *row)
{
    return row->latency_us.p50;
}

static struct figure pick_p99(const struct result_row *row)
{
    return row->latency_us.p99;
}

static struct figure pick_cpu(const struct result_row *row)
{
    return row->cpu_us_per_echo;
}

static struct figure pick_slowest(const struct result_row *row)
{
    return row->slowest_percent;
}

/* ---- figures over the connections ---------------------------------------- */

/* The interval of a score: that of its ratio, times what it is relative to. */
static void add_interval(const struct result *result,
                         const struct result_row *row,
                         struct chart_point *point)
{
    const struct result_row *baseline = &result->rows[row->baseline];
    if (baseline == row || !row->ratio.has_interval || !baseline->score.known)
        return;
    point->has_interval = true;
    point->low = row->ratio.low * baseline->score.value;
    point->high = row->ratio.high * baseline->score.value;
}

/* Adds the points of one block of the family. */
static void add_block(struct chart_lines *chart, const struct result *result,
                      const struct family *family, int index,
                      picture_figure *pick)
{
    const struct result_block *block = family->blocks[index];
    double at = picture_place(index, family->count);
    double before = picture_place(index - 1, family->count);
    struct figure factor = picture_chance(result, block, pick);
    if (pick == pick_score)
        factor = block->noise_factor;
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        struct figure figure = pick(row);
        if (!figure.known || !table_has_figures(row))
            continue;
        struct chart_point point = {.at = at, .value = figure.value};
        if (row->role == RESULT_CONTROL && factor.known) {
            struct figure around = pick(&result->rows[row->baseline]);
            struct chart_point band = {.at = at,
                                       .value = around.value,
                                       .has_interval = around.known,
                                       .low = around.value / factor.value,
                                       .high = around.value * factor.value};
            picture_add_point(&chart->noise, band);
        }
        if (row->role == RESULT_CONTROL)
            continue; /* the band says it better */
        if (pick == pick_score)
            add_interval(result, row, &point);
        struct chart_series *series = picture_series(chart, row);
        point.begins = series != NULL && series->count > 0 &&
                       series->points[series->count - 1].at < before - 1e-6;
        picture_add_point(series, point);
    }
}

static void draw_over_connections(struct out *out, const struct result *result,
                                  const struct family *family,
                                  picture_figure *pick,
                                  struct chart_lines *chart)
{
    chart->x_label = "connections";
    chart->has_markers = true;
    for (int i = 0; i < family->count; i++) {
        struct chart_x_tick *tick = &chart->x_ticks[chart->x_tick_count++];
        tick->at = picture_place(i, family->count);
        snprintf(tick->label, sizeof tick->label, "%d",
                 family->blocks[i]->connection_count);
        add_block(chart, result, family, i, pick);
    }
    chart_draw_lines(out, chart);
}

/* The figure of the row with the same name in another block. */
static struct figure same_elsewhere(const struct result *result,
                                    const struct result_block *block,
                                    const struct result_row *row,
                                    picture_figure *pick)
{
    for (int i = 0; i < block->row_count; i++)
        if (strcmp(picture_row(result, block, i)->name, row->name) == 0)
            return pick(picture_row(result, block, i));
    return (struct figure){0};
}

/* "05 goes from 1170 to 4550". */
static void say_growth(char sentence[PICTURE_SENTENCE_BYTES],
                       const struct result *result, const struct family *family,
                       const struct result_row *row)
{
    char text[SCALE_LABEL_BYTES];
    struct figure from =
        same_elsewhere(result, family->blocks[0], row, pick_score);
    picture_say(sentence, "%s", row->name);
    if (from.known && family->count > 1) {
        scale_label(SCALE_PLAIN, from.value, text);
        picture_say(sentence, " goes from %s", text);
    } else {
        picture_say(sentence, " comes");
    }
    scale_label(SCALE_PLAIN, row->score.value, text);
    picture_say(sentence, " to %s", text);
}

/* ". The same program came out ...": beside a factor between two servers, the
 * one between a server and itself. Ends the sentence. */
static void say_chance(char sentence[PICTURE_SENTENCE_BYTES],
                       struct figure factor, struct figure by_chance)
{
    if (by_chance.known)
        picture_say(sentence,
                    ". The same program under two names came out a factor of "
                    "%.2f apart%s",
                    by_chance.value,
                    factor.known && factor.value <= by_chance.value
                        ? ", so no difference is shown"
                        : "");
    picture_say(sentence, ".");
}

void picture_rate(struct out *out, const struct result *result,
                  const struct family *family)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    const struct result_row *least;
    const struct result_row *most;
    const struct result_block *last = family->blocks[family->count - 1];
    if (family->count > 1)
        picture_say(sentence, "From %d to ",
                    family->blocks[0]->connection_count);
    else
        picture_say(sentence, "With ");
    picture_say_connections(sentence, last);
    picture_say(sentence, " ");
    if (picture_ends(result, last, pick_score, &least, &most)) {
        say_growth(sentence, result, family, most);
        picture_say(sentence, " %s, the most; ",
                    result_unit(result_words(last->scenario)->metric));
        say_growth(sentence, result, family, least);
        picture_say(sentence, ", the least");
        say_chance(sentence,
                   figure_ratio(most->score.value, least->score.value),
                   last->noise_factor);
    } else {
        picture_say(sentence, "there are not two servers to compare.");
    }
    struct chart_lines chart = {
        .label = sentence, .y_label = "echoes/s", .y_kind = SCALE_LINEAR};
    picture_open(out, false, "Throughput", sentence);
    draw_over_connections(out, result, family, pick_score, &chart);
    picture_close(out);
}

/* A latency, or another cost, of which less is better. */
struct cost {
    picture_figure *pick;
    const char *title;
    const char *y_label;
    const char *what; /* "half of all echoes take at most" */
    enum scale_kind y_kind;
};

static void say_cost(char sentence[PICTURE_SENTENCE_BYTES],
                     const struct result *result,
                     const struct result_block *block, const struct cost *cost)
{
    char more[SCALE_LABEL_BYTES];
    char less[SCALE_LABEL_BYTES];
    const struct result_row *least;
    const struct result_row *most;
    if (!picture_ends(result, block, cost->pick, &least, &most)) {
        picture_say(sentence, "it is not known of two servers.");
        return;
    }
    struct figure high = cost->pick(most);
    struct figure low = cost->pick(least);
    struct figure factor = figure_ratio(high.value, low.value);
    struct figure by_chance = picture_chance(result, block, cost->pick);
    scale_label(SCALE_MICROSECONDS, high.value, more);
    scale_label(SCALE_MICROSECONDS, low.value, less);
    picture_say(sentence, "%s %s with %s, the most, and %s with %s, the least",
                cost->what, more, most->name, less, least->name);
    if (factor.known)
        picture_say(sentence, ": a factor of %.2f", factor.value);
    say_chance(sentence, factor, by_chance);
}

static void write_cost(struct out *out, const struct result *result,
                       const struct family *family, const struct cost *cost)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    struct chart_lines chart = {.label = sentence,
                                .y_label = cost->y_label,
                                .y_kind = cost->y_kind,
                                .y_unit = SCALE_MICROSECONDS};
    say_cost(sentence, result, picture_say_where(sentence, family), cost);
    picture_open(out, false, cost->title, sentence);
    draw_over_connections(out, result, family, cost->pick, &chart);
    picture_close(out);
}

void picture_costs(struct out *out, const struct result *result,
                   const struct family *family)
{
    static const struct cost costs[] = {
        {pick_p50, "Latency: half of all echoes", "took at most (p50)",
         "half of all echoes take at most", SCALE_LOG},
        {pick_p99, "Latency: 99 % of all echoes", "took at most (p99)",
         "99 % of all echoes take at most", SCALE_LOG},
        {pick_cpu, "Processor time of the server", "for each echo",
         "an echo costs", SCALE_LINEAR}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++)
        write_cost(out, result, family, &costs[i]);
}

void picture_fairness(struct out *out, const struct result *result,
                      const struct family *family)
{
    char sentence[PICTURE_SENTENCE_BYTES] = "";
    const struct result_row *least;
    const struct result_row *most;
    const struct result_block *last = picture_say_where(sentence, family);
    if (picture_ends(result, last, pick_slowest, &least, &most)) {
        picture_say(sentence,
                    "the slowest connection of %s got %.0f %% of an even "
                    "share, that of %s %.0f %%",
                    least->name, least->slowest_percent.value, most->name,
                    most->slowest_percent.value);
        if (least->jain.known && most->jain.known)
            picture_say(sentence, "; Jain's index %.3f and %.3f",
                        least->jain.value, most->jain.value);
        picture_say(sentence, ". 100 %% is fair.");
    } else {
        picture_say(sentence, "it is not known of two servers.");
    }
    struct chart_lines chart = {.label = sentence,
                                .y_label = "% of an even share",
                                .y_kind = SCALE_LINEAR};
    picture_open(out, false, "Fairness: the slowest connection", sentence);
    draw_over_connections(out, result, family, pick_slowest, &chart);
    picture_close(out);
}
