/* Every byte comes back, in order, however it was cut up on its way. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

/* That the line comes at once and can be read is checked at every start, but for
 * programs of one page. Here: nothing else comes but the ledger. */
void ready(void)
{
    char first[40];
    int lines = 0;
    start();
    snprintf(first, sizeof first, "listening 127.0.0.1:%u", check.server.port);
    process_first_line(&check.server, STEP_MS);
    if (!check.is_page) { /* that one cannot stop: its line is the only one */
        ask_to_stop();
        process_wait(&check.server, STOP_MS);
    }
    process_kill(&check.server); /* now all that it has written is here */
    for (size_t i = 0; i < check.server.out_bytes; i++)
        lines += check.server.out[i] == '\n';
    expect(lines == (check.is_page ? 1 : 2) &&
               strncmp(check.server.out, first, strlen(first)) == 0,
           "expected \"%s\" and the ledger on stdout, saw \"%.200s\"", first,
           check.server.out);
    process_free(&check.server);
}

void one_byte(void)
{
    echo(joined(1), 1);
}

/* The stream has all values of a byte, zeros and control characters. At last
 * pieces that follow no pattern of the buffer's, about a million bytes. */
void sizes(void)
{
    enum { BUFFER = 16384 }; /* what the servers have by default */
    static const uint64_t list[] = {1,          BUFFER - 1,     BUFFER,
                                    BUFFER + 1, 2 * BUFFER - 1, 2 * BUFFER + 1,
                                    65535,      65536,          65537};
    struct peer *p = joined(1);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        echo(p, list[i]);
    for (uint32_t x = 12345; p->sent < 1500000; x = x * 1664525u + 1013904223u)
        echo(p, (x >> 8) % 30000 + 1);
}

/* Ten bytes are ten sends. With TCP_NODELAY off the second waits until the first
 * has been acknowledged, which the client's system puts off, 40 ms on Linux,
 * when there is an answer to every byte; hence the pings first. */
void tiny_buffer(void)
{
    enum { ATTEMPTS = 10, WITHIN_MS = 36, BYTES = 300 };
    struct peer *p = joined(1);
    echo(p, BYTES);
    expect(check.server.counters == NULL ||
               calls_of(OBSERVE_recv, OBSERVE_WSARecv) >= BYTES,
           "expected no read to take more than the buffer holds, a byte");
    for (int i = 0; i < 30; i++)
        echo(p, 1);
    expect_less(quickest_echo_ms(p, ATTEMPTS), WITHIN_MS,
                "ms for 10 bytes at least once");
}

/* A receive length that was set to what came and never set back makes every later
 * read a small one. */
void dribble(void)
{
    enum { SINGLE_COUNT = 2000, WAITED_FOR = 50 };
    struct peer *p = joined(1);
    for (int i = 0; i < SINGLE_COUNT; i++) {
        send_bytes(p, 1);
        if (i < WAITED_FOR)
            receive_bytes(p, 1);
    }
    receive_rest(p);
    int64_t needed = calls_of(OBSERVE_recv, OBSERVE_WSARecv);
    echo(p, 8192);
    needed = calls_of(OBSERVE_recv, OBSERVE_WSARecv) - needed;
    if ((check.groups & GROUP_QUIET) !=
        0) /* one that spins also reads in vain */
        expect_less(needed, 41, "calls to read 8192 bytes");
}

/* Reads only when the system's buffers are full. */
void pipelined(void)
{
    struct peer *p = joined(1);
    while (p->sent < 640000)
        if (send_some(p, 64) == 0)
            receive_bytes(p, 6400);
    receive_rest(p);
}

/* Both directions at once. */
void order_64m(void)
{
    enum { STEP_BYTES = 8388608 };
    struct peer *p = joined(1);
    echo(p, 1048576);
    uint64_t memory = process_memory_bytes(&check.server);
    for (int i = 0; i < (check.is_long ? 128 : 8); i++)
        echo(p, STEP_BYTES);
    memory_flat(memory, STEP_BYTES);
}

/* ---- the client has said all it has to say, and still wants its echo ------- */

/* Once there is nothing to echo. And then it has all but does not close yet. */
void halfclose_small(void)
{
    struct peer *p = joined(1);
    leave(p);
    join(p);
    send_bytes(p, 100);
    half_close(p);
    receive_bytes(p, 100);
    receive_end(p);
    expect_quiet(500);
}

/* Reads only when sending stalls, so that as much as the system holds is still
 * under way when the end of the stream is sent. Then it reads slowly: nothing at
 * first, then in steps. */
void halfclose_large(void)
{
    enum { TOTAL_BYTES = 8388608, STEP_BYTES = 65536 };
    struct peer *p = joined_small(1, STEP_BYTES);
    while (p->sent < TOTAL_BYTES) {
        send_what_fits(p, TOTAL_BYTES - p->sent);
        if (p->sent < TOTAL_BYTES)
            receive_bytes(p, under_way(p, 1) < STEP_BYTES ? 1 : STEP_BYTES);
    }
    half_close(p);
    pass_time(200);
    for (int i = 0; i < 10; i++) {
        receive_bytes(p, min(under_way(p, 1), STEP_BYTES));
        pass_time(20);
    }
    receive_rest(p);
    receive_end(p);
}

/* The server has bytes that it cannot send and knows, or could know, that no
 * more will come: the state in which a readiness loop spins, and in which WSAPoll
 * says POLLHUP, which is neither a reason to close nor one to wake up again and
 * again. Wine 10 may then take the whole of a buffer that does not fit, say so, and
 * lose the rest of it: if the server has done its part nothing is shown. */
void halfclose_blocked(void)
{
    int64_t in = 0;
    int64_t out = 0;
    struct peer *p = joined_small(1, SMALL_BUFFER);
    send_until_stuck(p);
    half_close(p);
    pass_time(200); /* whatever the end of the stream sets in motion */
    expect_quiet(check.is_long ? 5000 : 1000);
    p->may_fail = p->may_lose = true;
    bool is_back = receive_rest(p);
    if (!is_back && wine_here() && bytes_moved(&in, &out) &&
        in == (int64_t)p->sent && out == in)
        skip("Wine has lost bytes that the server's send() had sent");
    expect(is_back, "%s", p->problem);
    p->may_fail = false;
    receive_end(p);
}
