/* load.h: the client of the benchmark: many connections, one thread, closed
 * loop.
 *
 * Its I/O model is fixed and the same for every server: non-blocking sockets,
 * and WSAPoll to wait until at least one is ready. Each connection has one
 * message under way: it is sent, its echo is read to the end and compared byte
 * by byte, and only then the next one is sent. Every message begins with its
 * sequence number, and no two messages of a run are the same, so that an old
 * echo, or that of another connection, is noticed. */
#ifndef HARNESS_LOAD_H
#define HARNESS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

#include "histogram.h"

/* A peer that does nothing for this long has failed. */
enum { LOAD_PATIENCE_MS = 5000 };

struct load_connection {
    SOCKET s;
    char *message;     /* message_bytes long; owned by struct load */
    uint64_t sequence; /* of the message under way, from 1 */
    size_t sent_bytes; /* of the message under way */
    size_t echoed_bytes;
    uint64_t begun_ns; /* just before its first send */
    uint64_t ended_ns; /* when its last echo was complete */
    uint64_t echoes;   /* in this round */
    bool is_under_way; /* a message waits for its echo */
};

struct load {
    struct load_connection *connections;
    WSAPOLLFD *polled; /* one for each connection, same index */
    char *messages;
    int connection_count;
    size_t message_bytes;
    char failure[160]; /* what went wrong, one line; empty: nothing yet */
};

enum load_outcome { LOAD_DONE, LOAD_FAILED, LOAD_STOPPED };

/* What one round came to. Add echoes by connection from struct load. */
struct load_round {
    uint64_t echoes;
    uint64_t elapsed_ns; /* from before the first send to the last echo */
    uint64_t cpu_ns;     /* of this process; in steps of 10 to 16 ms */
    /* How long connections had no message under way because the round was just
     * beginning or ending, summed over all of them. */
    uint64_t idle_ns;
    struct histogram latency; /* one value for each echo */
};

/* Connects connection_count times. host is a numeric address. False: failure
 * says why. In both cases the caller calls load_close() at the end. */
bool load_open(struct load *load, const char *host, unsigned short port,
               int connection_count, size_t message_bytes);

/* Keeps one message under way on every connection for duration_ns, then waits
 * for the echoes that are still out. LOAD_FAILED: load->failure says why, and
 * the connections are of no more use. LOAD_STOPPED: the event stop, which may
 * be NULL, was signaled; likewise. */
enum load_outcome load_run(struct load *load, uint64_t duration_ns, HANDLE stop,
                           struct load_round *round);

/* Closes the connections and frees everything but failure. */
void load_close(struct load *load);

#endif
