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

/* Which forms of a server run a case: see the table of forms in check.c. */
enum case_group {
    GROUP_BASIC = 1,      /* every form; one client at a time */
    GROUP_ONE = 2,        /* one client at a time */
    GROUP_SEVERAL = 4,    /* a few clients at once */
    GROUP_QUIET = 8,      /* no CPU while there is nothing to do */
    GROUP_CROWD = 16,     /* dozens of clients, or many connects at once */
    GROUP_FAIR = 32,      /* fairness under load */
    GROUP_STOP = 64,      /* ways to stop */
    GROUP_FAULT = 128,    /* faults injected through the seam */
    GROUP_START = 256,    /* the command line and the port */
    GROUP_HEAVY = 512,    /* large, so only once for each server */
    GROUP_FLOOD = 1024,   /* new clients while others flood */
    GROUP_IDLE = 2048,    /* --idle-timeout: takes its time */
    GROUP_WALL = 4096,    /* 03 --workers 1 */
    GROUP_QUEUE = 8192,   /* 01 --serve one */
    GROUP_FD_SET = 16384, /* 02, waiting with select */
    GROUP_SPREAD = 32768, /* connections are shared out among workers */
    GROUP_CALLS = 65536,  /* each call fails once, a part of it */
    GROUP_ALL = GROUP_WALL - 1,
    GROUP_INLINE = 131072, /* 05: how it takes packets */
    GROUP_ONCE = 262144,   /* what all have in common, tried with one of them */
    GROUP_EVEN = 524288,   /* 03 even: connections move between workers */
    GROUP_INSTRUMENTS = 1048576, /* what is read from outside */
    GROUP_BROADCAST = 2097152,   /* 05: not its server, but a solution */
    GROUP_ALL_CALLS = GROUP_CALLS | GROUP_FAULT,
    GROUP_WORKERS = GROUP_SPREAD | GROUP_INLINE
};

enum case_flag {
    STARTS = 1,   /* starts and stops the server itself, or not at all */
    CUTS = 2,     /* cuts connections: not every byte comes back */
    LONG_ONE = 4, /* only with --long */
    SAYS = 8      /* gives the server reason to say something on stderr */
};

struct check;

struct check_case {
    const char *name;
    void (*run)(struct check *c);
    enum case_group group;
    int flags; /* of enum case_flag */
    const char *arguments;
    int seconds;
    const char *purpose;
};

#define X(name, group, flags, arguments, seconds, purpose)                     \
    void name(struct check *c);
CASES(X)
#undef X

/* The child of cpu_read: uses 500 ms of processor time, says that it is there as
 * a server does, and waits to be ended. */
int instruments_burn(void);

/* What some programs of one page must do with a case: see minimal.c. */
struct minimal_row {
    const char *name;    /* of the case; NULL ends the table */
    int programs;        /* a bit for each, see minimal_program() */
    const char *reason;  /* why the case must fail; NULL: it must not */
    const char *failure; /* words of the failure that shows it */
};

extern const struct minimal_row minimal_rows[];

/* The bit of a program of one page, "02_nonblocking" and "minimal" or "spin". 0:
 * it is none, but made from server.c. */
int minimal_program(const char *server, const char *program);

/* NULL: the case is not for this program. */
const struct minimal_row *minimal_find(const char *name, int program);

/* Turns the failure that must come into success, and its absence into failure. */
void minimal_judge(struct check *c, const struct minimal_row *row);

enum {
    STEP_MS = 10000, /* how long a step may see nothing move */
    STOP_MS = 10000, /* the grace time of a server that is asked to stop */
    MINIMAL_STOP_MS = 500, /* minimal.c cannot do it: no need to wait long */
    FREED_MS = 5000,       /* a place that is not free by then never is */
    CONTROL_MS = 10000,    /* how long the control client goes on trying */
    SMALL_BUFFER = 4096,   /* the receive buffer of one that never reads */
    CHECK_ARRAYS = 40,
    HELPERS_AT_MOST = 8
};

/* A thread that does something beside the case, with peers that are its own. */
struct helper {
    struct check *c;
    HANDLE thread;
    struct peer *peers;
    int count;
};

/* One run of one case against one form of one server. */
struct check {
    const struct check_case *which;
    const char *program; /* path of the server */
    bool is_minimal;     /* a program of one page: takes a port only */
    int chapter;         /* 1 to 5 */
    const char *form;    /* its arguments */
    int groups;          /* of enum case_group: those that suit the form */
    bool is_long;        /* --long */
    bool is_soak;        /* --soak: the server runs already, and goes on */
    uint64_t seed;
    uint64_t deadline_ns;
    jmp_buf end; /* where expect() jumps to, if it is called by */
    DWORD thread_id;

    struct process server;        /* runs when server.process is not NULL */
    struct process other;         /* a second process, if the case has one */
    struct process_counts before; /* what is not of this case: see soak() */
    bool cut;                     /* bytes may have been lost on purpose */
    bool may_report; /* the server was given reason to write on stderr */

    struct peer *arrays[CHECK_ARRAYS]; /* made by new_peers() */
    int counts[CHECK_ARRAYS];
    int array_count;
    struct peer *control;  /* the control client, made when first needed */
    uint64_t sent_before;  /* by all peers before this server was started */
    int64_t joined_before; /* likewise */
    uint32_t next_tag;
    struct helper helpers[HELPERS_AT_MOST];
    int helper_count;
    volatile LONG helpers_end;
    char trace_path[PATH_BYTES + 80];
    uint64_t told_ns; /* when progress() last said something */

    char doing[200]; /* put before the failure; "": nothing */
    volatile LONG failed;
    char failure[900];
    bool skipped;
    char skip_reason[200];
    char note[100]; /* shown after "ok" */
};

/* ---- saying what is expected --------------------------------------------- */

/* Unless condition holds, records a failure and ends the case; format says what
 * was expected and what was seen. A helper's thread does go on, and the case
 * ends at its own next step. */
void expect(struct check *c, bool condition, const char *format, ...)
    REPORT_PRINTF(3, 4);

/* The case has time left; long loops ask, and all steps. */
void in_time(struct check *c);

/* Ends the case as skipped: this platform cannot show it. */
void skip(struct check *c, const char *format, ...) REPORT_PRINTF(2, 3);

/* Says on stderr how far a long case has come; every ten seconds at most. */
void progress(struct check *c, const char *format, ...) REPORT_PRINTF(2, 3);

/* Writes the path of a file in this program's own folder. */
void next_to_this_program(const char *name, char *path, size_t path_bytes);

/* ---- the server ---------------------------------------------------------- */

/* Starts the server with its form's arguments and these; minimal.c takes none.
 * Skips the case if they need the seam and the server was built without. */
void start_server(struct check *c, const char *arguments);

/* The same with "--fault" and these, which may go on with other options. */
void start_with_faults(struct check *c, const char *faults);

/* Skips the case if the server was built without the seam. */
void need_counters(struct check *c);

/* Asks it to stop and checks exit status, ledger, and that a server without
 * reason to say anything has not. finish_server() does the same for one that has
 * been asked already. A program of one page is killed by end_server(). */
void stop_server(struct check *c);
void finish_server(struct check *c);
void end_server(struct check *c);

/* A new client gets its echo in less than a second. A busy machine may make an
 * attempt take longer: it may try again, for 10 s in all. */
void control(struct check *c);
bool is_controlled(struct check *c); /* the same; the case goes on */

/* Connects and gets an echo, trying again when refused, within the time. */
void serve(struct peer *p, uint32_t within_ms);
bool is_served(struct peer *p, uint32_t within_ms);

/* The same, but expects to be refused: the connection ends, without an echo. */
void refused(struct peer *p);

/* Waits until the server has written words on stderr. */
void reported(struct check *c, const char *words);

/* How many lines with words in them it has written there, at once or once there
 * are count of them, within the time. */
int lines_within(struct check *c, const char *words, int count, uint32_t ms);

/* For so long the server has nothing to do, and must do next to nothing: CPU
 * below a tenth of the time, few calls. A form that spins by design (it does not
 * have GROUP_QUIET) is not asked. Where the CPU time is not to be had, the case's
 * note says so. */
void expect_quiet(struct check *c, uint32_t ms);

/* Suspends the server, and lets it go on. */
void hold(struct check *c);
void go_on(struct check *c);

/* What the seam has counted for this case. False: it is not there. */
bool counts_of(struct check *c, struct process_counts *counts);

/* Calls of two kinds so far; -1: the seam is not there. */
int64_t calls_of(struct check *c, int one, int other);

/* Bytes that the server has received and sent. False when that is not known:
 * the seam is not there, or some calls were pending, of which it does not say
 * how many bytes they moved in the end. */
bool bytes_moved(struct check *c, int64_t *in, int64_t *out);

/* Bytes resident may grow by at most this many since before (from
 * process_memory_bytes(); 0: not to be had, nothing is checked). */
void memory_flat(struct check *c, uint64_t before, uint64_t growth_bytes);

/* What one of our servers has, from outside; 0: not to be had. */
struct usage {
    uint64_t memory_bytes;
    int threads;
    int handles;
};

/* Reads them when threads and handles have not changed for half a second:
 * threads and sockets may still be on their way out. Waits 10 s at most. */
struct usage usage_at_rest(struct check *c);

/* No more than before, but for what a system keeps for itself: the memory of
 * growth_bytes, a few threads and handles. */
void usage_flat(struct check *c, const struct usage *before,
                uint64_t growth_bytes);

/* ---- clients; what one does stands in peer.h ------------------------------ */

/* New peers with tags of their own; freed and closed by check.c. */
struct peer *new_peers(struct check *c, int count);

/* Echoes of 10 bytes. Returns how long the quickest took, in ms. */
uint64_t quickest_echo_ms(struct peer *p, int times);

/* Sends until the server cannot send any more, but no further: so that what
 * comes next reaches it, best with nothing unread in front. Without the seam it
 * sends until sending stalls. */
void send_until_stuck(struct peer *p);

/* Whether the server has something that it has not sent back to its only client;
 * true when that is not known. */
bool owes(struct peer *p);

/* How many ms it takes until s is told of a reset, while it has data to read. -1:
 * longer than that. */
int sees_reset(struct check *c, SOCKET s, int within_ms);

/* Skips the case where this system does not show it when both directions are
 * full: Wine 10 does not, though a client outside of Wine does see the reset. */
void need_to_see_resets(struct check *c);

/* Gets an echo, unless this client has been lost. It may be lost now; what may
 * not happen is that it waits for ever or gets wrong bytes. */
void echo_or_be_lost(struct peer *p);

/* A client that has been asked to go gets all of its echo, or a reset: an orderly
 * end would tell it that nothing is missing. */
void expect_all_or_reset(struct peer *p);

/* Writes the option with which the next server writes a trace, and reads that
 * when it has ended, the first 100,000 bytes. */
void trace_arguments(struct check *c, char *arguments, size_t bytes);
const char *take_trace(struct check *c);

/* Floods from a thread of its own, until end_flood(), which also takes back
 * what is still under way. */
void begin_flood(struct peer *peers, int count);
void end_flood(struct check *c);

/* Each connects, gets an echo, is reset, and connects again, from a thread of
 * its own and whatever the server says, until the case ends. */
void begin_storm(struct peer *peers, int count);

/* Ends all threads beside the case. No-op if there are none. */
void end_helpers(struct check *c);

/* Lets time pass, because time itself is what the case is about. */
void pass_time(struct check *c, uint32_t ms);

#endif
