/* 05_iocp/solutions/broadcast.c, the step past the echo: what one client sends
 * goes to all others. A byte says who has said it, and its number modulo 64:
 * wherever the stream is cut, and whoever stands in between, a byte that is
 * lost, doubled or out of order is seen. */
#include <stdio.h>
#include <string.h>

#include "cases.h"

enum {
    SPEAKERS = 3,
    NOISE = 3,         /* who says such bytes is not listened to */
    SAY_BYTES = 16384, /* far less than a queue takes */
    SPEAK_BYTES = 1048576,
    SAY_AT_MOST = 33554432,
    GROWTH_BYTES = 8388608,
    LIVES = 1000
};

struct ear {
    struct peer *p;
    uint64_t heard[SPEAKERS];
};

/* Each is written by one thread: the speaker, and that of the case. */
static volatile uint64_t said[SPEAKERS], heard_by_all[SPEAKERS];
static struct peer *speakers;
static volatile LONG lives;

/* Starts the program that --program names, or else the solution. */
static void start_broadcast(const char *faults)
{
    char name[64], path[PATH_BYTES + 80], command[PATH_BYTES + 200];
    char message[800];
    for (int i = 0; i < SPEAKERS; i++)
        said[i] = heard_by_all[i] = 0;
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
    char bytes[SAY_BYTES];
    for (int sent = 0; sent < count && p->state == PEER_OPEN;) {
        for (int i = 0; i < at_once; i++)
            bytes[i] = (char)(speaker << 6 |
                              (int)((said[speaker] + (unsigned)i) % 64));
        if (!wait_ready(p, POLLWRNORM))
            return;
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

/* Hears what is there, or comes first. */
static void hear_some(struct ear *ear, int own)
{
    static unsigned char bytes[SAY_BYTES];
    wait_ready(ear->p, POLLRDNORM);
    int count = recv(ear->p->s, (char *)bytes, sizeof bytes, 0);
    expect(count > 0, "a listener is not sent any more: %d, error %d", count,
           WSAGetLastError());
    for (int i = 0; i < count; i++) {
        int speaker = bytes[i] >> 6;
        if (speaker == NOISE)
            continue;
        expect(speaker != own, "heard speaker %d, who is no other", speaker);
        uint64_t next = ear->heard[speaker]++;
        expect((bytes[i] & 63) == (next & 63),
               "expected byte %llu of speaker %d, number %d, saw %d",
               (unsigned long long)next, speaker, (int)(next & 63),
               bytes[i] & 63);
    }
}

/* Hears all that has been said by others. */
static void hear(struct ear *ear, int own)
{
    while (is_behind(ear, own))
        hear_some(ear, own);
}

/* One step of a speaker in a thread of its own: it is at most SAY_BYTES ahead of
 * who has heard the least, so that all of them together fill no queue. */
static bool speak(struct peer *p, int count)
{
    static const int sizes[] = {1, 20, 1500, 4096};
    int speaker = (int)(p - speakers);
    (void)count;
    if (said[speaker] + 4096 > heard_by_all[speaker] + SAY_BYTES)
        Sleep(0);
    else
        say(p, speaker, 1, sizes[said[speaker] / 64 % 4]);
    return said[speaker] < SPEAK_BYTES;
}

/* Three who speak at once and two who do not speak. Once a worker is late
 * between two listeners, and once a send is short. */
void broadcast_order(void)
{
    enum { EARS = 5 };
    struct ear ears[EARS] = {{0}};
    speakers = new_peers(EARS);
    start_broadcast("WSASend@9=stall300,WSASend@400=short");
    join_all(speakers, EARS);
    expect_clients(EARS);
    for (int k = 0; k < SPEAKERS; k++)
        beside(&speakers[k], 1, speak);
    for (bool is_done = false; !is_done;) {
        is_done = true;
        for (int i = 0; i < SPEAKERS; i++)
            is_done = is_done && said[i] >= SPEAK_BYTES;
        for (int k = 0; k < EARS; k++) {
            ears[k].p = &speakers[k];
            if (is_behind(&ears[k], k)) {
                hear_some(&ears[k], k);
                is_done = false;
            }
        }
        for (int i = 0; i < SPEAKERS; i++) {
            uint64_t least = UINT64_MAX;
            for (int k = 0; k < EARS; k++)
                if (k != i && ears[k].heard[i] < least)
                    least = ears[k].heard[i];
            heard_by_all[i] = least;
        }
        in_time();
    }
    /* Who leaves may be set SO_LINGER. */
    expect(calls_of(OBSERVE_setsockopt, OBSERVE_setsockopt) >
               calls_of(OBSERVE_closesocket, OBSERVE_closesocket),
           "expected TCP_NODELAY to be set: without it a short message waits "
           "for the acknowledgement of the one before");
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

/* Reads to the end of the stream, which must be an orderly one: nothing was
 * said that p has not been sent. */
static bool hear_the_end(struct peer *p)
{
    static const char what[] = "a client that ended its stream was reset";
    for (int count = 1; count > 0;) {
        char bytes[1024];
        if (!wait_ready(p, POLLRDNORM))
            return false;
        expect(!was_reset(p), "%s", what);
        count = recv(p->s, bytes, sizeof bytes, 0);
        expect(count >= 0, "%s: error %d", what, WSAGetLastError());
    }
    peer_close(p);
    return true;
}

/* One life after the other: p comes, says little, and leaves by a reset, by
 * closing, or by an end of its stream, after which it reads. */
static bool come_and_go(struct peer *p, int count)
{
    static const char noise[] = "\xC0\xC1\xC2\xC3\xC4\xC5\xC6\xC7";
    LONG life = InterlockedIncrement(&lives);
    (void)count;
    if (life > LIVES || !join(p) ||
        send(p->s, noise, sizeof noise - 1, 0) != sizeof noise - 1)
        return false;
    if (life % 3 == 0)
        return half_close(p) && hear_the_end(p);
    if (life % 3 == 1)
        peer_reset(p);
    else
        peer_close(p);
    return true;
}

/* Clients that leave while a send to them is in flight: by an end of stream,
 * after which they hear all, and by a reset. Each cancel is late, so who frees
 * too early is seen. Then many come and go at once; too little is said by all of
 * them together to fill a queue. */
void broadcast_leavers(void)
{
    enum { LEAVERS = 2, THREADS = 8 };
    struct peer *peers = new_peers(3 + THREADS);
    struct ear ears[2] = {{.p = &peers[0]}, {.p = &peers[1]}};
    start_broadcast("CancelIoEx@every=stall200");
    join_all(peers, 2);
    for (int i = 0; i < LEAVERS; i++) {
        struct process_counts before, now;
        struct ear leaver = {.p = &peers[2], .heard = {said[0]}};
        peers[2].receive_buffer_bytes = SMALL_BUFFER;
        join(&peers[2]);
        expect_clients(3);
        counts_of(&before);
        do {
            say(&peers[0], 0, SAY_BYTES, SAY_BYTES);
            hear(&ears[1], 1);
            counts_of(&now);
            in_time();
        } while (has_clients(3) &&
                 now.calls[OBSERVE_WSASend][OBSERVE_PENDING] ==
                     before.calls[OBSERVE_WSASend][OBSERVE_PENDING]);
        if (i % 2 == 0) {
            half_close(&peers[2]);
            hear(&leaver, 2);
            hear_the_end(&peers[2]);
        } else {
            peer_reset(&peers[2]);
        }
        expect_clients(2);
    }
    stop("dropped=0");

    start_broadcast(NULL);
    join_all(peers, 2);
    expect_clients(2);
    ears[1].heard[0] = 0;
    lives = 0;
    for (int i = 0; i < THREADS; i++)
        beside(&peers[3 + i], 1, come_and_go);
    while (lives < LIVES) {
        if (said[0] < SAY_BYTES)
            say(&peers[0], 0, 16, 16);
        hear_some(&ears[0], 0);
        hear(&ears[1], 1);
    }
    end_helpers();
    expect_clients(2);
    hear(&ears[1], 1);
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
