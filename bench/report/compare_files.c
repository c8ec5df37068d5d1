#include "compare_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

enum {
    FILE_BYTES_AT_MOST = 256 << 20, /* 1,000 times a usual report */
    CHUNK_BYTES = 64 << 10
};

/* Appends a whole stream to what has been read. Returns NULL or what went
 * wrong. */
static const char *read_stream(FILE *stream, char **text, size_t *bytes)
{
    size_t capacity = 0;
    for (;;) {
        if (*bytes == capacity) {
            capacity = capacity * 2 + CHUNK_BYTES;
            char *grown = realloc(*text, capacity);
            if (grown == NULL)
                return "not enough memory";
            *text = grown;
        }
        size_t taken = fread(*text + *bytes, 1, capacity - *bytes, stream);
        *bytes += taken;
        if (taken == 0)
            return ferror(stream) ? "it cannot be read" : NULL;
        if (*bytes > FILE_BYTES_AT_MOST)
            return "it is larger than 256 MiB";
    }
}

/* Reads a file into *text, which the caller frees. False: a line on stderr
 * says why. */
static bool read_file(const char *path, char **text, size_t *bytes)
{
    errno = 0;
    FILE *stream = fopen(path, "rb");
    const char *wrong = NULL;
    if (stream == NULL)
        wrong = errno != 0 ? strerror(errno) : "it cannot be opened";
    else
        wrong = read_stream(stream, text, bytes);
    if (stream != NULL)
        fclose(stream);
    if (wrong != NULL)
        fprintf(stderr, "bench: %s: %s\n", path, wrong);
    return wrong == NULL;
}

int compare_files(const char *old_path, const char *new_path)
{
    enum { COMPARED = 0, WRONG = 2 };
    char *old_text = NULL;
    char *new_text = NULL;
    struct compare_input olds = {.name = old_path};
    struct compare_input news = {.name = new_path};
    struct out out = {0};
    char message[400] = "";
    int status = WRONG;
    if (read_file(old_path, &old_text, &olds.bytes) &&
        read_file(new_path, &new_text, &news.bytes)) {
        olds.text = old_text;
        news.text = new_text;
        if (compare_reports(&out, &olds, &news, message, sizeof message))
            status = COMPARED;
        else
            fprintf(stderr, "bench: %s\n", message);
    }
    if (out.text != NULL)
        fputs(out.text, stdout);
    if (out.is_incomplete)
        printf("(not enough memory for the rest)\n");
    free(out.text);
    free(new_text);
    free(old_text);
    return status;
}
