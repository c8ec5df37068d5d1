/* Every call of a server fails once. A clean run tells which calls the server
 * makes, and how often; then it is run again and again, and in each run the Nth
 * call of one kind fails with an error that this call can give. No run may end
 * in a crash, hang, leak or break an invariant; and either everybody but the
 * client concerned is served, or, where a server cannot go on, it says why in
 * one line and ends with status 1. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../common/clock.h"
#include "cases.h"
#include "../result/statistics.h"

/* ---- what can fail ------------------------------------------------------- */

enum duty {
    START_GOES_ON = 1, /* before "listening", too: otherwise that ends it */
    FIRST_ENDS = 2,    /* with START_GOES_ON: but for the first call */
    MAY_END = 4,       /* the wait itself, or what wakes it: may end it later */
    STOP_MAY_END = 8,  /* the same, but only when it is asked to stop */
    REPORTED = 16,   /* one who is served or waits is told on stderr why not */
    TRIED_AGAIN = 32 /* AcceptEx: afterwards as many as ever are in flight */
};

/* What a server owes after a failure, where it owes something special. */
static const int duties[OBSERVE_CALL_COUNT] = {
    [OBSERVE_accept] = START_GOES_ON | REPORTED,
    [OBSERVE_AcceptEx] = START_GOES_ON | REPORTED | TRIED_AGAIN,
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
    [OBSERVE__beginthreadex] = REPORTED,
    [OBSERVE_completion_routine] = REPORTED,
    /* 05 makes the sockets for AcceptEx with it, too. */
    [OBSERVE_WSASocketW] = START_GOES_ON | FIRST_ENDS | REPORTED | TRIED_AGAIN,
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

enum { FAULTS_AT_MOST = 2, CLIENTS = 3, PATIENCE_MS = 5000 };

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
    int64_t connects_before;
    char fault_text[120];
    const char *arguments; /* besides */
    int hits;              /* how many of the faults have been met by a call */
    /* All runs in which a fault was met. */
    int runs;
    int failures;
    char first_failure[800];
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
    for (int i = 0; i < all->fault_count; i++)
        if (all->faults[i].ends_start)
            return true;
    return false;
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

/* The server has ended by itself: with status 1, and has said why. */
static void judge_end(struct calls *all, int status, bool at_start)
{
    struct check *c = all->c;
    bool says = false;
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

static int clients_lost(const struct calls *all)
{
    int lost = 0;
    for (int i = 0; i < CLIENTS; i++)
        if (all->clients[i].state != PEER_OPEN)
            lost++;
    return lost;
}

/* A client may be lost, but not left waiting, nor get wrong bytes. */
static void echo_or_be_lost(struct check *c, struct peer *p)
{
    if (!going_on(c) || p->state != PEER_OPEN)
        return;
    bool good = peer_echo(p, 100, PATIENCE_MS);
    expect(c, good || p->state != PEER_OPEN, "%s", p->problem);
}

static void remember_calls(const struct check *c, int64_t *calls)
{
    struct process_counts counts;
    process_counts(&c->server, &counts);
    for (int kind = 0; kind < OBSERVE_CALL_COUNT; kind++) {
        calls[kind] = 0;
        for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
            calls[kind] += counts.calls[kind][outcome];
    }
}

/* What clients do: two echoes each; then one ends its stream, one is reset, one
 * stays, and a new one comes. */
static void serve_clients(struct calls *all)
{
    struct check *c = all->c;
    struct peer *clients = all->clients;
    for (int i = 0; i < CLIENTS; i++)
        peer_connect(&clients[i], c->server.host, c->server.port, PATIENCE_MS);
    for (int i = 0; i < 2 * CLIENTS; i++)
        echo_or_be_lost(c, &clients[i % CLIENTS]);
    all->hits = (int)c->server.counters->failed_on_purpose;
    if (all->fault_count == 0) {
        int64_t calls[OBSERVE_CALL_COUNT];
        remember_calls(c, calls);
        all->options_set = calls[OBSERVE_setsockopt];
    }
    expect(c, clients_lost(all) <= all->hits,
           "expected at most %d clients to be lost, saw %d", all->hits,
           clients_lost(all));
    if (going_on(c) && clients[0].state == PEER_OPEN) {
        peer_half_close(&clients[0]);
        expect(c, peer_receive_anything_until_over(&clients[0], PATIENCE_MS),
               "after the half-close: %s", clients[0].problem);
    }
    peer_reset(&clients[1]);
    control(c);
}

static void judge_ledger(struct check *c, const struct process_ledger *ledger)
{
    expect(c,
           ledger->live == 0 && ledger->accepted == ledger->closed &&
               ledger->posted == ledger->completed &&
               ledger->bytes_out <= ledger->bytes_in,
           "the ledger does not balance: accepted=%" PRId64 " closed=%" PRId64
           " bytes_in=%" PRId64 " bytes_out=%" PRId64 " posted=%" PRId64
           " completed=%" PRId64 " live=%" PRId64,
           ledger->accepted, ledger->closed, ledger->bytes_in,
           ledger->bytes_out, ledger->posted, ledger->completed, ledger->live);
}

/* With one fault that has been met: it must be reported, if somebody was there to
 * mind. (A client that is reset before it is accepted is nobody's failure.) Asked
 * before the stop, because 01 reports nothing while it stops. */
static void expect_report(struct calls *all)
{
    const struct fault *fault = &all->faults[0];
    char number[16];
    if (all->fault_count != 1 || !has_flag(all, REPORTED) ||
        all->c->server.counters->failed_on_purpose == 0 ||
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
    process_counts(&all->c->server, &counts);
    return counts.calls[OBSERVE_AcceptEx][OBSERVE_DONE] +
           counts.calls[OBSERVE_AcceptEx][OBSERVE_PENDING] -
           (connects(all) - all->connects_before);
}

/* A fault of AcceptEx must not leave fewer in flight than in the clean run. */
static void expect_accepts(struct calls *all)
{
    struct check *c = all->c;
    uint64_t limit = clock_in_ms(2000);
    if (all->fault_count == 0)
        all->accepts = accepts_in_flight(all);
    if (all->fault_count != 1 || !has_flag(all, TRIED_AGAIN) ||
        c->server.counters->failed_on_purpose == 0)
        return;
    while (going_on(c) && accepts_in_flight(all) < all->accepts) {
        Sleep(5);
        expect(c, clock_ns() < limit,
               "expected %" PRId64 " AcceptEx in flight again, saw %" PRId64,
               all->accepts, accepts_in_flight(all));
    }
}

static void stop_and_judge(struct calls *all)
{
    struct check *c = all->c;
    struct process_ledger ledger;
    bool has_ledger = false;
    expect_report(all);
    expect_accepts(all);
    if (!going_on(c))
        return;
    SetEvent(c->server.stop_event);
    int status = process_finish(&c->server, PATIENCE_MS, &ledger, &has_ledger);
    all->hits = (int)c->server.counters->failed_on_purpose;
    if (!expect(c, status != -1, "expected the server to stop within %d ms",
                PATIENCE_MS))
        return;
    if (status == 1 && all->hits > 0 && has_flag(all, MAY_END | STOP_MAY_END)) {
        judge_end(all, status, false);
        return;
    }
    expect(c, status == 0, "expected exit status 0, saw %d; stderr: %.400s",
           status, c->server.err);
    if (expect(c, has_ledger, "expected the ledger as the last line of stdout"))
        judge_ledger(c, &ledger);
}

/* The server listens. */
static void run_listening(struct calls *all)
{
    struct check *c = all->c;
    if (c->server.counters == NULL && all->fault_count == 0)
        skip(c, "the server was built without the seam (OBSERVE=0)");
    if (c->server.counters == NULL) { /* it has ended, and them with it */
        all->hits = 1;
        if (expect(c, has_flag(all, MAY_END), "expected the server to go on"))
            judge_end(all, process_wait(&c->server, PATIENCE_MS), false);
        return;
    }
    if (all->fault_count == 0)
        remember_calls(c, all->at_start);
    expect(c, !must_end_at_start(all),
           "expected the server not to start, saw it listening");
    if (!going_on(c))
        return;
    serve_clients(all);
    /* It may be just about to end. */
    int status = process_wait(&c->server, c->failed ? 1000 : 0);
    if (status >= 0 && has_flag(all, MAY_END) &&
        c->server.counters->failed_on_purpose > 0) {
        all->hits = 1;
        c->failed = false;
        judge_end(all, status, false);
    } else if (going_on(c)) {
        stop_and_judge(all);
    }
    if (all->fault_count == 0)
        remember_calls(c, all->at_end);
}

static void write_arguments(struct calls *all, char *text, size_t text_bytes)
{
    const struct fault *f = all->faults;
    int used = 0;
    all->fault_text[0] = '\0';
    for (int i = 0; i < all->fault_count; i++)
        used += snprintf(all->fault_text + used,
                         sizeof all->fault_text - (size_t)used,
                         "%s%s@%" PRId64 "=%d", i > 0 ? "," : "",
                         observe_rows[f[i].call].name, f[i].number, f[i].error);
    snprintf(text, text_bytes, "%s%s%s%s", all->c->form,
             all->arguments != NULL ? all->arguments : "",
             all->fault_count > 0 ? " --fault " : "", all->fault_text);
}

/* The first failure is kept; the others are printed as they come. */
static void note_failure(struct calls *all)
{
    struct check *c = all->c;
    if (!c->failed)
        return;
    if (all->failures++ == 0)
        snprintf(all->first_failure, sizeof all->first_failure, "%s: %s",
                 all->fault_count > 0 ? all->fault_text : "without a fault",
                 c->failure);
    else
        printf("    %s: %s\n", all->fault_text, c->failure);
    c->failed = false;
}

static void run(struct calls *all)
{
    struct check *c = all->c;
    char arguments[300];
    char message[800];
    if (!going_on(c))
        return;
    all->hits = 0;
    all->connects_before = connects(all);
    write_arguments(all, arguments, sizeof arguments);
    c->started = true;
    if (process_start(&c->server, c->program, arguments, 2 * PATIENCE_MS,
                      message, sizeof message)) {
        run_listening(all);
    } else {
        all->hits = 1;
        int status = process_wait(&c->server, 0);
        if (expect(c, must_end_at_start(all) || has_flag(all, MAY_END),
                   "the server does not start: %s", message))
            judge_end(all, status, true);
    }
    all->runs += all->hits > 0 ? 1 : 0;
    for (int i = 0; i < CLIENTS; i++)
        peer_close(&all->clients[i]);
    process_free(&c->server);
    c->started = false;
    note_failure(all);
}

/* ---- all runs ------------------------------------------------------------ */

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
 * first and the last. */
static bool is_wanted(int64_t number, int64_t count, bool is_part)
{
    if (is_part)
        return number == 1 || number == count;
    return count <= 24 || number % 5 == 1 || number > count - 8;
}

static void fail_one(struct calls *all, enum observe_call call, bool is_part)
{
    int64_t count = all->at_end[call];
    int kinds = error_count(call);
    int64_t last = is_part ? count : count + 1;
    int enough = all->failures + 3;
    all->fault_count = 1;
    for (int64_t number = 1; number <= last; number++)
        for (int e = 0; e < kinds && is_wanted(number, count, is_part); e++)
            if ((!is_part || e == number % kinds) && all->failures < enough) {
                all->faults[0] = make_fault(all, call, number, errors[call][e]);
                run(all);
            }
}

static void fail_two(struct calls *all, int times)
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
    all->arguments = " --verbose";
    run(all);
    all->arguments = " --host ::1";
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
    int64_t calls = 0;
    run(&all); /* the clean one */
    for (int i = 0; i < OBSERVE_CALL_COUNT; i++) {
        enum observe_call call = (enum observe_call)i;
        if (error_count(call) == 0 || all.at_end[call] == 0)
            continue;
        kinds++;
        calls += all.at_end[call];
        fail_one(&all, call, is_part);
    }
    if (kinds > 0)
        fail_options(&all);
    int single = all.runs;
    if (kinds > 0)
        fail_two(&all, is_part ? 3 : 40);
    expect(c, all.failures == 0, "%d runs failed; the first, %s", all.failures,
           all.first_failure);
    snprintf(c->note, sizeof c->note,
             "%d kinds, %" PRId64 " calls, %d runs with one fault, %d with two",
             kinds, calls, single, all.runs - single);
}

static void every_call(struct check *c)
{
    fail_calls(c, true);
}

static void every_call_all(struct check *c)
{
    fail_calls(c, false);
}

const struct check_case every_call_cases[] = {
    {"every_call", "calls fail, one in each run: a part of every_call_all",
     every_call, GROUP_CALLS, CASE_STARTS | CASE_CUTS, NULL, 120},
    {"every_call_all", "each call fails, with each error, one in each run",
     every_call_all, GROUP_CALLS | GROUP_FAULT,
     CASE_STARTS | CASE_CUTS | CASE_LONG, NULL, 900},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
