/* report.h: what a server says when something goes wrong, and how it ends.
 *
 * Three kinds of error, three answers:
 *   the server cannot start         die()         one line, exit status 1
 *   one connection failed           report()      one line, the server goes on
 *   the program broke its own rule  invariant()   one line, abort
 *
 * All lines go to stderr; stdout carries only what a program is run for. Any
 * thread may call these; a line is written whole.
 *
 * It can be that nobody takes what a program writes: a pipe is full, or
 * somebody has selected text in the console. A server must not stand still
 * then. So after report_begin() a line goes into a queue, and one more thread,
 * the writer, writes it (no chapter names it among its threads). A line that
 * finds the queue full is left out. Clients can cause lines as often as they
 * like; of those 20 are written within 5 s, and one line says how many more
 * there were. */
#ifndef COMMON_REPORT_H
#define COMMON_REPORT_H

#include <stdbool.h>

#ifdef __GNUC__
#define REPORT_PRINTF(format_at, first_at)                                     \
    __attribute__((format(printf, format_at, first_at)))
#else
#define REPORT_PRINTF(format_at, first_at)
#endif

/* Prints "PROGRAM: CALL: TEXT (ERROR)" and exits with status 1. error is a
 * Windows or Winsock error code, copied on the line after the call. */
_Noreturn void die(const char *call, unsigned long error);

/* The same for a problem that has no error code: prints "PROGRAM: MESSAGE" and
 * exits with the given status. */
_Noreturn void die_saying(int status, const char *format, ...)
    REPORT_PRINTF(2, 3);

/* Prints one line. In a server it may be left out, see above. */
void report(const char *format, ...) REPORT_PRINTF(1, 2);

/* Prints "connection ID: CALL: TEXT (ERROR)"; with id 0, for a failure before
 * there is a connection, "CALL: TEXT (ERROR)". */
void report_connection(long id, const char *call, unsigned long error);

/* Prints one line, but only with --verbose. */
void report_verbose(const char *format, ...) REPORT_PRINTF(1, 2);

/* Writes the system's text for an error code into text, always terminated,
 * without a line break, in UTF-8. text_bytes is the size of text. */
void error_text(unsigned long error, char *text, unsigned long text_bytes);

/* A rule that this program must keep. Always on: when it is broken, the
 * program says which rule and where, and aborts. */
#define invariant(rule)                                                        \
    ((rule) ? (void)0 : invariant_broken(#rule, __FILE__, __LINE__))
_Noreturn void invariant_broken(const char *rule, const char *file, int line);

/* What follows is for server.c and ledger.c in common/. The name that die()
 * prints: */
void report_set_program(const char *program, bool verbose);

/* Starts the writer. Early: later, when there is something to say, there may be
 * no memory for a thread. */
void report_begin(void);

/* Waits until all lines have been written, and says how many were left out. It
 * gives up after a second, when nobody takes them. */
void report_end(void);

/* Prints one line on stdout and waits until it is written, at most 2 s. Once. */
void report_result(const char *format, ...) REPORT_PRINTF(1, 2);

#endif
