#include "chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"

/* Lengths are in units of a drawing, which grows and shrinks with the page. */
enum {
    WIDTH = 340,
    LEFT = 56, /* room for the numbers of the axis */
    RIGHT = WIDTH - 42,
    TOP = 10,
    BOTTOM = 200,
    LETTER = 7,
    CROSS = 6 /* a marker */
};

/* What the axes reach from and to, as logarithms. */
struct reach {
    double x_low;
    double x_high;
    double y_low;
    double y_high;
};

/* 0 stands a little to the left of 1. */
static double logged(double value)
{
    return value > 0 ? log10(value) : -0.6;
}

static double x_of(const struct reach *reach, double value)
{
    return LEFT + (RIGHT - LEFT) * (logged(value) - reach->x_low) /
                      (reach->x_high - reach->x_low);
}

static double y_of(const struct reach *reach, double value)
{
    return BOTTOM - (BOTTOM - TOP) * (logged(value) - reach->y_low) /
                        (reach->y_high - reach->y_low);
}

/* anchor: "start", "middle", "end". */
static void put_text(struct out *out, const char *classes, double x, double y,
                     const char *anchor, const char *text)
{
    out_printf(out,
               "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
               classes, x, y, anchor);
    escape_xml(out, text);
    out_printf(out, "</text>\n");
}

static void put_marker(struct out *out, int style, int marker, double x,
                       double y)
{
    static const char *const corners[] = {
        "-2,-5 2,-5 2,-2 5,-2 5,2 2,2 2,5 -2,5 -2,2 -5,2 -5,-2 -2,-2",
        "-2,-5 2,-5 5,-2 5,2 2,5 -2,5 -5,2 -5,-2", /* nearly a circle */
        "0,-6 6,0 0,6 -6,0",                       /* a diamond */
        "0,-5 5,4 -5,4",                           /* a triangle */
        "0,5 5,-4 -5,-4",                          /* one on its head */
        "-5,-5 5,5 5,-5 -5,5",                     /* an hourglass */
        "-5,-7 0,-2 5,-7 7,-5 2,0 7,5 5,7 0,2 -5,7 -7,5 -2,0 -7,-5"};
    out_printf(out,
               "<polygon class=\"mark s%d\" transform=\"translate(%.1f "
               "%.1f)\" points=\"%s\"/>\n",
               style, x, y, corners[marker]);
}

static void put_axes(struct out *out, const struct chart *chart,
                     const struct reach *reach)
{
    static const double multiples[] = {1, 2, 5};
    int multiple_count = reach->y_high - reach->y_low < 2 ? 3 : 1;
    for (int i = 0; i < 39; i++) {
        int power = i / 3 - 3;
        double value = multiples[i % 3] * pow(10, power);
        double y = y_of(reach, value);
        char number[24];
        if (i % 3 >= multiple_count || y < TOP || y > BOTTOM)
            continue;
        snprintf(number, sizeof number, "%.10g", value);
        put_text(out, "tick", LEFT - 14, y + 4, "end", number);
        out_printf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT - 8,
                   y, RIGHT + 8);
    }
    for (int i = 0; i < chart->tick_count; i++)
        if (logged(chart->ticks[i].x) <= reach->x_high)
            put_text(out, "tick", x_of(reach, chart->ticks[i].x), BOTTOM + 17,
                     "middle", chart->ticks[i].text);
    put_text(out, "tick", RIGHT, BOTTOM + 34, "end", chart->x_title);
}

/* The name beside the end of a line. */
struct end {
    double y;
    double x;
    char text[64];
};

static struct end put_line(struct out *out, const struct chart_line *line,
                           const struct reach *reach)
{
    int last = line->count - 1;
    struct end end = {.y = y_of(reach, line->y[last]) + 4,
                      .x = x_of(reach, line->x[last]) + 10};
    out_printf(out, "<polyline class=\"line s%d\" points=\"", line->style);
    for (int i = 0; i < line->count; i++)
        out_printf(out, "%.1f,%.1f ", x_of(reach, line->x[i]),
                   y_of(reach, line->y[i]));
    out_printf(out, "\"/>\n");
    for (int i = 0; i < line->count; i++)
        put_marker(out, line->style,
                   i == last && line->wall > 0 ? CROSS : line->style,
                   x_of(reach, line->x[i]), y_of(reach, line->y[i]));
    if (line->wall > 0)
        snprintf(end.text, sizeof end.text, "%s wall at %d", line->name,
                 line->wall);
    else
        snprintf(end.text, sizeof end.text, "%s", line->name);
    end.x = fmin(end.x, WIDTH - 2 - LETTER * (double)strlen(end.text));
    return end;
}

static int is_higher(const void *a, const void *b)
{
    const struct end *one = a;
    const struct end *other = b;
    return (one->y > other->y) - (one->y < other->y);
}

/* Moves the names apart: each below the one before, and then all up again that
 * have come too low. */
static void put_ends(struct out *out, struct end *ends, int count)
{
    enum { APART = 14 };
    qsort(ends, (size_t)count, sizeof ends[0], is_higher);
    for (int i = 1; i < count; i++)
        ends[i].y = fmax(ends[i].y, ends[i - 1].y + APART);
    for (int i = count - 1; i >= 0; i--) {
        ends[i].y = fmin(ends[i].y, BOTTOM - 3 - APART * (count - 1 - i));
        put_text(out, "end", ends[i].x, ends[i].y, "start", ends[i].text);
    }
}

void chart_write(struct out *out, const struct chart *chart)
{
    struct reach reach = {1e9, -1e9, 1e9, -1e9};
    struct end ends[CHART_LINES_AT_MOST] = {{.x = 0}};
    for (int l = 0; l < chart->count; l++)
        for (int i = 0; i < chart->lines[l].count; i++) {
            double x = logged(chart->lines[l].x[i]);
            double y = logged(chart->lines[l].y[i]);
            reach = (struct reach){
                fmin(reach.x_low, x), fmax(reach.x_high, x + 0.01),
                fmin(reach.y_low, y - 0.25), fmax(reach.y_high, y + 0.15)};
        }
    reach.y_high = fmax(reach.y_high, reach.y_low + 0.7);
    out_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
               WIDTH, BOTTOM + 40);
    escape_xml(out, chart->label);
    out_printf(out, "\">\n");
    put_axes(out, chart, &reach);
    for (int l = 0; l < chart->count; l++)
        ends[l] = put_line(out, &chart->lines[l], &reach);
    put_ends(out, ends, chart->count);
    out_printf(out, "</svg>\n");
}
