/* client.c: the echo client, the same for every chapter.
 *
 * Sends bytes, and checks that the same bytes come back in the same order. It
 * knows nothing of how the server works: any RFC 862 server will do.
 *
 * The sockets are non-blocking, and the program waits in select(), because it
 * has to send and receive at the same time. A client that first sends a whole
 * file and then reads the echo deadlocks: the server, which has one buffer,
 * stops reading as soon as nobody takes what it sends back. (--read-after does
 * just that, for a while: to see what the server makes of it.) */
#define FD_SETSIZE 1000 /* what an fd_set takes; the header's own value is 64 */
#include <fcntl.h>
#include <inttypes.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "net.h"
#include "options.h"
#include "report.h"
#include "utf8.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { BUFFER_BYTES = 65536, LINE_UNITS = 4096 };

/* A flood has at most so much on its way, all connections together, and each at
 * most so much: a server never runs out of it, and when the time is over there
 * is little left to wait for. */
enum { FLOOD_BYTES = 64 * BUFFER_BYTES, FLOOD_EACH = 4 * BUFFER_BYTES };

static const char *host = "127.0.0.1";
static long port = 7007;
static long timeout_seconds = 10;
static const char *message;
static const char *path;
static long count;      /* 0: --count was not given */
static long size_bytes; /* 0: --size was not given */
static long flood_seconds;
static long hold_seconds;
static long read_after_seconds;
static long client_count = 1;

static uint64_t total_sent_bytes;
static uint64_t total_bytes; /* of these, come back intact */
static long total_messages;
static char last_printed = '\n';
static char unfinished[4]; /* the first bytes of a character to be printed */
static size_t unfinished_bytes;

static const struct option client_options[] = {
    {"--host", "NAME", "where the server is", OPTION_TEXT, &host, 0, 0},
    {"--port", "N", "its port", OPTION_NUMBER, &port, 1, 65535},
    {"--timeout", "SECONDS", "give up when nothing moves for so long",
     OPTION_NUMBER, &timeout_seconds, 1, 86400},
    {"--message", "TEXT", "send this text once", OPTION_TEXT, &message, 0, 0},
    {"--file", "PATH", "send this file", OPTION_TEXT, &path, 0, 0},
    {"--count", "N", "send N messages, one after the other (1)", OPTION_NUMBER,
     &count, 1, 1000000000},
    {"--size", "BYTES", "bytes in each of them (64)", OPTION_NUMBER,
     &size_bytes, 1, 2147483647},
    {"--flood", "SECONDS", "send as fast as possible for so long",
     OPTION_NUMBER, &flood_seconds, 1, 86400},
    {"--hold", "SECONDS", "stay connected and say nothing for so long",
     OPTION_NUMBER, &hold_seconds, 1, 86400},
    {"--clients", "N", "flood or hold with N connections", OPTION_NUMBER,
     &client_count, 1, FD_SETSIZE},
    {"--read-after", "SECONDS", "send, but read nothing for so long",
     OPTION_NUMBER, &read_after_seconds, 1, 86400},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* ---- what is sent ------------------------------------------------------- */

enum direction { SENDING, EXPECTING, DIRECTIONS };

/* Where the bytes of one message come from. Each byte is asked for twice, once
 * to be sent and once to be compared with its echo, so that nothing has to be
 * kept in between, however much is on its way. */
struct source {
    FILE *file[DIRECTIONS]; /* the same file, opened twice; or NULL, and then */
    const char *text;       /* the bytes; or NULL, and then they are made up */
    uint64_t size_bytes;    /* of the text, or of what is made up */
    uint64_t at[DIRECTIONS];
};

/* Copies the next bytes, at most capacity, into buffer. 0 at the end. */
static size_t take(struct source *source, enum direction direction,
                   char *buffer, size_t capacity)
{
    if (source->file[direction] != NULL)
        return fread(buffer, 1, capacity, source->file[direction]);

    uint64_t at = source->at[direction];
    uint64_t left = source->size_bytes - at;
    size_t bytes = left < capacity ? (size_t)left : capacity;
    if (source->text != NULL)
        memcpy(buffer, source->text + at, bytes);
    else /* 2^64 / golden ratio: neighbours differ, no short period */
        for (size_t i = 0; i < bytes; i++)
            buffer[i] = (char)((at + i) * UINT64_C(0x9E3779B97F4A7C15) >> 56);
    source->at[direction] += bytes;
    return bytes;
}

/* ---- connections -------------------------------------------------------- */

struct connection {
    SOCKET socket;
    struct source source;
    uint64_t sent;   /* of this source */
    uint64_t echoed; /* of that, come back intact */
    char out[BUFFER_BYTES];
    size_t out_at;  /* what is to be sent next: from here */
    size_t out_end; /* to here; 0: nothing is left to be sent */
};

static struct connection *connections; /* client_count of them */
static fd_set readable, writable;      /* to wait for, and then: that are */
static uint64_t on_their_way_at_most = UINT64_MAX;
static size_t piece_bytes = BUFFER_BYTES; /* of a source, to be sent next */
static uint64_t flood_end_ns = UINT64_MAX;
static uint64_t read_from_ns;

static const char broken[] = "the connection broke: did the server stop, or "
                             "refuse us? See what it reports";

static _Noreturn void fail_with(const char *what, int error, const char *advice)
{
    char text[512];
    error_text((unsigned long)error, text, sizeof text);
    die_saying(1, "%s: %s (%d); %s", what, text, error, advice);
}

static uint64_t ns_from_now(long seconds)
{
    return clock_ns() + (uint64_t)seconds * 1000000000;
}

/* Puts into the two sets what there is to wait for. False: every byte has been
 * sent and has come back. */
static bool choose_sockets(bool is_reading)
{
    bool is_complete = true;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    for (long i = 0; i < client_count; i++) {
        const struct connection *c = &connections[i];
        if (c->out_end > 0 && c->sent - c->echoed < on_their_way_at_most)
            FD_SET(c->socket, &writable);
        if (is_reading)
            FD_SET(c->socket, &readable);
        if (c->out_end > 0 || c->echoed < c->sent)
            is_complete = false;
    }
    return !is_complete;
}

/* Waits until a socket is what it was chosen for, and leaves only such ones in
 * the sets. False: none is, and it is deadline_ns. select() takes no empty set
 * (documentation page "select function"). */
static bool wait_until(uint64_t deadline_ns)
{
    uint64_t now_ns = clock_ns();
    uint64_t us = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1000 + 1 : 0;
    struct timeval timeout = {.tv_sec = (long)(us / 1000000),
                              .tv_usec = (long)(us % 1000000)};
    if (readable.fd_count == 0 && writable.fd_count == 0) {
        Sleep((DWORD)(us / 1000 + 1));
        return false;
    }
    int ready =
        select(0, readable.fd_count > 0 ? &readable : NULL,
               writable.fd_count > 0 ? &writable : NULL, NULL, &timeout);
    if (ready == SOCKET_ERROR)
        die("select", (unsigned long)WSAGetLastError());
    return ready > 0;
}

/* A name such as "localhost" may stand for an IPv6 and an IPv4 address: the
 * first that answers is taken. connect() itself blocks; how long is up to the
 * system, not to --timeout. */
static SOCKET connect_to_server(void)
{
    ADDRINFOW hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    ADDRINFOW *first = NULL;
    char text[100];
    snprintf(text, sizeof text, "%ld", port);
    wchar_t *name = utf8_wide(host);
    wchar_t *service = utf8_wide(text);
    int error = GetAddrInfoW(name, service, &hints, &first);
    free(name);
    free(service);
    snprintf(text, sizeof text, "cannot connect to %.60s port %ld", host, port);
    if (error != 0)
        fail_with(text, error, "is --host spelt right?");

    for (const ADDRINFOW *a = first; a != NULL; a = a->ai_next) {
        u_long on = 1;
        SOCKET s = socket(a->ai_family, SOCK_STREAM, IPPROTO_TCP);
        bool connected = s != INVALID_SOCKET &&
                         connect(s, a->ai_addr, (int)a->ai_addrlen) == 0 &&
                         net_tune(s) == 0 &&
                         ioctlsocket(s, (long)FIONBIO, &on) == 0;
        error = connected ? WSAECONNREFUSED : WSAGetLastError();
        if (connected && !net_is_own_peer(s)) {
            FreeAddrInfoW(first);
            return s;
        }
        if (s != INVALID_SOCKET) /* where there is no IPv6, there is none */
            net_close_abortively(s);
    }
    fail_with(text, error,
              "does a server run there, on that port, and does no firewall "
              "stand in between?");
}

/* recv() and its outcomes: more than 0 bytes arrived; 0: the server has ended
 * its stream; -1: nothing is here yet; an error ends the program. */
static int receive(SOCKET s, char *buffer)
{
    int received = recv(s, buffer, BUFFER_BYTES, 0);
    int error = received == SOCKET_ERROR ? WSAGetLastError() : 0;
    if (error != 0 && error != WSAEWOULDBLOCK)
        fail_with("receive", error, broken);
    return received;
}

/* Sends what fits in now; returns how much that was, maybe 0. */
static size_t send_some(SOCKET s, const char *buffer, size_t bytes)
{
    int sent = send(s, buffer, (int)bytes, 0);
    int error = sent == SOCKET_ERROR ? WSAGetLastError() : 0;
    if (error != 0 && error != WSAEWOULDBLOCK)
        fail_with("send", error, broken);
    return error != 0 ? 0 : (size_t)sent;
}

/* Compares bytes that came back with those that were sent. */
static void verify(struct connection *c, const char *echo, size_t bytes)
{
    static char expected[BUFFER_BYTES];
    size_t known = take(&c->source, EXPECTING, expected, bytes);
    for (size_t i = 0; i < known; i++)
        if (echo[i] != expected[i])
            die_saying(1,
                       "wrong byte at offset %" PRIu64 ": sent 0x%02x, got "
                       "0x%02x; is this an echo server?",
                       c->echoed + i, (unsigned char)expected[i],
                       (unsigned char)echo[i]);
    c->echoed += known;
    if (known < bytes || c->echoed > c->sent)
        die_saying(1,
                   "more came back than was sent, from offset %" PRIu64
                   " on; is this an echo server?",
                   known < bytes ? c->echoed : c->sent);
}

/* Gets the next bytes that are to be sent. */
static void refill(struct connection *c)
{
    c->out_at = 0;
    c->out_end = clock_ns() < flood_end_ns
                     ? take(&c->source, SENDING, c->out, piece_bytes)
                     : 0;
}

static void on_writable(struct connection *c)
{
    size_t done =
        send_some(c->socket, c->out + c->out_at, c->out_end - c->out_at);
    c->out_at += done;
    c->sent += done;
    total_sent_bytes += done;
    if (c->out_at == c->out_end)
        refill(c);
}

/* A character whose bytes come back in two pieces is printed when it is whole. */
static void print_echo(const char *echo, size_t bytes)
{
    static char text[sizeof unfinished + BUFFER_BYTES];
    memcpy(text, unfinished, unfinished_bytes);
    memcpy(text + unfinished_bytes, echo, bytes);
    bytes += unfinished_bytes;
    size_t whole = utf8_whole(text, bytes);
    unfinished_bytes = bytes - whole;
    memcpy(unfinished, text + whole, unfinished_bytes);
    last_printed = text[bytes - 1];
    if (!utf8_print(stdout, text, whole))
        utf8_flush();
}

static void on_readable(struct connection *c, bool print)
{
    static char in[BUFFER_BYTES];
    int received = receive(c->socket, in);
    if (received == 0)
        die_saying(1,
                   "the server closed connection %d when %" PRIu64
                   " of %" PRIu64 " bytes sent had come back; see what it "
                   "reports",
                   (int)(c - connections) + 1, c->echoed, c->sent);
    if (received < 0)
        return;
    verify(c, in, (size_t)received);
    total_bytes += (uint64_t)received;
    if (print)
        print_echo(in, (size_t)received);
}

/* print: what comes back on the first connection. */
static void serve_chosen(bool print)
{
    for (long i = 0; i < client_count; i++) {
        struct connection *c = &connections[i];
        if (FD_ISSET(c->socket, &writable))
            on_writable(c);
        if (FD_ISSET(c->socket, &readable))
            on_readable(c, print && i == 0);
    }
}

/* Sends the whole source on each connection and takes back its whole echo. TCP
 * is a stream: one send may come back in many pieces, and many sends in one, so
 * only the count tells when the echo is complete. */
static void exchange(const struct source *source, bool print)
{
    for (long i = 0; i < client_count; i++) {
        struct connection *c = &connections[i];
        c->source = *source;
        c->sent = c->echoed = 0;
        refill(c);
    }
    for (;;) {
        bool is_reading = clock_ns() >= read_from_ns;
        if (!choose_sockets(is_reading))
            break;
        if (wait_until(is_reading ? ns_from_now(timeout_seconds)
                                  : read_from_ns))
            serve_chosen(print);
        else if (is_reading)
            die_saying(1,
                       "time-out: %" PRIu64 " of %" PRIu64 " bytes sent came "
                       "back, then nothing for %ld s; is the server busy with "
                       "another client, or stuck?",
                       total_bytes, total_sent_bytes, timeout_seconds);
    }
    utf8_print(stdout, unfinished, unfinished_bytes);
    unfinished_bytes = 0;
    utf8_flush();
    total_messages += client_count;
}

/* Stays connected and silent. Finds out when the server does not. */
static void hold(void)
{
    uint64_t end_ns = ns_from_now(hold_seconds);
    printf("connected: %ld; silent for %ld s ...\n", client_count,
           hold_seconds);
    utf8_flush();
    for (;;) {
        choose_sockets(true);
        if (!wait_until(end_ns))
            return;
        serve_chosen(false);
    }
}

/* Says "no more from me" and expects the same from the server, with nothing
 * before it: shutdown() ends one direction, the other stays open. */
static void end_connection(SOCKET s)
{
    static char in[BUFFER_BYTES];
    if (shutdown(s, SD_SEND) == SOCKET_ERROR)
        fail_with("shutdown", WSAGetLastError(), broken);
    for (int received = -1; received != 0;) {
        FD_ZERO(&readable);
        FD_ZERO(&writable);
        FD_SET(s, &readable);
        if (!wait_until(ns_from_now(timeout_seconds)))
            die_saying(1,
                       "time-out: every byte came back, but the server did "
                       "not end the connection within %ld s after we did",
                       timeout_seconds);
        received = receive(s, in);
        if (received > 0)
            die_saying(1,
                       "every byte came back, and then %d more; is this an "
                       "echo server?",
                       received);
    }
    closesocket(s);
}

/* ---- what to send ------------------------------------------------------- */

static FILE *open_file(void)
{
    FILE *file = utf8_open(path, "rb");
    if (file == NULL)
        die_saying(2, "--file: cannot read \"%.200s\"", path);
    return file;
}

static void send_file(void)
{
    FILE *sending = open_file();
    FILE *expecting = open_file();
    struct source source = {.file = {sending, expecting}};
    exchange(&source, false);
    if (ferror(sending) || ferror(expecting))
        die_saying(1, "--file: reading \"%.200s\" failed", path);
    fclose(sending);
    fclose(expecting);
}

static void send_text(const char *text, size_t bytes)
{
    struct source source = {.text = text, .size_bytes = bytes};
    exchange(&source, true);
}

/* One line at a time, and its whole echo before the next: select() can wait
 * for sockets but not for the console, so a client that waited for both would
 * need a second thread. The price: when the server closes while we wait for
 * the keyboard, we only find out with the next line. */
static void send_lines(HANDLE console)
{
    static wchar_t typed[LINE_UNITS];
    static char line[3 * LINE_UNITS]; /* no unit takes more than 3 bytes */
    DWORD units;
    printf("Type a line, and it comes back. An empty line, q or Ctrl+Z "
           "ends.\n");
    utf8_flush();
    while (ReadConsoleW(console, typed, LINE_UNITS, &units, NULL) &&
           units > 0 && typed[0] != 26) { /* Ctrl+Z */
        if (units >= 2 && typed[units - 2] == '\r')
            typed[--units - 1] = '\n';
        size_t bytes = (size_t)WideCharToMultiByte(
            CP_UTF8, 0, typed, (int)units, line, sizeof line, NULL, NULL);
        if (line[0] == '\n' ||
            (line[0] == 'q' && line[bytes - 1] == '\n' && bytes == 2))
            break;
        send_text(line, bytes);
    }
}

/* What a pipe or a file brings is bytes, whatever they mean: each block is sent
 * as it comes, and its whole echo awaited before the next. */
static void send_stdin(void)
{
    static char block[BUFFER_BYTES];
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode;
    if (GetConsoleMode(in, &mode)) { /* it fails for all but consoles */
        send_lines(in);
        return;
    }
    DWORD bytes;
    BOOL good;
    while ((good = ReadFile(in, block, sizeof block, &bytes, NULL)) &&
           bytes > 0)
        send_text(block, bytes);
    DWORD error = GetLastError();
    if (!good && error != ERROR_BROKEN_PIPE) /* that is a pipe's end */
        die("ReadFile(stdin)", error);
}

static void print_help(void)
{
    printf("client: talks to a TCP echo server (RFC 862), checks every byte\n\n"
           "Give one of --message, --file, --flood, or --count and --size. "
           "With none of them\nit sends the lines you type, or each byte of a "
           "pipe "
           "or a file on its stdin;\nwith --hold nothing.\n\n");
    options_print(client_options);
    printf("\nExit status: 0 every byte came back, 1 not, 2 wrong usage.\n");
}

static void read_options(int argc, char **argv)
{
    char wrong[200];
    report_set_program("client", false);
    argv = utf8_arguments(&argc);
    enum options_result result =
        options_parse(argc, argv, NULL, client_options, wrong, sizeof wrong);
    if (result == OPTIONS_WRONG)
        die_saying(2, "%s", wrong);
    if (result == OPTIONS_HELP)
        print_help();
    if (result == OPTIONS_VERSION)
        printf("client %s\n", VERSION);
    if (result != OPTIONS_OK) {
        utf8_flush();
        exit(0);
    }

    bool is_generated = count > 0 || size_bytes > 0;
    int given =
        (message != NULL) + (path != NULL) + (flood_seconds > 0) + is_generated;
    if (given > 1)
        die_saying(2, "give one of --message, --file, --flood, or --count and "
                      "--size");
    if (hold_seconds > 0 && given > 0 && message == NULL)
        die_saying(2, "--hold goes with --message or alone");
    if (client_count > 1 && hold_seconds == 0 && flood_seconds == 0)
        die_saying(2, "--clients goes with --hold or --flood");
    if (read_after_seconds > 0 && path == NULL && !is_generated)
        die_saying(2, "--read-after goes with --file, or --count and --size");
    if (is_generated && count == 0)
        count = 1;
    if (is_generated && size_bytes == 0)
        size_bytes = 64;
}

static void send_all(void)
{
    if (message != NULL) {
        send_text(message, strlen(message));
    } else if (path != NULL) {
        send_file();
    } else if (flood_seconds > 0) {
        struct source source = {.size_bytes = UINT64_MAX};
        on_their_way_at_most = FLOOD_BYTES / (uint64_t)client_count;
        if (on_their_way_at_most > FLOOD_EACH)
            on_their_way_at_most = FLOOD_EACH;
        if (on_their_way_at_most < piece_bytes)
            piece_bytes = (size_t)on_their_way_at_most;
        flood_end_ns = ns_from_now(flood_seconds);
        exchange(&source, false);
    } else if (count > 0) {
        struct source source = {.size_bytes = (uint64_t)size_bytes};
        for (long i = 0; i < count; i++)
            exchange(&source, false);
    } else if (hold_seconds == 0) {
        send_stdin();
    }
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    _setmode(_fileno(stdout), _O_BINARY); /* an echo is what was sent */
    net_start();
    connections = calloc((size_t)client_count, sizeof *connections);
    if (connections == NULL)
        die_saying(1, "no memory for %ld connections", client_count);
    for (long i = 0; i < client_count; i++)
        connections[i].socket = connect_to_server();

    uint64_t begin_ns = clock_ns();
    read_from_ns = ns_from_now(read_after_seconds);
    send_all();
    if (last_printed != '\n')
        printf("\n");
    if (hold_seconds > 0)
        hold();
    for (long i = 0; i < client_count; i++)
        end_connection(connections[i].socket);
    printf("bytes=%" PRIu64 " messages=%ld seconds=%.3f\n", total_bytes,
           total_messages, (double)(clock_ns() - begin_ns) / 1e9);
    utf8_flush();
    free(connections);
    WSACleanup();
    return 0;
}
