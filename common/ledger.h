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

#include <stdint.h>

struct tally {
    int64_t bytes_in;
    int64_t bytes_out;
    int64_t posted;    /* overlapped operations started */
    int64_t completed; /* overlapped operations finished, failures included */
};

/* One more connection, unless live_at_most are live already. Returns its
 * number, 1 for the first, or 0: there is no room. Any thread. */
long ledger_accepted(long live_at_most);

/* One connection less; adds its tally, which may be NULL. Any thread. */
void ledger_closed(const struct tally *tally);

/* Adds operations that belong to no connection (AcceptEx). Any thread. */
void ledger_add_operations(int64_t posted, int64_t completed);

/* Connections accepted and not yet closed. Any thread. */
long ledger_live(void);

/* Prints the ledger, one line, to stdout, and flushes it. */
void ledger_print(void);

#endif
