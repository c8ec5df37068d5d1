/* pool.h: the server processes of a block. They are started when they are first
 * needed and stay up, so that every server is there while any is measured. */
#ifndef HARNESS_POOL_H
#define HARNESS_POOL_H

#include <stdbool.h>

#include "process.h"

enum { POOL_AT_MOST = 64, POOL_FAILURE_BYTES = 240 };

enum pool_kind {
    POOL_SERVER, /* keeps to the contract of design.md */
    POOL_PEER    /* anybody's: its command has "{port}" in it */
};

struct pool_server {
    enum pool_kind kind;
    char program[PATH_BYTES + 64]; /* POOL_PEER: the whole command */
    char arguments[160];
    int instance; /* tells apart processes of the same program */
    struct process process;
    bool is_prepared; /* process_free() is due */
    bool is_running;
    char failure[POOL_FAILURE_BYTES]; /* why it takes no part any more */
};

struct pool {
    struct pool_server servers[POOL_AT_MOST];
    int count;
};

/* The index of a server of that kind, program, arguments and instance; added
 * when there is none. -1: too many. Starts nothing. */
int pool_add(struct pool *pool, enum pool_kind kind, const char *program,
             const char *arguments, int instance);

/* Starts it unless it runs or has failed. False: failure says why. */
bool pool_start(struct pool_server *server);

/* Whether a server that has failed is still there; what it last said is put
 * behind why, which is at most why_bytes long. */
void pool_explain(struct pool_server *server, const char *load_failure,
                  char *why, size_t why_bytes);

/* Asks all to stop, waits, frees. is_hurried: ends them at once. Returns whether
 * all ended as they should; says on stderr which did not. */
bool pool_stop(struct pool *pool, bool is_hurried);

#endif
