#include "trace_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "peer.h"
#include "process.h"
#include "../report/trace.h"
#include "../../common/clock.h"
#include "../../common/report.h"

enum {
    MODELS = 5,
    CLIENTS = 3,
    MESSAGE_BYTES = 3,
    PAUSE_MS = 20,
    LIMIT_MS = 5000
};

/* Two AcceptEx are enough to see how one follows the other; by default there
 * are 32, and most of them would only be cancelled at the end. */
static const struct {
    const char *program;
    const char *options;
    const char *title;
} models[MODELS] = {{"01_blocking", "", "01 blocking"},
                    {"02_nonblocking", "", "02 non-blocking"},
                    {"03_overlapped_event", "", "03 events"},
                    {"04_overlapped_apc", "", "04 completion routines"},
                    {"05_iocp", "--accepts 2", "05 completion port"}};

/* ---- the scenario -------------------------------------------------------- */

/* Says what client i does now; before it, the server comes to rest. */
static void note(struct trace *trace, int i, const char *what)
{
    char text[32];
    snprintf(text, sizeof text, "%c %s", 'A' + i, what);
    trace_note(trace, clock_ns(), text);
}

static bool echo(struct trace *trace, struct peer *peers, int i)
{
    Sleep(PAUSE_MS);
    note(trace, i, "sends");
    return peer_echo(&peers[i], MESSAGE_BYTES, LIMIT_MS);
}

/* Three clients connect, send two messages each in turn, and leave: the first
 * ends its half of the stream and waits for the server's end, the others
 * close. */
static bool play(struct trace *trace, struct peer peers[CLIENTS],
                 const struct process *server)
{
    bool good = true;
    for (int i = 0; i < CLIENTS && good; i++) {
        Sleep(PAUSE_MS);
        note(trace, i, "connects");
        good = peer_connect(&peers[i], server->host, server->port, LIMIT_MS);
    }
    for (int i = 0; i < 2 * CLIENTS && good; i++)
        good = echo(trace, peers, i % CLIENTS);
    Sleep(PAUSE_MS);
    note(trace, 0, "ends its stream");
    good = good && peer_half_close(&peers[0]) &&
           peer_receive_end(&peers[0], LIMIT_MS);
    note(trace, 0, "sees the end");
    for (int i = 0; i < CLIENTS; i++) {
        if (i > 0) {
            Sleep(PAUSE_MS);
            note(trace, i, "closes");
        }
        peer_close(&peers[i]);
    }
    Sleep(PAUSE_MS);
    return good;
}

/* False: said why on stderr. */
static bool play_and_stop(struct trace *trace, const char *program,
                          const char *arguments)
{
    struct process server;
    struct peer peers[CLIENTS] = {{0}};
    char message[600] = "";
    bool good = process_start(&server, program, arguments, 15000, message,
                              sizeof message);
    if (good) {
        for (int i = 0; i < CLIENTS; i++)
            peers[i].tag = (uint32_t)i + 1;
        good = play(trace, peers, &server);
        for (int i = 0; i < CLIENTS && message[0] == '\0'; i++)
            snprintf(message, sizeof message, "%s", peers[i].problem);
        trace_note(trace, clock_ns(), "stop");
        good = process_stop(&server, LIMIT_MS, NULL, NULL) == 0 && good;
    }
    if (!good)
        report("%s: %s", program, message);
    process_free(&server);
    return good;
}

/* ---- files --------------------------------------------------------------- */

/* The whole file; NULL: it cannot be read. free() it. */
static char *read_whole(const char *path)
{
    enum { AT_MOST = 1 << 22 };
    FILE *file = utf8_open(path, "rb");
    char *text = file != NULL ? calloc(1, AT_MOST) : NULL;
    if (text != NULL && fread(text, 1, AT_MOST - 1, file) == 0) {
        free(text);
        text = NULL;
    }
    if (file != NULL)
        fclose(file);
    return text;
}

/* Frees the text. False: said so on stderr. */
static bool write_file(const char *folder, const char *name, struct out *out)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = utf8_open(path, "wb");
    bool good = file != NULL && !out->is_incomplete &&
                fwrite(out->text, 1, out->bytes, file) == out->bytes;
    good = file != NULL && fclose(file) == 0 && good;
    if (!good)
        report("cannot write %s", path);
    free(out->text);
    *out = (struct out){0};
    return good;
}

static bool write_model(const char *folder, int model,
                        const struct trace *trace)
{
    struct out out = {0};
    char name[40];
    bool good = !trace->is_incomplete;
    snprintf(name, sizeof name, "%02d_timeline.svg", model);
    trace_write_svg(&out, trace);
    good = write_file(folder, name, &out) && good;
    snprintf(name, sizeof name, "%02d_timeline.txt", model);
    trace_write_text(&out, trace);
    good = write_file(folder, name, &out) && good;
    snprintf(name, sizeof name, "%02d_trace.json", model);
    trace_write_json(&out, trace);
    return write_file(folder, name, &out) && good;
}

static bool run_model(const char *own_folder, const char *folder, int model,
                      struct trace *trace)
{
    char path[PATH_BYTES + 64];
    char program[PATH_BYTES + 64];
    char arguments[sizeof path + 80];
    snprintf(path, sizeof path, "%s\\%02d_trace.csv", folder, model);
    snprintf(program, sizeof program, "%s\\%s.exe", own_folder,
             models[model - 1].program);
    snprintf(arguments, sizeof arguments, "%s --trace \"%s\"",
             models[model - 1].options, path);
    trace->title = models[model - 1].title;
    bool good = play_and_stop(trace, program, arguments);
    char *text = read_whole(path);
    wchar_t *wide = utf8_wide(path);
    DeleteFileW(wide);
    free(wide);
    if (text == NULL)
        report("%s: no trace", program);
    else
        trace_read(trace, text);
    good = good && text != NULL;
    free(text);
    trace_arrange(trace);
    return write_model(folder, model, trace) && good;
}

int trace_run(const char *own_folder, const char *folder, const int *chosen,
              int count)
{
    struct trace traces[MODELS] = {{0}};
    struct out out = {0};
    bool good = true;
    folder = folder != NULL ? folder : ".";
    for (int i = 0; i < count; i++)
        good = run_model(own_folder, folder, chosen[i], &traces[i]) && good;
    trace_write_echo(&out, traces, count);
    good = write_file(folder, "one_echo.svg", &out) && good;
    for (int i = 0; i < count; i++)
        trace_free(&traces[i]);
    if (good)
        utf8_printf(stdout, "the timelines are in %s\n", folder);
    return !good;
}
