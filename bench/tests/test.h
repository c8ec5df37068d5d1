/* test.h: what the native unit tests share. A test program checks, goes on
 * after a failure, and ends with "N passed, N failed" and status 0 or 1. */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <stdbool.h>
#include <stdio.h>

static int passed_count;
static int failed_count;

/* Counts one check; prints what failed and where. */
#define CHECK(rule) check((rule), #rule, __FILE__, __LINE__)

static inline bool check(bool holds, const char *rule, const char *file,
                         int line)
{
    if (holds)
        passed_count++;
    else
        failed_count++;
    if (!holds)
        printf("%s:%d: does not hold: %s\n", file, line, rule);
    return holds;
}

/* The exit status for main(). */
static inline int summary(void)
{
    printf("%d passed, %d failed\n", passed_count, failed_count);
    return failed_count > 0;
}

#endif
