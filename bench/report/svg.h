/* svg.h: pieces of an SVG drawing. Colours are not here: every piece takes a
 * CSS class, and the page decides what it looks like in light, dark and print.
 * Lengths are in units of the drawing's own width. A number that is not finite
 * or beyond +-10000 is moved to the nearest that can be drawn. Pure. */
#ifndef REPORT_SVG_H
#define REPORT_SVG_H

#include "out.h"

struct svg_point {
    double x;
    double y;
};

/* Where a text stands relative to its point. */
enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* Shapes that differ without colour. */
enum svg_shape {
    SVG_CIRCLE,
    SVG_SQUARE,
    SVG_TRIANGLE,
    SVG_DIAMOND,
    SVG_TRIANGLE_DOWN,
    SVG_CROSS,
    SVG_SHAPE_COUNT
};

/* Begins a drawing that grows and shrinks with the page. label: what it shows,
 * for those who cannot see it; any text. */
void svg_begin(struct out *out, double width, double height, const char *label);
void svg_end(struct out *out);

/* class_names: one or more CSS classes, ours, nothing to escape in them. */
void svg_line(struct out *out, const char *class_names, double x1, double y1,
              double x2, double y2);
void svg_rect(struct out *out, const char *class_names, double x, double y,
              double width, double height);

/* Lines from point to point, or the area that they enclose. */
void svg_path(struct out *out, const char *class_names,
              const struct svg_point *points, int count);
void svg_area(struct out *out, const char *class_names,
              const struct svg_point *points, int count);

/* A shape about nine units wide, around a point. */
void svg_marker(struct out *out, const char *class_names, enum svg_shape shape,
                double x, double y);

/* text: any text; y is its base line. */
void svg_text(struct out *out, const char *class_names, double x, double y,
              enum svg_anchor anchor, const char *text);

/* The same, turned to read upwards. */
void svg_text_upwards(struct out *out, const char *class_names, double x,
                      double y, const char *text);

#endif
