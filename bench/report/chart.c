#include "chart.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "escape.h"

/* Lengths are in units of a drawing, which grows and shrinks with the page. */
enum {
    WIDTH = 440,
    ROW = 36, /* height of a row: the texts, and under them a bar or marker */
    ROW_TOP = 17,
    BAR_HEIGHT = 14,
    LINES_LEFT = 46,
    LINES_TOP = 12,
    LINES_HEIGHT = 260,
    AXIS_HEIGHT = 20,
    TICKS_AT_MOST = 8
};

static double within(double value, double at_least, double at_most)
{
    if (!(value > at_least)) /* also NaN */
        return at_least;
    return value < at_most ? value : at_most;
}

/* ---- pieces of a drawing ------------------------------------------------- */

static void begin(struct out *out, int width, int height, const char *label)
{
    out_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
               width, height);
    escape_xml(out, label);
    out_printf(out, "\">\n");
}

static void put_line(struct out *out, const char *class_name, double x1,
                     double y1, double x2, double y2)
{
    out_printf(out,
               "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
               "y2=\"%.1f\"/>\n",
               class_name, x1, y1, x2, y2);
}

static void put_rect(struct out *out, const char *class_name, int style,
                     double x, double y, double width, double height)
{
    out_printf(out,
               "<rect class=\"%s s%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
               "height=\"%.1f\"/>\n",
               class_name, style, x, y, width, height);
}

/* anchor: "start", "middle", "end". A text that must be wider than room is
 * squeezed into it. */
static void put_text(struct out *out, const char *class_name, double x,
                     double y, const char *anchor, double room,
                     const char *text)
{
    double width = 0;
    for (const char *at = text; *at != '\0'; at++)
        width += isupper((unsigned char)*at) ? 10 : 6.5;
    out_printf(out,
               "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"",
               class_name, x, y, anchor);
    if (width > room)
        out_printf(out,
                   " textLength=\"%.0f\" lengthAdjust=\"spacingAndGlyphs\"",
                   room);
    out_printf(out, ">");
    escape_xml(out, text);
    out_printf(out, "</text>\n");
}

static void put_number(struct out *out, const char *class_name, double x,
                       double y, const char *anchor, double value)
{
    char text[24];
    bool is_plain = value < 1e5 && value >= 0.001;
    const char *format = value >= 100 ? "%.0f" : "%.3g";
    snprintf(text, sizeof text, is_plain ? format : "%.0e", value);
    put_text(out, class_name, x, y, anchor, 60, text);
}

static void put_marker(struct out *out, int style, bool is_hollow, double x,
                       double y)
{
    static const char *const corners[] = {
        "-2,-5 2,-5 2,-2 5,-2 5,2 2,2 2,5 -2,5 -2,2 -5,2 -5,-2 -2,-2",
        "-2,-5 2,-5 5,-2 5,2 2,5 -2,5 -5,2 -5,-2", /* nearly a circle */
        "0,-6 6,0 0,6 -6,0",                       /* a diamond */
        "0,-5 5,4 -5,4",                           /* a triangle */
        "0,5 5,-4 -5,-4",                          /* one on its head */
        "-5,-5 5,5 5,-5 -5,5",                     /* an hourglass */
        "-5,-5 5,-5 5,5 -5,5"};                    /* a square: parts */
    bool is_part = style >= CHART_FIRST_PART;
    out_printf(out,
               "<polygon class=\"%s s%d%s\" transform=\"translate(%.1f "
               "%.1f)\" points=\"%s\"/>\n",
               is_part ? "part" : "mark", style, is_hollow ? " hollow" : "", x,
               y, corners[is_part ? CHART_FIRST_PART : style]);
}

void chart_write_marker(struct out *out, int style)
{
    out_printf(out, "<svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">");
    put_marker(out, style, false, 7, 7);
    out_printf(out, "</svg>");
}

/* ---- axes ---------------------------------------------------------------- */

struct axis {
    double from; /* where low is drawn */
    double to;   /* where high is drawn */
    bool is_log;
    double low;
    double high; /* more than low */
    int tick_count;
    double ticks[TICKS_AT_MOST];
};

static double place(const struct axis *axis, double value)
{
    double at = within(value, axis->low, axis->high);
    double share = axis->is_log
                       ? log(at / axis->low) / log(axis->high / axis->low)
                       : (at - axis->low) / (axis->high - axis->low);
    return axis->from + share * (axis->to - axis->from);
}

/* With ticks at some multiples of some powers of 10: as many as there is room
 * for. */
static struct axis log_axis(double from, double to, double low, double high)
{
    static const double multiples[] = {1, 2, 5, 1.5, 3, 7, 1.2, 4, 6, 8, 9};
    static const int steps[][2] = {{11, 1}, {6, 1}, {3, 1}, {1, 1}, {1, 5}};
    struct axis axis = {.from = from, .to = to, .is_log = true};
    axis.low = within(low, 1e-9, 1e17);
    axis.high = within(high, 1.2 * axis.low, 1e18);
    axis.tick_count = TICKS_AT_MOST;
    for (int s = 0; s < 5 && axis.tick_count == TICKS_AT_MOST; s++) {
        axis.tick_count = 0;
        for (int e = -9; e <= 18; e += steps[s][1])
            for (int m = 0; m < steps[s][0]; m++) {
                double tick = multiples[m] * pow(10, e);
                if (tick >= axis.low && tick <= axis.high &&
                    axis.tick_count < TICKS_AT_MOST)
                    axis.ticks[axis.tick_count++] = tick;
            }
    }
    return axis;
}

/* ---- rows ---------------------------------------------------------------- */

static double sum_of(const struct chart_row *row, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += within(row->values[i], 0, 1e17);
    return sum;
}

/* The parts of a bar, each with its number where there is room. */
static void put_parts(struct out *out, const struct chart_row *row,
                      const struct axis *axis, double top)
{
    bool has_parts = row->value_count > 1;
    for (int i = 0; i < row->value_count; i++) {
        double left = place(axis, sum_of(row, i));
        double width = place(axis, sum_of(row, i + 1)) - left;
        put_rect(out, has_parts ? "part" : "bar", row->style + i, left, top,
                 width, BAR_HEIGHT);
        if (has_parts && width > 36)
            put_number(out, "inside", left + width / 2, top + 11.3, "middle",
                       row->values[i]);
    }
}

static void put_whiskers(struct out *out, const struct axis *axis,
                         struct chart_span range, double y)
{
    double low = place(axis, range.low);
    double high = place(axis, range.high);
    if (!(range.low < range.high))
        return;
    put_line(out, "axis", low, y, high, y);
    put_line(out, "axis", low, y - 3.5, low, y + 3.5);
    put_line(out, "axis", high, y - 3.5, high, y + 3.5);
}

static void put_row(struct out *out, const struct chart_row *row,
                    const struct axis *axis, double y)
{
    double band = place(axis, row->band.low);
    double middle = y + ROW_TOP + BAR_HEIGHT / 2.0;
    put_text(out, "name", 2, y + 12, "start", 170, row->name);
    put_text(out, "value", WIDTH - 2, y + 12, "end", 255, row->text);
    put_rect(out, "noise", 0, band, y + ROW_TOP,
             place(axis, row->band.high) - band, BAR_HEIGHT);
    for (int i = 0; i < axis->tick_count; i++) {
        double x = place(axis, axis->ticks[i]);
        put_line(out, axis->ticks[i] == 1 ? "axis" : "grid", x, y + ROW_TOP, x,
                 y + ROW_TOP + BAR_HEIGHT);
    }
    if (!axis->is_log)
        put_parts(out, row, axis, y + ROW_TOP);
    if (row->value_count > 0)
        put_whiskers(out, axis, row->range, middle + (axis->is_log ? 0 : 7));
    if (axis->is_log && row->value_count > 0)
        put_marker(out, row->style, row->is_hollow, place(axis, row->values[0]),
                   middle);
}

void chart_write_rows(struct out *out, const char *label, bool are_ratios,
                      const struct chart_row *rows, int count)
{
    struct axis axis = {.from = 2, .to = WIDTH - 4};
    double low = 0.8; /* of ratios */
    double high = are_ratios ? 1.25 : 1e-9;
    for (int i = 0; i < count; i++) {
        low = rows[i].value_count > 0 ? fmin(low, rows[i].range.low) : low;
        high = fmax(high, fmax(rows[i].range.high,
                               sum_of(&rows[i], rows[i].value_count)));
    }
    axis.high = high;
    if (are_ratios)
        axis = log_axis(14, WIDTH - 16, within(low * 0.97, 0.01, 1),
                        within(high * 1.03, 1, 100));
    begin(out, WIDTH, count * ROW + (are_ratios ? AXIS_HEIGHT : 0), label);
    for (int i = 0; i < axis.tick_count; i++)
        put_number(out, "tick", place(&axis, axis.ticks[i]), count * ROW + 12,
                   "middle", axis.ticks[i]);
    for (int i = 0; i < count; i++)
        put_row(out, &rows[i], &axis, i * ROW);
    out_printf(out, "</svg>\n");
}

/* ---- lines --------------------------------------------------------------- */

static void put_points(struct out *out, const struct chart_line *line,
                       const struct axis *x, const struct axis *y)
{
    out_printf(out, "<polyline class=\"line s%d\" points=\"", line->style);
    for (int i = 0; i < line->count; i++)
        out_printf(out, "%.1f,%.1f ", place(x, line->points[i].x),
                   place(y, line->points[i].y));
    out_printf(out, "\"/>\n");
    for (int i = 0; i < line->count; i++)
        put_marker(out, line->style, line->points[i].is_hollow,
                   place(x, line->points[i].x), place(y, line->points[i].y));
}

/* Numbers are where the first line has points, if they do not touch. */
static void put_x_axis(struct out *out, const struct chart_lines *chart,
                       const struct axis *axis, double bottom)
{
    double taken = 0;
    for (int i = 0; i < chart->lines[0].count; i++) {
        double value = chart->lines[0].points[i].x;
        double x = place(axis, value);
        if (x < taken + 38)
            continue;
        put_line(out, "axis", x, bottom, x, bottom + 4);
        put_number(out, "tick", x, bottom + 16, "middle", value);
        taken = x;
    }
    put_text(out, "tick", axis->to + 8, bottom + 32, "end", 200,
             chart->x_title);
}

void chart_write_lines(struct out *out, const struct chart_lines *chart)
{
    struct chart_point low = {1e18, 1e18, false};
    struct chart_point high = {0, 0, false};
    for (int l = 0; l < chart->count; l++)
        for (int i = 0; i < chart->lines[l].count; i++) {
            low.x = fmin(low.x, chart->lines[l].points[i].x);
            low.y = fmin(low.y, chart->lines[l].points[i].y);
            high.x = fmax(high.x, chart->lines[l].points[i].x);
            high.y = fmax(high.y, chart->lines[l].points[i].y);
        }
    struct axis x = log_axis(LINES_LEFT + 8, WIDTH - 22, low.x, high.x);
    struct axis y =
        log_axis(LINES_HEIGHT - 38, LINES_TOP, low.y / 1.05, high.y * 1.05);
    begin(out, WIDTH, LINES_HEIGHT, chart->label);
    for (int i = 0; i < y.tick_count; i++) {
        double at = place(&y, y.ticks[i]);
        put_line(out, "grid", LINES_LEFT, at, WIDTH - 14, at);
        put_number(out, "tick", LINES_LEFT - 5, at + 4, "end", y.ticks[i]);
    }
    put_x_axis(out, chart, &x, y.from);
    for (int l = 0; l < chart->count; l++)
        put_points(out, &chart->lines[l], &x, &y);
    out_printf(out, "</svg>\n");
}
