/* calls.h: the one table of the calls that the seam observes. Everything that
 * names calls, sorts them or knows a fact about them takes it from here. Needs
 * no Windows: what reads traces and counts elsewhere includes it, too. */
#ifndef COMMON_CALLS_H
#define COMMON_CALLS_H

#include <stdbool.h>

/* What a call is for: the kinds of a report. */
enum observe_kind {
    OBSERVE_RECEIVE, /* moves bytes or starts to, as the next one */
    OBSERVE_SEND,
    OBSERVE_WAIT,    /* the thread sleeps until there is something */
    OBSERVE_DEQUEUE, /* a wait that takes completion packets, too */
    OBSERVE_RESULT,  /* asks what came of an operation */
    OBSERVE_RESET,
    OBSERVE_OTHER,
    OBSERVE_ROUTINE, /* no call of the server: a completion routine has run */
    OBSERVE_KIND_COUNT
};

enum observe_outcome {
    OBSERVE_DONE,        /* did its work before it returned */
    OBSERVE_PENDING,     /* overlapped: started, will complete later */
    OBSERVE_WOULD_BLOCK, /* nothing to do yet: WSAEWOULDBLOCK, a time-out,
                            WSA_IO_INCOMPLETE */
    OBSERVE_FAILED,
    OBSERVE_OUTCOME_COUNT
};

/* In a trace. */
static const char *const observe_outcome_names[OBSERVE_OUTCOME_COUNT] = {
    "done", "pending", "would_block", "failed"};

/* Columns:
 *   name    as in enum observe_call, in a trace and for --fault
 *   kind    of enum observe_kind
 *   step    1 to 9 for S1 to S9, as far as the name alone tells. 3: hands over
 *           to another thread, be it a connection or the word that it is to
 *           stop. 8: closes, be it a connection or the listener. 0: prepares
 *           or gives back.
 *   blocks  1: may block. Winsock's blocking calls may wait alertably, and so
 *           run a completion routine or an APC. If that makes such a call in
 *           turn, the documentation says that this must never be attempted
 *           (pages "closesocket function", "shutdown function", "accept
 *           function"). Waiting in a routine is no better.
 *   starts  1: starts an overlapped operation, which may end after the call
 *   errors  that it can fail with for causes outside of the program, as
 *           Winsock's list of error codes has them (not WSAEFAULT and its
 *           like); where a page names none, a shortage of memory or resources.
 *           (0): it cannot fail, or nobody could do anything about it. The
 *           names are Windows macros: only who uses this column needs them.
 * Errors that need a word: WSARecv and WSASend give WSAEWOULDBLOCK when too many
 * operations are pending. The first two of GetQueuedCompletionStatus are the
 * operation's, and so are those of completion_routine; 735 is the call's:
 * somebody has closed the port. That of _beginthreadex is what _doserrno says.
 *
 * What comes after completion_routine is not called for each echo, but when a
 * server starts, when a client comes or goes, and at the end. */
/* clang-format off */
#define OBSERVE_CALLS(X) \
    /* name, kind, step, blocks, starts, errors */ \
    X(accept, OTHER, 2, 1, 0, \
      (WSAEMFILE, WSAENOBUFS, WSAENETDOWN, WSAECONNRESET)) \
    X(AcceptEx, OTHER, 2, 0, 1, (WSAENOBUFS, WSAECONNRESET)) \
    X(recv, RECEIVE, 5, 1, 0, (WSAECONNABORTED, WSAENETRESET, WSAECONNRESET)) \
    X(send, SEND, 6, 1, 0, (WSAENOBUFS, WSAECONNABORTED, WSAECONNRESET)) \
    X(WSARecv, RECEIVE, 4, 0, 1, \
      (WSAEWOULDBLOCK, WSAENETRESET, WSAECONNRESET)) \
    X(WSASend, SEND, 6, 0, 1, (WSAENOBUFS, WSAEWOULDBLOCK, WSAECONNRESET)) \
    X(select, WAIT, 7, 1, 0, (WSAENETDOWN)) \
    X(WSAPoll, WAIT, 7, 1, 0, (WSAENOBUFS, WSAENETDOWN)) \
    X(WSAWaitForMultipleEvents, WAIT, 7, 1, 0, \
      (WSA_NOT_ENOUGH_MEMORY, WSAENETDOWN)) \
    X(SleepEx, WAIT, 7, 1, 0, (0)) \
    X(GetQueuedCompletionStatus, DEQUEUE, 7, 1, 0, \
      (ERROR_NETNAME_DELETED, ERROR_SEM_TIMEOUT, ERROR_ABANDONED_WAIT_0)) \
    X(GetQueuedCompletionStatusEx, DEQUEUE, 7, 1, 0, \
      (ERROR_ABANDONED_WAIT_0)) \
    X(WSAGetOverlappedResult, RESULT, 5, 0, 0, \
      (WSAENETDOWN, WSAECONNABORTED, WSAECONNRESET)) \
    X(WSAResetEvent, RESET, 7, 0, 0, (WSAENETDOWN)) \
    X(WSAEnumNetworkEvents, OTHER, 7, 0, 0, (WSAENETDOWN)) \
    X(QueueUserAPC, OTHER, 3, 0, 0, (ERROR_NOT_ENOUGH_MEMORY)) \
    X(PostQueuedCompletionStatus, OTHER, 3, 0, 0, \
      (ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES)) \
    X(StartThreadpoolIo, OTHER, 0, 0, 0, (0)) \
    X(GetMessageW, WAIT, 7, 1, 0, (ERROR_INVALID_WINDOW_HANDLE)) \
    X(CancelIoEx, OTHER, 9, 0, 0, (ERROR_NOT_FOUND)) \
    X(_beginthreadex, OTHER, 3, 0, 0, (ERROR_NOT_ENOUGH_MEMORY)) \
    X(completion_routine, ROUTINE, 5, 0, 0, \
      (WSAECONNABORTED, WSAENETRESET, WSAECONNRESET)) \
    X(socket, OTHER, 0, 0, 0, (WSAEMFILE, WSAENOBUFS)) \
    X(WSASocketW, OTHER, 0, 0, 0, (WSAEMFILE, WSAENOBUFS, WSAENETDOWN)) \
    X(bind, OTHER, 0, 0, 0, (WSAEADDRINUSE, WSAEACCES, WSAENOBUFS)) \
    X(listen, OTHER, 1, 0, 0, (WSAEADDRINUSE, WSAEMFILE, WSAENOBUFS)) \
    X(connect, OTHER, 0, 1, 0, (WSAENOBUFS)) \
    X(getsockname, OTHER, 0, 0, 0, (WSAENETDOWN)) \
    X(getsockopt, OTHER, 0, 0, 0, (WSAENETDOWN, WSAENOPROTOOPT)) \
    X(setsockopt, OTHER, 0, 1, 0, (WSAENETDOWN, WSAENETRESET, WSAEINVAL)) \
    X(ioctlsocket, OTHER, 0, 1, 0, (WSAENETDOWN)) \
    X(WSAIoctl, OTHER, 0, 0, 0, (WSAEOPNOTSUPP, WSAENETDOWN)) \
    X(shutdown, OTHER, 8, 1, 0, (WSAENOTCONN, WSAECONNABORTED, WSAECONNRESET)) \
    X(closesocket, OTHER, 8, 1, 0, (0)) \
    X(WSACreateEvent, OTHER, 0, 0, 0, (WSA_NOT_ENOUGH_MEMORY, WSAENETDOWN)) \
    X(WSASetEvent, OTHER, 3, 0, 0, (WSAENETDOWN)) \
    X(WSACloseEvent, OTHER, 0, 0, 0, (0)) \
    X(WSAEventSelect, OTHER, 0, 0, 0, (WSAENETDOWN)) \
    X(WSAAsyncSelect, OTHER, 0, 0, 0, (WSAENETDOWN)) \
    X(CreateIoCompletionPort, OTHER, 3, 0, 0, \
      (ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES)) \
    X(CreateThreadpoolIo, OTHER, 0, 0, 0, (ERROR_NOT_ENOUGH_MEMORY)) \
    X(CloseThreadpoolIo, OTHER, 0, 0, 0, (0)) \
    X(SetFileCompletionNotificationModes, OTHER, 0, 0, 0, \
      (ERROR_NOT_ENOUGH_MEMORY)) \
    X(CloseHandle, OTHER, 0, 0, 0, (0)) \
    X(calloc, OTHER, 0, 0, 0, (ERROR_NOT_ENOUGH_MEMORY)) \
    X(free, OTHER, 0, 0, 0, (0))
/* clang-format on */

enum observe_call {
#define X(name, kind, step, blocks, starts, errors) OBSERVE_##name,
    OBSERVE_CALLS(X)
#undef X
        OBSERVE_CALL_COUNT
};

/* The table itself, without the errors. */
static const struct observe_row {
    const char *name;
    enum observe_kind kind;
    int step;
    bool may_block;
    bool starts_operation;
} observe_rows[OBSERVE_CALL_COUNT] = {
#define X(name, kind, step, blocks, starts, errors)                            \
    {#name, OBSERVE_##kind, step, blocks, starts},
    OBSERVE_CALLS(X)
#undef X
};

/* For a list of the rows' errors: with X, {OBSERVE_ERRORS errors} is that of one
 * row, as initializers of ints. */
#define OBSERVE_ERRORS(...) __VA_ARGS__

#endif
