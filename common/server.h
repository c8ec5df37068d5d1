/* server.h: how every chapter's main() begins, ticks and ends. It brings the
 * other headers that a server uses with it.
 *
 * What several threads share, in all files: "volatile" says that another thread
 * may change a variable, so that it is really read each time; it says nothing
 * of the order in which another thread sees two writes. Locks and Interlocked
 * functions keep that order: an Interlocked function is a full barrier, on x64
 * and on ARM64. A thread that has read a volatile variable knows the value of
 * that variable and nothing else. Before it uses other memory because of that
 * value, it takes a lock, or it calls an Interlocked function or
 * MemoryBarrier(). (If the value is a pointer, the thread may use what it
 * points to: that read cannot come first.) */
#ifndef COMMON_SERVER_H
#define COMMON_SERVER_H

#include <stdbool.h>
#include <winsock2.h>

#include "acceptor.h"
#include "ledger.h"
#include "net.h"
#include "options.h"
#include "report.h"
#include "roster.h"
#include "stop.h"

/* The options that all five servers share, with their defaults. Written once,
 * by server_begin(), before any thread is started; read-only afterwards. */
struct server_options {
    const char *host;  /* --host */
    long port;         /* --port */
    long max_clients;  /* --max-clients */
    long idle_seconds; /* --idle-timeout; 0: never */
    long buffer_bytes; /* --buffer */
    bool verbose;      /* --verbose */
};
extern struct server_options options;

/* The most that a chapter hands to one send. A time-out looks at progress, and
 * how often there is progress must not depend on --buffer. */
enum { SEND_BYTES_AT_MOST = 16384 };

/* Reads the command line, starts Winsock and installs the stop signal.
 * program is the chapter's folder name; own_options describes what the chapter
 * adds and ends with an entry whose name is NULL. --help and --version print
 * and exit with status 0; wrong usage prints one line and exits with 2. */
void server_begin(int argc, char **argv, const char *program,
                  const struct option *own_options);

/* Turns a client away: reports the reason in one line and closes s so that the
 * client sees a graceful close. Any thread. */
void server_refuse(SOCKET s, const char *reason);

/* Returns whether the time of a connection is up: nothing has completed for
 * --idle-timeout seconds. While we wait for its peer to take what we send, its
 * time is 30 s at the most, because a peer that never reads must not keep its
 * place for ever. active_ms is GetTickCount() of the last completion: 32 bits,
 * which any thread may read while another one writes them. With --verbose it
 * reports the time-out. Any thread. */
bool server_timed_out(long id, DWORD active_ms, bool is_sending);

/* Looks at the clock for server_timed_out(), which goes by the last look. When
 * more than a second has passed between two looks, the whole server was held up
 * (the machine slept, a debugger stopped it), and what clients sent meanwhile
 * is still to be received: all clocks start again. server_tick() calls it; a
 * main that waits in another way calls it four times a second, or more often.
 * One thread. */
void server_note_time(void);

/* Waits for the stop event, but no longer than a tick of 250 ms, so that main
 * can look after its connections. Returns whether it is time to stop. */
bool server_tick(void);

/* How many threads can run at the same time: the logical processors that this
 * process may use; at least 1. */
long server_processor_count(void);

/* Prints the ledger and ends what server_begin() started. Returns the exit
 * status for main(). Every connection must have been closed. */
int server_end(void);

#endif
