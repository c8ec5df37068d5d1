/* clock.h: monotonic time. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

/* Nanoseconds since some fixed moment before the program started. Never goes
 * backwards, is not affected by setting the clock, cannot fail (documentation
 * page "QueryPerformanceCounter function"). Any thread may call it. */
uint64_t clock_ns(void);

/* The moment that is so many milliseconds from now, in the same nanoseconds. */
uint64_t clock_in_ms(uint64_t ms);

#endif
