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
    char line[600];
    int used = vsnprintf(line, sizeof line - 1, format, arguments);
    if (used < 0)
        used = 0;
    if ((size_t)used > sizeof line - 2)
        used = (int)sizeof line - 2;
    line[used] = '\n';
    fwrite(line, 1, (size_t)used + 1, stderr);
    fflush(stderr);
}

void error_text(unsigned long error, char *text, unsigned long text_bytes)
{
    DWORD used = FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM |
                                    FORMAT_MESSAGE_IGNORE_INSERTS |
                                    FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                NULL, error, 0, text, text_bytes, NULL);
    while (used > 0 && (text[used - 1] == ' ' || text[used - 1] == '.'))
        used--;
    if (used > 0)
        text[used] = '\0';
    else
        snprintf(text, text_bytes, "error");
}

void die(const char *call, unsigned long error)
{
    char text[256];
    error_text(error, text, sizeof text);
    die_saying(1, "%s: %s (%lu)", call, text, error);
}

void die_saying(int status, const char *format, ...)
{
    char message[500];
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
    char text[256];
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
