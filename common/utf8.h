/* utf8.h: text between these programs and Windows.
 *
 * Windows keeps file names and the command line in UTF-16. What main() gets in
 * argv, and every function whose name ends in A, has them in a code page
 * instead, where a character that the page lacks has become "?" (documentation
 * page "Code Pages"). All text within the programs is UTF-8, and this is where
 * it comes in and goes out. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <windows.h>

#include "report.h"

/* Room for a path of MAX_PATH UTF-16 units; none takes more than 3 bytes. */
enum { PATH_BYTES = 3 * MAX_PATH };

/* What the user typed, in place of main's argv, and its count. Not to be freed.
 * Exits with status 2 when it is not text. Call it once, first of all. */
char **utf8_arguments(int *argc);

/* The text in UTF-16, which the caller frees. NULL for NULL. */
wchar_t *utf8_wide(const char *text);

/* fopen() and GetFileAttributes() for a path in UTF-8. */
FILE *utf8_open(const char *path, const char *mode);
DWORD utf8_attributes(const char *path);

/* The path of this program, at most PATH_BYTES with the terminator. */
void utf8_own_path(char path[PATH_BYTES]);

/* How many bytes there are without a last character that is not complete. */
size_t utf8_whole(const char *text, size_t bytes);

/* Writes text to stdout or stderr; a console is given characters, and not bytes
 * of which it would have to guess the code page. Returns whether it worked. */
bool utf8_print(FILE *file, const char *text, size_t bytes);

/* fprintf() for a line with what the user typed in it. */
void utf8_printf(FILE *file, const char *format, ...) REPORT_PRINTF(2, 3);

/* Ends a program's output: exits with status 1 if what was printed on stdout
 * did not reach it, because the disk is full or nobody reads the pipe. */
void utf8_flush(void);

#endif
