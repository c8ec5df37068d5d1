#include "result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    BUSY_BOUND_PERCENT = 85, /* the client is busy that much: it is the limit */
    LATE_BOUND_PERCENT = 20, /* or sends that much late */
    BEYOND_PERCENTILE = 10,  /* values there must be above one */
    LAUNCHES_AT_MOST = 100
};

/* ---- words --------------------------------------------------------------- */

const struct result_scenario_words *result_words(enum result_scenario scenario)
{
    static const struct result_scenario_words words[RESULT_SCENARIO_COUNT] = {
        [RESULT_WORK] = {"work",
                         "one message under way on each connection, everything "
                         "on one processor: what an echo costs the server",
                         RESULT_COST},
        [RESULT_SPEED] = {"speed",
                          "the same on all processors: what a user would see",
                          RESULT_RATE},
        [RESULT_IDLE] = {"idle",
                         "more and more silent connections beside an active "
                         "one: memory, threads, handles, calls",
                         RESULT_COST},
        [RESULT_PACED] = {"paced",
                          "a fixed rate, whatever the server does: latency "
                          "from when each request was due",
                          RESULT_P50},
        [RESULT_SIZES] = {"sizes", "work, with messages of 16 bytes to 64 KiB",
                          RESULT_COST},
        [RESULT_HERD] = {"herd",
                         "speed beside many silent connections: what they cost "
                         "the others",
                         RESULT_RATE},
        [RESULT_CHURN] = {"churn",
                          "connect, one echo, close, again and again: what a "
                          "new connection costs",
                          RESULT_RATE}};
    return &words[scenario];
}

const char *result_purpose(const struct result_block *block)
{
    if (block->scenario == RESULT_IDLE && block->idle_count == 0)
        return "one client that lets the server come to rest before it sends "
               "again: counts that are the same each time";
    return result_words(block->scenario)->purpose;
}

const char *result_unit(enum result_measure measure,
                        enum result_scenario scenario)
{
    static const char *const units[] = {"server us", "echoes/s", "p50 us"};
    bool is_churn = measure == RESULT_RATE && scenario == RESULT_CHURN;
    return is_churn ? "conns/s" : units[measure];
}

const char *result_full_name(const struct result_row *row)
{
    static const char *const names[] = {"01 blocking", "02 non-blocking",
                                        "03 events", "04 APC", "05 IOCP"};
    return result_is_plain(row) ? names[row->model - 1] : row->name;
}

bool result_is_plain(const struct result_row *row)
{
    return row->role == RESULT_MODEL && row->model > 0 &&
           strlen(row->name) == 2;
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
                                       enum result_scenario scenario,
                                       int connection_count, int idle_count)
{
    for (int i = 0; i < result->block_count; i++) {
        const struct result_block *block = &result->blocks[i];
        if (block->scenario == scenario && !block->is_ladder &&
            (connection_count < 0 ||
             connection_count == block->connection_count) &&
            (idle_count < 0 || idle_count == block->idle_count))
            return block;
    }
    return NULL;
}

const struct result_row *result_same(const struct result *result,
                                     const struct result_row *row,
                                     const struct result_block *block)
{
    for (int i = 0; block != NULL && i < block->row_count; i++) {
        const struct result_row *other = &result->rows[block->first_row + i];
        if (strcmp(other->name, row->name) == 0)
            return other;
    }
    return NULL;
}

const struct result_row *result_farthest(const struct result *result,
                                         const struct result_row *row)
{
    const struct result_row *found = row;
    for (int i = 0; i < result->block_count; i++) {
        const struct result_block *block = &result->blocks[i];
        const struct result_row *other = result_same(result, row, block);
        if (block->scenario == RESULT_IDLE && other != NULL &&
            result_has_figures(other))
            found = other;
    }
    return found;
}

int result_idle_served(const struct result *result,
                       const struct result_row *row)
{
    return row->wall > 0 ? row->wall : result->blocks[row->block].idle_count;
}

/* ---- counts, each for one echo ------------------------------------------- */

/* Sums over all launches: what needs many echoes to be exact. */
static struct result_sample sum_samples(const struct result_row *row)
{
    enum { NUMBERS = sizeof(struct result_sample) / sizeof(uint64_t) };
    struct result_sample sum = {.order = 0};
    for (int i = 0; i < row->sample_count; i++)
        for (int n = 0; n < NUMBERS; n++)
            ((uint64_t *)&sum)[n] += ((const uint64_t *)&row->samples[i])[n];
    return sum;
}

static double calls_of(const struct result_sample *sample, int kind)
{
    double calls = 0;
    for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
        calls += (double)sample->calls[kind][outcome];
    return calls;
}

/* A routine that has run is no call of the server. */
static double all_calls(const struct result_sample *sample)
{
    double calls = 0;
    for (int kind = 0; kind < OBSERVE_ROUTINE; kind++)
        calls += calls_of(sample, kind);
    return calls;
}

static void compute_calls(struct result_row *row,
                          const struct result_sample *sum)
{
    double echoes = (double)sum->all_echoes;
    const uint64_t *receives = sum->calls[OBSERVE_RECEIVE];
    const uint64_t *sends = sum->calls[OBSERVE_SEND];
    for (int kind = 0; kind < OBSERVE_KIND_COUNT; kind++)
        row->kinds[kind] = figure_ratio(calls_of(sum, kind), echoes);
    row->calls = figure_ratio(all_calls(sum), echoes);
    row->calls_low = row->calls_high = row->calls;
    for (int i = 0; i < row->sample_count; i++) {
        struct figure one = figure_ratio(all_calls(&row->samples[i]),
                                         (double)row->samples[i].all_echoes);
        if (one.known && one.value < row->calls_low.value)
            row->calls_low = one;
        if (one.known && one.value > row->calls_high.value)
            row->calls_high = one;
    }
    row->at_once_percent = figure_ratio(
        100 * (double)(receives[OBSERVE_DONE] + sends[OBSERVE_DONE]),
        calls_of(sum, OBSERVE_RECEIVE) + calls_of(sum, OBSERVE_SEND));
    row->in_vain = figure_ratio(
        (double)(receives[OBSERVE_WOULD_BLOCK] + sends[OBSERVE_WOULD_BLOCK]),
        echoes);
    row->found_per_wait = figure_ratio((double)sum->found, (double)sum->waits);
}

/* ---- what a connection takes, and who got what --------------------------- */

/* The last launch's, if it has one. */
static struct figure last(const struct result_row *row, size_t offset)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)&row->samples[row->sample_count - 1] + offset,
           sizeof value);
    return (struct figure){value > 0, (double)value};
}

static void compute_taken(const struct result *result, struct result_row *row)
{
    const struct result_row *base = &result->rows[row->baseline];
    const struct result_block *block = &result->blocks[row->block];
    double idle = row->wall > 0 ? row->wall : block->idle_count;
    row->threads = last(row, offsetof(struct result_sample, threads));
    row->handles = last(row, offsetof(struct result_sample, handles));
    row->memory_kb = last(row, offsetof(struct result_sample, memory_bytes));
    row->memory_kb.value /= 1000;
    if (block->idle_count == 0 || !result_has_figures(base))
        return;
    if (row->memory_kb.known && base->memory_kb.known)
        row->kb_per_idle =
            figure_ratio(row->memory_kb.value - base->memory_kb.value, idle);
    if (row->handles.known && base->handles.known)
        row->handles_per_idle =
            figure_ratio(row->handles.value - base->handles.value, idle);
}

static void compute_fairness(struct result_row *row, int connection_count)
{
    size_t count = (size_t)connection_count;
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

/* ---- times --------------------------------------------------------------- */

/* What the wineserver does for the server is taken to be its part of the
 * requests. */
static double system_ns(const struct result_sample *sample)
{
    return (double)sample->system_ns *
           figure_ratio((double)sample->requests, (double)sample->all_requests)
               .value;
}

double result_sample_value(const struct result_sample *sample,
                           enum result_measure measure)
{
    double cost_ns = (double)sample->server_ns + system_ns(sample);
    switch (measure) {
    case RESULT_COST:
        if (sample->server_ns == 0)
            return 0;
        return figure_ratio(cost_ns / 1000, (double)sample->all_echoes).value;
    case RESULT_RATE:
        return figure_ratio((double)sample->echoes * 1e9,
                            (double)sample->elapsed_ns)
            .value;
    default:
        return (double)sample->p50_ns / 1000;
    }
}

/* Known when enough values lie beyond it to say so. */
static struct figure percentile(const struct histogram *h, double percent)
{
    if ((100 - percent) / 100 * (double)h->count < BEYOND_PERCENTILE)
        return (struct figure){false, 0};
    return figure_of((double)histogram_percentile_ns(h, percent) / 1000);
}

static void compute_times(struct result_row *row,
                          const struct result_sample *sum)
{
    double echoes = (double)sum->all_echoes;
    double requests = (double)sum->requests;
    if (sum->all_requests > 0) {
        row->requests = figure_ratio(requests, echoes);
        row->client_requests =
            figure_ratio((double)sum->all_requests - requests, echoes);
    }
    if (sum->server_ns > 0)
        row->server_us = figure_ratio((double)sum->server_ns / 1000, echoes);
    if (sum->system_ns > 0)
        row->system_us = figure_ratio(system_ns(sum) / 1000, echoes);
    row->client_us = figure_ratio((double)sum->client_ns / 1000, echoes);
    row->p50_us = percentile(&row->latency, 50);
    row->p90_us = percentile(&row->latency, 90);
    row->p99_us = percentile(&row->latency, 99);
    row->p999_us = percentile(&row->latency, 99.9);
    row->max_us = (struct figure){row->latency.count > 0,
                                  (double)row->latency.largest_ns / 1000};
    row->late_percent =
        figure_ratio(100 * (double)sum->late_count, (double)sum->due_count);
    row->busy_percent =
        figure_ratio(100 * ((double)sum->whole_ns - (double)sum->waited_ns),
                     (double)sum->whole_ns);
}

static void compute_row(struct result *result, struct result_row *row)
{
    const struct result_block *block = &result->blocks[row->block];
    if (!result_has_figures(row))
        return;
    struct result_sample sum = sum_samples(row);
    bool is_open_loop = sum.due_count > 0;
    if (row->has_counts)
        compute_calls(row, &sum);
    compute_taken(result, row);
    compute_times(row, &sum);
    if (row->echoes_by_connection != NULL && !is_open_loop)
        compute_fairness(row, block->connection_count);
    /* On one processor all share it, and nobody holds up anybody. */
    bool is_alone = block->scenario == RESULT_WORK ||
                    block->scenario == RESULT_SIZES || row->processors == 1;
    row->is_client_bound =
        is_open_loop
            ? row->late_percent.value >= LATE_BOUND_PERCENT
            : !is_alone && row->busy_percent.value >= BUSY_BOUND_PERCENT;
}

/* ---- ranges and verdicts ------------------------------------------------- */

/* Writes what the launches of a row came to. Returns how many. */
static size_t list_values(const struct result_row *row,
                          enum result_measure measure,
                          double values[LAUNCHES_AT_MOST])
{
    size_t count = 0;
    if (!result_has_figures(row))
        return 0;
    for (int i = 0; i < row->sample_count && count < LAUNCHES_AT_MOST; i++) {
        double value = result_sample_value(&row->samples[i], measure);
        if (value > 0)
            values[count++] = value;
    }
    return count;
}

/* Of a row's baseline, and of the control if it is the same once more. */
static size_t list_baseline(const struct result *result,
                            const struct result_row *row,
                            enum result_measure measure,
                            double values[2 * LAUNCHES_AT_MOST])
{
    const struct result_block *block = &result->blocks[row->block];
    size_t count = list_values(&result->rows[row->baseline], measure, values);
    for (int i = block->first_row; i < block->first_row + block->row_count; i++)
        if (result->rows[i].role == RESULT_CONTROL && &result->rows[i] != row &&
            result->rows[i].baseline == row->baseline)
            count += list_values(&result->rows[i], measure, values + count);
    return count;
}

static void compute_ratio(const struct result *result, struct result_row *row,
                          enum result_measure measure,
                          const struct spread *spread, struct figure own_half)
{
    double values[2 * LAUNCHES_AT_MOST];
    struct result_score *score = &row->scores[measure];
    struct result_block *block = &result->blocks[row->block];
    size_t base_count = list_baseline(result, row, measure, values);
    if (&result->rows[row->baseline] == row || base_count == 0)
        return;
    double base = exp(statistics_log_mean(values, base_count));
    struct figure base_half = spread_half(spread, values, base_count, 1);
    double half = hypot(own_half.value, base_half.value);
    score->ratio = figure_ratio(score->value.value, base);
    if (!own_half.known || !score->ratio.known)
        return;
    score->ratio_low = score->ratio.value * exp(-half);
    score->ratio_high = score->ratio.value * exp(half);
    if (row->role == RESULT_CONTROL) {
        block->control[measure] = *score;
        return;
    }
    double typical =
        hypot(spread_half(spread, NULL, (size_t)row->sample_count, 1).value,
              spread_half(spread, NULL, base_count, 1).value);
    double shows_percent = 100 * (exp(typical) - 1);
    if (shows_percent > block->shows_percent[measure].value)
        block->shows_percent[measure] = figure_of(shows_percent);
    if (!row->is_client_bound || measure == RESULT_COST)
        score->verdict = score->ratio_high < 1  ? RESULT_LESS
                         : score->ratio_low > 1 ? RESULT_MORE
                                                : RESULT_WITHIN;
}

static void compute_score(const struct result *result, struct result_row *row,
                          enum result_measure measure,
                          const struct spread *spread)
{
    double values[LAUNCHES_AT_MOST];
    struct result_score *score = &row->scores[measure];
    size_t count = list_values(row, measure, values);
    if (count == 0)
        return;
    double mean = exp(statistics_log_mean(values, count));
    struct figure half = spread_half(spread, values, count, 2);
    score->value = figure_of(mean);
    score->has_range = half.known;
    score->low = mean * exp(-half.value);
    score->high = mean * exp(half.value);
    half = spread_half(spread, values, count, 1);
    compute_ratio(result, row, measure, spread, half);
}

static void compute_scores(struct result *result, struct result_block *block,
                           enum result_measure measure)
{
    double values[LAUNCHES_AT_MOST];
    struct spread spread = {.squares = 0};
    struct result_row *rows = result->rows + block->first_row;
    for (int i = 0; i < block->row_count; i++)
        spread_add(&spread, values, list_values(&rows[i], measure, values));
    for (int i = 0; i < block->row_count; i++)
        compute_score(result, &rows[i], measure, &spread);
}

/* What is not ours: all programs' processor time without that of server,
 * system and client. */
static void compute_others(struct result *result)
{
    double others_ns = 0;
    double whole_ns = 0;
    for (int i = 0; i < result->row_count; i++) {
        struct result_sample sum = sum_samples(&result->rows[i]);
        if (sum.machine_ns == 0)
            continue;
        others_ns += (double)sum.machine_ns - (double)sum.server_ns -
                     (double)sum.system_ns - (double)sum.client_ns;
        whole_ns += (double)sum.whole_ns * result->environment.processors;
    }
    result->others_percent =
        figure_ratio(100 * (others_ns > 0 ? others_ns : 0), whole_ns);
}

void result_compute(struct result *result)
{
    for (int i = 0; i < result->row_count; i++)
        compute_row(result, &result->rows[i]);
    for (int b = 0; b < result->block_count; b++)
        for (int m = 0; m < RESULT_MEASURE_COUNT; m++)
            compute_scores(result, &result->blocks[b], (enum result_measure)m);
    compute_others(result);
}

/* ---- sentences ----------------------------------------------------------- */

/* Appends; cuts what does not fit. */
static void add(char text[RESULT_TEXT_BYTES], const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, RESULT_TEXT_BYTES - used, format, arguments);
    va_end(arguments);
}

void result_verdict_text(const struct result_row *row,
                         enum result_measure measure, char text[32])
{
    const struct result_score *score = &row->scores[measure];
    bool is_slight = score->ratio_low >= 1 / 1.1 && score->ratio_high <= 1.1;
    double widest = fmax(1 / score->ratio_low, score->ratio_high);
    text[0] = '\0';
    if (row->is_client_bound && measure != RESULT_COST)
        snprintf(text, 32, "client-bound");
    else if (score->verdict == RESULT_WITHIN)
        snprintf(text, 32, "same within %.0f %%",
                 fmin(100 * (widest - 1), 9999));
    else if (score->verdict != RESULT_NO_VERDICT)
        snprintf(text, 32, "%s%s",
                 score->verdict == RESULT_LESS ? "less" : "more",
                 is_slight ? ", by under 10 %" : "");
}

/* The row of a block with the least, or the most, of a figure. */
static const struct result_row *extreme(const struct result *result,
                                        const struct result_block *block,
                                        size_t offset, bool least)
{
    const struct result_row *found = NULL;
    double best = 0;
    for (int i = 0; block != NULL && i < block->row_count; i++) {
        const struct result_row *row = &result->rows[block->first_row + i];
        struct figure figure;
        memcpy(&figure, (const char *)row + offset, sizeof figure);
        if (row->role != RESULT_MODEL || !figure.known ||
            (found != NULL &&
             (least ? figure.value >= best : figure.value <= best)))
            continue;
        best = figure.value;
        found = row;
    }
    return found;
}

/* The block with the most idle connections. */
static const struct result_block *most_idle(const struct result *result)
{
    const struct result_block *found = NULL;
    for (int i = 0; i < result->block_count; i++)
        if (result->blocks[i].scenario == RESULT_IDLE &&
            (found == NULL || result->blocks[i].idle_count > found->idle_count))
            found = &result->blocks[i];
    return found != NULL && found->idle_count > 0 ? found : NULL;
}

const struct result_block *result_at_rest(const struct result *result)
{
    const struct result_block *found = result_find(result, RESULT_IDLE, -1, 0);
    if (found == NULL)
        found = result_find(result, RESULT_WORK, 16, -1);
    return found != NULL ? found : result_find(result, RESULT_WORK, -1, -1);
}

void result_answer(const struct result *result, char text[RESULT_TEXT_BYTES])
{
    const size_t calls = offsetof(struct result_row, calls);
    const size_t idle_kb = offsetof(struct result_row, kb_per_idle);
    const struct result_block *rest = result_at_rest(result);
    const struct result_block *idle = most_idle(result);
    const struct result_row *least = extreme(result, rest, calls, true);
    const struct result_row *most = extreme(result, rest, calls, false);
    text[0] = '\0';
    if (least != NULL && most != least)
        add(text,
            "An echo takes fewest calls with %s (%.2f) and most with %s (%.2f)",
            result_full_name(least), least->calls.value, result_full_name(most),
            most->calls.value);
    least = extreme(result, idle, idle_kb, true);
    most = extreme(result, idle, idle_kb, false);
    if (least != NULL && most != least)
        add(text,
            "%s %s connection takes least memory with %s (%.1f KB) and "
            "most with %s (%.0f KB)",
            text[0] != '\0' ? ";" : "", text[0] != '\0' ? "an idle" : "An idle",
            result_full_name(least), least->kb_per_idle.value,
            result_full_name(most), most->kb_per_idle.value);
    if (text[0] != '\0')
        add(text, ".");
}

/* What stands in a sentence for calls of that kind. */
static const char *kind_words(int kind, bool is_one)
{
    static const char *const words[OBSERVE_KIND_COUNT][2] = {
        [OBSERVE_RECEIVE] = {"receive", "receives"},
        [OBSERVE_SEND] = {"send", "sends"},
        [OBSERVE_WAIT] = {"wait", "waits"},
        [OBSERVE_DEQUEUE] = {"dequeued packet", "dequeued packets"},
        [OBSERVE_RESULT] = {"result asked for", "results asked for"},
        [OBSERVE_RESET] = {"event reset", "events reset"},
        [OBSERVE_OTHER] = {"other call", "other calls"}};
    return words[kind][!is_one];
}

/* Adds the kinds of which there are more, or fewer. */
static void add_kinds(char text[RESULT_TEXT_BYTES],
                      const struct result_row *row,
                      const struct result_row *base, bool more)
{
    const char *between = more ? ": " : "; it saves ";
    for (int kind = 0; kind < OBSERVE_ROUTINE; kind++) {
        double difference = row->kinds[kind].value - base->kinds[kind].value;
        if (more ? difference < 0.05 : difference > -0.05)
            continue;
        difference = fabs(difference);
        add(text, "%s%.2f %s", between, difference,
            kind_words(kind, difference >= 0.995 && difference < 1.005));
        between = ", ";
    }
}

void result_why(const struct result *result, const struct result_row *row,
                char text[RESULT_TEXT_BYTES])
{
    const struct result_row *base = &result->rows[row->baseline];
    double difference = row->calls.value - base->calls.value;
    double threads = row->threads.value - base->threads.value;
    text[0] = '\0';
    if (row == base || !row->calls.known || !base->calls.known)
        return;
    if (fabs(difference) < 0.005)
        add(text, "%s makes as many calls as %s", row->name, base->name);
    else
        add(text, "%s makes %.2f calls %s than %s", row->name, fabs(difference),
            difference > 0 ? "more" : "fewer", base->name);
    add_kinds(text, row, base, true);
    add_kinds(text, row, base, false);
    if (row->threads.known && base->threads.known && fabs(threads) >= 1)
        add(text, "; %.0f thread%s %s", fabs(threads),
            fabs(threads) < 1.5 ? "" : "s", threads > 0 ? "more" : "fewer");
    add(text, ".");
}

/* By how much the control, the same program, seems to differ. */
static double control_percent(const struct result_block *block,
                              enum result_measure measure)
{
    const struct figure *ratio = &block->control[measure].ratio;
    return ratio->known ? 100 * (exp(fabs(log(ratio->value))) - 1) : 0;
}

void result_shows(const struct result_block *block, enum result_measure measure,
                  char text[RESULT_TEXT_BYTES])
{
    const struct figure *shows = &block->shows_percent[measure];
    double control = control_percent(block, measure);
    text[0] = '\0';
    if (shows->known)
        add(text, "differences above %.0f %% would show", shows->value);
    if (shows->known && control > shows->value)
        add(text,
            ", but the same server twice differs by %.0f %%: trust none below "
            "that",
            control);
}

/* The block of a scenario in which a difference must be largest to show. */
static const struct result_block *worst(const struct result *result,
                                        enum result_scenario scenario,
                                        enum result_measure measure)
{
    const struct result_block *found = NULL;
    for (int i = 0; i < result->block_count; i++) {
        const struct result_block *block = &result->blocks[i];
        if (block->scenario == scenario &&
            block->shows_percent[measure].known &&
            (found == NULL || block->shows_percent[measure].value >
                                  found->shows_percent[measure].value))
            found = block;
    }
    return found;
}

void result_told(const struct result *result, char text[RESULT_TEXT_BYTES])
{
    const struct result_block *rest = result_at_rest(result);
    const struct result_block *work = worst(result, RESULT_WORK, RESULT_COST);
    const struct result_block *speed = worst(result, RESULT_SPEED, RESULT_RATE);
    char shows[RESULT_TEXT_BYTES];
    text[0] = '\0';
    if (rest != NULL && rest->scenario == RESULT_IDLE)
        add(text, "Counts at rest are exact. ");
    if (work == NULL && speed == NULL)
        add(text, "Of times this run can tell nothing: that takes at least two "
                  "launches of each server.");
    if (work != NULL) {
        result_shows(work, RESULT_COST, shows);
        add(text, "Processor time: %s.", shows);
    }
    if (speed != NULL) {
        result_shows(speed, RESULT_RATE, shows);
        add(text, "%sEchoes/s on all processors: %s.", work != NULL ? " " : "",
            shows);
    }
}
