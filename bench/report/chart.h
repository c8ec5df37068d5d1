/* chart.h: lines over two log axes, written as SVG. It knows axes and how to keep
 * texts apart; what the numbers mean is up to the caller. Texts and numbers may
 * be anything. Pure.
 *
 * A style is a CSS class, s1 to s5 for the five models and s0 for anything
 * else, and on lines a marker of its own. */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <stdbool.h>

#include "out.h"

enum { CHART_LINES_AT_MOST = 12, CHART_POINTS_AT_MOST = 16 };

/* A marker by itself, for a legend. */
void chart_write_marker(struct out *out, int style);

struct chart_line {
    const char *name; /* at its end */
    int style;
    int wall; /* where it ends with a cross; 0: nowhere */
    int count;
    double x[CHART_POINTS_AT_MOST]; /* growing; 0 has a place of its own */
    double y[CHART_POINTS_AT_MOST];
};

struct chart_tick {
    double x;
    const char *text;
};

struct chart_lines {
    const char *label;
    const char *x_title;
    const struct chart_tick *ticks; /* those beyond the lines are left out */
    int tick_count;
    int count;
    struct chart_line lines[CHART_LINES_AT_MOST];
};

void chart_write_lines(struct out *out, const struct chart_lines *chart);

#endif
