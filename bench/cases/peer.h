/* peer.h: the test client. Sends a known stream, checks every byte that comes
 * back, and behaves as badly as a case asks for.
 *
 * Each peer has a tag, and byte i of its stream depends on the tag and on i: a
 * byte that is lost, doubled, out of order or from another connection is seen
 * at once. All sockets are non-blocking; every wait has a limit. What cannot be
 * done fails the case and so ends it, see expect(); but if the peer may fail, the
 * function returns false. A peer belongs to one thread at a time. */
#ifndef CASES_PEER_H
#define CASES_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <windows.h>

enum peer_state {
    PEER_CLOSED, /* no socket; where every peer begins */
    PEER_CONNECTING,
    PEER_OPEN,
    PEER_ENDED, /* the server sent an orderly end of stream */
    PEER_BROKEN /* refused or reset; error says by what */
};

struct peer {
    uint32_t tag;             /* which stream */
    bool may_fail;            /* the case goes on when this peer cannot ... */
    bool may_lose;            /* ... and so it does after a wrong byte */
    uint32_t patience_ms;     /* how long nothing may move; STEP_MS */
    int receive_buffer_bytes; /* SO_RCVBUF, set before connecting; 0: default */
    uint64_t window; /* at most this much under way with a goal; 0: no limit */

    SOCKET s; /* valid unless the state is PEER_CLOSED */
    enum peer_state state;
    int error; /* Winsock error, with PEER_BROKEN */
    char problem[200];
    uint64_t sent;      /* bytes since this connection began */
    uint64_t received;  /* likewise */
    uint64_t send_goal; /* what peers_pump() works towards, likewise */
    uint64_t receive_goal;
    uint64_t waiting_ns; /* when the byte that is being waited for was sent */

    uint64_t sent_ever; /* to this server, over all connections */
    uint64_t connects;  /* likewise */
};

/* ---- steps --------------------------------------------------------------- */

/* Opens a connection to the server; the stream begins anew. Its two halves, to
 * have many under way at once or at another address than the server's. */
bool join(struct peer *p);
bool join_begin(struct peer *p, const char *host);
bool join_end(struct peer *p);
void join_all(struct peer *peers, int count);

/* Sends, or receives and checks, exactly this many bytes, or all that is under
 * way. */
bool send_bytes(struct peer *p, uint64_t bytes);
bool receive_bytes(struct peer *p, uint64_t bytes);
bool receive_rest(struct peer *p);

/* Sends this many bytes and receives them, both directions at once. */
bool echo(struct peer *p, uint64_t bytes);

/* Each sends this many bytes, then each receives them. */
void ping_all(struct peer *peers, int count, uint64_t bytes);

/* Sends the end of the stream: shutdown(SD_SEND). */
bool half_close(struct peer *p);

/* Waits for the orderly end of the stream. More data or a reset is a problem. */
bool receive_end(struct peer *p);

/* half_close(), receive_rest(), receive_end(), and closes: the server is done
 * with it then. */
void leave(struct peer *p);

/* Waits until the connection is over, in whichever way; data that still comes
 * is checked. */
bool receive_until_over(struct peer *p);

/* Waits until it is ready for events (POLLRDNORM, POLLWRNORM), or over. */
bool wait_ready(struct peer *p, short events);

/* Closes: orderly (if nothing is unread), or with a reset. No-op if closed. */
void peer_close(struct peer *p);
void peer_reset(struct peer *p);
void close_all(struct peer *peers, int count);

/* ---- one call ------------------------------------------------------------ */

/* Sends what fits now of the next at_most bytes of the stream, or receives and
 * checks what is there of so many. Returns the bytes, 0 when it would block, -1
 * after the end, a reset or a wrong byte. */
int send_some(struct peer *p, uint64_t at_most);
int receive_some(struct peer *p, uint64_t at_most);

/* Sends without reading until nothing fits, at most this many bytes; or until
 * nothing has been taken for a second. */
void send_what_fits(struct peer *p, uint64_t at_most);
void stuff(struct peer *p, uint64_t at_most);

/* Whether a reset has come, perhaps after an orderly end. Asked before receiving:
 * there Wine 8 shows a reset as an orderly end. */
bool was_reset(const struct peer *p);

/* ---- many at once -------------------------------------------------------- */

/* One round over all peers that are open: waits at most timeout_ms until one of
 * them can go on towards its goals, then lets each that can send once and
 * receive once. Returns how many could; 0 at once when none wants to; -1 when a
 * peer that may fail has. */
int peers_pump(struct peer *peers, int count, uint32_t timeout_ms);

/* Rounds until none could for timeout_ms. */
void peers_pump_out(struct peer *peers, int count, uint32_t timeout_ms);

/* Rounds until all peers have reached both goals. */
bool peers_run(struct peer *peers, int count);

/* Bytes that are sent and not back. */
uint64_t under_way(const struct peer *peers, int count);

#endif
