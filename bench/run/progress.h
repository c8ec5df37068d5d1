/* progress.h: what runs now and how long it will still take, on stderr. On a
 * console one line that is written over and over; otherwise (a file, a pipe) a
 * line now and then. */
#ifndef RUN_PROGRESS_H
#define RUN_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool is_console;
    bool is_limited; /* it ends after total_ms, whatever has been done */
    long total_ms;   /* as planned */
    long done_ms;    /* planned time of what has been done */
    uint64_t begun_ns;
    uint64_t next_print_ns; /* not before this, unless on a console */
    long shown_left_s;      /* never goes up */
    int shown_length;       /* of the line that stands on the console */
};

/* A run begins that is planned to take total_ms, or has that time at most. */
void progress_begin(struct progress *progress, long total_ms, bool is_limited);

/* What runs now, one line. Called before each step. The time left is the time
 * planned for the rest, corrected by how right the plan has been so far. */
void progress_step(struct progress *progress, const char *what);

/* Something planned to take ms has been done, or will never be. */
void progress_done(struct progress *progress, long ms);

/* Removes the line from the console. */
void progress_end(struct progress *progress);

#endif
