/* server.h: how every chapter's main() begins and ends. */
#ifndef COMMON_SERVER_H
#define COMMON_SERVER_H

#include <stdbool.h>
#include <winsock2.h>

#include "options.h"

/* The options that all five servers share, with their defaults. Written once,
 * by server_begin(), before any thread is started; read-only afterwards. */
struct server_options {
    const char *host;  /* --host */
    long port;         /* --port */
    long max_clients;  /* --max-clients */
    long idle_seconds; /* --idle-timeout; 0: never */
    long buffer_bytes; /* --buffer */
    bool verbose;      /* --verbose */
};
extern struct server_options options;

/* Reads the command line, starts Winsock and installs the stop signal.
 * program is the chapter's folder name; own_options describes what the chapter
 * adds and ends with an entry whose name is NULL. --help and --version print
 * and exit with status 0; wrong usage prints one line and exits with 2. */
void server_begin(int argc, char **argv, const char *program,
                  const struct option *own_options);

/* Turns a client away: reports the reason in one line and closes s so that the
 * client sees an orderly end of the stream. */
void server_refuse(SOCKET s, const char *reason);

/* Logical processors of this machine, at least 1: how many threads can run at
 * the same time. */
long server_processor_count(void);

/* Prints the ledger and ends what server_begin() started. Returns the exit
 * status for main(). Every connection must have been closed. */
int server_end(void);

#endif
