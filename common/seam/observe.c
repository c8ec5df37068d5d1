/* The seam's wrappers. What it is for stands in observe.h. */
#define OBSERVE_NO_REDIRECT
#include "observe.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"
#include "../report.h"
#include "../utf8.h"

static HANDLE mapping;
static struct observe_counters *counters;
static struct observe_live unobserved; /* until there are counters */
static struct observe_live *live = &unobserved;
static DWORD slot_index = FLS_OUT_OF_INDEXES; /* each thread's own slot */

/* ---- slots -------------------------------------------------------------- */

static volatile LONG slots_used; /* those before this index have had an owner */

/* Windows calls this when a thread ends (documentation page "FlsAlloc
 * function"): its slot is free for the next thread. */
static VOID WINAPI release_slot(PVOID data)
{
    struct observe_slot *slot = data;
    if (slot != NULL)
        InterlockedExchange(&slot->owner, 0);
}

/* The last slot never gets an owner: whoever finds no free one before it shares
 * it from then on, and has nothing to release. */
static struct observe_slot *claim_slot(void)
{
    LONG me = (LONG)GetCurrentThreadId();
    struct observe_slot *slot = counters->slots;
    struct observe_slot *last = slot + OBSERVE_SLOTS - 1;
    while (slot < last && (slot->owner != 0 || InterlockedCompareExchange(
                                                   &slot->owner, me, 0) != 0))
        slot++;
    LONG count = (LONG)(slot - counters->slots) + 1;
    for (LONG seen = slots_used; slot < last && seen < count;)
        seen = InterlockedCompareExchange(&slots_used, count, seen);
    FlsSetValue(slot_index, slot);
    return slot;
}

/* The client, check and bench use common/ too, and are not observed. */
static struct observe_slot *my_slot(void)
{
    static struct observe_slot nobodys;
    if (counters == NULL)
        return &nobodys;
    struct observe_slot *slot = FlsGetValue(slot_index);
    return slot != NULL ? slot : claim_slot();
}

/* ---- faults ------------------------------------------------------------- */

enum { FAULTS_AT_MOST = 16, FAULT_SHORT = -1 };

struct fault {
    enum observe_call call;
    long first; /* the number of the call, from 1 */
    long last;
    int what; /* FAULT_SHORT, an error code, or 0: it stalls */
    int stall_ms;
    volatile LONG seen; /* calls so far */
};

static struct fault faults[FAULTS_AT_MOST];
static int fault_count;
static unsigned time_factor; /* 0: time is as it is */

/* A server that looks late takes that for a hold-up: between two looks never more
 * than a second passes. */
DWORD observe_GetTickCount(void)
{
    enum { BEFORE_ZERO_MS = 10000 };
    static SRWLOCK lock = SRWLOCK_INIT;
    static DWORD told_ms = (DWORD)-BEFORE_ZERO_MS;
    static uint64_t told_ns;
    if (time_factor == 0)
        return GetTickCount();
    AcquireSRWLockExclusive(&lock);
    uint64_t now_ns = clock_ns();
    uint64_t passed_ms = (now_ns - told_ns) * time_factor / 1000000;
    told_ms += (DWORD)(passed_ms < 1000 ? passed_ms : 1000);
    told_ns = now_ns;
    DWORD now_ms = told_ms;
    ReleaseSRWLockExclusive(&lock);
    return now_ms;
}

static bool can_fail(int call)
{
    static const int errors[][4] = {
#define X(name, kind, step, blocks, starts, errors) {OBSERVE_ERRORS errors},
        OBSERVE_CALLS(X)
#undef X
    };
    return errors[call][0] != 0;
}

static bool parse_fault(const char *text, struct fault *fault)
{
    char call[40];
    char at[16];
    char what[12];
    int used = 0;
    if (sscanf(text, "%39[A-Za-z_]@%15[-0-9a-z]=%11[0-9a-z]%n", call, at, what,
               &used) != 3 ||
        text[used] != '\0')
        return false;

    int index = 0;
    while (index < OBSERVE_CALL_COUNT &&
           strcmp(call, observe_rows[index].name) != 0)
        index++;
    if (index == OBSERVE_CALL_COUNT)
        return false;
    enum observe_kind kind = observe_rows[index].kind;
    bool can_be_short = kind == OBSERVE_RECEIVE || kind == OBSERVE_SEND ||
                        index == OBSERVE__beginthreadex;
    fault->call = (enum observe_call)index;
    const char *to = strchr(at, '-');
    bool is_every = strcmp(at, "every") == 0;
    fault->first = is_every ? 1 : atol(at);
    fault->last = is_every     ? LONG_MAX
                  : to != NULL ? atol(to + 1)
                               : fault->first;
    fault->what = strcmp(what, "short") == 0 ? FAULT_SHORT : atoi(what);
    fault->stall_ms = strncmp(what, "stall", 5) == 0 ? atoi(what + 5) : 0;
    fault->seen = 0;
    return fault->first > 0 && fault->first <= fault->last &&
           ((fault->what > 0 && can_fail(index)) || fault->stall_ms > 0 ||
            (fault->what == FAULT_SHORT && can_be_short));
}

static void parse_faults(const char *text)
{
    char copy[500];
    snprintf(copy, sizeof copy, "%s", text);
    for (char *one = strtok(copy, ","); one != NULL; one = strtok(NULL, ",")) {
        if (sscanf(one, "time=%u", &time_factor) == 1)
            continue;
        if (fault_count == FAULTS_AT_MOST)
            die_saying(2, "--fault takes at most %d faults", FAULTS_AT_MOST);
        if (!parse_fault(one, &faults[fault_count]))
            die_saying(
                2,
                "--fault takes CALL@N=ERROR, CALL@N=short or CALL@N=stallMS, "
                "for example send@3=10054; not \"%.60s\"",
                one);
        fault_count++;
    }
}

/* Sleep() can be late by a step of the timer, 15.6 ms (documentation page
 * "timeBeginPeriod function"): too much for short stalls, which add up. */
static void stall(DWORD ms)
{
    uint64_t end_ns = clock_in_ms(ms);
    if (ms > 20)
        Sleep(ms);
    while (clock_ns() < end_ns)
        SwitchToThread();
}

/* The fault that this call must suffer: an error code, FAULT_SHORT, or 0. A
 * stall has been suffered by the time this returns. */
static int next_fault(enum observe_call call)
{
    int what = 0;
    for (int i = 0; i < fault_count; i++)
        if (faults[i].call == call) {
            LONG number = InterlockedIncrement(&faults[i].seen);
            if (number < faults[i].first || number > faults[i].last)
                continue;
            what = faults[i].what;
            if (faults[i].stall_ms > 0)
                stall((DWORD)faults[i].stall_ms);
        }
    return what;
}

/* ---- one observed call -------------------------------------------------- */

static FILE *trace;
static const char *trace_path = "";

struct call {
    struct observe_slot *slot;
    enum observe_call which;
    uint64_t object; /* socket or handle: tells connections apart in a trace */
    const void *operation; /* its OVERLAPPED, or NULL */
    uint64_t outer; /* the object of the call that this one is made within */
    uint64_t begin_ns;
    int fault; /* what next_fault() said */
};

/* A call of the seam that is made within another one is made by a routine or an
 * APC, which must not block: nothing else runs on a thread that is in a call. An
 * overlapped call has handed its socket over once the operation has started:
 * another thread may take the completion, and close the socket, while this one
 * is still on its way back. What a thread does that shares the last slot is
 * not followed. */
static void enter(struct call *call)
{
    struct observe_slot *slot = call->slot;
    if (slot->owner == 0)
        return;
    const struct observe_row *row = &observe_rows[call->which];
    bool is_in_routine = slot->depth > 0;
    invariant(!is_in_routine || !row->may_block);
    slot->depth++;
    call->outer = (uint64_t)slot->object;
    InterlockedExchange64(&slot->object,
                          row->starts_operation ? 0 : (LONG64)call->object);
}

static void leave(const struct call *call)
{
    if (call->slot->owner == 0)
        return;
    call->slot->object = (LONG64)call->outer;
    call->slot->depth--;
}

static struct call begin(enum observe_call which, uint64_t object)
{
    struct call call = {.slot = my_slot(), .which = which, .object = object};
    enter(&call);
    if (fault_count > 0)
        call.fault = next_fault(which);
    if (trace != NULL)
        call.begin_ns = clock_ns();
    return call;
}

static void trace_call(const struct call *call, enum observe_outcome outcome,
                       LONG64 items)
{
    /* The caller will want the error code of its call, not of our printing. */
    DWORD error = GetLastError();
    fprintf(trace,
            "%" PRIu64 ",%" PRIu64 ",%lu,%" PRIu64 ",%s,%s,%" PRId64
            ",%" PRIuPTR "\n",
            call->begin_ns, clock_ns(), GetCurrentThreadId(), call->object,
            observe_rows[call->which].name, observe_outcome_names[outcome],
            (int64_t)items, (uintptr_t)call->operation);
    SetLastError(error);
}

static void end(const struct call *call, enum observe_outcome outcome,
                LONG64 items)
{
    leave(call);
    /* Only the owner writes here, but the addition is interlocked so that the
     * counts stay right for threads that share the last slot. */
    InterlockedExchangeAdd64(&call->slot->calls[call->which][outcome], 1);
    if (items != 0)
        InterlockedExchangeAdd64(&call->slot->items[call->which], items);
    if (trace != NULL)
        trace_call(call, outcome, items);
}

/* What a Winsock call that returned an error has come to. */
static enum observe_outcome outcome_of_error(void)
{
    switch (WSAGetLastError()) {
    case WSA_IO_PENDING:
        return OBSERVE_PENDING;
    case WSAEWOULDBLOCK:
    case WSA_IO_INCOMPLETE:
    case WAIT_TIMEOUT:
        return OBSERVE_WOULD_BLOCK;
    default:
        return OBSERVE_FAILED;
    }
}

/* Fails the call if a fault says so: sets the error, returns true. The C library
 * has places of its own for its errors, and so have calls of that library: a
 * program that looks in the wrong one finds another error. */
static bool must_fail(const struct call *call)
{
    bool is_of_c =
        call->which == OBSERVE__beginthreadex || call->which == OBSERVE_calloc;
    if (call->fault <= 0)
        return false;
    if (counters != NULL) /* with OBSERVE=0 there are none */
        InterlockedIncrement(&counters->failed_on_purpose);
    errno = is_of_c ? ENOMEM : EDOM;
    _doserrno = is_of_c ? (unsigned long)call->fault : ERROR_INVALID_FUNCTION;
    SetLastError(is_of_c ? ERROR_INVALID_FUNCTION : (DWORD)call->fault);
    return true;
}

static bool must_be_short(const struct call *call)
{
    return call->fault == FAULT_SHORT;
}

/* ---- wrappers ----------------------------------------------------------- */

#define NOTHING       (void)0
#define OPENS_SOCKET  InterlockedIncrement(&live->sockets)
#define OPENS_HANDLE  InterlockedIncrement(&live->handles)
#define CLOSES_HANDLE InterlockedDecrement(&live->handles)
/* NOLINTBEGIN(bugprone-macro-parentheses): arguments has its own. */
#define X(type, name, parameters, arguments, object, items, failure, effect)   \
    type observe_##name parameters                                             \
    {                                                                          \
        struct call call = begin(OBSERVE_##name, object);                      \
        type result = must_fail(&call) ? (failure) : (name)arguments;          \
        bool worked = result != (failure);                                     \
        if (worked)                                                            \
            (effect);                                                          \
        end(&call, worked ? OBSERVE_DONE : outcome_of_error(), items);         \
        return result;                                                         \
    }
OBSERVE_PLAIN(X)
#undef X
/* NOLINTEND(bugprone-macro-parentheses) */

/* No thread may close a socket while another one is in a call on it: that call
 * might meet the next socket of the same number (documentation page
 * "closesocket function", which says "must never"). */
static bool another_thread_uses(SOCKET s, const struct observe_slot *mine)
{
    for (LONG i = 0; i < slots_used; i++) {
        const struct observe_slot *slot = &counters->slots[i];
        if (slot != mine && slot->depth > 0 && slot->object == (LONG64)s)
            return true;
    }
    return false;
}

/* A number that is closed twice may be somebody else's by then. */
int observe_closesocket(SOCKET s)
{
    struct call call = begin(OBSERVE_closesocket, s);
    invariant(!another_thread_uses(s, call.slot));
    int result = closesocket(s);
    if (result == 0)
        InterlockedDecrement(&live->sockets);
    invariant(result == 0 || s == INVALID_SOCKET);
    end(&call, result == 0 ? OBSERVE_DONE : OBSERVE_FAILED, 0);
    return result;
}

int observe_recv(SOCKET s, char *buffer, int bytes, int flags)
{
    struct call call = begin(OBSERVE_recv, s);
    if (must_be_short(&call))
        bytes = (bytes + 1) / 2;
    int received =
        must_fail(&call) ? SOCKET_ERROR : recv(s, buffer, bytes, flags);
    end(&call, received != SOCKET_ERROR ? OBSERVE_DONE : outcome_of_error(),
        received > 0 ? received : 0);
    return received;
}

int observe_send(SOCKET s, const char *buffer, int bytes, int flags)
{
    struct call call = begin(OBSERVE_send, s);
    if (must_be_short(&call))
        bytes = (bytes + 1) / 2;
    int sent = must_fail(&call) ? SOCKET_ERROR : send(s, buffer, bytes, flags);
    end(&call, sent != SOCKET_ERROR ? OBSERVE_DONE : outcome_of_error(),
        sent > 0 ? sent : 0);
    return sent;
}

/* Completion routines. The seam gives Windows a routine of its own, which
 * counts and then calls the server's. A server has few, so a fixed table of
 * stand-ins will do; each knows its place in it. */

enum { ROUTINES_AT_MOST = 4 };
static LPWSAOVERLAPPED_COMPLETION_ROUTINE volatile routines[ROUTINES_AT_MOST];
static SRWLOCK routines_lock = SRWLOCK_INIT;

static void run_routine(int index, DWORD error, DWORD bytes,
                        WSAOVERLAPPED *overlapped, DWORD flags)
{
    struct call call = begin(OBSERVE_completion_routine, 0);
    call.operation = overlapped;
    if (must_fail(&call)) {
        error = (DWORD)call.fault;
        bytes = 0;
    }
    end(&call, error == 0 ? OBSERVE_DONE : OBSERVE_FAILED, bytes);
    routines[index](error, bytes, overlapped, flags);
}

#define STAND_IN(index)                                                        \
    static void CALLBACK stand_in_##index(                                     \
        DWORD error, DWORD bytes, WSAOVERLAPPED *overlapped, DWORD flags)      \
    {                                                                          \
        run_routine(index, error, bytes, overlapped, flags);                   \
    }
STAND_IN(0)
STAND_IN(1)
STAND_IN(2)
STAND_IN(3)

static LPWSAOVERLAPPED_COMPLETION_ROUTINE
stand_in_for(LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    static const LPWSAOVERLAPPED_COMPLETION_ROUTINE stand_ins[] = {
        stand_in_0, stand_in_1, stand_in_2, stand_in_3};
    if (routine == NULL)
        return NULL;
    for (int i = 0; i < ROUTINES_AT_MOST; i++)
        if (routines[i] == routine)
            return stand_ins[i];

    AcquireSRWLockExclusive(&routines_lock);
    int place = 0;
    while (routines[place] != NULL && routines[place] != routine) {
        place++;
        invariant(place < ROUTINES_AT_MOST);
    }
    routines[place] = routine;
    ReleaseSRWLockExclusive(&routines_lock);
    return stand_ins[place];
}

/* Overlapped calls are short by being asked for less: the system completes
 * them later, and the completion then reports fewer bytes. */
static WSABUF shortened(const WSABUF *buffers, DWORD *count)
{
    while (*count > 1 && buffers->len == 0) { /* half of nothing: no send */
        buffers++;
        --*count;
    }
    WSABUF less = *buffers;
    *count = 1;
    less.len = (less.len + 1) / 2;
    return less;
}

/* An OVERLAPPED must be fresh: not in flight, and no offset from before. */
static void expect_fresh(const OVERLAPPED *overlapped)
{
    invariant(overlapped == NULL ||
              (overlapped->Internal == 0 && overlapped->InternalHigh == 0 &&
               overlapped->Offset == 0 && overlapped->OffsetHigh == 0));
}

int observe_WSARecv(SOCKET s, WSABUF *buffers, DWORD count, DWORD *bytes,
                    DWORD *flags, WSAOVERLAPPED *overlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct call call = begin(OBSERVE_WSARecv, s);
    call.operation = overlapped;
    DWORD received = 0;
    WSABUF less;
    expect_fresh(overlapped);
    if (must_be_short(&call)) {
        less = shortened(buffers, &count);
        buffers = &less;
    }
    /* With an OVERLAPPED the caller may pass NULL for bytes. */
    int result = must_fail(&call) ? SOCKET_ERROR
                                  : WSARecv(s, buffers, count, &received, flags,
                                            overlapped, stand_in_for(routine));
    end(&call, result == 0 ? OBSERVE_DONE : outcome_of_error(),
        result == 0 ? received : 0);
    if (bytes != NULL)
        *bytes = received;
    return result;
}

int observe_WSASend(SOCKET s, WSABUF *buffers, DWORD count, DWORD *bytes,
                    DWORD flags, WSAOVERLAPPED *overlapped,
                    LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct call call = begin(OBSERVE_WSASend, s);
    call.operation = overlapped;
    DWORD sent = 0;
    WSABUF less;
    expect_fresh(overlapped);
    if (must_be_short(&call)) {
        less = shortened(buffers, &count);
        buffers = &less;
    }
    int result = must_fail(&call) ? SOCKET_ERROR
                                  : WSASend(s, buffers, count, &sent, flags,
                                            overlapped, stand_in_for(routine));
    end(&call, result == 0 ? OBSERVE_DONE : outcome_of_error(),
        result == 0 ? sent : 0);
    if (bytes != NULL)
        *bytes = sent;
    return result;
}

int observe_select(int ignored, fd_set *readable, fd_set *writable,
                   fd_set *failed, struct timeval *timeout)
{
    struct call call = begin(OBSERVE_select, 0);
    /* Documentation page "select function": no set may be empty. */
    invariant((readable == NULL || readable->fd_count > 0) &&
              (writable == NULL || writable->fd_count > 0));
    int ready = must_fail(&call)
                    ? SOCKET_ERROR
                    : select(ignored, readable, writable, failed, timeout);
    end(&call,
        ready > 0    ? OBSERVE_DONE
        : ready == 0 ? OBSERVE_WOULD_BLOCK
                     : OBSERVE_FAILED,
        ready > 0 ? ready : 0);
    return ready;
}

int observe_WSAPoll(WSAPOLLFD *fds, ULONG count, int timeout_ms)
{
    struct call call = begin(OBSERVE_WSAPoll, 0);
    int ready =
        must_fail(&call) ? SOCKET_ERROR : WSAPoll(fds, count, timeout_ms);
    end(&call,
        ready > 0    ? OBSERVE_DONE
        : ready == 0 ? OBSERVE_WOULD_BLOCK
                     : OBSERVE_FAILED,
        ready > 0 ? ready : 0);
    return ready;
}

DWORD observe_WSAWaitForMultipleEvents(DWORD count, const WSAEVENT *events,
                                       BOOL all, DWORD timeout_ms,
                                       BOOL alertable)
{
    struct call call = begin(OBSERVE_WSAWaitForMultipleEvents, 0);
    DWORD result = must_fail(&call)
                       ? WSA_WAIT_FAILED
                       : WSAWaitForMultipleEvents(count, events, all,
                                                  timeout_ms, alertable);
    bool is_event = result < WSA_WAIT_EVENT_0 + count;
    end(&call,
        is_event                    ? OBSERVE_DONE
        : result == WSA_WAIT_FAILED ? OBSERVE_FAILED
                                    : OBSERVE_WOULD_BLOCK,
        is_event ? 1 : 0);
    return result;
}

DWORD observe_SleepEx(DWORD timeout_ms, BOOL alertable)
{
    struct call call = begin(OBSERVE_SleepEx, 0);
    LONG64 before =
        call.slot->calls[OBSERVE_completion_routine][0] +
        call.slot->calls[OBSERVE_completion_routine][OBSERVE_FAILED];
    DWORD result = SleepEx(timeout_ms, alertable);
    LONG64 after = call.slot->calls[OBSERVE_completion_routine][0] +
                   call.slot->calls[OBSERVE_completion_routine][OBSERVE_FAILED];
    end(&call,
        result == WAIT_IO_COMPLETION ? OBSERVE_DONE : OBSERVE_WOULD_BLOCK,
        after - before);
    return result;
}

BOOL observe_GetQueuedCompletionStatus(HANDLE port, DWORD *bytes,
                                       ULONG_PTR *key, OVERLAPPED **overlapped,
                                       DWORD timeout_ms)
{
    struct call call = begin(OBSERVE_GetQueuedCompletionStatus, 0);
    bool call_fails = call.fault == ERROR_INVALID_HANDLE ||
                      call.fault == WAIT_TIMEOUT ||
                      call.fault == ERROR_ABANDONED_WAIT_0;
    if (call_fails && must_fail(&call)) {
        *overlapped = NULL;
        end(&call, outcome_of_error(), 0);
        return FALSE;
    }
    BOOL ok =
        GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout_ms);
    if (*overlapped != NULL && must_fail(&call)) {
        *bytes = 0; /* the operation has failed, and so moved nothing */
        ok = FALSE;
    }
    /* FALSE with an OVERLAPPED is a packet too: of an operation that failed. */
    bool is_packet = ok || *overlapped != NULL;
    call.operation = *overlapped;
    end(&call, is_packet ? OBSERVE_DONE : outcome_of_error(),
        is_packet ? 1 : 0);
    return ok;
}

BOOL observe_GetQueuedCompletionStatusEx(HANDLE port, OVERLAPPED_ENTRY *entries,
                                         ULONG capacity, ULONG *count,
                                         DWORD timeout_ms, BOOL alertable)
{
    struct call call = begin(OBSERVE_GetQueuedCompletionStatusEx, 0);
    BOOL ok = must_fail(&call)
                  ? FALSE
                  : GetQueuedCompletionStatusEx(port, entries, capacity, count,
                                                timeout_ms, alertable);
    if (ok)
        call.operation = entries[0].lpOverlapped;
    end(&call, ok ? OBSERVE_DONE : outcome_of_error(), ok ? *count : 0);
    for (ULONG i = 1; ok && trace != NULL && i < *count; i++) {
        call.operation = entries[i].lpOverlapped;
        trace_call(&call, OBSERVE_DONE, 0);
    }
    return ok;
}

BOOL observe_PostQueuedCompletionStatus(HANDLE to, DWORD bytes, ULONG_PTR key,
                                        OVERLAPPED *overlapped)
{
    struct call call = begin(OBSERVE_PostQueuedCompletionStatus, 0);
    call.operation = overlapped;
    BOOL ok = must_fail(&call)
                  ? FALSE
                  : PostQueuedCompletionStatus(to, bytes, key, overlapped);
    end(&call, ok ? OBSERVE_DONE : outcome_of_error(), 0);
    return ok;
}

BOOL observe_WSAGetOverlappedResult(SOCKET s, WSAOVERLAPPED *overlapped,
                                    DWORD *bytes, BOOL wait, DWORD *flags)
{
    struct call call = begin(OBSERVE_WSAGetOverlappedResult, s);
    call.operation = overlapped;
    BOOL ok = must_fail(&call)
                  ? FALSE
                  : WSAGetOverlappedResult(s, overlapped, bytes, wait, flags);
    end(&call, ok ? OBSERVE_DONE : outcome_of_error(), ok ? *bytes : 0);
    return ok;
}

static DWORD WINAPI resume_late(void *thread)
{
    Sleep(500);
    ResumeThread(thread);
    return 0;
}

uintptr_t observe__beginthreadex(void *security, unsigned stack_bytes,
                                 unsigned(__stdcall *function)(void *),
                                 void *data, unsigned flags, unsigned *id)
{
    struct call call = begin(OBSERVE__beginthreadex, 0);
    uintptr_t thread = 0;
    bool is_late = must_be_short(&call);
    if (!must_fail(&call))
        thread = _beginthreadex(security, stack_bytes, function, data,
                                is_late ? flags | CREATE_SUSPENDED : flags, id);
    if (thread != 0)
        InterlockedIncrement(&live->handles);
    if (thread != 0 && is_late)
        QueueUserWorkItem(resume_late, (void *)thread, WT_EXECUTEDEFAULT);
    end(&call, thread != 0 ? OBSERVE_DONE : OBSERVE_FAILED, 0);
    return thread;
}

/* Given a port, it makes none but associates the file with that one. */
HANDLE observe_CreateIoCompletionPort(HANDLE file, HANDLE port, ULONG_PTR key,
                                      DWORD concurrency)
{
    struct call call = begin(OBSERVE_CreateIoCompletionPort, (uintptr_t)file);
    HANDLE result = must_fail(&call)
                        ? NULL
                        : CreateIoCompletionPort(file, port, key, concurrency);
    if (result != NULL && port == NULL)
        InterlockedIncrement(&live->handles);
    end(&call, result != NULL ? OBSERVE_DONE : OBSERVE_FAILED, 0);
    return result;
}

void observe_StartThreadpoolIo(TP_IO *io)
{
    struct call call = begin(OBSERVE_StartThreadpoolIo, 0);
    StartThreadpoolIo(io);
    end(&call, OBSERVE_DONE, 0);
}

void observe_CloseThreadpoolIo(TP_IO *io)
{
    struct call call = begin(OBSERVE_CloseThreadpoolIo, 0);
    CloseThreadpoolIo(io);
    end(&call, OBSERVE_DONE, 0);
}

BOOL observe_GetMessageW(BOOL(WINAPI *get)(MSG *, HWND, UINT, UINT),
                         MSG *message, HWND window, UINT first, UINT last)
{
    struct call call = begin(OBSERVE_GetMessageW, 0);
    BOOL result = must_fail(&call) ? -1 : get(message, window, first, last);
    end(&call, result != -1 ? OBSERVE_DONE : outcome_of_error(), 1);
    return result;
}

static LPFN_ACCEPTEX real_accept_ex;

static BOOL PASCAL counted_accept_ex(SOCKET listener, SOCKET s, PVOID buffer,
                                     DWORD receive_bytes,
                                     DWORD local_address_bytes,
                                     DWORD remote_address_bytes,
                                     DWORD *received, OVERLAPPED *overlapped)
{
    struct call call = begin(OBSERVE_AcceptEx, s);
    call.operation = overlapped;
    expect_fresh(overlapped);
    BOOL ok = must_fail(&call)
                  ? FALSE
                  : real_accept_ex(listener, s, buffer, receive_bytes,
                                   local_address_bytes, remote_address_bytes,
                                   received, overlapped);
    end(&call, ok ? OBSERVE_DONE : outcome_of_error(), 0);
    return ok;
}

int observe_WSAIoctl(SOCKET s, DWORD code, void *in, DWORD in_bytes, void *out,
                     DWORD out_bytes, DWORD *bytes, WSAOVERLAPPED *overlapped,
                     LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    static const GUID accept_ex = WSAID_ACCEPTEX;
    struct call call = begin(OBSERVE_WSAIoctl, s);
    int result = must_fail(&call)
                     ? SOCKET_ERROR
                     : WSAIoctl(s, code, in, in_bytes, out, out_bytes, bytes,
                                overlapped, routine);
    end(&call, result == 0 ? OBSERVE_DONE : outcome_of_error(), 0);
    if (result == 0 && code == SIO_GET_EXTENSION_FUNCTION_POINTER &&
        in_bytes == sizeof accept_ex &&
        memcmp(in, &accept_ex, sizeof accept_ex) == 0) {
        LPFN_ACCEPTEX counted = counted_accept_ex;
        memcpy(&real_accept_ex, out, sizeof real_accept_ex);
        memcpy(out, &counted, sizeof counted);
    }
    return result;
}

/* ---- memory -------------------------------------------------------------- */

/* Each block is followed by some spoiled bytes, and a freed one is spoiled and
 * kept for a while. Whoever reads there goes nowhere; whoever has
 * written there, Windows included, is found when the block is really freed. */
enum { SPOILED = 0xDD, TAIL_BYTES = 16, KEPT = 64, KEPT_BYTES = 65536 };
static void *volatile kept[KEPT];

static void *allocate(size_t bytes)
{
    unsigned char *memory = calloc(1, bytes + TAIL_BYTES);
    if (memory != NULL)
        memset(memory + bytes, SPOILED, TAIL_BYTES);
    return memory;
}

static void expect_spoiled(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        invariant(bytes[i] == SPOILED);
}

static void free_at_last(void *memory)
{
    if (memory != NULL)
        expect_spoiled(memory, _msize(memory));
    free(memory);
}

static void free_later(unsigned char *memory)
{
    /* A compiler leaves out a memset before a free. */
    static void *(*volatile fill)(void *, int, size_t) = memset;
    static volatile LONG turn;
    size_t bytes = _msize(memory);
    expect_spoiled(memory + bytes - TAIL_BYTES, TAIL_BYTES);
    fill(memory, SPOILED, bytes);
    LONG place = InterlockedIncrement(&turn) % KEPT;
    free_at_last(bytes > KEPT_BYTES
                     ? memory
                     : InterlockedExchangePointer(&kept[place], memory));
}

void *observe_calloc(size_t count, size_t bytes)
{
    struct call call = begin(OBSERVE_calloc, 0);
    void *memory = NULL;
    if (!must_fail(&call))
        memory = allocate(count * bytes);
    if (memory != NULL)
        InterlockedIncrement(&live->blocks);
    end(&call, memory != NULL ? OBSERVE_DONE : OBSERVE_FAILED, 0);
    return memory;
}

void observe_free(void *memory)
{
    struct call call = begin(OBSERVE_free, 0);
    if (memory != NULL) {
        InterlockedDecrement(&live->blocks);
        free_later(memory);
    }
    end(&call, OBSERVE_DONE, 0);
}

/* ---- begin and end ------------------------------------------------------ */

static void open_counters(const char *name)
{
    wchar_t *wide = utf8_wide(name);
    mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                                 sizeof *counters, wide);
    if (mapping == NULL)
        die("CreateFileMapping", GetLastError());
    free(wide);
    counters = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, sizeof *counters);
    if (counters == NULL)
        die("MapViewOfFile", GetLastError());
    counters->live = unobserved;
    live = &counters->live;
    counters->call_count = OBSERVE_CALL_COUNT;
    counters->version = OBSERVE_VERSION;
}

void observe_begin(const struct observe_options *observe_options)
{
#if !OBSERVE
    if (observe_options->counters_name != NULL ||
        observe_options->trace_path != NULL || observe_options->faults != NULL)
        die_saying(2, "--counters, --trace and --fault need a build with "
                      "OBSERVE=1; this one has OBSERVE=0");
    return;
#endif
    open_counters(observe_options->counters_name);
    slot_index = FlsAlloc(release_slot);
    if (slot_index == FLS_OUT_OF_INDEXES)
        die("FlsAlloc", GetLastError());
    if (observe_options->faults != NULL)
        parse_faults(observe_options->faults);
    if (observe_options->trace_path != NULL) {
        trace_path = observe_options->trace_path;
        trace = utf8_open(trace_path, "w");
        if (trace == NULL)
            die_saying(1, "--trace: cannot write \"%.200s\"", trace_path);
        fprintf(trace, "begin_ns,end_ns,thread,object,call,outcome,items,"
                       "operation\n");
    }
}

void observe_end(void)
{
    invariant(live->sockets == 0);
    invariant(live->handles == 0);
    invariant(live->blocks == 0);
    for (int i = 0; i < KEPT; i++)
        free_at_last(InterlockedExchangePointer(&kept[i], NULL));
    if (trace != NULL) {
        bool failed = ferror(trace) != 0;
        if (fclose(trace) != 0 || failed)
            die_saying(1,
                       "--trace: \"%.200s\" is not complete; is its disk full?",
                       trace_path);
    }
    trace = NULL;
    /* The mapping stays until the process ends: the harness may still want to
     * read it, and the system unmaps it. */
}
