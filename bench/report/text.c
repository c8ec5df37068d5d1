#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 100, LABEL = 11 };

/* ---- cells --------------------------------------------------------------- */

/* Three significant digits in at most room characters: "0.12", "12.3", "123";
 * what does not fit becomes ">999". */
static void number_text(double value, int room, char text[32])
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    if (snprintf(text, 32, "%.*f", decimals, value) > room)
        snprintf(text, 32, ">%.*s", room - 1, "9999999999");
}

/* One cell, right-aligned, with a blank before it. */
static void put_number(struct out *out, int width, struct figure figure)
{
    char text[32] = "n/a";
    if (figure.known)
        number_text(figure.value, width - 1, text);
    out_printf(out, "%*s", width, text);
}

/* What does not fit is shown by its order of magnitude: "3e+10". */
static void put_whole(struct out *out, int width, struct figure figure)
{
    char text[32] = "n/a";
    if (figure.known)
        snprintf(text, sizeof text, figure.value < 9999999 ? "%.0f" : "%.0e",
                 figure.value);
    out_printf(out, "%*s", width, text);
}

/* Microseconds; from a second on, seconds and an "s". */
static void put_latency(struct out *out, int width, struct figure us)
{
    if (us.known && us.value >= 999999.5)
        out_printf(out, "%*.2fs", width - 1, us.value / 1e6);
    else
        put_number(out, width, us);
}

/* "-" when there is no such call at all, which is not the same as few. */
static void put_calls(struct out *out, int width, struct figure figure)
{
    if (figure.known && figure.value <= 0)
        out_printf(out, "%*s", width, "-");
    else
        put_number(out, width, figure);
}

/* The 95 % interval of a ratio. */
static void put_range(struct out *out, int width, const struct estimate *ratio)
{
    char low[32];
    char high[32];
    char text[72] = "n/a";
    number_text(ratio->low, 4, low);
    number_text(ratio->high, 4, high);
    if (ratio->has_interval)
        snprintf(text, sizeof text, "%s-%s", low, high);
    out_printf(out, "%*s", width, text);
}

/* ---- longer texts -------------------------------------------------------- */

/* Prints words after a label, and breaks lines before COLUMNS; further lines
 * are indented like the first. A word that is longer than a line is cut. */
static void put_paragraph(struct out *out, int indent, const char *label,
                          const char *words)
{
    int column = indent;
    out_printf(out, "%-*s", indent, label);
    while (*words != '\0') {
        int length = (int)strcspn(words, " ");
        if (column > indent && column + 1 + length > COLUMNS) {
            out_printf(out, "\n%*s", indent, "");
            column = indent;
        }
        if (column > indent) {
            out_printf(out, " ");
            column++;
        }
        int room = COLUMNS - indent;
        out_printf(out, "%.*s", length < room ? length : room, words);
        column += length;
        words += length;
        words += strspn(words, " ");
    }
    out_printf(out, "\n");
}

/* ---- before the run ------------------------------------------------------ */

void text_write_environment(struct out *out, const struct result *result)
{
    const struct environment *e = &result->environment;
    const struct result_settings *s = &result->settings;
    char line[400];
    if (e->wine[0] != '\0')
        put_paragraph(
            out, LABEL, "WINE",
            "mechanism only. Under Wine every Winsock call is a request to "
            "one other process, so the ranking of the servers says nothing "
            "about Windows. Calls per echo, threads and fairness carry over.");
    out_printf(out, "%-*s%s%s%s\n", LABEL, "system", e->system,
               e->wine[0] != '\0' ? ", Wine " : "", e->wine);
    snprintf(line, sizeof line, "%s, %u logical", e->processor, e->processors);
    if (e->memory_bytes > 0)
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 ", %.1f GiB of memory", (double)e->memory_bytes / 1073741824);
    put_paragraph(out, LABEL, "processors", line);
    snprintf(line, sizeof line, "%.3g MHz clock for latencies; ",
             (double)e->clock_hz / 1e6);
    if (e->tick_100ns > 0)
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 "%.1f ms system tick", (double)e->tick_100ns / 1e4);
    else
        snprintf(line + strlen(line), sizeof line - strlen(line),
                 "system tick n/a");
    put_paragraph(out, LABEL, "timer", line);
    snprintf(line, sizeof line, "version %s, %s", e->version, e->compiler);
    put_paragraph(out, LABEL, "build", line);
    snprintf(line, sizeof line, "%s; seed %ld", s->command, s->seed);
    put_paragraph(out, LABEL, "settings", line);
    put_paragraph(out, LABEL, "servers", s->servers);
}

/* ---- the results of a block ---------------------------------------------- */

enum { NAME = 15 };

/* They stand where an open loop has other figures. */
static bool has_lines(const struct result_block *block)
{
    return block->is_ladder && !result_words(block->scenario)->is_open_loop;
}

static void put_heading(struct out *out, const struct result_block *block)
{
    const char *unit = result_unit(result_words(block->scenario)->metric);
    const char *from = result_words(block->scenario)->is_open_loop
                           ? "latency from when due, us"
                           : "latency, us";
    out_printf(out, "%-*s%9s%8s%12s%35s\n", NAME, "", "", "times", "", from);
    out_printf(out, "%-*s%9s %7.7s%12s%8s%8s%8s%8s%8s", NAME, "server", unit,
               block->relative_to, "95 % range", "p50", "p90", "p99", "p99.9",
               "max");
    if (has_lines(block))
        out_printf(out, "%15s\n", "lines");
    else
        out_printf(out, "%7s%8s\n", "late %", "hot/s");
}

/* What stands behind the ratio: a reservation, if there is one. */
static char mark_of(const struct result *result, int index)
{
    const struct result_row *row = &result->rows[index];
    if (row->is_client_bound)
        return 'c';
    if (row->baseline == index || row->control == index || row->differs ||
        !row->ratio.median.known)
        return ' ';
    return '=';
}

static void put_percentiles(struct out *out,
                            const struct result_percentiles *us)
{
    put_latency(out, 8, us->p50);
    put_latency(out, 8, us->p90);
    put_latency(out, 8, us->p99);
    put_latency(out, 8, us->p999);
    put_latency(out, 8, us->max);
}

/* Whether the row has figures; if not, says so. */
static bool put_reason(struct out *out, const struct result_row *row)
{
    char words[RESULT_FAILURE_BYTES + 20];
    if (row->failure[0] != '\0') {
        snprintf(words, sizeof words, "failed: %s", row->failure);
        put_paragraph(out, NAME + 1, row->name, words);
        return false;
    }
    if (row->round_count == 0) {
        out_printf(out, "%-*s not measured\n", NAME, row->name);
        return false;
    }
    return true;
}

static void put_row(struct out *out, const struct result *result, int index)
{
    const struct result_row *row = &result->rows[index];
    if (!put_reason(out, row))
        return;
    out_printf(out, "%-*s", NAME, row->name);
    if (row->score.known && row->score.value < 99.95)
        put_number(out, 9, row->score);
    else
        put_whole(out, 9, row->score);
    put_number(out, 7, row->ratio.median);
    out_printf(out, "%c", mark_of(result, index));
    if (row->baseline == index)
        out_printf(out, "%12s", "-");
    else
        put_range(out, 12, &row->ratio);
    put_percentiles(out, &row->latency_us);
    if (result_words(result->blocks[row->block].scenario)->is_open_loop) {
        put_number(out, 7, row->late_percent);
        if (row->hot_per_s.known)
            put_whole(out, 8, row->hot_per_s);
    }
    if (row->lines[0] != '\0' && has_lines(&result->blocks[row->block]))
        out_printf(out, "%15s", row->lines);
    out_printf(out, "\n");
}

/* ---- its cost card ------------------------------------------------------- */

static void put_card_heading(struct out *out)
{
    out_printf(out, "\n%-*s%25s%6s%6s%6s%6s%11s%5s%7s%5s%7s\n", NAME, "",
               "calls per echo", "at", "would", "empty", "done/", "slow", "",
               "CPU us", "cli", "KB per");
    out_printf(out, "%-*s%5s%5s%5s%5s%5s%6s%6s%6s%6s%6s%5s%5s%7s%5s%7s\n", NAME,
               "server", "recv", "send", "wait", "deq", "oth", "once%", "block",
               "waits", "wait", "Jain", "%", "thr", "/echo", "%", "idle");
}

static void put_card(struct out *out, const struct result_row *row)
{
    struct figure kilobytes = {row->memory_per_idle.known,
                               row->memory_per_idle.value / 1000};
    if (row->failure[0] != '\0' || row->round_count == 0)
        return; /* has been said */
    out_printf(out, "%-*s", NAME, row->name);
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        put_calls(out, 5, row->calls_per_echo[kind]);
    put_whole(out, 6, row->at_once_percent);
    put_calls(out, 6, row->would_block_per_echo);
    put_calls(out, 6, row->empty_waits_per_echo);
    if (row->has_counts && !row->completions_per_wait.known)
        out_printf(out, "%6s", "-"); /* it never waits */
    else
        put_calls(out, 6, row->completions_per_wait);
    if (row->jain.known)
        out_printf(out, "%6.3f", row->jain.value);
    else
        out_printf(out, "%6s", "n/a");
    put_whole(out, 5, row->slowest_percent);
    put_whole(out, 5,
              (struct figure){row->thread_count > 0, row->thread_count});
    put_number(out, 7, row->cpu_us_per_echo);
    put_whole(out, 5, row->client_percent);
    if (row->idle_count > 0)
        put_number(out, 7, kilobytes);
    out_printf(out, "\n");
}

/* ---- a block ------------------------------------------------------------- */

/* The line over the rows, and what the scenario is for. */
static void put_block_title(struct out *out, const struct result *result,
                            const struct result_block *block)
{
    char line[200];
    int control = result->rows[block->first_row].control;
    snprintf(line, sizeof line, "%s.", result_words(block->scenario)->purpose);
    out_printf(out, "\n== %s ==\n", block->title);
    put_paragraph(out, 0, "", line);
    if (block->noise_factor.known)
        snprintf(line, sizeof line,
                 "%ld rounds of %ld ms; noise floor (%s) %.2f to %.2f",
                 block->round_count, block->round_ms,
                 result->rows[control].name, 1 / block->noise_factor.value,
                 block->noise_factor.value);
    else
        snprintf(line, sizeof line,
                 "%ld rounds of %ld ms; noise floor n/a: no difference can be "
                 "shown",
                 block->round_count, block->round_ms);
    put_paragraph(out, 0, "", line);
    out_printf(out, "\n");
}

/* Open loop: the same requests, from when they were sent. */
static void put_service(struct out *out, const struct result *result,
                        const struct result_block *block)
{
    if (!result_words(block->scenario)->is_open_loop)
        return;
    out_printf(out, "\nthe same requests, but from when they were sent:\n");
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->failure[0] != '\0' || row->round_count == 0)
            continue;
        out_printf(out, "%-*s%29s", NAME, row->name, "");
        put_percentiles(out, &row->service_us);
        out_printf(out, "\n");
    }
}

/* Why: of those that differ, and for the best beside the worst. */
static void put_sentences(struct out *out, const struct result *result,
                          const struct result_block *block)
{
    bool has_any = block->summary[0] != '\0';
    if (has_any) {
        out_printf(out, "\n");
        put_paragraph(out, 4, "WHY", block->summary);
    }
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->why[0] == '\0' || (!row->differs && !block->is_ladder &&
                                    row->role != RESULT_REFLECTOR))
            continue;
        if (!has_any)
            out_printf(out, "\n");
        has_any = true;
        put_paragraph(out, 4, "", row->why);
    }
}

static void put_forms(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    if (!block->is_ladder)
        return;
    for (int i = block->first_row; i < block->first_row + block->row_count; i++)
        put_paragraph(out, NAME + 1, result->rows[i].name,
                      result->rows[i].form[0] != '\0' ? result->rows[i].form
                                                      : "server.c");
    out_printf(out, "\n");
}

static void put_block(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    int end = block->first_row + block->row_count;
    bool is_empty = true;
    bool has_card = false;
    for (int i = block->first_row; i < end; i++) {
        const struct result_row *row = &result->rows[i];
        has_card |= row->round_count > 0 && row->failure[0] == '\0';
        is_empty &= row->round_count == 0 && row->failure[0] == '\0';
    }
    if (is_empty) {
        out_printf(out, "\n== %s ==\nnot measured\n", block->title);
        return;
    }
    put_block_title(out, result, block);
    put_forms(out, result, block);
    put_heading(out, block);
    for (int i = block->first_row; i < end; i++)
        put_row(out, result, i);
    put_service(out, result, block);
    if (has_card)
        put_card_heading(out);
    for (int i = block->first_row; i < end; i++)
        put_card(out, &result->rows[i]);
    put_sentences(out, result, block);
}

/* ---- how to read it ------------------------------------------------------ */

static void put_legend(struct out *out)
{
    out_printf(out, "\n== how to read it ==\n");
    put_paragraph(out, LABEL, "times",
                  "the figure before it relative to the row in the heading, "
                  "pair by pair in each round: median and its 95 % bootstrap "
                  "range. On a ladder to the server without options");
    put_paragraph(out, LABEL, "lines",
                  "what a form's patch adds to server.c and removes from it");
    put_paragraph(out, LABEL, "=",
                  "no difference shown: the range contains 1, or the ratio "
                  "lies within the noise floor, which is what the same server "
                  "under two names came to");
    put_paragraph(out, LABEL, "c",
                  "client-bound: the client was as good as always busy, or "
                  "sent too late; not a figure of the server");
    put_paragraph(out, LABEL, "late %",
                  "requests that the client sent more than 1 ms late");
    put_paragraph(out, LABEL, "calls",
                  "counted in the server: receive, send, wait for readiness, "
                  "events or APCs, dequeue a completion, other; - for none");
    put_paragraph(out, LABEL, "at once%",
                  "of the receives and sends, those that were done when the "
                  "call returned; would block: those in vain, per echo");
    put_paragraph(out, LABEL, "done/wait",
                  "ready sockets or completions for each call that waits; "
                  "empty waits: those that found nothing, per echo");
    put_paragraph(out, LABEL, "Jain, slow",
                  "fairness: 1 when all connections got the same; the slowest "
                  "connection in % of an even share");
    put_paragraph(out, LABEL, "thr, CPU",
                  "threads of the server; its CPU time for each echo");
    put_paragraph(out, LABEL, "cli %",
                  "CPU time of the client in % of one processor");
}

/* All pairs in one line: for two builds of the same servers. */
static void put_pooled(struct out *out, const struct result *result)
{
    const struct estimate *all = &result->pooled;
    if (result->settings.pooled == NULL)
        return;
    out_printf(out, "\n%s, all %zu pairs: ", result->settings.pooled,
               all->count);
    if (all->has_interval)
        out_printf(out, "%.3f, 95 %% range %.3f to %.3f\n", all->median.value,
                   all->low, all->high);
    else
        out_printf(out, "n/a\n");
}

static void put_row_notes(struct out *out, const struct result *result,
                          const struct result_row *row)
{
    char line[300];
    const char *title = result->blocks[row->block].title;
    if (row->waiting_percent.known && row->waiting_percent.value < 90) {
        snprintf(line, sizeof line,
                 "%s in %s: rate x mean latency accounts for only %.0f %% of "
                 "the connections' time; the rest is the client's own",
                 row->name, title, row->waiting_percent.value);
        put_paragraph(out, LABEL, "note", line);
    }
    if (row->latency.saturated_count > 0) {
        snprintf(line, sizeof line,
                 "%s in %s: %" PRIu64
                 " echoes took longer than the histogram's 68.7 s",
                 row->name, title, row->latency.saturated_count);
        put_paragraph(out, LABEL, "note", line);
    }
}

static void put_notes(struct out *out, const struct result *result)
{
    char line[200];
    bool has_few = false;
    for (int i = 0; i < result->row_count; i++)
        put_row_notes(out, result, &result->rows[i]);
    for (int i = 0; i < result->block_count; i++)
        has_few |= result->blocks[i].round_count < STATISTICS_PAIRS_AT_LEAST;
    if (has_few) {
        snprintf(line, sizeof line, "a range of 95 %% takes at least %d rounds",
                 STATISTICS_PAIRS_AT_LEAST);
        put_paragraph(out, LABEL, "note", line);
    }
    if (result->settings.left_out != NULL)
        put_paragraph(out, LABEL, "note", result->settings.left_out);
}

void text_write_result(struct out *out, const struct result *result)
{
    for (int i = 0; i < result->block_count; i++)
        put_block(out, result, &result->blocks[i]);
    put_pooled(out, result);
    put_legend(out);
    put_notes(out, result);
    if (result->environment.wine[0] != '\0')
        put_paragraph(out, LABEL, "WINE",
                      "mechanism only: this ranking says nothing about "
                      "Windows");
    if (result->interrupted)
        put_paragraph(out, LABEL, "STOPPED",
                      "by Ctrl+C: these are the rounds until then");
}
