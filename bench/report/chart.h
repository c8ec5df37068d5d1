/* chart.h: two kinds of charts, written as SVG. They know axes and how to
 * keep texts apart; what the numbers mean is up to the caller. Texts and
 * numbers may be anything: what lies beyond an axis is drawn at its end. Pure.
 *
 * A style is a CSS class: s1 to s5 for the five models and s0 for anything
 * else, each with a marker of its own; from s6 on those of parts of bars. */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <stdbool.h>

#include "out.h"

enum {
    CHART_FIRST_PART = 6,
    CHART_PARTS_AT_MOST = 6,
    CHART_ROWS_AT_MOST = 128,
    CHART_LINES_AT_MOST = 12,
    CHART_POINTS_AT_MOST = 16,
    CHART_TEXT_BYTES = 120
};

struct chart_span {
    double low;
    double high; /* low or less: there is none */
};

/* A marker by itself, for a legend. */
void chart_write_marker(struct out *out, int style);

struct chart_row {
    const char *name;            /* on the left */
    char text[CHART_TEXT_BYTES]; /* on the right */
    int style;                   /* of the first part; the next ones follow */
    bool is_hollow;              /* the marker of a ratio */
    int value_count; /* parts of a bar; for a ratio 1; 0: not known */
    double values[CHART_PARTS_AT_MOST]; /* drawn as 0 when less */
    struct chart_span range;            /* whiskers */
    struct chart_span band;             /* behind a ratio: what chance does */
};

/* Stacked bars from 0; or ratios: markers on a log axis around 1. */
void chart_write_rows(struct out *out, const char *label, bool are_ratios,
                      const struct chart_row *rows, int count);

struct chart_point {
    double x;
    double y; /* more than 0 */
    bool is_hollow;
};

struct chart_line {
    const char *name;
    int style;
    int count;
    struct chart_point points[CHART_POINTS_AT_MOST]; /* from left to right */
};

/* Over log axes. */
struct chart_lines {
    const char *label;
    const char *x_title;
    int count;
    struct chart_line lines[CHART_LINES_AT_MOST];
};

/* At least one line. */
void chart_write_lines(struct out *out, const struct chart_lines *chart);

#endif
