#include "statistics.h"

#include <float.h>
#include <math.h>

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

/* ---- how sure a mean is -------------------------------------------------- */

/* The 97.5th percentile of Student's t with that many degrees of freedom, from
 * 1 on (NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.2). */
static double student_t(size_t freedom)
{
    static const double table[] = {
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
        2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
        2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
    const size_t rows = sizeof table / sizeof table[0];
    return freedom <= rows ? table[freedom - 1] : 2.0;
}

double statistics_log_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += log(values[i]);
    return sum / (double)count;
}

void spread_add(struct spread *spread, const double *values, size_t count)
{
    if (count < 2)
        return;
    double mean = statistics_log_mean(values, count);
    for (size_t i = 0; i < count; i++)
        spread->squares += (log(values[i]) - mean) * (log(values[i]) - mean);
    spread->freedom += count - 1;
}

static double variance(const struct spread *spread)
{
    return figure_ratio(spread->squares, (double)spread->freedom).value;
}

struct figure spread_half(const struct spread *spread, const double *values,
                          size_t count, double times)
{
    struct spread own = {.squares = 0};
    if (spread->freedom == 0 || count == 0)
        return (struct figure){false, 0};
    if (values != NULL)
        spread_add(&own, values, count);
    double larger = fmax(variance(spread), variance(&own));
    return figure_of(student_t(spread->freedom) *
                     sqrt(larger * times / (double)count));
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
