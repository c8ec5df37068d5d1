#include "result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---------------------------------------------------------------- */

const struct result_scenario_words *result_words(enum result_scenario scenario)
{
    static const struct result_scenario_words words[RESULT_SCENARIO_COUNT] = {
        [RESULT_WORK] = {"work",
                         "everything on one processor, one message under way "
                         "on each connection: what one echo costs in all",
                         "us/echo", true, false},
        [RESULT_SPEED] = {"speed",
                          "all processors, one message under way on each "
                          "connection: what a user would see",
                          "echoes/s", false, false},
        [RESULT_MEMORY] = {"memory",
                           "many silent connections: what each of them takes",
                           "KB/idle", true, false},
        [RESULT_PACED] = {"paced",
                          "a fixed rate, whatever the server does: latency "
                          "from when each request was due",
                          "p50 us", true, true},
        [RESULT_HERD] = {"herd",
                         "a few active connections beside many silent ones: "
                         "what an idle connection costs the others",
                         "echoes/s", false, false},
        [RESULT_CHURN] = {"churn",
                          "connect, one echo, close, again and again: what a "
                          "new connection costs",
                          "conns/s", false, false},
        [RESULT_BULK] = {"bulk",
                         "few connections stream large blocks both ways at "
                         "once: bytes, not messages",
                         "MB/s", false, false},
        [RESULT_SKEW] = {"skew",
                         "one connection never pauses, many polite ones keep "
                         "a low rate: who has to wait",
                         "p50 us", true, true}};
    return &words[scenario];
}

const char *result_part_name(const struct result *result, enum result_part part)
{
    static const char *const names[RESULT_PART_COUNT] = {"server", "wineserver",
                                                         "client", "idle"};
    bool is_kernel =
        part == RESULT_SYSTEM && result->environment.wine[0] == '\0';
    return is_kernel ? "kernel" : names[part];
}

const char *result_cause_name(enum result_cause cause)
{
    static const char *const names[RESULT_CAUSE_COUNT] = {
        "receive", "send", "wait", "results", "client", "unexplained"};
    return names[cause];
}

const char *result_verdict_words(enum result_verdict verdict)
{
    static const char *const words[] = {"", "less", "more", "same within 10 %",
                                        "cannot tell"};
    return words[verdict];
}

const char *result_full_name(const struct result_row *row)
{
    static const char *const names[] = {"01 blocking", "02 non-blocking",
                                        "03 events", "04 APC", "05 IOCP"};
    bool is_plain =
        row->role == RESULT_MODEL && row->model > 0 && strlen(row->name) == 2;
    return is_plain ? names[row->model - 1] : row->name;
}

bool result_has_figures(const struct result_row *row)
{
    return row->failure[0] == '\0' && row->sample_count > 0;
}

bool result_has_failure(const struct result *result)
{
    for (int i = 0; i < result->row_count; i++)
        if (result->rows[i].failure[0] != '\0')
            return true;
    return false;
}

const struct result_block *result_find(const struct result *result,
                                       enum result_scenario scenario)
{
    for (int i = 0; i < result->block_count; i++)
        if (result->blocks[i].scenario == scenario &&
            !result->blocks[i].is_ladder)
            return &result->blocks[i];
    return NULL;
}

/* ---- scores and ratios ----------------------------------------------------- */

/* In the unit of the scenario; 0 when the sample has none. */
static double score(const struct result_sample *sample,
                    enum result_scenario scenario, int idle_count)
{
    double elapsed_ns = (double)sample->elapsed_ns;
    switch (scenario) {
    case RESULT_WORK:
        return figure_ratio((double)sample->whole_ns / 1000,
                            (double)sample->all_echoes)
            .value;
    case RESULT_MEMORY:
        if (sample->memory_before_bytes == 0 ||
            sample->memory_after_bytes < sample->memory_before_bytes)
            return 0;
        return figure_ratio((double)(sample->memory_after_bytes -
                                     sample->memory_before_bytes) /
                                1000,
                            (double)idle_count)
            .value;
    case RESULT_BULK:
        return figure_ratio((double)sample->bytes * 1000, elapsed_ns).value;
    case RESULT_PACED:
    case RESULT_SKEW:
        return (double)sample->p50_ns / 1000;
    default:
        return figure_ratio((double)sample->echoes * 1e9, elapsed_ns).value;
    }
}

static double score_of(const struct result *result,
                       const struct result_row *row, int epoch)
{
    return score(&row->samples[epoch], result->blocks[row->block].scenario,
                 row->idle_count);
}

/* What a row is compared with in one epoch: its baseline, or the mean of that
 * and its second copy. 0: there is none. */
static double reference(const struct result *result,
                        const struct result_row *row, int epoch)
{
    const struct result_row *baseline = &result->rows[row->baseline];
    if (!result_has_figures(baseline) || epoch >= baseline->sample_count)
        return 0;
    double first = score_of(result, baseline, epoch);
    const struct result_row *again =
        row->control >= 0 ? &result->rows[row->control] : NULL;
    if (again == NULL || again == row || again->baseline != row->baseline ||
        !result_has_figures(again) || epoch >= again->sample_count)
        return first;
    return sqrt(first * score_of(result, again, epoch));
}

/* Writes the ratio of each epoch, and returns how many there are. */
static size_t list_ratios(const struct result *result,
                          const struct result_row *row, double *ratios)
{
    size_t count = 0;
    if (!result_has_figures(row) || &result->rows[row->baseline] == row)
        return 0;
    for (int i = 0; i < row->sample_count; i++) {
        struct figure ratio =
            figure_ratio(score_of(result, row, i), reference(result, row, i));
        if (ratio.known && ratio.value > 0)
            ratios[count++] = ratio.value;
    }
    return count;
}

/* ---- latency and costs ----------------------------------------------------- */

/* Known when enough values lie beyond it to say so. */
static struct figure percentile(const struct histogram *h, double percent)
{
    if ((100 - percent) / 100 * (double)h->count < RESULT_BEYOND_PERCENTILE)
        return (struct figure){false, 0};
    return figure_of((double)histogram_percentile_ns(h, percent) / 1000);
}

static struct result_percentiles percentiles_of(const struct histogram *h)
{
    struct result_percentiles all = {
        percentile(h, 50),
        percentile(h, 90),
        percentile(h, 99),
        percentile(h, 99.9),
        {h->count > 0, (double)h->largest_ns / 1000}};
    return all;
}

void result_add(struct result_sample *sample, const struct result_sample *more)
{
    enum { NUMBERS = sizeof *sample / sizeof(int64_t) };
    int64_t *numbers = (int64_t *)sample;
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] += ((const int64_t *)more)[i];
    sample->p50_ns = more->p50_ns;
    sample->p99_ns = more->p99_ns;
}

/* Sums over all epochs: what needs many echoes to be exact. */
static struct result_sample sum_samples(const struct result_row *row)
{
    struct result_sample sum = {.echoes = 0};
    for (int i = 0; i < row->sample_count; i++)
        result_add(&sum, &row->samples[i]);
    return sum;
}

static void compute_calls(struct result_row *row,
                          const struct result_sample *sum)
{
    double echoes = (double)sum->all_echoes;
    double all = 0;
    double moves = 0;
    double at_once = 0;
    double in_vain = 0;
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        double calls = 0;
        for (int o = 0; o < RESULT_OUTCOME_COUNT; o++)
            calls += (double)sum->calls[kind][o];
        row->calls_per_echo[kind] = figure_ratio(calls, echoes);
        all += calls;
        if (kind != RESULT_RECEIVE && kind != RESULT_SEND)
            continue;
        moves += calls;
        at_once += (double)sum->calls[kind][RESULT_DONE];
        in_vain += (double)sum->calls[kind][RESULT_WOULD_BLOCK];
    }
    row->all_calls_per_echo = figure_ratio(all, echoes);
    row->at_once_percent = figure_ratio(100 * at_once, moves);
    row->would_block_per_echo = figure_ratio(in_vain, echoes);
    row->empty_waits_per_echo = figure_ratio((double)sum->empty_waits, echoes);
    row->completions_per_wait =
        figure_ratio((double)sum->completions, (double)sum->waits);
}

/* Processor times come in steps of 10 to 16 ms: what is below ten of them is
 * not known. Idle is what is left of the elapsed time when everything shared
 * one processor. */
static void compute_budget(const struct result *result, struct result_row *row,
                           const struct result_sample *sum)
{
    static const double resolved_ns = 1e8;
    double echoes = (double)sum->all_echoes;
    double left_ns = (double)sum->whole_ns;
    bool is_work =
        result->blocks[row->block].scenario == RESULT_WORK && !row->lacks_cpu;
    for (int part = 0; part < RESULT_IDLE; part++) {
        double cpu_ns = (double)sum->cpu_ns[part];
        if (row->lacks_cpu && part == RESULT_SERVER)
            continue;
        left_ns -= cpu_ns;
        if (cpu_ns >= resolved_ns)
            row->budget_us[part] = figure_ratio(cpu_ns / 1000, echoes);
    }
    if (is_work)
        row->budget_us[RESULT_IDLE] =
            figure_ratio(left_ns > 0 ? left_ns / 1000 : 0, echoes);
}

static void compute_costs(const struct result *result, struct result_row *row,
                          const struct result_sample *sum)
{
    const struct result_block *block = &result->blocks[row->block];
    if (row->has_counts)
        compute_calls(row, sum);
    compute_budget(result, row, sum);
    row->late_percent =
        figure_ratio(100 * (double)sum->late_count, (double)sum->due_count);
    row->busy_percent =
        figure_ratio(100 * (double)sum->busy_ns, (double)sum->whole_ns);
    if (block->scenario == RESULT_SKEW)
        row->hot_per_s = figure_ratio((double)sum->hot_echoes * 1e9,
                                      (double)sum->elapsed_ns);
    /* On one processor all share it, and nobody holds up anybody. */
    row->is_client_bound =
        block->scenario != RESULT_WORK && row->processors != 1 &&
        ((row->busy_percent.known && row->service.count == 0 &&
          row->busy_percent.value >= RESULT_BUSY_BOUND_PERCENT) ||
         (row->late_percent.known &&
          row->late_percent.value >= RESULT_LATE_BOUND_PERCENT));
    row->is_unsteady =
        row->echoes_by_connection != NULL && row->service.count == 0 &&
        block->scenario != RESULT_MEMORY &&
        sum->echoes < (uint64_t)row->connection_count * RESULT_STEADY_ECHOES;
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

/* ---- why: counts times prices ---------------------------------------------- */

/* What one receive that pends costs until its thread has learned of it. */
static double pending_us(const struct price_list *prices, int model)
{
    enum price price = model == 3   ? PRICE_PENDING_EVENT
                       : model == 4 ? PRICE_PENDING_ROUTINE
                                    : PRICE_PENDING_PORT;
    return prices->us[price].value;
}

/* In all; a blocking receive, of 01, sleeps: its message is not there yet when
 * the echo before it has just gone out. */
static double receives_us(const struct price_list *prices, int model,
                          const int64_t calls[RESULT_OUTCOME_COUNT])
{
    enum price done = model == 1   ? PRICE_RECEIVE_BLOCKED
                      : model == 2 ? PRICE_RECEIVE_READY
                                   : PRICE_OVERLAPPED_READY;
    return (double)calls[RESULT_DONE] * prices->us[done].value +
           (double)calls[RESULT_PENDING] * pending_us(prices, model) +
           (double)calls[RESULT_WOULD_BLOCK] *
               prices->us[PRICE_RECEIVE_IN_VAIN].value;
}

static double waits_us(const struct price_list *prices,
                       const struct result_row *row, double calls)
{
    int members = row->connection_count;
    double us = prices->us[PRICE_SLEEP].value;
    if (row->model == 2)
        us = price_of_wait(prices,
                           strstr(row->form, "poll") != NULL ? PRICE_POLL_1
                                                             : PRICE_SELECT_1,
                           members + 2)
                 .value;
    if (row->model == 3)
        us = price_of_wait(prices, PRICE_EVENTS_1,
                           members < 63 ? members + 1 : 64)
                 .value;
    return calls * (us + prices->us[PRICE_WAKE].value);
}

static double all_outcomes(const struct result_sample *sum,
                           enum result_kind kind)
{
    double calls = 0;
    for (int o = 0; o < RESULT_OUTCOME_COUNT; o++)
        calls += (double)sum->calls[kind][o];
    return calls;
}

static void compute_causes(const struct result *result, struct result_row *row,
                           const struct result_sample *sum)
{
    const struct figure *price = result->prices.us;
    const int64_t *client = sum->client_calls;
    double us[RESULT_CAUSE_COUNT] = {0};
    double explained = 0;
    if (result->blocks[row->block].scenario != RESULT_WORK || row->model == 0 ||
        !row->has_counts || !result->prices.is_known || sum->all_echoes == 0)
        return;
    us[RESULT_BY_RECEIVE] =
        receives_us(&result->prices, row->model, sum->calls[RESULT_RECEIVE]);
    us[RESULT_BY_SEND] =
        all_outcomes(sum, RESULT_SEND) * price[PRICE_SEND].value +
        (double)sum->calls[RESULT_SEND][RESULT_PENDING] *
            pending_us(&result->prices, row->model);
    us[RESULT_BY_WAIT] =
        waits_us(&result->prices, row, all_outcomes(sum, RESULT_WAIT));
    us[RESULT_BY_RESULT] =
        all_outcomes(sum, RESULT_DEQUEUE) * price[PRICE_DEQUEUE].value +
        all_outcomes(sum, RESULT_ASK) * price[PRICE_ASK].value +
        all_outcomes(sum, RESULT_RESET) * price[PRICE_RESET].value;
    us[RESULT_BY_CLIENT] =
        (double)client[PRICES_CLIENT_SEND] * price[PRICE_SEND].value +
        (double)client[PRICES_CLIENT_READY] *
            price[PRICE_OVERLAPPED_READY].value +
        (double)client[PRICES_CLIENT_PENDING] *
            price[PRICE_PENDING_PORT].value +
        (double)client[PRICES_CLIENT_DEQUEUE] * price[PRICE_DEQUEUE].value;
    double whole_us = (double)sum->whole_ns / 1000;
    for (int cause = 0; cause < RESULT_UNEXPLAINED; cause++)
        explained += us[cause];
    us[RESULT_UNEXPLAINED] = whole_us - explained;
    for (int cause = 0; cause < RESULT_CAUSE_COUNT; cause++)
        row->cause_us[cause] = figure_ratio(us[cause], (double)sum->all_echoes);
    row->explained_percent = figure_ratio(100 * explained, whole_us);
}

/* Appends; cuts what does not fit. */
static void add(char text[RESULT_WHY_BYTES], const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, RESULT_WHY_BYTES - used, format, arguments);
    va_end(arguments);
}

/* "05 +31 us: receive +12, results +25, unexplained -6", against its baseline. */
static void explain(const struct result *result, struct result_row *row)
{
    const struct result_row *baseline = &result->rows[row->baseline];
    if (row->verdict != RESULT_LESS && row->verdict != RESULT_MORE)
        return;
    add(row->why, "%s %+.0f us", row->name,
        row->score.value - baseline->score.value);
    if (!row->explained_percent.known || !baseline->explained_percent.known)
        return;
    const char *between = ": ";
    for (int cause = 0; cause < RESULT_CAUSE_COUNT; cause++) {
        double difference =
            row->cause_us[cause].value - baseline->cause_us[cause].value;
        if (fabs(difference) < 0.05 * baseline->score.value &&
            cause != RESULT_UNEXPLAINED)
            continue;
        add(row->why, "%s%s %+.0f", between,
            result_cause_name((enum result_cause)cause), difference);
        between = ", ";
    }
}

/* ---- verdicts -------------------------------------------------------------- */

static bool is_compared(const struct result *result,
                        const struct result_row *row)
{
    return row->role != RESULT_CONTROL && &result->rows[row->baseline] != row;
}

static enum result_verdict verdict_of(const struct estimate *ratio)
{
    if (!ratio->has_interval)
        return RESULT_CANNOT_TELL;
    if (ratio->low >= 1 / 1.1 && ratio->high <= 1.1)
        return RESULT_SAME;
    if (ratio->high < 1)
        return RESULT_LESS;
    return ratio->low > 1 ? RESULT_MORE : RESULT_CANNOT_TELL;
}

/* The control is the health light: the same program twice must be the same. */
static void judge(struct result *result)
{
    for (int b = 0; b < result->block_count; b++) {
        struct result_block *block = &result->blocks[b];
        for (int i = block->first_row; i < block->first_row + block->row_count;
             i++)
            if (result->rows[i].role == RESULT_CONTROL)
                block->control = result->rows[i].ratio;
        block->is_noisy = block->control.has_interval &&
                          (block->control.low > 1 || block->control.high < 1);
        for (int i = block->first_row; i < block->first_row + block->row_count;
             i++) {
            struct result_row *row = &result->rows[i];
            if (!is_compared(result, row) || !row->ratio.median.known ||
                block->is_noisy || row->is_client_bound)
                continue;
            row->verdict = verdict_of(&row->ratio);
            if (block->scenario == RESULT_WORK)
                explain(result, row);
        }
    }
}

/* ---- everything ------------------------------------------------------------ */

static void compute_score(const struct result *result, struct result_row *row)
{
    double sum = 0;
    int count = 0;
    for (int i = 0; i < row->sample_count; i++) {
        double value = score_of(result, row, i);
        sum += value;
        count += value > 0;
    }
    row->score = figure_ratio(sum, count);
}

static void compute_row(struct result *result, struct result_row *row)
{
    if (!result_has_figures(row))
        return;
    struct result_sample sum = sum_samples(row);
    compute_score(result, row);
    row->threads = (struct figure){row->thread_count > 0, row->thread_count};
    row->latency_us = percentiles_of(&row->latency);
    row->service_us = percentiles_of(&row->service);
    compute_costs(result, row, &sum);
    compute_causes(result, row, &sum);
    compute_fairness(row);
}

void result_compute(struct result *result)
{
    size_t samples = 1;
    size_t pooled_count = 0;
    for (int i = 0; i < result->row_count; i++) {
        compute_row(result, &result->rows[i]);
        samples += (size_t)result->rows[i].sample_count;
    }
    double *ratios = calloc(samples, sizeof *ratios);
    if (ratios == NULL)
        return; /* every ratio stays unknown */
    for (int i = 0; i < result->row_count; i++) {
        struct result_row *row = &result->rows[i];
        size_t count = list_ratios(result, row, ratios + pooled_count);
        row->ratio = statistics_estimate(ratios + pooled_count, count);
        if (row->baseline == i && result_has_figures(row))
            row->ratio.median = figure_of(1);
        if (is_compared(result, row) &&
            result->blocks[row->block].scenario == RESULT_WORK)
            pooled_count += count;
    }
    result->pooled = statistics_estimate(ratios, pooled_count);
    free(ratios);
    judge(result);
}

/* ---- the answer ------------------------------------------------------------ */

/* The row of a block that has least, or most, of those with that verdict; when
 * there is none, the baseline. */
static const struct result_row *extreme(const struct result *result,
                                        const struct result_block *block,
                                        enum result_verdict verdict)
{
    const struct result_row *found =
        &result->rows[result->rows[block->first_row].baseline];
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->role == RESULT_MODEL && row->verdict == verdict &&
            (found->verdict != verdict ||
             (verdict == RESULT_LESS ? row->score.value < found->score.value
                                     : row->score.value > found->score.value)))
            found = row;
    }
    return found;
}

void result_answer(const struct result *result, char text[RESULT_WHY_BYTES])
{
    const struct result_block *block = result_find(result, RESULT_WORK);
    text[0] = '\0';
    if (block == NULL || block->row_count == 0)
        return;
    const struct result_row *least = extreme(result, block, RESULT_LESS);
    const struct result_row *most = extreme(result, block, RESULT_MORE);
    if (!least->score.known || !most->score.known)
        return;
    if (block->is_noisy)
        add(text, "This machine is too noisy now for a verdict: the same "
                  "program, measured twice, differs from itself.");
    else if (least == most)
        add(text, "No difference in the work of an echo could be shown.");
    else
        add(text,
            "An echo costs least work with %s (%.0f us) and most with %s "
            "(%.0f us, %.2f times).",
            result_full_name(least), least->score.value, result_full_name(most),
            most->score.value, most->score.value / least->score.value);
}
