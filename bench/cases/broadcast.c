/* 05_iocp/solutions/broadcast.c, the step past the echo: what one client sends
 * goes to all others. A byte says who has said it, and its number modulo 64:
 * wherever the stream is cut, and whoever stands in between, a byte that is
 * lost, doubled or out of order is seen. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

enum {
    SPEAKERS = 3,
    SAY_BYTES = 16384, /* far less than a queue takes */
    SAY_AT_MOST = 33554432,
    GROWTH_BYTES = 8388608
};

struct ear {
    struct peer *p;
    uint64_t heard[SPEAKERS];
};

static uint64_t said[SPEAKERS];

/* Starts the program that --program names, or else the solution. */
static void start_broadcast(const char *faults)
{
    char name[64], path[PATH_BYTES + 80], command[PATH_BYTES + 200];
    char message[800];
    memset(said, 0, sizeof said);
    snprintf(path, sizeof path, "%s", check.program);
    if (strstr(path, "05_iocp.exe") != NULL)
        next_to_this_program("solutions\\05_iocp_broadcast.exe", path,
                             sizeof path);
    snprintf(name, sizeof name, "broadcast-stop-%lu-%llu",
             GetCurrentProcessId(), (unsigned long long)clock_ns());
    snprintf(command, sizeof command, "\"%s\" {port} %s", path, name);
    SetEnvironmentVariableA("OBSERVE_FAULTS", faults);
    bool is_up = process_start_peer(&check.server, command, STEP_MS, message,
                                    sizeof message);
    SetEnvironmentVariableA("OBSERVE_FAULTS", NULL);
    expect(is_up, "broadcast does not start: %s", message);
    check.server.stop_event = CreateEventA(NULL, TRUE, FALSE, name);
    snprintf(check.server.stop_name, sizeof check.server.stop_name, "%s", name);
    need_counters();
}

/* It has been asked to stop. */
static void finish(const char *last_line)
{
    int status = process_wait(&check.server, STOP_MS);
    process_kill(&check.server);
    expect(status == 0, "expected it to stop with status 0, saw %d", status);
    expect(strstr(check.server.out, last_line) != NULL,
           "expected \"%s\" as its last line, saw \"%.100s\"", last_line,
           check.server.out);
    process_free(&check.server);
}

static void stop(const char *last_line)
{
    SetEvent(check.server.stop_event);
    finish(last_line);
}

/* With the listener there is one socket more. */
static bool has_clients(int count)
{
    return check.server.counters->live.sockets == count + 1;
}

static void expect_clients(int count)
{
    wait_until(has_clients(count), FREED_MS);
    expect(has_clients(count), "expected %d clients, saw %ld", count,
           check.server.counters->live.sockets - 1);
}

/* In as many sends as count / at_once. */
static void say(struct peer *p, int speaker, int count, int at_once)
{
    static char bytes[SAY_BYTES];
    for (int sent = 0; sent < count;) {
        for (int i = 0; i < at_once; i++)
            bytes[i] = (char)(speaker << 6 |
                              (int)((said[speaker] + (unsigned)i) % 64));
        wait_ready(p, POLLWRNORM);
        int taken = send(p->s, bytes, at_once, 0);
        expect(taken > 0 || WSAGetLastError() == WSAEWOULDBLOCK,
               "speaker %d cannot send: error %d", speaker, WSAGetLastError());
        sent += taken > 0 ? taken : 0;
        said[speaker] += taken > 0 ? (unsigned)taken : 0;
    }
}

static bool is_behind(const struct ear *ear, int own)
{
    bool behind = false;
    for (int i = 0; i < SPEAKERS; i++)
        behind = behind || (i != own && ear->heard[i] < said[i]);
    return behind;
}

/* Hears all that has been said by others. */
static void hear(struct ear *ear, int own)
{
    static unsigned char bytes[SAY_BYTES];
    while (is_behind(ear, own)) {
        wait_ready(ear->p, POLLRDNORM);
        int count = recv(ear->p->s, (char *)bytes, sizeof bytes, 0);
        expect(count > 0, "a listener is not sent any more: %d, error %d",
               count, WSAGetLastError());
        for (int i = 0; i < count; i++) {
            int speaker = bytes[i] >> 6;
            expect(speaker < SPEAKERS && speaker != own,
                   "heard speaker %d, who is no other", speaker);
            uint64_t next = ear->heard[speaker]++;
            expect((bytes[i] & 63) == (next & 63),
                   "expected byte %llu of speaker %d, number %d, saw %d",
                   (unsigned long long)next, speaker, (int)(next & 63),
                   bytes[i] & 63);
        }
    }
}

/* Three who speak and two who do not. A round is less than a queue takes. Once
 * a worker is late between two listeners, and once a send is short. */
void broadcast_order(void)
{
    enum { EARS = 5, ROUNDS = 20, IN_ROUND = 20 };
    struct peer *peers = new_peers(EARS);
    struct ear ears[EARS] = {{0}};
    start_broadcast("WSASend@9=stall300,WSASend@400=short");
    join_all(peers, EARS);
    expect_clients(EARS);
    for (int i = 0; i < ROUNDS; i++) {
        int at_once = i % 2 == 0 ? 1 : IN_ROUND;
        for (int n = 0; n < IN_ROUND; n += at_once)
            for (int k = 0; k < SPEAKERS; k++)
                say(&peers[k], k, at_once, at_once);
        for (int k = 0; k < EARS; k++) {
            ears[k].p = &peers[k];
            hear(&ears[k], k);
        }
    }
    stop("dropped=0");
}

/* One never reads: it is dropped, the memory stays, and nobody waits for it. */
void broadcast_drops(void)
{
    struct peer *peers = new_peers(3);
    struct ear ear = {.p = &peers[1]};
    start_broadcast(NULL);
    peers[2].receive_buffer_bytes = SMALL_BUFFER;
    join_all(peers, 3);
    expect_clients(3);
    uint64_t memory = process_memory_bytes(&check.server);
    while (!has_clients(2) && said[0] < SAY_AT_MOST) {
        say(&peers[0], 0, SAY_BYTES, SAY_BYTES);
        hear(&ear, 1);
    }
    expect_clients(2);
    memory_flat(memory, GROWTH_BYTES);
    join(&peers[2]);
    expect_clients(3);
    struct ear newcomer = {.p = &peers[2], .heard = {said[0]}};
    say(&peers[0], 0, SAY_BYTES, SAY_BYTES);
    hear(&ear, 1);
    hear(&newcomer, 2);
    stop("dropped=1");
}

/* Clients that leave while a send to them is in flight: by an end of stream,
 * and by a reset. Each cancel is late, so who frees too early is seen. */
void broadcast_leavers(void)
{
    enum { LEAVERS = 2 };
    struct peer *peers = new_peers(3);
    struct ear ear = {.p = &peers[1]};
    start_broadcast("CancelIoEx@every=stall200");
    join_all(peers, 2);
    for (int i = 0; i < LEAVERS; i++) {
        struct process_counts before, now;
        peers[2].receive_buffer_bytes = SMALL_BUFFER;
        join(&peers[2]);
        expect_clients(3);
        counts_of(&before);
        do {
            say(&peers[0], 0, SAY_BYTES, SAY_BYTES);
            hear(&ear, 1);
            counts_of(&now);
            in_time();
        } while (has_clients(3) &&
                 now.calls[OBSERVE_WSASend][OBSERVE_PENDING] ==
                     before.calls[OBSERVE_WSASend][OBSERVE_PENDING]);
        if (i % 2 == 0)
            half_close(&peers[2]);
        else
            peer_reset(&peers[2]);
        expect_clients(2);
    }
    stop("dropped=0");
}

/* In all states, once by the event and once by Ctrl+C. */
void broadcast_stop(void)
{
    enum { IDLE = 5 };
    struct peer *peers = new_peers(IDLE + 2);
    for (int by_event = 0; by_event < 2; by_event++) {
        start_broadcast(NULL);
        join_all(peers, IDLE + 2);
        expect_clients(IDLE + 2);
        if (by_event == 1) { /* while sends are in flight and bytes come */
            uint64_t sent = 0;
            for (int taken = 1; taken > 0 && sent < SAY_AT_MOST;) {
                static const char bytes[SAY_BYTES];
                taken = send(peers[IDLE].s, bytes, sizeof bytes, 0);
                sent += taken > 0 ? (unsigned)taken : 0;
            }
            stop("dropped=");
        } else {
            if (!process_ctrl_c(&check.server))
                skip("no way to send Ctrl+C here (Wine without a shell)");
            finish("dropped=0");
        }
        for (int i = 0; i < IDLE + 2; i++)
            peer_close(&peers[i]);
    }
}
