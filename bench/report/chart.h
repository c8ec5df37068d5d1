/* chart.h: three kinds of charts, drawn as SVG. They know axes, lines, bars
 * and how to keep labels apart; what the numbers mean is up to the caller.
 * Pure.
 *
 * All charts are CHART_WIDTH wide, so that a text is as large in one as in the
 * other. CSS classes used: s1 ... s5 (the five models), sc (the A/A control),
 * sr (the reflector), sp (anything else), with "line", "mark", "band", "bar";
 * k0 ... k4 (kinds of calls) with "segment"; "noise", "grid", "axis", "unit",
 * "whisker", "hollow"; texts: "tick", "name", "value", "inside". */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "out.h"
#include "scale.h"

enum {
    CHART_WIDTH = 440,
    CHART_SERIES_AT_MOST = 16,
    CHART_POINTS_AT_MOST = 48,
    CHART_X_TICKS_AT_MOST = 12,
    CHART_BARS_AT_MOST = 64,
    CHART_SEGMENTS = 5,
    CHART_TEXT_BYTES = 64
};

/* Looks: the same for a server in every chart. */
enum chart_style {
    CHART_OTHER,
    CHART_MODEL_1,
    CHART_MODEL_2,
    CHART_MODEL_3,
    CHART_MODEL_4,
    CHART_MODEL_5,
    CHART_CONTROL,
    CHART_REFLECTOR
};

/* "s1" and so on. */
const char *chart_class(enum chart_style style);

/* Draws the marker of a style around a point, for a key. */
void chart_marker(struct out *out, enum chart_style style, bool is_hollow,
                  double x, double y);

/* ---- lines --------------------------------------------------------------- */

struct chart_point {
    double at; /* 0 at the left end of the axis to 1 at the right one */
    double value;
    bool has_interval; /* low and high are its interval */
    double low;
    double high;
    bool begins; /* no line from the point before: something is missing */
};

struct chart_series {
    char name[CHART_TEXT_BYTES];
    enum chart_style style;
    bool is_dashed;
    bool is_unnamed; /* the name stands at another line already */
    int count;
    struct chart_point points[CHART_POINTS_AT_MOST];
};

struct chart_x_tick {
    double at; /* as in struct chart_point */
    char label[SCALE_LABEL_BYTES];
};

struct chart_lines {
    const char *label; /* what the drawing shows, for those who cannot see it */
    const char *x_label;
    const char *y_label; /* with its unit */
    enum scale_kind y_kind;
    enum scale_unit y_unit;
    bool has_markers;
    int x_tick_count;
    struct chart_x_tick x_ticks[CHART_X_TICKS_AT_MOST];
    struct chart_series noise; /* only points: the A/A band; count 0: none */
    int series_count;
    struct chart_series series[CHART_SERIES_AT_MOST];
};

/* Series without points are left out; with no point at all the chart says so.
 */
void chart_draw_lines(struct out *out, const struct chart_lines *chart);

/* ---- stacked bars -------------------------------------------------------- */

struct chart_bar {
    char name[CHART_TEXT_BYTES];
    enum chart_style style;         /* of the marker beside the name */
    char instead[CHART_TEXT_BYTES]; /* why there is no bar; or "" */
    double segments[CHART_SEGMENTS];
};

struct chart_bars {
    const char *label;
    const char *x_label;
    enum scale_unit x_unit;
    int segment_count; /* 1: the bar has the colour of its style */
    const char *segment_names[CHART_SEGMENTS];
    int bar_count;
    struct chart_bar bars[CHART_BARS_AT_MOST];
};

void chart_draw_bars(struct out *out, const struct chart_bars *chart);

/* ---- ranges -------------------------------------------------------------- */

/* One line of a chart of ratios: a marker with its interval, or, from `from`, a
 * bar to it. */
struct chart_range {
    char name[CHART_TEXT_BYTES];
    enum chart_style style;
    bool is_heading;                /* only the name, over what follows */
    bool is_shown;                  /* filled: it differs; else hollow */
    char instead[CHART_TEXT_BYTES]; /* why there is no figure; or "" */
    char note[CHART_TEXT_BYTES];    /* at the right end */
    double from;                    /* where the bar and the band begin */
    double value;
    bool has_interval;
    double low;
    double high;
    double noise_low; /* the A/A band; 0 when there is none */
    double noise_high;
};

struct chart_ranges {
    const char *label;
    const char *x_label;
    bool has_bars; /* a waterfall; else markers only */
    int range_count;
    struct chart_range ranges[CHART_BARS_AT_MOST];
};

/* On a logarithmic axis: half and twice are equally far from 1. */
void chart_draw_ranges(struct out *out, const struct chart_ranges *chart);

#endif
