#include "svg.h"

#include "escape.h"

/* What can be drawn, nearest to value; 0 for NaN. */
static double drawable(double value)
{
    enum { FURTHEST = 10000 };
    if (value > FURTHEST)
        return FURTHEST;
    if (value < -FURTHEST)
        return -FURTHEST;
    /* NaN compares false with everything; what rounds to 0 must not become
     * "-0.0". */
    return value >= 0.05 || value <= -0.05 ? value : 0;
}

void svg_begin(struct out *out, double width, double height, const char *label)
{
    out_printf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
               drawable(width), drawable(height));
    escape_xml(out, label);
    out_printf(out, "\">\n");
}

void svg_end(struct out *out)
{
    out_printf(out, "</svg>\n");
}

void svg_line(struct out *out, const char *class_names, double x1, double y1,
              double x2, double y2)
{
    out_printf(out,
               "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
               "y2=\"%.1f\"/>\n",
               class_names, drawable(x1), drawable(y1), drawable(x2),
               drawable(y2));
}

void svg_rect(struct out *out, const char *class_names, double x, double y,
              double width, double height)
{
    out_printf(out,
               "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
               "height=\"%.1f\"/>\n",
               class_names, drawable(x), drawable(y),
               width > 0 ? drawable(width) : 0,
               height > 0 ? drawable(height) : 0);
}

static void put_points(struct out *out, const char *element,
                       const char *class_names, const struct svg_point *points,
                       int count)
{
    out_printf(out, "<%s class=\"%s\" points=\"", element, class_names);
    for (int i = 0; i < count; i++)
        out_printf(out, "%s%.1f,%.1f", i == 0 ? "" : " ", drawable(points[i].x),
                   drawable(points[i].y));
    out_printf(out, "\"/>\n");
}

void svg_path(struct out *out, const char *class_names,
              const struct svg_point *points, int count)
{
    put_points(out, "polyline", class_names, points, count);
}

void svg_area(struct out *out, const char *class_names,
              const struct svg_point *points, int count)
{
    put_points(out, "polygon", class_names, points, count);
}

/* The corners of a shape around 0,0; a circle has none. */
static const char *corners(enum svg_shape shape)
{
    switch (shape) {
    case SVG_SQUARE:
        return "-4,-4 4,-4 4,4 -4,4";
    case SVG_TRIANGLE:
        return "0,-5 5,4 -5,4";
    case SVG_DIAMOND:
        return "0,-5.5 5.5,0 0,5.5 -5.5,0";
    case SVG_TRIANGLE_DOWN:
        return "0,5 5,-4 -5,-4";
    case SVG_CROSS:
        return "-1.5,-5 1.5,-5 1.5,-1.5 5,-1.5 5,1.5 1.5,1.5 1.5,5 -1.5,5 "
               "-1.5,1.5 -5,1.5 -5,-1.5 -1.5,-1.5";
    case SVG_CIRCLE:
    default:
        return NULL;
    }
}

void svg_marker(struct out *out, const char *class_names, enum svg_shape shape,
                double x, double y)
{
    if (corners(shape) == NULL)
        out_printf(out,
                   "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n",
                   class_names, drawable(x), drawable(y));
    else
        out_printf(out,
                   "<polygon class=\"%s\" transform=\"translate(%.1f %.1f)\" "
                   "points=\"%s\"/>\n",
                   class_names, drawable(x), drawable(y), corners(shape));
}

void svg_text(struct out *out, const char *class_names, double x, double y,
              enum svg_anchor anchor, const char *text)
{
    static const char *const anchors[] = {
        [SVG_START] = "start", [SVG_MIDDLE] = "middle", [SVG_END] = "end"};
    out_printf(out,
               "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" "
               "text-anchor=\"%s\">",
               class_names, drawable(x), drawable(y), anchors[anchor]);
    escape_xml(out, text);
    out_printf(out, "</text>\n");
}

void svg_text_upwards(struct out *out, const char *class_names, double x,
                      double y, const char *text)
{
    out_printf(out,
               "<text class=\"%s\" text-anchor=\"middle\" "
               "transform=\"translate(%.1f %.1f) rotate(-90)\">",
               class_names, drawable(x), drawable(y));
    escape_xml(out, text);
    out_printf(out, "</text>\n");
}
