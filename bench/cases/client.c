/* What a person does to the programs: types names, pipes bytes in, and has a
 * disk that is full. The client is that which stands next to this program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* "Hangul" in Hangul, a character beyond 16 bits, a blank. */
#define TYPED "\xED\x95\x9C\xEA\xB8\x80 \xF0\x9F\x98\x80"

/* Runs the client on input, until its end. said must stand in its output. */
static void run_client(struct check *c, const char *arguments,
                       const char *input, size_t input_bytes, const char *said,
                       size_t said_bytes)
{
    char path[PATH_BYTES + 40];
    char all[PATH_BYTES + 100];
    struct process *run = &c->other;
    next_to_this_program("client.exe", path, sizeof path);
    snprintf(all, sizeof all, "--port %u %s", c->server.port, arguments);
    bool launched = process_launch(run, path, all, input, input_bytes);
    int status = launched ? process_wait(run, STEP_MS) : -1;
    process_kill(run);
    expect(c,
           status == 0 && run->out_bytes >= said_bytes &&
               memcmp(run->out, said, said_bytes) == 0,
           "client %.60s: expected \"%.100s\", saw \"%.100s\", status %d, "
           "\"%.200s\"",
           arguments, said, run->out, status, run->err);
    process_free(run);
}

/* A socket that is connected with itself is told from one that is not. */
static void own_peer(struct check *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address;
    struct peer *p = joined(c, 1);
    expect(c, !net_is_own_peer(p->s), "expected a server to be another peer");
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    bool is_own = bind(s, (struct sockaddr *)&address, length) == 0 &&
                  getsockname(s, (struct sockaddr *)&address, &length) == 0 &&
                  connect(s, (struct sockaddr *)&address, length) == 0 &&
                  net_is_own_peer(s);
    net_close_abortively(s);
    expect(c, is_own, "expected the socket to be its own peer");
}

/* Text that no code page has, in a message and in the names of a folder, files
 * and an event; then what else the client is asked for. Its stdin is a pipe: all
 * bytes of it are sent and come back. */
void client(struct check *c)
{
    static const char text[] = "a\0b\nq\n\nc\r\nd\x1A"
                               "e\nq";
    static const char back[] = "a\0b\nq\n\nc\r\nd\x1A"
                               "e\nq\nbytes=15 ";
    char folder[PATH_BYTES + 40];
    char program[sizeof folder + 20];
    char trace[sizeof folder + 20];
    char arguments[sizeof program + 100];
    const char *original = c->program;
    next_to_this_program(TYPED, folder, sizeof folder);
    snprintf(program, sizeof program, "%s\\server.exe", folder);
    snprintf(trace, sizeof trace, "%s.csv", folder);
    wchar_t *wide_folder = utf8_wide(folder);
    wchar_t *wide_program = utf8_wide(program);
    wchar_t *wide_trace = utf8_wide(trace);
    wchar_t *wide_source = utf8_wide(original);
    CreateDirectoryW(wide_folder, NULL);
    bool copied = CopyFileW(wide_source, wide_program, FALSE);
    expect(c, copied, "cannot copy the server to %.300s", program);
    c->program = program;
    start_with(c, "--trace \"%s\" --stop-event \"" TYPED "\"", trace);
    c->program = original;
    run_client(c, "--message \"" TYPED "\"", NULL, 0, TYPED "\nbytes=11 ",
               sizeof TYPED - 1 + 10);
    snprintf(arguments, sizeof arguments, "--file \"%s\"", program);
    run_client(c, arguments, NULL, 0, "bytes=", 6);
    run_client(c, "", text, sizeof text - 1, back, sizeof back - 1);
    run_client(c, "", "", 0, "bytes=0 ", 8);
    own_peer(c);
    HANDLE stop =
        OpenEventW(EVENT_MODIFY_STATE, FALSE, L"\xD55C\xAE00 \xD83D\xDE00");
    expect(c, stop != NULL, "expected a stop event with the name as typed");
    SetEvent(stop);
    CloseHandle(stop);
    finish_server(c);
    bool traced = DeleteFileW(wide_trace);
    expect(c, traced, "expected a trace in %.300s", trace);
    DeleteFileW(wide_program);
    RemoveDirectoryW(wide_folder);
    free(wide_folder);
    free(wide_trace);
    free(wide_program);
    free(wide_source);
}

/* Linux has a disk that is always full. */
void disk_full(struct check *c)
{
    if (!wine_here())
        skip(c, "there is no disk that is full");
    start_with(c, "--trace Z:\\dev\\full");
    ask_to_stop(c);
    int status = process_finish(&c->server, STOP_MS, NULL, NULL);
    expect(c, status == 1 && process_err_has(&c->server, "--trace"),
           "expected status 1 and a line on --trace, saw %d and \"%.200s\"",
           status, c->server.err);
    process_free(&c->server);
}
