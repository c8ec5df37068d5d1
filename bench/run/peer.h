/* peer.h: the test client. Sends a known stream, checks every byte that comes
 * back, and behaves as badly as a case asks for.
 *
 * Each peer has a tag, and byte i of its stream depends on the tag and on i: a
 * byte that is lost, doubled, out of order or from another connection is seen
 * at once. All sockets are non-blocking; every wait has a limit. Functions that
 * return bool return false after writing into p->problem what was expected and
 * what was seen. A peer belongs to one thread at a time. */
#ifndef RUN_PEER_H
#define RUN_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include "../../common/report.h"

enum peer_state {
    PEER_CLOSED, /* no socket; where every peer begins (all zero) */
    PEER_CONNECTING,
    PEER_OPEN,
    PEER_ENDED, /* the server sent an orderly end of stream */
    PEER_BROKEN /* refused or reset; error says by what */
};

struct peer {
    SOCKET s; /* valid unless the state is PEER_CLOSED */
    enum peer_state state;
    int error;    /* Winsock error, with PEER_BROKEN */
    uint32_t tag; /* which stream */
    char problem[200];

    uint64_t sent;     /* bytes since this connection began */
    uint64_t received; /* likewise */
    /* What peers_pump() works towards: positions in the stream. */
    uint64_t send_goal;
    uint64_t receive_goal;
    uint64_t window; /* at most this much sent and not yet back; 0: no limit */
    int chunk_bytes; /* at most this much in one send; 0: no limit */
    int receive_buffer_bytes; /* SO_RCVBUF, set before connecting; 0: default */

    uint64_t deadline_ns; /* no wait goes beyond this moment; 0: none */
    uint64_t sent_ever;   /* over all connections of this peer */
    uint64_t connects;    /* connections made by this peer */
    uint64_t waiting_ns;  /* when the byte that is being waited for was sent */
    uint64_t slowest_ns;  /* longest time until all that was sent was back */
};

/* Waits at most timeout_ms until s is ready for one of events (POLLRDNORM,
 * POLLWRNORM). What it is ready for, POLLERR and POLLHUP included; 0: nothing. */
int peer_poll(SOCKET s, short events, int timeout_ms);

/* Opens a connection to a numeric address; the stream begins anew. */
bool peer_connect(struct peer *p, const char *host, unsigned short port,
                  uint32_t timeout_ms);

/* The two halves of peer_connect(), to have many under way at once. */
bool peer_connect_begin(struct peer *p, const char *host, unsigned short port);
bool peer_connect_end(struct peer *p, uint32_t timeout_ms);

/* Sends what fits now of the next at_most bytes of the stream, one call.
 * Returns the bytes taken, 0 when none fit, -1 when the connection is gone. */
int peer_send_some(struct peer *p, int at_most);

/* Receives and checks what is there, at most at_most bytes, one call. Returns
 * the bytes, 0 when none are there, -1 after the end, a reset or a wrong byte:
 * see state and problem. */
int peer_receive_some(struct peer *p, int at_most);

/* Sends, or receives and checks, exactly this many bytes. stall_ms is how long
 * nothing at all may move. */
bool peer_send(struct peer *p, uint64_t bytes, uint32_t stall_ms);
bool peer_receive(struct peer *p, uint64_t bytes, uint32_t stall_ms);

/* Sends this many bytes and receives them, both directions at once. */
bool peer_echo(struct peer *p, uint64_t bytes, uint32_t stall_ms);

/* Waits until there is something to receive (or the end). */
bool peer_wait_readable(struct peer *p, uint32_t timeout_ms);

/* Waits until there is room to send something (or the connection is over). */
bool peer_wait_writable(struct peer *p, uint32_t timeout_ms);

/* Whether a reset has come, perhaps after an orderly end. Asked before receiving,
 * because there Wine 8 shows a reset as an orderly end. */
bool peer_was_reset(const struct peer *p);

/* Sends the end of the stream: shutdown(SD_SEND). */
bool peer_half_close(struct peer *p);

/* Waits for the orderly end of the stream. More data or a reset is a problem. */
bool peer_receive_end(struct peer *p, uint32_t timeout_ms);

/* Waits until the connection is over, in whichever way; data that still comes
 * is checked. */
bool peer_receive_anything_until_over(struct peer *p, uint32_t timeout_ms);

/* Closes: orderly (if nothing is unread), or with a reset. No-op if closed. */
void peer_close(struct peer *p);
void peer_reset(struct peer *p);

/* One round over all peers that are open: waits at most timeout_ms until one of
 * them can go on towards its goals, then lets each that can send once and
 * receive once. Returns how many calls moved bytes; 0 at once when none wants
 * to; -1 when a peer has a problem, *bad (if not NULL) says which. */
int peers_pump(struct peer *peers, int count, uint32_t timeout_ms,
               struct peer **bad);

/* Rounds until all peers have reached both goals. False, and *bad, when one has
 * a problem or nothing has moved for stall_ms. */
bool peers_run(struct peer *peers, int count, uint32_t stall_ms,
               struct peer **bad);

/* Writes bytes offset to offset + bytes of the stream with this tag. */
void peer_pattern(uint32_t tag, uint64_t offset, unsigned char *out,
                  size_t bytes);

/* Jain's fairness index of count shares: 1 when all are equal, 1/count when one
 * has everything; 0 when nobody has anything. */
double peer_jain_index(const double *shares, int count);

/* Keeps peers busy from a thread of its own: each always has as much under way
 * as its window allows. The peers belong to that thread until flood_stop(). */
struct flood {
    HANDLE thread; /* NULL: not running */
    struct peer *peers;
    int count;
    volatile LONG stop;
    struct peer *bad; /* after flood_stop(): the peer with a problem, or NULL */
};

bool flood_start(struct flood *flood, struct peer *peers, int count);

/* Stops the thread; what is under way stays under way. No-op if not running. */
void flood_stop(struct flood *flood);

#endif
