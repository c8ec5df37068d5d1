#include "escape.h"

#include <stdarg.h>
#include <string.h>

/* How many bytes the UTF-8 character at text has; 0 when there is none: a
 * stray or missing byte, a longer form than needed, half of a pair, or more
 * than U+10FFFF. */
static int utf8_length(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    int length = byte[0] < 0x80   ? 1
                 : byte[0] < 0xC2 ? 0
                 : byte[0] < 0xE0 ? 2
                 : byte[0] < 0xF0 ? 3
                 : byte[0] < 0xF5 ? 4
                                  : 0;
    for (int i = 1; i < length; i++)
        if ((byte[i] & 0xC0) != 0x80)
            return 0;
    bool is_bad = (byte[0] == 0xE0 && byte[1] < 0xA0) ||
                  (byte[0] == 0xED && byte[1] > 0x9F) ||
                  (byte[0] == 0xF0 && byte[1] < 0x90) ||
                  (byte[0] == 0xF4 && byte[1] > 0x8F);
    return is_bad ? 0 : length;
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
    va_list texts;
    va_start(texts, format);
    for (;;) {
        const char *next = strstr(format, "%s");
        if (next == NULL)
            break;
        out_printf(out, "%.*s", (int)(next - format), format);
        escape_xml(out, va_arg(texts, const char *));
        format = next + 2;
    }
    out_printf(out, "%s", format);
    va_end(texts);
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
