#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <windows.h>

static volatile LONG accepted;
static volatile LONG closed;
static volatile LONG live;
static volatile LONG64 bytes_in;
static volatile LONG64 bytes_out;
static volatile LONG64 posted;
static volatile LONG64 completed;

long ledger_accepted(long live_at_most)
{
    /* Check and increment in one step: two threads that both see the last
     * free place must not both take it. */
    LONG seen;
    do {
        seen = live;
        if (seen >= live_at_most)
            return 0;
    } while (InterlockedCompareExchange(&live, seen + 1, seen) != seen);
    return InterlockedIncrement(&accepted);
}

void ledger_closed(const struct tally *tally)
{
    if (tally != NULL) {
        InterlockedExchangeAdd64(&bytes_in, tally->bytes_in);
        InterlockedExchangeAdd64(&bytes_out, tally->bytes_out);
        ledger_add_operations(tally->posted, tally->completed);
    }
    InterlockedIncrement(&closed);
    InterlockedDecrement(&live);
}

void ledger_add_operations(int64_t more_posted, int64_t more_completed)
{
    InterlockedExchangeAdd64(&posted, more_posted);
    InterlockedExchangeAdd64(&completed, more_completed);
}

long ledger_live(void)
{
    return live;
}

void ledger_print(void)
{
    printf("accepted=%ld closed=%ld bytes_in=%" PRId64 " bytes_out=%" PRId64
           " posted=%" PRId64 " completed=%" PRId64 " live=%ld\n",
           (long)accepted, (long)closed, (int64_t)bytes_in, (int64_t)bytes_out,
           (int64_t)posted, (int64_t)completed, ledger_live());
    fflush(stdout);
}
