#include "load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"
#include "../../common/net.h"
#include "../../common/report.h"
#include "process.h"
#include "statistics.h"

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

/* ---- messages ------------------------------------------------------------ */

/* The sequence number, then bytes that depend on it and on the connection. */
static void write_message(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    struct prng prng = {c->sequence << 20 | (uint64_t)index};
    uint64_t word = c->sequence;
    for (size_t at = 0; at < load->message_bytes; at += sizeof word) {
        size_t rest = load->message_bytes - at;
        memcpy(c->message + at, &word, rest < sizeof word ? rest : sizeof word);
        word = prng_next(&prng);
    }
}

/* Compares what came with what was sent. */
static bool verify(struct load *load, int index, const char *received,
                   size_t bytes)
{
    struct load_connection *c = &load->connections[index];
    const char *expected = c->message + c->echoed_bytes;
    if (bytes > c->sent_bytes - c->echoed_bytes)
        return fail(load,
                    "connection %d, echo %" PRIu64 ": more came back than was "
                    "sent",
                    index + 1, c->sequence);
    if (memcmp(received, expected, bytes) == 0)
        return true;
    size_t at = 0;
    while (received[at] == expected[at])
        at++;
    return fail(load,
                "connection %d, echo %" PRIu64 ": byte %zu was 0x%02X, "
                "expected 0x%02X",
                index + 1, c->sequence, c->echoed_bytes + at,
                (unsigned char)received[at], (unsigned char)expected[at]);
}

/* ---- one connection ------------------------------------------------------ */

/* Sends what the socket takes now; asks to be told when there is room for the
 * rest. */
static bool send_more(struct load *load, int index)
{
    struct load_connection *c = &load->connections[index];
    short wanted = POLLRDNORM;
    while (c->sent_bytes < load->message_bytes) {
        int sent = send(c->s, c->message + c->sent_bytes,
                        (int)(load->message_bytes - c->sent_bytes), 0);
        int error = WSAGetLastError();
        if (sent == SOCKET_ERROR && error == WSAEWOULDBLOCK) {
            wanted |= POLLWRNORM;
            break;
        }
        if (sent == SOCKET_ERROR)
            return fail_call(load, index, "send", error);
        c->sent_bytes += (size_t)sent;
    }
    load->polled[index].events = wanted;
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
    c->begun_ns = clock_ns();
    return send_more(load, index);
}

/* Takes what has arrived. Asks for one byte more than is missing, so that an
 * echo that is too long shows. */
static bool receive(struct load *load, int index)
{
    static char received[65536];
    struct load_connection *c = &load->connections[index];
    size_t wanted = load->message_bytes - c->echoed_bytes + 1;
    int bytes =
        recv(c->s, received,
             (int)(wanted < sizeof received ? wanted : sizeof received), 0);
    int error = WSAGetLastError();
    if (bytes == SOCKET_ERROR && error == WSAEWOULDBLOCK)
        return true;
    if (bytes == SOCKET_ERROR)
        return fail_call(load, index, "recv", error);
    if (bytes == 0)
        return fail(load, "connection %d: closed by the server", index + 1);
    if (!verify(load, index, received, (size_t)bytes))
        return false;
    c->echoed_bytes += (size_t)bytes;
    return true;
}

/* ---- one round ----------------------------------------------------------- */

struct run {
    uint64_t begun_ns;
    uint64_t deadline_ns;     /* no new message after this */
    uint64_t last_echo_ns;    /* or any other progress */
    uint64_t next_look_ns;    /* when to look at the stop event again */
    int under_way_count;      /* messages without their echo */
    struct load_round *round; /* what is filled */
};

static uint64_t own_cpu_ns(void)
{
    struct process own = {.process = GetCurrentProcess()};
    return 100 * process_cpu_100ns(&own);
}

static bool on_echo_complete(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    uint64_t now_ns = clock_ns();
    histogram_add(&run->round->latency, now_ns - c->begun_ns);
    run->round->echoes++;
    run->last_echo_ns = now_ns;
    c->ended_ns = now_ns;
    c->echoes++;
    c->is_under_way = false;
    if (now_ns < run->deadline_ns)
        return begin_message(load, index);
    run->under_way_count--;
    load->polled[index].events = 0;
    return true;
}

/* Does what one socket is ready for. */
static bool on_ready(struct load *load, int index, struct run *run)
{
    struct load_connection *c = &load->connections[index];
    short ready = load->polled[index].revents;
    if (ready & POLLNVAL)
        return fail(load, "connection %d: WSAPoll: not a socket", index + 1);
    if ((ready & POLLWRNORM) && !send_more(load, index))
        return false;
    if (!(ready & (POLLRDNORM | POLLHUP | POLLERR)))
        return true;
    if (!receive(load, index))
        return false;
    if (c->is_under_way && c->echoed_bytes == load->message_bytes)
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
    if (now_ns - run->last_echo_ns < LOAD_PATIENCE_MS * UINT64_C(1000000))
        return LOAD_DONE;
    for (int i = 0; i < load->connection_count; i++)
        if (load->connections[i].is_under_way) {
            fail(load,
                 "connection %d: echo %" PRIu64 " did not come within %d s",
                 i + 1, load->connections[i].sequence, LOAD_PATIENCE_MS / 1000);
            break;
        }
    return LOAD_FAILED;
}

static bool poll_once(struct load *load, struct run *run)
{
    enum { POLL_MS = 20 };
    int ready = WSAPoll(load->polled, (ULONG)load->connection_count, POLL_MS);
    if (ready == SOCKET_ERROR) {
        int error = WSAGetLastError();
        return fail_call(load, 0, "WSAPoll", error);
    }
    for (int i = 0; i < load->connection_count && ready > 0; i++)
        if (load->polled[i].revents != 0) {
            ready--;
            if (!on_ready(load, i, run))
                return false;
        }
    return true;
}

enum load_outcome load_run(struct load *load, uint64_t duration_ns, HANDLE stop,
                           struct load_round *round)
{
    memset(round, 0, sizeof *round);
    uint64_t cpu_before_ns = own_cpu_ns();
    struct run run = {.begun_ns = clock_ns(), .round = round};
    run.deadline_ns = run.begun_ns + duration_ns;
    run.last_echo_ns = run.begun_ns;
    run.under_way_count = load->connection_count;
    for (int i = 0; i < load->connection_count; i++) {
        load->connections[i].echoes = 0;
        if (!begin_message(load, i))
            return LOAD_FAILED;
        round->idle_ns += load->connections[i].begun_ns - run.begun_ns;
    }
    while (run.under_way_count > 0) {
        if (!poll_once(load, &run))
            return LOAD_FAILED;
        enum load_outcome outcome = look_around(load, stop, &run);
        if (outcome != LOAD_DONE)
            return outcome;
    }
    for (int i = 0; i < load->connection_count; i++)
        round->idle_ns += run.last_echo_ns - load->connections[i].ended_ns;
    round->elapsed_ns = run.last_echo_ns - run.begun_ns;
    round->cpu_ns = own_cpu_ns() - cpu_before_ns;
    return LOAD_DONE;
}

/* ---- opening and closing ------------------------------------------------- */

/* Waits for a connect that is under way. Returns 0 or the Winsock error. */
static int finish_connect(SOCKET s)
{
    WSAPOLLFD polled = {.fd = s, .events = POLLWRNORM};
    int ready = WSAPoll(&polled, 1, LOAD_PATIENCE_MS);
    if (ready == SOCKET_ERROR)
        return WSAGetLastError();
    if (ready == 0)
        return WSAETIMEDOUT;
    DWORD error = 0;
    int length = sizeof error;
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)&error, &length) ==
        SOCKET_ERROR)
        return WSAGetLastError();
    return (int)error;
}

static bool open_connection(struct load *load, int index,
                            const struct addrinfo *address)
{
    SOCKET s = socket(address->ai_family, SOCK_STREAM, IPPROTO_TCP);
    int error = WSAGetLastError();
    if (s == INVALID_SOCKET)
        return fail_call(load, index, "socket", error);
    load->connections[index].s = s;
    load->polled[index].fd = s;

    u_long on = 1;
    if (ioctlsocket(s, (long)FIONBIO, &on) == SOCKET_ERROR) {
        error = WSAGetLastError();
        return fail_call(load, index, "ioctlsocket(FIONBIO)", error);
    }
    error = 0;
    if (connect(s, address->ai_addr, (int)address->ai_addrlen) == SOCKET_ERROR)
        error = WSAGetLastError();
    if (error == WSAEWOULDBLOCK) /* under way, as expected */
        error = finish_connect(s);
    if (error == 0)
        error = net_tune(s);
    if (error != 0)
        return fail_call(load, index, "connect", error);
    return true;
}

bool load_open(struct load *load, const char *host, unsigned short port,
               int connection_count, size_t message_bytes)
{
    memset(load, 0, sizeof *load);
    size_t count = (size_t)connection_count;
    load->connections = calloc(count, sizeof *load->connections);
    load->polled = calloc(count, sizeof *load->polled);
    load->messages = calloc(count, message_bytes);
    if (load->connections == NULL || load->polled == NULL ||
        load->messages == NULL)
        return fail(load, "not enough memory for %d connections",
                    connection_count);
    load->message_bytes = message_bytes;
    load->connection_count = connection_count;
    for (int i = 0; i < connection_count; i++) {
        load->connections[i].s = INVALID_SOCKET;
        load->connections[i].message =
            load->messages + (size_t)i * message_bytes;
    }

    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                             .ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP};
    struct addrinfo *address = NULL;
    char service[8];
    snprintf(service, sizeof service, "%hu", port);
    if (getaddrinfo(host, service, &hints, &address) != 0)
        return fail(load, "\"%s\" is not an address", host);
    bool opened = true;
    for (int i = 0; opened && i < connection_count; i++)
        opened = open_connection(load, i, address);
    freeaddrinfo(address);
    return opened;
}

void load_close(struct load *load)
{
    for (int i = 0; i < load->connection_count; i++)
        if (load->connections[i].s != INVALID_SOCKET)
            closesocket(load->connections[i].s);
    free(load->connections);
    free(load->polled);
    free(load->messages);
    load->connections = NULL;
    load->polled = NULL;
    load->messages = NULL;
    load->connection_count = 0;
}
