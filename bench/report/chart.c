#include "chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "escape.h"

/* Lengths are in units of a drawing, which grows and shrinks with the page. */
enum {
    WIDTH = 340,
    LEFT = 48, /* room for the numbers of the axis */
    RIGHT = WIDTH - 34,
    TOP = 10,
    BOTTOM = 200,
    LETTER = 7
};

struct axis {
    double low;
    double high; /* more than low */
    double from; /* where low is drawn */
    double to;
};

static double place(const struct axis *axis, double value)
{
    double share = (value - axis->low) / (axis->high - axis->low);
    double within = share > 0 ? fmin(share, 1) : 0; /* 0 for NaN, too */
    return axis->from + within * (axis->to - axis->from);
}

static void begin(struct out *out, double height, const char *label)
{
    out_printf(out, "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"",
               WIDTH, height);
    escape_xml(out, label);
    out_printf(out, "\">\n");
}

static void put_line(struct out *out, const char *classes, int style, double x1,
                     double y1, double x2, double y2)
{
    out_printf(out,
               "<line class=\"%s s%d\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
               "y2=\"%.1f\"/>\n",
               classes, style, x1, y1, x2, y2);
}

/* anchor: "start", "middle", "end". */
static void put_text(struct out *out, const char *classes, double x, double y,
                     const char *anchor, const char *text)
{
    out_printf(out,
               "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
               "text-anchor=\"%s\">",
               classes, x, y, anchor);
    escape_xml(out, text);
    out_printf(out, "</text>\n");
}

static void put_number(struct out *out, double x, double y, const char *anchor,
                       double value)
{
    char text[32];
    if (value >= 1e6)
        snprintf(text, sizeof text, "%gM", value / 1e6);
    else if (value >= 1000)
        snprintf(text, sizeof text, "%d,%03d", (int)value / 1000,
                 (int)value % 1000);
    else
        snprintf(text, sizeof text, "%g", value);
    put_text(out, "tick", x, y, anchor, text);
}

static void put_marker(struct out *out, int style, double x, double y)
{
    static const char *const corners[] = {
        "-2,-5 2,-5 2,-2 5,-2 5,2 2,2 2,5 -2,5 -2,2 -5,2 -5,-2 -2,-2",
        "-2,-5 2,-5 5,-2 5,2 2,5 -2,5 -5,2 -5,-2", /* nearly a circle */
        "0,-6 6,0 0,6 -6,0",                       /* a diamond */
        "0,-5 5,4 -5,4",                           /* a triangle */
        "0,5 5,-4 -5,-4",                          /* one on its head */
        "-5,-5 5,5 5,-5 -5,5"};                    /* an hourglass */
    out_printf(out,
               "<polygon class=\"mark s%d\" transform=\"translate(%.1f "
               "%.1f)\" points=\"%s\"/>\n",
               style, x, y, corners[style]);
}

void chart_write_marker(struct out *out, int style)
{
    out_printf(out, "<svg viewBox=\"0 0 14 14\" aria-hidden=\"true\">");
    put_marker(out, style, 7, 7);
    out_printf(out, "</svg>");
}

/* ---- lines --------------------------------------------------------------- */

/* Both axes are of powers of 10; 0 stands a little to the left of 1. */
static double logged(double value)
{
    return value > 0 ? log10(value) : -0.6;
}

static void put_y_axis(struct out *out, const struct axis *y)
{
    static const double multiples[] = {1, 2, 5};
    int count = y->high - y->low < 2 ? 3 : 1;
    for (double e = floor(y->low); e <= y->high; e++)
        for (int m = 0; m < count; m++) {
            double tick = multiples[m] * pow(10, e);
            double at = place(y, log10(tick));
            if (log10(tick) < y->low || log10(tick) > y->high)
                continue;
            put_line(out, "grid", 0, LEFT, at, RIGHT, at);
            put_number(out, LEFT - 6, at + 4, "end", tick);
        }
}

static void put_x_axis(struct out *out, const struct chart_lines *chart,
                       const struct axis *x)
{
    for (int i = 0; i < chart->tick_count; i++) {
        double value = logged(chart->ticks[i].x);
        double at = place(x, value);
        if (value < x->low || value > x->high)
            continue;
        put_line(out, "axis", 0, at, BOTTOM, at, BOTTOM + 4);
        put_text(out, "tick", at, BOTTOM + 17, "middle", chart->ticks[i].text);
    }
    put_text(out, "tick", RIGHT, BOTTOM + 34, "end", chart->x_title);
}

/* The name beside the end of a line. */
struct end {
    double x;
    double y;
    char text[64];
    const char *anchor;
};

static struct end put_points(struct out *out, const struct chart_line *line,
                             const struct axis *x, const struct axis *y)
{
    struct end end = {.anchor = "start"};
    out_printf(out, "<polyline class=\"line s%d\" points=\"", line->style);
    for (int i = 0; i < line->count; i++)
        out_printf(out, "%.1f,%.1f ", place(x, logged(line->x[i])),
                   place(y, logged(line->y[i])));
    out_printf(out, "\"/>\n");
    for (int i = 0; i < line->count; i++) {
        end.x = place(x, logged(line->x[i]));
        end.y = place(y, logged(line->y[i]));
        if (i < line->count - 1 || line->wall == 0)
            put_marker(out, line->style, end.x, end.y);
    }
    snprintf(end.text, sizeof end.text, "%s", line->name);
    if (line->wall > 0) {
        put_line(out, "cross", line->style, end.x - 6, end.y - 6, end.x + 6,
                 end.y + 6);
        put_line(out, "cross", line->style, end.x - 6, end.y + 6, end.x + 6,
                 end.y - 6);
        snprintf(end.text, sizeof end.text, "%s wall at %d", line->name,
                 line->wall);
    }
    end.x += 10;
    end.y += 4;
    if (end.x + (double)strlen(end.text) * LETTER > WIDTH) {
        end.anchor = "end";
        end.x = WIDTH - 2;
    }
    return end;
}

/* Moves the names apart: in the order of their height, each below the one
 * before, and then all up again that have come too low. */
static void put_ends(struct out *out, struct end *ends, int count)
{
    double apart = 14;
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && ends[j].y < ends[j - 1].y; j--) {
            struct end swap = ends[j];
            ends[j] = ends[j - 1];
            ends[j - 1] = swap;
        }
    for (int i = 1; i < count; i++)
        ends[i].y = fmax(ends[i].y, ends[i - 1].y + apart);
    for (int i = count - 1; i >= 0; i--)
        ends[i].y = fmin(ends[i].y, BOTTOM - 3 - apart * (count - 1 - i));
    for (int i = 0; i < count; i++)
        put_text(out, "end", ends[i].x, ends[i].y, ends[i].anchor,
                 ends[i].text);
}

void chart_write_lines(struct out *out, const struct chart_lines *chart)
{
    struct axis x = {1e9, -1e9, LEFT + 8, RIGHT - 8};
    struct axis y = {1e9, -1e9, BOTTOM, TOP};
    struct end ends[CHART_LINES_AT_MOST];
    for (int l = 0; l < chart->count; l++)
        for (int i = 0; i < chart->lines[l].count; i++) {
            x.low = fmin(x.low, logged(chart->lines[l].x[i]));
            x.high = fmax(x.high, logged(chart->lines[l].x[i]));
            y.low = fmin(y.low, logged(chart->lines[l].y[i]) - 0.25);
            y.high = fmax(y.high, logged(chart->lines[l].y[i]) + 0.15);
        }
    x.high = fmax(x.high, x.low + 0.1);
    y.high = fmax(y.high, y.low + 0.7);
    begin(out, BOTTOM + 40, chart->label);
    put_y_axis(out, &y);
    put_x_axis(out, chart, &x);
    for (int l = 0; l < chart->count; l++)
        ends[l] = put_points(out, &chart->lines[l], &x, &y);
    put_ends(out, ends, chart->count);
    out_printf(out, "</svg>\n");
}
