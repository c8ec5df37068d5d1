/* chart.h: lines over two log axes, written as SVG. It keeps texts apart; what
 * the numbers mean is up to the caller. Texts and numbers may be anything. Pure.
 *
 * A style is a CSS class, s1 to s5 for the five models and s0 for anything
 * else, and a marker of its own. */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "out.h"

enum { CHART_LINES_AT_MOST = 12, CHART_POINTS_AT_MOST = 16 };

struct chart_line {
    const char *name; /* at its end */
    int style;        /* 0 to 5 */
    int wall;         /* where it ends with a cross; 0: nowhere */
    int count;
    double x[CHART_POINTS_AT_MOST]; /* growing; 0 has a place of its own */
    double y[CHART_POINTS_AT_MOST];
};

struct chart_tick {
    double x;
    const char *text;
};

struct chart {
    const char *label; /* for those who cannot see it */
    const char *x_title;
    const struct chart_tick *ticks; /* of x; those beyond all lines are left
                                       out */
    int tick_count;
    int count;
    struct chart_line lines[CHART_LINES_AT_MOST];
};

void chart_write(struct out *out, const struct chart *chart);

#endif
