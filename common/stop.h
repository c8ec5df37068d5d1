/* stop.h: the many ways to be told to stop, turned into one event.
 *
 * Ctrl+C, Ctrl+Break, closing the console, or the harness setting the event
 * named by --stop-event: each sets the same manual-reset event. A server waits
 * for that event in the way its I/O model can. (At log-off and shutdown Windows
 * calls the handlers of services only: documentation page "HandlerRoutine
 * callback function".) */
#ifndef COMMON_STOP_H
#define COMMON_STOP_H

#include <stdbool.h>
#include <winsock2.h>
#include <windows.h>

/* Makes the event and installs the console handler. event_name is the name
 * given with --stop-event, or NULL. Exits with status 1 if it fails. */
void stop_install(const char *event_name);

/* The event. Signaled from the moment the server is asked to stop; stays so.
 * Owned here: do not close it. */
HANDLE stop_event(void);

/* Whether the event is signaled. A system call: not for a hot path. */
bool stop_requested(void);

/* Says that the server has ended, so that the console handler, which keeps the
 * process alive while the server cleans up, may return. */
void stop_finished(void);

#endif
