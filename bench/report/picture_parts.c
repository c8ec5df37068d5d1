#include "picture_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

/* ---- rows ---------------------------------------------------------------- */

const struct result_row *picture_row(const struct result *result,
                                     const struct result_block *block,
                                     int index)
{
    return &result->rows[block->first_row + index];
}

/* Whether a row stands for its server in the pictures of a block: not the
 * control, not the reflector, and of a herd the largest only. */
bool picture_is_server(const struct result *result,
                       const struct result_row *row)
{
    const struct result_block *block = &result->blocks[row->block];
    if (row->role == RESULT_CONTROL || row->role == RESULT_REFLECTOR)
        return false;
    for (int i = 0; i < block->row_count; i++)
        if (picture_row(result, block, i)->idle_count > row->idle_count)
            return false;
    return true;
}

/* Why a row has no bar or marker; "" when it has. */
const char *picture_missing(const struct result_row *row)
{
    if (row->failure[0] != '\0')
        return "failed: see the table";
    return row->round_count == 0 ? "not measured" : "";
}

/* The rows of a block with the least and with the most, the control and the
 * reflector left out. False: not known of at least two. */
bool picture_ends(const struct result *result, const struct result_block *block,
                  picture_figure *pick, const struct result_row **least,
                  const struct result_row **most)
{
    int known = 0;
    *least = NULL;
    *most = NULL;
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        if (!picture_is_server(result, row) || !pick(row).known)
            continue;
        known++;
        if (*least == NULL || pick(row).value < pick(*least).value)
            *least = row;
        if (*most == NULL || pick(row).value > pick(*most).value)
            *most = row;
    }
    return known >= 2;
}

/* How far chance took the same program from itself: a factor from 1 on. */
struct figure picture_chance(const struct result *result,
                             const struct result_block *block,
                             picture_figure *pick)
{
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = picture_row(result, block, i);
        if (row->role != RESULT_CONTROL)
            continue;
        struct figure mine = pick(row);
        struct figure its = pick(&result->rows[row->baseline]);
        if (mine.known && its.known && mine.value > 0 && its.value > 0)
            return figure_of(mine.value > its.value ? mine.value / its.value
                                                    : its.value / mine.value);
    }
    return (struct figure){0};
}

/* ---- the frame of a picture ---------------------------------------------- */

/* Opens the figure element: title, sentence. is_tall: as tall as two. */
void picture_open(struct out *out, bool is_tall, const char *title,
                  const char *sentence)
{
    out_printf(out, "<figure%s>\n<h4>", is_tall ? " class=\"tall\"" : "");
    escape_xml(out, title);
    out_printf(out, "</h4>\n<p>");
    escape_xml(out, sentence);
    out_printf(out, "</p>\n");
}

void picture_close(struct out *out)
{
    out_printf(out, "</figure>\n");
}

void picture_say(char sentence[PICTURE_SENTENCE_BYTES], const char *format, ...)
{
    size_t used = strlen(sentence);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence + used, PICTURE_SENTENCE_BYTES - used, format,
              arguments);
    va_end(arguments);
}

/* "1 connection", "16 connections". */
void picture_say_connections(char sentence[PICTURE_SENTENCE_BYTES],
                             const struct result_block *block)
{
    picture_say(sentence, "%d connection%s", block->connection_count,
                block->connection_count == 1 ? "" : "s");
}

/* What is compared: "echoes/s", "median latency". */
const char *picture_subject(const struct result_block *block)
{
    return result_is_latency(block)
               ? "median latency"
               : result_unit(result_words(block->scenario)->metric);
}

/* "With 128 connections " when there are several blocks to tell apart. */
const struct result_block *
picture_say_where(char sentence[PICTURE_SENTENCE_BYTES],
                  const struct family *family)
{
    const struct result_block *last = family->blocks[family->count - 1];
    picture_say(sentence, "With ");
    picture_say_connections(sentence, last);
    picture_say(sentence, " ");
    return last;
}

/* ---- series -------------------------------------------------------------- */

double picture_place(int index, int count)
{
    return (index + 0.5) / count;
}

/* The line of rows with this name; a new one when there is none. */
struct chart_series *picture_series(struct chart_lines *chart,
                                    const struct result_row *row)
{
    for (int i = 0; i < chart->series_count; i++)
        if (strcmp(chart->series[i].name, row->name) == 0)
            return &chart->series[i];
    if (chart->series_count == CHART_SERIES_AT_MOST)
        return NULL;
    struct chart_series *series = &chart->series[chart->series_count++];
    snprintf(series->name, sizeof series->name, "%s", row->name);
    series->style = pictures_style(row);
    series->is_dashed = row->role != RESULT_SERVER;
    return series;
}

void picture_add_point(struct chart_series *series, struct chart_point point)
{
    if (series != NULL && series->count < CHART_POINTS_AT_MOST)
        series->points[series->count++] = point;
}
