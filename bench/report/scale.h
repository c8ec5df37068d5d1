/* scale.h: from a value to a place on an axis, and the values that are worth a
 * tick there. Pure. */
#ifndef REPORT_SCALE_H
#define REPORT_SCALE_H

#include <stdbool.h>

enum scale_kind {
    SCALE_LINEAR, /* begins at 0 */
    SCALE_LOG     /* equal ratios are equally long */
};

/* How values are written. */
enum scale_unit {
    SCALE_PLAIN,        /* 1500, 15k, 1.5M */
    SCALE_MICROSECONDS, /* 150 us, 1.5 ms, 15 s */
    SCALE_TIMES         /* 1.5x */
};

enum { SCALE_TICKS_AT_MOST = 12, SCALE_LABEL_BYTES = 24 };

struct scale {
    enum scale_kind kind;
    enum scale_unit unit;
    double low; /* the values at both ends */
    double high;
    int tick_count;
    double ticks[SCALE_TICKS_AT_MOST]; /* rising */
};

/* An axis on which every value from low to high has a place, with about
 * tick_count ticks (2 to 10) at round numbers. Values that a logarithm cannot
 * show (0, negative) lie at its low end. low may be equal to high; when low is
 * above high there are no values, and any axis will do. */
struct scale scale_make(enum scale_kind kind, enum scale_unit unit, double low,
                        double high, int tick_count);

/* 0 at the low end to 1 at the high end; values beyond stay at the end. */
double scale_at(const struct scale *scale, double value);

/* Writes a value as this axis would: short, with its unit. */
void scale_label(enum scale_unit unit, double value,
                 char text[SCALE_LABEL_BYTES]);

#endif
