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
struct calls {
    struct check *c;
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
    int64_t connects_before;
    int runs;
};

/* ---- what one run must come to ------------------------------------------- */

static bool has_flag(const struct calls *all, int flag)
{
    for (int i = 0; i < all->fault_count; i++)
        if ((duties[all->faults[i].call] & flag) != 0)
            return true;
    return false;
}

/* The server must not come as far as "listening". */
static bool must_end_at_start(const struct calls *all)
{
    for (int i = 0; i < all->fault_count; i++) {
        const struct fault *f = &all->faults[i];
        int duty = duties[f->call];
        if (f->number <= all->at_start[f->call] &&
            ((duty & START_GOES_ON) == 0 ||
             ((duty & FIRST_ENDS) != 0 && f->number == 1)))
            return true;
    }
    return false;
}

/* How many calls the faults have met. */
static int hits(const struct calls *all)
{
    return (int)all->c->server.counters->failed_on_purpose;
}

/* TCP_NODELAY is a matter of speed. It is the last option that a client gets; but
 * after a first fault nobody knows which option is set by which call. */
static bool is_no_delay(const struct calls *all, const struct fault *fault)
{
    int64_t before = all->at_start[OBSERVE_setsockopt];
    int64_t each = (all->options_set - before) / CLIENTS;
    return fault->call == OBSERVE_setsockopt && all->fault_count == 1 &&
           fault->number > before && fault->number <= all->options_set &&
           (fault->number - before) % each == 0;
}

/* How many clients they may cost. */
static int may_cost(const struct calls *all)
{
    for (int i = 0; i < all->fault_count; i++)
        if ((duties[all->faults[i].call] & COSTS_NOBODY) == 0 &&
            !is_no_delay(all, &all->faults[i]))
            return hits(all);
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
static bool has_ended(struct calls *all, int status)
{
    return status >= 0 ||
           (wine_here() &&
            process_err_has(&all->c->server, number_of(&all->faults[0])));
}

/* The server has ended by itself: with status 1, and has said why in one line. */
static void judge_end(struct calls *all, bool at_start)
{
    struct check *c = all->c;
    bool says = false;
    int status = process_wait(&c->server, PATIENCE_MS);
    if (status == -1 && has_ended(all, status))
        status = 1;
    for (int i = 0; i < all->fault_count; i++) {
        const struct fault *f = &all->faults[i];
        const char *name = f->call == OBSERVE_WSASocketW
                               ? "WSASocket"
                               : observe_rows[f->call].name;
        says |= lines_with(c, name, number_of(f)) == 1;
    }
    says = says && (!at_start || lines_with(c, "", "") == 1);
    process_kill(&c->server);
    expect(c, status == 1 && says,
           "expected status 1 and one line that names the call and the error, "
           "saw %d and: %.400s",
           status, c->server.err);
}

/* With one fault that has been met: it must be reported, if somebody was there to
 * mind. (A client that is reset before it is accepted is nobody's failure.) Asked
 * before the stop, because 01 reports nothing while it stops. */
static void expect_report(struct calls *all)
{
    const struct fault *f = &all->faults[0];
    bool nobodys = (f->call == OBSERVE_accept || f->call == OBSERVE_AcceptEx) &&
                   f->error == WSAECONNRESET;
    if (all->fault_count == 1 && has_flag(all, REPORTED) && hits(all) > 0 &&
        !nobodys)
        reported(all->c, number_of(f));
}

/* Connections that the clients have made, in all runs. */
static int64_t connects(const struct calls *all)
{
    uint64_t sum = all->c->control->connects;
    for (int i = 0; i < CLIENTS; i++)
        sum += all->clients[i].connects;
    return (int64_t)sum;
}

/* Calls of AcceptEx that have worked in this run, but for those that have taken
 * a client: so many are in flight. */
static int64_t accepts_in_flight(const struct calls *all)
{
    struct process_counts counts;
    counts_of(all->c, &counts);
    return counts.calls[OBSERVE_AcceptEx][OBSERVE_DONE] +
           counts.calls[OBSERVE_AcceptEx][OBSERVE_PENDING] -
           (connects(all) - all->connects_before);
}

/* A fault of AcceptEx must not leave fewer in flight than in the clean run. */
static void expect_accepts(struct calls *all)
{
    if (all->fault_count == 0)
        all->accepts = accepts_in_flight(all);
    if (all->fault_count != 1 || !has_flag(all, TRIED_AGAIN) || hits(all) == 0)
        return;
    wait_until(all->c, accepts_in_flight(all) >= all->accepts, 2000);
    expect_less(all->c, all->accepts, accepts_in_flight(all) + 1,
                "AcceptEx needed as there are in flight");
}

/* ---- one run ------------------------------------------------------------- */

/* What clients do: two echoes each; then one ends its stream, one is reset, one
 * stays, and a new one comes. NULL, or what has gone wrong: a client may be
 * lost, but not left waiting. */
static const char *serve_clients(struct calls *all)
{
    struct check *c = all->c;
    struct peer *clients = all->clients;
    int lost = 0;
    for (int i = 0; i < 2 * CLIENTS; i++) {
        struct peer *p = &clients[i % CLIENTS];
        if (i < CLIENTS) /* one after the other: always in the same order */
            join(p);
        if (p->state == PEER_OPEN && !echo(p, 100) && p->state == PEER_OPEN)
            return p->problem;
    }
    if (all->fault_count == 0)
        all->options_set = calls_of(c, OBSERVE_setsockopt, OBSERVE_setsockopt);
    for (int i = 0; i < CLIENTS; i++)
        lost += clients[i].state != PEER_OPEN;
    if (lost > may_cost(all))
        return "expected fewer clients to be lost";
    if (clients[0].state == PEER_OPEN) {
        half_close(&clients[0]);
        if (!receive_until_over(&clients[0]))
            return clients[0].problem;
    }
    peer_reset(&clients[1]);
    c->cut = false;
    if (!is_controlled(c))
        return c->control->problem;
    return c->cut && may_cost(all) == 0
               ? "expected the last client not to be lost"
               : NULL;
}

static void remember_calls(struct check *c, int64_t *calls)
{
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++)
        calls[i] = calls_of(c, (enum observe_call)i, (enum observe_call)i);
}

/* The server listens. */
static void run_listening(struct calls *all)
{
    struct check *c = all->c;
    if (all->fault_count == 0) {
        need_counters(c);
        remember_calls(c, all->at_start);
    }
    expect(c,
           !must_end_at_start(all) &&
               (c->server.counters != NULL || has_flag(all, MAY_END)),
           "expected the server to start and to go on, or not to start");
    if (c->server.counters == NULL) { /* it has ended, and them with it */
        judge_end(all, false);
        return;
    }
    const char *problem = serve_clients(all);
    /* It may be just about to end. */
    int status = process_wait(&c->server, problem != NULL ? 1000 : 0);
    bool ended = has_flag(all, MAY_END) && hits(all) > 0 &&
                 (problem != NULL || status >= 0) && has_ended(all, status);
    if (!ended) {
        expect(c, problem == NULL, "%s", problem);
        expect_report(all);
        expect_accepts(all);
        ask_to_stop(c);
        status = process_wait(&c->server, STOP_MS);
        ended = hits(all) > 0 && has_flag(all, MAY_END | STOP_MAY_END) &&
                status != 0 && has_ended(all, status);
    }
    if (all->fault_count == 0)
        remember_calls(c, all->at_end);
    c->cut = true;
    if (ended)
        judge_end(all, false);
    else
        finish_server(c);
}

static void run(struct calls *all)
{
    struct check *c = all->c;
    char arguments[500];
    char message[800];
    int used = 0;
    in_time(c);
    c->may_report = true;
    c->doing[0] = '\0';
    all->connects_before = connects(all);
    for (int i = 0; i < all->fault_count; i++)
        used += snprintf(c->doing + used, sizeof c->doing - (size_t)used,
                         "%s%s@%lld=%d", i > 0 ? "," : "",
                         observe_rows[all->faults[i].call].name,
                         all->faults[i].number, all->faults[i].error);
    snprintf(arguments, sizeof arguments, "%s %s %s%s", c->form, all->arguments,
             used > 0 ? "--fault " : "", c->doing);
    if (process_start(&c->server, c->program, arguments, 2 * PATIENCE_MS,
                      message, sizeof message)) {
        run_listening(all);
    } else {
        expect(c, must_end_at_start(all) || has_flag(all, MAY_END),
               "the server does not start: %s", message);
        judge_end(all, true);
    }
    all->runs++;
    close_all(all->clients, CLIENTS);
    process_free(&c->server);
}

/* ---- all runs ------------------------------------------------------------ */

/* Learns what the server does when nothing fails. */
static struct calls run_clean(struct check *c)
{
    struct calls all = {
        .c = c, .clients = new_peers(c, CLIENTS), .arguments = ""};
    for (int i = 0; i < CLIENTS; i++) {
        all.clients[i].may_fail = true;
        all.clients[i].patience_ms = PATIENCE_MS;
    }
    run(&all);
    return all;
}

static void run_with(struct calls *all, int count, struct fault one,
                     struct fault other)
{
    all->fault_count = count;
    all->faults[0] = one;
    all->faults[1] = other;
    run(all);
}

/* All of them: each up to 24, of more every fifth and the last eight (such a
 * number comes from a loop); and one that is not made, to be sure. A part: the
 * first, the last, and those that the first clients cause. */
static bool is_wanted(const struct calls *all, enum observe_call call,
                      int64_t number, bool is_part)
{
    int64_t count = all->at_end[call];
    int64_t since = number - all->at_start[call];
    if (is_part)
        return number == 1 || number == count || (since > 0 && since <= 3);
    return count <= 24 || number % 5 == 1 || number > count - 8;
}

/* Each call of a kind; and two in a row, after which it works again. */
static void fail_kind(struct calls *all, enum observe_call call, bool is_part)
{
    int kinds = error_count(call);
    int64_t first = all->at_start[call] + 1;
    struct fault one = {call, first, errors[call][0]};
    struct fault other = {call, first + 1, errors[call][1 % kinds]};
    if (first + 1 <= all->at_end[call])
        run_with(all, 2, one, other);
    for (int64_t n = 1; n <= all->at_end[call] + !is_part; n++)
        for (int e = 0; e < kinds && is_wanted(all, call, n, is_part); e++)
            if (!is_part || e == n % kinds)
                run_with(all, 1, (struct fault){call, n, errors[call][e]}, one);
}

/* What comes about only together with something else. The last echo cannot be
 * sent, and so that peer is to be reset, and the option for that fails, too. And
 * an option that only an IPv6 socket gets. */
static void fail_options(struct calls *all)
{
    enum observe_call option = OBSERVE_setsockopt;
    struct fault no_echo = {all->at_end[OBSERVE_WSASend] > 0 ? OBSERVE_WSASend
                                                             : OBSERVE_send,
                            (int64_t)2 * CLIENTS, WSAECONNABORTED};
    struct fault no_reset = {option, all->options_set + 1, WSAENETDOWN};
    all->arguments = "--verbose";
    run_with(all, 2, no_echo, no_reset);
    all->arguments = "--host ::1";
    all->at_start[option] = 2;
    run_with(all, 1, (struct fault){option, 2, WSAENETDOWN}, no_reset);
}

static void fail_calls(struct check *c, bool is_part)
{
    struct calls all = run_clean(c);
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++)
        if (errors[i][0] != 0 && all.at_end[i] > 0)
            fail_kind(&all, (enum observe_call)i, is_part);
    fail_options(&all);
    snprintf(c->note, sizeof c->note, "%d runs", all.runs);
}

void every_call(struct check *c)
{
    fail_calls(c, true);
}

void every_call_all(struct check *c)
{
    fail_calls(c, false);
}

/* The server is late for a call that the first client causes, or the stop itself,
 * and is asked to stop meanwhile. A wait has begun before the client comes: it is
 * late for the next one. */
void stop_in_call(struct check *c)
{
    struct calls all = run_clean(c);
    struct peer *p = all.clients;
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++) {
        enum observe_kind kind = observe_rows[i].kind;
        bool has_begun = kind == OBSERVE_WAIT || kind == OBSERVE_DEQUEUE ||
                         i == OBSERVE_accept;
        if (all.at_end[i] == all.at_start[i])
            continue;
        snprintf(c->doing, sizeof c->doing, "%s@%lld=stall150",
                 observe_rows[i].name, all.at_start[i] + (has_begun ? 2 : 1));
        start_with(c, "--fault %s", c->doing);
        c->may_report = false;
        join(p);
        send_bytes(p, 10);
        pass_time(c, 50); /* until it is in that call; if not, nothing shows */
        ask_to_stop(c);
        expect_all_or_reset(p);
        finish_server(c);
    }
}
