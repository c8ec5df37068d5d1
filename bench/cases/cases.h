/* cases.h: what a conformance case is made of.
 *
 * A case is one function that does things to a running server through peers and
 * says what it expects. It knows nothing of how the server works. What is not as
 * expected ends the case at once (longjmp), wherever that is, so a case reads
 * straight down; whatever it has opened through the kit, the runner closes.
 * check.c starts the server before the case, asks it for an echo afterwards,
 * stops it and checks its ledger. A new case: a function, and a line in list.h. */
#ifndef CASES_CASES_H
#define CASES_CASES_H

#include <setjmp.h>

#include "../../common/clock.h"
#include "../../common/net.h"
#include "../../common/report.h"
#include "../run/process.h"
#include "../run/wine.h"
#include "list.h"
#include "peer.h"

/* Which forms of a server run a case: forms.h has the groups of each form. */
enum case_group {
    GROUP_BASIC = 1,       /* every form; one client at a time */
    GROUP_ONE = 2,         /* one client at a time */
    GROUP_SEVERAL = 4,     /* a few clients at once */
    GROUP_QUIET = 8,       /* no CPU while there is nothing to do */
    GROUP_CROWD = 16,      /* dozens of clients, or many connects at once */
    GROUP_FAIR = 32,       /* fairness under load */
    GROUP_STOP = 64,       /* ways to stop */
    GROUP_FAULT = 128,     /* faults injected through the seam */
    GROUP_START = 256,     /* the command line and the port */
    GROUP_HEAVY = 512,     /* large, so only once for each server */
    GROUP_FLOOD = 1024,    /* new clients while others flood */
    GROUP_IDLE = 2048,     /* --idle-timeout: takes its time */
    GROUP_WALL = 4096,     /* 03 --workers 1 */
    GROUP_QUEUE = 8192,    /* 01 --serve one */
    GROUP_FD_SET = 16384,  /* 02, waiting with select */
    GROUP_SPREAD = 32768,  /* connections are shared out among workers */
    GROUP_CALLS = 65536,   /* each call fails once, a part of it */
    GROUP_INLINE = 131072, /* 05: how it takes packets */
    GROUP_ONCE = 262144,   /* what all have in common, tried with one */
    GROUP_EVEN = 524288,   /* 03 even: connections move between workers */
    GROUP_INSTRUMENTS = 1048576, /* what is read from outside */
    GROUP_BROADCAST = 4194304,   /* 05: not its server, but a solution */
    GROUP_PLACES = 2097152,      /* 03: 63 for each worker */
    GROUP_ALL = GROUP_WALL - 1,
    GROUP_PAGE = GROUP_ALL & ~(GROUP_FAIR | GROUP_FAULT),
    GROUP_ALL_CALLS = GROUP_CALLS | GROUP_FAULT,
    GROUP_WORKERS = GROUP_SPREAD | GROUP_INLINE
};

enum case_flag {
    STARTS = 1,   /* starts and stops the server itself, or not at all */
    CUTS = 2,     /* cuts connections: not every byte comes back */
    LONG_ONE = 4, /* only with --long */
    PAGE = 8 /* programs of one page, which take a port only, run it, too */
};

struct check_case {
    const char *name;
    void (*run)(void);
    enum case_group group;
    int flags; /* of enum case_flag */
    const char *arguments;
    const char *purpose;
};

#define X(name, group, flags, arguments, purpose) void name(void);
CASES(X)
#undef X

/* The child of cpu_read, see there. */
int instruments_burn(void);

enum {
    CASE_SECONDS = 300,  /* for a whole case; with --long ten times that */
    STEP_MS = 10000,     /* how long a step may see nothing move */
    STOP_MS = 10000,     /* the grace time of a server that is asked to stop */
    PAGE_STOP_MS = 500,  /* a program of one page cannot do it */
    FREED_MS = 5000,     /* a place that is not free by then never is */
    CONTROL_MS = 10000,  /* how long the control client goes on trying */
    SMALL_BUFFER = 4096, /* the receive buffer of one that never reads */
    LOTS_BYTES = 67108864, /* far more than the system's buffers hold */
    PEERS_AT_MOST = 2300,
    HELPERS_AT_MOST = 8
};

/* One run of one case against one form of one server: that which runs now. */
extern struct check {
    const struct check_case *which;
    const char *program; /* path of the server */
    bool is_page;        /* a program of one page: takes a port only */
    int chapter;         /* 1 to 5 */
    const char *form;    /* its arguments */
    int groups;          /* of enum case_group: those that suit the form */
    bool is_long;        /* --long */
    uint64_t seed;
    uint64_t deadline_ns;
    jmp_buf end; /* where expect() jumps to, if it is called by */
    DWORD thread_id;

    struct process server;        /* runs when server.process is not NULL */
    char why[800];                /* it has not started */
    struct process other;         /* a second process, if the case has one */
    struct process_counts before; /* what is not of this case: see soak() */
    bool cut;                     /* bytes may have been lost on purpose */
    bool may_report; /* the server was given reason to write on stderr */

    int peer_count;       /* of all that new_peers() has made */
    struct peer *control; /* the control client */

    char doing[200]; /* put before the failure; "": nothing */
    volatile LONG failed;
    char failure[900];
    bool skipped;
    char note[200]; /* shown after "ok", or why it was skipped */
} check;

/* ---- saying what is expected --------------------------------------------- */

/* Unless condition holds, records a failure and ends the case; format says what
 * was expected and what was seen. A helper's thread does go on, and the case
 * ends at its own next step. */
void expect(bool condition, const char *format, ...) REPORT_PRINTF(2, 3);

/* The same for numbers; what, with its unit: "ms for an echo". */
void expect_less(int64_t seen, int64_t limit, const char *what);
void expect_same(int64_t seen, int64_t right, const char *what);

/* Where systems differ, either is right. Says "finding: " and what was seen when
 * it is not what Windows' documentation lets expect, and this is Windows. */
void either(bool as_documented, const char *format, ...) REPORT_PRINTF(2, 3);

/* The case has time left; all steps ask. */
void in_time(void);

/* Ends the case as skipped: this platform cannot show it. */
void skip(const char *why);

/* ---- time ---------------------------------------------------------------- */

/* Lets time pass, because time itself is what the case is about. */
void pass_time(uint32_t ms);

int64_t ms_since(uint64_t begin_ns);

/* Lets time pass until condition holds, but only so long. */
#define wait_until(condition, ms)                                              \
    for (uint64_t until_ns = clock_in_ms(ms);                                  \
         !(condition) && clock_ns() < until_ns;)                               \
    pass_time(5)

/* ---- the server ---------------------------------------------------------- */

/* Writes the path of a file in this program's own folder. */
void next_to_this_program(const char *name, char *path, size_t path_bytes);

/* Starts the server with its form's arguments and those of the list, or these; a
 * program of one page takes none but "--fault". Skips the case if they need the
 * seam and the server was built without. */
bool starts(const char *arguments); /* what if not: the case goes on */
void start(void);
void start_with(const char *format, ...) REPORT_PRINTF(1, 2);

/* Skips the case if the server was built without the seam. */
void need_counters(void);

/* Asks it to stop. Then checks exit status, ledger, and that a server without
 * reason to say anything has not. stop_server() is both; a program of one page it
 * kills. */
void ask_to_stop(void);
void finish_server(void);
void stop_server(void);

/* A new client gets its echo in less than a second. A busy machine may make an
 * attempt take longer: it may try again, for 10 s in all. */
void control(void);
bool is_controlled(void); /* the same; the case goes on */

/* Connects and gets an echo, trying again when refused, within the time. */
void serve(struct peer *p, uint32_t within_ms);

/* The same, but expects to be refused: the connection ends, without an echo. That
 * the system refuses it is right, too, but not expected. */
void refused(struct peer *p);

/* How many lines with words and more in them it has written on stderr: so far,
 * or as soon as there are count, within the time. "" is in every line. */
int lines_with(const char *words, const char *more);
int lines_within(const char *words, int count, uint32_t ms);

/* Waits until it has written words there. */
void reported(const char *words);

/* For so long the server has nothing to do, and must do next to nothing: CPU
 * below a tenth of the time, few calls. A form that spins by design (it does not
 * have GROUP_QUIET) is not asked. */
void expect_quiet(uint32_t ms);

/* Suspends the server; process_go_on() lets it go on. */
void hold(void);

/* What the seam has counted for this case. False: it is not there. */
bool counts_of(struct process_counts *counts);

/* Calls of two kinds so far, or of one that is named twice; 0 without the seam. */
int64_t calls_of(enum observe_call one, enum observe_call other);

/* Bytes that the server has received and sent. False when that is not known:
 * the seam is not there, or some calls were pending, of which it does not say
 * how many bytes they moved in the end. */
bool bytes_moved(int64_t *in, int64_t *out);

/* Resident bytes may grow by so many since before, from process_memory_bytes(). */
void memory_flat(uint64_t before, uint64_t growth_bytes);

/* What one of our servers has, from outside; 0: not to be had. Read when threads
 * and handles have not changed for half a second, as they may still be on their
 * way out; waits 10 s at most. Later it must have no more than before, but for
 * what a system keeps for itself: so much memory, a few threads and handles. */
struct usage {
    uint64_t memory_bytes;
    int threads;
    int handles;
};
struct usage usage_at_rest(void);
void usage_flat(const struct usage *before, uint64_t growth_bytes);

/* ---- clients; what one does stands in peer.h ------------------------------ */

/* New peers with tags of their own, which check.c closes. joined: connected;
 * joined_small: with a receive buffer of so many bytes. */
struct peer *new_peers(int count);
struct peer *joined(int count);
struct peer *joined_small(int count, int receive_buffer_bytes);
void close_peers(void);

/* Echoes of 10 bytes. Returns how long the quickest took, in ms. */
int64_t quickest_echo_ms(struct peer *p, int times);

/* Sends until the server cannot send any more, but no further: what comes next
 * reaches it, best with nothing unread in front. Without the seam: until it stalls. */
void send_until_stuck(struct peer *p);

/* Whether the server has something that it has not sent back to its only client;
 * true when that is not known. */
bool owes(struct peer *p);

/* Whether p is told of a reset so soon, while it has data to read: by POLLHUP (page
 * "WSAPOLLFD structure"), with Wine 8, too. Skips the case where it is not under
 * Wine 10, though a client outside of Wine is. */
bool sees_reset(struct peer *p, uint32_t within_ms);

/* Gets an echo, unless this client has been lost. It may be lost now; what may
 * not happen is that it waits for ever or gets wrong bytes. */
void echo_or_be_lost(struct peer *p);

/* A client that has been asked to go gets all of its echo, or a reset: an orderly
 * end would tell it that nothing is missing. On Windows recv() fails then (page
 * "WSARecv function"); Wine 8 shows it in WSAPoll() only. */
void expect_all_or_reset(struct peer *p);

/* Begins a thread beside the case, which takes one step after the other until that
 * says false or the case is over. A flood sends and receives without a pause, as
 * long as anybody is there. Ends them all. */
void beside(struct peer *peers, int count,
            bool (*step)(struct peer *peers, int count));
void begin_flood(struct peer *peers, int count);
void end_helpers(void);

#endif
