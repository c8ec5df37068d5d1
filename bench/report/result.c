#include "result.h"

#include <stdlib.h>

#include "why.h"

/* ---- words --------------------------------------------------------------- */

const struct result_scenario_words *result_words(enum result_scenario scenario)
{
    static const struct result_scenario_words words[RESULT_SCENARIO_COUNT] = {
        [RESULT_PINGPONG] = {"pingpong",
                             "one message under way on each connection: the "
                             "ceiling, and the calls behind it",
                             RESULT_ECHO_RATE, false},
        [RESULT_PACED] = {"paced",
                          "a fixed rate, whatever the server does: latency "
                          "from when each request was due",
                          RESULT_MEDIAN_LATENCY, true},
        [RESULT_HERD] = {"herd",
                         "a few active connections beside many silent ones: "
                         "what an idle connection costs",
                         RESULT_ECHO_RATE, false},
        [RESULT_CHURN] = {"churn",
                          "connect, one echo, close, again and again: what a "
                          "new connection costs",
                          RESULT_CONNECTION_RATE, false},
        [RESULT_BULK] = {"bulk",
                         "few connections stream large blocks both ways at "
                         "once: bytes, not messages",
                         RESULT_BYTE_RATE, false},
        [RESULT_SKEW] = {"skew",
                         "one connection never pauses, many polite ones keep "
                         "a low rate: who has to wait",
                         RESULT_MEDIAN_LATENCY, true}};
    return &words[scenario];
}

const char *result_unit(enum result_metric metric)
{
    static const char *const units[] = {[RESULT_ECHO_RATE] = "echoes/s",
                                        [RESULT_CONNECTION_RATE] = "conns/s",
                                        [RESULT_BYTE_RATE] = "MB/s",
                                        [RESULT_MEDIAN_LATENCY] = "p50 us"};
    return units[metric];
}

const char *result_kind_name(enum result_kind kind)
{
    static const char *const names[RESULT_KIND_COUNT] = {
        "receive", "send", "wait", "dequeue", "other"};
    return names[kind];
}

const char *result_outcome_name(enum result_outcome outcome)
{
    static const char *const names[RESULT_OUTCOME_COUNT] = {
        "done at once", "pending", "would block", "failed"};
    return names[outcome];
}

bool result_is_latency(const struct result_block *block)
{
    return result_words(block->scenario)->metric == RESULT_MEDIAN_LATENCY;
}

/* ---- scores and ratios --------------------------------------------------- */

static bool has_figures(const struct result_row *row)
{
    return row->failure[0] == '\0' && row->round_count > 0;
}

/* In the unit of the metric; 0 when the round has none. */
static double score(const struct result_round *round, enum result_metric metric)
{
    double elapsed_ns = (double)round->elapsed_ns;
    switch (metric) {
    case RESULT_BYTE_RATE:
        return figure_ratio((double)round->bytes * 1000, elapsed_ns).value;
    case RESULT_MEDIAN_LATENCY:
        return (double)round->p50_ns / 1000;
    default:
        return figure_ratio((double)round->echoes * 1e9, elapsed_ns).value;
    }
}

static enum result_metric metric_of(const struct result *result,
                                    const struct result_row *row)
{
    return result_words(result->blocks[row->block].scenario)->metric;
}

/* Writes the ratio of each round of a row to the same round of its baseline,
 * and returns how many there are. A round cut short by Ctrl+C has no pair. */
static size_t list_ratios(const struct result *result,
                          const struct result_row *row,
                          const struct result_row *baseline, double *ratios)
{
    size_t count = 0;
    enum result_metric metric = metric_of(result, row);
    if (!has_figures(row) || !has_figures(baseline))
        return 0;
    for (int i = 0; i < row->round_count && i < baseline->round_count; i++) {
        struct figure ratio = figure_ratio(score(&row->rounds[i], metric),
                                           score(&baseline->rounds[i], metric));
        if (ratio.known && ratio.value > 0)
            ratios[count++] = ratio.value;
    }
    return count;
}

static void compute_score(const struct result *result, struct result_row *row,
                          double *scratch)
{
    size_t count = 0;
    enum result_metric metric = metric_of(result, row);
    for (int i = 0; i < row->round_count; i++)
        if (metric != RESULT_MEDIAN_LATENCY || row->rounds[i].p50_ns > 0)
            scratch[count++] = score(&row->rounds[i], metric);
    row->score = statistics_median(scratch, count);
}

/* ---- latency and costs --------------------------------------------------- */

static struct figure percentile(const struct histogram *h, double percent)
{
    return figure_of((double)histogram_percentile_ns(h, percent) / 1000);
}

static struct result_percentiles percentiles_of(const struct histogram *h)
{
    struct result_percentiles all = {.max = {false, 0}};
    if (h->count == 0)
        return all;
    all.p50 = percentile(h, 50);
    all.p90 = percentile(h, 90);
    all.p99 = percentile(h, 99);
    all.p999 = percentile(h, 99.9);
    all.max = figure_of((double)h->largest_ns / 1000);
    return all;
}

/* Sums over all rounds: what needs many echoes to be exact. */
static struct result_round sum_rounds(const struct result_row *row)
{
    struct result_round sum = {0};
    for (int i = 0; i < row->round_count; i++) {
        const struct result_round *round = &row->rounds[i];
        sum.echoes += round->echoes;
        sum.elapsed_ns += round->elapsed_ns;
        sum.idle_ns += round->idle_ns;
        sum.client_cpu_ns += round->client_cpu_ns;
        sum.server_cpu_ns += round->server_cpu_ns;
        sum.due_count += round->due_count;
        sum.late_count += round->late_count;
        sum.hot_echoes += round->hot_echoes;
        for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
            for (int o = 0; o < RESULT_OUTCOME_COUNT; o++)
                sum.calls[kind][o] += round->calls[kind][o];
        sum.waits += round->waits;
        sum.empty_waits += round->empty_waits;
        sum.completions += round->completions;
    }
    return sum;
}

static void compute_calls(struct result_row *row,
                          const struct result_round *sum, double echoes)
{
    double moves = 0;
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        double calls = 0;
        for (int o = 0; o < RESULT_OUTCOME_COUNT; o++) {
            calls += (double)sum->calls[kind][o];
            row->outcomes_per_echo[kind][o] =
                figure_ratio((double)sum->calls[kind][o], echoes);
        }
        row->calls_per_echo[kind] = figure_ratio(calls, echoes);
        if (kind == RESULT_RECEIVE || kind == RESULT_SEND)
            moves += calls;
    }
    row->at_once_percent =
        figure_ratio(100.0 * (double)(sum->calls[RESULT_RECEIVE][RESULT_DONE] +
                                      sum->calls[RESULT_SEND][RESULT_DONE]),
                     moves);
    row->would_block_per_echo =
        figure_ratio((double)(sum->calls[RESULT_RECEIVE][RESULT_WOULD_BLOCK] +
                              sum->calls[RESULT_SEND][RESULT_WOULD_BLOCK]),
                     echoes);
    row->empty_waits_per_echo = figure_ratio((double)sum->empty_waits, echoes);
    row->completions_per_wait =
        figure_ratio((double)sum->completions, (double)sum->waits);
}

static void compute_costs(const struct result *result, struct result_row *row)
{
    struct result_round sum = sum_rounds(row);
    double echoes = (double)sum.echoes + (double)sum.hot_echoes;
    double elapsed_ns = (double)sum.elapsed_ns;
    if (row->has_counts)
        compute_calls(row, &sum, echoes);
    if (!row->lacks_cpu && sum.server_cpu_ns >= RESULT_CPU_RESOLVED_NS)
        row->cpu_us_per_echo =
            figure_ratio((double)sum.server_cpu_ns / 1000, echoes);
    if (sum.elapsed_ns >= RESULT_CPU_RESOLVED_NS)
        row->client_percent =
            figure_ratio(100 * (double)sum.client_cpu_ns, elapsed_ns);
    row->late_percent =
        figure_ratio(100 * (double)sum.late_count, (double)sum.due_count);
    if (result->blocks[row->block].scenario == RESULT_SKEW)
        row->hot_per_s = figure_ratio((double)sum.hot_echoes * 1e9, elapsed_ns);
    /* Little's law: what is under way on average is rate x mean latency. */
    if (metric_of(result, row) == RESULT_ECHO_RATE)
        row->waiting_percent = figure_ratio(
            100 * (double)row->latency.sum_ns,
            elapsed_ns * (double)row->connection_count - (double)sum.idle_ns);
    if (row->idle_count > 0 && row->memory_before_bytes > 0 &&
        row->memory_after_bytes >= row->memory_before_bytes)
        row->memory_per_idle = figure_ratio(
            (double)(row->memory_after_bytes - row->memory_before_bytes),
            (double)row->idle_count);
    row->is_client_bound =
        row->role != RESULT_REFLECTOR &&
        ((row->client_percent.known &&
          row->client_percent.value >= RESULT_CLIENT_BOUND_PERCENT) ||
         (row->late_percent.known &&
          row->late_percent.value >= RESULT_LATE_BOUND_PERCENT));
}

static void compute_fairness(struct result_row *row)
{
    size_t count = (size_t)row->connection_count;
    uint64_t slowest = UINT64_MAX;
    uint64_t sum = 0;
    if (row->echoes_by_connection == NULL || row->service.count > 0)
        return; /* an open loop gives every connection the same */
    for (size_t i = 0; i < count; i++) {
        uint64_t echoes = row->echoes_by_connection[i];
        slowest = echoes < slowest ? echoes : slowest;
        sum += echoes;
    }
    row->jain = statistics_jain(row->echoes_by_connection, count);
    row->slowest_percent =
        figure_ratio(100 * (double)slowest * (double)count, (double)sum);
}

/* ---- comparisons --------------------------------------------------------- */

/* How many ratios there can be at most. */
static size_t ratios_at_most(const struct result *result)
{
    size_t count = 1;
    for (int i = 0; i < result->row_count; i++)
        count += (size_t)result->rows[i].round_count;
    return count;
}

static bool is_compared(const struct result_row *row, int index)
{
    return row->baseline != index && row->control != index &&
           row->control >= 0 && row->role != RESULT_CONTROL;
}

static void compute_ratios(struct result *result, double *ratios)
{
    uint64_t seed = (uint64_t)result->settings.seed;
    size_t pooled_count = 0;
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        size_t count =
            list_ratios(result, row, &result->rows[row->baseline], ratios);
        if (row->baseline != i)
            row->ratio = statistics_estimate(ratios, count, seed + (uint64_t)i);
        else if (count > 0)
            row->ratio.median = figure_of(1);
    }
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        if (!is_compared(row, i))
            continue;
        row->differs =
            statistics_differs(row->ratio, result->rows[row->control].ratio);
        if (row->role == RESULT_SERVER)
            pooled_count +=
                list_ratios(result, row, &result->rows[row->baseline],
                            ratios + pooled_count);
    }
    result->pooled = statistics_estimate(ratios, pooled_count, seed);
}

/* The index of the row with the highest or lowest ratio to its baseline of
 * those that may be ranked, or -1. */
static int extreme_row(const struct result *result,
                       const struct result_block *block, bool highest)
{
    int found = -1;
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->role == RESULT_CONTROL || row->role == RESULT_REFLECTOR ||
            row->is_client_bound || !row->ratio.median.known)
            continue;
        double value = row->ratio.median.value;
        if (found < 0 ||
            (highest ? value > result->rows[found].ratio.median.value
                     : value < result->rows[found].ratio.median.value))
            found = i;
    }
    return found;
}

static void compute_block(struct result *result, struct result_block *block,
                          double *ratios)
{
    int first = block->first_row;
    if (block->row_count == 0)
        return;
    int control = result->rows[first].control;
    if (control >= 0)
        block->noise_factor = statistics_floor(result->rows[control].ratio);
    for (int i = first; i < first + block->row_count; i++) {
        struct result_row *row = &result->rows[i];
        if (has_figures(row) && is_compared(row, i))
            why_row(result, i, row->why);
    }
    if (block->is_ladder) {
        why_ladder(result, block, block->summary);
        return;
    }
    if (block->scenario == RESULT_HERD) {
        why_herd(result, block, block->summary);
        return;
    }
    bool less = result_is_latency(block);
    int best = extreme_row(result, block, !less);
    int worst = extreme_row(result, block, less);
    if (best < 0 || best == worst)
        return;
    size_t count =
        list_ratios(result, &result->rows[best], &result->rows[worst], ratios);
    struct estimate ratio = statistics_estimate(
        ratios, count, (uint64_t)result->settings.seed + 7919);
    why_best(result, block, best, worst, ratio, block->summary);
}

/* ---- everything ---------------------------------------------------------- */

void result_compute(struct result *result)
{
    double *scratch = calloc(ratios_at_most(result), sizeof *scratch);
    if (scratch == NULL)
        return; /* every figure stays unknown */
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        if (!has_figures(row))
            continue;
        compute_score(result, row, scratch);
        row->latency_us = percentiles_of(&row->latency);
        row->service_us = percentiles_of(&row->service);
        compute_costs(result, row);
        compute_fairness(row);
    }
    compute_ratios(result, scratch);
    for (int i = 0; i < result->block_count; i++)
        compute_block(result, &result->blocks[i], scratch);
    free(scratch);
}

bool result_has_failure(const struct result *result)
{
    for (int i = 0; i < result->row_count; i++)
        if (result->rows[i].failure[0] != '\0')
            return true;
    return false;
}
