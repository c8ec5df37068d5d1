/* cases.h: what a conformance case is made of.
 *
 * A case is one function that does things to a running server through peers and
 * says what it expects. It knows nothing of how the server works. Its steps do
 * nothing once the case has failed, so that a case reads straight down; the
 * first failure is what gets reported. check.c starts the server before the
 * case, asks it for an echo afterwards, stops it and checks its ledger. */
#ifndef CASES_CASES_H
#define CASES_CASES_H

#include "../run/peer.h"
#include "../run/process.h"
#include "../run/wine.h"

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
    GROUP_INSTRUMENTS = 1048576 /* what is read from outside */
};

enum case_flag {
    CASE_STARTS = 1, /* starts and stops the server itself, or not at all */
    CASE_CUTS = 2,   /* cuts connections: not every byte comes back */
    CASE_LONG = 4,   /* only with --long */
    CASE_NOT_01 = 8  /* more connections than a thread each is meant for */
};

struct check;

struct check_case {
    const char *name;    /* NULL ends a table */
    const char *purpose; /* one line for --list */
    void (*run)(struct check *c);
    enum case_group group;
    int flags;             /* of enum case_flag */
    const char *arguments; /* for the server; NULL: none */
    int limit_seconds;     /* for the whole case; 0: 60 */
};

/* The tables, one for each theme. */
extern const struct check_case data_cases[];
extern const struct check_case halfclose_cases[];
extern const struct check_case reset_cases[];
extern const struct check_case hostile_cases[];
extern const struct check_case many_cases[];
extern const struct check_case start_stop_cases[];
extern const struct check_case fault_cases[];
extern const struct check_case race_cases[];
extern const struct check_case count_cases[];
extern const struct check_case soak_cases[];
extern const struct check_case every_call_cases[];
extern const struct check_case client_cases[];
extern const struct check_case instrument_cases[];

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
    CHECK_ARRAYS = 16
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
    int soak_seconds;    /* --soak, this server's share of it; 0: not given */
    uint64_t seed;       /* for fuzz */
    uint64_t deadline_ns;

    struct process server;
    bool started; /* server runs, or at least has to be freed */
    bool cut;     /* bytes may have been lost on purpose */

    struct peer *arrays[CHECK_ARRAYS]; /* made by new_peers() */
    int counts[CHECK_ARRAYS];
    int array_count;
    struct peer *control; /* the control client, made when first needed */
    uint64_t sent_before; /* by all peers before this server was started */
    uint32_t next_tag;
    struct flood flood;
    uint64_t told_ns; /* when progress() last said something */

    bool failed;
    char failure[900];
    bool skipped;
    char skip_reason[200];
    char note[100]; /* shown after "ok" */
};

/* ---- saying what is expected --------------------------------------------- */

/* Records a failure unless condition holds; format says what was expected and
 * what was seen. Returns whether the case is still good. */
bool expect(struct check *c, bool condition, const char *format, ...)
    REPORT_PRINTF(3, 4);

/* Ends the case as skipped: this platform cannot show it. */
void skip(struct check *c, const char *format, ...) REPORT_PRINTF(2, 3);

/* Says on stderr how far a long case has come; every ten seconds at most. */
void progress(struct check *c, const char *format, ...) REPORT_PRINTF(2, 3);

/* Whether the case should go on: not failed, not skipped, time left. */
bool going_on(struct check *c);

/* Writes the path of a file in this program's own folder. */
void next_to_this_program(const char *name, char *path, size_t path_bytes);

/* ---- the server ---------------------------------------------------------- */

/* Starts the server with its form's arguments and these; minimal.c takes none.
 * Skips the case if they need the seam and the server was built without. */
void start_server(struct check *c, const char *arguments);

/* The same with "--fault" and these, which may go on with other options. */
void start_with_faults(struct check *c, const char *faults);

/* Asks it to stop and checks exit status and ledger. finish_server() does the
 * same for a server that has been asked already. */
void stop_server(struct check *c);
void finish_server(struct check *c);

/* A new client gets its echo in less than a second. A busy machine may make an
 * attempt take longer: it may try again, for 10 s in all. */
void control(struct check *c);

/* Connects and gets an echo, trying again when refused, within the time. */
void serve(struct check *c, struct peer *p, uint32_t within_ms);

/* The same, but expects to be refused: the connection ends, without an echo. */
void refused(struct check *c, struct peer *p);

/* Waits until the server has written words on stderr. */
void reported(struct check *c, const char *words);

/* How many lines with words in them it has written there so far, or once there
 * are count of them, within the time. */
int lines_with(struct check *c, const char *words);
int lines_within(struct check *c, const char *words, int count, uint32_t ms);

/* Between the two calls the server has nothing to do, and must do next to
 * nothing: CPU below a tenth of the time, few calls. A form that spins by
 * design (it does not have GROUP_QUIET) is not asked. Where the CPU time is not
 * to be had, the case's note says so. */
struct quiet {
    uint64_t begin_ns;
    bool has_cpu;
    uint64_t cpu_ns;
    int64_t calls;
};
void quiet_begin(struct check *c, struct quiet *quiet);
void quiet_end(struct check *c, const struct quiet *quiet);

/* Calls that the server has made so far, all kinds that are in the list, up to
 * a negative number; -1: the seam is not there. */
int64_t calls_of(struct check *c, const int *kinds);

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

/* ---- steps --------------------------------------------------------------- */

/* New peers with tags of their own; freed and closed by check.c. */
struct peer *new_peers(struct check *c, int count);

void join(struct check *c, struct peer *p); /* connect */
void join_all(struct check *c, struct peer *peers, int count);
void echo(struct check *c, struct peer *p, uint64_t bytes);
void send_bytes(struct check *c, struct peer *p, uint64_t bytes);
void receive_bytes(struct check *c, struct peer *p, uint64_t bytes);
void half_close(struct check *c, struct peer *p);
void receive_end(struct check *c, struct peer *p);

/* Each peer sends this many bytes, then each receives them. */
void ping_all(struct check *c, struct peer *peers, int count, uint64_t bytes);

/* Echoes of 10 bytes. Returns how long the quickest took, in ms. */
uint64_t quickest_echo_ms(struct check *c, struct peer *p, int times);

/* The longest that one of them has waited for an echo, in ms. */
uint64_t slowest_ms(const struct peer *peers, int count);

/* As ping_all(), but all at once. Returns how long the slowest waited, in ms. */
uint64_t ping_at_once(struct check *c, struct peer *peers, int count,
                      uint64_t bytes);

/* One short connection. It ends in an orderly way, with a reset, without a
 * word, or half-closed, whichever is the turn of this number. */
void churn_one(struct check *c, struct peer *p, int number);

/* Sends without reading until nothing has been taken for a second, at most this
 * many bytes. Returns how many were taken. */
uint64_t stuff(struct check *c, struct peer *p, uint64_t at_most_bytes);

/* Floods from a thread of its own, until end_flood(), which also takes back
 * what is still under way. */
void begin_flood(struct check *c, struct peer *peers, int count);
void end_flood(struct check *c);

/* Lets time pass, because time itself is what the case is about. */
void pass_time(struct check *c, uint32_t ms);

#endif
