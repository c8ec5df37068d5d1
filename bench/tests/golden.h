/* golden.h: compares what a writer wrote with a golden text that someone has
 * looked at and kept. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Reads a whole file, without carriage returns. free() it. Ends the program
 * when it cannot be read. */
static inline char *golden_read(const char *path)
{
    enum { BYTES_AT_MOST = 4 << 20 };
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, BYTES_AT_MOST + 1);
    if (file == NULL || text == NULL) {
        printf("cannot read %s\n", path);
        exit(1);
    }
    size_t bytes = fread(text, 1, BYTES_AT_MOST, file);
    fclose(file);
    size_t kept = 0;
    for (size_t i = 0; i < bytes; i++)
        if (text[i] != '\r')
            text[kept++] = text[i];
    text[kept] = '\0';
    return text;
}

/* Checks that both texts are the same; prints the first line that differs. */
static inline void golden_check(const char *path, const char *text)
{
    char *golden = golden_read(path);
    size_t same = 0;
    while (text[same] != '\0' && text[same] == golden[same])
        same++;
    if (!CHECK(text[same] == golden[same])) {
        while (same > 0 && text[same - 1] != '\n')
            same--;
        printf("%s\nwritten: %.*s\ngolden:  %.*s\n", path,
               (int)strcspn(text + same, "\n"), text + same,
               (int)strcspn(golden + same, "\n"), golden + same);
    }
    free(golden);
}

#endif
