#include "saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_AT_MOST = 4000, BLOCKS_AT_MOST = 1000, ROUNDS_AT_MOST = 1000 };

/* Where a message goes. */
struct complaint {
    char *message;
    size_t message_bytes;
};

/* Says what is missing or wrong, in a report that is valid JSON. which is a
 * block or row, counted from 0. Returns false. */
static bool fail(const struct complaint *c, const char *what, size_t which,
                 const char *member)
{
    snprintf(c->message, c->message_bytes,
             "is no report of bench: %s %zu has no proper \"%s\"", what, which,
             member);
    return false;
}

/* The same for a member of the whole report. */
static bool fail_without(const struct complaint *c, const char *member)
{
    snprintf(c->message, c->message_bytes,
             "is no report of bench: it has no proper \"%s\"", member);
    return false;
}

static bool fail_memory(const struct complaint *c)
{
    snprintf(c->message, c->message_bytes, "takes more memory than there is");
    return false;
}

/* A whole number below bound. */
static bool read_index(const struct json_value *value, size_t bound,
                       size_t *index)
{
    struct figure figure = json_figure(value);
    if (!figure.known || figure.value < 0 || figure.value > ROWS_AT_MOST)
        return false;
    *index = (size_t)figure.value;
    return *index < bound;
}

/* A number that counts something. */
static bool read_count(const struct json_value *value, double *count)
{
    struct figure figure = json_figure(value);
    *count = figure.value;
    return figure.known && figure.value >= 0;
}

static bool is_array(const struct json_value *value, size_t count_at_most)
{
    return value != NULL && value->kind == JSON_ARRAY &&
           json_count(value) <= count_at_most;
}

static bool is_true(const struct json_value *value)
{
    return value != NULL && value->kind == JSON_TRUE;
}

/* ---- rounds -------------------------------------------------------------- */

/* Sums the outcomes of each kind of calls. */
static bool read_calls(const struct json_value *calls,
                       struct saved_round *round)
{
    for (int kind = 0; kind < RESULT_KIND_COUNT; kind++) {
        const struct json_value *outcomes =
            json_member(calls, result_kind_name((enum result_kind)kind));
        if (!is_array(outcomes, RESULT_OUTCOME_COUNT))
            return false;
        for (const struct json_value *outcome = outcomes->first;
             outcome != NULL; outcome = outcome->next) {
            double count = 0;
            if (!read_count(outcome, &count))
                return false;
            round->calls[kind] += count;
        }
    }
    return true;
}

/* The score in the unit of the block, but for a constant factor. */
static struct figure score_of(const struct json_value *from,
                              const struct saved_round *round,
                              const char *metric, double elapsed_ns)
{
    double bytes = 0;
    if (strcmp(metric, result_unit(RESULT_MEDIAN_LATENCY)) == 0)
        return round->p50_ns;
    if (strcmp(metric, result_unit(RESULT_BYTE_RATE)) != 0)
        return figure_ratio(round->echoes * 1e9, elapsed_ns);
    if (!read_count(json_member(from, "bytes"), &bytes))
        return (struct figure){false, 0};
    return figure_ratio(bytes * 1000, elapsed_ns);
}

/* Returns NULL, or the name of the member that is wrong. */
static const char *read_round(const struct json_value *from,
                              struct saved_round *round, const char *metric,
                              bool *has_counts)
{
    double elapsed_ns = 0;
    const struct json_value *calls = json_member(from, "calls");
    if (!read_count(json_member(from, "echoes"), &round->echoes))
        return "echoes";
    if (!read_count(json_member(from, "elapsed_ns"), &elapsed_ns))
        return "elapsed_ns";
    round->p50_ns = json_figure(json_member(from, "p50_ns"));
    round->p99_ns = json_figure(json_member(from, "p99_ns"));
    round->score = score_of(from, round, metric, elapsed_ns);
    if (calls == NULL || calls->kind == JSON_NULL)
        *has_counts = false;
    else if (!read_calls(calls, round))
        return "calls";
    return NULL;
}

static bool read_rounds(struct saved *saved, const struct complaint *c,
                        const struct json_value *rounds, struct saved_row *row)
{
    size_t count = json_count(rounds);
    const char *metric = saved->blocks[row->block].metric;
    struct saved_round *made = calloc(count + 1, sizeof *made);
    if (made == NULL)
        return fail_memory(c);
    row->rounds = made;
    row->has_counts = count > 0;
    for (const struct json_value *from = rounds->first; from != NULL;
         from = from->next) {
        const char *wrong = read_round(from, &row->rounds[row->round_count],
                                       metric, &row->has_counts);
        if (wrong != NULL) {
            snprintf(c->message, c->message_bytes,
                     "is no report of bench: round %zu of row %zu has no "
                     "proper \"%s\"",
                     row->round_count, (size_t)(row - saved->rows), wrong);
            return false;
        }
        row->round_count++;
    }
    return true;
}

/* ---- rows and blocks ----------------------------------------------------- */

static bool read_row(struct saved *saved, const struct complaint *c,
                     const struct json_value *from, size_t row_total)
{
    size_t index = saved->row_count++;
    struct saved_row *row = &saved->rows[index];
    const struct json_value *rounds = json_member(from, "rounds");
    const struct json_value *figures = json_member(from, "figures");
    if (!read_index(json_member(from, "block"), saved->block_count,
                    &row->block))
        return fail(c, "row", index, "block");
    row->title = saved->blocks[row->block].title;
    row->server = json_text(json_member(from, "server"));
    if (row->server == NULL || row->title == NULL)
        return fail(c, "row", index, "server");
    if (!read_index(json_member(from, "baseline"), row_total, &row->baseline))
        return fail(c, "row", index, "baseline");
    if (!read_index(json_member(from, "control"), row_total, &row->control))
        return fail(c, "row", index, "control");
    if (!is_array(rounds, ROUNDS_AT_MOST))
        return fail(c, "row", index, "rounds");
    row->failure = json_text(json_member(from, "failure"));
    row->is_client_bound = is_true(json_member(figures, "is_client_bound"));
    return read_rounds(saved, c, rounds, row);
}

/* A row is found by its block and server: none may be there twice. */
static bool check_rows(const struct saved *saved, const struct complaint *c)
{
    for (size_t i = 0; i < saved->row_count; i++) {
        const struct saved_row *row = &saved->rows[i];
        if (saved_find(saved, row->title, row->server) != row) {
            snprintf(c->message, c->message_bytes,
                     "is no report of bench: row %zu was there before", i);
            return false;
        }
    }
    return true;
}

static bool read_rows(struct saved *saved, const struct complaint *c,
                      const struct json_value *rows)
{
    if (!is_array(rows, ROWS_AT_MOST))
        return fail_without(c, "rows");
    size_t row_total = json_count(rows);
    struct saved_row *made = calloc(row_total + 1, sizeof *made);
    if (made == NULL)
        return fail_memory(c);
    saved->rows = made;
    for (const struct json_value *from = rows->first; from != NULL;
         from = from->next)
        if (!read_row(saved, c, from, row_total))
            return false;
    return check_rows(saved, c);
}

static bool read_blocks(struct saved *saved, const struct complaint *c,
                        const struct json_value *blocks)
{
    if (!is_array(blocks, BLOCKS_AT_MOST))
        return fail_without(c, "blocks");
    struct saved_block *made = calloc(json_count(blocks) + 1, sizeof *made);
    if (made == NULL)
        return fail_memory(c);
    saved->blocks = made;
    for (const struct json_value *from = blocks->first; from != NULL;
         from = from->next) {
        struct saved_block *block = &saved->blocks[saved->block_count];
        block->settings = from;
        block->title = json_text(json_member(from, "title"));
        block->relative_to = json_text(json_member(from, "relative_to"));
        block->metric = json_text(json_member(from, "metric"));
        if (block->title == NULL)
            return fail(c, "block", saved->block_count, "title");
        if (block->relative_to == NULL)
            return fail(c, "block", saved->block_count, "relative_to");
        if (block->metric == NULL)
            return fail(c, "block", saved->block_count, "metric");
        saved->block_count++;
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------- */

bool saved_read(struct saved *saved, const char *text, size_t bytes,
                char *message, size_t message_bytes)
{
    const struct complaint c = {message, message_bytes};
    char wrong[160];
    *saved = (struct saved){0};
    message[0] = '\0';
    if (!json_read(&saved->json, text, bytes, wrong, sizeof wrong)) {
        snprintf(message, message_bytes, "is no JSON: %s", wrong);
        return false;
    }
    const struct json_value *root = saved->json.root;
    const char *format = json_text(json_member(root, "format"));
    struct figure version = json_figure(json_member(root, "format_version"));
    if (format == NULL || strcmp(format, "echo-bench") != 0)
        return fail_without(&c, "format");
    if (!version.known || version.value < 1 || version.value >= 2) {
        snprintf(message, message_bytes,
                 "is a report of another bench: this one reads version 1");
        return false;
    }
    saved->environment = json_member(root, "environment");
    saved->settings = json_member(root, "settings");
    saved->interrupted = is_true(json_member(root, "interrupted"));
    return read_blocks(saved, &c, json_member(root, "blocks")) &&
           read_rows(saved, &c, json_member(root, "rows"));
}

void saved_free(struct saved *saved)
{
    for (size_t i = 0; i < saved->row_count; i++)
        free(saved->rows[i].rounds);
    free(saved->rows);
    free(saved->blocks);
    json_free(&saved->json);
    *saved = (struct saved){0};
}

bool saved_has_figures(const struct saved_row *row)
{
    return row->failure == NULL && row->round_count > 0;
}

const struct saved_row *saved_find(const struct saved *saved, const char *title,
                                   const char *server)
{
    for (size_t i = 0; i < saved->row_count; i++) {
        const struct saved_row *row = &saved->rows[i];
        /* No row is kept without a server and a title: see read_row(). */
        /* NOLINTNEXTLINE(clang-analyzer-unix.cstring.NullArg): as said */
        if (strcmp(row->server, server) == 0 && strcmp(row->title, title) == 0)
            return row;
    }
    return NULL;
}
