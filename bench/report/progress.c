#include "progress.h"

#include <stdio.h>
#include <windows.h>

#include "../../common/clock.h"

void progress_begin(struct progress *progress, int total)
{
    DWORD mode = 0;
    *progress = (struct progress){.total = total};
    progress->is_console =
        GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode) != 0;
    progress->begun_ns = clock_ns();
}

/* Whole seconds, rounded up. */
static long seconds_left(const struct progress *progress, long step_ms)
{
    uint64_t spent_ms = (clock_ns() - progress->begun_ns) / 1000000;
    uint64_t left = (uint64_t)(progress->total - progress->done);
    uint64_t left_ms = progress->done > 0
                           ? spent_ms * left / (uint64_t)progress->done
                           : (uint64_t)step_ms * left;
    return (long)((left_ms + 999) / 1000);
}

void progress_step(struct progress *progress, const char *what, long step_ms)
{
    static const uint64_t sparse_ns = UINT64_C(10000000000); /* 10 s */
    uint64_t now_ns = clock_ns();
    char line[128];
    if (!progress->is_console && now_ns < progress->next_print_ns)
        return;
    progress->next_print_ns = now_ns + sparse_ns;
    int length = snprintf(line, sizeof line, "%s; %ld s left", what,
                          seconds_left(progress, step_ms));
    if (progress->is_console)
        fprintf(stderr, "\r%-*s", progress->shown_length, line);
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
    progress->shown_length = length;
}

void progress_done(struct progress *progress, int steps)
{
    progress->done += steps;
}

void progress_end(struct progress *progress)
{
    if (!progress->is_console)
        return;
    fprintf(stderr, "\r%*s\r", progress->shown_length, "");
    fflush(stderr);
}
