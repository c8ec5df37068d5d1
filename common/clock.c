#include "clock.h"

#include <windows.h>

uint64_t clock_ns(void)
{
    /* Asking for the frequency every time costs nothing worth saving: it is
     * read from memory that the system maps into every process. */
    LARGE_INTEGER ticks;
    LARGE_INTEGER ticks_per_second;
    QueryPerformanceFrequency(&ticks_per_second);
    QueryPerformanceCounter(&ticks);

    /* Whole seconds and the rest apart, so that ticks * 1e9 cannot overflow. */
    uint64_t per_second = (uint64_t)ticks_per_second.QuadPart;
    uint64_t seconds = (uint64_t)ticks.QuadPart / per_second;
    uint64_t rest = (uint64_t)ticks.QuadPart % per_second;
    return seconds * 1000000000u + rest * 1000000000u / per_second;
}

uint64_t clock_in_ms(uint64_t ms)
{
    return clock_ns() + ms * 1000000;
}
