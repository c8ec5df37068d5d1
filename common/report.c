#include "report.h"

#include <process.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum {
    LINE_BYTES = 1000,
    QUEUE_LINES = 64,    /* that may wait for the writer; more are left out */
    LINES_IN_A_ROW = 20, /* of those that clients can cause, within ... */
    IN_A_ROW_MS = 5000,  /* ... this time; more are left out */
    DIE_MS = 1000,       /* how long the last line may take; and the rest */
    STDOUT_MS = 2000,    /* how long the line on stdout may take */
    STACK_BYTES = 65536  /* of a thread that does nothing but write */
};

struct line {
    DWORD bytes;
    char text[LINE_BYTES];
};

static const char *program_name = "server";
static bool is_verbose;
static bool has_writer;

static INIT_ONCE stderr_once = INIT_ONCE_STATIC_INIT;
static HANDLE stderr_handle;
static bool stderr_is_console;

/* The queue, and what guards it. Line n is in place n % QUEUE_LINES. */
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE has_lines = CONDITION_VARIABLE_INIT;
static CONDITION_VARIABLE has_written = CONDITION_VARIABLE_INIT;
static struct line queue[QUEUE_LINES];
static unsigned queued;  /* lines put into the queue, ever */
static unsigned written; /* of these, lines that the writer is done with */
static long left_out;    /* lines that nobody will see, not yet told */
static int in_a_row;     /* lines that clients have caused ... */
static DWORD row_ms;     /* ... since this GetTickCount() */

void report_set_program(const char *program, bool verbose)
{
    program_name = program;
    is_verbose = verbose;
}

/* ---- one line ------------------------------------------------------------ */

/* GetConsoleMode fails for anything but a console (documentation page
 * "GetConsoleMode function"). It is asked once, before anybody writes: while a
 * WriteFile is under way, other calls on the same handle may wait for it, too
 * (The Old New Thing, "All I/O on a synchronous file handle is serialized"). */
static BOOL CALLBACK look_at_stderr(INIT_ONCE *once, void *unused, void **none)
{
    DWORD mode;
    (void)once, (void)unused, (void)none;
    stderr_handle = GetStdHandle(STD_ERROR_HANDLE);
    stderr_is_console = GetConsoleMode(stderr_handle, &mode) != 0;
    return TRUE;
}

static void make_line(struct line *line, const char *format, va_list arguments)
{
    int used = vsnprintf(line->text, sizeof line->text - 2, format, arguments);
    if (used < 0)
        used = 0;
    if (used > (int)sizeof line->text - 3)
        used = (int)sizeof line->text - 3;
    memcpy(line->text + used, "\r\n", 2);
    line->bytes = (DWORD)used + 2;
}

/* Not stdio: a thread that is held up in it keeps the lock of its FILE, and
 * exit() would wait for that lock. One call for the whole line, so that lines
 * of two threads do not mix. A console is given characters, and not bytes of
 * which it would have to guess the code page. There is nobody to tell if it
 * fails. */
static void write_line(HANDLE to, bool is_console, const struct line *line)
{
    DWORD written_bytes;
    WCHAR wide[LINE_BYTES];
    if (is_console)
        WriteConsoleW(to, wide,
                      (DWORD)MultiByteToWideChar(CP_UTF8, 0, line->text,
                                                 (int)line->bytes, wide,
                                                 LINE_BYTES),
                      &written_bytes, NULL);
    else
        WriteFile(to, line->text, line->bytes, &written_bytes, NULL);
}

/* ---- a server's queue and its writer -------------------------------------- */

/* Under the lock. */
static void put(const struct line *line)
{
    if (queued - written == QUEUE_LINES) {
        left_out++;
        return;
    }
    queue[queued++ % QUEUE_LINES] = *line;
    WakeConditionVariable(&has_lines);
}

static void put_format(const char *format, ...)
{
    struct line line = {0};
    va_list arguments;
    va_start(arguments, format);
    make_line(&line, format, arguments);
    va_end(arguments);
    put(&line);
}

/* Under the lock: tells how many lines were left out, when there is room. */
static void sum_up(void)
{
    if (left_out == 0 || queued - written == QUEUE_LINES)
        return;
    put_format("and %ld more lines were left out: there were too many at once",
               left_out);
    left_out = 0;
}

/* Under the lock: whether one more line that clients can cause may be written.
 * Unsigned, so that it is right when the count starts again after 49 days. */
static bool is_one_too_many(void)
{
    if (GetTickCount() - row_ms >= IN_A_ROW_MS && left_out == 0) {
        row_ms = GetTickCount();
        in_a_row = 0;
    }
    if (in_a_row == LINES_IN_A_ROW)
        return true;
    in_a_row++;
    return false;
}

/* Waits under the lock until there is a line to write. While lines are left
 * out, it wakes when the time is over in which they were too many. */
static void wait_for_line(void)
{
    for (;;) {
        DWORD passed_ms = GetTickCount() - row_ms;
        if (left_out > 0 && passed_ms >= IN_A_ROW_MS)
            sum_up();
        if (queued != written)
            return;
        SleepConditionVariableSRW(
            &has_lines, &lock,
            left_out > 0 ? IN_A_ROW_MS - passed_ms : INFINITE, 0);
    }
}

/* May be held up in WriteFile for ever: nobody reads the pipe, or somebody has
 * selected text in the console. It holds no lock then; the end of the process
 * cancels the call. */
static unsigned __stdcall write_lines(void *unused)
{
    (void)unused;
    AcquireSRWLockExclusive(&lock);
    for (;;) {
        wait_for_line();
        const struct line *line = &queue[written % QUEUE_LINES];
        ReleaseSRWLockExclusive(&lock);
        write_line(stderr_handle, stderr_is_console,
                   line); /* its place is not free before */
        AcquireSRWLockExclusive(&lock);
        written++;
        WakeAllConditionVariable(&has_written);
    }
    return 0;
}

/* Waits under the lock until the writer has written line number target - 1, and
 * at most until end_ms, a value of GetTickCount64(). */
static bool wait_for_writer(unsigned target, ULONGLONG end_ms)
{
    while ((int)(written - target) < 0) {
        ULONGLONG now_ms = GetTickCount64();
        if (now_ms >= end_ms)
            return false;
        SleepConditionVariableSRW(&has_written, &lock, (DWORD)(end_ms - now_ms),
                                  0);
    }
    return true;
}

void report_begin(void)
{
    InitOnceExecuteOnce(&stderr_once, look_at_stderr, NULL, NULL);
    uintptr_t thread = _beginthreadex(NULL, STACK_BYTES, write_lines, NULL,
                                      STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == 0)
        die("_beginthreadex", _doserrno);
    CloseHandle((HANDLE)thread); /* it ends with the process */
    has_writer = true;
    atexit(report_end); /* also for an exit(1) right after a report() */
}

/* Writes line after all that is queued and the sum of what was left out, and
 * waits for that. NULL: no line. Returns whether all has been written. */
static bool write_last(const struct line *line)
{
    ULONGLONG end_ms = GetTickCount64() + DIE_MS;
    AcquireSRWLockExclusive(&lock);
    bool done = wait_for_writer(queued, end_ms);
    sum_up();
    if (line != NULL)
        put(line);
    done = done && wait_for_writer(queued, end_ms);
    ReleaseSRWLockExclusive(&lock);
    return done;
}

void report_end(void)
{
    if (has_writer)
        write_last(NULL);
}

static unsigned __stdcall write_stdout(void *line)
{
    write_line(GetStdHandle(STD_OUTPUT_HANDLE), false, line);
    return 0;
}

void report_result(const char *format, ...)
{
    static struct line line; /* the thread may outlive this call */
    va_list arguments;
    va_start(arguments, format);
    make_line(&line, format, arguments);
    va_end(arguments);
    HANDLE thread =
        (HANDLE)_beginthreadex(NULL, STACK_BYTES, write_stdout, &line,
                               STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    if (thread == NULL) {
        write_stdout(&line);
        return;
    }
    WaitForSingleObject(thread, STDOUT_MS);
    CloseHandle(thread);
}

/* ---- what others call ------------------------------------------------------ */

/* FormatMessageA would write in the ANSI code page. */
void error_text(unsigned long error, char *text, unsigned long text_bytes)
{
    WCHAR wide[512];
    int length = (int)FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM |
                                         FORMAT_MESSAGE_IGNORE_INSERTS |
                                         FORMAT_MESSAGE_MAX_WIDTH_MASK,
                                     NULL, error, 0, wide, 512, NULL);
    while (length > 0 && (wide[length - 1] == L' ' || wide[length - 1] == L'.'))
        length--;
    int used = 0; /* a text that is too long is cut between two characters */
    while (length > 0 && used == 0)
        used = WideCharToMultiByte(CP_UTF8, 0, wide, length--, text,
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

/* The line of a program that is about to end. Returns whether it was written; if
 * not, stderr is stuck, and nobody may write there or flush any more. */
static bool report_last(const char *format, ...)
{
    struct line line = {0};
    va_list arguments;
    va_start(arguments, format);
    make_line(&line, format, arguments);
    va_end(arguments);
    if (has_writer)
        return write_last(&line);
    InitOnceExecuteOnce(&stderr_once, look_at_stderr, NULL, NULL);
    write_line(stderr_handle, stderr_is_console, &line);
    return true;
}

void die_saying(int status, const char *format, ...)
{
    char message[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (!report_last("%s: %s", program_name, message))
        _exit(status);
    exit(status);
}

/* is_limited: clients can cause this line, as often as they like. */
static void report_line(bool is_limited, const char *format, va_list arguments)
{
    struct line line = {0};
    make_line(&line, format, arguments);
    if (!has_writer) {
        InitOnceExecuteOnce(&stderr_once, look_at_stderr, NULL, NULL);
        write_line(stderr_handle, stderr_is_console, &line);
        return;
    }
    AcquireSRWLockExclusive(&lock);
    if (is_limited && is_one_too_many()) {
        if (left_out++ == 0)
            WakeConditionVariable(&has_lines); /* it sums up in a while */
    } else {
        put(&line);
    }
    ReleaseSRWLockExclusive(&lock);
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_line(true, format, arguments);
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
    report_line(false, format, arguments);
    va_end(arguments);
}

void invariant_broken(const char *rule, const char *file, int line)
{
    enum { STATUS_OF_ABORT = 3 };
    if (!report_last("%s: broken invariant: %s (%s:%d)", program_name, rule,
                     file, line))
        _exit(STATUS_OF_ABORT); /* abort() has something to say, too */
    abort();
}
