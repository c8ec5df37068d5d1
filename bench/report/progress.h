/* progress.h: what runs now and how long it will still take, on stderr. On a
 * console one line that is written over and over; otherwise (a file, a pipe) a
 * line now and then. */
#ifndef REPORT_PROGRESS_H
#define REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_console;
    int total; /* equal steps in the whole run */
    int done;
    uint64_t begun_ns;      /* when the first step began */
    uint64_t next_print_ns; /* not before this, unless on a console */
    int shown_length;       /* of the line that stands on the console */
};

/* total steps will come, each about as long as the others. */
void progress_begin(struct progress *progress, int total);

/* what runs now, one line. Called before each step. step_ms: how long one step
 * takes, for the guess while none has been measured. */
void progress_step(struct progress *progress, const char *what, long step_ms);

/* steps steps have been done, or will never be. */
void progress_done(struct progress *progress, int steps);

/* Removes the line from the console. */
void progress_end(struct progress *progress);

#endif
