#include "chart.h"

#include <stdio.h>
#include <string.h>

#include "svg.h"

/* How wide a character of a label is at most, in the widest of the fonts that a
 * system might have; the later bytes of a UTF-8 character are nothing more. */
static double width_of(unsigned char character)
{
    if ((character & 0xC0) == 0x80)
        return 0;
    if (character > 0x7F || strchr("WMmw@%", character) != NULL)
        return 13;
    if (strchr("fijlrtI.,:;'|! ", character) != NULL)
        return 5.4;
    return character >= 'A' && character <= 'Z' ? 10 : 8.4;
}

static double text_width(const char *text)
{
    double width = 0;
    for (; *text != '\0'; text++)
        width += width_of((unsigned char)*text);
    return width;
}

/* ---- what all have ------------------------------------------------------- */

static const struct {
    const char *class_name;
    const char *line;
    const char *band;
    const char *bar;
    const char *mark;
    const char *hollow;
    enum svg_shape shape;
} looks[] = {
#define LOOK(name, shape)                                                      \
    {                                                                          \
        name, name " line", name " band", name " bar", name " mark",           \
            name " mark hollow", shape                                         \
    }
    [CHART_OTHER] = LOOK("sp", SVG_CROSS),
    [CHART_MODEL_1] = LOOK("s1", SVG_CIRCLE),
    [CHART_MODEL_2] = LOOK("s2", SVG_SQUARE),
    [CHART_MODEL_3] = LOOK("s3", SVG_TRIANGLE),
    [CHART_MODEL_4] = LOOK("s4", SVG_DIAMOND),
    [CHART_MODEL_5] = LOOK("s5", SVG_TRIANGLE_DOWN),
    [CHART_CONTROL] = LOOK("sc", SVG_CIRCLE),
    [CHART_REFLECTOR] = LOOK("sr", SVG_CROSS)};

const char *chart_class(enum chart_style style)
{
    return looks[style].class_name;
}

void chart_marker(struct out *out, enum chart_style style, bool is_hollow,
                  double x, double y)
{
    svg_marker(out, is_hollow ? looks[style].hollow : looks[style].mark,
               looks[style].shape, x, y);
}

/* Writes text, or as much of it as fits into room, with three dots. */
static void put_fitting(struct out *out, const char *class_name, double x,
                        double y, enum svg_anchor anchor, const char *text,
                        double room)
{
    static const char dots[] = "\xE2\x80\xA6";
    char cut[CHART_TEXT_BYTES + sizeof dots];
    double width = width_of((unsigned char)dots[0]);
    size_t kept = 0;
    if (text_width(text) > room) {
        while (kept < CHART_TEXT_BYTES &&
               width + width_of((unsigned char)text[kept]) <= room)
            width += width_of((unsigned char)text[kept++]);
        /* Not in the middle of a character of several bytes. */
        while (kept > 0 && ((unsigned char)text[kept] & 0xC0) == 0x80)
            kept--;
        snprintf(cut, sizeof cut, "%.*s%s", (int)kept, text, dots);
        text = cut;
    }
    svg_text(out, class_name, x, y, anchor, text);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* ---- lines --------------------------------------------------------------- */

enum {
    LINES_HEIGHT = 300,
    LEFT = 62,
    RIGHT = CHART_WIDTH - 92, /* then the names of the lines */
    TOP = 26,
    BOTTOM = LINES_HEIGHT - 48,
    NAME_HEIGHT = 15
};

struct span {
    double low;
    double high;
};

static void include(struct span *span, double value, enum scale_kind kind)
{
    if (kind == SCALE_LOG && !(value > 0))
        return;
    span->low = value < span->low ? value : span->low;
    span->high = value > span->high ? value : span->high;
}

static void include_series(struct span *span, const struct chart_series *series,
                           enum scale_kind kind)
{
    for (int i = 0; i < series->count; i++) {
        const struct chart_point *point = &series->points[i];
        include(span, point->value, kind);
        if (point->has_interval) {
            include(span, point->low, kind);
            include(span, point->high, kind);
        }
    }
}

static double x_of(double at)
{
    return LEFT + at * (RIGHT - LEFT);
}

static double y_of(const struct scale *scale, double value)
{
    return BOTTOM - scale_at(scale, value) * (BOTTOM - TOP);
}

static void draw_frame(struct out *out, const struct chart_lines *chart,
                       const struct scale *scale)
{
    char label[SCALE_LABEL_BYTES];
    for (int i = 0; i < scale->tick_count; i++) {
        double y = y_of(scale, scale->ticks[i]);
        svg_line(out, "grid", LEFT, y, RIGHT, y);
        scale_label(scale->unit, scale->ticks[i], label);
        svg_text(out, "tick", LEFT - 6, y + 4, SVG_END, label);
    }
    svg_line(out, "axis", LEFT, BOTTOM, RIGHT, BOTTOM);
    for (int i = 0; i < chart->x_tick_count; i++) {
        double x = x_of(chart->x_ticks[i].at);
        svg_line(out, "axis", x, BOTTOM, x, BOTTOM + 4);
        svg_text(out, "tick", x, BOTTOM + 18, SVG_MIDDLE,
                 chart->x_ticks[i].label);
    }
    svg_text(out, "unit", (LEFT + RIGHT) / 2.0, LINES_HEIGHT - 8, SVG_MIDDLE,
             chart->x_label);
    svg_text(out, "unit", 4, 13, SVG_START, chart->y_label);
}

/* One past the last point that a line from the one at first reaches. */
static int end_of_line(const struct chart_series *series, int first)
{
    int end = first + 1;
    while (end < series->count && !series->points[end].begins)
        end++;
    return end;
}

/* The area between the lower and the upper ends of the intervals of the points
 * from first to before end. A single point gets an area of some width. */
static void draw_area(struct out *out, const char *class_name,
                      const struct chart_series *series, int first, int end,
                      const struct scale *scale)
{
    struct svg_point corners[2 * CHART_POINTS_AT_MOST + 4];
    int count = 0;
    double half = end - first == 1 ? 0.03 : 0;
    for (int i = first; i < end; i++) {
        const struct chart_point *p = &series->points[i];
        if (p->has_interval)
            corners[count++] =
                (struct svg_point){x_of(p->at - half), y_of(scale, p->high)};
        if (p->has_interval && half > 0)
            corners[count++] =
                (struct svg_point){x_of(p->at + half), y_of(scale, p->high)};
    }
    for (int i = end - 1; i >= first; i--) {
        const struct chart_point *p = &series->points[i];
        if (p->has_interval)
            corners[count++] =
                (struct svg_point){x_of(p->at + half), y_of(scale, p->low)};
        if (p->has_interval && half > 0)
            corners[count++] =
                (struct svg_point){x_of(p->at - half), y_of(scale, p->low)};
    }
    if (count > 2)
        svg_area(out, class_name, corners, count);
}

static void draw_areas(struct out *out, const char *class_name,
                       const struct chart_series *series,
                       const struct scale *scale)
{
    for (int first = 0; first < series->count;
         first = end_of_line(series, first))
        draw_area(out, class_name, series, first, end_of_line(series, first),
                  scale);
}

static void draw_series(struct out *out, const struct chart_lines *chart,
                        const struct chart_series *series,
                        const struct scale *scale)
{
    struct svg_point points[CHART_POINTS_AT_MOST];
    char class_names[32];
    for (int i = 0; i < series->count; i++)
        points[i] = (struct svg_point){x_of(series->points[i].at),
                                       y_of(scale, series->points[i].value)};
    snprintf(class_names, sizeof class_names, "%s%s", looks[series->style].line,
             series->is_dashed ? " dashed" : "");
    for (int first = 0; first < series->count;
         first = end_of_line(series, first))
        svg_path(out, class_names, points + first,
                 end_of_line(series, first) - first);
    for (int i = 0; i < series->count; i++)
        if (chart->has_markers || series->count == 1)
            chart_marker(out, series->style, series->is_dashed, points[i].x,
                         points[i].y);
}

/* ---- names at the ends of lines ---- */

struct name {
    const struct chart_series *series;
    double wanted_y;
    double y;
};

/* Sorts by height and moves names apart, first downwards, then back up from
 * the lower end. */
static void spread(struct name *names, int count)
{
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && names[j].y < names[j - 1].y; j--) {
            struct name kept = names[j];
            names[j] = names[j - 1];
            names[j - 1] = kept;
        }
    for (int i = 1; i < count; i++)
        names[i].y = larger(names[i].y, names[i - 1].y + NAME_HEIGHT);
    double lowest = BOTTOM;
    for (int i = count - 1; i >= 0; i--) {
        names[i].y = names[i].y < lowest ? names[i].y : lowest;
        lowest = names[i].y - NAME_HEIGHT;
    }
}

/* Each name with its marker, and a thin line to the end of its series. */
static void draw_names(struct out *out, const struct chart_lines *chart,
                       const struct scale *scale)
{
    struct name names[CHART_SERIES_AT_MOST];
    int count = 0;
    for (int i = 0; i < chart->series_count; i++) {
        const struct chart_series *series = &chart->series[i];
        if (series->count == 0 || series->is_unnamed)
            continue;
        double y = y_of(scale, series->points[series->count - 1].value);
        names[count++] = (struct name){series, y, y};
    }
    spread(names, count);
    for (int i = 0; i < count; i++) {
        const struct chart_series *series = names[i].series;
        double end = x_of(series->points[series->count - 1].at);
        svg_line(out, "leader", end + 6, names[i].wanted_y, RIGHT + 4,
                 names[i].y);
        chart_marker(out, series->style, series->is_dashed, RIGHT + 12,
                     names[i].y);
        put_fitting(out, "name", RIGHT + 21, names[i].y + 4, SVG_START,
                    series->name, CHART_WIDTH - RIGHT - 21);
    }
}

void chart_draw_lines(struct out *out, const struct chart_lines *chart)
{
    struct span span = {1e300, -1e300};
    include_series(&span, &chart->noise, chart->y_kind);
    for (int i = 0; i < chart->series_count; i++)
        include_series(&span, &chart->series[i], chart->y_kind);
    svg_begin(out, CHART_WIDTH, LINES_HEIGHT, chart->label);
    if (span.low > span.high) {
        svg_text(out, "value", CHART_WIDTH / 2.0, LINES_HEIGHT / 2.0,
                 SVG_MIDDLE, "nothing was measured");
        svg_end(out);
        return;
    }
    struct scale scale =
        scale_make(chart->y_kind, chart->y_unit, span.low, span.high, 7);
    draw_areas(out, "noise", &chart->noise, &scale);
    draw_frame(out, chart, &scale);
    for (int i = 0; i < chart->series_count; i++)
        draw_areas(out, looks[chart->series[i].style].band, &chart->series[i],
                   &scale);
    for (int i = 0; i < chart->series_count; i++)
        draw_series(out, chart, &chart->series[i], &scale);
    draw_names(out, chart, &scale);
    svg_end(out);
}

/* ---- horizontal charts --------------------------------------------------- */

enum {
    ROW_HEIGHT = 24,
    ROWS_LEFT = 104,
    ROWS_RIGHT = CHART_WIDTH - 66, /* then the values */
    KEY_HEIGHT = 18
};

static double along(const struct scale *scale, double value)
{
    return ROWS_LEFT + scale_at(scale, value) * (ROWS_RIGHT - ROWS_LEFT);
}

/* The axis below rows that reach from top to bottom. */
static void draw_axis_below(struct out *out, const struct scale *scale,
                            double top, double bottom, const char *x_label)
{
    char label[SCALE_LABEL_BYTES];
    for (int i = 0; i < scale->tick_count; i++) {
        double x = along(scale, scale->ticks[i]);
        svg_line(out, "grid", x, top, x, bottom);
        scale_label(scale->unit, scale->ticks[i], label);
        svg_text(out, "tick", x, bottom + 15, SVG_MIDDLE, label);
    }
    svg_text(out, "unit", (ROWS_LEFT + ROWS_RIGHT) / 2.0, bottom + 34,
             SVG_MIDDLE, x_label);
}

/* The name at the left end of a row, with its marker. */
static void draw_row_name(struct out *out, enum chart_style style,
                          const char *name, double y)
{
    chart_marker(out, style, false, 8, y);
    put_fitting(out, "name", 18, y + 4, SVG_START, name, ROWS_LEFT - 18);
}

/* ---- stacked bars -------------------------------------------------------- */

static double sum_of(const struct chart_bars *chart,
                     const struct chart_bar *bar)
{
    double sum = 0;
    for (int i = 0; i < chart->segment_count; i++)
        sum += bar->segments[i] > 0 ? bar->segments[i] : 0;
    return sum;
}

static const char *segment_class(int segment)
{
    static const char *const names[CHART_SEGMENTS] = {
        "segment k0", "segment k1", "segment k2", "segment k3", "segment k4"};
    return names[segment];
}

/* One line of squares with the names of the segments. */
static void draw_key(struct out *out, const struct chart_bars *chart)
{
    double x = 4;
    for (int i = 0; i < chart->segment_count; i++) {
        svg_rect(out, segment_class(i), x, 3, 11, 11);
        svg_text(out, "tick", x + 15, 13, SVG_START, chart->segment_names[i]);
        x += 30 + text_width(chart->segment_names[i]);
    }
}

static void draw_bar(struct out *out, const struct chart_bars *chart,
                     const struct chart_bar *bar, const struct scale *scale,
                     double y)
{
    char label[SCALE_LABEL_BYTES];
    double sum = 0;
    draw_row_name(out, bar->style, bar->name, y);
    if (bar->instead[0] != '\0') {
        put_fitting(out, "value", ROWS_LEFT + 4, y + 4, SVG_START, bar->instead,
                    CHART_WIDTH - ROWS_LEFT - 4);
        return;
    }
    for (int i = 0; i < chart->segment_count; i++) {
        if (!(bar->segments[i] > 0))
            continue;
        double x = along(scale, sum);
        sum += bar->segments[i];
        double width = along(scale, sum) - x;
        svg_rect(out,
                 chart->segment_count == 1 ? looks[bar->style].bar
                                           : segment_class(i),
                 x, y - 8, width, 16);
        snprintf(label, sizeof label, "%.1f", bar->segments[i]);
        if (chart->segment_count > 1 && width > text_width(label))
            svg_text(out, i == 0 ? "inside first" : "inside", x + width / 2,
                     y + 4, SVG_MIDDLE, label);
    }
    if (sum < 99.995)
        snprintf(label, sizeof label, "%.2f", sum);
    else
        scale_label(chart->x_unit, sum, label);
    svg_text(out, "value", along(scale, sum) + 5, y + 4, SVG_START, label);
}

void chart_draw_bars(struct out *out, const struct chart_bars *chart)
{
    double top = chart->segment_count > 1 ? 6 + KEY_HEIGHT : 6;
    double bottom = top + ROW_HEIGHT * chart->bar_count;
    double most = 0;
    for (int i = 0; i < chart->bar_count; i++)
        most = larger(most, sum_of(chart, &chart->bars[i]));
    struct scale scale = scale_make(SCALE_LINEAR, chart->x_unit, 0, most, 5);
    svg_begin(out, CHART_WIDTH, bottom + 44, chart->label);
    if (chart->segment_count > 1)
        draw_key(out, chart);
    draw_axis_below(out, &scale, top, bottom, chart->x_label);
    for (int i = 0; i < chart->bar_count; i++)
        draw_bar(out, chart, &chart->bars[i], &scale,
                 top + ROW_HEIGHT * (i + 0.5));
    svg_end(out);
}

/* ---- ranges -------------------------------------------------------------- */

static struct span span_of_ranges(const struct chart_ranges *chart)
{
    struct span span = {1, 1};
    for (int i = 0; i < chart->range_count; i++) {
        const struct chart_range *range = &chart->ranges[i];
        if (range->is_heading || range->instead[0] != '\0')
            continue;
        include(&span, range->value, SCALE_LOG);
        include(&span, range->from, SCALE_LOG);
        include(&span, range->noise_low, SCALE_LOG);
        include(&span, range->noise_high, SCALE_LOG);
        if (range->has_interval) {
            include(&span, range->low, SCALE_LOG);
            include(&span, range->high, SCALE_LOG);
        }
    }
    return span;
}

/* From a to b, whichever is larger. */
static void draw_between(struct out *out, const char *class_name, double a,
                         double b, double y, double height)
{
    svg_rect(out, class_name, a < b ? a : b, y - height / 2,
             a < b ? b - a : a - b, height);
}

static void draw_range(struct out *out, const struct chart_ranges *chart,
                       const struct chart_range *range,
                       const struct scale *scale, double y)
{
    char class_names[40];
    draw_row_name(out, range->style, range->name, y);
    if (range->instead[0] != '\0') {
        put_fitting(out, "value", ROWS_LEFT + 4, y + 4, SVG_START,
                    range->instead, CHART_WIDTH - ROWS_LEFT - 4);
        return;
    }
    double x = along(scale, range->value);
    if (chart->has_bars) {
        snprintf(class_names, sizeof class_names, "%s%s",
                 looks[range->style].bar, range->is_shown ? "" : " hollow");
        draw_between(out, class_names, along(scale, range->from), x, y, 12);
    }
    if (range->has_interval) {
        double low = along(scale, range->low);
        double high = along(scale, range->high);
        snprintf(class_names, sizeof class_names, "%s whisker",
                 looks[range->style].class_name);
        svg_line(out, class_names, low, y, high, y);
        svg_line(out, class_names, low, y - 4, low, y + 4);
        svg_line(out, class_names, high, y - 4, high, y + 4);
    }
    if (!chart->has_bars)
        chart_marker(out, range->style, !range->is_shown, x, y);
    put_fitting(out, "value", ROWS_RIGHT + 8, y + 4, SVG_START, range->note,
                CHART_WIDTH - ROWS_RIGHT - 8);
}

void chart_draw_ranges(struct out *out, const struct chart_ranges *chart)
{
    double top = 6;
    double bottom = top + ROW_HEIGHT * chart->range_count;
    struct span span = span_of_ranges(chart);
    struct scale scale =
        scale_make(SCALE_LOG, SCALE_TIMES, span.low, span.high, 6);
    svg_begin(out, CHART_WIDTH, bottom + 44, chart->label);
    for (int i = 0; i < chart->range_count; i++) {
        const struct chart_range *range = &chart->ranges[i];
        if (!range->is_heading && range->noise_low > 0)
            draw_between(out, "noise", along(&scale, range->noise_low),
                         along(&scale, range->noise_high),
                         top + ROW_HEIGHT * (i + 0.5), ROW_HEIGHT);
    }
    draw_axis_below(out, &scale, top, bottom, chart->x_label);
    svg_line(out, "axis", along(&scale, 1), top, along(&scale, 1), bottom);
    for (int i = 0; i < chart->range_count; i++) {
        const struct chart_range *range = &chart->ranges[i];
        double y = top + ROW_HEIGHT * (i + 0.5);
        if (range->is_heading)
            put_fitting(out, "heading", 4, y + 6, SVG_START, range->name,
                        CHART_WIDTH - 8);
        else
            draw_range(out, chart, range, &scale, y);
    }
    svg_end(out);
}
