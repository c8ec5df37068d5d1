#include "json_read.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_VALUES = 256 };

/* Values never move, so that they can point at each other. */
struct json_chunk {
    struct json_chunk *older;
    size_t used;
    struct json_value values[CHUNK_VALUES];
};

/* An array or object that has begun and not ended. */
struct level {
    struct json_value *container;
    struct json_value *last; /* the last value in it; NULL: still empty */
    int member_count;
};

struct reader {
    struct json *json;
    const char *text;
    size_t bytes;
    size_t at;       /* offset of the next byte */
    size_t texts_at; /* offset in json->texts */
    struct level levels[JSON_DEPTH_AT_MOST];
    int depth;
    char *message;
    size_t message_bytes;
};

/* ---- errors -------------------------------------------------------------- */

/* Says what is wrong at an offset. Returns false. */
static bool fail_at(struct reader *r, size_t offset, const char *what)
{
    snprintf(r->message, r->message_bytes, "offset %zu: %s", offset, what);
    return false;
}

/* Says what should have been here, and what is. Returns false. */
static bool fail_expecting(struct reader *r, const char *expected)
{
    char what[120];
    unsigned char byte = r->at < r->bytes ? (unsigned char)r->text[r->at] : 0;
    if (r->at == r->bytes)
        snprintf(what, sizeof what, "the text ends, expected %s", expected);
    else if (byte > ' ' && byte < 0x7F)
        snprintf(what, sizeof what, "'%c', expected %s", byte, expected);
    else
        snprintf(what, sizeof what, "byte 0x%02X, expected %s", byte, expected);
    return fail_at(r, r->at, what);
}

/* ---- bytes --------------------------------------------------------------- */

static bool is_next(const struct reader *r, char byte)
{
    return r->at < r->bytes && r->text[r->at] == byte;
}

static bool is_digit_next(const struct reader *r)
{
    return r->at < r->bytes && r->text[r->at] >= '0' && r->text[r->at] <= '9';
}

/* Skips the byte if it is the next one. */
static bool skip(struct reader *r, char byte)
{
    bool is_there = is_next(r, byte);
    r->at += is_there;
    return is_there;
}

static void skip_blanks(struct reader *r)
{
    while (is_next(r, ' ') || is_next(r, '\n') || is_next(r, '\r') ||
           is_next(r, '\t'))
        r->at++;
}

/* ---- texts --------------------------------------------------------------- */

/* Keeps one byte. There is always room: no escape is shorter than what it
 * stands for, and the two quotes make room for the terminating zero. */
static void keep(struct reader *r, unsigned byte)
{
    r->json->texts[r->texts_at++] = (char)byte;
}

static void keep_code_point(struct reader *r, unsigned code)
{
    if (code < 0x80) {
        keep(r, code);
        return;
    }
    if (code < 0x800) {
        keep(r, 0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            keep(r, 0xE0 | code >> 12);
        } else {
            keep(r, 0xF0 | code >> 18);
            keep(r, 0x80 | (code >> 12 & 0x3F));
        }
        keep(r, 0x80 | (code >> 6 & 0x3F));
    }
    keep(r, 0x80 | (code & 0x3F));
}

/* Reads the four digits of \uXXXX. */
static bool read_hex(struct reader *r, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *found = NULL;
        if (r->at < r->bytes && r->text[r->at] != '\0')
            found = strchr(digits, r->text[r->at]);
        if (found == NULL)
            return fail_expecting(r, "four hexadecimal digits after \\u");
        *code = *code << 4 | ((unsigned)(found - digits) & 15);
        r->at++;
    }
    return true;
}

/* \uXXXX; two of them for what lies beyond U+FFFF. */
static bool read_unicode(struct reader *r, size_t begin)
{
    unsigned code = 0;
    unsigned low = 0;
    if (!read_hex(r, &code))
        return false;
    if (code == 0)
        return fail_at(r, begin, "\\u0000 is not allowed in a text");
    if (code >= 0xD800 && code < 0xE000) {
        if (code >= 0xDC00 || !skip(r, '\\') || !skip(r, 'u'))
            return fail_at(r, begin, "half of a surrogate pair");
        if (!read_hex(r, &low))
            return false;
        if (low < 0xDC00 || low >= 0xE000)
            return fail_at(r, begin, "half of a surrogate pair");
        code = 0x10000 + ((code & 0x3FF) << 10 | (low & 0x3FF));
    }
    keep_code_point(r, code);
    return true;
}

/* What follows a backslash. */
static bool read_escape(struct reader *r)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    size_t begin = r->at - 1;
    if (skip(r, 'u'))
        return read_unicode(r, begin);
    for (int i = 0; names[i] != '\0'; i++)
        if (skip(r, names[i])) {
            keep(r, (unsigned char)meant[i]);
            return true;
        }
    return fail_expecting(r, "one of \" \\ / b f n r t u after a backslash");
}

/* A code point of two to four bytes, as it stands. The shortest form only, no
 * surrogates, nothing beyond U+10FFFF. */
static bool read_utf8(struct reader *r)
{
    static const unsigned least[] = {0x80, 0x800, 0x10000};
    const char *wrong = "this is not UTF-8";
    size_t begin = r->at;
    unsigned byte = (unsigned char)r->text[r->at++];
    int more = byte >= 0xF8   ? 0
               : byte >= 0xF0 ? 3
               : byte >= 0xE0 ? 2
               : byte >= 0xC0 ? 1
                              : 0;
    if (more == 0)
        return fail_at(r, begin, wrong);
    unsigned code = byte & (0x3Fu >> more);
    for (int i = 0; i < more; i++) {
        unsigned next = r->at < r->bytes ? (unsigned char)r->text[r->at] : 0;
        if ((next & 0xC0) != 0x80)
            return fail_at(r, begin, wrong);
        code = code << 6 | (next & 0x3F);
        r->at++;
    }
    if (code < least[more - 1] || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000))
        return fail_at(r, begin, wrong);
    keep_code_point(r, code);
    return true;
}

/* A text in quotes; the first quote is the next byte. */
static bool read_text(struct reader *r, const char **text)
{
    size_t begin = r->at++;
    *text = r->json->texts + r->texts_at;
    while (!skip(r, '"')) {
        if (r->at == r->bytes)
            return fail_at(r, begin, "a text that begins here never ends");
        unsigned char byte = (unsigned char)r->text[r->at];
        if (byte < ' ')
            return fail_expecting(r, "a control character to be escaped");
        if (byte >= 0x80) {
            if (!read_utf8(r))
                return false;
        } else {
            r->at++;
            if (byte != '\\')
                keep(r, byte);
            else if (!read_escape(r))
                return false;
        }
    }
    keep(r, '\0');
    return true;
}

/* ---- values -------------------------------------------------------------- */

/* Skips digits; at least one must be there. */
static bool skip_digits(struct reader *r)
{
    if (!is_digit_next(r))
        return fail_expecting(r, "a digit");
    while (is_digit_next(r))
        r->at++;
    return true;
}

/* The grammar is checked here; strtod only turns it into a number. */
static bool read_number(struct reader *r, double *number)
{
    char copy[64];
    size_t begin = r->at;
    skip(r, '-');
    if (is_next(r, '0')) {
        r->at++;
        if (is_digit_next(r))
            return fail_at(r, begin, "a number that begins with 0");
    } else if (!skip_digits(r)) {
        return false;
    }
    if (skip(r, '.') && !skip_digits(r))
        return false;
    if (is_next(r, 'e') || is_next(r, 'E')) {
        r->at++;
        if (!skip(r, '-'))
            skip(r, '+');
        if (!skip_digits(r))
            return false;
    }
    size_t length = r->at - begin;
    if (length >= sizeof copy)
        return fail_at(r, begin, "a number of more than 63 characters");
    memcpy(copy, r->text + begin, length);
    copy[length] = '\0';
    struct figure figure = figure_of(strtod(copy, NULL));
    if (!figure.known)
        return fail_at(r, begin, "a number too large for a double");
    *number = figure.value;
    return true;
}

/* Makes a value and puts it where it belongs. NULL: the message says why. */
static struct json_value *add_value(struct reader *r, const char *key)
{
    struct json *json = r->json;
    if (json->value_count == JSON_VALUES_AT_MOST) {
        fail_at(r, r->at, "too many values for this reader");
        return NULL;
    }
    if (json->chunks == NULL || json->chunks->used == CHUNK_VALUES) {
        struct json_chunk *chunk = calloc(1, sizeof *chunk);
        if (chunk == NULL) {
            fail_at(r, r->at, "not enough memory");
            return NULL;
        }
        chunk->older = json->chunks;
        json->chunks = chunk;
    }
    struct json_value *value = &json->chunks->values[json->chunks->used++];
    json->value_count++;
    value->key = key;
    if (r->depth == 0) {
        json->root = value;
    } else {
        struct level *level = &r->levels[r->depth - 1];
        if (level->last == NULL)
            level->container->first = value;
        else
            level->last->next = value;
        level->last = value;
    }
    return value;
}

static bool begin_container(struct reader *r, struct json_value *value)
{
    if (r->depth == JSON_DEPTH_AT_MOST)
        return fail_at(r, r->at, "arrays and objects more than 32 deep");
    value->kind = r->text[r->at++] == '{' ? JSON_OBJECT : JSON_ARRAY;
    r->levels[r->depth++] = (struct level){.container = value};
    return true;
}

/* null, false or true. */
static bool read_word(struct reader *r, struct json_value *value)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {
        {"null", JSON_NULL}, {"false", JSON_FALSE}, {"true", JSON_TRUE}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i].word);
        if (length <= r->bytes - r->at &&
            memcmp(r->text + r->at, words[i].word, length) == 0) {
            r->at += length;
            value->kind = words[i].kind;
            return true;
        }
    }
    return fail_expecting(r, "a value");
}

/* A value, or the beginning of an array or object. */
static bool read_value(struct reader *r, const char *key)
{
    struct json_value *value = add_value(r, key);
    if (value == NULL)
        return false;
    if (is_next(r, '{') || is_next(r, '['))
        return begin_container(r, value);
    if (is_next(r, '"')) {
        value->kind = JSON_TEXT;
        return read_text(r, &value->text);
    }
    if (is_next(r, '-') || is_digit_next(r)) {
        value->kind = JSON_NUMBER;
        return read_number(r, &value->number);
    }
    return read_word(r, value);
}

/* "key": before a member of the innermost object. */
static bool read_key(struct reader *r, struct level *level, const char **key)
{
    size_t begin = r->at;
    if (!is_next(r, '"'))
        return fail_expecting(r, "a member's name in quotes");
    if (!read_text(r, key))
        return false;
    if (json_member(level->container, *key) != NULL)
        return fail_at(r, begin, "this member was there before");
    if (++level->member_count > JSON_MEMBERS_AT_MOST)
        return fail_at(r, begin, "an object with more than 500 members");
    skip_blanks(r);
    if (!skip(r, ':'))
        return fail_expecting(r, "':' after a member's name");
    skip_blanks(r);
    return true;
}

/* The end of the innermost array or object, or one more value in it. */
static bool read_on(struct reader *r)
{
    struct level *level = &r->levels[r->depth - 1];
    bool is_object = level->container->kind == JSON_OBJECT;
    const char *key = NULL;
    skip_blanks(r);
    if (skip(r, is_object ? '}' : ']')) {
        r->depth--;
        return true;
    }
    if (level->last != NULL) {
        if (!skip(r, ','))
            return fail_expecting(r, is_object ? "',' or '}'" : "',' or ']'");
        skip_blanks(r);
    }
    if (is_object && !read_key(r, level, &key))
        return false;
    return read_value(r, key);
}

bool json_read(struct json *json, const char *text, size_t bytes, char *message,
               size_t message_bytes)
{
    struct reader r = {.json = json,
                       .text = text,
                       .bytes = bytes,
                       .message = message,
                       .message_bytes = message_bytes};
    *json = (struct json){.texts = malloc(bytes + 1)};
    message[0] = '\0';
    if (json->texts == NULL)
        return fail_at(&r, 0, "not enough memory");
    skip_blanks(&r);
    bool is_right = read_value(&r, NULL);
    while (is_right && r.depth > 0)
        is_right = read_on(&r);
    skip_blanks(&r);
    if (is_right && r.at < bytes)
        is_right = fail_expecting(&r, "nothing after the end");
    if (!is_right)
        json->root = NULL;
    return is_right;
}

void json_free(struct json *json)
{
    while (json->chunks != NULL) {
        struct json_chunk *older = json->chunks->older;
        free(json->chunks);
        json->chunks = older;
    }
    free(json->texts);
    *json = (struct json){0};
}

/* ---- looking things up --------------------------------------------------- */

const struct json_value *json_member(const struct json_value *object,
                                     const char *key)
{
    if (object == NULL || object->kind != JSON_OBJECT)
        return NULL;
    const struct json_value *member = object->first;
    while (member != NULL && strcmp(member->key, key) != 0)
        member = member->next;
    return member;
}

size_t json_count(const struct json_value *container)
{
    size_t count = 0;
    if (container != NULL)
        for (const struct json_value *v = container->first; v != NULL;
             v = v->next)
            count++;
    return count;
}

const char *json_text(const struct json_value *value)
{
    return value != NULL && value->kind == JSON_TEXT ? value->text : NULL;
}

struct figure json_figure(const struct json_value *value)
{
    if (value == NULL || value->kind != JSON_NUMBER)
        return (struct figure){false, 0};
    return figure_of(value->number);
}
