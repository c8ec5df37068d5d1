#include "server.h"

#include <stdio.h>
#include <stdlib.h>

#include "observe.h"
#include "utf8.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

struct server_options options = {.host = "127.0.0.1",
                                 .port = 7007,
                                 .max_clients = 10000,
                                 .idle_seconds = 0,
                                 .buffer_bytes = 16384};

/* These are for the harness and the seam; no chapter looks at them. */
static const char *stop_event_name;
static struct observe_options observe;

static const struct option shared_options[] = {
    {"--host", "ADDR", "address to listen on; \"::\" is IPv6 and IPv4",
     OPTION_TEXT, &options.host, 0, 0},
    {"--port", "N", "port to listen on; 0: the system chooses", OPTION_NUMBER,
     &options.port, 0, 65535},
    {"--max-clients", "N", "refuse more connections than this", OPTION_NUMBER,
     &options.max_clients, 1, 100000},
    {"--idle-timeout", "SECONDS", "close a silent connection; 0: never",
     OPTION_NUMBER, &options.idle_seconds, 0, 86400},
    {"--buffer", "BYTES", "buffer of one connection", OPTION_NUMBER,
     &options.buffer_bytes, 1, 1048576},
    {"--verbose", NULL, "report each connection, not only failures",
     OPTION_FLAG, &options.verbose, 0, 0},
    {"--trace", "FILE", "write one line for each call into FILE", OPTION_TEXT,
     &observe.trace_path, 0, 0},
    {"--counters", "NAME", "publish live counters in a named file mapping",
     OPTION_TEXT, &observe.counters_name, 0, 0},
    {"--fault", "CALL@N=WHAT", "make a call fail, for tests: see observe.h",
     OPTION_TEXT, &observe.faults, 0, 0},
    {"--stop-event", "NAME", "stop when this named event is set", OPTION_TEXT,
     &stop_event_name, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void print_help(const char *program, const struct option *own_options)
{
    printf("%s: a TCP echo server (RFC 862)\n\n", program);
    if (own_options->name != NULL) {
        printf("Options of this chapter:\n");
        options_print(own_options);
        printf("\n");
    }
    printf("Options of every chapter:\n");
    options_print(shared_options);
    printf("  %-26s %s\n", "--help", "print this");
    printf("  %-26s %s\n", "--version", "print the version");
    printf("\nCtrl+C stops the server; a second Ctrl+C ends it at once.\n");
}

void server_begin(int argc, char **argv, const char *program,
                  const struct option *own_options)
{
    char message[200];
    report_set_program(program, false);
    argv = utf8_arguments(&argc);
    switch (options_parse(argc, argv, shared_options, own_options, message,
                          sizeof message)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_HELP:
        print_help(program, own_options);
        utf8_flush();
        exit(0);
    case OPTIONS_VERSION:
        printf("%s %s\n", program, VERSION);
        utf8_flush();
        exit(0);
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    report_set_program(program, options.verbose);
    report_begin();
    observe_begin(&observe);
    stop_install(stop_event_name);
    net_start();
}

void server_refuse(SOCKET s, const char *reason)
{
    report("refused a client: %s", reason);
    net_close_gracefully(s);
}

/* The time is that of main's last look at the clock. All of this is unsigned, so
 * that it is right when the count starts again after 49 days. */
static volatile LONG noted_ms;   /* GetTickCount() */
static volatile LONG running_ms; /* since the clocks were started, about */

void server_note_time(void)
{
    enum { LATE_MS = 1250, LONG_ENOUGH_MS = 172800000 }; /* two days */
    DWORD now_ms = GetTickCount();
    DWORD passed_ms = now_ms - (DWORD)noted_ms;
    if (passed_ms > LATE_MS)
        running_ms = 0;
    else if (running_ms < LONG_ENOUGH_MS)
        running_ms += (LONG)passed_ms;
    noted_ms = (LONG)now_ms;
}

bool server_timed_out(long id, DWORD active_ms, bool is_sending)
{
    enum { SEND_TIMEOUT_SECONDS = 30 };
    /* Signed: below 0 when the last completion came after main's look. */
    LONG silent_ms = (LONG)((DWORD)noted_ms - active_ms);
    if (silent_ms > running_ms)
        silent_ms = running_ms;
    long limit = options.idle_seconds; /* 0: none */
    if (is_sending && (limit == 0 || limit > SEND_TIMEOUT_SECONDS))
        limit = SEND_TIMEOUT_SECONDS;
    if (limit == 0 || silent_ms < limit * 1000)
        return false;
    report_verbose("connection %ld: timed out", id);
    return true;
}

bool server_tick(void)
{
    enum { TICK_MS = 250 };
    DWORD result = WaitForSingleObject(stop_event(), TICK_MS);
    if (result == WAIT_FAILED)
        die("WaitForSingleObject", GetLastError());
    server_note_time();
    return result == WAIT_OBJECT_0;
}

/* In one group, which has 64 at most, a process may be kept to some of them.
 * From Windows 11 on it runs in all groups unless it asks for less
 * (documentation pages "GetProcessAffinityMask function" and "Processor
 * Groups"). No room for their numbers: then only how many there are is said. */
long server_processor_count(void)
{
    USHORT groups = 0;
    DWORD_PTR mine = 0;
    DWORD_PTR system = 0;
    DWORD count = 0;
    GetProcessGroupAffinity(GetCurrentProcess(), &groups, NULL);
    if (groups <= 1 &&
        GetProcessAffinityMask(GetCurrentProcess(), &mine, &system))
        for (; mine != 0; mine &= mine - 1)
            count++;
    else
        count = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    return count > 0 ? (long)count : 1; /* 0: it failed */
}

int server_end(void)
{
    report_end();
    ledger_print();
    observe_end();
    WSACleanup();
    stop_finished();
    return 0;
}
