#include "load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/net.h"
#include "../../common/report.h"
#include "connect.h"
#include "process.h"
#include "../result/statistics.h"

struct state {
    uint64_t begun_ns;
    uint64_t window_ns;    /* when counting begins */
    uint64_t deadline_ns;  /* nothing new after this */
    uint64_t last_echo_ns; /* or any other progress */
    uint64_t next_look_ns; /* when to look at the stop event again */
    uint64_t next_due_ns;  /* LOAD_PACED */
    uint64_t due_step_ns;  /* LOAD_PACED: from one to the next */
    uint64_t connects;     /* LOAD_CHURN: begun in this run */
    int under_way_count;   /* what still has to come to an end */
    bool is_counting;      /* the window has begun */
    bool is_over;          /* the deadline has passed */
    struct load_run *run;  /* what is filled */
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
    if (!is_same(load, index, received, c->message + c->echoed_bytes, bytes))
        return false;
    c->echoed_bytes += bytes;
    return true;
}
/* ---- receiving ------------------------------------------------------------ */

/* Starts the next receive. One that is done at once is put on the port as well:
 * each connection waits for its turn. Asks for one byte more than a message has,
 * so that an echo that is too long shows. */
static bool start_receive(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    WSABUF buffer = {(ULONG)load->receive_bytes, c->received};
    DWORD flags = 0;
    c->in = (OVERLAPPED){0};
    c->is_receiving = true;
    int failed = WSARecv(c->s, &buffer, 1, NULL, &flags, &c->in, NULL);
    int error = WSAGetLastError();
    if (failed && error == WSA_IO_PENDING)
        return true;
    if (!failed &&
        PostQueuedCompletionStatus(load->port, (DWORD)c->in.InternalHigh,
                                   (ULONG_PTR)index, &c->in))
        return true;
    c->is_receiving = false;
    return fail_call(load, index, "WSARecv", error);
}

/* ---- sending ------------------------------------------------------------- */

/* Sends the rest of the message, or until a send pends. */
static bool send_more(struct load *load, int index)
{
    enum { PIECE_BYTES = 65536 }; /* Wine 8 copies more, and takes its time */
    struct load_connection *c = &load->connections[index];
    while (c->sent_bytes < load->plan.message_bytes && !c->is_sending) {
        size_t piece = load->plan.message_bytes - (size_t)c->sent_bytes;
        if (piece > PIECE_BYTES)
            piece = PIECE_BYTES;
        WSABUF buffer = {(ULONG)piece, c->message + c->sent_bytes};
        c->out = (OVERLAPPED){0};
        int failed = WSASend(c->s, &buffer, 1, NULL, 0, &c->out, NULL);
        int error = WSAGetLastError();
        if (failed && error == WSA_IO_PENDING)
            c->is_sending = true;
        else if (failed)
            return fail_call(load, index, "WSASend", error);
        else
            c->sent_bytes += c->out.InternalHigh;
    }
    return true;
}

static bool begin_message(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    c->sequence++;
    c->sent_bytes = 0;
    c->echoed_bytes = 0;
    c->is_under_way = true;
    write_message(load, index);
    if (load->plan.kind != LOAD_CHURN) /* there the connect was the beginning */
        c->begun_ns = clock_ns();
    return send_more(load, index);
}

/* ---- a fixed rate -------------------------------------------------------- */

/* The connection is free and has something due. */
static bool begin_due(struct load *load, int index, struct state *state)
{
    struct load_connection *c = &load->connections[index];
    uint64_t free_ns = c->due_ns > c->ended_ns ? c->due_ns : c->ended_ns;
    c->due_count--;
    bool begun = begin_message(load, index);
    if (c->begun_ns > free_ns + LOAD_LATE_NS)
        state->run->late_count++;
    return begun;
}

/* Notes everything that has become due by now; sends where it can. */
static bool keep_pace(struct load *load, struct state *state)
{
    uint64_t now_ns = clock_ns();
    while (state->next_due_ns <= now_ns &&
           state->next_due_ns < state->deadline_ns) {
        int index = load->next_due_index;
        struct load_connection *c = &load->connections[index];
        if (state->under_way_count++ == 0)
            state->last_echo_ns = now_ns; /* patience begins anew */
        state->run->due_count++;
        if (c->due_count++ == 0 && !c->is_under_way)
            c->due_ns = state->next_due_ns;
        state->next_due_ns += state->due_step_ns;
        load->next_due_index = (index + 1) % load->plan.connection_count;
        if (!c->is_under_way && !begin_due(load, index, state))
            return false;
    }
    return true;
}

static bool on_paced_complete(struct load *load, int index, struct state *state)
{
    struct load_connection *c = &load->connections[index];
    struct load_run *run = state->run;
    uint64_t turn_ns =
        state->due_step_ns * (uint64_t)load->plan.connection_count;
    run->echoes++;
    histogram_add(&run->latency,
                  c->ended_ns > c->due_ns ? c->ended_ns - c->due_ns : 0);
    state->under_way_count--;
    c->due_ns += turn_ns;
    return c->due_count == 0 || begin_due(load, index, state);
}

/* ---- connecting ---------------------------------------------------------- */

/* A socket on the port. INVALID_SOCKET: failure says why. */
static SOCKET make_socket(struct load *load, int index)
{
    SOCKET s = WSASocketW(load->address->ai_family, SOCK_STREAM, IPPROTO_TCP,
                          NULL, 0, WSA_FLAG_OVERLAPPED);
    int error = WSAGetLastError();
    if (s == INVALID_SOCKET) {
        fail_call(load, index, "WSASocketW", error);
        return s;
    }
    error = net_tune(s);
    if (error == 0 && (CreateIoCompletionPort((HANDLE)s, load->port,
                                              (ULONG_PTR)index, 0) == NULL ||
                       !SetFileCompletionNotificationModes(
                           (HANDLE)s, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)))
        error = (int)GetLastError();
    if (error == 0)
        return s;
    fail_call(load, index, "socket on a port", error);
    closesocket(s);
    return INVALID_SOCKET;
}

/* A connected socket. */
static SOCKET open_socket(struct load *load, int index)
{
    SOCKET s = make_socket(load, index);
    if (s == INVALID_SOCKET)
        return s;
    int failed =
        connect(s, load->address->ai_addr, (int)load->address->ai_addrlen);
    int error = failed ? WSAGetLastError() : WSAECONNREFUSED;
    if (!failed && !net_is_own_peer(s))
        return s;
    fail_call(load, index, "connect", error);
    net_close_abortively(s);
    return INVALID_SOCKET;
}

/* ---- connections that do not last ---------------------------------------- */

static bool churn_connect(struct load *load, int index, struct state *state)
{
    struct load_connection *c = &load->connections[index];
    struct sockaddr_storage any = {0};
    int length = (int)load->address->ai_addrlen;
    any.ss_family = (short)load->address->ai_family;
    state->connects++;
    c->begun_ns = clock_ns();
    c->is_ending = false;
    c->s = make_socket(load, index);
    if (c->s == INVALID_SOCKET)
        return false;
    c->out = (OVERLAPPED){0};
    /* ConnectEx takes bound sockets only. */
    BOOL failed = bind(c->s, (const struct sockaddr *)&any, length) != 0 ||
                  !load->connect_ex(c->s, load->address->ai_addr, length, NULL,
                                    0, NULL, &c->out);
    int error = WSAGetLastError();
    if (failed && error != WSA_IO_PENDING)
        return fail_call(load, index, "ConnectEx", error);
    c->is_connecting = true;
    c->is_sending = true;
    return failed ||
           PostQueuedCompletionStatus(load->port, 0, (ULONG_PTR)index, &c->out);
}

static bool churn_connected(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    c->is_connecting = false;
    if (setsockopt(c->s, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, "", 0)) {
        int error = WSAGetLastError();
        return fail_call(load, index, "SO_UPDATE_CONNECT_CONTEXT", error);
    }
    return begin_message(load, index) && start_receive(load, index);
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

/* The server has ended its half as well. */
static bool churn_closed(struct load *load, int index, struct state *state)
{
    struct load_connection *c = &load->connections[index];
    closesocket(c->s);
    c->s = INVALID_SOCKET;
    state->last_echo_ns = clock_ns();
    state->run->all_echoes++;
    if (state->is_counting && state->last_echo_ns < state->deadline_ns) {
        state->run->echoes++;
        c->echoes++;
    }
    if (state->last_echo_ns < state->deadline_ns &&
        state->connects < load->plan.connects_at_most)
        return churn_connect(load, index, state);
    state->under_way_count--;
    return true;
}

/* ---- what has completed --------------------------------------------------- */

static bool on_echo_complete(struct load *load, int index, struct state *state)
{
    struct load_connection *c = &load->connections[index];
    struct load_run *run = state->run;
    uint64_t now_ns = clock_ns();
    bool counts = state->is_counting && now_ns < state->deadline_ns;
    state->last_echo_ns = now_ns;
    c->ended_ns = now_ns;
    c->is_under_way = false;
    if (counts && load->plan.kind != LOAD_PACED)
        histogram_add(&run->latency, now_ns - c->begun_ns);
    if (load->plan.kind == LOAD_CHURN)
        return churn_echoed(load, index);
    run->all_echoes++;
    if (load->plan.kind == LOAD_PACED)
        return on_paced_complete(load, index, state);
    if (counts) {
        run->echoes++;
        c->echoes++;
    }
    if (load->plan.pause_ms > 0)
        Sleep(load->plan.pause_ms);
    if (now_ns < state->deadline_ns)
        return begin_message(load, index);
    state->under_way_count--;
    return true;
}

static bool on_sent(struct load *load, int index, DWORD bytes)
{
    struct load_connection *c = &load->connections[index];
    c->is_sending = false;
    if (c->is_connecting)
        return churn_connected(load, index);
    c->sent_bytes += bytes;
    return send_more(load, index);
}

static bool on_received(struct load *load, int index, DWORD bytes,
                        struct state *state)
{
    struct load_connection *c = &load->connections[index];
    c->is_receiving = false;
    if (bytes == 0 && c->is_ending)
        return churn_closed(load, index, state);
    if (bytes == 0)
        return fail(load, "connection %d: closed by the server", index + 1);
    if (!verify(load, index, c->received, bytes))
        return false;
    bool is_whole =
        c->is_under_way && c->echoed_bytes == load->plan.message_bytes;
    return (!is_whole || on_echo_complete(load, index, state)) &&
           start_receive(load, index);
}

/* How long to wait for a packet: until something becomes due, to the ms; the
 * rest of that time the port is asked again and again. */
static DWORD wait_ms(const struct load *load, const struct state *state)
{
    enum { WAIT_MS = 20 };
    if (load->plan.kind != LOAD_PACED ||
        state->next_due_ns >= state->deadline_ns)
        return WAIT_MS;
    uint64_t now_ns = clock_ns();
    if (state->next_due_ns <= now_ns)
        return 0;
    uint64_t left_ms = (state->next_due_ns - now_ns) / 1000000;
    return left_ms < WAIT_MS ? (DWORD)left_ms : WAIT_MS;
}

static bool take_packet(struct load *load, struct state *state)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    DWORD timeout_ms = wait_ms(load, state);
    uint64_t before_ns = clock_ns();
    BOOL good = GetQueuedCompletionStatus(load->port, &bytes, &key, &overlapped,
                                          timeout_ms);
    int error = (int)GetLastError();
    state->run->waited_ns += clock_ns() - before_ns;
    if (overlapped != NULL) {
        struct load_connection *c = &load->connections[key];
        bool is_receive = overlapped == &c->in;
        if (!good) {
            *(is_receive ? &c->is_receiving : &c->is_sending) = false;
            return fail_call(load, (int)key, is_receive ? "receive" : "send",
                             error);
        }
        good = is_receive ? on_received(load, (int)key, bytes, state)
                          : on_sent(load, (int)key, bytes);
        if (!good)
            return false;
    }
    return load->plan.kind != LOAD_PACED || keep_pace(load, state);
}

/* ---- one run ------------------------------------------------------------- */

/* Whether to go on, looked at about every 20 ms: waiting for an event is a
 * system call. */
static enum load_outcome look_around(struct load *load, HANDLE stop,
                                     struct state *state)
{
    uint64_t now_ns = clock_ns();
    if (now_ns < state->next_look_ns)
        return LOAD_DONE;
    state->next_look_ns = now_ns + 20 * UINT64_C(1000000);
    if (stop != NULL && WaitForSingleObject(stop, 0) == WAIT_OBJECT_0)
        return LOAD_STOPPED;
    if (state->under_way_count == 0 ||
        now_ns - state->last_echo_ns < LOAD_PATIENCE_MS * UINT64_C(1000000))
        return LOAD_DONE;
    for (int i = 0; i < load->plan.connection_count; i++)
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

/* Gives every connection its first work. */
static bool begin_all(struct load *load, struct state *state)
{
    for (int i = 0; i < load->plan.connection_count; i++) {
        struct load_connection *c = &load->connections[i];
        bool good = true;
        c->echoes = 0;
        c->due_count = 0;
        if (load->plan.kind == LOAD_PACED)
            continue;
        state->under_way_count++;
        if (load->plan.kind == LOAD_CHURN) {
            good = churn_connect(load, i, state);
        } else {
            good = begin_message(load, i);
        }
        if (!good)
            return false;
    }
    return true;
}

static enum load_outcome run_to_end(struct load *load, HANDLE stop,
                                    struct state *state)
{
    bool closed = load->plan.kind != LOAD_PACED;
    if (!begin_all(load, state))
        return LOAD_FAILED;
    while (!state->is_over || state->under_way_count > 0) {
        if (!take_packet(load, state))
            return LOAD_FAILED;
        enum load_outcome outcome = look_around(load, stop, state);
        if (outcome != LOAD_DONE)
            return outcome;
        uint64_t now_ns = clock_ns();
        if (!state->is_counting && now_ns >= state->window_ns) {
            state->is_counting = true;
            state->window_ns = now_ns;
        }
        if (!state->is_over && ((closed && state->under_way_count == 0) ||
                                now_ns >= state->deadline_ns)) {
            state->is_over = true;
            state->run->elapsed_ns = now_ns - state->window_ns;
        }
    }
    return LOAD_DONE;
}

enum load_outcome load_run(struct load *load, uint64_t duration_ns, HANDLE stop,
                           struct load_run *run)
{
    memset(run, 0, sizeof *run);
    struct state state = {.begun_ns = clock_ns(), .run = run};
    bool is_paced = load->plan.kind == LOAD_PACED;
    state.window_ns = state.begun_ns + (is_paced ? 0 : duration_ns / 8);
    state.deadline_ns = state.begun_ns + duration_ns;
    state.last_echo_ns = state.begun_ns;
    if (is_paced) {
        state.due_step_ns = (uint64_t)(1e9 / load->plan.rate_per_s);
        state.next_due_ns = state.begun_ns + state.due_step_ns;
    }
    enum load_outcome outcome = run_to_end(load, stop, &state);
    run->whole_ns = state.last_echo_ns - state.begun_ns;
    if (is_paced)
        run->elapsed_ns = run->whole_ns;
    return outcome;
}

/* ---- opening and closing ------------------------------------------------- */

static bool allocate(struct load *load)
{
    size_t count = (size_t)load->plan.connection_count;
    size_t idle = (size_t)load->plan.idle_count;
    load->receive_bytes = load->plan.message_bytes >= 65536
                              ? 65536
                              : load->plan.message_bytes + 1;
    load->connections = calloc(count, sizeof *load->connections);
    load->messages = calloc(count, load->plan.message_bytes);
    load->received = calloc(count, load->receive_bytes);
    load->idle = calloc(idle + 1, sizeof *load->idle);
    load->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    if (load->connections == NULL || load->messages == NULL ||
        load->received == NULL || load->idle == NULL || load->port == NULL)
        return fail(load, "not enough memory for %zu connections",
                    count + idle);
    for (size_t i = 0; i < count; i++) {
        struct load_connection *c = &load->connections[i];
        c->s = INVALID_SOCKET;
        c->message = load->messages + i * load->plan.message_bytes;
        c->received = load->received + i * load->receive_bytes;
    }
    for (size_t i = 0; i < idle; i++)
        load->idle[i] = INVALID_SOCKET;
    return true;
}

/* ConnectEx is reached through a pointer (documentation page "LPFN_CONNECTEX
 * callback function"). */
static bool find_connect_ex(struct load *load)
{
    GUID id = WSAID_CONNECTEX;
    DWORD bytes = 0;
    SOCKET s = make_socket(load, 0);
    if (s == INVALID_SOCKET)
        return false;
    int failed = WSAIoctl(s, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof id,
                          &load->connect_ex, sizeof load->connect_ex, &bytes,
                          NULL, NULL);
    int error = WSAGetLastError();
    closesocket(s);
    return !failed || fail_call(load, 0, "WSAIoctl(ConnectEx)", error);
}

/* One echo on each connection: then the server has accepted them all, and has
 * started its threads. */
static bool warm_up(struct load *load)
{
    static struct load_run unused; /* 60 KB: not on the stack */
    enum load_kind kind = load->plan.kind;
    load->plan.kind = LOAD_CLOSED;
    bool good = load_run(load, 0, NULL, &unused) == LOAD_DONE;
    load->plan.kind = kind;
    return good;
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
        return find_connect_ex(load);
    for (int i = 0; i < load->plan.connection_count; i++) {
        load->connections[i].s = open_socket(load, i);
        if (load->connections[i].s == INVALID_SOCKET || !start_receive(load, i))
            return false;
    }
    return warm_up(load);
}

/* An echo of one byte: then the server has accepted it. */
static bool is_served(SOCKET s)
{
    char byte = 0;
    return connect_poll(s, POLLRDNORM, LOAD_PATIENCE_MS) != 0 &&
           recv(s, &byte, 1, 0) == 1 && byte == 'i';
}

/* Some at a time: one that refuses the next would otherwise have thousands to
 * turn away while it is measured. */
int load_open_idle(struct load *load, HANDLE stop)
{
    enum { AT_A_TIME = 16 };
    int opened = 0;
    int served = 0;
    while (served == opened && opened < load->plan.idle_count &&
           WaitForSingleObject(stop, 0) != WAIT_OBJECT_0) {
        for (int i = 0; i < AT_A_TIME && opened < load->plan.idle_count; i++) {
            SOCKET s = load->idle[opened] = open_socket(load, 0);
            if (s == INVALID_SOCKET)
                break;
            send(s, "i", 1, 0); /* there will be no echo if this fails */
            opened++;
        }
        while (served < opened && is_served(load->idle[served]))
            served++;
        if (load->failure[0] != '\0')
            break;
    }
    load->failure[0] = '\0'; /* a wall is none */
    return served;
}

/* An OVERLAPPED and its buffer belong to Windows until the packet has come.
 * False: some did not, and their memory must stay. */
static bool drain(struct load *load)
{
    enum { DRAIN_MS = 2000 };
    for (int i = 0; i < load->plan.connection_count; i++) {
        struct load_connection *c = &load->connections[i];
        while (c->is_receiving || c->is_sending) {
            DWORD bytes = 0;
            ULONG_PTR key = 0;
            OVERLAPPED *overlapped = NULL;
            GetQueuedCompletionStatus(load->port, &bytes, &key, &overlapped,
                                      DRAIN_MS);
            if (overlapped == NULL)
                return false;
            struct load_connection *other = &load->connections[key];
            *(overlapped == &other->in ? &other->is_receiving
                                       : &other->is_sending) = false;
        }
    }
    return true;
}

void load_close(struct load *load)
{
    for (int i = 0; i < load->plan.connection_count; i++)
        if (load->connections[i].s != INVALID_SOCKET)
            net_close_abortively(load->connections[i].s);
    for (int i = 0; load->idle != NULL && i < load->plan.idle_count; i++)
        if (load->idle[i] != INVALID_SOCKET)
            net_close_abortively(load->idle[i]);
    if (load->address != NULL)
        freeaddrinfo(load->address);
    if (drain(load)) {
        free(load->connections);
        free(load->messages);
        free(load->received);
    }
    if (load->port != NULL)
        CloseHandle(load->port);
    free(load->idle);
    load->address = NULL;
    load->port = NULL;
    load->connections = NULL;
    load->messages = NULL;
    load->received = NULL;
    load->idle = NULL;
}
