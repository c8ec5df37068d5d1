#include "table.h"

#include <stdio.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------- */

void table_number(struct figure figure, char text[TABLE_CELL_BYTES])
{
    double size = figure.value < 0 ? -figure.value : figure.value;
    int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    if (!figure.known)
        snprintf(text, TABLE_CELL_BYTES, "n/a");
    else if (size >= 1e7)
        snprintf(text, TABLE_CELL_BYTES, "%.0e", figure.value);
    else
        snprintf(text, TABLE_CELL_BYTES, "%.*f", decimals, figure.value);
}

/* "-" for no such call at all, which is not the same as few. */
static void calls_cell(struct figure figure, char text[TABLE_CELL_BYTES])
{
    if (figure.known && figure.value <= 0)
        snprintf(text, TABLE_CELL_BYTES, "-");
    else
        table_number(figure, text);
}

static void percent_cell(struct figure figure, char text[TABLE_CELL_BYTES])
{
    if (figure.known)
        snprintf(text, TABLE_CELL_BYTES, "%.0f", figure.value);
    else
        snprintf(text, TABLE_CELL_BYTES, "n/a");
}

/* ---- cells --------------------------------------------------------------- */

/* Defines a cell function that shows one figure of the row. */
#define CELL(function, show, member)                                           \
    static void function(const struct result *result,                          \
                         const struct result_row *row,                         \
                         char text[TABLE_CELL_BYTES])                          \
    {                                                                          \
        (void)result;                                                          \
        show(row->member, text);                                               \
    }

CELL(cell_score, table_number, score)
CELL(cell_ratio, table_number, ratio.median)
CELL(cell_p50, table_number, latency_us.p50)
CELL(cell_p90, table_number, latency_us.p90)
CELL(cell_p99, table_number, latency_us.p99)
CELL(cell_p999, table_number, latency_us.p999)
CELL(cell_max, table_number, latency_us.max)
CELL(cell_service, table_number, service_us.p99)
CELL(cell_late, percent_cell, late_percent)
CELL(cell_client, percent_cell, client_percent)
CELL(cell_hot, table_number, hot_per_s)
CELL(cell_receive, calls_cell, calls_per_echo[RESULT_RECEIVE])
CELL(cell_send, calls_cell, calls_per_echo[RESULT_SEND])
CELL(cell_wait, calls_cell, calls_per_echo[RESULT_WAIT])
CELL(cell_dequeue, calls_cell, calls_per_echo[RESULT_DEQUEUE])
CELL(cell_other, calls_cell, calls_per_echo[RESULT_OTHER])
CELL(cell_at_once, percent_cell, at_once_percent)
CELL(cell_in_vain, calls_cell, would_block_per_echo)
CELL(cell_empty, calls_cell, empty_waits_per_echo)
CELL(cell_slowest, percent_cell, slowest_percent)
CELL(cell_cpu, table_number, cpu_us_per_echo)

static void cell_range(const struct result *result,
                       const struct result_row *row,
                       char text[TABLE_CELL_BYTES])
{
    char low[TABLE_CELL_BYTES];
    char high[TABLE_CELL_BYTES];
    table_number((struct figure){true, row->ratio.low}, low);
    table_number((struct figure){true, row->ratio.high}, high);
    if (&result->rows[row->baseline] == row)
        snprintf(text, TABLE_CELL_BYTES, "-");
    else if (row->ratio.has_interval)
        snprintf(text, TABLE_CELL_BYTES, "%.20s to %.20s", low, high);
    else
        snprintf(text, TABLE_CELL_BYTES, "n/a");
}

/* In words what may be said about the ratio. */
static void cell_verdict(const struct result *result,
                         const struct result_row *row,
                         char text[TABLE_CELL_BYTES])
{
    bool less_is_better = result_is_latency(&result->blocks[row->block]);
    bool is_more = row->ratio.median.value > 1;
    const char *verdict = "no difference shown";
    if (row->is_client_bound)
        verdict = "client-bound: no rank";
    else if (&result->rows[row->baseline] == row)
        verdict = "the measure";
    else if (row->role == RESULT_CONTROL)
        verdict = "control";
    else if (row->role == RESULT_REFLECTOR)
        verdict = "the client's ceiling";
    else if (!row->ratio.has_interval)
        verdict = "n/a";
    else if (row->differs)
        verdict = is_more != less_is_better ? "better" : "worse";
    snprintf(text, TABLE_CELL_BYTES, "%s", verdict);
}

static void cell_lines(const struct result *result,
                       const struct result_row *row,
                       char text[TABLE_CELL_BYTES])
{
    (void)result;
    snprintf(text, TABLE_CELL_BYTES, "%s",
             row->lines[0] != '\0' ? row->lines : "-");
}

static void cell_completions(const struct result *result,
                             const struct result_row *row,
                             char text[TABLE_CELL_BYTES])
{
    (void)result;
    if (row->has_counts && !row->completions_per_wait.known)
        snprintf(text, TABLE_CELL_BYTES, "-"); /* it never waits */
    else
        calls_cell(row->completions_per_wait, text);
}

static void cell_jain(const struct result *result, const struct result_row *row,
                      char text[TABLE_CELL_BYTES])
{
    (void)result;
    if (row->jain.known)
        snprintf(text, TABLE_CELL_BYTES, "%.3f", row->jain.value);
    else
        snprintf(text, TABLE_CELL_BYTES, "n/a");
}

static void cell_threads(const struct result *result,
                         const struct result_row *row,
                         char text[TABLE_CELL_BYTES])
{
    (void)result;
    percent_cell((struct figure){row->thread_count > 0, row->thread_count},
                 text);
}

static void cell_memory(const struct result *result,
                        const struct result_row *row,
                        char text[TABLE_CELL_BYTES])
{
    (void)result;
    struct figure kib = row->memory_per_idle;
    kib.value /= 1024;
    table_number(kib, text);
}

/* ---- columns ------------------------------------------------------------- */

static bool is_open_loop(const struct result_block *block)
{
    return result_words(block->scenario)->is_open_loop;
}

static bool is_herd(const struct result_block *block)
{
    return block->scenario == RESULT_HERD;
}

static bool is_skew(const struct result_block *block)
{
    return block->scenario == RESULT_SKEW;
}

static bool is_ladder(const struct result_block *block)
{
    return block->is_ladder;
}

/* Else the score is p50 already. */
static bool is_rate(const struct result_block *block)
{
    return !result_is_latency(block);
}

static const struct table_column all_columns[] = {
    {NULL, "the score: median over the rounds", TABLE_SPEED, NULL, cell_score},
    {"x", "the score relative to the measure, pair by pair in each round",
     TABLE_SPEED, NULL, cell_ratio},
    {"95 % range", "bootstrap interval of x", TABLE_SPEED, NULL, cell_range},
    {"verdict",
     "\"no difference shown\": the range contains 1, or x lies within the "
     "noise floor; not the same as equal",
     TABLE_SPEED, NULL, cell_verdict},
    {"lines", "what the form adds to server.c and removes from it", TABLE_SPEED,
     is_ladder, cell_lines},
    {"p50 us", "half of all echoes took at most this long", TABLE_SPEED,
     is_rate, cell_p50},
    {"p90 us", "90 % of all echoes", TABLE_SPEED, NULL, cell_p90},
    {"p99 us", "99 % of all echoes", TABLE_SPEED, NULL, cell_p99},
    {"p99.9 us", "99.9 % of all echoes", TABLE_SPEED, NULL, cell_p999},
    {"max us", "the slowest echo", TABLE_SPEED, NULL, cell_max},
    {"p99 us from send",
     "as a client would see it that forgives the server its own delay",
     TABLE_SPEED, is_open_loop, cell_service},
    {"late %", "requests that the client itself sent late", TABLE_SPEED,
     is_open_loop, cell_late},
    {"hot /s", "echoes/s of the hot connection", TABLE_SPEED, is_skew,
     cell_hot},
    {"client CPU %",
     "processor time of the client, in % of one processor; from 90 on it is "
     "the limit",
     TABLE_SPEED, NULL, cell_client},
    {"recv", "receive calls for each echo", TABLE_COST, NULL, cell_receive},
    {"send", "send calls for each echo", TABLE_COST, NULL, cell_send},
    {"wait", "calls that wait for readiness, events or APCs", TABLE_COST, NULL,
     cell_wait},
    {"dequeue", "calls that ask how an operation ended", TABLE_COST, NULL,
     cell_dequeue},
    {"other", "all other calls that are counted", TABLE_COST, NULL, cell_other},
    {"done/wait", "ready sockets or completions for each wake-up", TABLE_COST,
     NULL, cell_completions},
    {"at once %", "receives and sends that were done before they returned",
     TABLE_COST, NULL, cell_at_once},
    {"in vain", "receives and sends for each echo that would have blocked",
     TABLE_COST, NULL, cell_in_vain},
    {"empty waits", "wake-ups for each echo that found nothing", TABLE_COST,
     NULL, cell_empty},
    {"threads", "of the server, with all connections open", TABLE_COST, NULL,
     cell_threads},
    {"CPU us", "processor time of the server for each echo", TABLE_COST, NULL,
     cell_cpu},
    {"Jain", "fairness: 1 when all connections got the same", TABLE_COST, NULL,
     cell_jain},
    {"slowest %", "the slowest connection, in % of an even share", TABLE_COST,
     NULL, cell_slowest},
    {"KiB per idle", "memory of the server for each idle connection",
     TABLE_COST, is_herd, cell_memory}};

const char *table_title(enum table_kind table)
{
    return table == TABLE_SPEED ? "How fast" : "What an echo costs";
}

int table_columns(const struct result_block *block, enum table_kind table,
                  const struct table_column *columns[TABLE_COLUMNS_AT_MOST])
{
    int count = 0;
    for (size_t i = 0; i < sizeof all_columns / sizeof all_columns[0]; i++) {
        const struct table_column *column = &all_columns[i];
        if (column->table == table && count < TABLE_COLUMNS_AT_MOST &&
            (column->applies == NULL || column->applies(block)))
            columns[count++] = column;
    }
    return count;
}

const char *table_heading(const struct table_column *column,
                          const struct result_block *block)
{
    if (column->heading != NULL)
        return column->heading;
    return result_unit(result_words(block->scenario)->metric);
}

bool table_has_figures(const struct result_row *row)
{
    return row->failure[0] == '\0' && row->round_count > 0;
}
