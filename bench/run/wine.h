/* wine.h: all that is Wine's, and what Linux tells through it. On Windows each
 * of these says that it is not to be had, and nobody needs this file.
 *
 * The wineserver opens files for all, so that /proc/self is the wineserver's.
 * Drive Z: has to be Linux's root, as it is in a new prefix. */
#ifndef RUN_WINE_H
#define RUN_WINE_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

struct process;

/* "8.0"; NULL: this is Windows. */
const char *wine_version(void);

/* Whether this program runs under Wine and not on Windows. */
bool wine_here(void);

/* A request is a call of Wine's that the wineserver answers; 0: not to be had.
 * Each is one write of the thread that makes it, so these two are exact, but for
 * what the process has written to files and the console, which counts as well. */
uint64_t wine_requests_of(struct process *p);
uint64_t wine_requests_of_self(void);

/* What the wineserver has written so far: an answer to each request of all
 * programs, and a word to each thread whose wait did not end at once. So it is
 * no less than the number of requests, and no more than twice that. (What it has
 * read is no better: a request that brings data with it is read in two.) */
uint64_t wine_requests_of_all(void);

/* Processor time in ns, used so far by the wineserver, and by a process without
 * what the wineserver does for it: Wine 8 answers GetProcessTimes for another
 * process with the caller's own. Of threads that have ended Linux knows the time
 * in steps of 10 ms. p may be NULL: this program. False: not to be had. */
bool wine_server_ns(uint64_t *cpu_ns);
bool wine_process_ns(struct process *p, uint64_t *cpu_ns);

/* Processor time in ns, in steps of 10 ms, that all programs have used on all
 * processors since the system started. False: not to be had. */
bool wine_busy_ns(uint64_t *busy_ns);

/* Lets the wineserver use these processors only, with Debian's taskset. Returns
 * whether that is so now. */
bool wine_use_processors(DWORD_PTR mask);

/* Open handles of a process, where GetProcessHandleCount says 0. 0: not to be
 * had. */
int wine_handles(DWORD process_id);

/* Sends Ctrl+C as SIGINT. Returns before it has arrived. False: there is no
 * shell, or the Linux process is not to be found. */
bool wine_ctrl_c(struct process *p);

#endif
