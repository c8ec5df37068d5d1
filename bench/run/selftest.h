/* selftest.h: is the ruler straight? A server with a planted stall must show it
 * in the latencies of an open loop, and the closed loop must miss most of it.
 * Needs the servers with the seam, which plants the stall. */
#ifndef HARNESS_SELFTEST_H
#define HARNESS_SELFTEST_H

#include <winsock2.h>
#include <windows.h>

/* Runs all checks with the servers in that folder; prints what was measured and
 * "N passed, N failed" as the last line. Returns the exit status: 0 all passed,
 * 1 not, 130 when the event stop was signaled. */
int selftest_run(const char *directory, HANDLE stop);

/* The child of selftest_run(): uses 500 ms of processor time, says that it is
 * there as a server does, and waits to be ended. Returns the exit status. */
int selftest_burn(void);

#endif
