#include "change.h"

#include <stdlib.h>

/* The figure of count rounds; scratch has room for count values. */
static struct figure figure_from(const struct change_round *rounds,
                                 size_t count, enum change_kind kind,
                                 double *scratch)
{
    struct change_round sum = {0, 0};
    size_t ratio_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct figure ratio = figure_ratio(rounds[i].over, rounds[i].under);
        if (ratio.known)
            scratch[ratio_count++] = ratio.value;
        sum.over += rounds[i].over;
        sum.under += rounds[i].under;
    }
    return kind == CHANGE_MEDIAN ? statistics_median(scratch, ratio_count)
                                 : figure_ratio(sum.over, sum.under);
}

/* The figure of as many rounds, drawn with repetition. drawn and scratch have
 * room for all of them. */
static struct figure figure_resampled(struct change_rounds from,
                                      enum change_kind kind, struct prng *prng,
                                      struct change_round *drawn,
                                      double *scratch)
{
    for (size_t i = 0; i < from.count; i++)
        drawn[i] = from.rounds[prng_below(prng, from.count)];
    return figure_from(drawn, from.count, kind, scratch);
}

static struct figure ratio_of(struct figure numerator,
                              struct figure denominator)
{
    if (!numerator.known || !denominator.known)
        return (struct figure){false, 0};
    return figure_ratio(numerator.value, denominator.value);
}

static int compare_ratios(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Fills in the interval, if there is one. */
static void add_interval(struct estimate *estimate, struct change_rounds olds,
                         struct change_rounds news, enum change_kind kind,
                         uint64_t seed, struct change_round *drawn,
                         double *scratch)
{
    enum { RESAMPLES = 2000, OUTSIDE = RESAMPLES / 40 }; /* 2.5 % each side */
    struct prng prng = {seed};
    double *ratios = calloc(RESAMPLES, sizeof *ratios);
    size_t known_count = 0;
    for (int i = 0; ratios != NULL && i < RESAMPLES; i++) {
        struct figure before =
            figure_resampled(olds, kind, &prng, drawn, scratch);
        struct figure after =
            figure_resampled(news, kind, &prng, drawn, scratch);
        struct figure ratio = ratio_of(after, before);
        if (!ratio.known)
            break;
        ratios[known_count++] = ratio.value;
    }
    if (known_count == RESAMPLES) {
        qsort(ratios, RESAMPLES, sizeof *ratios, compare_ratios);
        estimate->low = ratios[OUTSIDE];
        estimate->high = ratios[RESAMPLES - 1 - OUTSIDE];
        estimate->has_interval = true;
    }
    free(ratios);
}

struct change change_between(struct change_rounds old_rounds,
                             struct change_rounds new_rounds,
                             enum change_kind kind, uint64_t seed)
{
    struct change change = {0};
    size_t most = old_rounds.count > new_rounds.count ? old_rounds.count
                                                      : new_rounds.count;
    size_t least = old_rounds.count + new_rounds.count - most;
    struct change_round *drawn = calloc(most + 1, sizeof *drawn);
    double *scratch = calloc(most + 1, sizeof *scratch);
    if (drawn != NULL && scratch != NULL) {
        change.old_figure =
            figure_from(old_rounds.rounds, old_rounds.count, kind, scratch);
        change.new_figure =
            figure_from(new_rounds.rounds, new_rounds.count, kind, scratch);
        change.ratio.count = least;
        change.ratio.median = ratio_of(change.new_figure, change.old_figure);
        if (least >= STATISTICS_PAIRS_AT_LEAST && change.ratio.median.known)
            add_interval(&change.ratio, old_rounds, new_rounds, kind, seed,
                         drawn, scratch);
    }
    free(scratch);
    free(drawn);
    return change;
}
