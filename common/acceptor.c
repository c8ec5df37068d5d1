#include "acceptor.h"

#include <process.h>
#include <stdlib.h>

#include "report.h"
#include "stop.h"
#include "observe.h"

static SOCKET listening;
static void (*deliver)(SOCKET s);
static HANDLE thread;
static volatile LONG stopping;

static unsigned __stdcall accept_clients(void *unused)
{
    (void)unused;
    bool reported = false;
    while (!stopping) {
        SOCKET s = accept(listening, NULL, NULL);
        int error = WSAGetLastError();
        if (s != INVALID_SOCKET) {
            reported = false;
            deliver(s);
        } else if (!stopping && error != WSAECONNRESET) {
            /* A shortage: the next client may fare better. Waiting keeps a
             * lasting one from turning into a busy loop. */
            if (!reported)
                report_connection(0, "accept", (DWORD)error);
            reported = true;
            WaitForSingleObject(stop_event(), 100);
        }
    }
    return 0;
}

void acceptor_start(SOCKET listener, void (*on_accept)(SOCKET s))
{
    listening = listener;
    deliver = on_accept;
    thread = (HANDLE)_beginthreadex(NULL, 0, accept_clients, NULL, 0, NULL);
    if (thread == NULL)
        die("_beginthreadex", _doserrno);
}

/* The listener is closed when nobody can be in accept() any more. A cancel that
 * falls between two calls has no effect, so it is repeated. */
void acceptor_stop(void)
{
    InterlockedExchange(&stopping, 1);
    do {
        CancelIoEx((HANDLE)listening, NULL);
    } while (WaitForSingleObject(thread, 10) == WAIT_TIMEOUT);
    CloseHandle(thread);
    closesocket(listening);
}

LPFN_ACCEPTEX acceptor_ex(SOCKET listener)
{
    GUID id = WSAID_ACCEPTEX;
    LPFN_ACCEPTEX accept_ex = NULL;
    DWORD bytes = 0;
    if (WSAIoctl(listener, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id,
                 &accept_ex, sizeof accept_ex, &bytes, NULL,
                 NULL) == SOCKET_ERROR)
        die("WSAIoctl(AcceptEx)", (DWORD)WSAGetLastError());
    return accept_ex;
}
