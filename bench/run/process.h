/* process.h: start a server, talk to it from outside, stop it, read what it
 * says at the end. Used by check and by bench; knows nothing of any I/O model.
 *
 * Every server is put into a job object that kills it when this program ends,
 * however that happens, so that no run leaves a process behind. What it writes
 * goes to temporary files: it never waits for us to read it. */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

/* Who includes this is the observer and not what is observed. */
#ifndef OBSERVE_NO_REDIRECT
#define OBSERVE_NO_REDIRECT
#endif
#include "../../common/seam/observe.h"
#include "../../common/utf8.h"

/* The last line of a server. */
struct process_ledger {
    int64_t accepted;
    int64_t closed;
    int64_t bytes_in;
    int64_t bytes_out;
    int64_t posted;
    int64_t completed;
    int64_t live;
};

struct process {
    HANDLE process;
    HANDLE job; /* with all its children */
    DWORD id;
    DWORD error;         /* why it could not be started */
    char command[12288]; /* the whole command line */
    char host[64];       /* from "listening ADDR:PORT", no brackets */
    unsigned short port; /* likewise */
    char stop_name[64];  /* the named event: a word that no other process has */
    long linux_pid;      /* under Wine, once it has been looked for */
    HANDLE stop_event;   /* setting it asks the server to stop */
    const struct observe_counters *counters; /* live; NULL: not to be had */
    HANDLE unread_pipe;                      /* process_leave_next_err() */
    /* What it writes, and what has been read of it, terminated: all of it after
     * process_kill(). */
    HANDLE out_file;
    HANDLE err_file;
    char *out;
    char *err;
    size_t out_bytes;
    size_t err_bytes;
};

/* Starts "PROGRAM --port 0 --stop-event ... --counters ... ARGUMENTS" and waits
 * until its first line has come or it has ended, at most timeout_ms. Returns
 * true when the line was "listening ADDR:PORT". On false, message says why (it
 * includes what the program wrote on stderr); the process has been ended. In
 * both cases the caller calls process_free() at the end. arguments may be "";
 * a --port in it overrides ours, because a later option wins. A server built
 * without the seam refuses --counters; it is started again without. */
bool process_start(struct process *p, const char *program,
                   const char *arguments, DWORD timeout_ms, char *message,
                   size_t message_bytes);

/* Starts anybody's server: "{port}" in the command, once, becomes a free port, and the
 * server is up when it takes a connection on 127.0.0.1, within timeout_ms. It
 * has no stop event and no ledger, and counters only if it makes those whose
 * name the variable OBSERVE_COUNTERS holds: end it with process_kill(), which
 * ends its children too. Otherwise as process_start(). */
bool process_start_peer(struct process *p, const char *command,
                        DWORD timeout_ms, char *message, size_t message_bytes);

/* Starts PROGRAM with exactly these arguments and does not wait for anything. It
 * finds input, at most some KB, in a pipe on its stdin; NULL: it has none. False:
 * it could not be started. process_free() at the end in any case. */
bool process_launch(struct process *p, const char *program,
                    const char *arguments, const char *input,
                    size_t input_bytes);

/* Runs PROGRAM with exactly these arguments and waits for its end, for the
 * cases in which a server must refuse to start. Returns the exit status, or -1
 * when it had to be ended after timeout_ms. out and err: as in struct process;
 * process_free() at the end. */
int process_run(struct process *p, const char *program, const char *arguments,
                DWORD timeout_ms);

/* Asks the server to stop (sets the event), waits at most timeout_ms for its
 * end, kills it if it has not ended. Returns its exit status, or -1 if it was
 * killed. Fills ledger from the last line; *has_ledger says whether there was
 * one. Both may be NULL. */
int process_stop(struct process *p, DWORD timeout_ms,
                 struct process_ledger *ledger, bool *has_ledger);

/* The same for a server that has been asked to stop in another way. */
int process_finish(struct process *p, DWORD timeout_ms,
                   struct process_ledger *ledger, bool *has_ledger);

/* Waits at most timeout_ms for the end. Exit status, or -1: still running. */
int process_wait(struct process *p, DWORD timeout_ms);

/* Waits at most timeout_ms until it has written a line on stdout, or has ended.
 * Returns whether there is one: out begins with it. */
bool process_first_line(struct process *p, DWORD timeout_ms);

/* Copies what has come on stderr so far, always terminated. */
void process_copy_err(struct process *p, char *text, size_t text_bytes);

/* Whether words stand in what has come on stderr so far. */
bool process_err_has(struct process *p, const char *words);

/* The stderr of the process that is started next is a pipe that nobody reads. */
void process_leave_next_err(void);

/* The server that is started next is not given our stop event: it makes its own,
 * as for a user. */
void process_withhold_next_stop(void);

/* Kills it if it still runs, and its children, and waits for its end. */
void process_kill(struct process *p);

/* Kills it if it runs and frees everything. */
void process_free(struct process *p);

/* Sends Ctrl+C: under Wine as SIGINT to the Linux process; on Windows Ctrl+Break
 * to the process group, because Ctrl+C cannot be sent to one group. Returns
 * before it has arrived. False: not possible here (Wine without a shell). */
bool process_ctrl_c(struct process *p);

/* What follows is for a process that process_start() or process_start_peer()
 * has started, while it runs. */

/* Processor time used so far, user and kernel, in ns; on Windows it comes in
 * steps of 10 to 16 ms. Under Wine it is what wine_process_ns() says: without
 * what the wineserver does for it. False: not to be had. */
bool process_cpu_ns(struct process *p, uint64_t *cpu_ns);

/* The same of this program itself. */
uint64_t process_own_cpu_ns(void);

/* The same of all programs on all processors since the system started. */
bool process_busy_ns(uint64_t *busy_ns);

/* Resident bytes (working set); 0: not to be had. */
uint64_t process_memory_bytes(const struct process *p);

/* Threads of the process now (toolhelp snapshot); 0: not to be had. */
int process_threads(const struct process *p);

/* Suspends every thread of the process, or lets them go on: what comes meanwhile
 * is all there when it goes on, however busy the machine is. Returns how many
 * threads; 0: not possible. The process must not be starting any just then. */
int process_hold(const struct process *p);
int process_go_on(const struct process *p);

/* What the server has open now, as the seam counts it: sockets, events, threads,
 * ports; 0: not to be had. */
int process_handles(const struct process *p);

/* Sums the slots of the live counters into totals. False: no counters. */
struct process_counts {
    int64_t calls[OBSERVE_CALL_COUNT][OBSERVE_OUTCOME_COUNT];
    int64_t items[OBSERVE_CALL_COUNT];
};
bool process_counts(const struct process *p, struct process_counts *totals);

/* Lets this program, what it will start, and under Wine the wineserver use the
 * last count processors only; 0: all. Returns whether that is so now. */
bool processors_use(int count);

/* The same for a process that runs already. */
bool processors_use_by(HANDLE process, int count);

/* How many this program could use at its start. */
int processors_count(void);

#endif
