#include "why.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- pieces -------------------------------------------------------------- */

/* Appends; cuts what does not fit. */
static void add(char text[RESULT_WHY_BYTES], const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, RESULT_WHY_BYTES - used, format, arguments);
    va_end(arguments);
}

struct figure why_calls(const struct result_row *row)
{
    double sum = 0;
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        if (!row->calls_per_echo[kind].known)
            return (struct figure){false, 0};
        sum += row->calls_per_echo[kind].value;
    }
    return figure_of(sum);
}

/* "echoes/s", "median latency": what a ratio is of. */
static const char *subject(const struct result_block *block)
{
    enum result_metric metric = result_words(block->scenario)->metric;
    return metric == RESULT_MEDIAN_LATENCY ? "median latency"
                                           : result_unit(metric);
}

static void add_range(char text[RESULT_WHY_BYTES], struct estimate ratio)
{
    if (ratio.has_interval)
        add(text, " (95 %% range %.2f to %.2f)", ratio.low, ratio.high);
}

/* The kind of call in which two rows differ most. */
static enum result_kind widest_kind(const struct result_row *row,
                                    const struct result_row *other)
{
    enum result_kind widest = RESULT_RECEIVE;
    double most = -1;
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        double difference = fabs(row->calls_per_echo[kind].value -
                                 other->calls_per_echo[kind].value);
        if (difference > most) {
            most = difference;
            widest = (enum result_kind)kind;
        }
    }
    return widest;
}

/* "It makes 4.3 calls for each echo, 01 makes 2.0, the most in dequeue ...".
 * Then what the calls explain of the ratio, and what they do not. */
static void add_calls(char text[RESULT_WHY_BYTES],
                      const struct result_block *block,
                      const struct result_row *row,
                      const struct result_row *other, struct estimate ratio,
                      bool differs)
{
    struct figure mine = why_calls(row);
    struct figure its = why_calls(other);
    if (!mine.known || !its.known || mine.value <= 0 || its.value <= 0) {
        add(text, " Calls were not counted for both: nothing is explained.");
        return;
    }
    enum result_kind kind = widest_kind(row, other);
    double more =
        row->calls_per_echo[kind].value - other->calls_per_echo[kind].value;
    add(text, " %.2f calls an echo against %.2f", mine.value, its.value);
    if (fabs(more) >= 0.05)
        add(text, " (%s %+.2f)", result_kind_name(kind), more);
    if (!differs || !ratio.median.known) {
        add(text, ".");
        return;
    }
    /* More calls: a lower rate, a higher latency. */
    double by_calls = result_is_latency(block) ? mine.value / its.value
                                               : its.value / mine.value;
    add(text,
        ": alone, all calls being alike, that would be %.2f times; a factor "
        "of %.2f stays unexplained.",
        by_calls, ratio.median.value / by_calls);
}

/* ---- sentences ----------------------------------------------------------- */

/* A row beside its own self without the herd. */
static void add_herd(char text[RESULT_WHY_BYTES], const struct result_row *row,
                     const struct result_row *alone)
{
    double factor = row->ratio.median.value;
    if (row->differs)
        add(text,
            "%s: beside %d idle connections %.2f times the echoes/s that it "
            "does alone",
            row->name, row->idle_count, factor);
    else
        add(text,
            "%s: no difference shown between %d idle connections and none; "
            "%.2f times",
            row->name, row->idle_count, factor);
    add_range(text, row->ratio);
    add(text, ".");
    if (row->cpu_us_per_echo.known && alone->cpu_us_per_echo.known)
        add(text, " CPU for each echo %.0f us, alone %.0f us.",
            row->cpu_us_per_echo.value, alone->cpu_us_per_echo.value);
    if (row->memory_per_idle.known)
        add(text, " Memory for each idle one %.1f KB.",
            row->memory_per_idle.value / 1000);
}

void why_row(const struct result *result, int index,
             char text[RESULT_WHY_BYTES])
{
    const struct result_row *row = &result->rows[index];
    const struct result_row *baseline = &result->rows[row->baseline];
    const struct result_block *block = &result->blocks[row->block];
    text[0] = '\0';
    if (!row->ratio.median.known)
        return;
    if (row->role == RESULT_REFLECTOR) {
        add(text,
            "The reflector, which does the least, comes to %.2f times %s of "
            "%s: ",
            row->ratio.median.value, subject(block), baseline->name);
        add(text, row->ratio.median.value > 1
                      ? "beyond that the client itself ends."
                      : "so no server is held back by the client alone.");
        return;
    }
    if (row->is_client_bound) {
        add(text,
            "%s: client-bound, so its figures are the client's and say "
            "nothing about the server.",
            row->name);
        return;
    }
    if (block->scenario == RESULT_HERD) {
        add_herd(text, row, baseline);
        add_calls(text, block, row, baseline, row->ratio, row->differs);
        return;
    }
    if (row->differs)
        add(text, "%s: %.2f times the %s of %s", row->name,
            row->ratio.median.value, subject(block), baseline->name);
    else
        add(text, "%s: no difference to %s shown; %.2f times its %s", row->name,
            baseline->name, row->ratio.median.value, subject(block));
    add_range(text, row->ratio);
    if (row->lines[0] != '\0')
        add(text, ", for %s lines", row->lines);
    add(text, ".");
    add_calls(text, block, row, baseline, row->ratio, row->differs);
}

void why_best(const struct result *result, const struct result_block *block,
              int best, int worst, struct estimate ratio,
              char text[RESULT_WHY_BYTES])
{
    const struct result_row *first = &result->rows[best];
    const struct result_row *last = &result->rows[worst];
    text[0] = '\0';
    if (!ratio.median.known || first->control < 0)
        return;
    if (!statistics_differs(ratio, result->rows[first->control].ratio)) {
        for (int i = block->first_row; i < block->first_row + block->row_count;
             i++)
            if (result->rows[i].differs)
                return; /* its own sentence says more */
        add(text,
            "No difference shown between any two servers: even %s and %s, the "
            "furthest apart, are within chance",
            first->name, last->name);
        add_range(text, ratio);
        add(text, ".");
        return;
    }
    add(text, "Furthest apart: %s has %.2f times the %s of %s", first->name,
        ratio.median.value, subject(block), last->name);
    add_range(text, ratio);
    add(text, ".");
    add_calls(text, block, first, last, ratio, true);
}

/* A rate may hide it: who makes many more calls because of the herd. */
static void add_herd_calls(const struct result *result,
                           const struct result_block *block,
                           char text[RESULT_WHY_BYTES])
{
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        struct figure mine = why_calls(row);
        struct figure alone = why_calls(&result->rows[row->baseline]);
        if (row->idle_count > 0 && mine.known && alone.known &&
            mine.value > 1.5 * alone.value)
            add(text, " %s makes %.1f calls an echo, alone %.1f.", row->name,
                mine.value, alone.value);
    }
}

void why_herd(const struct result *result, const struct result_block *block,
              char text[RESULT_WHY_BYTES])
{
    int compared = 0;
    int shown = 0;
    text[0] = '\0';
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->idle_count == 0 || !row->ratio.median.known)
            continue;
        compared++;
        if (!row->differs)
            continue;
        add(text, shown++ == 0 ? "The idle ones cost: %s does" : "; %s does",
            row->name);
        add(text, " %.2f times its own echoes/s", row->ratio.median.value);
    }
    if (compared == 0)
        return;
    if (shown == 0)
        add(text, "For no server does this run show that idle connections "
                  "change the rate of the active ones.");
    else if (shown == compared)
        add(text, ".");
    else
        add(text, "; for the others no difference is shown.");
    add_herd_calls(result, block, text);
}

void why_ladder(const struct result *result, const struct result_block *block,
                char text[RESULT_WHY_BYTES])
{
    int shown = 0;
    int compared = 0;
    text[0] = '\0';
    for (int i = block->first_row; i < block->first_row + block->row_count;
         i++) {
        const struct result_row *row = &result->rows[i];
        if (row->role != RESULT_SERVER)
            continue;
        if (row->baseline != i && row->ratio.median.known)
            compared++;
        shown += row->differs;
    }
    if (compared > 0)
        add(text, "%d of %d rungs show a difference to %s.", shown, compared,
            block->relative_to);
}
