/* observe.h: the seam between a chapter and Winsock.
 *
 * A chapter includes this header last and then calls Winsock by its own names.
 * Here those names are redirected to thin wrappers that make the same call and
 *   count   it, by kind and outcome, when it is over;
 *   trace   it, one line in a file, with --trace FILE;
 *   fail    it on purpose, with --fault, so that tests reach every error path;
 *   check   it: no call that may block is made inside a completion routine or
 *           an APC; no socket is closed while another thread is in a call on
 *           it; an OVERLAPPED is zeroed before it starts an operation; no
 *           set of select() is empty; nothing is left open at the end. A
 *           program that breaks such a rule ends with one line that names it.
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

#include "calls.h"

#ifndef OBSERVE
#define OBSERVE 1
#endif

/* What one thread has done. Only that thread writes here; anyone may read.
 * A slot goes on to another thread when its thread ends, and is never reset,
 * so the sum over all slots is the sum over all threads there ever were. */
struct observe_slot {
    volatile LONG owner;    /* thread id, 0: free */
    volatile LONG depth;    /* calls that its thread is in; 2: see enter() */
    volatile LONG64 object; /* of the innermost: a socket, a handle, or 0 */
    /* calls that have returned, by kind and outcome */
    volatile LONG64 calls[OBSERVE_CALL_COUNT][OBSERVE_OUTCOME_COUNT];
    /* recv, send and their like: bytes moved at once. Waits: what they found
     * (ready sockets, events, routines run, packets). */
    volatile LONG64 items[OBSERVE_CALL_COUNT];
    char unused[64]; /* whatever the alignment: never a shared cache line */
};

enum { OBSERVE_SLOTS = 2048, OBSERVE_VERSION = 4 };

/* What has been opened through the seam and not closed yet. */
struct observe_live {
    volatile LONG sockets;
    volatile LONG handles; /* events, threads, ports */
    volatile LONG blocks;  /* of memory */
};

/* The whole mapping. Threads that find no free slot share the last one, which
 * has no owner. The counts stay right, because each is one interlocked
 * addition; only the items of SleepEx may include routines of others who share
 * it. */
struct observe_counters {
    LONG version;                    /* OBSERVE_VERSION */
    LONG call_count;                 /* OBSERVE_CALL_COUNT */
    volatile LONG failed_on_purpose; /* calls that --fault has made fail */
    struct observe_live live;
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
     *   call              a name from the table in calls.h
     *   outcome           done, pending, would_block, failed: see there, too
     *   items             as in observe_slot: bytes moved at once, or what a
     *                     wait found; completion_routine: its bytes;
     *                     setsockopt, getsockopt: which option; 0: one of
     *                     TCP's, switched off
     *   operation         address of its OVERLAPPED, which the call that starts
     *                     an operation and the one that tells of its end have
     *                     in common; 0: none
     * A line of completion_routine stands for its start, not its length. Each
     * packet after the first that GetQueuedCompletionStatusEx takes has a line of
     * its own, with the call's times and 0 items. */
    const char *trace_path;
    /* --fault, or NULL: CALL@N=WHAT[,CALL@N=WHAT...]. CALL is a name from the
     * table in calls.h; N is the number of the call, counted from 1 over the whole
     * server, several in a row ("2-9"), or "every"; WHAT is the error code to fail with, "short" for
     * moving about half of the bytes (recv, send, WSARecv, WSASend), for a thread
     * that begins half a second late (_beginthreadex), or
     * "stall1400" for making the call 1,400 ms late. Two take the code as that
     * of the operation which has completed: completion_routine, and
     * GetQueuedCompletionStatus unless it is 6, 258 or 735, which mean that the
     * call itself fails. Those that cannot fail, or whose failure nobody could
     * do anything about, can only be late: SleepEx, and what gives back.
     * One fault is no call's: "time=4" makes GetTickCount() run four times as
     * fast, and start again from 0 when it has counted 10 s. */
    const char *faults;
};

/* Makes the mapping, opens the trace, parses the faults. Exits with status 2
 * for a fault it cannot read or in a build without the seam, 1 when the system
 * refuses. Called by server_begin(). */
void observe_begin(const struct observe_options *observe_options);

/* Closes the trace, and checks that every socket, handle and block of memory
 * that came through the seam has gone back through it: ends the program with a
 * broken invariant otherwise. So all threads have ended their work when it is
 * called, by server_end(). The mapping stays until the process ends: a thread
 * that is just ending may still release its slot, and the harness may still
 * read. */
void observe_end(void);

/* Wrappers: same arguments, results, errors and effects as what they wrap.
 * Those in the table do no more than that. For each: result, name, parameters,
 * arguments, object, items, result that means failure, and what is done when it
 * has worked. */
#define OBSERVE_PLAIN(X)                                                       \
    X(SOCKET, accept, (SOCKET s, struct sockaddr * address, int *length),      \
      (s, address, length), s, 0, INVALID_SOCKET, OPENS_SOCKET)                \
    X(SOCKET, socket, (int family, int type, int protocol),                    \
      (family, type, protocol), 0, 0, INVALID_SOCKET, OPENS_SOCKET)            \
    X(SOCKET, WSASocketW,                                                      \
      (int family, int type, int protocol, WSAPROTOCOL_INFOW *info,            \
       GROUP group, DWORD flags),                                              \
      (family, type, protocol, info, group, flags), 0, 0, INVALID_SOCKET,      \
      OPENS_SOCKET)                                                            \
    X(int, bind, (SOCKET s, const struct sockaddr *address, int length),       \
      (s, address, length), s, 0, SOCKET_ERROR, NOTHING)                       \
    X(int, listen, (SOCKET s, int backlog), (s, backlog), s, 0, SOCKET_ERROR,  \
      NOTHING)                                                                 \
    X(int, connect, (SOCKET s, const struct sockaddr *address, int length),    \
      (s, address, length), s, 0, SOCKET_ERROR, NOTHING)                       \
    X(int, getsockname, (SOCKET s, struct sockaddr * address, int *length),    \
      (s, address, length), s, 0, SOCKET_ERROR, NOTHING)                       \
    X(int, getsockopt,                                                         \
      (SOCKET s, int level, int optname, char *optval, int *optlen),           \
      (s, level, optname, optval, optlen), s, optname, SOCKET_ERROR, NOTHING)  \
    X(int, setsockopt,                                                         \
      (SOCKET s, int level, int optname, const char *optval, int optlen),      \
      (s, level, optname, optval, optlen), s,                                  \
      level == IPPROTO_TCP && *optval == 0 ? 0 : optname, SOCKET_ERROR,        \
      NOTHING)                                                                 \
    X(int, ioctlsocket, (SOCKET s, long command, u_long *argument),            \
      (s, command, argument), s, 0, SOCKET_ERROR, NOTHING)                     \
    X(int, shutdown, (SOCKET s, int how), (s, how), s, 0, SOCKET_ERROR,        \
      NOTHING)                                                                 \
    X(WSAEVENT, WSACreateEvent, (void), (), 0, 0, WSA_INVALID_EVENT,           \
      OPENS_HANDLE)                                                            \
    X(BOOL, WSASetEvent, (WSAEVENT event), (event), (uintptr_t)event, 0,       \
      FALSE, NOTHING)                                                          \
    X(BOOL, WSAResetEvent, (WSAEVENT event), (event), (uintptr_t)event, 0,     \
      FALSE, NOTHING)                                                          \
    X(BOOL, WSACloseEvent, (WSAEVENT event), (event), (uintptr_t)event, 0,     \
      FALSE, CLOSES_HANDLE)                                                    \
    X(int, WSAEventSelect, (SOCKET s, WSAEVENT event, long events),            \
      (s, event, events), s, 0, SOCKET_ERROR, NOTHING)                         \
    X(int, WSAAsyncSelect,                                                     \
      (SOCKET s, HWND window, u_int message, long events),                     \
      (s, window, message, events), s, 0, SOCKET_ERROR, NOTHING)               \
    X(TP_IO *, CreateThreadpoolIo,                                             \
      (HANDLE file, PTP_WIN32_IO_CALLBACK callback, void *context,             \
       TP_CALLBACK_ENVIRON *environment),                                      \
      (file, callback, context, environment), (uintptr_t)file, 0, NULL,        \
      NOTHING)                                                                 \
    X(int, WSAEnumNetworkEvents,                                               \
      (SOCKET s, WSAEVENT event, WSANETWORKEVENTS * events),                   \
      (s, event, events), s, 0, SOCKET_ERROR, NOTHING)                         \
    X(DWORD, QueueUserAPC, (PAPCFUNC function, HANDLE thread, ULONG_PTR data), \
      (function, thread, data), (uintptr_t)thread, 0, 0, NOTHING)              \
    X(BOOL, SetFileCompletionNotificationModes, (HANDLE file, UCHAR flags),    \
      (file, flags), (uintptr_t)file, 0, FALSE, NOTHING)                       \
    X(BOOL, CancelIoEx, (HANDLE file, OVERLAPPED * overlapped),                \
      (file, overlapped), (uintptr_t)file, 0, FALSE, NOTHING)                  \
    X(BOOL, CloseHandle, (HANDLE handle), (handle), (uintptr_t)handle, 0,      \
      FALSE, CLOSES_HANDLE)

#define X(type, name, parameters, arguments, object, items, failure, effect)   \
    type observe_##name parameters;
OBSERVE_PLAIN(X)
#undef X

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
BOOL observe_PostQueuedCompletionStatus(HANDLE to, DWORD bytes, ULONG_PTR key,
                                        OVERLAPPED *overlapped);
BOOL observe_WSAGetOverlappedResult(SOCKET s, WSAOVERLAPPED *overlapped,
                                    DWORD *bytes, BOOL wait, DWORD *flags);
HANDLE observe_CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key,
                                      DWORD concurrency);
int observe_closesocket(SOCKET s);
void observe_StartThreadpoolIo(TP_IO *io);
void observe_CloseThreadpoolIo(TP_IO *io);
/* get is GetMessageW: so only a program that calls it needs user32. */
BOOL observe_GetMessageW(BOOL(WINAPI *get)(MSG *, HWND, UINT, UINT),
                         MSG *message, HWND window, UINT first, UINT last);
uintptr_t observe__beginthreadex(void *security, unsigned stack_bytes,
                                 unsigned(__stdcall *function)(void *),
                                 void *data, unsigned flags, unsigned *id);
/* AcceptEx is reached through a pointer that WSAIoctl hands out; this wrapper
 * hands out a pointer to an AcceptEx that counts. */
int observe_WSAIoctl(SOCKET s, DWORD code, void *in, DWORD in_bytes, void *out,
                     DWORD out_bytes, DWORD *bytes, WSAOVERLAPPED *overlapped,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);
DWORD observe_GetTickCount(void); /* see --fault */
/* What is written beyond a block, or into it after it has been freed, ends the
 * program when the block is really freed, a little later, with a broken
 * invariant; what is read there is spoiled. */
void *observe_calloc(size_t count, size_t bytes);
void observe_free(void *memory);

#if OBSERVE && !defined(OBSERVE_NO_REDIRECT)
#define accept(s, a, n)               observe_accept(s, a, n)
#define recv(s, b, n, f)              observe_recv(s, b, n, f)
#define send(s, b, n, f)              observe_send(s, b, n, f)
#define WSARecv(s, b, c, n, f, o, r)  observe_WSARecv(s, b, c, n, f, o, r)
#define WSASend(s, b, c, n, f, o, r)  observe_WSASend(s, b, c, n, f, o, r)
#define select(n, r, w, f, t)         observe_select(n, r, w, f, t)
#define WSAPoll(f, n, t)              observe_WSAPoll(f, n, t)
#define SleepEx(t, a)                 observe_SleepEx(t, a)
#define WSAEnumNetworkEvents(s, e, n) observe_WSAEnumNetworkEvents(s, e, n)
#define QueueUserAPC(f, t, d)         observe_QueueUserAPC(f, t, d)
#define CancelIoEx(f, o)              observe_CancelIoEx(f, o)
#define socket(f, t, p)               observe_socket(f, t, p)
#define WSASocketW(f, t, p, i, g, x)  observe_WSASocketW(f, t, p, i, g, x)
#define bind(s, a, n)                 observe_bind(s, a, n)
#define listen(s, n)                  observe_listen(s, n)
#define connect(s, a, n)              observe_connect(s, a, n)
#define getsockname(s, a, n)          observe_getsockname(s, a, n)
#define getsockopt(s, l, o, v, n)     observe_getsockopt(s, l, o, v, n)
#define setsockopt(s, l, o, v, n)     observe_setsockopt(s, l, o, v, n)
#define ioctlsocket(s, c, a)          observe_ioctlsocket(s, c, a)
#define shutdown(s, h)                observe_shutdown(s, h)
#define closesocket(s)                observe_closesocket(s)
#define WSACreateEvent()              observe_WSACreateEvent()
#define WSASetEvent(e)                observe_WSASetEvent(e)
#define WSAResetEvent(e)              observe_WSAResetEvent(e)
#define WSACloseEvent(e)              observe_WSACloseEvent(e)
#define WSAEventSelect(s, e, n)       observe_WSAEventSelect(s, e, n)
#define CloseHandle(h)                observe_CloseHandle(h)
#define GetTickCount()                observe_GetTickCount()
#define calloc(n, b)                  observe_calloc(n, b)
#define free(m)                       observe_free(m)
#define _beginthreadex(s, b, f, d, g, i)                                       \
    observe__beginthreadex(s, b, f, d, g, i)
#define WSAWaitForMultipleEvents(n, e, w, t, a)                                \
    observe_WSAWaitForMultipleEvents(n, e, w, t, a)
#define CreateIoCompletionPort(f, p, k, n)                                     \
    observe_CreateIoCompletionPort(f, p, k, n)
#define SetFileCompletionNotificationModes(f, m)                               \
    observe_SetFileCompletionNotificationModes(f, m)
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

#define WSAAsyncSelect(s, w, m, e)     observe_WSAAsyncSelect(s, w, m, e)
#define CreateThreadpoolIo(f, c, d, e) observe_CreateThreadpoolIo(f, c, d, e)
#define StartThreadpoolIo(i)           observe_StartThreadpoolIo(i)
#define CloseThreadpoolIo(i)           observe_CloseThreadpoolIo(i)
#define GetMessageW(m, w, a, z)        observe_GetMessageW(GetMessageW, m, w, a, z)
#endif

#endif
