/* observe.h: the seam between a chapter and Winsock.
 *
 * A chapter includes this header last and then calls Winsock by its own names.
 * Here those names are redirected to thin wrappers that make the same call and
 *   count   it, by kind and outcome, when it is over;
 *   trace   it, one line in a file, with --trace FILE;
 *   fail    it on purpose, with --fault, so that tests reach every error path.
 * Built with OBSERVE=0 nothing is redirected: the same source calls Windows.
 *
 * Each thread counts in a slot of its own, so that no two threads write to the
 * same cache line. The slots lie in a file mapping; with --counters NAME the
 * mapping has that name, and the harness reads it while the server runs. */
#ifndef COMMON_OBSERVE_H
#define COMMON_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>
#include <winsock2.h>
#include <mswsock.h>
#include <windows.h>
#include <process.h>

#ifndef OBSERVE
#define OBSERVE 1
#endif

/* The calls that are observed. completion_routine is no call that a server
 * makes but one that it gets: it counts the routines that have run. */
#define OBSERVE_CALLS(X)                                                       \
    X(accept)                                                                  \
    X(AcceptEx)                                                                \
    X(recv)                                                                    \
    X(send)                                                                    \
    X(WSARecv)                                                                 \
    X(WSASend)                                                                 \
    X(select)                                                                  \
    X(WSAPoll)                                                                 \
    X(WSAWaitForMultipleEvents)                                                \
    X(SleepEx)                                                                 \
    X(GetQueuedCompletionStatus)                                               \
    X(GetQueuedCompletionStatusEx)                                             \
    X(WSAGetOverlappedResult)                                                  \
    X(completion_routine)                                                      \
    X(WSAResetEvent)                                                           \
    X(WSAEnumNetworkEvents)                                                    \
    X(QueueUserAPC)                                                            \
    X(PostQueuedCompletionStatus)                                              \
    X(CancelIoEx)                                                              \
    X(_beginthreadex)

enum observe_call {
#define X(name) OBSERVE_##name,
    OBSERVE_CALLS(X)
#undef X
        OBSERVE_CALL_COUNT
};

enum observe_outcome {
    OBSERVE_DONE,        /* did its work before it returned */
    OBSERVE_PENDING,     /* overlapped: started, will complete later */
    OBSERVE_WOULD_BLOCK, /* nothing to do yet: WSAEWOULDBLOCK, a time-out,
                            WSA_IO_INCOMPLETE */
    OBSERVE_FAILED,
    OBSERVE_OUTCOME_COUNT
};

/* What one thread has done. Only that thread writes here; anyone may read.
 * A slot goes on to another thread when its thread ends, and is never reset,
 * so the sum over all slots is the sum over all threads there ever were. */
struct observe_slot {
    volatile LONG owner; /* thread id, 0: free */
    volatile LONG padding;
    /* calls that have returned, by kind and outcome */
    volatile LONG64 calls[OBSERVE_CALL_COUNT][OBSERVE_OUTCOME_COUNT];
    /* recv, send and their like: bytes moved at once. Waits: what they found
     * (ready sockets, events, routines run, packets). */
    volatile LONG64 items[OBSERVE_CALL_COUNT];
    char unused[64]; /* whatever the alignment: never a shared cache line */
};

enum { OBSERVE_SLOTS = 2048, OBSERVE_VERSION = 1 };

/* The whole mapping. Threads that find no free slot share the last one, which
 * has no owner. The counts stay right, because each is one interlocked
 * addition; only the items of SleepEx may include routines of others who share
 * it. */
struct observe_counters {
    LONG version;    /* OBSERVE_VERSION */
    LONG call_count; /* OBSERVE_CALL_COUNT */
    struct observe_slot slots[OBSERVE_SLOTS];
};

struct observe_options {
    const char *counters_name; /* --counters, or NULL */
    /* --trace, or NULL: a CSV file, one line for each call, written when the
     * call returned. Columns:
     *   begin_ns, end_ns  clock_ns() before and after the call (clock.h)
     *   thread            id of the thread that made it
     *   object            the socket, event or thread it was made for (accept:
     *                     the listener; AcceptEx: the socket to be), 0 where it
     *                     is for many or none. After a close a number can come
     *                     again for another.
     *   call              a name from the list above
     *   outcome           done, pending, would_block, failed: as above
     *   items             as in observe_slot: bytes moved at once, or what a
     *                     wait found; completion_routine: its bytes
     * A line of completion_routine stands for its start, not its length. */
    const char *trace_path;
    /* --fault, or NULL: CALL@N=WHAT[,CALL@N=WHAT...]. CALL is a name from the
     * list above; N is the number of the call, counted from 1 over the whole
     * server, or "every"; WHAT is the error code to fail with, "short" for
     * moving about half of the bytes (recv, send, WSARecv, WSASend), or
     * "stall1400" for making the call 1,400 ms late. */
    const char *faults;
};

/* Makes the mapping, opens the trace, parses the faults. Exits with status 2
 * for a fault it cannot read or in a build without the seam, 1 when the system
 * refuses. Called by server_begin(). */
void observe_begin(const struct observe_options *observe_options);

/* Closes the trace. The mapping stays until the process ends: a thread that is
 * just ending may still release its slot, and the harness may still read. */
void observe_end(void);

/* Wrappers: same arguments, results, errors and effects as what they wrap. */
SOCKET observe_accept(SOCKET s, struct sockaddr *address, int *length);
int observe_recv(SOCKET s, char *buffer, int bytes, int flags);
int observe_send(SOCKET s, const char *buffer, int bytes, int flags);
int observe_WSARecv(SOCKET s, WSABUF *buffers, DWORD count, DWORD *bytes,
                    DWORD *flags, WSAOVERLAPPED *overlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int observe_WSASend(SOCKET s, WSABUF *buffers, DWORD count, DWORD *bytes,
                    DWORD flags, WSAOVERLAPPED *overlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
int observe_select(int ignored, fd_set *readable, fd_set *writable,
                   fd_set *failed, struct timeval *timeout);
int observe_WSAPoll(WSAPOLLFD *fds, ULONG count, int timeout_ms);
DWORD observe_WSAWaitForMultipleEvents(DWORD count, const WSAEVENT *events,
                                       BOOL all, DWORD timeout_ms,
                                       BOOL alertable);
DWORD observe_SleepEx(DWORD timeout_ms, BOOL alertable);
BOOL observe_GetQueuedCompletionStatus(HANDLE port, DWORD *bytes,
                                       ULONG_PTR *key, OVERLAPPED **overlapped,
                                       DWORD timeout_ms);
BOOL observe_GetQueuedCompletionStatusEx(HANDLE port, OVERLAPPED_ENTRY *entries,
                                         ULONG capacity, ULONG *count,
                                         DWORD timeout_ms, BOOL alertable);
BOOL observe_WSAGetOverlappedResult(SOCKET s, WSAOVERLAPPED *overlapped,
                                    DWORD *bytes, BOOL wait, DWORD *flags);
BOOL observe_WSAResetEvent(WSAEVENT event);
int observe_WSAEnumNetworkEvents(SOCKET s, WSAEVENT event,
                                 WSANETWORKEVENTS *events);
DWORD observe_QueueUserAPC(PAPCFUNC function, HANDLE thread, ULONG_PTR data);
BOOL observe_PostQueuedCompletionStatus(HANDLE port, DWORD bytes, ULONG_PTR key,
                                        OVERLAPPED *overlapped);
BOOL observe_CancelIoEx(HANDLE file, OVERLAPPED *overlapped);
uintptr_t observe__beginthreadex(void *security, unsigned stack_bytes,
                                 unsigned(__stdcall *function)(void *),
                                 void *data, unsigned flags, unsigned *id);
/* AcceptEx is reached through a pointer that WSAIoctl hands out; this wrapper
 * hands out a pointer to an AcceptEx that counts. */
int observe_WSAIoctl(SOCKET s, DWORD code, void *in, DWORD in_bytes, void *out,
                     DWORD out_bytes, DWORD *bytes, WSAOVERLAPPED *overlapped,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

#if OBSERVE && !defined(OBSERVE_NO_REDIRECT)
#define accept(s, a, n)               observe_accept(s, a, n)
#define recv(s, b, n, f)              observe_recv(s, b, n, f)
#define send(s, b, n, f)              observe_send(s, b, n, f)
#define WSARecv(s, b, c, n, f, o, r)  observe_WSARecv(s, b, c, n, f, o, r)
#define WSASend(s, b, c, n, f, o, r)  observe_WSASend(s, b, c, n, f, o, r)
#define select(n, r, w, f, t)         observe_select(n, r, w, f, t)
#define WSAPoll(f, n, t)              observe_WSAPoll(f, n, t)
#define SleepEx(t, a)                 observe_SleepEx(t, a)
#define WSAResetEvent(e)              observe_WSAResetEvent(e)
#define WSAEnumNetworkEvents(s, e, n) observe_WSAEnumNetworkEvents(s, e, n)
#define QueueUserAPC(f, t, d)         observe_QueueUserAPC(f, t, d)
#define CancelIoEx(f, o)              observe_CancelIoEx(f, o)
#define _beginthreadex(s, b, f, d, g, i)                                       \
    observe__beginthreadex(s, b, f, d, g, i)
#define WSAWaitForMultipleEvents(n, e, w, t, a)                                \
    observe_WSAWaitForMultipleEvents(n, e, w, t, a)
#define GetQueuedCompletionStatus(p, n, k, o, t)                               \
    observe_GetQueuedCompletionStatus(p, n, k, o, t)
#define GetQueuedCompletionStatusEx(p, e, c, n, t, a)                          \
    observe_GetQueuedCompletionStatusEx(p, e, c, n, t, a)
#define WSAGetOverlappedResult(s, o, n, w, f)                                  \
    observe_WSAGetOverlappedResult(s, o, n, w, f)
#define PostQueuedCompletionStatus(p, n, k, o)                                 \
    observe_PostQueuedCompletionStatus(p, n, k, o)
#define WSAIoctl(s, c, i, m, o, n, b, v, r)                                    \
    observe_WSAIoctl(s, c, i, m, o, n, b, v, r)
#endif

#endif
