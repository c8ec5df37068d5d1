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
    snprintf(line, sizeof line,
             "%s: connections %s; %ld bytes a message; %ld rounds of %ld ms "
             "and one more to warm up; seed %ld",
             s->command, s->connections, s->message_bytes, s->round_count,
             s->round_ms, s->seed);
    put_paragraph(out, LABEL, "settings", line);
    put_paragraph(out, LABEL, "servers", s->servers);
}

/* ---- the table ----------------------------------------------------------- */

static void put_heading(struct out *out, const struct result *result)
{
    char relative[40];
    snprintf(relative, sizeof relative, "relative to %.8s",
             result->settings.relative_to);
    out_printf(out, "%15s%15s %14s%22s%8s%10s%11s%4s\n", "", relative,
               "latency, us", "calls per echo", "done/", "slow", "CPU us",
               "cli");
    out_printf(out, "%-7s%8s%5s %10s%7s%7s%5s%5s%5s%5s%5s%5s%6s%4s%5s%6s%4s\n",
               "server", "echoes/s", "x", "95 % range", "p50", "p99", "recv",
               "send", "wait", "deq", "oth", "wait", "Jain", "%", "thr",
               "/echo", "%");
}

static bool is_client_bound(const struct result_row *row)
{
    return row->client_percent.known &&
           row->client_percent.value >= RESULT_CLIENT_BOUND_PERCENT;
}

/* What stands behind the ratio: a reservation, if there is one. */
static char mark_of(const struct result *result, int index)
{
    const struct result_row *row = &result->rows[index];
    if (is_client_bound(row))
        return 'c';
    if (row->baseline == index || row->control == index || row->differs ||
        !row->ratio.median.known)
        return ' ';
    return '=';
}

/* What an echo costs, and who gets how many. */
static void put_cost_card(struct out *out, const struct result_row *row)
{
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        put_calls(out, 5, row->calls_per_echo[kind]);
    if (row->has_counts && !row->completions_per_wait.known)
        out_printf(out, "%5s", "-"); /* it never waits */
    else
        put_calls(out, 5, row->completions_per_wait);
    if (row->jain.known)
        out_printf(out, "%6.3f", row->jain.value);
    else
        out_printf(out, "%6s", "n/a");
    put_whole(out, 4, row->slowest_percent);
    put_whole(out, 5,
              (struct figure){row->thread_count > 0, row->thread_count});
    put_number(out, 6, row->cpu_us_per_echo);
    put_whole(out, 4, row->client_percent);
}

static void put_row(struct out *out, const struct result *result, int index)
{
    const struct result_row *row = &result->rows[index];
    char words[RESULT_FAILURE_BYTES + 20];
    if (row->failure[0] != '\0') {
        snprintf(words, sizeof words, "failed: %s", row->failure);
        put_paragraph(out, 9, row->name, words);
        return;
    }
    if (row->round_count == 0) {
        out_printf(out, "%-9snot measured\n", row->name);
        return;
    }
    out_printf(out, "%-8s", row->name);
    put_whole(out, 7, row->echoes_per_s);
    put_number(out, 5, row->ratio.median);
    out_printf(out, "%c", mark_of(result, index));
    if (row->baseline == index)
        out_printf(out, "%10s", "-");
    else
        put_range(out, 10, &row->ratio);
    put_latency(out, 7, row->p50_us);
    put_latency(out, 7, row->p99_us);
    put_cost_card(out, row);
    out_printf(out, "\n");
}

/* The line over the rows of one connection count. */
static void put_block_title(struct out *out, const struct result *result,
                            const struct result_row *row)
{
    const struct result_row *control = &result->rows[row->control];
    struct figure floor = statistics_floor(control->ratio);
    out_printf(out, "\n%d connection%s; noise floor ", row->connection_count,
               row->connection_count == 1 ? "" : "s");
    if (floor.known)
        out_printf(out, "(%s) %.2f to %.2f\n", control->name, 1 / floor.value,
                   floor.value);
    else
        out_printf(out, "n/a: no difference can be shown\n");
}

/* One past the last row with the connection count of the row at first. */
static int end_of_block(const struct result *result, int first)
{
    int end = first;
    while (end < result->row_count && result->rows[end].connection_count ==
                                          result->rows[first].connection_count)
        end++;
    return end;
}

/* All rows of one connection count. */
static void put_block(struct out *out, const struct result *result, int first,
                      int end)
{
    bool is_empty = true;
    for (int i = first; i < end; i++)
        if (result->rows[i].round_count > 0 ||
            result->rows[i].failure[0] != '\0')
            is_empty = false;
    if (is_empty) {
        out_printf(out, "\n%d connections: not measured\n",
                   result->rows[first].connection_count);
        return;
    }
    put_block_title(out, result, &result->rows[first]);
    for (int i = first; i < end; i++)
        put_row(out, result, i);
}

/* ---- how to read it ------------------------------------------------------ */

static void put_legend(struct out *out, const struct result *result)
{
    char line[300];
    snprintf(line, sizeof line,
             "echoes/s relative to %s, pair by pair in each round: median and "
             "its 95 %% bootstrap range",
             result->settings.relative_to);
    out_printf(out, "\n");
    put_paragraph(out, LABEL, "x", line);
    put_paragraph(out, LABEL, "=",
                  "no difference shown: the range contains 1, or x lies within "
                  "the noise floor, which is what the same server under two "
                  "names came to");
    put_paragraph(out, LABEL, "c",
                  "client-bound: the client was as good as always busy, the "
                  "server could do more");
    put_paragraph(out, LABEL, "calls",
                  "counted in the server: receive, send, wait for readiness, "
                  "events or APCs, dequeue a completion, other; - for none");
    put_paragraph(out, LABEL, "done/wait",
                  "ready sockets or completions for each call that waits");
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

static void put_notes(struct out *out, const struct result *result)
{
    char line[300];
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        if (row->waiting_percent.known && row->waiting_percent.value < 90) {
            snprintf(line, sizeof line,
                     "%s, %d connections: rate x mean latency accounts for "
                     "only %.0f %% of the connections' time; the rest is the "
                     "client's own",
                     row->name, row->connection_count,
                     row->waiting_percent.value);
            put_paragraph(out, LABEL, "note", line);
        }
        if (row->latency.saturated_count > 0) {
            snprintf(line, sizeof line,
                     "%s, %d connections: %" PRIu64
                     " echoes took longer than the histogram's 68.7 s",
                     row->name, row->connection_count,
                     row->latency.saturated_count);
            put_paragraph(out, LABEL, "note", line);
        }
    }
    if (result->settings.round_count < STATISTICS_PAIRS_AT_LEAST) {
        snprintf(line, sizeof line, "a range of 95 %% takes at least %d rounds",
                 STATISTICS_PAIRS_AT_LEAST);
        put_paragraph(out, LABEL, "note", line);
    }
}

void text_write_result(struct out *out, const struct result *result)
{
    out_printf(out, "\n");
    put_heading(out, result);
    for (int first = 0; first < result->row_count;) {
        int end = end_of_block(result, first);
        put_block(out, result, first, end);
        first = end;
    }
    put_pooled(out, result);
    put_legend(out, result);
    put_notes(out, result);
    if (result->environment.wine[0] != '\0')
        put_paragraph(out, LABEL, "WINE",
                      "mechanism only: this ranking says nothing about "
                      "Windows");
    if (result->interrupted)
        put_paragraph(out, LABEL, "STOPPED",
                      "by Ctrl+C: these are the rounds until then");
}
