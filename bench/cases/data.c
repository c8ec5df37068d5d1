/* Every byte comes back, in order, however it was cut up on its way. */
#include <stdio.h>

#include "cases.h"

enum { BUFFER_BYTES = 16384 }; /* what the servers have by default */

/* That the line came, at once, and could be read is checked at every start. Here:
 * nothing came with it, and nothing comes after it but the ledger. */
static void ready(struct check *c)
{
    start_server(c, NULL);
    if (!going_on(c))
        return;
    expect(c, c->server.port != 0, "expected the port that the system chose");
    if (!c->is_minimal) { /* that one cannot stop: its line is the only one */
        SetEvent(c->server.stop_event);
        process_wait(&c->server, STOP_MS);
    }
    process_kill(&c->server); /* now all that it has written is here */
    int lines = 0;
    for (size_t i = 0; i < c->server.out_bytes; i++)
        lines += c->server.out[i] == '\n';
    expect(c, lines == (c->is_minimal ? 1 : 2),
           "expected the line with the port and the ledger on stdout, saw "
           "\"%.200s\"",
           c->server.out);
}

static void one_byte(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 1);
}

/* Sends these bytes as they are and expects them back. */
static void echo_raw(struct check *c, struct peer *p, const char *bytes,
                     int count)
{
    char back[512];
    if (!going_on(c))
        return;
    expect(c, send(p->s, bytes, count, 0) == count, "could not send %d bytes",
           count);
    p->sent_ever += (uint64_t)count;
    for (int got = 0; got < count && going_on(c);) {
        if (!expect(c, peer_wait_readable(p, STEP_MS), "%s", p->problem))
            return;
        int taken = recv(p->s, back + got, (int)sizeof back - got, 0);
        if (!expect(c, taken > 0, "expected %d bytes back, saw %d and then %s",
                    count, got, taken == 0 ? "the end" : "an error"))
            return;
        for (int i = got; i < got + taken && i < count; i++)
            expect(c, back[i] == bytes[i],
                   "byte %d: expected 0x%02x, saw 0x%02x", i,
                   (unsigned)(unsigned char)bytes[i],
                   (unsigned)(unsigned char)back[i]);
        got += taken;
        expect(c, got <= count, "expected %d bytes back, saw %d", count, got);
    }
}

static void binary(struct check *c)
{
    char all[256];
    char zeros[64] = {0};
    for (int i = 0; i < 256; i++)
        all[i] = (char)(unsigned char)i;
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo_raw(c, p, all, sizeof all);
    echo_raw(c, p, zeros, sizeof zeros);
    echo_raw(c, p, "\r\n\x1a\x04%s%n", 8);
}

static void sizes(struct check *c)
{
    static const uint64_t list[] = {1,
                                    BUFFER_BYTES - 1,
                                    BUFFER_BYTES,
                                    BUFFER_BYTES + 1,
                                    2 * BUFFER_BYTES - 1,
                                    2 * BUFFER_BYTES + 1,
                                    65535,
                                    65536,
                                    65537};
    struct peer *p = new_peers(c, 1);
    join(c, p);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        echo(c, p, list[i]);

    /* A million bytes in pieces that follow no pattern of the buffer's. */
    uint64_t left = 1048576;
    for (uint32_t x = 12345; left > 0 && going_on(c);) {
        x = x * 1664525u + 1013904223u;
        uint64_t piece = (x >> 8) % 30000 + 1;
        if (piece > left)
            piece = left;
        echo(c, p, piece);
        left -= piece;
    }
}

/* Ten bytes are ten sends. With TCP_NODELAY off the second waits until the first
 * has been acknowledged, which the client's system puts off, 40 ms on Linux,
 * when there is an answer to every byte; hence the pings first. */
static void tiny_buffer(struct check *c)
{
    enum { ATTEMPTS = 10, WITHIN_MS = 36 };
    static const int reads[] = {OBSERVE_recv, OBSERVE_WSARecv, -1};
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 300);
    int64_t needed = calls_of(c, reads);
    expect(c, needed < 0 || needed >= 300,
           "expected no read to take more than the buffer holds, saw 300 bytes "
           "read by %d",
           (int)needed);
    for (int i = 0; i < 30; i++)
        echo(c, p, 1);
    uint64_t quickest_ms = quickest_echo_ms(c, p, ATTEMPTS);
    expect(c, quickest_ms < WITHIN_MS,
           "expected 10 bytes back within %d ms at least once, saw %u ms",
           WITHIN_MS, (unsigned)quickest_ms);
}

static void dribble(struct check *c)
{
    enum { SINGLE_COUNT = 2000, WAITED_FOR = 50 };
    static const int reads[] = {OBSERVE_recv, OBSERVE_WSARecv, -1};
    struct peer *p = new_peers(c, 1);
    join(c, p);
    for (int i = 0; i < SINGLE_COUNT && going_on(c); i++) {
        send_bytes(c, p, 1);
        if (i < WAITED_FOR)
            receive_bytes(c, p, 1);
    }
    receive_bytes(c, p, SINGLE_COUNT - WAITED_FOR);

    /* A receive length that was set to what came and never set back makes
     * every later read a small one. */
    int64_t before = calls_of(c, reads);
    echo(c, p, 8192);
    int64_t needed = calls_of(c, reads) - before;
    /* One that spins also reads in vain, as often as it has time. */
    if (before >= 0 && (c->groups & GROUP_QUIET) != 0)
        expect(c, needed <= 40,
               "expected 8192 bytes to be read in a few calls, saw %d",
               (int)needed);
}

static void pipelined(struct check *c)
{
    enum { TOTAL_BYTES = 640000 };
    struct peer *p = new_peers(c, 1);
    join(c, p);
    while (going_on(c) && p->sent < TOTAL_BYTES)
        if (peer_send_some(p, 64) <= 0)
            break; /* the system's buffers are full: read from now on */
    p->send_goal = p->receive_goal =
        p->sent > TOTAL_BYTES ? p->sent : TOTAL_BYTES;
    p->chunk_bytes = 64;
    if (going_on(c))
        expect(c, peers_run(p, 1, STEP_MS, NULL), "%s", p->problem);
}

/* Both directions at once. */
static void stream(struct check *c, uint64_t bytes)
{
    struct peer *p = new_peers(c, 1);
    join(c, p);
    echo(c, p, 1048576);
    uint64_t memory = c->started ? process_memory_bytes(&c->server) : 0;
    for (uint64_t done = 0; done < bytes && going_on(c); done += 8388608)
        echo(c, p, 8388608);
    memory_flat(c, memory, 8388608);
}

static void order_64m(struct check *c)
{
    stream(c, 67108864);
}

static void huge_1g(struct check *c)
{
    stream(c, 1073741824);
}

static void ledger(struct check *c)
{
    struct peer *peers = new_peers(c, 3);
    start_server(c, NULL);
    for (int i = 0; i < 3; i++) {
        join(c, &peers[i]);
        echo(c, &peers[i], UINT64_C(1000) * (unsigned)(i + 1));
        if (i == 2)
            half_close(c, &peers[i]);
        if (i == 2)
            receive_end(c, &peers[i]);
        peer_close(&peers[i]);
    }
    /* The bytes are compared with what we sent after every clean case; here
     * also the number of connections. */
    struct process_ledger read = {0};
    bool has_ledger = false;
    if (!going_on(c))
        return;
    int status = process_stop(&c->server, STOP_MS, &read, &has_ledger);
    expect(c, status == 0 && has_ledger,
           "expected exit status 0 and a ledger, saw %d: \"%.200s\"", status,
           c->server.out);
    expect(c,
           read.accepted == 3 && read.closed == 3 && read.bytes_in == 6000 &&
               read.bytes_out == 6000 && read.posted == read.completed &&
               read.live == 0,
           "expected 3 connections and 6000 bytes each way, saw \"%.200s\"",
           c->server.out);
}

const struct check_case data_cases[] = {
    {"ready", "one flushed line with the port", ready, GROUP_BASIC, CASE_STARTS,
     NULL, 0},
    {"one_byte", "1 byte", one_byte, GROUP_BASIC, 0, NULL, 0},
    {"binary", "all 256 values, zeros, control characters", binary, GROUP_BASIC,
     0, NULL, 0},
    {"sizes", "around the buffer's size and its multiples", sizes, GROUP_BASIC,
     0, NULL, 0},
    {"tiny_buffer", "--buffer 1; no send waits for an acknowledgement",
     tiny_buffer, GROUP_ONE, 0, "--buffer 1", 0},
    {"dribble", "2,000 single bytes, then 8 KiB in few reads", dribble,
     GROUP_BASIC, 0, NULL, 0},
    {"pipelined", "10,000 x 64 bytes sent before reading", pipelined,
     GROUP_BASIC, 0, NULL, 0},
    {"order_64m", "64 MiB, both directions at once, memory flat", order_64m,
     GROUP_HEAVY, 0, NULL, 120},
    {"huge_1g", "1 GiB, memory flat", huge_1g, GROUP_HEAVY, CASE_LONG, NULL,
     900},
    {"ledger", "the ledger counts connections and bytes", ledger, GROUP_BASIC,
     CASE_STARTS, NULL, 0},
    {NULL, NULL, NULL, 0, 0, NULL, 0}};
