#include "pool.h"

#include <stdio.h>
#include <string.h>

#include "../../common/report.h"

enum { START_MS = 15000, STOP_MS = 20000 };

int pool_add(struct pool *pool, enum pool_kind kind, const char *program,
             const char *arguments, int instance)
{
    for (int i = 0; i < pool->count; i++) {
        const struct pool_server *server = &pool->servers[i];
        if (server->kind == kind && server->instance == instance &&
            strcmp(server->program, program) == 0 &&
            strcmp(server->arguments, arguments) == 0)
            return i;
    }
    if (pool->count == POOL_AT_MOST)
        return -1;
    struct pool_server *server = &pool->servers[pool->count];
    server->kind = kind;
    server->instance = instance;
    snprintf(server->program, sizeof server->program, "%s", program);
    snprintf(server->arguments, sizeof server->arguments, "%s", arguments);
    return pool->count++;
}

/* A message of several lines becomes one. */
static void flatten(char *message)
{
    for (; *message != '\0'; message++)
        if ((unsigned char)*message < ' ')
            *message = ' ';
}

bool pool_start(struct pool_server *server)
{
    char message[600] = "";
    if (server->is_running || server->failure[0] != '\0')
        return server->is_running;
    server->is_prepared = true;
    if (server->kind == POOL_PEER)
        server->is_running =
            process_start_peer(&server->process, server->program, START_MS,
                               message, sizeof message);
    else
        server->is_running =
            process_start(&server->process, server->program, server->arguments,
                          START_MS, message, sizeof message);
    if (!server->is_running) {
        flatten(message);
        snprintf(server->failure, sizeof server->failure, "%.*s",
                 (int)sizeof server->failure - 1, message);
    }
    return server->is_running;
}

void pool_explain(struct pool_server *server, const char *load_failure,
                  char *why, size_t why_bytes)
{
    enum { ENDING_MS = 200 }; /* a crash takes a moment to become an end */
    char err[120];
    DWORD status = 0;
    if (process_wait(&server->process, ENDING_MS) < 0 ||
        !GetExitCodeProcess(server->process.process, &status)) {
        snprintf(why, why_bytes, "%s", load_failure);
        return;
    }
    process_copy_err(&server->process, err, sizeof err);
    flatten(err);
    /* A crash ends with an NTSTATUS, which everyone knows in hexadecimal. */
    snprintf(why, why_bytes,
             status < 256 ? "the server ended with status %lu%s%.100s"
                          : "the server ended with status 0x%08lX%s%.100s",
             status, err[0] != '\0' ? ": " : "", err);
    server->is_running = false;
    snprintf(server->failure, sizeof server->failure, "%s", why);
}

static bool stop_one(struct pool_server *server)
{
    if (server->kind == POOL_PEER) {
        process_kill(&server->process);
        return true;
    }
    int status = process_stop(&server->process, STOP_MS, NULL, NULL);
    if (status != 0)
        report("%s %s did not stop cleanly (status %d)", server->program,
               server->arguments, status);
    return status == 0;
}

bool pool_stop(struct pool *pool, bool is_hurried)
{
    bool clean = true;
    for (int i = 0; i < pool->count; i++) {
        struct pool_server *server = &pool->servers[i];
        if (server->is_running && server->kind != POOL_PEER && !is_hurried)
            SetEvent(server->process.stop_event);
    }
    for (int i = 0; i < pool->count; i++) {
        struct pool_server *server = &pool->servers[i];
        if (server->is_running && !is_hurried && !stop_one(server))
            clean = false;
        if (server->is_prepared)
            process_free(&server->process);
        server->is_prepared = false;
        server->is_running = false;
    }
    return clean;
}
