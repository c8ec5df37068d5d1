/* Every call of a server fails once. A clean run tells which calls the server
 * makes, and how often; then it is run again and again, and in each run the Nth
 * call of one kind fails with an error that this call can give, or this call and
 * the next one. No run may end in a crash, hang, leak or break an invariant; and
 * either everybody but the client concerned is served, or, where a server cannot
 * go on, it says why in one line and ends with status 1. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "../result/statistics.h"

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

enum { ERRORS_AT_MOST = 4 };

static const int errors[OBSERVE_CALL_COUNT][ERRORS_AT_MOST + 1] = {
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

/* ---- one run ------------------------------------------------------------- */

struct fault {
    enum observe_call call;
    int64_t number;
    int error;
    bool ends_start; /* the server must not come as far as "listening" */
};

enum {
    FAULTS_AT_MOST = 2,
    CLIENTS = 3,
    PATIENCE_MS = 5000,
    OPTIONS_AT_MOST = 64
};

/* The case: one server, many runs. */
struct calls {
    struct check *c;
    struct peer *clients;
    /* What the clean run has made, until it listened and until it had ended. */
    int64_t at_start[OBSERVE_CALL_COUNT];
    int64_t at_end[OBSERVE_CALL_COUNT];
    int64_t options_set;          /* setsockopt: until all had been served */
    int options[OPTIONS_AT_MOST]; /* which ones, in the clean run */
    int64_t accepts; /* AcceptEx in flight, when it is asked to stop */
    /* This run. */
    struct fault faults[FAULTS_AT_MOST];
    int fault_count;
    int64_t connects_before;
    const char *arguments; /* besides */
    int runs;
};

static bool has_flag(const struct calls *all, int flag)
{
    for (int i = 0; i < all->fault_count; i++)
        if ((duties[all->faults[i].call] & flag) != 0)
            return true;
    return false;
}

static bool must_end_at_start(const struct calls *all)
{
    return (all->fault_count > 0 && all->faults[0].ends_start) ||
           (all->fault_count > 1 && all->faults[1].ends_start);
}

/* How many calls the faults have met. */
static int hits(const struct calls *all)
{
    return (int)all->c->server.counters->failed_on_purpose;
}

/* How many clients they may cost. TCP_NODELAY is a matter of speed; but after a
 * first fault nobody knows which option is set by which call. */
static int may_cost(const struct calls *all)
{
    int free_faults = 0;
    for (int i = 0; i < all->fault_count; i++) {
        const struct fault *f = &all->faults[i];
        bool is_no_delay = all->fault_count == 1 &&
                           f->call == OBSERVE_setsockopt &&
                           f->number < OPTIONS_AT_MOST &&
                           all->options[f->number] == TCP_NODELAY;
        free_faults += is_no_delay || (duties[f->call] & COSTS_NOBODY) != 0;
    }
    return free_faults == all->fault_count ? 0 : hits(all);
}

/* How many lines of text there are; with words and an error, only those that
 * have both. */
static int count_lines(const char *text, const char *words, int error)
{
    char number[16];
    char line[600];
    int count = 0;
    snprintf(number, sizeof number, "(%d)", error);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
        if (words == NULL ||
            (strstr(line, words) != NULL && strstr(line, number) != NULL))
            count++;
    }
    return count;
}

/* The name that the line has which ends the server. */
static const char *words_of(enum observe_call call)
{
    return call == OBSERVE_WSASocketW ? "WSASocket" : observe_rows[call].name;
}

/* Whether the server has ended, or is about to. Seen on Wine 8, once in fifty: a
 * process that ends while its threads are about something says its last line, and
 * hangs. */
static bool has_ended(struct calls *all, int status)
{
    char number[16];
    snprintf(number, sizeof number, "(%d)", all->faults[0].error);
    return status >= 0 ||
           (wine_here() && process_err_has(&all->c->server, number));
}

/* The server has ended by itself: with status 1, and has said why. */
static void judge_end(struct calls *all, bool at_start)
{
    struct check *c = all->c;
    bool says = false;
    int status = process_wait(&c->server, PATIENCE_MS);
    if (status == -1 && has_ended(all, status))
        status = 1;
    process_kill(&c->server); /* has ended: err is complete now */
    const char *text = c->server.err;
    for (int i = 0; i < all->fault_count; i++)
        says |= count_lines(text, words_of(all->faults[i].call),
                            all->faults[i].error) == 1;
    expect(c, status == 1, "expected exit status 1, saw %d; stderr: %.400s",
           status, text);
    expect(c, says && (!at_start || count_lines(text, NULL, 0) == 1),
           "expected one line that names the call and the error, saw: %.400s",
           text);
}

static void remember_calls(struct check *c, int64_t *calls)
{
    for (int kind = 0; kind < OBSERVE_CALL_COUNT; kind++)
        calls[kind] = calls_of(c, kind, kind) / 2;
}

/* What clients do: two echoes each; then one ends its stream, one is reset, one
 * stays, and a new one comes. NULL, or what has gone wrong: a client may be
 * lost, but not left waiting. */
static const char *serve_clients(struct calls *all)
{
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
        all->options_set =
            calls_of(all->c, OBSERVE_setsockopt, OBSERVE_setsockopt) / 2;
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
    all->c->cut = false;
    if (!is_controlled(all->c))
        return all->c->control->problem;
    return all->c->cut && may_cost(all) == 0
               ? "expected the last client not to be lost"
               : NULL;
}

/* With one fault that has been met: it must be reported, if somebody was there to
 * mind. (A client that is reset before it is accepted is nobody's failure.) Asked
 * before the stop, because 01 reports nothing while it stops. */
static void expect_report(struct calls *all)
{
    const struct fault *fault = &all->faults[0];
    char number[16];
    if (all->fault_count != 1 || !has_flag(all, REPORTED) || hits(all) == 0 ||
        ((fault->call == OBSERVE_accept || fault->call == OBSERVE_AcceptEx) &&
         fault->error == WSAECONNRESET))
        return;
    snprintf(number, sizeof number, "(%d)", fault->error);
    reported(all->c, number);
}

/* Connections that the clients have made, in all runs. */
static int64_t connects(const struct calls *all)
{
    const struct peer *control = all->c->control;
    uint64_t sum = control != NULL ? control->connects : 0;
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
    uint64_t limit = clock_in_ms(2000);
    if (all->fault_count == 0)
        all->accepts = accepts_in_flight(all);
    if (all->fault_count != 1 || !has_flag(all, TRIED_AGAIN) || hits(all) == 0)
        return;
    while (accepts_in_flight(all) < all->accepts && clock_ns() < limit)
        pass_time(all->c, 5);
    expect(all->c, accepts_in_flight(all) >= all->accepts,
           "expected %" PRId64 " AcceptEx in flight again, saw %" PRId64,
           all->accepts, accepts_in_flight(all));
}

/* The server listens. */
static void run_listening(struct calls *all)
{
    struct check *c = all->c;
    if (all->fault_count == 0)
        need_counters(c);
    if (c->server.counters == NULL) { /* it has ended, and them with it */
        expect(c, has_flag(all, MAY_END), "expected the server to go on");
        judge_end(all, false);
        return;
    }
    if (all->fault_count == 0)
        remember_calls(c, all->at_start);
    expect(c, !must_end_at_start(all),
           "expected the server not to start, saw it listening");
    const char *problem = serve_clients(all);
    /* It may be just about to end. */
    int status = process_wait(&c->server, problem != NULL ? 1000 : 0);
    bool ended = has_flag(all, MAY_END) && hits(all) > 0 &&
                 (problem != NULL || status >= 0) && has_ended(all, status);
    if (!ended) {
        expect(c, problem == NULL, "%s", problem);
        expect_report(all);
        expect_accepts(all);
        SetEvent(c->server.stop_event);
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

static void write_arguments(struct calls *all, char *text, size_t text_bytes)
{
    const struct fault *f = all->faults;
    int used = 0;
    all->c->doing[0] = '\0';
    for (int i = 0; i < all->fault_count; i++)
        used +=
            snprintf(all->c->doing + used, sizeof all->c->doing - (size_t)used,
                     "%s%s@%" PRId64 "=%d", i > 0 ? "," : "",
                     observe_rows[f[i].call].name, f[i].number, f[i].error);
    snprintf(text, text_bytes, "%s %s%s%s", all->c->form,
             all->arguments != NULL ? all->arguments : "",
             all->fault_count > 0 ? " --fault " : "", all->c->doing);
}

static void run(struct calls *all)
{
    struct check *c = all->c;
    char arguments[PATH_BYTES + 300];
    char message[800];
    in_time(c);
    c->may_report = true;
    all->connects_before = connects(all);
    write_arguments(all, arguments, sizeof arguments);
    if (process_start(&c->server, c->program, arguments, 2 * PATIENCE_MS,
                      message, sizeof message)) {
        run_listening(all);
    } else {
        if (process_err_has(&c->server, "need a build with OBSERVE=1"))
            skip(c, "the server was built without the seam (OBSERVE=0)");
        expect(c, must_end_at_start(all) || has_flag(all, MAY_END),
               "the server does not start: %s", message);
        judge_end(all, true);
    }
    all->runs++;
    close_all(all->clients, CLIENTS);
    process_free(&c->server);
}

/* ---- all runs ------------------------------------------------------------ */

/* Learns what the server does when nothing fails. Which option is set when only
 * a trace says. */
static void run_clean(struct calls *all)
{
    char arguments[PATH_BYTES + 80];
    int count = 0;
    for (int i = 0; i < CLIENTS; i++) {
        all->clients[i].may_fail = true;
        all->clients[i].patience_ms = PATIENCE_MS;
    }
    trace_arguments(all->c, arguments, sizeof arguments);
    all->arguments = arguments;
    run(all);
    all->arguments = NULL;
    for (const char *at = take_trace(all->c);
         (at = strstr(at, ",setsockopt,done,")) != NULL &&
         ++count < OPTIONS_AT_MOST;
         at++)
        all->options[count] = atoi(at + strlen(",setsockopt,done,"));
}

static struct fault make_fault(const struct calls *all, enum observe_call call,
                               int64_t number, int error)
{
    bool goes_on = (duties[call] & START_GOES_ON) != 0;
    if ((duties[call] & FIRST_ENDS) != 0 && number == 1)
        goes_on = false;
    return (struct fault){.call = call,
                          .number = number,
                          .error = error,
                          .ends_start =
                              !goes_on && number <= all->at_start[call]};
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

static void fail_one(struct calls *all, enum observe_call call, bool is_part)
{
    int kinds = error_count(call);
    int64_t last = all->at_end[call] + !is_part;
    for (int64_t number = 1; number <= last; number++)
        for (int e = 0; e < kinds && is_wanted(all, call, number, is_part); e++)
            if (!is_part || e == number % kinds) {
                all->fault_count = 1;
                all->faults[0] = make_fault(all, call, number, errors[call][e]);
                run(all);
            }
}

/* Twice in a row, and then it works again. */
static void fail_twice(struct calls *all, enum observe_call call)
{
    int64_t first = all->at_start[call] + 1;
    all->fault_count = 2;
    for (int i = 0; i < 2; i++)
        all->faults[i] = make_fault(all, call, first + i,
                                    errors[call][i % error_count(call)]);
    if (first + 1 <= all->at_end[call])
        run(all);
}

static void fail_any_two(struct calls *all, int times)
{
    struct prng prng = {.state = all->c->seed};
    all->fault_count = FAULTS_AT_MOST;
    while (times-- > 0) {
        for (int i = 0; i < FAULTS_AT_MOST; i++) {
            enum observe_call call;
            do
                call = (enum observe_call)prng_below(&prng, OBSERVE_CALL_COUNT);
            while (error_count(call) == 0 || all->at_end[call] == 0);
            int64_t number =
                1 + (int64_t)prng_below(&prng, (uint64_t)all->at_end[call]);
            int error =
                errors[call][prng_below(&prng, (uint64_t)error_count(call))];
            all->faults[i] = make_fault(all, call, number, error);
        }
        run(all);
    }
}

/* What comes about only together with something else. The last echo cannot be
 * sent, and so that peer is to be reset, and the option for that fails, too. And
 * an option that only an IPv6 socket gets. */
static void fail_options(struct calls *all)
{
    enum observe_call option = OBSERVE_setsockopt;
    enum observe_call sends =
        all->at_end[OBSERVE_WSASend] > 0 ? OBSERVE_WSASend : OBSERVE_send;
    all->fault_count = 2;
    all->faults[0] =
        make_fault(all, sends, (int64_t)2 * CLIENTS, WSAECONNABORTED);
    all->faults[1] = make_fault(all, option, all->options_set + 1, WSAENETDOWN);
    all->arguments = "--verbose";
    run(all);
    all->arguments = "--host ::1";
    all->fault_count = 1;
    all->faults[0] = make_fault(all, option, 2, WSAENETDOWN);
    all->faults[0].ends_start = true;
    run(all);
    all->arguments = NULL;
}

static void fail_calls(struct check *c, bool is_part)
{
    struct calls all = {.c = c, .clients = new_peers(c, CLIENTS)};
    int kinds = 0;
    run_clean(&all);
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++) {
        enum observe_call call = (enum observe_call)i;
        if (error_count(call) == 0 || all.at_end[call] == 0)
            continue;
        kinds++;
        fail_one(&all, call, is_part);
        fail_twice(&all, call);
    }
    fail_options(&all);
    fail_any_two(&all, is_part ? 0 : 40);
    snprintf(c->note, sizeof c->note, "%d kinds, %d runs", kinds, all.runs);
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
static void stop_in(struct calls *all, enum observe_call call)
{
    struct check *c = all->c;
    struct peer *p = all->clients;
    enum observe_kind kind = observe_rows[call].kind;
    bool has_begun = kind == OBSERVE_WAIT || kind == OBSERVE_DEQUEUE ||
                     call == OBSERVE_accept;
    snprintf(c->doing, sizeof c->doing, "%s@%" PRId64 "=stall150",
             observe_rows[call].name,
             all->at_start[call] + (has_begun ? 2 : 1));
    start_with_faults(c, c->doing);
    c->may_report = false;
    join(p);
    send_bytes(p, 10);
    pass_time(c, 50); /* until it is in that call; if not, nothing is shown */
    SetEvent(c->server.stop_event);
    expect_all_or_reset(p);
    finish_server(c);
}

void stop_in_call(struct check *c)
{
    struct calls all = {.c = c, .clients = new_peers(c, CLIENTS)};
    int kinds = 0;
    run_clean(&all);
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++)
        if (all.at_end[i] > all.at_start[i]) {
            stop_in(&all, (enum observe_call)i);
            kinds++;
        }
    snprintf(c->note, sizeof c->note, "%d kinds", kinds);
}
