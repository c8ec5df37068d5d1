/* forms.h: the one list of the forms of each server: of the suite, which says
 * what each must pass, and of the ladders, whose rungs they are. Columns:
 *   chapter    1 to 5
 *   name       "": server.c; "minimal": minimal.c; else forms/NAME.c or .patch
 *   ending     ".c": a program of one page, which takes a port only; ".patch"
 *   arguments  options
 *   groups     of cases that check runs on it, see cases/cases.h, which only
 *              check needs; 0: none. A program of one page: those with PAGE
 *   rung       its name on a ladder; "": it stands on none
 *   ladders    of enum form_ladder: those that it stands on
 * The first of each chapter is the server without options, with which each rung
 * is compared: it differs from that in one thing. At 128 connections 02 and 03
 * have no minimal.c: it takes 63 and 64, and wsaeventselect takes 63. */
#ifndef BENCH_FORMS_H
#define BENCH_FORMS_H

#define FORMS_CHAPTER_1 "01_blocking"
#define FORMS_CHAPTER_2 "02_nonblocking"
#define FORMS_CHAPTER_3 "03_overlapped_event"
#define FORMS_CHAPTER_4 "04_overlapped_apc"
#define FORMS_CHAPTER_5 "05_iocp"

enum form_ladder { AT_16 = 1, AT_60 = 2, AT_128 = 4, CHURN = 8 };

/* clang-format off */
#define FORMS(X) \
    /* chapter, name, ending, arguments, groups, rung, ladders */ \
    X(1, "", "", "", GROUP_ALL | GROUP_CALLS | GROUP_ONCE, "default", AT_128) \
    X(1, "minimal", ".c", "", GROUP_PAGE, "minimal", AT_128) \
    X(1, "", "", "--serve one", GROUP_BASIC | GROUP_QUEUE, "", 0) \
    X(1, "", "", "--stack 65536", 0, "stack 64 K", AT_128) \
    X(1, "", "", "--stack 1048576", 0, "stack 1 M", AT_128) \
    X(1, "", "", "--stack 16777216", 0, "stack 16 M", AT_128) \
    X(2, "", "", "", \
      GROUP_ALL | GROUP_FD_SET | GROUP_CALLS | GROUP_INSTRUMENTS, \
      "default", AT_16 | AT_128) \
    X(2, "minimal", ".c", "", GROUP_PAGE, "minimal", AT_16) \
    X(2, "", "", "--wait poll", \
      GROUP_BASIC | GROUP_SEVERAL | GROUP_QUIET | GROUP_CROWD | GROUP_IDLE | \
      GROUP_CALLS, "poll", AT_16 | AT_128) \
    X(2, "spin", ".c", "", GROUP_ALL & ~GROUP_QUIET & ~GROUP_FAULT, "spin", \
      AT_16 | AT_128) \
    X(2, "wsaeventselect", ".c", "", GROUP_PAGE | GROUP_FAIR, \
      "wsaeventselect", AT_16) \
    X(2, "wsaasyncselect", ".c", "", GROUP_PAGE | GROUP_FAIR, \
      "wsaasyncselect", AT_16 | AT_128) \
    X(3, "", "", "", \
      GROUP_ALL | GROUP_PLACES | GROUP_SPREAD | GROUP_CALLS, "default", \
      AT_16 | AT_60 | AT_128) \
    X(3, "minimal", ".c", "", GROUP_ALL, "minimal", AT_16 | AT_60) \
    X(3, "", "", "--workers 1", GROUP_BASIC | GROUP_WALL, "", 0) \
    X(3, "lowest_only", ".patch", "", GROUP_BASIC | GROUP_SEVERAL, \
      "lowest only", AT_16 | AT_60) \
    X(3, "even", ".patch", "", \
      GROUP_BASIC | GROUP_SEVERAL | GROUP_CROWD | GROUP_FLOOD | GROUP_STOP | \
      GROUP_SPREAD | GROUP_EVEN, "even", AT_128) \
    X(4, "", "", "", GROUP_ALL | GROUP_SPREAD | GROUP_CALLS, "default", \
      AT_16 | CHURN) \
    X(4, "minimal", ".c", "", GROUP_ALL, "minimal", AT_16 | CHURN) \
    X(4, "", "", "--workers 1", \
      GROUP_SEVERAL | GROUP_QUIET | GROUP_FAIR | GROUP_FLOOD | GROUP_STOP, \
      "1 worker", AT_16) \
    X(4, "", "", "--workers 2", 0, "2 workers", AT_16) \
    X(4, "accept_in_turn", ".c", "", GROUP_ALL, "accept in turn", CHURN) \
    X(5, "", "", "", GROUP_ALL | GROUP_CALLS | GROUP_INLINE, "default", \
      AT_16 | CHURN) \
    X(5, "minimal", ".c", "", GROUP_ALL, "minimal", AT_16 | CHURN) \
    X(5, "two_structures", ".c", "", GROUP_ALL, "two structures", AT_16) \
    X(5, "threadpool_io", ".c", "", GROUP_ALL, "threadpool io", AT_16) \
    X(5, "acceptor_thread", ".patch", "", \
      GROUP_BASIC | GROUP_FLOOD | GROUP_STOP | GROUP_FAULT, \
      "acceptor thread", CHURN) \
    X(5, "no_skip", ".patch", "", GROUP_BASIC | GROUP_SEVERAL | GROUP_FLOOD, \
      "no skip", AT_16) \
    X(5, "batches", ".patch", "", GROUP_BASIC | GROUP_SEVERAL | GROUP_FLOOD, \
      "batches", AT_16) \
    X(5, "zero_byte_recv", ".patch", "", \
      GROUP_BASIC | GROUP_ONE | GROUP_SEVERAL, "zero-byte recv", AT_16) \
    X(5, "", "", "--accepts 1", 0, "1 accept", CHURN) \
    /* So few that none can be lost. */ \
    X(5, "", "", "--accepts 2", GROUP_SEVERAL | GROUP_FAULT, "", 0) \
    /* Its cases start 05_iocp/solutions/broadcast.c. */ \
    X(5, "", "", "broadcast", GROUP_BROADCAST, "", 0) \
    X(5, "", "", "--inline-budget 0", 0, "budget 0", AT_16) \
    X(5, "", "", "--inline-budget 1", 0, "budget 1", AT_16) \
    X(5, "", "", "--inline-budget 1000", 0, "budget 1000", AT_16) \
    X(5, "", "", "--workers 1", GROUP_FLOOD | GROUP_STOP, "1 worker", AT_16) \
    X(5, "", "", "--workers 4", 0, "4 workers", AT_16) \
    X(5, "", "", "--concurrency 1", 0, "concurrency 1", AT_16)

/* What programs of one page must fail in, which is what server.c is for: one that
 * suddenly passes has become something else, or its case shows nothing. Columns:
 *   form    the program, or "" for all of them
 *   case    which it must fail
 *   reason  why
 *   words   of the failure that shows it */
#define FORMS_FAIL(X) \
    /* form, case, reason, words */ \
    X("", "stop_idle", "does not stop on the stop event with a ledger", \
      "expected the server to stop") \
    X("02_nonblocking minimal", "boundary", "an fd_set holds 64 sockets", \
      "connection 6") \
    X("02_nonblocking wsaeventselect", "boundary", \
      "one wait takes 64 events", "connection 6") \
    X("03_overlapped_event minimal", "boundary", "one wait takes 64 events", \
      "connection 6") \
    X("03_overlapped_event minimal", "fair", \
      "the lowest event that is signaled comes first", "equal shares")
/* clang-format on */

#endif
