/* chart.h: two kinds of charts, written as SVG. They know axes and how to keep
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

/* ---- rows of dots on an axis from 0 to most ------------------------------- */

struct chart_rows {
    struct out *out;
    double most;
    double y; /* where the next row begins */
};

struct chart_row {
    const char *name; /* on the left */
    const char *text; /* on the right */
    int style;
    double mean; /* a tick; 0: no more is drawn */
    double low;  /* a line from low to high; the same: none */
    double high;
};

/* Begin, then each row and its dots, then end. */
struct chart_rows chart_begin_rows(struct out *out, const char *label,
                                   int row_count, double most);
void chart_write_row(struct chart_rows *rows, const struct chart_row *row);
void chart_write_dot(struct chart_rows *rows, int style, double value);
void chart_end_rows(struct chart_rows *rows);

/* ---- lines over two log axes ---------------------------------------------- */

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
    int tick_count;
    struct chart_tick ticks[CHART_POINTS_AT_MOST];
    int count;
    struct chart_line lines[CHART_LINES_AT_MOST];
};

/* At least one point. */
void chart_write_lines(struct out *out, const struct chart_lines *chart);

#endif
