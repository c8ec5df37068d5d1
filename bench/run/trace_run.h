/* trace_run.h: runs a small fixed scenario on a server with --trace. */
#ifndef RUN_TRACE_RUN_H
#define RUN_TRACE_RUN_H

/* Runs the server of chapter model, 1 to 5, which is in own_folder, for three
 * clients. Leaves NN_trace.csv in folder: what the server wrote, and after it
 * what the clients did, each as a line of thread 0 with words in the place of a
 * call. Returns that text, to be freed. NULL: said why on stderr. */
char *trace_run(const char *own_folder, const char *folder, int model);

#endif
