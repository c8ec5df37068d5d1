#include "scale.h"

#include <math.h>
#include <stdio.h>

/* Nothing that can be measured is outside of these. */
static const double smallest = 1e-9;
static const double largest = 1e18;

static double within(double value, double at_least, double at_most)
{
    if (!(value > at_least)) /* also NaN */
        return at_least;
    return value < at_most ? value : at_most;
}

static void add_tick(struct scale *scale, double value)
{
    /* A rounding error must not lose the tick at the end. */
    double slack = 1e-9 * (fabs(scale->high) + fabs(scale->low));
    if (scale->tick_count < SCALE_TICKS_AT_MOST &&
        value >= scale->low - slack && value <= scale->high + slack)
        scale->ticks[scale->tick_count++] = value;
}

/* The smallest of 1, 2, 5 times a power of ten that is not below value. */
static double round_up(double value)
{
    double power = pow(10, floor(log10(value)));
    static const double steps[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (steps[i] * power >= value * (1 - 1e-9))
            return steps[i] * power;
    return 10 * power;
}

static void make_linear(struct scale *scale, double high, int tick_count)
{
    double step = round_up(within(high, smallest, largest) / tick_count);
    scale->low = 0;
    scale->high = step * ceil(high / step - 1e-9);
    if (!(scale->high > 0))
        scale->high = step;
    for (int i = 0; i < SCALE_TICKS_AT_MOST; i++)
        add_tick(scale, step * i);
}

/* Ticks at these multiples of every power of ten within the scale. */
static int add_log_ticks(struct scale *scale, const double *steps, int count,
                         int decades)
{
    scale->tick_count = 0;
    int first = (int)floor(log10(scale->low) + 1e-9);
    for (int e = first; pow(10, e) <= scale->high * 1.0001; e++)
        for (int i = 0; i < count; i++)
            if (e % decades == 0)
                add_tick(scale, steps[i] * pow(10, e));
    return scale->tick_count;
}

static void make_log(struct scale *scale, double low, double high,
                     int tick_count)
{
    static const double fine[] = {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9};
    static const double middle[] = {1, 1.5, 2, 3, 5, 7};
    static const double coarse[] = {1, 2, 5};
    static const double decade[] = {1};
    scale->low = within(low, smallest, largest);
    scale->high = within(high, scale->low, largest);
    /* At least a factor of 1.5, or the noise of one dot fills the chart. */
    while (scale->high / scale->low < 1.5) {
        scale->low /= 1.1;
        scale->high *= 1.1;
    }
    if (add_log_ticks(scale, fine, 12, 1) <= tick_count ||
        add_log_ticks(scale, middle, 6, 1) <= tick_count ||
        add_log_ticks(scale, coarse, 3, 1) <= tick_count)
        return;
    int decades = 1;
    while (add_log_ticks(scale, decade, 1, decades) > tick_count)
        decades++;
}

struct scale scale_make(enum scale_kind kind, enum scale_unit unit, double low,
                        double high, int tick_count)
{
    struct scale scale = {.kind = kind, .unit = unit};
    if (!(low <= high)) {
        low = 1;
        high = 1;
    }
    if (kind == SCALE_LINEAR)
        make_linear(&scale, within(high, 0, largest), tick_count);
    else
        make_log(&scale, low, high, tick_count);
    return scale;
}

double scale_at(const struct scale *scale, double value)
{
    value = within(value, scale->low, scale->high);
    if (scale->kind == SCALE_LINEAR)
        return (value - scale->low) / (scale->high - scale->low);
    return log(value / scale->low) / log(scale->high / scale->low);
}

/* Up to three significant digits, no zeros at the end: "1.5", "150", "0.25". */
static void put_short(double value, const char *unit,
                      char text[SCALE_LABEL_BYTES])
{
    snprintf(text, SCALE_LABEL_BYTES, "%.3g%s", value, unit);
}

static void put_plain(double size, char text[SCALE_LABEL_BYTES])
{
    if (size >= 999.5e6)
        put_short(size / 1e9, "G", text);
    else if (size >= 999.5e3)
        put_short(size / 1e6, "M", text);
    else if (size >= 9999.5)
        put_short(size / 1e3, "k", text);
    else if (size >= 999.5)
        snprintf(text, SCALE_LABEL_BYTES, "%.0f", size);
    else
        put_short(size, "", text);
}

void scale_label(enum scale_unit unit, double value,
                 char text[SCALE_LABEL_BYTES])
{
    char plain[SCALE_LABEL_BYTES];
    double size = within(fabs(value), 0, largest);
    put_plain(size, plain);
    if (unit == SCALE_PLAIN)
        snprintf(text, SCALE_LABEL_BYTES, "%s", plain);
    else if (unit == SCALE_TIMES) /* with a multiplication sign */
        snprintf(text, SCALE_LABEL_BYTES, "%.20s\xC3\x97", plain);
    else if (size >= 999999.5)
        put_short(size / 1e6, " s", text);
    else if (size >= 999.5)
        put_short(size / 1e3, " ms", text);
    else
        put_short(size, " \xC2\xB5s", text);
}
