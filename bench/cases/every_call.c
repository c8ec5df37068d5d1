/* Every call of a server fails once. A clean run tells which calls the server
 * makes, and how often; then it is run again and again, and in each run the Nth
 * call of one kind fails with an error that this call can give, or this call and
 * the next one. No run may end in a crash, hang, leak or break an invariant; and
 * either everybody but the client concerned is served, or, where a server cannot
 * go on, it says why in one line and ends with status 1. */
#include <stdio.h>

#include "cases.h"

/* ---- what can fail ------------------------------------------------------- */

enum duty {
    START_GOES_ON = 1, /* before "listening", too: otherwise that ends it */
    FIRST_ENDS = 2,    /* with START_GOES_ON: but for the first call */
    MAY_END = 4,       /* the wait itself, or what wakes it: may end it later */
    STOP_MAY_END = 8,  /* the same, but only when it is asked to stop */
    REPORTED = 16,    /* one who is served or waits is told on stderr why not */
    TRIED_AGAIN = 32, /* AcceptEx: afterwards as many as ever are in flight */
    COSTS_NOBODY = 64 /* every client is served all the same */
};

/* What a server owes after a failure, where it owes something special. */
static const int duties[OBSERVE_CALL_COUNT] = {
    [OBSERVE_accept] = START_GOES_ON | REPORTED | COSTS_NOBODY,
    [OBSERVE_AcceptEx] = START_GOES_ON | REPORTED | TRIED_AGAIN | COSTS_NOBODY,
    [OBSERVE_recv] = REPORTED,
    [OBSERVE_send] = REPORTED,
    [OBSERVE_WSARecv] = REPORTED,
    [OBSERVE_WSASend] = REPORTED,
    [OBSERVE_select] = START_GOES_ON | MAY_END,
    [OBSERVE_WSAPoll] = START_GOES_ON | MAY_END,
    [OBSERVE_WSAWaitForMultipleEvents] = START_GOES_ON | MAY_END,
    [OBSERVE_GetQueuedCompletionStatus] = START_GOES_ON | MAY_END,
    [OBSERVE_GetQueuedCompletionStatusEx] = START_GOES_ON | MAY_END,
    [OBSERVE_WSAResetEvent] = MAY_END,
    [OBSERVE_WSAEnumNetworkEvents] = MAY_END,
    [OBSERVE_QueueUserAPC] = STOP_MAY_END | REPORTED,
    [OBSERVE_PostQueuedCompletionStatus] = STOP_MAY_END | REPORTED,
    [OBSERVE_CancelIoEx] = COSTS_NOBODY,
    [OBSERVE__beginthreadex] = REPORTED,
    [OBSERVE_completion_routine] = REPORTED,
    /* 05 makes the sockets for AcceptEx with it, too. */
    [OBSERVE_WSASocketW] =
        START_GOES_ON | FIRST_ENDS | REPORTED | TRIED_AGAIN | COSTS_NOBODY,
    [OBSERVE_WSACreateEvent] = REPORTED,
    [OBSERVE_WSASetEvent] = MAY_END,
    [OBSERVE_CreateIoCompletionPort] = REPORTED,
    [OBSERVE_SetFileCompletionNotificationModes] = REPORTED,
    [OBSERVE_calloc] = REPORTED,
};

enum { FAULTS_AT_MOST = 2, CLIENTS = 3, PATIENCE_MS = 5000 };

/* Of each kind; 0 ends them. */
static const int errors[OBSERVE_CALL_COUNT][5] = {
#define X(name, kind, step, blocks, starts, errors) {OBSERVE_ERRORS errors},
    OBSERVE_CALLS(X)
#undef X
};

static int error_count(enum observe_call call)
{
    int count = 0;
    while (errors[call][count] != 0)
        count++;
    return count;
}

struct fault {
    enum observe_call call;
    int64_t number;
    int error;
};

/* The case: one server, many runs. */
static struct calls {
    struct peer *clients;
    /* What the clean run has made, until it listened and until it had ended. */
    int64_t at_start[OBSERVE_CALL_COUNT];
    int64_t at_end[OBSERVE_CALL_COUNT];
    int64_t options_set; /* setsockopt: until all had been served */
    int64_t accepts;     /* AcceptEx in flight, when it is asked to stop */
    /* This run. */
    struct fault faults[FAULTS_AT_MOST];
    int fault_count;
    const char *arguments; /* besides */
    int runs;
} now;

/* ---- what one run must come to ------------------------------------------- */

static bool has_flag(int flag)
{
    for (int i = 0; i < now.fault_count; i++)
        if ((duties[now.faults[i].call] & flag) != 0)
            return true;
    return false;
}

/* The server must not come as far as "listening". */
static bool must_end_at_start(void)
{
    for (int i = 0; i < now.fault_count; i++) {
        const struct fault *f = &now.faults[i];
        int duty = duties[f->call];
        if (f->number <= now.at_start[f->call] &&
            ((duty & START_GOES_ON) == 0 ||
             ((duty & FIRST_ENDS) != 0 && f->number == 1)))
            return true;
    }
    return false;
}

/* In 02 the second send finds no room, so that it has to keep bytes, unless that is
 * what fails. */
static bool finds_no_room(void)
{
    bool is_free = check.chapter == 2;
    for (int i = 0; i < now.fault_count; i++)
        is_free &= now.faults[i].call != OBSERVE_send;
    return is_free;
}

/* How many calls the faults have met. */
static int hits(void)
{
    return (int)check.server.counters->failed_on_purpose -
           (finds_no_room() && calls_of(OBSERVE_send, OBSERVE_send) >= 2);
}

/* How many clients they may cost. TCP_NODELAY is a matter of speed, and only 05
 * sets an option that is not. */
static int may_cost(void)
{
    for (int i = 0; i < now.fault_count; i++) {
        enum observe_call call = now.faults[i].call;
        if ((duties[call] & COSTS_NOBODY) == 0 &&
            (call != OBSERVE_setsockopt || check.chapter == 5))
            return hits();
    }
    return 0;
}

/* How a line has the error of a fault. */
static const char *number_of(const struct fault *fault)
{
    static char text[16];
    snprintf(text, sizeof text, "(%d)", fault->error);
    return text;
}

/* Whether the server has ended, or is about to. Seen on Wine 8, once in fifty: a
 * process that ends while its threads are about something says its last line, and
 * hangs. */
static bool has_ended(int status)
{
    return status >= 0 ||
           (wine_here() &&
            process_err_has(&check.server, number_of(&now.faults[0])));
}

/* The server has ended by itself: with status 1, and has said why in one line. */
static void judge_end(bool at_start)
{
    bool says = false;
    int status = process_wait(&check.server, PATIENCE_MS);
    if (status == -1 && has_ended(status))
        status = 1;
    for (int i = 0; i < now.fault_count; i++) {
        const struct fault *f = &now.faults[i];
        const char *name = f->call == OBSERVE_WSASocketW
                               ? "WSASocket"
                               : observe_rows[f->call].name;
        says |= lines_with(name, number_of(f)) == 1;
    }
    says = says && (!at_start || lines_with("", "") == 1);
    process_kill(&check.server);
    expect(status == 1 && says,
           "expected status 1 and one line that names the call and the error, "
           "saw %d and: %.400s",
           status, check.server.err);
}

/* With one fault that has been met: it must be reported, if somebody was there to
 * mind. (A client that is reset before it is accepted is nobody's failure.) Asked
 * before the stop, because 01 reports nothing while it stops. */
static void expect_report(void)
{
    const struct fault *f = &now.faults[0];
    bool nobodys = (f->call == OBSERVE_accept || f->call == OBSERVE_AcceptEx) &&
                   f->error == WSAECONNRESET;
    if (now.fault_count == 1 && has_flag(REPORTED) && hits() > 0 && !nobodys)
        reported(number_of(f));
}

/* Calls of AcceptEx that have worked in this run, but for those that have taken
 * a client: so many are in flight. */
static int64_t accepts_in_flight(void)
{
    struct process_counts counts;
    uint64_t connects = check.control->connects;
    for (int i = 0; i < CLIENTS; i++)
        connects += now.clients[i].connects;
    counts_of(&counts);
    return counts.calls[OBSERVE_AcceptEx][OBSERVE_DONE] +
           counts.calls[OBSERVE_AcceptEx][OBSERVE_PENDING] - (int64_t)connects;
}

/* A fault of AcceptEx must not leave fewer in flight than in the clean run. */
static void expect_accepts(void)
{
    if (now.fault_count == 0)
        now.accepts = accepts_in_flight();
    if (now.fault_count != 1 || !has_flag(TRIED_AGAIN) || hits() == 0)
        return;
    wait_until(accepts_in_flight() >= now.accepts, 2000);
    expect_less(now.accepts, accepts_in_flight() + 1,
                "AcceptEx needed as there are in flight");
}

/* ---- one run ------------------------------------------------------------- */

/* What clients do: two echoes each; then one ends its stream, one is reset, one
 * stays, and a new one comes. NULL, or what has gone wrong: a client may be
 * lost, but not left waiting. */
static const char *serve_clients(void)
{
    struct peer *clients = now.clients;
    int lost = 0;
    for (int i = 0; i < 2 * CLIENTS; i++) {
        struct peer *p = &clients[i % CLIENTS];
        if (i < CLIENTS) /* one after the other: always in the same order */
            join(p);
        if (p->state == PEER_OPEN && !echo(p, 100) && p->state == PEER_OPEN)
            return p->problem;
    }
    if (now.fault_count == 0)
        now.options_set = calls_of(OBSERVE_setsockopt, OBSERVE_setsockopt);
    for (int i = 0; i < CLIENTS; i++)
        lost += clients[i].state != PEER_OPEN;
    if (lost > may_cost())
        return "expected fewer clients to be lost";
    if (clients[0].state == PEER_OPEN) {
        half_close(&clients[0]);
        if (!receive_until_over(&clients[0]))
            return clients[0].problem;
    }
    peer_reset(&clients[1]);
    check.cut = false;
    if (!is_controlled())
        return check.control->problem;
    return check.cut && may_cost() == 0
               ? "expected the last client not to be lost"
               : NULL;
}

static void remember_calls(int64_t *calls)
{
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++)
        calls[i] = calls_of((enum observe_call)i, (enum observe_call)i);
}

/* The server listens. */
static void run_listening(void)
{
    if (now.fault_count == 0) {
        need_counters();
        remember_calls(now.at_start);
    }
    expect(!must_end_at_start() &&
               (check.server.counters != NULL || has_flag(MAY_END)),
           "expected the server to start and to go on, or not to start");
    if (check.server.counters == NULL) { /* it has ended, and them with it */
        judge_end(false);
        return;
    }
    const char *problem = serve_clients();
    /* It may be just about to end. */
    int status = process_wait(&check.server, problem != NULL ? 1000 : 0);
    bool ended = has_flag(MAY_END) && hits() > 0 &&
                 (problem != NULL || status >= 0) && has_ended(status);
    if (!ended) {
        expect(problem == NULL, "%s", problem);
        expect_report();
        expect_accepts();
        ask_to_stop();
        status = process_wait(&check.server, STOP_MS);
        ended = hits() > 0 && has_flag(MAY_END | STOP_MAY_END) && status != 0 &&
                has_ended(status);
    }
    if (now.fault_count == 0)
        remember_calls(now.at_end);
    check.cut = true;
    if (ended)
        judge_end(false);
    else
        finish_server();
}

static void run(void)
{
    char arguments[500];
    int used = 0;
    check.doing[0] = '\0';
    for (int i = 0; i < now.fault_count; i++)
        used += snprintf(check.doing + used, sizeof check.doing - (size_t)used,
                         "%s%s@%lld=%d", i > 0 ? "," : "",
                         observe_rows[now.faults[i].call].name,
                         now.faults[i].number, now.faults[i].error);
    snprintf(arguments, sizeof arguments, "%s %s%s", now.arguments,
             finds_no_room() ? "--fault send@2=10035,"
             : used > 0      ? "--fault "
                             : "",
             check.doing);
    if (starts(arguments)) {
        run_listening();
    } else {
        expect(must_end_at_start() || has_flag(MAY_END),
               "the server does not start: %s", check.why);
        judge_end(true);
    }
    now.runs++;
    close_all(now.clients, CLIENTS);
    process_free(&check.server);
}

/* ---- all runs ------------------------------------------------------------ */

/* Learns what the server does when nothing fails. */
static void run_clean(void)
{
    now = (struct calls){.clients = new_peers(CLIENTS), .arguments = ""};
    for (int i = 0; i < CLIENTS; i++) {
        now.clients[i].may_fail = true;
        now.clients[i].patience_ms = PATIENCE_MS;
    }
    run();
}

static void run_with(int count, struct fault one, struct fault other)
{
    now.fault_count = count;
    now.faults[0] = one;
    now.faults[1] = other;
    run();
}

/* All of them: each up to 24, of more every fifth and the last eight (such a
 * number comes from a loop); and one that is not made, to be sure. A part: the
 * first, the last, and those that the first clients cause. */
static bool is_wanted(enum observe_call call, int64_t number, bool is_part)
{
    int64_t count = now.at_end[call];
    int64_t since = number - now.at_start[call];
    if (is_part)
        return number == 1 || number == count || (since > 0 && since <= 3);
    return count <= 24 || number % 5 == 1 || number > count - 8;
}

/* Each call of a kind; and two in a row, after which it works again. */
static void fail_kind(enum observe_call call, bool is_part)
{
    int kinds = error_count(call);
    int64_t first = now.at_start[call] + 1;
    struct fault one = {call, first, errors[call][0]};
    struct fault other = {call, first + 1, errors[call][1 % kinds]};
    if (first + 1 <= now.at_end[call])
        run_with(2, one, other);
    for (int64_t n = 1; n <= now.at_end[call] + !is_part; n++)
        for (int e = 0; e < kinds && is_wanted(call, n, is_part); e++)
            if (!is_part || e == n % kinds)
                run_with(1, (struct fault){call, n, errors[call][e]}, one);
}

/* What comes about only together with something else. The last echo cannot be
 * sent, and so that peer is to be reset, and the option for that fails, too. And
 * an option that only an IPv6 socket gets. */
static void fail_options(void)
{
    enum observe_call option = OBSERVE_setsockopt;
    struct fault no_echo = {now.at_end[OBSERVE_WSASend] > 0 ? OBSERVE_WSASend
                                                            : OBSERVE_send,
                            (int64_t)2 * CLIENTS, WSAECONNABORTED};
    struct fault no_reset = {option, now.options_set + 1, WSAENETDOWN};
    now.arguments = "--verbose";
    run_with(2, no_echo, no_reset);
    now.arguments = "--host ::1";
    now.at_start[option] = 2;
    run_with(1, (struct fault){option, 2, WSAENETDOWN}, no_reset);
}

static void fail_calls(bool is_part)
{
    run_clean();
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++)
        if (errors[i][0] != 0 && now.at_end[i] > 0)
            fail_kind((enum observe_call)i, is_part);
    fail_options();
    snprintf(check.note, sizeof check.note, "%d runs", now.runs);
}

void every_call(void)
{
    fail_calls(true);
}

void every_call_all(void)
{
    fail_calls(false);
}

/* The server is late for a call that the first client causes, or the stop itself,
 * and is asked to stop meanwhile. A wait has begun before the client comes: it is
 * late for the next one. */
void stop_in_call(void)
{
    run_clean();
    struct peer *p = now.clients;
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++) {
        enum observe_kind kind = observe_rows[i].kind;
        bool has_begun = kind == OBSERVE_WAIT || kind == OBSERVE_DEQUEUE ||
                         i == OBSERVE_accept;
        if (now.at_end[i] == now.at_start[i])
            continue;
        snprintf(check.doing, sizeof check.doing, "%s@%lld=stall150",
                 observe_rows[i].name, now.at_start[i] + (has_begun ? 2 : 1));
        start_with("--fault %s", check.doing);
        check.may_report = false;
        join(p);
        send_bytes(p, 10);
        pass_time(50); /* until it is in that call; if not, nothing shows */
        ask_to_stop();
        expect_all_or_reset(p);
        finish_server();
    }
}
