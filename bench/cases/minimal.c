/* What each chapter's minimal.c must be able to do, and what it must not: that
 * is what its server.c is for. One that suddenly can has become something else,
 * or its case shows nothing. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

enum { C01 = 1, C02 = 2, C03 = 4, C04 = 8, C05 = 16, ALL = 31 };

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
    {"fair_16", C04 | C05, NULL, NULL},
    {"fair_16", C03, "the lowest event that is signaled comes first",
     "equal shares"},
    {"boundary", ALL & ~(C02 | C03), NULL, NULL},
    {"boundary", C02, "an fd_set holds 64 sockets", "connection 6"},
    {"boundary", C03, "one wait takes 64 events", "connection 6"},
    {"stop_idle", ALL, "does not stop on the stop event with a ledger",
     "expected the server to stop"},
    {NULL, 0, NULL, NULL}};

const struct minimal_row *minimal_find(const char *name, int chapter)
{
    for (const struct minimal_row *row = minimal_rows; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0 &&
            (row->chapters >> (chapter - 1) & 1) != 0)
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
