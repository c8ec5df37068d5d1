#include "progress.h"

#include <limits.h>
#include <stdio.h>
#include <windows.h>

#include "../../common/clock.h"

void progress_begin(struct progress *progress, long total_ms, bool is_limited)
{
    DWORD mode = 0;
    *progress = (struct progress){.total_ms = total_ms,
                                  .is_limited = is_limited,
                                  .shown_left_s = LONG_MAX};
    progress->is_console =
        GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
    progress->begun_ns = clock_ns();
}

/* Whole seconds, rounded up. Until a good part is done the plan is believed;
 * afterwards it is corrected by how right it has been so far. */
static long seconds_left(struct progress *progress)
{
    enum { BELIEVED_MS = 3000 };
    long spent_ms = (long)((clock_ns() - progress->begun_ns) / 1000000);
    long left_ms = progress->total_ms - progress->done_ms;
    if (progress->is_limited)
        left_ms = progress->total_ms - spent_ms;
    else if (progress->done_ms > BELIEVED_MS)
        left_ms = (long)((double)left_ms * (double)spent_ms /
                         (double)progress->done_ms);
    long left_s = left_ms > 0 ? (left_ms + 999) / 1000 : 0;
    if (left_s < progress->shown_left_s)
        progress->shown_left_s = left_s;
    return progress->shown_left_s;
}

void progress_step(struct progress *progress, const char *what)
{
    static const uint64_t sparse_ns = UINT64_C(10000000000); /* 10 s */
    uint64_t now_ns = clock_ns();
    char line[128];
    if (!progress->is_console && now_ns < progress->next_print_ns)
        return;
    progress->next_print_ns = now_ns + sparse_ns;
    int length = snprintf(line, sizeof line, "%s; %ld s left", what,
                          seconds_left(progress));
    if (progress->is_console)
        fprintf(stderr, "\r%-*s", progress->shown_length, line);
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    progress->shown_length = length;
}

void progress_done(struct progress *progress, long ms)
{
    progress->done_ms += ms;
}

void progress_end(struct progress *progress)
{
    if (!progress->is_console)
        return;
    fprintf(stderr, "\r%*s\r", progress->shown_length, "");
    fflush(stderr);
}
