/* wellformed.h: small, strict checks of what the writers write. They take less
 * than the formats allow, so that a mistake of a writer does not pass as an
 * unusual text. None of them lets NaN or infinity through. */
#ifndef TESTS_WELLFORMED_H
#define TESTS_WELLFORMED_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Whether a number that is none stands in the text as a word of its own. */
static inline bool has_nonsense(const char *text)
{
    static const char *const words[] = {"nan", "inf", "NaN", "Infinity",
                                        "1e+300"};
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        size_t length = strlen(words[w]);
        const char *at = text;
        while ((at = strstr(at, words[w])) != NULL) {
            bool begins = at == text || !isalpha((unsigned char)at[-1]);
            if (begins && !isalpha((unsigned char)at[length])) {
                printf("a number that is none: %.40s\n", at);
                return true;
            }
            at += length;
        }
    }
    return false;
}

/* Printable UTF-8 in lines, without nonsense. */
static inline bool wellformed_text(const char *text)
{
    int more = 0;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned byte = (unsigned char)*at;
        bool is_more = (byte & 0xC0) == 0x80;
        if (is_more != (more > 0) || byte == 0x7F || byte > 0xF4 ||
            (byte < ' ' && byte != '\n')) {
            printf("byte %u at offset %d\n", byte, (int)(at - text));
            return false;
        }
        more = is_more        ? more - 1
               : byte >= 0xF0 ? 3
               : byte >= 0xE0 ? 2
               : byte >= 0xC0 ? 1
                              : 0;
    }
    return more == 0 && !has_nonsense(text);
}

/* ---- CSV ----------------------------------------------------------------- */

/* The end of the field at text; NULL when it is none. */
static inline const char *field_end(const char *text)
{
    if (*text != '"')
        return strpbrk(text, "\"") == text ? NULL : text + strcspn(text, ",\n");
    for (text++; *text != '\0'; text++)
        if (*text == '"' && text[1] != '"')
            return text[1] == ',' || text[1] == '\n' ? text + 1 : NULL;
        else if (*text == '"')
            text++;
    return NULL;
}

/* Lines with as many fields as the first one, every one ended. */
static inline bool wellformed_csv(const char *text)
{
    int width = 0;
    bool good = wellformed_text(text);
    while (good && *text != '\0') {
        int fields = 0;
        const char *line = text;
        do {
            text = field_end(text + (fields > 0));
            fields++;
        } while (text != NULL && *text == ',');
        width = width == 0 ? fields : width;
        good = text != NULL && *text == '\n' && fields == width;
        if (!good)
            printf("%d fields, not %d: %.60s\n", fields, width, line);
        text += good;
    }
    return good;
}

/* ---- JSON ---------------------------------------------------------------- */

static inline const char *json_value_end(const char *at);

static inline const char *skip_blanks(const char *at)
{
    return at == NULL ? NULL : at + strspn(at, " \n");
}

static inline const char *json_string_end(const char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\0' || *at == '\n' || (*at == '\\' && *++at == '\0'))
            return NULL;
    return at + 1;
}

static inline const char *json_number_end(const char *at)
{
    char *end = NULL;
    strtod(at, &end);
    size_t length = strspn(at, "-+.0123456789e");
    return (size_t)(end - at) == length && length > 0 ? end : NULL;
}

/* Of an object (with names) or of an array. */
static inline const char *json_list_end(const char *at)
{
    bool has_names = *at == '{';
    char close = has_names ? '}' : ']';
    at = skip_blanks(at + 1);
    if (*at == close)
        return at + 1;
    for (;;) {
        if (has_names) {
            at = *at == '"' ? skip_blanks(json_string_end(at)) : NULL;
            if (at == NULL || *at != ':')
                return NULL;
            at = skip_blanks(at + 1);
        }
        at = skip_blanks(json_value_end(at));
        if (at == NULL || *at == close)
            return at == NULL ? NULL : at + 1;
        if (*at != ',')
            return NULL;
        at = skip_blanks(at + 1);
    }
}

/* The end of the value at that place; NULL when there is none. */
static inline const char *json_value_end(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
        if (strncmp(at, words[w], strlen(words[w])) == 0)
            return at + strlen(words[w]);
    return *at == '{' || *at == '[' ? json_list_end(at)
           : *at == '"'             ? json_string_end(at)
                                    : json_number_end(at);
}

static inline bool wellformed_json(const char *text)
{
    const char *end = skip_blanks(json_value_end(skip_blanks(text)));
    if (end == NULL || *end != '\0') {
        printf("not JSON\n");
        return false;
    }
    return wellformed_text(text);
}

/* ---- HTML and SVG -------------------------------------------------------- */

enum { OPEN_AT_MOST = 40, ELEMENT_BYTES = 16 };

struct html_reader {
    const char *at;
    int depth;
    char open[OPEN_AT_MOST][ELEMENT_BYTES];
};

/* Elements of HTML that are never closed. */
static inline bool is_void(const char *name)
{
    return strcmp(name, "meta") == 0 || strcmp(name, "br") == 0;
}

/* Reads name="value" pairs up to the end of the tag. False: something else. */
static inline bool read_attributes(struct html_reader *r)
{
    while (*r->at == ' ' || *r->at == '\n') {
        r->at += strspn(r->at, " \n");
        size_t length = strcspn(r->at, "= \n\"'<>/");
        if (length == 0 || r->at[length] != '=' || r->at[length + 1] != '"')
            return false;
        r->at += length + 2;
        r->at += strcspn(r->at, "\"<");
        if (*r->at++ != '"')
            return false;
    }
    return *r->at == '>' || (*r->at == '/' && r->at[1] == '>');
}

/* Reads one tag; r->at stands at its '<'. */
static inline bool read_tag(struct html_reader *r)
{
    char name[ELEMENT_BYTES] = "";
    bool closes = r->at[1] == '/';
    r->at += 1 + closes;
    size_t length = 0;
    while (isalnum((unsigned char)r->at[length]))
        length++;
    if (length == 0 || length >= ELEMENT_BYTES)
        return false;
    memcpy(name, r->at, length);
    r->at += length;
    if (closes)
        return *r->at++ == '>' && r->depth > 0 &&
               strcmp(r->open[--r->depth], name) == 0;
    if (!read_attributes(r))
        return false;
    bool is_empty = *r->at == '/';
    r->at += 1 + is_empty;
    if (is_empty || is_void(name))
        return true;
    if (r->depth == OPEN_AT_MOST)
        return false;
    memcpy(r->open[r->depth++], name, ELEMENT_BYTES);
    return true;
}

/* &lt; &#39; and so on. */
static inline bool is_reference(const char *at)
{
    size_t length = 1 + (at[1] == '#');
    while (isalnum((unsigned char)at[length]))
        length++;
    return length > 2 && at[length] == ';';
}

/* Every tag closed in order, every attribute quoted, every & a reference, and
 * no < or > but in tags. The style sheet is skipped. */
static inline bool wellformed_html(const char *text)
{
    static const char doctype[] = "<!DOCTYPE html>";
    struct html_reader r = {.at = text};
    bool good = wellformed_text(text);
    if (strncmp(text, doctype, sizeof doctype - 1) == 0)
        r.at += sizeof doctype - 1;
    while (good && *r.at != '\0') {
        const char *begin = r.at;
        if (*r.at == '<')
            good = read_tag(&r);
        else
            good = *r.at != '>' && (*r.at != '&' || is_reference(r.at++));
        if (!good)
            printf("not well-formed: %.60s\n", begin);
        else if (strncmp(begin, "<style>", 7) == 0)
            r.at = strstr(begin, "</style>");
        else if (*begin != '<' && r.at == begin)
            r.at++;
        good = good && r.at != NULL;
    }
    return good && r.depth == 0;
}

#endif
