/* expected.h: what is expected of the five servers on Windows, where nothing
 * has run yet, and what a run came to. Pure. */
#ifndef RESULT_EXPECTED_H
#define RESULT_EXPECTED_H

#include "result.h"

/* Before these stand the kinds of calls, for one echo. */
enum expected_what {
    EXPECTED_CALLS = OBSERVE_KIND_COUNT, /* all of them */
    EXPECTED_THREADS, /* what each of many idle connections adds */
    EXPECTED_HANDLES,
    EXPECTED_KB,
    EXPECTED_WALL, /* how many idle connections are served, if not all */
    EXPECTED_COUNT
};

struct expected {
    int model; /* 1 to 5 */
    int what;
    double lowest; /* -INFINITY, INFINITY: no bound; a wall at INFINITY: none */
    double highest;
    const char *source; /* a page of Microsoft's, or what decides it here */
};

extern const struct expected expected_rows[];
extern const int expected_row_count;

/* "sends for an echo", "KB of an idle connection". */
const char *expected_words(const struct expected *expected);

/* "2", "1 to 2.03", "at least 1", "at most 24", "none". */
void expected_text(const struct expected *expected, char text[24]);

/* What a run came to; not known if it did not look. */
struct figure expected_came(const struct result *result,
                            const struct expected *expected);

bool expected_differs(const struct expected *expected, double came);

#endif
