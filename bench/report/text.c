#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"

enum { WIDTH = 100, NAME = 16, BAR = 36 };

/* ---- pieces --------------------------------------------------------------- */

/* A paragraph under a label, broken between words; at most `lines` lines. */
static void put_paragraph(struct out *out, const char *label, const char *text,
                          int lines)
{
    int room = WIDTH - NAME;
    for (; *text != '\0' && lines > 0; lines--, label = "") {
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

static double percent_of(double ratio)
{
    return (ratio - 1) * 100;
}

/* "more +15 % [+11, +20]" */
static void put_verdict(struct out *out, const struct result_block *block,
                        const struct result_row *row)
{
    const struct estimate *ratio = &row->ratio;
    const char *words = row->is_client_bound
                            ? "client-bound"
                            : result_verdict_words(row->verdict);
    if (block->is_noisy)
        words = "";
    out_printf(out, " %-16s", words);
    if (ratio->has_interval)
        out_printf(out, " %+.0f %% [%+.0f, %+.0f]",
                   percent_of(ratio->median.value), percent_of(ratio->low),
                   percent_of(ratio->high));
}

static void put_failure(struct out *out, const struct result_row *row)
{
    char text[RESULT_FAILURE_BYTES + 16];
    snprintf(text, sizeof text, "%s%s",
             row->failure[0] != '\0' ? "failed: " : "not measured",
             row->failure);
    put_paragraph(out, row->name, text, 4);
}

/* ---- the budget ------------------------------------------------------------ */

static double largest_score(const struct result *result,
                            const struct result_block *block)
{
    double largest = 0;
    for (int i = block->first_row; i < block->first_row + block->row_count; i++)
        if (result->rows[i].score.value > largest)
            largest = result->rows[i].score.value;
    return largest;
}

/* One character for each part of the whole that it is. */
static void put_bar(struct out *out, const struct result_row *row,
                    double largest)
{
    static const char shades[] = "#=. ";
    double sum = 0;
    int used = 0;
    for (int part = 0; part < RESULT_PART_COUNT; part++) {
        sum += row->budget_us[part].value;
        int end = largest > 0 ? (int)(sum / largest * BAR + 0.5) : 0;
        for (; used < end && used < BAR; used++)
            out_printf(out, "%c", shades[part]);
    }
    out_printf(out, "%*s", BAR - used, "");
}

static void put_budget(struct out *out, const struct result *result,
                       const struct result_block *block)
{
    double largest = largest_score(result, block);
    out_printf(out,
               "Five ways to serve sockets: what one echo costs here "
               "(%d connections, one processor)\n",
               block->connection_count);
    out_printf(out, "%-*sserver ###  %s ===  client ...  idle%*svs %s\n", NAME,
               "", result_part_name(result, RESULT_SYSTEM), 26, "",
               block->relative_to);
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->role == RESULT_CONTROL)
            continue;
        if (!result_has_figures(row)) {
            put_failure(out, row);
            continue;
        }
        out_printf(out, "%-*.*s", NAME, NAME - 1, result_full_name(row));
        put_bar(out, row, largest);
        out_printf(out, "%6.0f us", row->score.value);
        put_verdict(out, block, row);
        out_printf(out, "\n");
    }
}

/* How far the same program, measured twice, differs from itself. */
static void put_trust(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    char line[200];
    const struct result_row *baseline = &result->rows[block->first_row];
    if (!block->control.has_interval)
        snprintf(line, sizeof line,
                 "n/a: a range takes at least %d launches of each server.",
                 STATISTICS_PAIRS_AT_LEAST);
    else
        snprintf(line, sizeof line,
                 "%s against itself %.2f [%.2f, %.2f], %zu launches of each.%s",
                 baseline->name, block->control.median.value,
                 block->control.low, block->control.high, block->control.count,
                 block->is_noisy
                     ? " That is not 1: too noisy here for verdicts."
                     : "");
    put_paragraph(out, "Sure?", line, 1);
}

/* What differs, by counts times prices. */
static void put_why(struct out *out, const struct result *result,
                    const struct result_block *block, int lines)
{
    char all[RESULT_WHY_BYTES * 16] = "";
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const char *why = result->rows[i].why;
        size_t used = strlen(all);
        if (why[0] != '\0')
            snprintf(all + used, sizeof all - used, "%s%s",
                     used > 0 ? "; " : "", why);
    }
    put_paragraph(out, "Why?", all, lines);
}

/* ---- speed and memory in a line each ---------------------------------------- */

/* Marks what is no verdict. */
static const char *mark_of(const struct result_row *row)
{
    if (row->is_client_bound)
        return "c";
    return row->verdict == RESULT_LESS || row->verdict == RESULT_MORE ? ""
                                                                      : "=";
}

static void put_line(struct out *out, const struct result *result,
                     const struct result_block *block, const char *label,
                     bool has_ratios)
{
    char line[300] = "";
    char number[24];
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->role == RESULT_CONTROL || !result_has_figures(row))
            continue;
        column_text(has_ratios ? row->ratio.median : row->score, number);
        snprintf(line + strlen(line), sizeof line - strlen(line), "%-5s%s%-7s ",
                 row->name, number,
                 has_ratios && row->baseline != i ? mark_of(row) : "");
    }
    put_paragraph(out, label, line, 1);
}

/* At the fewest connections, in the middle, and at the most. */
static void put_speeds(struct out *out, const struct result *result)
{
    const struct result_block *found[PRICE_COUNT];
    int count = 0;
    for (int b = 0; b < result->block_count && count < PRICE_COUNT; b++)
        if (result->blocks[b].scenario == RESULT_SPEED &&
            !result->blocks[b].is_ladder)
            found[count++] = &result->blocks[b];
    const int picked[] = {0, count / 2, count - 1};
    for (int i = 0; i < 3 && count > 0; i++) {
        char label[NAME];
        if (i > 0 && picked[i] == picked[i - 1])
            continue;
        snprintf(label, sizeof label, "Speed at %d",
                 found[picked[i]]->connection_count);
        put_line(out, result, found[picked[i]], label, true);
    }
}

/* ---- other runs ------------------------------------------------------------- */

static void put_block(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    const struct result_scenario_words *words = result_words(block->scenario);
    out_printf(out, "\n== %s ==\n%s.\n\n%-*s%10s%10s\n", block->title,
               words->purpose, NAME, "", words->unit, "times");
    out_printf(out, "%-*s%10s%10.9s\n", NAME, "server", "", block->relative_to);
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        char score[24];
        char ratio[24];
        if (!result_has_figures(row)) {
            put_failure(out, row);
            continue;
        }
        column_text(row->score, score);
        column_text(row->ratio.median, ratio);
        out_printf(out, "%-*s%10s%10s ", NAME, row->name, score, ratio);
        put_verdict(out, block, row);
        out_printf(out, "  %s%s\n", row->lines,
                   row->is_unsteady ? " (few echoes)" : "");
    }
    put_why(out, result, block, block->row_count);
}

/* The work of all pairs in one line: for two builds of the same servers. */
static void put_pooled(struct out *out, const struct result *result)
{
    const struct estimate *all = &result->pooled;
    if (result->settings.pooled == NULL)
        return;
    out_printf(out, "\n%s, work, all %zu pairs: ", result->settings.pooled,
               all->count);
    if (all->has_interval)
        out_printf(out, "%.3f, 95 of 100 repeats %.3f to %.3f\n",
                   all->median.value, all->low, all->high);
    else
        out_printf(out, "n/a\n");
}

void text_write_answer(struct out *out, const struct result *result)
{
    const struct result_block *work = result_find(result, RESULT_WORK);
    const struct result_block *memory = result_find(result, RESULT_MEMORY);
    bool is_race = work != NULL && result->settings.pooled == NULL;
    if (is_race) {
        put_budget(out, result, work);
        put_trust(out, result, work);
        put_why(out, result, work, 2);
        put_speeds(out, result);
        if (memory != NULL)
            put_line(out, result, memory, "KB per idle one", false);
    }
    for (int b = 0; b < result->block_count; b++)
        if (!is_race || result->blocks[b].is_ladder ||
            (result->blocks[b].scenario != RESULT_WORK &&
             result->blocks[b].scenario != RESULT_SPEED &&
             result->blocks[b].scenario != RESULT_MEMORY))
            put_block(out, result, &result->blocks[b]);
    put_pooled(out, result);
    if (result->settings.left_out != NULL)
        out_printf(out, "%s\n", result->settings.left_out);
    if (result->interrupted)
        out_printf(out, "Stopped by Ctrl+C: these are the launches until "
                        "then.\n");
    if (result->environment.wine[0] != '\0')
        out_printf(out, "Wine %s: costs are Wine's, not Windows'. ",
                   result->environment.wine);
    out_printf(out, "= no difference shown. More: --details\n");
}

/* ---- details ---------------------------------------------------------------- */

static bool is_known(const struct result *result,
                     const struct result_block *block,
                     const struct column *column)
{
    for (int i = block->first_row; i < block->first_row + block->row_count; i++)
        if (column_figure(column, &result->rows[i]).known)
            return true;
    return false;
}

/* Some columns of a block, side by side. */
static void put_table(struct out *out, const struct result *result,
                      const struct result_block *block,
                      const struct column *const *shown, int count)
{
    enum { CELL = 14 };
    out_printf(out, "%-*s", NAME, "");
    for (int c = 0; c < count; c++)
        out_printf(out, "%*s", CELL, shown[c]->heading);
    out_printf(out, "\n");
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (!result_has_figures(row))
            continue;
        out_printf(out, "%-*s", NAME, row->name);
        for (int c = 0; c < count; c++) {
            char text[24];
            column_text(column_figure(shown[c], row), text);
            out_printf(out, "%*s", CELL, text);
        }
        out_printf(out, "\n");
    }
    out_printf(out, "\n");
}

static void put_figures(struct out *out, const struct result *result,
                        const struct result_block *block)
{
    enum { AT_ONCE = 6 };
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
    put_paragraph(out, "system", line, 3);
    snprintf(line, sizeof line, "version %s, commit %s, %s, %s the seam",
             e->version, e->commit, e->compiler,
             e->is_observed ? "with" : "without");
    put_paragraph(out, "build", line, 3);
    snprintf(
        line, sizeof line,
        "clock %.3g MHz, system timer %.1f ms (finest %.1f), power plan %s",
        (double)e->clock_hz / 1e6, (double)e->timer_100ns / 1e4,
        (double)e->timer_finest_100ns / 1e4, e->power_plan);
    put_paragraph(out, "timers", line, 3);
    snprintf(line, sizeof line, "%s; servers %s; %d epochs; seed %ld; %.0f s",
             result->settings.command, result->settings.servers,
             result->settings.epoch_count, result->settings.seed,
             (double)result->elapsed_ns / 1e9);
    put_paragraph(out, "run", line, 3);
}

void text_write_details(struct out *out, const struct result *result)
{
    for (int b = 0; b < result->block_count; b++) {
        put_block(out, result, &result->blocks[b]);
        out_printf(out, "\n");
        put_figures(out, result, &result->blocks[b]);
    }
    if (result->prices.is_known) {
        out_printf(out, "\n== prices, us on one processor ==\n");
        for (int i = 0; i < PRICE_COUNT; i++)
            out_printf(out, "%-44s%8.1f\n", price_name((enum price)i),
                       result->prices.us[i].value);
    }
    out_printf(out, "\n== what the figures are ==\n");
    for (int c = 0; c < column_count; c++)
        put_paragraph(out, columns[c].heading, columns[c].meaning, 2);
    put_paragraph(out, "[low, high]",
                  "where 95 of 100 repeats of the whole run would have their "
                  "ratio (Student's t over the launches)",
                  3);
    put_environment(out, result);
}
