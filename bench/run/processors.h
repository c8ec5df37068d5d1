/* processors.h: who runs where. On one processor the times of all processes add
 * up to the time that has passed; that needs everything there, under Wine also
 * the wineserver, which does the work of every Winsock call. */
#ifndef HARNESS_PROCESSORS_H
#define HARNESS_PROCESSORS_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

/* Lets this program, what it will start, and under Wine the wineserver use the
 * last count processors only; 0: all. Returns whether that is so now: under
 * Wine it takes Debian's taskset. */
bool processors_use(int count);

/* The same for a process that runs already. */
bool processors_use_by(HANDLE process, int count);

/* How many this program could use at its start. */
int processors_count(void);

/* CPU time of the wineserver, in ns. False: no Wine, or Linux does not tell. */
bool processors_wineserver_ns(uint64_t *cpu_ns);

#endif
