#include "load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/net.h"
#include "../../common/report.h"
#include "peer.h"
#include "process.h"
#include "statistics.h"

struct run {
    uint64_t begun_ns;
    uint64_t deadline_ns;      /* nothing new after this */
    uint64_t last_echo_ns;     /* or any other progress */
    uint64_t next_look_ns;     /* when to look at the stop event again */
    uint64_t next_due_ns;      /* LOAD_PACED */
    uint64_t due_step_ns;      /* LOAD_PACED: from one to the next */
    uint64_t connects;         /* LOAD_CHURN: begun in this round */
    uint64_t hot_bytes_before; /* received by the hot connection */
    int under_way_count;       /* what still has to come to an end */
    bool is_over;              /* the deadline has passed */
    struct load_round *round;  /* what is filled */
};

/* ---- failures ------------------------------------------------------------ */

/* The first failure is the one that counts: others follow from it. */
static bool fail(struct load *load, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (load->failure[0] == '\0')
        vsnprintf(load->failure, sizeof load->failure, format, arguments);
    va_end(arguments);
    return false;
}

/* error is copied from WSAGetLastError() on the line after the call. */
static bool fail_call(struct load *load, int index, const char *call, int error)
{
    char text[100];
    error_text((unsigned long)error, text, sizeof text);
    return fail(load, "connection %d: %s: %s (%d)", index + 1, call, text,
                error);
}

/* ---- what is sent -------------------------------------------------------- */

/* The sequence number, then bytes that depend on it and on the connection. */
static void write_message(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    struct prng prng = {c->sequence << 20 | (uint64_t)index};
    uint64_t word = c->sequence;
    size_t bytes = load->plan.message_bytes;
    for (size_t at = 0; at < bytes; at += sizeof word) {
        size_t rest = bytes - at;
        memcpy(c->message + at, &word, rest < sizeof word ? rest : sizeof word);
        word = prng_next(&prng);
    }
}

/* The endless stream of a connection, from a position on. *bytes: how many of
 * them stand there in one piece. */
static const char *stream_at(int index, uint64_t position, size_t *bytes)
{
    enum { TABLE_BYTES = 262139 }; /* prime: no power of two divides it */
    static char table[TABLE_BYTES + 5];
    if (table[0] == '\0') { /* the first byte of this seed is not 0 */
        struct prng prng = {5};
        for (size_t at = 0; at < TABLE_BYTES; at += sizeof prng.state) {
            uint64_t word = prng_next(&prng);
            memcpy(table + at, &word, sizeof word);
        }
    }
    size_t at = (size_t)((position + (uint64_t)index * 65537) % TABLE_BYTES);
    *bytes = TABLE_BYTES - at;
    return table + at;
}

/* What is to be sent, or to come back, at a position. */
static const char *expected_at(const struct load *load, int index,
                               uint64_t position, size_t *bytes)
{
    const struct load_connection *c = &load->connections[index];
    if (c->kind == LOAD_STREAM)
        return stream_at(index, position, bytes);
    *bytes = load->plan.message_bytes - (size_t)position;
    return c->message + position;
}

/* ---- what comes back ----------------------------------------------------- */

static bool is_same(struct load *load, int index, const char *received,
                    const char *expected, size_t bytes)
{
    const struct load_connection *c = &load->connections[index];
    if (memcmp(received, expected, bytes) == 0)
        return true;
    size_t at = 0;
    while (received[at] == expected[at])
        at++;
    return fail(load,
                "connection %d, echo %" PRIu64 ": byte %" PRIu64
                " was 0x%02X, expected 0x%02X",
                index + 1, c->sequence, c->echoed_bytes + at,
                (unsigned char)received[at], (unsigned char)expected[at]);
}

/* Compares what came with what was sent. */
static bool verify(struct load *load, int index, const char *received,
                   size_t bytes)
{
    struct load_connection *c = &load->connections[index];
    if (bytes > c->sent_bytes - c->echoed_bytes)
        return fail(load,
                    "connection %d, echo %" PRIu64 ": more came back than was "
                    "sent",
                    index + 1, c->sequence);
    while (bytes > 0) {
        size_t piece = 0;
        const char *expected =
            expected_at(load, index, c->echoed_bytes, &piece);
        if (piece > bytes)
            piece = bytes;
        if (!is_same(load, index, received, expected, piece))
            return false;
        c->echoed_bytes += piece;
        received += piece;
        bytes -= piece;
    }
    return true;
}

/* Takes what has arrived, once. Asks for one byte more than is missing, so that
 * an echo that is too long shows. *ended: the server has ended the stream. */
static bool receive(struct load *load, int index, bool *ended)
{
    static char received[65536];
    struct load_connection *c = &load->connections[index];
    uint64_t missing = c->sent_bytes - c->echoed_bytes;
    if (c->kind != LOAD_STREAM)
        missing = load->plan.message_bytes - c->echoed_bytes;
    size_t wanted = sizeof received;
    if (missing + 1 < wanted)
        wanted = (size_t)missing + 1;
    int bytes = recv(c->s, received, (int)wanted, 0);
    int error = WSAGetLastError();
    *ended = bytes == 0;
    if (bytes == SOCKET_ERROR && error == WSAEWOULDBLOCK)
        return true;
    if (bytes == SOCKET_ERROR)
        return fail_call(load, index, "recv", error);
    if (bytes == 0)
        return c->is_ending ||
               fail(load, "connection %d: closed by the server", index + 1);
    return verify(load, index, received, (size_t)bytes);
}

/* ---- sending ------------------------------------------------------------- */

/* Sends what the socket takes now, up to a position; asks to be told when
 * there is room for the rest. */
static bool send_up_to(struct load *load, int index, uint64_t goal)
{
    struct load_connection *c = &load->connections[index];
    short wanted = POLLRDNORM;
    while (c->sent_bytes < goal) {
        size_t piece = 0;
        const char *at = expected_at(load, index, c->sent_bytes, &piece);
        if (piece > goal - c->sent_bytes)
            piece = (size_t)(goal - c->sent_bytes);
        if (piece > 65536) /* Wine 8 copies more, and takes its time */
            piece = 65536;
        int sent = send(c->s, at, (int)piece, 0);
        int error = WSAGetLastError();
        if (sent == SOCKET_ERROR && error == WSAEWOULDBLOCK) {
            wanted |= POLLWRNORM;
            break;
        }
        if (sent == SOCKET_ERROR)
            return fail_call(load, index, "send", error);
        c->sent_bytes += (uint64_t)sent;
    }
    load->polled[index].events = wanted;
    return true;
}

/* What counts as one message of a stream. */
static size_t stream_unit(const struct load *load, int index)
{
    return index < load->plan.connection_count ? load->plan.message_bytes
                                               : load->plan.hot_bytes;
}

static bool send_more(struct load *load, int index, const struct run *run)
{
    struct load_connection *c = &load->connections[index];
    if (c->kind != LOAD_STREAM)
        return send_up_to(load, index, load->plan.message_bytes);
    uint64_t goal = c->echoed_bytes + LOAD_WINDOW_BYTES;
    uint64_t odd = c->sent_bytes % stream_unit(load, index);
    if (run->is_over) /* only whole messages */
        goal = c->sent_bytes + (odd > 0 ? stream_unit(load, index) - odd : 0);
    return send_up_to(load, index, goal);
}

static bool begin_message(struct load *load, int index, const struct run *run)
{
    struct load_connection *c = &load->connections[index];
    c->sequence++;
    c->sent_bytes = 0;
    c->echoed_bytes = 0;
    c->is_under_way = true;
    write_message(load, index);
    if (c->kind != LOAD_CHURN) /* there the connect was the beginning */
        c->begun_ns = clock_ns();
    return send_more(load, index, run);
}

/* ---- a fixed rate -------------------------------------------------------- */

/* The connection is free and has something due. */
static bool begin_due(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    uint64_t free_ns = c->due_ns > c->ended_ns ? c->due_ns : c->ended_ns;
    c->due_count--;
    bool begun = begin_message(load, index, run);
    if (c->begun_ns > free_ns + LOAD_LATE_NS)
        run->round->late_count++;
    return begun;
}

/* Notes everything that has become due by now; sends where it can. */
static bool keep_pace(struct load *load, struct run *run)
{
    uint64_t now_ns = clock_ns();
    while (run->next_due_ns <= now_ns && run->next_due_ns < run->deadline_ns) {
        int index = load->next_due_index;
        struct load_connection *c = &load->connections[index];
        if (run->under_way_count++ == 0)
            run->last_echo_ns = now_ns; /* patience begins anew */
        run->round->due_count++;
        if (c->due_count++ == 0 && !c->is_under_way)
            c->due_ns = run->next_due_ns;
        run->next_due_ns += run->due_step_ns;
        load->next_due_index = (index + 1) % load->plan.connection_count;
        if (!c->is_under_way && !begin_due(load, index, run))
            return false;
    }
    return true;
}

static bool on_paced_complete(struct load *load, int index, struct run *run,
                              uint64_t now_ns)
{
    struct load_connection *c = &load->connections[index];
    uint64_t turn_ns = run->due_step_ns * (uint64_t)load->plan.connection_count;
    histogram_add(&run->round->latency,
                  now_ns > c->due_ns ? now_ns - c->due_ns : 0);
    histogram_add(&run->round->service, now_ns - c->begun_ns);
    run->under_way_count--;
    c->due_ns += turn_ns;
    return c->due_count == 0 || begin_due(load, index, run);
}

/* ---- connecting ---------------------------------------------------------- */

/* A socket on its way to the server. */
static SOCKET begin_connect(struct load *load, int index)
{
    const struct addrinfo *address = load->address;
    SOCKET s = socket(address->ai_family, SOCK_STREAM, IPPROTO_TCP);
    int error = WSAGetLastError();
    if (s == INVALID_SOCKET) {
        fail_call(load, index, "socket", error);
        return s;
    }
    const char *call = "ioctlsocket(FIONBIO)";
    u_long on = 1;
    error = 0;
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR)
        error = WSAGetLastError();
    if (error == 0) {
        call = "connect";
        if (connect(s, address->ai_addr, (int)address->ai_addrlen) ==
            SOCKET_ERROR)
            error = WSAGetLastError();
        if (error == WSAEWOULDBLOCK) /* under way, as expected */
            error = 0;
    }
    if (error == 0)
        return s;
    fail_call(load, index, call, error);
    closesocket(s);
    return INVALID_SOCKET;
}

/* What became of a connect that has ended: 0 or the Winsock error. */
static int connect_result(SOCKET s)
{
    DWORD error = 0;
    int length = sizeof error;
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, &length) ==
        SOCKET_ERROR)
        return WSAGetLastError();
    return error != 0 ? (int)error : net_tune(s);
}

static SOCKET open_socket(struct load *load, int index)
{
    SOCKET s = begin_connect(load, index);
    if (s == INVALID_SOCKET)
        return s;
    int error = WSAETIMEDOUT;
    if (peer_poll(s, POLLWRNORM, LOAD_PATIENCE_MS) != 0)
        error = connect_result(s);
    if (error == 0)
        return s;
    fail_call(load, index, "connect", error);
    closesocket(s);
    return INVALID_SOCKET;
}

/* ---- connections that do not last ---------------------------------------- */

static bool churn_connect(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    run->connects++;
    c->begun_ns = clock_ns();
    c->s = begin_connect(load, index);
    c->is_connecting = true;
    c->is_ending = false;
    load->polled[index].fd = c->s;
    load->polled[index].events = POLLWRNORM;
    return c->s != INVALID_SOCKET;
}

/* The server has ended its half as well. */
static bool churn_closed(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    closesocket(c->s);
    c->s = INVALID_SOCKET;
    load->polled[index].fd = INVALID_SOCKET; /* WSAPoll passes it over */
    load->polled[index].events = 0;
    run->last_echo_ns = clock_ns();
    run->round->echoes++;
    c->echoes++;
    if (run->last_echo_ns < run->deadline_ns &&
        run->connects < load->plan.connects_at_most)
        return churn_connect(load, index, run);
    run->under_way_count--;
    return true;
}

static bool churn_connected(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    int error = connect_result(c->s);
    if (error != 0)
        return fail_call(load, index, "connect", error);
    c->is_connecting = false;
    return begin_message(load, index, run);
}

static bool churn_echoed(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    c->is_ending = true;
    if (shutdown(c->s, SD_SEND) == SOCKET_ERROR) {
        int error = WSAGetLastError();
        return fail_call(load, index, "shutdown", error);
    }
    return true;
}

/* ---- one round ----------------------------------------------------------- */

static bool on_echo_complete(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    uint64_t now_ns = clock_ns();
    run->last_echo_ns = now_ns;
    run->round->bytes += load->plan.message_bytes;
    c->ended_ns = now_ns;
    c->is_under_way = false;
    if (c->kind == LOAD_CHURN) {
        histogram_add(&run->round->latency, now_ns - c->begun_ns);
        return churn_echoed(load, index);
    }
    run->round->echoes++;
    c->echoes++;
    if (c->kind == LOAD_PACED)
        return on_paced_complete(load, index, run, now_ns);
    histogram_add(&run->round->latency, now_ns - c->begun_ns);
    if (now_ns < run->deadline_ns)
        return begin_message(load, index, run);
    run->under_way_count--;
    load->polled[index].events = 0;
    return true;
}

/* Part of a stream has come back. */
static bool on_stream(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    run->last_echo_ns = clock_ns();
    if (!send_more(load, index, run))
        return false;
    if (!run->is_over || c->echoed_bytes < c->sent_bytes ||
        c->sent_bytes % stream_unit(load, index) != 0 || !c->is_under_way)
        return true;
    c->is_under_way = false;
    c->ended_ns = run->last_echo_ns;
    run->under_way_count--;
    load->polled[index].events = 0;
    return true;
}

/* Does what one socket is ready for. */
static bool on_ready(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    short ready = load->polled[index].revents;
    bool ended = false;
    if (ready & POLLNVAL)
        return fail(load, "connection %d: WSAPoll: not a socket", index + 1);
    if (c->is_connecting)
        return churn_connected(load, index, run);
    if ((ready & POLLWRNORM) && !send_more(load, index, run))
        return false;
    if (!(ready & (POLLRDNORM | POLLHUP | POLLERR)))
        return true;
    if (!receive(load, index, &ended))
        return false;
    if (ended)
        return churn_closed(load, index, run);
    if (c->kind == LOAD_STREAM)
        return on_stream(load, index, run);
    if (c->is_under_way && c->echoed_bytes == load->plan.message_bytes)
        return on_echo_complete(load, index, run);
    return true;
}

/* Whether to go on, looked at about every 20 ms: waiting for an event is a
 * system call. */
static enum load_outcome look_around(struct load *load, HANDLE stop,
                                     struct run *run)
{
    uint64_t now_ns = clock_ns();
    if (now_ns < run->next_look_ns)
        return LOAD_DONE;
    run->next_look_ns = now_ns + 20 * UINT64_C(1000000);
    if (stop != NULL && WaitForSingleObject(stop, 0) == WAIT_OBJECT_0)
        return LOAD_STOPPED;
    if (run->under_way_count == 0 ||
        now_ns - run->last_echo_ns < LOAD_PATIENCE_MS * UINT64_C(1000000))
        return LOAD_DONE;
    for (int i = 0; i < load->total_count; i++)
        if (load->connections[i].is_under_way ||
            load->connections[i].is_connecting ||
            load->connections[i].is_ending) {
            fail(load,
                 "connection %d: echo %" PRIu64 " did not come within %d s",
                 i + 1, load->connections[i].sequence, LOAD_PATIENCE_MS / 1000);
            break;
        }
    return LOAD_FAILED;
}

/* How long WSAPoll may wait: until something becomes due, to the ms; the rest
 * of that time it is asked again and again. */
static int poll_ms(const struct load *load, const struct run *run)
{
    enum { POLL_MS = 20 };
    if (load->plan.kind != LOAD_PACED || run->next_due_ns >= run->deadline_ns)
        return POLL_MS;
    uint64_t now_ns = clock_ns();
    if (run->next_due_ns <= now_ns)
        return 0;
    uint64_t left_ms = (run->next_due_ns - now_ns) / 1000000;
    return left_ms < POLL_MS ? (int)left_ms : POLL_MS;
}

static bool poll_once(struct load *load, struct run *run)
{
    int ready =
        WSAPoll(load->polled, (ULONG)load->total_count, poll_ms(load, run));
    if (ready == SOCKET_ERROR) {
        int error = WSAGetLastError();
        return fail_call(load, 0, "WSAPoll", error);
    }
    for (int i = 0; i < load->total_count && ready > 0; i++)
        if (load->polled[i].fd != INVALID_SOCKET &&
            load->polled[i].revents != 0) {
            ready--;
            if (!on_ready(load, i, run))
                return false;
        }
    return load->plan.kind != LOAD_PACED || keep_pace(load, run);
}

/* Gives every connection its first work of the round. */
static bool begin_all(struct load *load, struct run *run)
{
    for (int i = 0; i < load->total_count; i++) {
        struct load_connection *c = &load->connections[i];
        bool good = true;
        c->echoes = 0;
        c->due_count = 0;
        if (c->kind == LOAD_PACED)
            continue;
        run->under_way_count++;
        if (c->kind == LOAD_CHURN) {
            good = churn_connect(load, i, run);
        } else if (c->kind == LOAD_STREAM) {
            c->is_under_way = true;
            good = send_more(load, i, run);
        } else {
            good = begin_message(load, i, run);
            run->round->idle_ns += c->begun_ns - run->begun_ns;
        }
        if (!good)
            return false;
    }
    return true;
}

/* The deadline has passed: streams end with the message that is under way. */
static bool end_streams(struct load *load, struct run *run)
{
    for (int i = 0; i < load->total_count; i++)
        if (load->connections[i].kind == LOAD_STREAM &&
            load->connections[i].is_under_way && !on_stream(load, i, run))
            return false;
    return true;
}

/* What streams have moved since before, which holds a value for each. */
static void count_streams(struct load *load, struct load_round *round,
                          const uint64_t *before)
{
    for (int i = 0; i < load->total_count; i++) {
        struct load_connection *c = &load->connections[i];
        if (c->kind != LOAD_STREAM)
            continue;
        uint64_t bytes = c->echoed_bytes - before[i];
        c->echoes = bytes / stream_unit(load, i);
        if (i >= load->plan.connection_count) {
            round->hot_echoes += c->echoes;
        } else {
            round->echoes += c->echoes;
            round->bytes += bytes;
        }
    }
}

static enum load_outcome run_to_end(struct load *load, HANDLE stop,
                                    struct run *run)
{
    if (!begin_all(load, run))
        return LOAD_FAILED;
    while (!run->is_over || run->under_way_count > 0) {
        if (!poll_once(load, run))
            return LOAD_FAILED;
        enum load_outcome outcome = look_around(load, stop, run);
        if (outcome != LOAD_DONE)
            return outcome;
        bool closed =
            load->plan.kind == LOAD_CLOSED || load->plan.kind == LOAD_CHURN;
        if (!run->is_over && ((closed && run->under_way_count == 0) ||
                              clock_ns() >= run->deadline_ns)) {
            run->is_over = true;
            if (!end_streams(load, run))
                return LOAD_FAILED;
        }
    }
    return LOAD_DONE;
}

enum load_outcome load_run(struct load *load, uint64_t duration_ns, HANDLE stop,
                           struct load_round *round)
{
    memset(round, 0, sizeof *round);
    uint64_t *before = calloc((size_t)load->total_count, sizeof *before);
    if (before == NULL) {
        fail(load, "not enough memory");
        return LOAD_FAILED;
    }
    for (int i = 0; i < load->total_count; i++)
        before[i] = load->connections[i].echoed_bytes;
    uint64_t cpu_before_100ns = process_own_cpu_100ns();
    struct run run = {.begun_ns = clock_ns(), .round = round};
    run.deadline_ns = run.begun_ns + duration_ns;
    run.last_echo_ns = run.begun_ns;
    if (load->plan.kind == LOAD_PACED) {
        run.due_step_ns = (uint64_t)(1e9 / load->plan.rate_per_s);
        run.next_due_ns = run.begun_ns + run.due_step_ns;
    }
    enum load_outcome outcome = run_to_end(load, stop, &run);
    if (outcome == LOAD_DONE) {
        if (load->plan.kind == LOAD_CLOSED)
            for (int i = 0; i < load->total_count; i++)
                round->idle_ns +=
                    run.last_echo_ns - load->connections[i].ended_ns;
        round->elapsed_ns = run.last_echo_ns - run.begun_ns;
        round->cpu_ns = 100 * (process_own_cpu_100ns() - cpu_before_100ns);
        count_streams(load, round, before);
    }
    free(before);
    return outcome;
}

/* ---- opening and closing ------------------------------------------------- */

static bool allocate(struct load *load)
{
    size_t count = (size_t)load->plan.connection_count + load->plan.has_hot;
    size_t idle = (size_t)load->plan.idle_count;
    load->connections = calloc(count, sizeof *load->connections);
    load->polled = calloc(count, sizeof *load->polled);
    load->messages = calloc(count, load->plan.message_bytes);
    load->idle = calloc(idle + 1, sizeof *load->idle);
    if (load->connections == NULL || load->polled == NULL ||
        load->messages == NULL || load->idle == NULL)
        return fail(load, "not enough memory for %zu connections",
                    count + idle);
    load->total_count = (int)count;
    for (size_t i = 0; i < count; i++) {
        struct load_connection *c = &load->connections[i];
        c->s = INVALID_SOCKET;
        c->kind = load->plan.kind;
        c->message = load->messages + i * load->plan.message_bytes;
        load->polled[i].fd = INVALID_SOCKET;
    }
    if (load->plan.has_hot)
        load->connections[count - 1].kind = LOAD_STREAM;
    for (size_t i = 0; i < idle; i++)
        load->idle[i] = INVALID_SOCKET;
    return true;
}

bool load_open(struct load *load, const char *host, unsigned short port,
               const struct load_plan *plan)
{
    memset(load, 0, sizeof *load);
    load->plan = *plan;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP};
    char service[8];
    snprintf(service, sizeof service, "%hu", port);
    if (!allocate(load))
        return false;
    if (getaddrinfo(host, service, &hints, &load->address) != 0)
        return fail(load, "\"%s\" is not an address", host);
    if (plan->kind == LOAD_CHURN)
        return true;
    for (int i = 0; i < load->total_count; i++) {
        SOCKET s = open_socket(load, i);
        if (s == INVALID_SOCKET)
            return false;
        load->connections[i].s = s;
        load->polled[i].fd = s;
        load->polled[i].events = POLLRDNORM;
    }
    return true;
}

/* An echo of one byte: then the server has accepted it. */
static bool prove_idle(struct load *load, int index)
{
    char byte = 0;
    if (peer_poll(load->idle[index], POLLRDNORM, LOAD_PATIENCE_MS) != 0 &&
        recv(load->idle[index], &byte, 1, 0) == 1 && byte == 'i')
        return true;
    return fail(load, "idle connection %d: no echo", index + 1);
}

bool load_open_idle(struct load *load, HANDLE stop)
{
    int count = load->plan.idle_count;
    for (int i = 0; i < count; i++) {
        if (stop != NULL && i % 16 == 0 &&
            WaitForSingleObject(stop, 0) == WAIT_OBJECT_0)
            return false;
        load->idle[i] = open_socket(load, i);
        if (load->idle[i] == INVALID_SOCKET)
            return false;
        if (send(load->idle[i], "i", 1, 0) != 1)
            return fail(load, "idle connection %d: cannot send", i + 1);
    }
    for (int i = 0; i < count; i++)
        if (!prove_idle(load, i))
            return false;
    return true;
}

void load_close(struct load *load)
{
    for (int i = 0; i < load->total_count; i++)
        if (load->connections[i].s != INVALID_SOCKET)
            closesocket(load->connections[i].s);
    for (int i = 0; load->idle != NULL && i < load->plan.idle_count; i++)
        if (load->idle[i] != INVALID_SOCKET)
            closesocket(load->idle[i]);
    if (load->address != NULL)
        freeaddrinfo(load->address);
    free(load->connections);
    free(load->polled);
    free(load->messages);
    free(load->idle);
    load->address = NULL;
    load->connections = NULL;
    load->polled = NULL;
    load->messages = NULL;
    load->idle = NULL;
    load->total_count = 0;
}
