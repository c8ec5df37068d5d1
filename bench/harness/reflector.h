/* reflector.h: the least that an echo can be, as a program of its own: one
 * thread, WSAPoll, recv, send. No limits, no ledger, no care for a client that
 * does not read. What the client reaches with it is about the most that the
 * client can reach: its ceiling.
 *
 * `bench reflector` runs it. It keeps to the contract of the servers as far as
 * process.c needs it: the first line, --stop-event NAME, exit status 0. */
#ifndef HARNESS_REFLECTOR_H
#define HARNESS_REFLECTOR_H

/* Runs until the stop event is set; the arguments are those of main().
 * Returns the exit status. */
int reflector_run(int argc, char **argv);

#endif
