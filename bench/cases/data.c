/* Every byte comes back, in order, however it was cut up on its way. */
#include <stdio.h>

#include "cases.h"

enum { BUFFER_BYTES = 16384 }; /* what the servers have by default */

/* That the line came, at once, and could be read is checked at every start. Here:
 * nothing came with it, and nothing comes after it but the ledger. */
void ready(struct check *c)
{
    start_server(c, "");
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

void one_byte(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(p);
    echo(p, 1);
}

/* Sends these bytes as they are and expects them back. */
static void echo_raw(struct peer *p, const char *bytes, int count)
{
    char back[512];
    int got = 0;
    int taken = 1;
    expect(p->c, send(p->s, bytes, count, 0) == count, "could not send");
    p->sent_ever += (uint64_t)count;
    while (got < count && taken > 0) {
        wait_ready(p, POLLRDNORM);
        taken = recv(p->s, back + got, (int)sizeof back - got, 0);
        got += taken;
    }
    expect(p->c, got == count, "expected %d bytes back, saw %d", count, got);
    for (int i = 0; i < count; i++)
        expect(p->c, back[i] == bytes[i],
               "byte %d: expected 0x%02x, saw 0x%02x", i,
               (unsigned)(unsigned char)bytes[i],
               (unsigned)(unsigned char)back[i]);
}

void binary(struct check *c)
{
    char all[256];
    char zeros[64] = {0};
    struct peer *p = new_peers(c, 1);
    for (int i = 0; i < 256; i++)
        all[i] = (char)(unsigned char)i;
    join(p);
    echo_raw(p, all, sizeof all);
    echo_raw(p, zeros, sizeof zeros);
    echo_raw(p, "\r\n\x1a\x04%s%n", 8);
}

void sizes(struct check *c)
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
    join(p);
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        echo(p, list[i]);

    /* A million bytes in pieces that follow no pattern of the buffer's. */
    uint64_t left = 1048576;
    for (uint32_t x = 12345; left > 0;) {
        x = x * 1664525u + 1013904223u;
        uint64_t piece = (x >> 8) % 30000 + 1;
        piece = piece < left ? piece : left;
        echo(p, piece);
        left -= piece;
    }
}

/* Ten bytes are ten sends. With TCP_NODELAY off the second waits until the first
 * has been acknowledged, which the client's system puts off, 40 ms on Linux,
 * when there is an answer to every byte; hence the pings first. */
void tiny_buffer(struct check *c)
{
    enum { ATTEMPTS = 10, WITHIN_MS = 36 };
    struct peer *p = new_peers(c, 1);
    join(p);
    echo(p, 300);
    int64_t needed = calls_of(c, OBSERVE_recv, OBSERVE_WSARecv);
    expect(c, needed < 0 || needed >= 300,
           "expected no read to take more than the buffer holds, saw 300 bytes "
           "read by %d",
           (int)needed);
    for (int i = 0; i < 30; i++)
        echo(p, 1);
    uint64_t quickest_ms = quickest_echo_ms(p, ATTEMPTS);
    expect(c, quickest_ms < WITHIN_MS,
           "expected 10 bytes back within %d ms at least once, saw %u ms",
           WITHIN_MS, (unsigned)quickest_ms);
}

void dribble(struct check *c)
{
    enum { SINGLE_COUNT = 2000, WAITED_FOR = 50 };
    struct peer *p = new_peers(c, 1);
    join(p);
    for (int i = 0; i < SINGLE_COUNT; i++) {
        send_bytes(p, 1);
        if (i < WAITED_FOR)
            receive_bytes(p, 1);
    }
    receive_rest(p);

    /* A receive length that was set to what came and never set back makes
     * every later read a small one. */
    int64_t before = calls_of(c, OBSERVE_recv, OBSERVE_WSARecv);
    echo(p, 8192);
    int64_t needed = calls_of(c, OBSERVE_recv, OBSERVE_WSARecv) - before;
    /* One that spins also reads in vain, as often as it has time. */
    expect(c, needed <= 40 || (c->groups & GROUP_QUIET) == 0,
           "expected 8192 bytes to be read in a few calls, saw %d",
           (int)needed);
}

void pipelined(struct check *c)
{
    enum { TOTAL_BYTES = 640000 };
    struct peer *p = new_peers(c, 1);
    join(p);
    while (p->sent < TOTAL_BYTES && send_some(p, 64) > 0)
        continue; /* until the system's buffers are full */
    p->send_goal = p->receive_goal =
        p->sent > TOTAL_BYTES ? p->sent : TOTAL_BYTES;
    p->chunk_bytes = 64;
    peers_run(p, 1);
}

/* Both directions at once. */
static void stream(struct check *c, uint64_t bytes)
{
    struct peer *p = new_peers(c, 1);
    join(p);
    echo(p, 1048576);
    uint64_t memory = process_memory_bytes(&c->server);
    for (uint64_t done = 0; done < bytes; done += 8388608)
        echo(p, 8388608);
    memory_flat(c, memory, 8388608);
}

void order_64m(struct check *c)
{
    stream(c, 67108864);
}

void huge_1g(struct check *c)
{
    stream(c, 1073741824);
}

/* ---- the client has said all it has to say, and still wants its echo ------- */

void halfclose_small(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(p);
    send_bytes(p, 100);
    half_close(p);
    receive_bytes(p, 100);
    receive_end(p);
}

void halfclose_empty(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(p);
    leave(p);
}

/* Reads only when sending stalls, so that as much as the system holds is still
 * under way when the end of the stream is sent. */
void halfclose_large(struct check *c)
{
    enum { TOTAL_BYTES = 8388608, STEP_BYTES = 65536 };
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = STEP_BYTES; /* so that sending does stall */
    join(p);
    while (p->sent < TOTAL_BYTES) {
        send_what_fits(p, TOTAL_BYTES - p->sent);
        if (p->sent < TOTAL_BYTES)
            receive_bytes(p, under_way(p, 1) < STEP_BYTES ? 1 : STEP_BYTES);
    }
    half_close(p);
    /* A slow reader: nothing at first, then in steps. */
    pass_time(c, 200);
    for (int i = 0; i < 10; i++) {
        uint64_t left = under_way(p, 1);
        receive_bytes(p, left < STEP_BYTES ? left : STEP_BYTES);
        pass_time(c, 20);
    }
    receive_rest(p);
    receive_end(p);
}

/* Wine 10 may take the whole of a buffer that does not fit, say so, and lose the
 * rest of it when WSAPoll() then reports POLLHUP. If the server has done its
 * part, as the seam shows, that is what happened, and nothing is shown. */
static bool wine_has_lost_bytes(struct peer *p)
{
    char rest[4096];
    int64_t in = 0;
    int64_t out = 0;
    p->patience_ms = 1000;
    while (p->state == PEER_OPEN && wait_ready(p, POLLRDNORM) &&
           recv(p->s, rest, sizeof rest, 0) > 0)
        continue;
    return wine_here() && bytes_moved(p->c, &in, &out) &&
           in == (int64_t)p->sent && out == in;
}

/* The server has bytes that it cannot send and knows, or could know, that no
 * more will come: the state in which a readiness loop spins, and in which WSAPoll
 * says POLLHUP, which is neither a reason to close nor one to wake up again and
 * again. */
void halfclose_blocked(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    p->receive_buffer_bytes = SMALL_BUFFER;
    join(p);
    send_until_stuck(p);
    half_close(p);
    pass_time(c, 200); /* whatever the end of the stream sets in motion */
    expect_quiet(c, c->is_long ? 5000 : 1000);
    p->may_fail = p->may_lose = true;
    if (!receive_rest(p)) {
        char problem[sizeof p->problem];
        snprintf(problem, sizeof problem, "%s", p->problem);
        if (wine_has_lost_bytes(p))
            skip(c, "Wine has lost bytes that the server's send() had sent");
        expect(c, false, "%s", problem);
    }
    p->may_fail = false;
    receive_end(p);
}

/* Everything has come back; the client has only not closed yet. */
void halfclose_idle(struct check *c)
{
    struct peer *p = new_peers(c, 1);
    join(p);
    echo(p, 5000);
    half_close(p);
    receive_end(p);
    expect_quiet(c, 500);
}
