#include "roster.h"

#include <stdlib.h>

#include "net.h"
#include "report.h"
#include "server.h"
#include "observe.h"

static SRWLOCK lock = SRWLOCK_INIT;
static struct member *members;

void *roster_admit(SOCKET s, size_t bytes)
{
    long id = ledger_accepted(options.max_clients);
    if (id == 0) {
        server_refuse(s, "as many clients as --max-clients allows");
        return NULL;
    }
    struct member *m = calloc(1, bytes);
    if (m == NULL) {
        report_connection(id, "calloc", ERROR_NOT_ENOUGH_MEMORY);
        closesocket(s);
        ledger_closed(NULL);
        return NULL;
    }
    int error = net_tune(s);
    if (error != 0) /* it can be served all the same */
        report_connection(id, "setsockopt", (DWORD)error);
    m->socket = s;
    m->id = id;
    m->active_ms = GetTickCount();
    AcquireSRWLockExclusive(&lock);
    m->next = members;
    if (m->next != NULL)
        m->next->previous = m;
    members = m;
    ReleaseSRWLockExclusive(&lock);
    report_verbose("connection %ld: open", id);
    return m;
}

/* Afterwards nobody else finds m, or cancels anything on its socket. */
static void take_off_list(struct member *m)
{
    AcquireSRWLockExclusive(&lock);
    if (m->previous != NULL)
        m->previous->next = m->next;
    else
        members = m->next;
    if (m->next != NULL)
        m->next->previous = m->previous;
    ReleaseSRWLockExclusive(&lock);
}

/* Whether the peer has sent bytes that it has not got back. Those that nobody
 * has received yet count as well. Not counted by the seam, as in net.c. */
static bool owes_echo(const struct member *m)
{
    u_long unread_bytes = 0;
    if (m->tally.bytes_out < m->tally.bytes_in)
        return true;
    if (!m->was_cancelled) /* see roster_leave */
        (ioctlsocket)(m->socket, FIONREAD, &unread_bytes);
    return unread_bytes > 0;
}

/* The error of a cancelled call differs from system to system, so nothing is
 * concluded from it. After a cancel a socket is only closed (SO_LINGER tells
 * how): any other use of it is undefined (documentation page "Overlapped I/O and
 * Event Objects"). That close resets by itself if there are bytes that nobody
 * has received. */
void roster_leave(struct member *m, const char *call, DWORD error)
{
    struct tally tally = m->tally;
    take_off_list(m);
    if (error != 0 && !m->was_cancelled)
        report_connection(m->id, call, error);
    if (owes_echo(m))
        net_close_abortively(m->socket);
    else if (m->was_cancelled)
        closesocket(m->socket);
    else
        net_close_gracefully(m->socket);
    report_verbose("connection %ld: closed", m->id);
    free(m);
    ledger_closed(&tally); /* last: stop_server() may be waiting for it */
}

/* Reads in the opposite order of that in which the owner writes: a send that has
 * just begun must not be judged by the time of what was before it. */
static bool is_time_up(const struct member *m)
{
    bool is_sending = m->is_sending != 0;
    MemoryBarrier();
    return server_timed_out(m->id, m->active_ms, is_sending);
}

/* At the stop, when all are cancelled, no connection reports its error, whether
 * CancelIoEx has found an operation or not: it may be between two operations, or
 * cancelled already. */
void roster_cancel(bool all)
{
    AcquireSRWLockShared(&lock);
    for (struct member *m = members; m != NULL; m = m->next)
        if (all || is_time_up(m)) {
            bool before = m->was_cancelled;
            m->was_cancelled = true; /* the owner may notice at once */
            if (!CancelIoEx((HANDLE)m->socket, NULL) && !all)
                m->was_cancelled = before; /* there was nothing to cancel */
        }
    ReleaseSRWLockShared(&lock);
}
