#include "compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "saved.h"

/* What is compared of a row. */
enum figure_id {
    SCORE, /* relative to the baseline, in the unit of the block */
    P50,   /* likewise */
    P99,
    CALLS, /* and one more for each kind of calls */
    FIGURES = CALLS + RESULT_KIND_COUNT
};

enum { LABEL = 11 };

/* Fewer calls per echo than this are not worth a line: the report shows two
 * decimals. */
#define CALLS_WORTH 0.01

struct comparison {
    struct saved olds;
    struct saved news;
    struct change_round *old_rounds; /* for the row at hand */
    struct change_round *new_rounds;
    struct out *out;
    int compared_count; /* figures with a range */
    int differing_count;
    struct out in_short; /* one line for each row that differs */
};

/* One server in both runs. */
struct pair {
    const struct saved_row *old_row;
    const struct saved_row *new_row;
    struct change changes[FIGURES];
    bool differs[FIGURES];
    bool is_baseline;
    bool is_control;
    bool has_same_baseline; /* by name */
};

/* ---- computing ----------------------------------------------------------- */

static struct figure relative_figure(const struct saved_round *round,
                                     enum figure_id id)
{
    return id == SCORE ? round->score
           : id == P50 ? round->p50_ns
                       : round->p99_ns;
}

/* Lists rounds of a row beside those of its baseline. */
static size_t list_relative(const struct saved *saved,
                            const struct saved_row *row, enum figure_id id,
                            struct change_round *rounds)
{
    const struct saved_row *baseline = &saved->rows[row->baseline];
    size_t count = 0;
    if (!saved_has_figures(row) || !saved_has_figures(baseline))
        return 0;
    for (size_t i = 0; i < row->round_count && i < baseline->round_count; i++) {
        struct figure mine = relative_figure(&row->rounds[i], id);
        struct figure its = relative_figure(&baseline->rounds[i], id);
        if (mine.known && its.known && mine.value > 0 && its.value > 0)
            rounds[count++] = (struct change_round){mine.value, its.value};
    }
    return count;
}

/* Lists what the rounds of a row contribute to a figure. rounds has room for
 * all of them. */
static struct change_rounds list_rounds(const struct saved *saved,
                                        const struct saved_row *row, int figure,
                                        struct change_round *rounds)
{
    struct change_rounds listed = {rounds, 0};
    if (figure < CALLS) {
        listed.count =
            list_relative(saved, row, (enum figure_id)figure, rounds);
    } else if (saved_has_figures(row) && row->has_counts) {
        for (size_t i = 0; i < row->round_count; i++)
            rounds[i] = (struct change_round){
                row->rounds[i].calls[figure - CALLS], row->rounds[i].echoes};
        listed.count = row->round_count;
    }
    return listed;
}

/* The A/A control of a row: what the same server under two names came to. */
static struct estimate control_of(const struct saved *saved,
                                  const struct saved_row *row, int figure,
                                  struct change_round *rounds)
{
    const struct saved_row *control = &saved->rows[row->control];
    struct estimate estimate = {0};
    if (control->baseline == row->control)
        return estimate; /* it is no control: relative to itself */
    struct change_rounds listed = list_rounds(saved, control, figure, rounds);
    double *ratios = calloc(listed.count + 1, sizeof *ratios);
    if (ratios == NULL)
        return estimate;
    for (size_t i = 0; i < listed.count; i++)
        ratios[i] = figure_ratio(rounds[i].over, rounds[i].under).value;
    estimate = statistics_estimate(ratios, listed.count, (uint64_t)figure);
    free(ratios);
    return estimate;
}

/* Whether an echo now takes more calls of a kind, or fewer. */
static bool calls_differ(const struct change *change)
{
    struct estimate ratio = change->ratio;
    double grown = change->new_figure.value - change->old_figure.value;
    if (!change->old_figure.known || !change->new_figure.known ||
        (grown > -CALLS_WORTH && grown < CALLS_WORTH))
        return false;
    if (change->old_figure.value <= 0)
        return true; /* there were none at all */
    return ratio.has_interval && (ratio.low > 1 || ratio.high < 1);
}

/* Whether a change of a relative figure shows: not when its range contains 1,
 * and not when it lies within the noise floor of either run. */
static bool relative_differs(struct comparison *c, const struct pair *pair,
                             struct estimate ratio, int figure)
{
    struct estimate old_control =
        control_of(&c->olds, pair->old_row, figure, c->old_rounds);
    struct estimate new_control =
        control_of(&c->news, pair->new_row, figure, c->new_rounds);
    return statistics_differs(ratio, old_control) &&
           statistics_differs(ratio, new_control);
}

static const char *name_of_baseline(const struct saved *saved,
                                    const struct saved_row *row)
{
    return saved->rows[row->baseline].server;
}

/* Compares one server with itself. */
static void compare_rows(struct comparison *c, struct pair *pair)
{
    const struct saved_row *old_row = pair->old_row;
    const struct saved_row *new_row = pair->new_row;
    pair->is_baseline = &c->olds.rows[old_row->baseline] == old_row ||
                        &c->news.rows[new_row->baseline] == new_row;
    pair->is_control = &c->olds.rows[old_row->control] == old_row;
    pair->has_same_baseline = strcmp(name_of_baseline(&c->olds, old_row),
                                     name_of_baseline(&c->news, new_row)) == 0;
    for (int figure = 0; figure < FIGURES; figure++) {
        bool is_relative = figure < CALLS;
        struct change *change = &pair->changes[figure];
        struct change_rounds olds =
            list_rounds(&c->olds, old_row, figure, c->old_rounds);
        struct change_rounds news =
            list_rounds(&c->news, new_row, figure, c->new_rounds);
        if (is_relative && (pair->is_baseline || !pair->has_same_baseline))
            continue;
        *change = change_between(olds, news,
                                 is_relative ? CHANGE_MEDIAN : CHANGE_TOTAL,
                                 (uint64_t)figure);
        pair->differs[figure] =
            is_relative ? relative_differs(c, pair, change->ratio, figure)
                        : calls_differ(change);
    }
}

/* ---- texts --------------------------------------------------------------- */

/* Text from a report, safe for a terminal: printable ASCII, cut to width. */
static const char *clean(const char *text, char shown[120])
{
    size_t length = 0;
    for (; *text != '\0' && length < 119; text++)
        shown[length++] = *text >= ' ' && *text <= '~' ? *text : '?';
    shown[length] = '\0';
    return shown;
}

/* A member of the environment or the settings, in words. */
static void describe(const struct json_value *value, char shown[120])
{
    static const char *const words[] = {[JSON_NULL] = "n/a",
                                        [JSON_FALSE] = "no",
                                        [JSON_TRUE] = "yes",
                                        [JSON_NUMBER] = "",
                                        [JSON_TEXT] = "",
                                        [JSON_ARRAY] = "a list",
                                        [JSON_OBJECT] = "several figures"};
    if (value == NULL)
        snprintf(shown, 120, "not there");
    else if (value->kind == JSON_NUMBER)
        snprintf(shown, 120, "%.10g", value->number);
    else if (value->kind == JSON_TEXT)
        clean(value->text, shown);
    else
        snprintf(shown, 120, "%s", words[value->kind]);
}

/* Whether a member is no setting: it differs from run to run, or it is a
 * figure that follows from the rounds. */
static bool is_left_out(const char *key)
{
    static const char *const keys[] = {"seed", "noise_factor", "summary"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return false;
}

static void put_member(struct out *out, const char *label, const char *key,
                       const struct json_value *before,
                       const struct json_value *after)
{
    char name[120];
    char old_text[120];
    char new_text[120];
    describe(before, old_text);
    describe(after, new_text);
    if (is_left_out(key) || strcmp(old_text, new_text) == 0)
        return;
    out_printf(out, "%-*s%.60s differs\n", LABEL, label, clean(key, name));
    out_printf(out, "%*sold: %.80s\n", LABEL, "", old_text);
    out_printf(out, "%*snew: %.80s\n", LABEL, "", new_text);
}

/* A line or more for each member that differs. */
static void put_differences(struct out *out, const char *label,
                            const struct json_value *before,
                            const struct json_value *after)
{
    const struct json_value *member;
    if (before != NULL && before->kind == JSON_OBJECT)
        for (member = before->first; member != NULL; member = member->next)
            put_member(out, label, member->key, member,
                       json_member(after, member->key));
    if (after != NULL && after->kind == JSON_OBJECT)
        for (member = after->first; member != NULL; member = member->next)
            if (json_member(before, member->key) == NULL)
                put_member(out, label, member->key, NULL, member);
}

/* ---- the table ----------------------------------------------------------- */

/* Three significant digits in at most four characters. */
static void short_number(double value, char text[32])
{
    if (value > 9999)
        snprintf(text, 32, ">9k");
    else
        snprintf(text, 32, "%.*f",
                 value < 9.995   ? 2
                 : value < 99.95 ? 1
                                 : 0,
                 value);
}

static void put_number(struct out *out, int width, struct figure figure)
{
    char text[32] = "n/a";
    if (figure.known)
        short_number(figure.value, text);
    out_printf(out, "%*s", width, text);
}

/* "1.31-1.71" */
static void range_text(const struct estimate *ratio, char range[72])
{
    char low[32];
    char high[32];
    short_number(ratio->low, low);
    short_number(ratio->high, high);
    if (ratio->has_interval)
        snprintf(range, 72, "%s-%s", low, high);
    else
        snprintf(range, 72, "n/a");
}

/* What stands behind a change that is not to be ranked. */
static char mark_of(const struct pair *pair, int figure)
{
    if (pair->old_row->is_client_bound || pair->new_row->is_client_bound)
        return 'c';
    if (pair->differs[figure] || pair->is_control ||
        !pair->changes[figure].ratio.median.known)
        return ' ';
    return '=';
}

/* New / old, its mark and its range. */
static void put_change(struct out *out, const struct pair *pair, int figure)
{
    const struct estimate *ratio = &pair->changes[figure].ratio;
    char range[72];
    range_text(ratio, range);
    put_number(out, 8, ratio->median);
    out_printf(out, "%c%10s", mark_of(pair, figure), range);
}

/* One kind of calls that an echo needs more of, or fewer. */
static void put_calls(struct out *out, const struct pair *pair, int kind)
{
    const struct change *change = &pair->changes[CALLS + kind];
    char range[72];
    if (!pair->differs[CALLS + kind])
        return;
    out_printf(out, "%17s%s calls per echo: ", "",
               result_kind_name((enum result_kind)kind));
    put_number(out, 0, change->new_figure);
    out_printf(out, ", was ");
    put_number(out, 0, change->old_figure);
    if (change->ratio.has_interval) {
        range_text(&change->ratio, range);
        out_printf(out, "; x ");
        put_number(out, 0, change->ratio.median);
        out_printf(out, ", range %s", range);
    }
    out_printf(out, "\n");
}

/* Why there is nothing to compare; NULL: there is. */
static const char *why_not(const struct pair *pair)
{
    if (pair->new_row == NULL)
        return "not in the new report";
    if (pair->old_row == NULL)
        return "not in the old report";
    if (pair->old_row->failure == NULL && pair->old_row->round_count == 0)
        return "not measured in the old run";
    if (pair->new_row->failure == NULL && pair->new_row->round_count == 0)
        return "not measured in the new run";
    return NULL;
}

/* Whether the pair is a failure; if so, its row is written. */
static bool put_failure(struct out *out, const char *when,
                        const struct saved_row *row)
{
    char shown[120];
    if (row == NULL || row->failure == NULL)
        return false;
    out_printf(out, "failed in the %s run: %.57s\n", when,
               clean(row->failure, shown));
    return true;
}

/* Takes down what differs, a line each. */
static void sum_up(struct comparison *c, const char *title,
                   const struct pair *pair, const char *metric)
{
    const char *names[FIGURES] = {metric, "p50", "p99"};
    char shown[120];
    if (pair->is_control)
        return;
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        names[CALLS + kind] = result_kind_name((enum result_kind)kind);
    for (int figure = 0; figure < FIGURES; figure++) {
        const struct estimate *ratio = &pair->changes[figure].ratio;
        c->compared_count += ratio->has_interval;
        if (!pair->differs[figure] || mark_of(pair, figure) == 'c')
            continue;
        c->differing_count++;
        out_printf(&c->in_short, "%*s%.16s, ", LABEL, "",
                   clean(pair->new_row->server, shown));
        out_printf(&c->in_short, "%.50s: ", clean(title, shown));
        out_printf(&c->in_short, "%.10s x ", clean(names[figure], shown));
        put_number(&c->in_short, 0, ratio->median);
        out_printf(&c->in_short, "\n");
    }
}

static void put_figures(struct out *out, const struct pair *pair)
{
    if (pair->is_baseline) {
        out_printf(out, "the baseline: only its calls can be compared\n");
    } else if (!pair->has_same_baseline) {
        out_printf(out, "relative to another server than before: only its "
                        "calls can be compared\n");
    } else {
        put_number(out, 6, pair->changes[SCORE].old_figure);
        put_number(out, 6, pair->changes[SCORE].new_figure);
        for (int figure = SCORE; figure <= P99; figure++)
            put_change(out, pair, figure);
        out_printf(out, "\n");
    }
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++)
        put_calls(out, pair, kind);
}

/* One server in one block. */
static void put_server(struct comparison *c, const char *title,
                       const char *server, const char *metric)
{
    struct pair pair = {.old_row = saved_find(&c->olds, title, server),
                        .new_row = saved_find(&c->news, title, server)};
    char shown[120];
    const char *why = why_not(&pair);
    out_printf(c->out, "%-17.16s", clean(server, shown));
    if (put_failure(c->out, "old", pair.old_row) ||
        put_failure(c->out, "new", pair.new_row))
        return;
    if (why != NULL) {
        out_printf(c->out, "%s\n", why);
        return;
    }
    compare_rows(c, &pair);
    put_figures(c->out, &pair);
    sum_up(c, title, &pair, metric);
}

/* The noise floor of a run: of the first row that has a control. */
static void put_floor(struct comparison *c, const char *when,
                      const struct saved *saved, const char *title,
                      struct change_round *rounds)
{
    struct figure floor = {false, 0};
    for (size_t i = 0; i < saved->row_count && !floor.known; i++)
        if (strcmp(saved->rows[i].title, title) == 0)
            floor = statistics_floor(
                control_of(saved, &saved->rows[i], SCORE, rounds));
    if (floor.known)
        out_printf(c->out, "%s %.2f to %.2f", when, 1 / floor.value,
                   floor.value);
    else
        out_printf(c->out, "%s n/a", when);
}

static const struct saved_block *find_block(const struct saved *saved,
                                            const char *title)
{
    for (size_t i = 0; i < saved->block_count; i++)
        if (strcmp(saved->blocks[i].title, title) == 0)
            return &saved->blocks[i];
    return NULL;
}

/* All servers of a block: those of the old run, then those that are new. */
static void put_block(struct comparison *c, const char *title)
{
    const struct saved_block *before = find_block(&c->olds, title);
    const struct saved_block *after = find_block(&c->news, title);
    const struct saved_block *any = before != NULL ? before : after;
    char shown[120];
    out_printf(c->out, "\n%.96s\n", clean(title, shown));
    out_printf(c->out, "noise floor: ");
    put_floor(c, "old run", &c->olds, title, c->old_rounds);
    put_floor(c, "; new run", &c->news, title, c->new_rounds);
    out_printf(c->out, "\n");
    if (before != NULL && after != NULL)
        put_differences(c->out, "settings", before->settings, after->settings);
    for (size_t i = 0; i < c->olds.row_count; i++)
        if (strcmp(c->olds.rows[i].title, title) == 0)
            put_server(c, title, c->olds.rows[i].server, any->metric);
    for (size_t i = 0; i < c->news.row_count; i++)
        if (strcmp(c->news.rows[i].title, title) == 0 &&
            saved_find(&c->olds, title, c->news.rows[i].server) == NULL)
            put_server(c, title, c->news.rows[i].server, any->metric);
}

/* ---- the whole ----------------------------------------------------------- */

static void put_head(struct comparison *c,
                     const struct compare_input *old_input,
                     const struct compare_input *new_input)
{
    char shown[120];
    size_t bytes = 0;
    out_printf(c->out, "%-*s%.88s\n", LABEL, "old",
               clean(old_input->name, shown));
    out_printf(c->out, "%-*s%.88s\n", LABEL, "new",
               clean(new_input->name, shown));
    bytes = c->out->bytes;
    put_differences(c->out, "system", c->olds.environment, c->news.environment);
    if (c->out->bytes == bytes)
        out_printf(c->out, "%-*sthe same\n", LABEL, "system");
    bytes = c->out->bytes;
    put_differences(c->out, "settings", c->olds.settings, c->news.settings);
    if (c->out->bytes == bytes)
        out_printf(c->out, "%-*sthe same\n", LABEL, "settings");
    if (c->olds.interrupted)
        out_printf(c->out, "%-*sthe old run: its rounds until Ctrl+C\n", LABEL,
                   "STOPPED");
    if (c->news.interrupted)
        out_printf(c->out, "%-*sthe new run: its rounds until Ctrl+C\n", LABEL,
                   "STOPPED");
    out_printf(c->out, "\n%48s%19s%19s\n%-17s%6s%6s%8s %10s%8s %10s%8s %10s\n",
               "score, relative to the baseline", "p50, relative",
               "p99, relative", "server", "old", "new", "new/old", "95 % range",
               "new/old", "95 % range", "new/old", "95 % range");
}

static void put_legend(struct comparison *c)
{
    out_printf(c->out, "\n%-*s", LABEL, "in short");
    if (c->compared_count == 0)
        out_printf(c->out, "there was nothing to compare\n");
    else if (c->differing_count == 0)
        out_printf(c->out, "no difference shown in any of %d figures\n",
                   c->compared_count);
    else
        out_printf(c->out, "%d of %d figures differ\n", c->differing_count,
                   c->compared_count);
    out_printf(c->out, "%s", c->in_short.text != NULL ? c->in_short.text : "");
    out_printf(
        c->out,
        "\n"
        "score      echoes/s, or the unit of the block, relative to the "
        "baseline of the same run, round by\n"
        "           round; p50 and p99 likewise. new/old: the medians of both "
        "runs, with a bootstrap range\n"
        "=          no difference shown: the range contains 1, or new/old "
        "lies within the noise floor of one\n"
        "           of the runs, which is what the same server under two "
        "names came to\n"
        "c          client-bound in one of the runs: no rank\n"
        "calls      only the kinds are listed of which an echo now needs more "
        "or fewer, by 0.01 at least\n"
        "chance     1 range in 20 misses. A server that you did not change "
        "and that differs here shows what\n"
        "           two runs differ by. Run both again before you believe a "
        "small difference\n");
}

/* Room for the rounds of any row. */
static struct change_round *make_rounds(const struct saved *saved)
{
    size_t most = 1;
    for (size_t i = 0; i < saved->row_count; i++)
        if (saved->rows[i].round_count > most)
            most = saved->rows[i].round_count;
    return calloc(most, sizeof(struct change_round));
}

static void put_all(struct comparison *c, const struct compare_input *old_input,
                    const struct compare_input *new_input)
{
    put_head(c, old_input, new_input);
    for (size_t i = 0; i < c->olds.block_count; i++)
        put_block(c, c->olds.blocks[i].title);
    for (size_t i = 0; i < c->news.block_count; i++)
        if (find_block(&c->olds, c->news.blocks[i].title) == NULL)
            put_block(c, c->news.blocks[i].title);
    put_legend(c);
}

/* Reads one of the two. */
static bool read_input(struct saved *saved, const struct compare_input *input,
                       char *message, size_t message_bytes)
{
    char wrong[240];
    char shown[120];
    if (saved_read(saved, input->text, input->bytes, wrong, sizeof wrong))
        return true;
    snprintf(message, message_bytes, "%s %s", clean(input->name, shown), wrong);
    return false;
}

bool compare_reports(struct out *out, const struct compare_input *old_input,
                     const struct compare_input *new_input, char *message,
                     size_t message_bytes)
{
    struct comparison c = {.out = out};
    message[0] = '\0';
    bool is_read = read_input(&c.olds, old_input, message, message_bytes) &&
                   read_input(&c.news, new_input, message, message_bytes);
    if (is_read) {
        c.old_rounds = make_rounds(&c.olds);
        c.new_rounds = make_rounds(&c.news);
        if (c.old_rounds != NULL && c.new_rounds != NULL)
            put_all(&c, old_input, new_input);
        else
            out->is_incomplete = true;
    }
    free(c.in_short.text);
    free(c.new_rounds);
    free(c.old_rounds);
    saved_free(&c.news);
    saved_free(&c.olds);
    return is_read;
}
