#include "stop.h"

#include <stdlib.h>

#include "report.h"
#include "utf8.h"

static HANDLE stop;     /* signaled: please stop */
static HANDLE finished; /* signaled: the server has stopped */

/* Windows runs this on a thread of its own, at any moment. It must not touch
 * what the server works with: it only signals. (Documentation page
 * "HandlerRoutine callback function".) */
static BOOL WINAPI on_console_event(DWORD event)
{
    bool second_time = stop_requested();
    SetEvent(stop);
    switch (event) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT:
        /* FALSE hands the second Ctrl+C to the default handler, which ends
         * the process at once. */
        return second_time ? FALSE : TRUE;
    default:
        /* Console closed: the process dies as soon as this returns, and about
         * 5 s after it was called in any case. */
        WaitForSingleObject(finished, 5000);
        return TRUE;
    }
}

void stop_install(const char *event_name)
{
    wchar_t *name = utf8_wide(event_name);
    stop = CreateEventW(NULL, TRUE, FALSE, name);
    if (stop == NULL)
        die("CreateEvent", GetLastError());
    free(name);
    finished = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (finished == NULL)
        die("CreateEvent", GetLastError());

    /* A program started with Ctrl+C switched off inherits that; undo it. */
    SetConsoleCtrlHandler(NULL, FALSE);
    if (!SetConsoleCtrlHandler(on_console_event, TRUE))
        die("SetConsoleCtrlHandler", GetLastError());
}

HANDLE stop_event(void)
{
    return stop;
}

bool stop_requested(void)
{
    return WaitForSingleObject(stop, 0) == WAIT_OBJECT_0;
}

void stop_finished(void)
{
    SetEvent(finished);
}
