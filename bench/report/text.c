#include "text.h"

#include <stdio.h>
#include <string.h>

#include "../result/expected.h"
#include "columns.h"

enum { WIDTH = 100, NAME = 18, CELL = 24 };

/* ---- pieces -------------------------------------------------------------- */

/* A paragraph under a label, broken between words. */
static void put_paragraph(struct out *out, const char *label, const char *text)
{
    int room = WIDTH - NAME;
    for (; *text != '\0'; label = "") {
        int length = (int)strlen(text);
        if (length > room) {
            length = room;
            while (length > 1 && text[length] != ' ')
                length--;
        }
        out_printf(out, "%-*s%.*s\n", NAME, label, length, text);
        text += length;
        text += strspn(text, " ");
    }
}

/* What a row has instead of figures. Whether it is that. */
static bool put_failure(struct out *out, const struct result_row *row)
{
    char text[RESULT_TEXT_BYTES + 16];
    if (result_has_figures(row))
        return false;
    snprintf(text, sizeof text, "%s%s",
             row->failure[0] != '\0' ? "failed: " : "not measured",
             row->failure);
    put_paragraph(out, result_full_name(row), text);
    return true;
}

/* "1.00"; "." for nothing at all. */
static const char *count_text(double calls, char text[CELL])
{
    if (calls < 0.005)
        return ".";
    column_text((struct figure){true, calls}, text);
    return text;
}

static const char *figure_text(struct figure figure, char text[CELL])
{
    column_text(figure, text);
    return text;
}

/* "96 [91, 101]" */
static const char *range_text(const struct result_score *score, char text[CELL])
{
    if (score->has_range)
        snprintf(text, CELL, "%.0f [%.0f, %.0f]", score->value.value,
                 score->low, score->high);
    else
        column_text(score->value, text);
    return text;
}

/* "0.77 less" */
static const char *verdict_text(const struct result_row *row,
                                enum result_measure measure, char text[48])
{
    char words[32];
    const struct result_score *score = &row->scores[measure];
    result_verdict_text(row, measure, words);
    text[0] = '\0';
    if (score->ratio.known)
        snprintf(text, 48, "%.2fx %s", score->ratio.value, words);
    return text;
}

/* ---- the first screen ---------------------------------------------------- */

static void put_head(struct out *out, const struct result *result)
{
    const struct environment *e = &result->environment;
    char line[160];
    char text[RESULT_TEXT_BYTES];
    int used = snprintf(line, sizeof line, "%s%s, %u processors",
                        e->wine[0] != '\0' ? "Wine " : e->system, e->wine,
                        e->processors);
    if (result->others_percent.known)
        used += snprintf(line + used, sizeof line - (size_t)used,
                         ", %.0f %% taken by other programs",
                         result->others_percent.value);
    snprintf(line + used, sizeof line - (size_t)used, ", %d launch%s of each",
             result->settings.launch_count,
             result->settings.launch_count == 1 ? "" : "es");
    out_printf(out, "%-*s%*s\n", NAME + 1, "One echo, five ways",
               WIDTH - NAME - 1, line);
    result_answer(result, text);
    put_paragraph(out, "", text);
}

/* The calls of the same server when many connections are busy, or the head of
 * that column. */
static void put_busy(struct out *out, const struct result *result,
                     const struct result_row *row)
{
    for (int b = 0; b < result->block_count; b++) {
        const struct result_block *block = &result->blocks[b];
        char text[96] = "n/a";
        if (block->scenario != RESULT_WORK || block->is_ladder ||
            block->connection_count == 1)
            continue;
        const struct result_row *same =
            row != NULL ? result_same(result, row, block) : NULL;
        if (row == NULL)
            snprintf(text, sizeof text, "%d busy [range]",
                     block->connection_count);
        else if (same != NULL && same->calls.known)
            column_range(same->calls, true, same->calls_low.value,
                         same->calls_high.value, text);
        out_printf(out, "%19s", text);
    }
    out_printf(out, "\n");
}

/* All calls of an echo, and what kinds they are. */
static void put_kinds(struct out *out, const struct result_row *row)
{
    char text[CELL];
    const struct figure *kinds = row->kinds;
    const double parts[] = {
        kinds[OBSERVE_RECEIVE].value, kinds[OBSERVE_SEND].value,
        kinds[OBSERVE_WAIT].value,
        kinds[OBSERVE_DEQUEUE].value + kinds[OBSERVE_RESULT].value,
        kinds[OBSERVE_RESET].value + kinds[OBSERVE_OTHER].value};
    out_printf(out, "%6s =", figure_text(row->calls, text));
    for (int i = 0; i < 5; i++)
        out_printf(out, "%5s", count_text(parts[i], text));
}

static void put_counts(struct out *out, const struct result *result,
                       const struct result_block *rest)
{
    char text[CELL];
    out_printf(out, "\n%-*s calls = recv send wait take other  requests", NAME,
               "Calls for an echo");
    put_busy(out, result, NULL);
    for (int i = 0; i < rest->row_count; i++) {
        const struct result_row *row = &result->rows[rest->first_row + i];
        if (row->role == RESULT_CONTROL || !result_has_figures(row))
            continue;
        out_printf(out, "%-*.*s", NAME, NAME - 1, result_full_name(row));
        put_kinds(out, row);
        out_printf(out, "%11s", figure_text(row->requests, text));
        put_busy(out, result, row);
    }
}

/* Each server once, with the first of its failures. */
static void put_failures(struct out *out, const struct result *result)
{
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        char text[2 * RESULT_TEXT_BYTES];
        bool is_first = row->failure[0] != '\0';
        for (int j = 0; j < i && is_first; j++)
            is_first = result->rows[j].failure[0] == '\0' ||
                       strcmp(result->rows[j].name, row->name) != 0;
        if (!is_first)
            continue;
        snprintf(text, sizeof text, "%s, %s: %s", row->name,
                 result->blocks[row->block].title, row->failure);
        put_paragraph(out, "Failed", text);
    }
}

static void put_idle_row(struct out *out, const struct result *result,
                         const struct result_row *row)
{
    char text[CELL];
    const struct result_row *far = result_farthest(result, row);
    out_printf(out, "%-*.*s%9d", NAME, NAME - 1, result_full_name(row),
               result_idle_served(result, far));
    out_printf(out, "%10s", figure_text(far->kb_per_idle, text));
    out_printf(out, "%9s", figure_text(far->handles_per_idle, text));
    out_printf(out, "%9s%14s", figure_text(far->threads, text), "");
    for (int b = 0; b < result->block_count; b++) {
        const struct result_row *at =
            result_same(result, row, &result->blocks[b]);
        if (result->blocks[b].scenario == RESULT_IDLE && at != NULL)
            out_printf(out, "%6s", figure_text(at->calls, text));
    }
    out_printf(out, "%s\n", far->wall > 0 ? "  its wall" : "");
}

/* The curves over idle connections, in numbers. */
static void put_idle(struct out *out, const struct result *result)
{
    const struct result_block *base = result_find(result, RESULT_IDLE, -1, -1);
    if (base == NULL)
        return;
    out_printf(out, "\n%-*s%9s%10s%9s%9s  calls beside", NAME,
               "Idle connections", "opened", "KB each", "handles", "threads");
    for (int b = 0; b < result->block_count; b++)
        if (result->blocks[b].scenario == RESULT_IDLE)
            out_printf(out, "%6d", result->blocks[b].idle_count);
    out_printf(out, "\n");
    for (int i = 0; i < base->row_count; i++) {
        const struct result_row *row = &result->rows[base->first_row + i];
        if (result_has_figures(row))
            put_idle_row(out, result, row);
    }
}

/* "3,241-": less than the baseline. */
static void put_rate(struct out *out, const struct result_row *row)
{
    char text[CELL] = "n/a";
    const struct result_score *score =
        row != NULL ? &row->scores[RESULT_RATE] : NULL;
    char mark = ' ';
    if (score != NULL)
        figure_text(score->value, text);
    if (score != NULL && row->is_client_bound)
        mark = 'c';
    else if (score != NULL && score->verdict == RESULT_LESS)
        mark = '-';
    else if (score != NULL && score->verdict == RESULT_MORE)
        mark = '+';
    out_printf(out, "%11s%c", text, mark);
}

static bool is_timed(const struct result_block *block)
{
    return !block->is_ladder &&
           (block->scenario == RESULT_WORK || block->scenario == RESULT_SPEED);
}

/* A column for each connection count, on one processor and on all. */
static void put_rates(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    out_printf(out, "\n%-*s", NAME, "Echoes/s");
    for (int b = 0; b < result->block_count; b++)
        if (is_timed(&result->blocks[b]))
            out_printf(out, "%7d on %s", result->blocks[b].connection_count,
                       result->blocks[b].scenario == RESULT_WORK ? "1" : "*");
    out_printf(out, "\n");
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        if (row->role == RESULT_CONTROL || !result_has_figures(row))
            continue;
        out_printf(out, "%-*.*s", NAME, NAME - 1, result_full_name(row));
        for (int b = 0; b < result->block_count; b++)
            if (is_timed(&result->blocks[b]))
                put_rate(out, result_same(result, row, &result->blocks[b]));
        out_printf(out, "\n");
    }
    put_paragraph(out, "",
                  "N on 1: with N connections, all on one processor; on *: on "
                  "all of them; + more, - less than the first; c: the client "
                  "was the limit");
}

static void put_times(struct out *out, const struct result *result)
{
    char text[48];
    const struct result_block *block = result_find(result, RESULT_WORK, 16, -1);
    if (block == NULL &&
        (block = result_find(result, RESULT_WORK, -1, -1), block == NULL))
        return;
    out_printf(out, "\n%-*s%11s  [range]  times %s\n", NAME, "Processor time",
               "server us", block->relative_to);
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        if (row->role == RESULT_CONTROL || !result_has_figures(row))
            continue;
        out_printf(out, "%-*.*s", NAME, NAME - 1, result_full_name(row));
        out_printf(out, "%18s   ", range_text(&row->scores[RESULT_COST], text));
        out_printf(out, "%s\n", verdict_text(row, RESULT_COST, text));
    }
    put_rates(out, result, block);
}

/* A line for each row that differs from its baseline in what it calls. */
static void put_whys(struct out *out, const struct result *result,
                     const struct result_block *block)
{
    char text[RESULT_TEXT_BYTES];
    const char *label = "Why";
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        result_why(result, row, text);
        if (text[0] == '\0' || row->role == RESULT_CONTROL)
            continue;
        put_paragraph(out, label, text);
        label = "";
    }
}

static void put_race(struct out *out, const struct result *result,
                     const struct result_block *rest)
{
    char text[RESULT_TEXT_BYTES];
    put_head(out, result);
    put_counts(out, result, rest);
    put_whys(out, result, rest);
    put_idle(out, result);
    put_times(out, result);
    put_failures(out, result);
    result_told(result, text);
    put_paragraph(out, "Told", text);
    if (result->others_percent.value >= 50)
        put_paragraph(out, "Note",
                      "Other programs took most of this machine: trust the "
                      "counts, and run again for the times.");
}

/* ---- one block ----------------------------------------------------------- */

static void put_row(struct out *out, const struct result_block *block,
                    const struct result_row *row)
{
    enum result_measure measure = result_words(block->scenario)->measure;
    char text[48] = "";
    if (put_failure(out, row))
        return;
    if (row->lines_added + row->lines_removed > 0)
        snprintf(text, sizeof text, "+%d -%d", row->lines_added,
                 row->lines_removed);
    out_printf(out, "%-*.*s%9s", NAME, NAME - 1, result_full_name(row), text);
    out_printf(out, "%8s", figure_text(row->calls, text));
    out_printf(out, "%10s", figure_text(row->requests, text));
    out_printf(out, "%9s", figure_text(row->threads, text));
    if (block->scenario == RESULT_IDLE) { /* of counts: no times */
        out_printf(out, "%9s\n", figure_text(row->handles, text));
        return;
    }
    if (measure == RESULT_P50)
        out_printf(out, "%8s", figure_text(row->p99_us, text));
    out_printf(out, "%18s  ", range_text(&row->scores[measure], text));
    out_printf(out, "%s\n", verdict_text(row, measure, text));
}

static void put_block(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    enum result_measure measure = result_words(block->scenario)->measure;
    char shows[RESULT_TEXT_BYTES];
    result_shows(block, measure, shows);
    out_printf(out, "\n== %s ==\n%s\n", block->title, result_purpose(block));
    out_printf(out, "%-*s%9s%8s%10s%9s", NAME, "",
               block->is_ladder ? "lines" : "", "calls", "requests", "threads");
    if (block->scenario == RESULT_IDLE)
        out_printf(out, "%9s\n", "handles");
    else
        out_printf(out, "%s%18s  times %s\n",
                   measure == RESULT_P50 ? "  p99 us" : "",
                   result_unit(measure, block->scenario), block->relative_to);
    for (int i = 0; i < block->row_count; i++)
        put_row(out, block, &result->rows[block->first_row + i]);
    if (block->scenario == RESULT_IDLE)
        put_whys(out, result, block);
    else if (shows[0] != '\0')
        put_paragraph(out, "Told", shows);
}

/* The first screen shows these by itself. */
static bool is_in_race(const struct result_block *block)
{
    return !block->is_ladder && block->scenario <= RESULT_IDLE;
}

void text_write_answer(struct out *out, const struct result *result)
{
    const struct result_block *rest = result_at_rest(result);
    bool is_race = rest != NULL && !result->settings.is_ab;
    if (is_race)
        put_race(out, result, rest);
    for (int b = 0; b < result->block_count; b++)
        if (!is_race || !is_in_race(&result->blocks[b]))
            put_block(out, result, &result->blocks[b]);
    if (result->settings.remark != NULL)
        put_paragraph(out, "Note", result->settings.remark);
    if (result->is_interrupted)
        put_paragraph(out, "Note",
                      "Stopped by Ctrl+C: these are the launches "
                      "until then.");
    if (result->environment.wine[0] != '\0')
        put_paragraph(out, "Wine",
                      "Calls and threads are the servers' own; requests, times "
                      "and memory are Wine's. This ranks nothing for Windows. "
                      "More: --details");
}

/* ---- details ------------------------------------------------------------- */

static bool is_known(const struct result *result,
                     const struct result_block *block,
                     const struct column *column)
{
    for (int i = 0; i < block->row_count; i++)
        if (column_figure(column, &result->rows[block->first_row + i]).known)
            return true;
    return false;
}

/* Some columns of a block, side by side. */
static void put_table(struct out *out, const struct result *result,
                      const struct result_block *block,
                      const struct column *const *shown, int count)
{
    out_printf(out, "%-*s", NAME, "");
    for (int c = 0; c < count; c++)
        out_printf(out, "%14s", shown[c]->heading);
    out_printf(out, "\n");
    for (int i = 0; i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        char text[CELL];
        if (!result_has_figures(row))
            continue;
        out_printf(out, "%-*.*s", NAME, NAME - 1, row->name);
        for (int c = 0; c < count; c++)
            out_printf(out, "%14s",
                       figure_text(column_figure(shown[c], row), text));
        out_printf(out, "\n");
    }
    out_printf(out, "\n");
}

static void put_figures(struct out *out, const struct result *result,
                        const struct result_block *block)
{
    enum { AT_ONCE = 5 };
    const struct column *shown[AT_ONCE];
    int count = 0;
    for (int c = 0; c < column_count; c++) {
        if (is_known(result, block, &columns[c]))
            shown[count++] = &columns[c];
        if (count == AT_ONCE || (c == column_count - 1 && count > 0)) {
            put_table(out, result, block, shown, count);
            count = 0;
        }
    }
}

static void put_environment(struct out *out, const struct result *result)
{
    const struct environment *e = &result->environment;
    char line[300];
    out_printf(out, "\n== what ran ==\n");
    snprintf(line, sizeof line, "%s%s%s, %s, %u processors, %.1f GiB",
             e->system, e->wine[0] != '\0' ? ", Wine " : "", e->wine,
             e->processor, e->processors, (double)e->memory_bytes / 1073741824);
    put_paragraph(out, "system", line);
    snprintf(line, sizeof line, "version %s, commit %s, %s, %s the seam",
             e->version, e->commit, e->compiler,
             e->is_observed ? "with" : "without");
    put_paragraph(out, "build", line);
    snprintf(
        line, sizeof line,
        "clock %.3g MHz, system timer %.1f ms (finest %.1f), power plan %s",
        (double)e->clock_hz / 1e6, (double)e->timer_100ns / 1e4,
        (double)e->timer_finest_100ns / 1e4, e->power_plan);
    put_paragraph(out, "timers", line);
    snprintf(line, sizeof line, "%s; servers %s; %d launches; seed %ld; %.0f s",
             result->settings.command, result->settings.servers,
             result->settings.launch_count, result->settings.seed,
             (double)result->elapsed_ns / 1e9);
    put_paragraph(out, "run", line);
}

void text_write_details(struct out *out, const struct result *result)
{
    for (int b = 0; b < result->block_count; b++) {
        put_block(out, result, &result->blocks[b]);
        out_printf(out, "\n");
        put_figures(out, result, &result->blocks[b]);
    }
    out_printf(out, "\n== what the figures are ==\n");
    for (int c = 0; c < column_count; c++)
        put_paragraph(out, columns[c].heading, columns[c].meaning);
    put_paragraph(out, "[low, high]",
                  "where 95 of 100 repeats of the whole run would have their "
                  "figure; a verdict goes by the confidence interval of the "
                  "ratio, which is narrower");
    put_environment(out, result);
}

/* ---- Windows ------------------------------------------------------------- */

void text_write_expected(struct out *out, const struct result *result)
{
    char range[CELL], text[CELL];
    const char *heading = "\n== expected on Windows, and what came ==\n";
    for (int i = 0; i < expected_row_count; i++) {
        const struct expected *e = &expected_rows[i];
        struct figure came = expected_came(result, e);
        if (!came.known)
            continue;
        expected_text(e, range);
        figure_text(came, text);
        out_printf(out, "%s0%d  %-26s%14s%10s\n", heading, e->model,
                   expected_words(e), range, text);
        heading = "";
        if (expected_differs(e, came.value))
            out_printf(out,
                       "finding: 0%d, %s: expected on Windows: %s; came: %s "
                       "(%s)\n",
                       e->model, expected_words(e), range, text, e->source);
    }
}
