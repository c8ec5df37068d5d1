#include "result.h"

#include <stdlib.h>

static bool has_figures(const struct result_row *row)
{
    return row->failure[0] == '\0' && row->round_count > 0;
}

/* Echoes per second of one round; 0 when it took no time. */
static double rate(const struct result_round *round)
{
    return figure_ratio((double)round->echoes * 1e9, (double)round->elapsed_ns)
        .value;
}

/* Writes the ratio of each round of a row to the same round of its baseline,
 * and returns how many there are. A round cut short by Ctrl+C has no pair. */
static size_t list_ratios(const struct result_row *row,
                          const struct result_row *baseline, double *ratios)
{
    size_t count = 0;
    if (!has_figures(row) || !has_figures(baseline))
        return 0;
    for (int i = 0; i < row->round_count && i < baseline->round_count; i++) {
        struct figure ratio =
            figure_ratio(rate(&row->rounds[i]), rate(&baseline->rounds[i]));
        if (ratio.known)
            ratios[count++] = ratio.value;
    }
    return count;
}

static void compute_rate(struct result_row *row, double *scratch)
{
    for (int i = 0; i < row->round_count; i++)
        scratch[i] = rate(&row->rounds[i]);
    row->echoes_per_s = statistics_median(scratch, (size_t)row->round_count);
}

static void compute_latency(struct result_row *row)
{
    if (row->latency.count == 0)
        return;
    row->p50_us =
        figure_of((double)histogram_percentile_ns(&row->latency, 50) / 1000);
    row->p99_us =
        figure_of((double)histogram_percentile_ns(&row->latency, 99) / 1000);
}

/* Sums over all rounds: what needs many echoes to be exact. */
static void compute_costs(struct result_row *row)
{
    struct result_round sum = {0};
    for (int i = 0; i < row->round_count; i++) {
        const struct result_round *round = &row->rounds[i];
        sum.echoes += round->echoes;
        sum.elapsed_ns += round->elapsed_ns;
        sum.idle_ns += round->idle_ns;
        sum.client_cpu_ns += round->client_cpu_ns;
        sum.server_cpu_ns += round->server_cpu_ns;
        for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
            sum.calls[kind] += round->calls[kind];
        sum.waits += round->waits;
        sum.completions += round->completions;
    }
    double echoes = (double)sum.echoes;
    double elapsed_ns = (double)sum.elapsed_ns;
    if (row->has_counts) {
        for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
            row->calls_per_echo[kind] =
                figure_ratio((double)sum.calls[kind], echoes);
        row->completions_per_wait =
            figure_ratio((double)sum.completions, (double)sum.waits);
    }
    if (sum.server_cpu_ns >= RESULT_CPU_RESOLVED_NS)
        row->cpu_us_per_echo =
            figure_ratio((double)sum.server_cpu_ns / 1000, echoes);
    if (sum.elapsed_ns >= RESULT_CPU_RESOLVED_NS)
        row->client_percent =
            figure_ratio(100 * (double)sum.client_cpu_ns, elapsed_ns);
    /* Little's law: what is under way on average is rate x mean latency. */
    row->waiting_percent = figure_ratio(
        100 * (double)row->latency.sum_ns,
        elapsed_ns * (double)row->connection_count - (double)sum.idle_ns);
}

static void compute_fairness(struct result_row *row)
{
    size_t count = (size_t)row->connection_count;
    uint64_t slowest = UINT64_MAX;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t echoes = row->echoes_by_connection[i];
        slowest = echoes < slowest ? echoes : slowest;
        sum += echoes;
    }
    row->jain = statistics_jain(row->echoes_by_connection, count);
    row->slowest_percent =
        figure_ratio(100 * (double)slowest * (double)count, (double)sum);
}

/* How many ratios there can be at most. */
static size_t ratios_at_most(const struct result *result)
{
    size_t count = 1;
    for (int i = 0; i < result->row_count; i++)
        count += (size_t)result->rows[i].round_count;
    return count;
}

static void compute_ratios(struct result *result, double *ratios)
{
    uint64_t seed = (uint64_t)result->settings.seed;
    size_t pooled_count = 0;
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        size_t count = list_ratios(row, &result->rows[row->baseline], ratios);
        if (row->baseline != i)
            row->ratio = statistics_estimate(ratios, count, seed + (uint64_t)i);
        else if (count > 0)
            row->ratio.median = figure_of(1);
    }
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        const struct result_row *baseline = &result->rows[row->baseline];
        row->differs =
            row->baseline != i && row->control != i &&
            statistics_differs(row->ratio, result->rows[row->control].ratio);
        if (row->baseline != i && row->control != i)
            pooled_count += list_ratios(row, baseline, ratios + pooled_count);
    }
    result->pooled = statistics_estimate(ratios, pooled_count, seed);
}

void result_compute(struct result *result)
{
    double *scratch = calloc(ratios_at_most(result), sizeof *scratch);
    if (scratch == NULL)
        return; /* every figure stays unknown */
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        if (!has_figures(row))
            continue;
        compute_rate(row, scratch);
        compute_latency(row);
        compute_costs(row);
        compute_fairness(row);
    }
    compute_ratios(result, scratch);
    free(scratch);
}

bool result_has_failure(const struct result *result)
{
    for (int i = 0; i < result->row_count; i++)
        if (result->rows[i].failure[0] != '\0')
            return true;
    return false;
}
