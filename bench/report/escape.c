#include "escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* How many bytes the UTF-8 character at text has; 0 when there is none: a
 * stray or missing byte, a longer form than needed, half of a pair, or more
 * than U+10FFFF. */
static int utf8_length(const char *text)
{
    unsigned first = (unsigned char)text[0];
    int length = first < 0x80                    ? 1
                 : first >= 0xC2 && first < 0xE0 ? 2
                 : first >= 0xE0 && first < 0xF0 ? 3
                 : first >= 0xF0 && first < 0xF5 ? 4
                                                 : 0;
    for (int i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    unsigned second = length > 2 ? (unsigned char)text[1] : 0x80;
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
        return 0;
    return length;
}

/* What stands for the character at text; NULL: the character itself. */
typedef const char *substitute(unsigned char character);

static void put(struct out *out, const char *text, substitute *special)
{
    while (*text != '\0') {
        int length = utf8_length(text);
        const char *instead = length == 0   ? "?"
                              : length == 1 ? special((unsigned char)*text)
                                            : NULL;
        if (instead != NULL)
            out_printf(out, "%s", instead);
        else
            out_printf(out, "%.*s", length, text);
        text += length > 0 ? length : 1;
    }
}

static const char *blank_if_control(unsigned char character)
{
    return character < ' ' || character == 0x7F ? " " : NULL;
}

static const char *in_xml(unsigned char character)
{
    return character == '<'    ? "&lt;"
           : character == '>'  ? "&gt;"
           : character == '&'  ? "&amp;"
           : character == '"'  ? "&quot;"
           : character == '\'' ? "&#39;"
                               : blank_if_control(character);
}

void escape_xml(struct out *out, const char *text)
{
    put(out, text, in_xml);
}

void put_xml(struct out *out, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    while (*format != '\0') {
        int length = (int)strcspn(format, "%");
        out_printf(out, "%.*s", length, format);
        format += length;
        if (*format == '\0')
            break;
        char one[8]; /* "%+.0f" */
        length = 2 + (int)strcspn(format + 1, "%sdf");
        snprintf(one, sizeof one, "%.*s", length, format);
        format += length;
        if (format[-1] == 's')
            escape_xml(out, va_arg(values, const char *));
        else if (format[-1] == 'd')
            out_printf(out, one, va_arg(values, int));
        else if (format[-1] == 'f')
            out_printf(out, one, va_arg(values, double));
        else
            out_printf(out, "%%");
    }
    va_end(values);
}

static const char *in_json(unsigned char character)
{
    return character == '"'    ? "\\\""
           : character == '\\' ? "\\\\"
                               : blank_if_control(character);
}

void escape_json(struct out *out, const char *text)
{
    if (text == NULL) {
        out_printf(out, "null");
        return;
    }
    out_printf(out, "\"");
    put(out, text, in_json);
    out_printf(out, "\"");
}

static const char *in_csv(unsigned char character)
{
    return character == '"' ? "\"\"" : blank_if_control(character);
}

void escape_csv(struct out *out, const char *text)
{
    const char *quote = strpbrk(text, ",\"\r\n") != NULL ? "\"" : "";
    out_printf(out, "%s", quote);
    put(out, text, in_csv);
    out_printf(out, "%s", quote);
}
