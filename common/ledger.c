#include "ledger.h"

#include <inttypes.h>
#include <windows.h>

#include "report.h"

static volatile LONG accepted;
static volatile LONG closed;
static volatile LONG live;
static volatile LONG64 bytes_in;
static volatile LONG64 bytes_out;
static volatile LONG64 posted;
static volatile LONG64 completed;
static volatile LONG busy; /* connections, and operations of none of them */
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE is_drained = CONDITION_VARIABLE_INIT;

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
    InterlockedIncrement(&busy);
    return InterlockedIncrement(&accepted);
}

static void one_less_is_busy(void)
{
    if (InterlockedDecrement(&busy) == 0) {
        /* Lets a waiter that has just looked at busy fall asleep first. */
        AcquireSRWLockExclusive(&lock);
        ReleaseSRWLockExclusive(&lock);
        WakeAllConditionVariable(&is_drained);
    }
}

void ledger_closed(const struct tally *tally)
{
    if (tally != NULL) {
        InterlockedExchangeAdd64(&bytes_in, tally->bytes_in);
        InterlockedExchangeAdd64(&bytes_out, tally->bytes_out);
        InterlockedExchangeAdd64(&posted, tally->posted);
        InterlockedExchangeAdd64(&completed, tally->completed);
    }
    InterlockedIncrement(&closed);
    InterlockedDecrement(&live);
    one_less_is_busy();
}

void ledger_posted(void)
{
    InterlockedIncrement64(&posted);
    InterlockedIncrement(&busy);
}

void ledger_completed(void)
{
    InterlockedIncrement64(&completed);
    one_less_is_busy();
}

bool ledger_drained(uint32_t timeout_ms)
{
    AcquireSRWLockExclusive(&lock);
    if (busy != 0)
        SleepConditionVariableSRW(&is_drained, &lock, timeout_ms, 0);
    ReleaseSRWLockExclusive(&lock);
    return InterlockedCompareExchange(&busy, 0, 0) == 0;
}

void ledger_print(void)
{
    invariant(live == 0);
    report_result(
        "accepted=%ld closed=%ld bytes_in=%" PRId64 " bytes_out=%" PRId64
        " posted=%" PRId64 " completed=%" PRId64 " live=%ld",
        (long)accepted, (long)closed, (int64_t)bytes_in, (int64_t)bytes_out,
        (int64_t)posted, (int64_t)completed, (long)live);
}
