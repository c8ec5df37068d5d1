/* json_read.h: reads a JSON text (RFC 8259) into a tree, strictly.
 *
 * Stricter than the RFC demands, because what `bench compare` reads was written
 * by a program: a member that occurs twice in one object is refused, and so is
 * \u0000, a number beyond the range of double, text that is not UTF-8, and
 * anything larger than the bounds below. Nothing is recursive, so no text can
 * exhaust the stack.
 *
 * Pure: no files, no Windows. */
#ifndef REPORT_JSON_READ_H
#define REPORT_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "../harness/statistics.h"

enum {
    JSON_DEPTH_AT_MOST = 32,          /* arrays and objects in each other */
    JSON_MEMBERS_AT_MOST = 500,       /* of one object */
    JSON_VALUES_AT_MOST = 4000 * 1000 /* in one text: 200 MB in memory */
};

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_kind kind;
    const char *key;                /* of a member of an object; else NULL */
    const char *text;               /* JSON_TEXT: UTF-8, terminated */
    double number;                  /* JSON_NUMBER: finite */
    const struct json_value *first; /* JSON_ARRAY, JSON_OBJECT: NULL if empty */
    const struct json_value *next;  /* in the same array or object; or NULL */
};

struct json_chunk;

/* A whole text. The values live until json_free(). */
struct json {
    const struct json_value *root; /* NULL: it was not read */
    struct json_chunk *chunks;     /* where the values are */
    size_t value_count;
    char *texts; /* where the texts and the keys are */
};

/* Reads bytes of text, which need no terminating zero and are not kept. False:
 * message (message_bytes long, always terminated) says in one line of printable
 * ASCII what is wrong, and at which offset in bytes from 0. In both cases the
 * caller calls json_free(). */
bool json_read(struct json *json, const char *text, size_t bytes, char *message,
               size_t message_bytes);

/* Frees everything; json may be all zero. */
void json_free(struct json *json);

/* The functions below take NULL for a value that is not there. */

/* The member of an object; NULL when there is none, or it is no object. */
const struct json_value *json_member(const struct json_value *object,
                                     const char *key);

/* How many values an array or object holds; 0 for every other value. */
size_t json_count(const struct json_value *container);

/* The text of a JSON_TEXT; NULL for every other value. */
const char *json_text(const struct json_value *value);

/* The number of a JSON_NUMBER; not known for every other value. */
struct figure json_figure(const struct json_value *value);

#endif
