#include "out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool make_room(struct out *out, size_t more_bytes)
{
    size_t needed = out->bytes + more_bytes + 1;
    if (needed <= out->capacity)
        return true;
    char *grown = realloc(out->text, needed * 2);
    if (grown == NULL)
        return false;
    out->text = grown;
    out->capacity = needed * 2;
    return true;
}

void out_printf(struct out *out, const char *format, ...)
{
    va_list arguments;
    va_list again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int needed = vsnprintf(NULL, 0, format, arguments);
    if (needed >= 0 && !out->is_incomplete && make_room(out, (size_t)needed))
        out->bytes += (size_t)vsnprintf(out->text + out->bytes,
                                        (size_t)needed + 1, format, again);
    else
        out->is_incomplete = true;
    va_end(again);
    va_end(arguments);
}
