/* fuzz.h: what the fuzz targets share. Each target is a program of its own:
 * libFuzzer calls it with bytes of its choice, and the sanitizers, or
 * FUZZ_CHECK(), end it when something is wrong. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Always 0. */
/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program, which makes libFuzzer save the input. */
#define FUZZ_CHECK(rule) fuzz_check((rule) ? 1 : 0, #rule, __FILE__, __LINE__)

static inline void fuzz_check(int holds, const char *rule, const char *file,
                              int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, rule);
    abort();
}

/* Whether a text is one line of printable ASCII, and not empty. */
static inline int fuzz_is_line(const char *text)
{
    const char *at = text;
    while (*at >= ' ' && *at <= '~')
        at++;
    return at > text && *at == '\0';
}

#endif
