#include "utf8.h"

#include <io.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- in ------------------------------------------------------------------ */

/* UTF-16 as UTF-8, which the caller frees. NULL: it has half of a surrogate
 * pair, which is no character. */
static char *narrow(const wchar_t *wide)
{
    int bytes = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1,
                                    NULL, 0, NULL, NULL);
    char *text = bytes > 0 ? malloc((size_t)bytes) : NULL;
    if (text != NULL)
        WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, bytes, NULL, NULL);
    return text;
}

/* Takes the next word out of the command line: copies it to *to, terminated,
 * and returns what comes after it. What quotes and backslashes mean says the
 * documentation page "Parsing C command-line arguments". In a program's name a
 * backslash is one like any other. */
static const char *take_word(const char *from, char **to, bool is_program)
{
    bool is_quoted = false;
    while (*from != '\0' && (is_quoted || (*from != ' ' && *from != '\t'))) {
        size_t slashes = is_program ? 0 : strspn(from, "\\");
        bool before_quote = from[slashes] == '"';
        size_t kept = before_quote ? slashes / 2 : slashes;
        memmove(*to, from, kept);
        *to += kept;
        from += slashes;
        if (before_quote && slashes % 2 == 0) {
            from++;
            if (is_quoted && *from == '"' && !is_program)
                *(*to)++ = *from++; /* "" within quotes is one quote */
            else
                is_quoted = !is_quoted;
        } else if (before_quote || slashes == 0) {
            *(*to)++ = *from++;
        }
    }
    if (*from != '\0')
        from++; /* before the 0 is written, which may be where the blank is */
    *(*to)++ = '\0';
    return from + strspn(from, " \t");
}

/* CommandLineToArgvW would do it, but brings shell32.dll and what that needs
 * into every process. */
char **utf8_arguments(int *argc)
{
    char *line = narrow(GetCommandLineW());
    if (line == NULL)
        die_saying(2, "the command line has half of a UTF-16 surrogate pair: "
                      "give only whole characters");
    char **argv = malloc((strlen(line) / 2 + 3) * sizeof *argv);
    if (argv == NULL)
        die_saying(1, "no memory for the command line");
    const char *from = line;
    char *to = line;
    *argc = 0;
    do {
        argv[*argc] = to;
        from = take_word(from, &to, *argc == 0);
        ++*argc;
    } while (*from != '\0');
    argv[*argc] = NULL;
    return argv;
}

void utf8_own_path(char path[PATH_BYTES])
{
    wchar_t wide[MAX_PATH];
    DWORD length = GetModuleFileNameW(NULL, wide, MAX_PATH);
    if (length == 0 || length == MAX_PATH ||
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, path,
                            PATH_BYTES, NULL, NULL) == 0)
        die_saying(1, "the path of this program is too long, or no text");
}

/* ---- names --------------------------------------------------------------- */

wchar_t *utf8_wide(const char *text)
{
    if (text == NULL)
        return NULL;
    int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *wide = calloc((size_t)units + 1, sizeof *wide);
    if (wide == NULL)
        die_saying(1, "no memory for \"%.40s\"", text);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, units);
    return wide;
}

FILE *utf8_open(const char *path, const char *mode)
{
    wchar_t *wide_path = utf8_wide(path);
    wchar_t *wide_mode = utf8_wide(mode);
    FILE *file = _wfopen(wide_path, wide_mode);
    free(wide_path);
    free(wide_mode);
    return file;
}

DWORD utf8_attributes(const char *path)
{
    wchar_t *wide = utf8_wide(path);
    DWORD attributes = GetFileAttributesW(wide);
    free(wide);
    return attributes;
}

/* ---- out ----------------------------------------------------------------- */

size_t utf8_whole(const char *text, size_t bytes)
{
    /* The first byte of a character tells how many follow; those are 10xxxxxx
     * (RFC 3629). */
    for (size_t back = 1; back <= 3 && back <= bytes; back++) {
        unsigned char byte = (unsigned char)text[bytes - back];
        size_t length = byte < 0x80   ? 1
                        : byte < 0xC0 ? 0
                        : byte < 0xE0 ? 2
                        : byte < 0xF0 ? 3
                                      : 4;
        if (length > 0)
            return length > back ? bytes - back : bytes;
    }
    return bytes;
}

bool utf8_print(FILE *file, const char *text, size_t bytes)
{
    enum { AT_ONCE = 4096 };
    wchar_t wide[AT_ONCE];
    DWORD mode;
    HANDLE console = (HANDLE)_get_osfhandle(_fileno(file));
    if (!GetConsoleMode(console, &mode)) /* it fails for all but consoles */
        return fwrite(text, 1, bytes, file) == bytes;

    bool good = fflush(file) == 0;
    while (bytes > 0 && good) {
        size_t some = bytes <= AT_ONCE ? bytes : utf8_whole(text, AT_ONCE);
        int units =
            MultiByteToWideChar(CP_UTF8, 0, text, (int)some, wide, AT_ONCE);
        good = WriteConsoleW(console, wide, (DWORD)units, NULL, NULL) != 0;
        text += some;
        bytes -= some;
    }
    return good;
}

void utf8_printf(FILE *file, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    utf8_print(file, line, strlen(line));
}

void utf8_flush(void)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        die_saying(1, "stdout did not take all that was written to it; is its "
                      "disk full, or has its reader gone?");
}
