/* prices.h: what one call costs here, measured by itself.
 *
 * Everything, the wineserver included, runs on one processor meanwhile, so that
 * the time that a call takes is the work that it makes. Each price is the
 * median of several batches, in us. Counts times prices are then compared with
 * the work that was measured; nothing is fitted from the servers. */
#ifndef HARNESS_PRICES_H
#define HARNESS_PRICES_H

#include <stdbool.h>

#include "../result/statistics.h"

enum price {
    PRICE_SEND,             /* send or WSASend, done at once */
    PRICE_RECEIVE_READY,    /* recv, the data is there */
    PRICE_RECEIVE_IN_VAIN,  /* recv, non-blocking, nothing there */
    PRICE_RECEIVE_BLOCKED,  /* composite: recv sleeps until the data comes */
    PRICE_OVERLAPPED_READY, /* WSARecv, the data is there */
    PRICE_PENDING_EVENT,    /* composite: WSARecv pends, completes, and the */
    PRICE_PENDING_ROUTINE,  /* thread has learned it: by event and wait, by */
    PRICE_PENDING_PORT,     /* routine and SleepEx, by port and dequeue */
    PRICE_SELECT_1,         /* select, one of 1, 16, 128 sockets ready */
    PRICE_SELECT_16,
    PRICE_SELECT_128,
    PRICE_POLL_1, /* WSAPoll, likewise */
    PRICE_POLL_16,
    PRICE_POLL_128,
    PRICE_EVENTS_1, /* WSAWaitForMultipleEvents, the last of 1, 16, 64 set */
    PRICE_EVENTS_16,
    PRICE_EVENTS_64,
    PRICE_RESET,   /* WSAResetEvent */
    PRICE_ASK,     /* WSAGetOverlappedResult, complete */
    PRICE_DEQUEUE, /* GetQueuedCompletionStatus, a packet is there */
    PRICE_ROUTINE, /* SleepEx that runs one queued routine */
    PRICE_SLEEP,   /* SleepEx, nothing there, no time to wait */
    PRICE_WAKE, /* composite: a thread waits on a port, is woken by another */
    PRICE_COUNT
};

/* What the client does for an echo. */
enum price_client_call {
    PRICES_CLIENT_SEND,    /* WSASend, done at once */
    PRICES_CLIENT_READY,   /* WSARecv, done at once */
    PRICES_CLIENT_PENDING, /* WSARecv, pending */
    PRICES_CLIENT_DEQUEUE, /* GetQueuedCompletionStatus with a packet */
    PRICES_CLIENT_CALLS
};

struct price_list {
    bool is_known;
    struct figure us[PRICE_COUNT];
};

/* "send", "WSARecv pending, by event", ... for a table. */
const char *price_name(enum price price);

/* Measures all of them, in about half a second here; the caller has put everything on
 * one processor (processors.h). False: no sockets or handles to do it with. */
bool prices_measure(struct price_list *list);

/* The price of a wait for this many members, from those measured: in between
 * on a straight line, beyond on the last one. first: the price of 1 member. */
struct figure price_of_wait(const struct price_list *list, enum price first,
                            int members);

#endif
