/* ledger.h: what a server has to account for when it ends.
 *
 * Each connection keeps a tally of its own, which only the owner of that
 * connection touches: no lock, no shared cache line while data flows. When the
 * connection closes, its tally is added to the server's ledger. At the end the
 * ledger must balance:
 *   accepted = closed      no connection was forgotten
 *   posted = completed     every operation that was started was also finished
 *   bytes_in = bytes_out   nothing was lost (unless a peer left or we stopped)
 *
 * posted and completed count overlapped operations. In chapters 01 and 02 no
 * operation outlives its call, and both are 0. */
#ifndef COMMON_LEDGER_H
#define COMMON_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

struct tally {
    int64_t bytes_in;
    int64_t bytes_out;
    int64_t posted;    /* overlapped operations started */
    int64_t completed; /* overlapped operations finished, failures included */
};

/* One more connection, unless live_at_most are open already. Returns its
 * number, 1 for the first, or 0: there is no room. Any thread. */
long ledger_accepted(long live_at_most);

/* One connection less; adds its tally, which may be NULL. Any thread. */
void ledger_closed(const struct tally *tally);

/* One operation that belongs to no connection (AcceptEx) has been started, or
 * has completed. Any thread. */
void ledger_posted(void);
void ledger_completed(void);

/* Waits at most timeout_ms until no connection is open and all operations of
 * ledger_posted() have completed. Returns whether that is so. One thread at a
 * time, and of use only when nothing new begins: at stop. */
bool ledger_drained(uint32_t timeout_ms);

/* Prints the ledger, one line, to stdout, and waits until it is written, at most
 * 2 s. Nothing may be live any more. */
void ledger_print(void);

#endif
