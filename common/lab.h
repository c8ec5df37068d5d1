/* lab.h: one statement of a course, put to the test.
 *
 * A chapter's labs.c is a table of labs and a main that calls lab_main(). Each
 * lab states a claim and asks what will be seen; measures; and says whether the
 * claim holds. The measuring and the judging are two functions, so that a test
 * can show that each verdict can be reached: --simulate judges two made-up
 * outcomes, one for each.
 *
 * Labs call Windows directly, not through observe.h. A call that must not fail
 * ends the program with die() of report.h. */
#ifndef COMMON_LAB_H
#define COMMON_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <winsock2.h>
#include <windows.h>

#include "clock.h"
#include "report.h"

#define LAB_VALUES 6

/* What a measurement found. All is 0 when measure() begins. */
struct lab_outcome {
    long seen[LAB_VALUES]; /* numbers, printed with the lab's format */
    const char *not_here;  /* why this system cannot show it; NULL if it can */
};

struct lab {
    const char *id;       /* "4.3": its number in common/claims.md */
    const char *claim;    /* as courses and notes state it */
    const char *question; /* what the reader is to predict */
    const char *format;   /* printf's, for seen[0], seen[1], ...: each a %ld */
    const char *because;  /* why it came out as it did, or what follows */
    void (*measure)(struct lab_outcome *outcome); /* takes 10 s at most */
    bool (*holds)(const long seen[LAB_VALUES]);   /* looks at nothing else */
    long if_so[LAB_VALUES];  /* outcomes as they could be: the claim holds, */
    long if_not[LAB_VALUES]; /* and it does not */
};

/* Runs the labs one after the other, or those that the command line names, and
 * returns the exit status: 0 if each came to a verdict, whichever; 1 if one did
 * not end, or with --simulate if a verdict is wrong; 2 for a wrong command
 * line. Calls WSAStartup. claims is not copied. */
int lab_main(int argc, char **argv, const struct lab claims[], size_t count);

/* Two connected TCP sockets on 127.0.0.1, blocking, both made for overlapped
 * I/O and with TCP_NODELAY. The caller closes both. */
void lab_pair(SOCKET pair[2]);

/* The major version of Wine that this runs under, or 0 on Windows. */
int lab_wine(void);

/* How many processors this process may use, at least 1. */
long lab_processors(void);

/* The processor time that this process has used, in milliseconds. It moves in
 * steps of up to 16 ms (documentation page "GetProcessTimes function"). */
long lab_cpu_ms(void);

#endif
