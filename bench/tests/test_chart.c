/* The axes and the charts: whatever the numbers are, the ticks are few and
 * round, and the drawing is well-formed and holds nothing but numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/statistics.h"
#include "report/chart.h"
#include "report/svg.h"
#include "test.h"
#include "wellformed.h"

static bool labelled(enum scale_unit unit, double value, const char *expected)
{
    char label[SCALE_LABEL_BYTES];
    scale_label(unit, value, label);
    if (strcmp(label, expected) == 0)
        return true;
    printf("%g: \"%s\", not \"%s\"\n", value, label, expected);
    return false;
}

static void test_labels(void)
{
    CHECK(labelled(SCALE_PLAIN, 0, "0"));
    CHECK(labelled(SCALE_PLAIN, 0.25, "0.25"));
    CHECK(labelled(SCALE_PLAIN, 1500, "1500"));
    CHECK(labelled(SCALE_PLAIN, 999.6, "1000"));
    CHECK(labelled(SCALE_PLAIN, 15000, "15k"));
    CHECK(labelled(SCALE_PLAIN, 1.5e6, "1.5M"));
    CHECK(labelled(SCALE_MICROSECONDS, 150, "150 \xC2\xB5s"));
    CHECK(labelled(SCALE_MICROSECONDS, 999.7, "1 ms"));
    CHECK(labelled(SCALE_MICROSECONDS, 1500, "1.5 ms"));
    CHECK(labelled(SCALE_MICROSECONDS, 68.7e6, "68.7 s"));
    CHECK(labelled(SCALE_TIMES, 0.5, "0.5\xC3\x97"));
}

/* An axis on which everything has a place, with ticks that can be read. */
static bool is_good(const struct scale *scale, double low, double high)
{
    char labels[SCALE_TICKS_AT_MOST][SCALE_LABEL_BYTES];
    bool good = scale->tick_count >= 1 && scale->tick_count <= 12;
    for (int i = 0; i < scale->tick_count; i++) {
        double at = scale_at(scale, scale->ticks[i]);
        good &= at >= 0 && at <= 1;
        good &= i == 0 || scale->ticks[i] > scale->ticks[i - 1];
        scale_label(scale->unit, scale->ticks[i], labels[i]);
        good &= i == 0 || strcmp(labels[i], labels[i - 1]) != 0;
    }
    good &= scale_at(scale, low) >= 0 && scale_at(scale, high) <= 1;
    good &= scale_at(scale, high) >= scale_at(scale, low);
    if (!good)
        printf("%d from %g to %g: %d ticks, from %g to %g\n", scale->kind, low,
               high, scale->tick_count, scale->low, scale->high);
    return good;
}

static void test_any_axis(void)
{
    struct prng prng = {7};
    bool good = true;
    for (int i = 0; i < 20000 && good; i++) {
        double low = pow(10, (double)prng_below(&prng, 1200) / 100 - 3);
        double high = low * pow(10, (double)prng_below(&prng, 500) / 100);
        struct scale linear =
            scale_make(SCALE_LINEAR, SCALE_PLAIN, low, high, 5);
        struct scale logarithmic =
            scale_make(SCALE_LOG, SCALE_MICROSECONDS, low, high, 7);
        good = is_good(&linear, low, high) && is_good(&logarithmic, low, high);
    }
    CHECK(good);
}

static void test_no_axis(void)
{
    static const double odd[] = {0, -1, 1e300, -1e300, 1e-300};
    for (int kind = SCALE_LINEAR; kind <= SCALE_LOG; kind++)
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
            for (size_t j = 0; j < sizeof odd / sizeof odd[0]; j++) {
                struct scale scale = scale_make((enum scale_kind)kind,
                                                SCALE_PLAIN, odd[i], odd[j], 5);
                double at = scale_at(&scale, (double)NAN);
                CHECK(scale.tick_count >= 1 && at >= 0 && at <= 1);
            }
}

static void test_odd_coordinates(void)
{
    struct out out = {0};
    struct svg_point points[] = {{(double)NAN, 1}, {2, (double)INFINITY}};
    svg_begin(&out, 100, (double)NAN, "<&\"'>\x01");
    svg_line(&out, "axis", -(double)INFINITY, 1e9, -1e-9, (double)NAN);
    svg_rect(&out, "bar", 1, 1, -5, (double)NAN);
    svg_path(&out, "line", points, 2);
    svg_area(&out, "band", points, 0);
    svg_text(&out, "tick", 1, (double)NAN, SVG_END, "a < b & \"c\"");
    for (int shape = 0; shape < SVG_SHAPE_COUNT; shape++)
        svg_marker(&out, "mark", (enum svg_shape)shape, 1, 2);
    svg_end(&out);
    CHECK(wellformed_html(out.text));
    CHECK(strstr(out.text, "-0.0") == NULL);
    free(out.text);
}

/* The y of every name of a series, as drawn: at least a line apart, and inside
 * of the drawing. */
static bool names_apart(const char *text)
{
    static const char begin[] = "<text class=\"name\"";
    double last = -100;
    bool good = true;
    while ((text = strstr(text, begin)) != NULL) {
        double y = strtod(strstr(text, " y=\"") + 4, NULL);
        good &= y - last >= 13 && y > 0 && y < 300;
        last = y;
        text++;
    }
    return good;
}

static struct chart_lines some_lines(int series, int points)
{
    struct chart_lines chart = {.label = "", .x_label = "x", .y_label = "y"};
    chart.series_count = series;
    for (int i = 0; i < series; i++) {
        chart.series[i].style = (enum chart_style)(i % 8);
        chart.series[i].count = points;
        snprintf(chart.series[i].name, CHART_TEXT_BYTES, "server %d", i);
        for (int p = 0; p < points; p++)
            chart.series[i].points[p] = (struct chart_point){
                .at = (p + 0.5) / points, .value = 5, .begins = p == 2};
    }
    return chart;
}

static bool draws_well(const struct chart_lines *chart)
{
    struct out out = {0};
    chart_draw_lines(&out, chart);
    bool good = wellformed_html(out.text) && names_apart(out.text);
    free(out.text);
    return good;
}

/* As many equal lines as there can be: their names are kept apart. */
static void test_lines(void)
{
    struct chart_lines nothing = some_lines(0, 0);
    struct chart_lines empty = some_lines(3, 0);
    struct chart_lines single = some_lines(CHART_SERIES_AT_MOST, 1);
    struct chart_lines many = some_lines(10, CHART_POINTS_AT_MOST);
    CHECK(draws_well(&nothing));
    CHECK(draws_well(&empty));
    CHECK(draws_well(&single));
    CHECK(draws_well(&many));
    many.y_kind = SCALE_LOG;
    many.noise = many.series[0];
    for (int p = 0; p < CHART_POINTS_AT_MOST; p++) {
        many.series[0].points[p].value = p - 5; /* also 0 and less */
        many.noise.points[p].has_interval = true;
        many.noise.points[p].high = p * 1e15;
    }
    CHECK(draws_well(&many));
}

static void test_bars_and_ranges(void)
{
    static const double odd[] = {0, -3, 1e-9, 1e18, (double)NAN};
    struct chart_bars bars = {.label = "", .x_label = "x", .segment_count = 2};
    struct chart_ranges ranges = {.label = "", .x_label = "x"};
    bars.segment_names[0] = bars.segment_names[1] = "kind";
    bars.bar_count = ranges.range_count = 5;
    for (int i = 0; i < 5; i++) {
        snprintf(bars.bars[i].name, CHART_TEXT_BYTES, "%s",
                 "a name that is by far too long for its place <&>");
        bars.bars[i].segments[0] = bars.bars[i].segments[1] = odd[i];
        ranges.ranges[i] = (struct chart_range){.from = 1,
                                                .value = odd[i],
                                                .has_interval = true,
                                                .low = odd[i],
                                                .high = odd[4 - i],
                                                .noise_low = odd[i]};
    }
    for (int has_bars = 0; has_bars < 2; has_bars++) {
        struct out out = {0};
        ranges.has_bars = has_bars;
        chart_draw_bars(&out, &bars);
        chart_draw_ranges(&out, &ranges);
        CHECK(wellformed_html(out.text));
        free(out.text);
    }
}

int main(void)
{
    test_labels();
    test_any_axis();
    test_no_axis();
    test_odd_coordinates();
    test_lines();
    test_bars_and_ranges();
    return summary();
}
