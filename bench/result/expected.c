#include "expected.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* So many that what comes and goes once hardly counts. */
enum { MANY_IDLE = 1000 };

/* When a send of few bytes is done: as soon as they have been copied. */
static const char copied[] = "Design issues - Sending small data segments over "
                             "TCP with Winsock";
static const char skipped[] = "SetFileCompletionNotificationModes function";
static const char buffer[] = "server.c: a buffer of 16 KiB";
static const char only_memory[] = "Maximum Number of Sockets Supported";

const struct expected expected_rows[] = {
    {1, OBSERVE_RECEIVE, 1, 1, "recv function"},
    {1, OBSERVE_SEND, 1, 1, "send function"},
    {1, EXPECTED_CALLS, 2, 2, "recv function"},
    {1, EXPECTED_THREADS, 1, 1, "server.c: S3"},
    {1, EXPECTED_HANDLES, 1, INFINITY, "Socket Handles"},
    {1, EXPECTED_KB, 4, 290, "Thread Stack Size; server.c: 256 KiB reserved"},
    {2, OBSERVE_RECEIVE, 1, 1, "select function"},
    {2, OBSERVE_SEND, 1, 1, copied},
    {2, OBSERVE_WAIT, 1, 1, "select function"},
    {2, EXPECTED_CALLS, 3, 3, "select function"},
    {2, EXPECTED_THREADS, 0, 0, "server.c: one thread"},
    {2, EXPECTED_HANDLES, 1, 1, "Socket Handles"},
    {2, EXPECTED_KB, -INFINITY, 4, "server.c: no buffer"},
    {2, EXPECTED_WALL, 1023, 1023, "select function; server.c: FD_SETSIZE"},
    {3, OBSERVE_RECEIVE, 1, 1, "WSARecv function"},
    {3, OBSERVE_SEND, 1, 1, copied},
    {3, OBSERVE_WAIT, 1, 1, "WSAWaitForMultipleEvents function"},
    {3, OBSERVE_RESULT, 1, 1, "WSAGetOverlappedResult function"},
    {3, EXPECTED_CALLS, 4, 4, "WSARecv function"},
    {3, EXPECTED_THREADS, 0, 1.0 / 63, "WSAWaitForMultipleEvents function: 64"},
    {3, EXPECTED_HANDLES, 1, 1 + 65.0 / 63, "Socket Handles; server.c: events"},
    {3, EXPECTED_KB, -INFINITY, 24, buffer},
    {3, EXPECTED_WALL, INFINITY, INFINITY, only_memory},
    {4, OBSERVE_RECEIVE, 1, 1, "WSARecv function"},
    {4, OBSERVE_SEND, 1, 1, copied},
    {4, OBSERVE_WAIT, 1, 1, "QueueUserAPC function"},
    {4, EXPECTED_CALLS, 3, 3, "QueueUserAPC function"},
    {4, EXPECTED_THREADS, 0, 0, "server.c: as many as --workers"},
    {4, EXPECTED_HANDLES, 1, 1, "Socket Handles"},
    {4, EXPECTED_KB, -INFINITY, 24, buffer},
    {4, EXPECTED_WALL, INFINITY, INFINITY, only_memory},
    {5, OBSERVE_RECEIVE, 1, 1, "WSARecv function"},
    {5, OBSERVE_SEND, 1, 1, copied},
    {5, OBSERVE_DEQUEUE, 1, 1, skipped},
    {5, EXPECTED_CALLS, 3, 3, skipped},
    {5, EXPECTED_THREADS, 0, 0, "server.c: as many as --workers"},
    {5, EXPECTED_HANDLES, 1, 1, "Socket Handles"},
    {5, EXPECTED_KB, -INFINITY, 24, buffer},
    {5, EXPECTED_WALL, INFINITY, INFINITY, only_memory}};

const int expected_row_count = sizeof expected_rows / sizeof expected_rows[0];

const char *expected_words(const struct expected *expected)
{
    static const char *const words[EXPECTED_COUNT] = {
        [OBSERVE_RECEIVE] = "receives for an echo",
        [OBSERVE_SEND] = "sends for an echo",
        [OBSERVE_WAIT] = "waits for an echo",
        [OBSERVE_DEQUEUE] = "packets for an echo",
        [OBSERVE_RESULT] = "results for an echo",
        [EXPECTED_CALLS] = "calls for an echo",
        [EXPECTED_THREADS] = "threads for an idle one",
        [EXPECTED_HANDLES] = "handles for an idle one",
        [EXPECTED_KB] = "KB for an idle one",
        [EXPECTED_WALL] = "wall, idle connections"};
    return words[expected->what];
}

void expected_text(const struct expected *expected, char text[24])
{
    double lowest = expected->lowest, highest = expected->highest;
    if (lowest == INFINITY)
        snprintf(text, 24, "none");
    else if (lowest == highest)
        snprintf(text, 24, "%.4g", lowest);
    else if (highest == INFINITY)
        snprintf(text, 24, "at least %.3g", lowest);
    else if (lowest == -INFINITY)
        snprintf(text, 24, "at most %.3g", highest);
    else
        snprintf(text, 24, "%.3g to %.3g", lowest, highest);
}

struct figure expected_came(const struct result *result,
                            const struct expected *expected)
{
    const struct result_block *rest = result_find(result, RESULT_IDLE, -1, 0);
    const struct result_row *row = NULL;
    for (int i = 0; rest != NULL && i < rest->row_count; i++) {
        const struct result_row *one = &result->rows[rest->first_row + i];
        if (result_is_plain(one) && one->model == expected->model)
            row = one;
    }
    if (row == NULL || !result_has_figures(row))
        return (struct figure){false, 0};
    if (expected->what < OBSERVE_KIND_COUNT)
        return row->kinds[expected->what];
    const struct result_row *far = result_farthest(result, row);
    double idle = result_idle_served(result, far);
    if (expected->what == EXPECTED_CALLS) /* beside none or many: the worse */
        return expected_differs(expected, row->calls.value) ? row->calls
                                                            : far->calls;
    if (expected->what == EXPECTED_WALL)
        return (struct figure){far->wall > 0 || idle > expected->lowest, idle};
    if (idle < MANY_IDLE || !row->threads.known || !far->threads.known)
        return (struct figure){false, 0};
    if (expected->what == EXPECTED_THREADS)
        return figure_ratio(far->threads.value - row->threads.value, idle);
    return expected->what == EXPECTED_KB ? far->kb_per_idle
                                         : far->handles_per_idle;
}

bool expected_differs(const struct expected *expected, double came)
{
    /* A wait of 02 that ends at a tick is one more, of few echoes on a busy
     * machine. A thread for 28 connections is more than the other. */
    double tolerance = expected->what <= EXPECTED_CALLS ? 0.25 : 0.02;
    return came < expected->lowest - tolerance ||
           came > expected->highest + tolerance;
}
