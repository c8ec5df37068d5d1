/* Only in programs built with TICKS=1: time goes in steps of 16 ms, as on a
 * Windows whose timer nobody has made finer (documentation pages "Sleep
 * function", "timeBeginPeriod function"). No source knows of it: the linker's
 * --wrap puts these functions in the place of the imported ones. */
#include <winsock2.h>
#include <windows.h>

enum { STEP_MS = 16 };

static DWORD in_steps(DWORD ms)
{
    return ms == INFINITE ? ms : (ms + STEP_MS - 1) / STEP_MS * STEP_MS;
}

/* The time of this thread's select(), in steps. */
static const TIMEVAL *timeval_in_steps(const TIMEVAL *time)
{
    static _Thread_local TIMEVAL steps;
    if (time == NULL)
        return NULL;
    DWORD ms = in_steps((DWORD)(time->tv_usec + 999) / 1000);
    steps = (TIMEVAL){time->tv_sec + (long)ms / 1000, (long)ms % 1000 * 1000};
    return &steps;
}

/* NOLINTBEGIN(bugprone-reserved-identifier, bugprone-macro-parentheses,
 * readability-identifier-naming): the linker's names */
#define WRAP(result, name, parameters, arguments)                              \
    extern result(WINAPI *__real___imp_##name) parameters;                     \
    extern result(WINAPI *__wrap___imp_##name) parameters;                     \
    static result WINAPI name##_in_steps parameters                            \
    {                                                                          \
        return __real___imp_##name arguments;                                  \
    }                                                                          \
    result(WINAPI *__wrap___imp_##name) parameters = name##_in_steps;

WRAP(DWORD, SleepEx, (DWORD ms, BOOL alertable), (in_steps(ms), alertable))
WRAP(DWORD, WaitForSingleObject, (HANDLE h, DWORD ms), (h, in_steps(ms)))
WRAP(DWORD, WaitForSingleObjectEx, (HANDLE h, DWORD ms, BOOL alertable),
     (h, in_steps(ms), alertable))
WRAP(DWORD, WaitForMultipleObjects,
     (DWORD count, const HANDLE *h, BOOL all, DWORD ms),
     (count, h, all, in_steps(ms)))
WRAP(DWORD, WaitForMultipleObjectsEx,
     (DWORD count, const HANDLE *h, BOOL all, DWORD ms, BOOL alertable),
     (count, h, all, in_steps(ms), alertable))
WRAP(DWORD, WSAWaitForMultipleEvents,
     (DWORD count, const WSAEVENT *h, BOOL all, DWORD ms, BOOL alertable),
     (count, h, all, in_steps(ms), alertable))
WRAP(BOOL, GetQueuedCompletionStatus,
     (HANDLE port, DWORD *bytes, ULONG_PTR *key, OVERLAPPED **o, DWORD ms),
     (port, bytes, key, o, in_steps(ms)))
WRAP(BOOL, GetQueuedCompletionStatusEx,
     (HANDLE port, OVERLAPPED_ENTRY *entries, ULONG room, ULONG *count,
      DWORD ms, BOOL alertable),
     (port, entries, room, count, in_steps(ms), alertable))
WRAP(int, WSAPoll, (WSAPOLLFD * fds, ULONG count, INT ms),
     (fds, count, (INT)in_steps((DWORD)ms)))
WRAP(ULONGLONG, GetTickCount64, (void), () / STEP_MS * STEP_MS)
WRAP(DWORD, GetTickCount, (void), () / STEP_MS * STEP_MS)
WRAP(BOOL, SleepConditionVariableSRW,
     (CONDITION_VARIABLE * condition, SRWLOCK *lock, DWORD ms, ULONG flags),
     (condition, lock, in_steps(ms), flags))
WRAP(DWORD, MsgWaitForMultipleObjects,
     (DWORD count, const HANDLE *h, BOOL all, DWORD ms, DWORD mask),
     (count, h, all, in_steps(ms), mask))
WRAP(int, select,
     (int n, fd_set *readable, fd_set *writable, fd_set *failed,
      const TIMEVAL *time),
     (n, readable, writable, failed, timeval_in_steps(time)))

extern void(WINAPI *__wrap___imp_Sleep)(DWORD ms);
static void WINAPI Sleep_in_steps(DWORD ms)
{
    SleepEx(ms, FALSE);
}
void(WINAPI *__wrap___imp_Sleep)(DWORD ms) = Sleep_in_steps;
/* NOLINTEND(bugprone-reserved-identifier, bugprone-macro-parentheses,
 * readability-identifier-naming) */
