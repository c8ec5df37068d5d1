/* client.c: the echo client, the same for every chapter.
 *
 * Sends bytes, and checks that the same bytes come back in the same order. It
 * knows nothing of how the server works: any RFC 862 server will do.
 *
 * The socket is non-blocking, and the program waits in select(), because it
 * has to send and receive at the same time. A client that first sends a whole
 * file and then reads the echo deadlocks: the server, which has one buffer,
 * stops reading as soon as nobody takes what it sends back. */
#include <inttypes.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "net.h"
#include "options.h"
#include "report.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum { BUFFER_BYTES = 65536, LINE_BYTES = 4096 };

static const char *host = "127.0.0.1";
static long port = 7007;
static long timeout_seconds = 10;
static const char *message;
static const char *path;
static long count;      /* 0: --count was not given */
static long size_bytes; /* 0: --size was not given */

static uint64_t total_bytes; /* sent and come back intact */
static long total_messages;
static char last_printed = '\n';

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

/* ---- the connection ----------------------------------------------------- */

static const char broken[] = "the connection broke: did the server stop, or "
                             "refuse us? See what it reports";

static _Noreturn void fail_with(const char *what, int error, const char *advice)
{
    char text[256];
    error_text((unsigned long)error, text, sizeof text);
    die_saying(1, "%s: %s (%d); %s", what, text, error, advice);
}

/* Waits until the socket is readable or, if asked for, writable, and says which
 * it is. False: neither, for --timeout seconds. */
static bool wait_until(SOCKET s, bool *readable, bool *writable)
{
    struct timeval timeout = {.tv_sec = timeout_seconds};
    fd_set read_set, write_set;
    FD_ZERO(&read_set);
    FD_ZERO(&write_set);
    FD_SET(s, &read_set);
    if (*writable)
        FD_SET(s, &write_set);
    int ready = select(0, &read_set, &write_set, NULL, &timeout);
    if (ready == SOCKET_ERROR)
        die("select", (unsigned long)WSAGetLastError());
    *readable = FD_ISSET(s, &read_set) != 0;
    *writable = FD_ISSET(s, &write_set) != 0;
    return ready > 0;
}

/* A name such as "localhost" may stand for an IPv6 and an IPv4 address: the
 * first that answers is taken. connect() itself blocks; how long is up to the
 * system, not to --timeout. */
static SOCKET connect_to_server(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP};
    struct addrinfo *first = NULL;
    char text[100];
    snprintf(text, sizeof text, "%ld", port);
    int error = getaddrinfo(host, text, &hints, &first);
    snprintf(text, sizeof text, "cannot connect to %.60s port %ld", host, port);
    if (error != 0)
        fail_with(text, error, "is --host spelt right?");

    for (const struct addrinfo *a = first; a != NULL; a = a->ai_next) {
        u_long on = 1;
        SOCKET s = socket(a->ai_family, SOCK_STREAM, IPPROTO_TCP);
        if (s == INVALID_SOCKET)
            die("socket", (unsigned long)WSAGetLastError());
        if (connect(s, a->ai_addr, (int)a->ai_addrlen) == 0 &&
            net_tune(s) == 0 && ioctlsocket(s, (long)FIONBIO, &on) == 0) {
            freeaddrinfo(first);
            return s;
        }
        error = WSAGetLastError();
        closesocket(s);
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

/* Compares bytes that came back after already_echoed good ones. */
static void verify(struct source *source, const char *echo, size_t bytes,
                   uint64_t already_echoed)
{
    static char expected[BUFFER_BYTES];
    size_t known = take(source, EXPECTING, expected, bytes);
    for (size_t i = 0; i < known; i++)
        if (echo[i] != expected[i])
            die_saying(1,
                       "wrong byte at offset %" PRIu64 ": sent 0x%02x, got "
                       "0x%02x; is this an echo server?",
                       already_echoed + i, (unsigned char)expected[i],
                       (unsigned char)echo[i]);
    if (known < bytes)
        die_saying(1,
                   "more came back than was sent, from offset %" PRIu64
                   " on; is this an echo server?",
                   already_echoed + known);
}

/* Sends the whole source and takes back its whole echo. TCP is a stream: one
 * send may come back in many pieces, and many sends in one, so only the count
 * tells when the echo is complete. */
static void exchange(SOCKET s, struct source *source, bool print)
{
    static char out[BUFFER_BYTES], in[BUFFER_BYTES];
    uint64_t sent = 0, echoed = 0;
    size_t at = 0, end = take(source, SENDING, out, sizeof out);
    while (end > 0 || echoed < sent) {
        bool readable, writable = end > 0;
        if (!wait_until(s, &readable, &writable))
            die_saying(1,
                       "time-out: %" PRIu64 " of %" PRIu64 " bytes sent came "
                       "back, then nothing for %ld s; is the server busy with "
                       "another client, or stuck?",
                       echoed, sent, timeout_seconds);
        if (writable) {
            size_t done = send_some(s, out + at, end - at);
            at += done;
            sent += done;
            if (at == end) {
                at = 0;
                end = take(source, SENDING, out, sizeof out);
            }
        }
        int received = readable ? receive(s, in) : -1;
        if (received == 0)
            die_saying(1,
                       "the server closed the connection when %" PRIu64
                       " of %" PRIu64 " bytes sent had come back; see what it "
                       "reports",
                       echoed, sent);
        if (received > 0) {
            verify(source, in, (size_t)received, echoed);
            echoed += (uint64_t)received;
            if (print) {
                fwrite(in, 1, (size_t)received, stdout);
                last_printed = in[received - 1];
            }
        }
    }
    fflush(stdout);
    total_bytes += echoed;
    total_messages++;
}

/* Says "no more from me" and expects the same from the server, with nothing
 * before it: shutdown() ends one direction, the other stays open. */
static void end_connection(SOCKET s)
{
    static char in[BUFFER_BYTES];
    if (shutdown(s, SD_SEND) == SOCKET_ERROR)
        fail_with("shutdown", WSAGetLastError(), broken);
    for (int received = -1; received != 0;) {
        bool readable, writable = false;
        if (!wait_until(s, &readable, &writable))
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
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die_saying(2, "--file: cannot read \"%.200s\"", path);
    return file;
}

static void send_file(SOCKET s)
{
    FILE *sending = open_file();
    FILE *expecting = open_file();
    struct source source = {.file = {sending, expecting}};
    exchange(s, &source, false);
    if (ferror(sending) || ferror(expecting))
        die_saying(1, "--file: reading \"%.200s\" failed", path);
    fclose(sending);
    fclose(expecting);
}

static void send_text(SOCKET s, const char *text)
{
    struct source source = {.text = text, .size_bytes = strlen(text)};
    exchange(s, &source, true);
}

/* One line at a time, and its whole echo before the next: select() can wait
 * for sockets but not for the console, so a client that waited for both would
 * need a second thread. The price: when the server closes while we wait for
 * the keyboard, we only find out with the next line. */
static void send_lines(SOCKET s)
{
    char line[LINE_BYTES];
    bool is_console = _isatty(_fileno(stdin)) != 0;
    if (is_console)
        printf("Type a line, and it comes back. An empty line, q or Ctrl+Z "
               "ends.\n");
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "q\n") == 0 || strcmp(line, "q") == 0)
            break;
        if (is_console && strcmp(line, "\n") == 0)
            break; /* an empty line in a file is sent like any other */
        send_text(s, line);
    }
}

static void print_help(void)
{
    printf("client: talks to a TCP echo server (RFC 862), checks every byte\n\n"
           "Without --message, --file, --count and --size it sends the lines "
           "you type.\n\n");
    options_print(client_options);
    printf("\nExit status: 0 every byte came back, 1 not, 2 wrong usage.\n");
}

static void read_options(int argc, char **argv)
{
    char wrong[200];
    enum options_result result =
        options_parse(argc, argv, NULL, client_options, wrong, sizeof wrong);
    report_set_program("client", false);
    if (result == OPTIONS_WRONG)
        die_saying(2, "%s", wrong);
    if (result == OPTIONS_HELP)
        print_help();
    if (result == OPTIONS_VERSION)
        printf("client %s\n", VERSION);
    if (result != OPTIONS_OK)
        exit(0);

    bool generated = count > 0 || size_bytes > 0;
    if ((message != NULL) + (path != NULL) + generated > 1)
        die_saying(2, "give one of --message, --file, or --count and --size");
    if (generated && count == 0)
        count = 1;
    if (generated && size_bytes == 0)
        size_bytes = 64;
}

int main(int argc, char **argv)
{
    read_options(argc, argv);
    net_start();
    SOCKET s = connect_to_server();
    uint64_t begin_ns = clock_ns();
    if (message != NULL) {
        send_text(s, message);
    } else if (path != NULL) {
        send_file(s);
    } else if (count > 0) {
        for (long i = 0; i < count; i++) {
            struct source source = {.size_bytes = (uint64_t)size_bytes};
            exchange(s, &source, false);
        }
    } else {
        send_lines(s);
    }
    if (last_printed != '\n')
        printf("\n");
    fflush(stdout);
    end_connection(s);
    printf("bytes=%" PRIu64 " messages=%ld seconds=%.3f\n", total_bytes,
           total_messages, (double)(clock_ns() - begin_ns) / 1e9);
    WSACleanup();
    return 0;
}
