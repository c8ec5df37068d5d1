/* lab.h: one statement of a course, put to the test.
 *
 * A chapter's labs.c is a table of labs and a main that calls lab_main(). Each
 * lab states a claim and asks what will be seen; measures; and says whether the
 * claim holds. `make texts` writes common/claims.md from the tables.
 *
 * Labs call Windows directly, not through observe.h. A call that must not fail
 * ends the program with die() of report.h, here and in the labs. */
#ifndef COMMON_LAB_H
#define COMMON_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <winsock2.h>
#include <windows.h>

#include "clock.h"
#include "net.h"
#include "report.h"

enum { LAB_VALUES = 6, THE_VERDICT = -1 };

enum verdict {
    DOES_NOT_HOLD,
    HOLDS,
    NOT_HERE,      /* this system cannot show it */
    SINCE_WINE_10, /* in the table: NOT_HERE under Wine 8, HOLDS under Wine 10 */
    DEPENDS,       /* in the table, of Windows: source says on what */
    NOT_SAID       /* in the table, of Windows: no page decides it */
};

struct lab {
    const char *id;       /* "4.3" */
    enum verdict wine;    /* what was seen under Wine, with two processors */
    enum verdict windows; /* what source leads to expect on Windows, where
                             nothing has run yet */
    int asked; /* what the reader is to predict: the index of a number or a yes
                  or no in seen, or THE_VERDICT */
    /* Returns whether the claim holds, or lab_not_here(). Puts numbers, which
     * are all 0 before, into seen. Takes 10 s at most. */
    bool (*measure)(long seen[]);
    const char *claim;    /* as courses and notes state it */
    const char *question; /* its last sentence asks for what is asked */
    const char *format;   /* of seen[0], seen[1], ...: %ld is a number, %s a yes
                             or no (1 or 0) */
    const char *because;  /* what is true: why it came out so, what follows */
    const char *source;   /* a page of Microsoft's, if it says nothing else */
};

/* Runs the labs one after the other, or those that the command line names. At a
 * terminal it asks before each what will be seen, compares, and keeps a score.
 * Returns the exit status: 0 if each came to a verdict; 1 if one did not end, or
 * under Wine 8 came to another verdict than expected; 2 for a wrong command
 * line. Calls WSAStartup. With --table it prints a section of claims.md, with
 * the chapter's name over it, and measures nothing. On Windows, and with
 * --as-windows, a verdict that is another one than expected there is a line
 * that begins "finding: ", and does not count for the status. */
int lab_main(int argc, char **argv, const char *chapter,
             const struct lab labs[], size_t count);

/* For `return lab_not_here("why");` where this system cannot show whether the
 * claim holds. why is not copied. */
bool lab_not_here(const char *why);

/* ---- this system ---------------------------------------------------------- */

/* The major version of Wine that this runs under, or 0 on Windows. */
int lab_wine(void);

/* The processor time that this process has used, in milliseconds. It moves in
 * steps of up to 16 ms (documentation page "GetProcessTimes function"). */
long lab_cpu_ms(void);

/* ---- threads and events --------------------------------------------------- */

/* How long to wait for what must happen; a busy machine may be slow. */
enum { LAB_SOON_MS = 5000 };

/* Starts a thread. The caller gives the handle to lab_join(), or closes it. */
HANDLE lab_start(unsigned(__stdcall *function)(void *), void *data);

/* Waits, not alertably, until the thread has ended, and closes its handle.
 * Returns what its function returned. */
DWORD lab_join(HANDLE thread);

/* A new event, not signaled: one that a wait resets, and one that stays
 * signaled. The caller closes it. */
HANDLE lab_auto_event(void);
HANDLE lab_manual_event(void);

/* Whether the event is signaled, or becomes so within so many milliseconds. */
bool lab_signaled(HANDLE event, DWORD within_ms);

/* ---- sockets -------------------------------------------------------------- */

/* Two connected TCP sockets on 127.0.0.1, blocking, both made for overlapped
 * I/O and with TCP_NODELAY. The caller closes both, with lab_close_pair(). */
void lab_pair(SOCKET pair[2]);
void lab_close_pair(SOCKET pair[2]);

/* A new client of a listener on 127.0.0.1, which the caller closes. */
SOCKET lab_connect(SOCKET listener);

/* Sends the whole text. */
void lab_send(SOCKET s, const char *text);

/* Sends it from pair[1], and returns when pair[0] can receive it. */
void lab_bring(SOCKET pair[2], const char *text);

/* Returns when so many bytes wait in the socket. */
void lab_await_bytes(SOCKET s, u_long count);

/* How many bytes wait in the socket, not yet received by anybody. */
u_long lab_bytes_in(SOCKET s);

/* ---- overlapped operations ------------------------------------------------ */

/* Windows uses it until the operation is over. The caller sets hEvent, or
 * leaves it 0. */
struct lab_operation {
    WSAOVERLAPPED overlapped;
    char buffer[16];
};

/* Starts to receive up to so many bytes, 16 at most. Returns 0 if it was done
 * at once, or WSA_IO_PENDING. routine may be NULL. */
int lab_receive(SOCKET s, struct lab_operation *o, ULONG bytes,
                LPWSAOVERLAPPED_COMPLETION_ROUTINE routine);

/* ---- completion ports ----------------------------------------------------- */

/* A packet as it came out of a port. */
struct lab_packet {
    DWORD error; /* of the operation; 0: it succeeded */
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
};

/* A new port, which the caller closes; a socket's association with it. */
HANDLE lab_port(DWORD concurrency);
void lab_associate(SOCKET s, HANDLE port, ULONG_PTR key);

/* Puts a packet without an OVERLAPPED on the port. */
void lab_post(HANDLE port, ULONG_PTR key);

/* Takes one packet. False: none came in that time, or the port is closed. */
bool lab_take(HANDLE port, DWORD within_ms, struct lab_packet *packet);

#endif
