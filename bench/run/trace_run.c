#include "trace_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connect.h"
#include "process.h"
#include "../../common/clock.h"
#include "../../common/report.h"

enum {
    CLIENTS = 2,
    MESSAGE_BYTES = 3,
    PAUSE_MS = 20,
    LIMIT_MS = 5000,
    NOTES_BYTES = 2000
};

/* Two AcceptEx are enough to see how one follows the other; by default there
 * are 32, and most of them would only be cancelled at the end. */
static const struct {
    const char *program;
    const char *options;
} servers[] = {{"01_blocking", ""},
               {"02_nonblocking", ""},
               {"03_overlapped_event", ""},
               {"04_overlapped_apc", ""},
               {"05_iocp", "--accepts 2"}};

/* ---- the scenario -------------------------------------------------------- */

/* Says what happens now, as a line of a trace: what client i does, or nobody. */
static void note(char *notes, int i, const char *what)
{
    const char who[] = {(char)('A' + i), ' ', '\0'};
    size_t used = strlen(notes);
    uint64_t now_ns = clock_ns();
    snprintf(notes + used, NOTES_BYTES - used,
             "%" PRIu64 ",%" PRIu64 ",0,0,%s%s,done,0,0\n", now_ns, now_ns,
             i >= 0 ? who : "", what);
}

/* Sends a message and waits for its echo. */
static bool echo(char *notes, SOCKET s, int i)
{
    char bytes[MESSAGE_BYTES] = {0};
    int got = 0;
    int taken = 1;
    Sleep(PAUSE_MS);
    note(notes, i, "sends");
    if (send(s, bytes, MESSAGE_BYTES, 0) != MESSAGE_BYTES)
        return false;
    while (got < MESSAGE_BYTES && taken > 0) {
        connect_poll(s, POLLRDNORM, LIMIT_MS);
        taken = recv(s, bytes, MESSAGE_BYTES - got, 0);
        got += taken;
    }
    return got == MESSAGE_BYTES;
}

/* Ends the stream and waits for the server's end. */
static bool end_stream(char *notes, SOCKET s, int i)
{
    char byte;
    note(notes, i, "ends its stream");
    bool good = shutdown(s, SD_SEND) == 0 &&
                connect_poll(s, POLLRDNORM, LIMIT_MS) != 0 &&
                recv(s, &byte, 1, 0) == 0;
    note(notes, i, "sees the end");
    return good;
}

/* Two clients connect, send a message each, and leave: the first ends its half of
 * the stream and waits for the server's end, the other closes. */
static bool play(char *notes, const struct process *server)
{
    SOCKET clients[CLIENTS];
    bool good = true;
    for (int i = 0; i < CLIENTS; i++) {
        Sleep(PAUSE_MS);
        note(notes, i, "connects");
        clients[i] = connect_begin(server->host, server->port, 0);
        good = clients[i] != INVALID_SOCKET &&
               connect_end(clients[i], LIMIT_MS) == 0 && good;
    }
    for (int i = 0; i < CLIENTS && good; i++)
        good = echo(notes, clients[i], i);
    Sleep(PAUSE_MS);
    good = good && end_stream(notes, clients[0], 0);
    for (int i = 0; i < CLIENTS; i++) {
        if (i > 0) {
            Sleep(PAUSE_MS);
            note(notes, i, "closes");
        }
        closesocket(clients[i]);
    }
    Sleep(PAUSE_MS);
    return good;
}

/* False: said why on stderr. */
static bool play_and_stop(char *notes, const char *program,
                          const char *arguments)
{
    struct process server;
    char message[600] = "a client was not served";
    bool good = process_start(&server, program, arguments, 15000, message,
                              sizeof message);
    if (good) {
        good = play(notes, &server);
        note(notes, -1, "stop");
        good = process_stop(&server, LIMIT_MS, NULL, NULL) == 0 && good;
    }
    if (!good)
        report("%s: %s", program, message);
    process_free(&server);
    return good;
}

char *trace_run(const char *own_folder, const char *folder, int model)
{
    enum { TRACE_BYTES = 1 << 22 };
    char path[PATH_BYTES + 64];
    char program[PATH_BYTES + 64];
    char arguments[sizeof path + 80];
    char notes[NOTES_BYTES] = "";
    snprintf(path, sizeof path, "%s\\%02d_trace.csv", folder, model);
    snprintf(program, sizeof program, "%s\\%s.exe", own_folder,
             servers[model - 1].program);
    snprintf(arguments, sizeof arguments, "%s --trace \"%s\"",
             servers[model - 1].options, path);
    bool good = play_and_stop(notes, program, arguments);
    char *text = calloc(1, TRACE_BYTES);
    FILE *file = utf8_open(path, "a+b");
    good = file != NULL && text != NULL && fputs(notes, file) != EOF && good;
    if (good) {
        rewind(file);
        good = fread(text, 1, TRACE_BYTES - 1, file) > 0;
    }
    if (file != NULL)
        fclose(file);
    if (good)
        return text;
    report("%s: no trace", program);
    free(text);
    return NULL;
}
