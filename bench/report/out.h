/* out.h: text that a writer makes, in memory. Pure: who asked for the text
 * decides where it goes. */
#ifndef REPORT_OUT_H
#define REPORT_OUT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is empty. text is NULL or terminated; free() it at the end. */
struct out {
    char *text;
    size_t bytes; /* without the terminating zero */
    size_t capacity;
    bool is_incomplete; /* memory has run out; text ends where it did */
};

/* Lets the compiler check the arguments. gcc for Windows has two kinds of
 * printf and means the older one unless told; clang has one. */
#if defined(__clang__)
#define OUT_PRINTF __attribute__((format(printf, 2, 3)))
#elif defined(__GNUC__)
#define OUT_PRINTF __attribute__((format(gnu_printf, 2, 3)))
#else
#define OUT_PRINTF
#endif

/* Appends, as printf would print it. */
void out_printf(struct out *out, const char *format, ...) OUT_PRINTF;

#endif
