/* load.h: the client of the benchmark: many connections, one thread.
 *
 * Its I/O model is fixed and the same for every server: overlapped sends and
 * receives on one completion port, so that waiting costs the same for one
 * connection as for a thousand. On each connection a receive is always under
 * way; sends that are done at once come back without a packet
 * (FILE_SKIP_COMPLETION_PORT_ON_SUCCESS). What it does is one of three kinds,
 * below. Every byte that comes back is compared. Every message begins with its
 * sequence number, and no two messages of a run are the same, so that an old
 * echo, or that of another connection, is noticed. */
#ifndef RUN_LOAD_H
#define RUN_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>

#include "../result/histogram.h"

/* A peer that does nothing for this long has failed. */
enum { LOAD_PATIENCE_MS = 5000 };

/* A request that is sent this much after it could have been is late. */
#define LOAD_LATE_NS UINT64_C(1000000)

enum load_kind {
    /* The next message goes out when the last echo is complete. */
    LOAD_CLOSED,
    /* Messages become due at a fixed rate, in turn on all connections, whatever
     * the server does. One that is due while the echo before it is still out
     * waits, and its latency runs from when it was due. */
    LOAD_PACED,
    /* Connects, sends one message, reads its echo, ends the stream, waits for
     * the server's end, closes, and begins again. */
    LOAD_CHURN
};

struct load_plan {
    enum load_kind kind;
    int connection_count;
    int idle_count;       /* opened besides, one byte echoed, then silent */
    size_t message_bytes; /* 1 or more */
    DWORD pause_ms;       /* LOAD_CLOSED: after each echo, so that the server is
                             at rest when the next message comes */
    double rate_per_s;    /* LOAD_PACED: over all connections */
    uint64_t connects_at_most; /* LOAD_CHURN: in one run; each leaves a port in
                                  TIME_WAIT on this side */
};

struct load_connection {
    SOCKET s;
    OVERLAPPED in;       /* of the receive under way */
    OVERLAPPED out;      /* of the send under way, or of the connect */
    bool is_receiving;   /* in belongs to Windows */
    bool is_sending;     /* out belongs to Windows */
    bool is_connecting;  /* LOAD_CHURN: out is that of ConnectEx */
    bool is_ending;      /* LOAD_CHURN: waits for the server's end */
    bool is_under_way;   /* a message waits for its echo */
    char *message;       /* message_bytes long; owned by struct load */
    char *received;      /* load->receive_bytes long; likewise */
    uint64_t sequence;   /* of the message under way, from 1 */
    uint64_t sent_bytes; /* of the message under way */
    uint64_t echoed_bytes;
    uint64_t due_ns;    /* LOAD_PACED: of the message under way or the next */
    uint64_t due_count; /* LOAD_PACED: due and not yet sent */
    uint64_t begun_ns;  /* just before its first send, or its connect */
    uint64_t ended_ns;  /* when its last echo was complete */
    uint64_t echoes;    /* counted in this run */
};

struct load {
    struct load_plan plan;
    struct addrinfo *address;
    HANDLE port;               /* of all connections */
    LPFN_CONNECTEX connect_ex; /* LOAD_CHURN */
    struct load_connection *connections;
    char *messages;
    char *received;
    size_t receive_bytes; /* of one receive */
    int next_due_index;   /* LOAD_PACED: whose turn it is */
    SOCKET *idle; /* idle_count; nothing waits on them: no cost to the client */
    char failure[160]; /* what went wrong, one line; empty: nothing yet */
};

enum load_outcome { LOAD_DONE, LOAD_FAILED, LOAD_STOPPED };

/* What one run came to. A closed loop and churn count what is
 * complete within the window: from one eighth of the duration, when all
 * connections are in the swing of it, to its end. An open loop counts
 * everything that was due, or a stall would go uncounted. */
struct load_run {
    uint64_t echoes;     /* counted: whole messages; LOAD_CHURN: connections */
    uint64_t all_echoes; /* with those outside the window */
    uint64_t due_count;  /* LOAD_PACED: messages that were due */
    uint64_t late_count; /* LOAD_PACED: sent more than LOAD_LATE_NS after they
                             were due and their connection was free */
    uint64_t elapsed_ns; /* of the window */
    uint64_t whole_ns;   /* from before the first send to the last echo */
    uint64_t waited_ns;  /* of whole_ns: in GetQueuedCompletionStatus */
    /* One value for each echo that counts: from its send; LOAD_PACED: from when
     * it was due; LOAD_CHURN: from its connect. */
    struct histogram latency;
};

/* Connects, and has one message echoed on each connection. host is a numeric
 * address. False: failure says why. In both cases the caller calls load_close()
 * at the end. */
bool load_open(struct load *load, const char *host, unsigned short port,
               const struct load_plan *plan);

/* Opens the idle connections of the plan. Apart from load_open(), so that the
 * server can be looked at before. Returns how many of them the server serves:
 * fewer than asked for when it refuses one, or when the event stop is
 * signaled. */
int load_open_idle(struct load *load, HANDLE stop);

/* Goes on for duration_ns, then waits for the echoes that are still out.
 * LOAD_FAILED: load->failure says why, and the connections are of no more use.
 * LOAD_STOPPED: the event stop, which may be NULL, was signaled; likewise. */
enum load_outcome load_run(struct load *load, uint64_t duration_ns, HANDLE stop,
                           struct load_run *run);

/* Closes the connections, with a reset, so that no port stays in TIME_WAIT, and
 * frees everything but failure. */
void load_close(struct load *load);

#endif
