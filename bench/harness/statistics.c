#include "statistics.h"

#include <float.h>
#include <stdlib.h>

/* ---- random numbers ------------------------------------------------------ */

uint64_t prng_next(struct prng *prng)
{
    uint64_t z = prng->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
    /* 2^64 is no multiple of most bounds: numbers from the last, incomplete
     * multiple are drawn again, or small results would come more often. */
    uint64_t incomplete = (UINT64_MAX % bound + 1) % bound;
    uint64_t drawn = prng_next(prng);
    while (drawn > UINT64_MAX - incomplete)
        drawn = prng_next(prng);
    return drawn % bound;
}

void prng_shuffle(struct prng *prng, int *items, int count)
{
    for (int last = count - 1; last > 0; last--) {
        int other = (int)prng_below(prng, (uint64_t)last + 1);
        int kept = items[last];
        items[last] = items[other];
        items[other] = kept;
    }
}

/* ---- figures ------------------------------------------------------------- */

struct figure figure_of(double value)
{
    /* False for infinities, and for NaN, with which no comparison is true. */
    bool finite = value >= -DBL_MAX && value <= DBL_MAX;
    return (struct figure){finite, finite ? value : 0};
}

struct figure figure_ratio(double numerator, double denominator)
{
    if (!(denominator > 0 || denominator < 0))
        return (struct figure){false, 0};
    return figure_of(numerator / denominator);
}

/* ---- estimates ----------------------------------------------------------- */

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

struct figure statistics_median(double *values, size_t count)
{
    if (count == 0)
        return (struct figure){false, 0};
    qsort(values, count, sizeof *values, compare_doubles);
    size_t middle = count / 2;
    if (count % 2 == 1)
        return figure_of(values[middle]);
    return figure_of((values[middle - 1] + values[middle]) / 2);
}

struct estimate statistics_estimate(double *ratios, size_t count, uint64_t seed)
{
    enum { RESAMPLES = 2000, OUTSIDE = RESAMPLES / 40 }; /* 2.5 % each side */
    struct estimate estimate = {.count = count,
                                .median = statistics_median(ratios, count)};
    if (count < STATISTICS_PAIRS_AT_LEAST)
        return estimate;
    double *medians = calloc(RESAMPLES, sizeof *medians);
    double *drawn = calloc(count, sizeof *drawn);
    if (medians != NULL && drawn != NULL) {
        struct prng prng = {seed};
        for (int i = 0; i < RESAMPLES; i++) {
            for (size_t j = 0; j < count; j++)
                drawn[j] = ratios[prng_below(&prng, count)];
            medians[i] = statistics_median(drawn, count).value;
        }
        qsort(medians, RESAMPLES, sizeof *medians, compare_doubles);
        estimate.low = medians[OUTSIDE];
        estimate.high = medians[RESAMPLES - 1 - OUTSIDE];
        estimate.has_interval = true;
    }
    free(drawn);
    free(medians);
    return estimate;
}

struct figure statistics_jain(const uint64_t *shares, size_t count)
{
    double sum = 0;
    double sum_of_squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)shares[i];
        sum_of_squares += (double)shares[i] * (double)shares[i];
    }
    return figure_ratio(sum * sum, (double)count * sum_of_squares);
}

struct figure statistics_floor(struct estimate control)
{
    if (!control.has_interval || control.low <= 0)
        return (struct figure){false, 0};
    double below = 1 / control.low;
    double factor = control.high > below ? control.high : below;
    return figure_of(factor > 1 ? factor : 1);
}

bool statistics_differs(struct estimate ratio, struct estimate control)
{
    struct figure floor = statistics_floor(control);
    if (!ratio.has_interval || !floor.known)
        return false;
    bool holds_one = ratio.low <= 1 && ratio.high >= 1;
    bool within_floor = ratio.median.value >= 1 / floor.value &&
                        ratio.median.value <= floor.value;
    return !holds_one && !within_floor;
}
