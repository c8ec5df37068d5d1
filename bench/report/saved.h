/* saved.h: a run as its JSON report tells it: the raw rounds, and what is
 * needed to compute from them again. See json.h for the format. Pure. */
#ifndef REPORT_SAVED_H
#define REPORT_SAVED_H

#include <stdbool.h>
#include <stddef.h>

#include "json_read.h"
#include "result.h"

/* Texts are owned by the struct saved that they belong to. */

struct saved_block {
    const char *title;       /* "pingpong, 16 connections, 64 bytes" */
    const char *relative_to; /* "01" */
    const char *metric;      /* "echoes/s": the unit of a score */
    const struct json_value *settings; /* all members of the block */
};

struct saved_round {
    double echoes;
    struct figure score;  /* in the unit of the block, or in proportion to it */
    struct figure p50_ns; /* of this round's latencies */
    struct figure p99_ns;
    double calls[RESULT_KIND_COUNT]; /* all outcomes; 0 without counters */
};

struct saved_row {
    size_t block;      /* index */
    const char *title; /* the block's */
    const char *server;
    const char *failure; /* why it has no figures; NULL: it did not fail */
    size_t baseline;     /* index of a row; may be its own */
    size_t control;      /* index of a row; may be its own */
    bool has_counts;     /* calls were counted in every round */
    bool is_client_bound;
    struct saved_round *rounds;
    size_t round_count;
};

struct saved {
    struct json json;
    const struct json_value *environment;
    const struct json_value *settings;
    bool interrupted;
    struct saved_block *blocks;
    size_t block_count;
    struct saved_row *rows;
    size_t row_count;
};

/* Reads a report. False: message says in one line why it is none. In both
 * cases the caller calls saved_free(). */
bool saved_read(struct saved *saved, const char *text, size_t bytes,
                char *message, size_t message_bytes);

/* Frees everything; saved may be all zero. */
void saved_free(struct saved *saved);

/* Whether a row was measured: it did not fail, and has a round. */
bool saved_has_figures(const struct saved_row *row);

/* The row of a server in the block of that title; NULL: there is none. */
const struct saved_row *saved_find(const struct saved *saved, const char *title,
                                   const char *server);

#endif
