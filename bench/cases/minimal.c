/* What each program of one page must be able to do, minimal.c and those in
 * forms/, and what it must not: that is what server.c is for. One that suddenly
 * can has become something else, or its case shows nothing. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* Of each chapter its minimal.c, then the programs in forms/; as below. */
enum {
    M01 = 1,
    M02 = 2,
    M03 = 4,
    M04 = 8,
    M05 = 16,
    SPIN = 32,
    EVENT = 64,
    ASYNC = 128,
    TURN = 256,
    TWO = 512,
    POOL = 1024,
    ALL = 2047
};

static const char *const programs[] = {
    "01_blocking minimal",
    "02_nonblocking minimal",
    "03_overlapped_event minimal",
    "04_overlapped_apc minimal",
    "05_iocp minimal",
    "02_nonblocking spin",
    "02_nonblocking wsaeventselect",
    "02_nonblocking wsaasyncselect",
    "04_overlapped_apc accept_in_turn",
    "05_iocp two_structures",
    "05_iocp threadpool_io",
};

int minimal_program(const char *server, const char *program)
{
    char name[80];
    snprintf(name, sizeof name, "%.40s %.30s", server, program);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (strcmp(name, programs[i]) == 0)
            return 1 << i;
    return 0;
}

const struct minimal_row minimal_rows[] = {
    {"ready", ALL, NULL, NULL},
    {"bad_args", ALL, NULL, NULL},
    {"port_in_use", ALL, NULL, NULL},
    {"one_byte", ALL, NULL, NULL},
    {"binary", ALL, NULL, NULL},
    {"sizes", ALL, NULL, NULL},
    {"dribble", ALL, NULL, NULL},
    {"pipelined", ALL, NULL, NULL},
    {"halfclose_small", ALL, NULL, NULL},
    {"halfclose_empty", ALL, NULL, NULL},
    {"halfclose_large", ALL, NULL, NULL},
    {"rst_alone", ALL, NULL, NULL},
    {"rst_idle", ALL, NULL, NULL},
    {"rst_mid_echo", ALL, NULL, NULL},
    {"rst_after_halfclose", ALL, NULL, NULL},
    {"close_unread", ALL, NULL, NULL},
    {"never_reader", ALL, NULL, NULL},
    {"several", ALL, NULL, NULL},
    {"compaction", ALL, NULL, NULL},
    {"churn_100", ALL, NULL, NULL},
    {"fair_16", M04 | M05 | SPIN | EVENT | ASYNC | TURN | TWO | POOL, NULL,
     NULL},
    {"fair_16", M03, "the lowest event that is signaled comes first",
     "equal shares"},
    {"short_at_n", ALL, NULL, NULL},
    {"fault_at_n", M03 | M04 | M05 | TURN | TWO | POOL, NULL, NULL},
    {"boundary", ALL & ~(M02 | M03 | EVENT), NULL, NULL},
    {"boundary", M02, "an fd_set holds 64 sockets", "connection 6"},
    {"boundary", M03 | EVENT, "one wait takes 64 events", "connection 6"},
    {"stop_idle", ALL, "does not stop on the stop event with a ledger",
     "expected the server to stop"},
    {NULL, 0, NULL, NULL}};

const struct minimal_row *minimal_find(const char *name, int program)
{
    for (const struct minimal_row *row = minimal_rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0 && (row->programs & program) != 0)
            return row;
    return NULL;
}

void minimal_judge(struct check *c, const struct minimal_row *row)
{
    char seen[sizeof c->failure];
    if (row->reason == NULL || c->skipped)
        return;
    snprintf(seen, sizeof seen, "%s", c->failure);
    if (!c->failed) {
        c->failed = true;
        snprintf(c->failure, sizeof c->failure,
                 "expected to fail: %s; but passed", row->reason);
    } else if (strstr(seen, row->failure) == NULL) {
        snprintf(c->failure, sizeof c->failure,
                 "expected to fail: %s; but failed for another reason: %.700s",
                 row->reason, seen);
    } else {
        c->failed = false;
        snprintf(c->note, sizeof c->note, "fails as expected: %s", row->reason);
    }
}
