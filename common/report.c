#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static const char *program_name = "server";
static bool is_verbose;

void report_set_program(const char *program, bool verbose)
{
    program_name = program;
    is_verbose = verbose;
}

/* One fwrite for the whole line, so that lines of two threads do not mix. */
static void print_line(const char *format, va_list arguments)
{
    char line[1000];
    int used = vsnprintf(line, sizeof line - 1, format, arguments);
    if (used < 0)
        used = 0;
    if ((size_t)used > sizeof line - 2)
        used = (int)sizeof line - 2;
    line[used] = '\n';
    fwrite(line, 1, (size_t)used + 1, stderr);
    fflush(stderr);
}

/* FormatMessageA would write in the ANSI code page. A console shows bytes in a
 * code page of its own, often another one; what reads a file or a pipe mostly
 * expects UTF-8. GetConsoleMode fails for anything but a console (documentation
 * pages "WriteConsole function" and "GetConsoleOutputCP function"). */
void error_text(unsigned long error, char *text, unsigned long text_bytes)
{
    WCHAR wide[512];
    DWORD mode;
    bool is_console =
        GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
    UINT code_page = is_console ? GetConsoleOutputCP() : CP_UTF8;
    int length = (int)FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM |
                                         FORMAT_MESSAGE_IGNORE_INSERTS |
                                         FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                     NULL, error, 0, wide, 512, NULL);
    while (length > 0 && (wide[length - 1] == L' ' || wide[length - 1] == L'.'))
        length--;
    int used = 0; /* a text that is too long is cut between two characters */
    while (length > 0 && used == 0)
        used = WideCharToMultiByte(code_page, 0, wide, length--, text,
                                   (int)text_bytes - 1, NULL, NULL);
    if (used > 0)
        text[used] = '\0';
    else
        snprintf(text, text_bytes, "error");
}

void die(const char *call, unsigned long error)
{
    char text[512];
    error_text(error, text, sizeof text);
    die_saying(1, "%s: %s (%lu)", call, text, error);
}

void die_saying(int status, const char *format, ...)
{
    char message[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    report("%s: %s", program_name, message);
    exit(status);
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(format, arguments);
    va_end(arguments);
}

void report_connection(long id, const char *call, unsigned long error)
{
    char text[512];
    error_text(error, text, sizeof text);
    if (id > 0)
        report("connection %ld: %s: %s (%lu)", id, call, text, error);
    else
        report("%s: %s (%lu)", call, text, error);
}

void report_verbose(const char *format, ...)
{
    if (!is_verbose)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_line(format, arguments);
    va_end(arguments);
}

void invariant_broken(const char *rule, const char *file, int line)
{
    report("%s: broken invariant: %s (%s:%d)", program_name, rule, file, line);
    abort();
}
