#include "csv.h"

#include <inttypes.h>
#include <stddef.h>

#include "escape.h"

/* ---- rows ---------------------------------------------------------------- */

/* A column that holds a figure of a row. */
struct column {
    const char *name;
    size_t offset; /* of a struct figure in struct result_row */
};

#define FIGURE(name, member)                                                   \
    {                                                                          \
        name, offsetof(struct result_row, member)                              \
    }

static const struct column columns[] = {
    FIGURE("p50_us", latency_us.p50),
    FIGURE("p90_us", latency_us.p90),
    FIGURE("p99_us", latency_us.p99),
    FIGURE("p999_us", latency_us.p999),
    FIGURE("max_us", latency_us.max),
    FIGURE("service_p50_us", service_us.p50),
    FIGURE("service_p90_us", service_us.p90),
    FIGURE("service_p99_us", service_us.p99),
    FIGURE("service_p999_us", service_us.p999),
    FIGURE("service_max_us", service_us.max),
    FIGURE("receive_calls_per_echo", calls_per_echo[RESULT_RECEIVE]),
    FIGURE("send_calls_per_echo", calls_per_echo[RESULT_SEND]),
    FIGURE("wait_calls_per_echo", calls_per_echo[RESULT_WAIT]),
    FIGURE("dequeue_calls_per_echo", calls_per_echo[RESULT_DEQUEUE]),
    FIGURE("other_calls_per_echo", calls_per_echo[RESULT_OTHER]),
    FIGURE("at_once_percent", at_once_percent),
    FIGURE("would_block_per_echo", would_block_per_echo),
    FIGURE("empty_waits_per_echo", empty_waits_per_echo),
    FIGURE("completions_per_wait", completions_per_wait),
    FIGURE("jain", jain),
    FIGURE("slowest_percent", slowest_percent),
    FIGURE("cpu_us_per_echo", cpu_us_per_echo),
    FIGURE("memory_per_idle_bytes", memory_per_idle),
    FIGURE("hot_per_s", hot_per_s),
    FIGURE("late_percent", late_percent),
    FIGURE("client_percent", client_percent),
    FIGURE("waiting_percent", waiting_percent)};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* A field with the comma before it. */
static void put_figure(struct out *out, struct figure figure)
{
    if (figure.known)
        out_printf(out, ",%.9g", figure.value);
    else
        out_printf(out, ",");
}

static void put_text(struct out *out, const char *text)
{
    out_printf(out, ",");
    escape_csv(out, text);
}

/* The fields that say which row it is; the first one has no comma before it. */
static void put_identity(struct out *out, const struct result *result,
                         const struct result_row *row)
{
    const struct result_block *block = &result->blocks[row->block];
    out_printf(out, "%d,%s%s", row->block + 1,
               result_words(block->scenario)->name,
               block->is_ladder ? " ladder" : "");
    put_text(out, row->name);
    out_printf(out, ",%d,%d,%ld", row->connection_count, row->idle_count,
               block->message_bytes);
}

static void put_row(struct out *out, const struct result *result,
                    const struct result_row *row)
{
    const struct result_block *block = &result->blocks[row->block];
    const struct estimate *ratio = &row->ratio;
    put_identity(out, result, row);
    put_text(out, row->form);
    put_figure(
        out, (struct figure){block->rate_per_s > 0, (double)block->rate_per_s});
    put_figure(out, row->score);
    put_text(out, result_unit(result_words(block->scenario)->metric));
    put_text(out, result->rows[row->baseline].name);
    put_figure(out, ratio->median);
    put_figure(out, (struct figure){ratio->has_interval, ratio->low});
    put_figure(out, (struct figure){ratio->has_interval, ratio->high});
    put_figure(out, block->noise_factor);
    out_printf(out, ",%zu,%d,%d", ratio->count, row->differs,
               row->is_client_bound);
    for (int i = 0; i < COLUMNS; i++) {
        const char *at = (const char *)row + columns[i].offset;
        put_figure(out, *(const struct figure *)(const void *)at);
    }
    put_figure(out, (struct figure){row->thread_count > 0, row->thread_count});
    put_text(out, row->failure);
    out_printf(out, "\n");
}

void csv_write_result(struct out *out, const struct result *result)
{
    out_printf(out, "block,scenario,server,connections,idle_connections,"
                    "message_bytes,form,rate_per_s,score,score_unit,"
                    "relative_to,ratio,ratio_low,ratio_high,noise_factor,"
                    "pairs,differs,client_bound");
    for (int i = 0; i < COLUMNS; i++)
        out_printf(out, ",%s", columns[i].name);
    out_printf(out, ",threads,failure\n");
    for (int i = 0; i < result->row_count; i++)
        put_row(out, result, &result->rows[i]);
}

/* ---- rounds -------------------------------------------------------------- */

static void put_count(struct out *out, uint64_t value)
{
    out_printf(out, ",%" PRIu64, value);
}

static void put_counted(struct out *out, bool has_counts, int64_t value)
{
    out_printf(out, ",");
    if (has_counts)
        out_printf(out, "%" PRId64, value);
}

/* The calls of one round: empty fields where nothing was counted. */
static void put_calls(struct out *out, const struct result_round *round,
                      bool has_counts)
{
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        for (int outcome = 0; outcome < RESULT_OUTCOME_COUNT; outcome++)
            put_counted(out, has_counts, round->calls[kind][outcome]);
    put_counted(out, has_counts, round->waits);
    put_counted(out, has_counts, round->empty_waits);
    put_counted(out, has_counts, round->completions);
}

static void put_round(struct out *out, const struct result_row *row,
                      const struct result_round *round)
{
    put_count(out, round->echoes);
    put_count(out, round->bytes);
    put_count(out, round->elapsed_ns);
    put_count(out, round->idle_ns);
    put_count(out, round->client_cpu_ns);
    put_counted(out, !row->lacks_cpu, (int64_t)round->server_cpu_ns);
    put_count(out, round->p50_ns);
    put_count(out, round->p99_ns);
    put_count(out, round->due_count);
    put_count(out, round->late_count);
    put_count(out, round->hot_echoes);
    put_calls(out, round, row->has_counts);
}

void csv_write_rounds(struct out *out, const struct result *result)
{
    static const char *const outcomes[RESULT_OUTCOME_COUNT] = {
        "done", "pending", "would_block", "failed"};
    out_printf(out, "block,scenario,server,connections,idle_connections,"
                    "message_bytes,round,echoes,bytes,elapsed_ns,idle_ns,"
                    "client_cpu_ns,server_cpu_ns,p50_ns,p99_ns,due_count,"
                    "late_count,hot_echoes");
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        for (int outcome = 0; outcome < RESULT_OUTCOME_COUNT; outcome++)
            out_printf(out, ",%s_%s", result_kind_name((enum result_kind)kind),
                       outcomes[outcome]);
    out_printf(out, ",waits,empty_waits,completions\n");
    for (int i = 0; i < result->row_count; i++) {
        const struct result_row *row = &result->rows[i];
        for (int r = 0; r < row->round_count; r++) {
            put_identity(out, result, row);
            out_printf(out, ",%d", r + 1);
            put_round(out, row, &row->rounds[r]);
            out_printf(out, "\n");
        }
    }
}
