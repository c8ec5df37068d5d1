/* trace_run.h: runs a small fixed scenario on each server with --trace, and
 * draws timelines of it. */
#ifndef HARNESS_TRACE_RUN_H
#define HARNESS_TRACE_RUN_H

/* Writes for each of the chosen models (1 to 5) NN_timeline.svg, NN_timeline.txt
 * and NN_trace.json into folder (NULL: the current one), and one_echo.svg for
 * all. own_folder is where the servers are. Returns the exit status: 0 when
 * everything was written. */
int trace_run(const char *own_folder, const char *folder, const int *chosen,
              int count);

#endif
