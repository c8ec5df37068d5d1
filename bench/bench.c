/* bench: what one echo costs with each of the five servers, how sure that is,
 * and why.
 *
 * The command line becomes a request, result/plan.c makes empty rows of it,
 * run/run.c measures them, result/result.c computes every figure, and the
 * writers of report/ print them. README.md says how to read what comes out. */
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/export.h"
#include "report/html.h"
#include "report/text.h"
#include "report/trace.h"
#include "result/plan.h"
#include "result/result.h"
#include "run/environment.h"
#include "run/process.h"
#include "run/run.h"
#include "run/trace_run.h"
#include "../common/clock.h"
#include "../common/net.h"
#include "../common/options.h"
#include "../common/report.h"
#include "../common/stop.h"
#include "../common/utf8.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum {
    CONNECTIONS_AT_MOST = 4000,
    IDLE_AT_MOST = 9000,
    MEMORY_AT_MOST = 64 << 20, /* bytes of messages under way */
    LIMIT_MS = 56000,          /* of a run whose launches were not counted */
    EXIT_INTERRUPTED = 130
};

/* ---- the command line ---------------------------------------------------- */

static struct {
    const char *command; /* "ab", "ladder", ...; NULL: the race */
    const char *operand; /* of ladder a chapter, of others a folder */
    const char *scenario;
    const char *connections;
    const char *idle;
    const char *servers;
    const char *peer;
    long message_bytes;
    long launch_count;
    long window_ms;
    long rate_per_s;
    long seed; /* 0: one that differs from run to run */
    bool has_details;
} given = {.servers = "01,02,03,04,05"};

/* What is written into files, and where. */
typedef void writer(struct out *out, const struct result *result);
static struct export
{
    const char *name; /* of its option */
    writer *write;
    const char *path; /* NULL: not asked for */
    FILE *file;       /* open from before the run, so that no run is in vain */
}
exports[] = {{"--export-html", html_write_result, NULL, NULL},
             {"--export-json", export_json, NULL, NULL},
             {"--export-csv", export_csv, NULL, NULL}};

enum { EXPORT_COUNT = sizeof exports / sizeof exports[0] };

static const struct option option_table[] = {
    {"", "COMMAND", "see above", OPTION_TEXT, &given.command, 0, 0},
    {"", "OPERAND", "see above", OPTION_TEXT, &given.operand, 0, 0},
    {"--scenario", "LIST",
     "scenarios by name, or all; default: work, speed, idle", OPTION_TEXT,
     &given.scenario, 0, 0},
    {"--connections", "LIST", "connection counts, such as 1,16,128",
     OPTION_TEXT, &given.connections, 0, 0},
    {"--idle", "LIST", "idle, herd: idle connections, such as 1,10,100",
     OPTION_TEXT, &given.idle, 0, 0},
    {"--size", "BYTES", "of one message", OPTION_NUMBER, &given.message_bytes,
     1, 1 << 20},
    {"--rate", "N", "paced: requests/s over all connections", OPTION_NUMBER,
     &given.rate_per_s, 1, 1000000},
    {"--launches", "N",
     "launches of each server; default: until the minute is used",
     OPTION_NUMBER, &given.launch_count, 1, PLAN_LAUNCHES_AT_MOST},
    {"--window-ms", "N", "length of one measurement", OPTION_NUMBER,
     &given.window_ms, 10, 60000},
    {"--servers", "LIST",
     "the first is what the others are relative to; default 01,02,03,04,05",
     OPTION_TEXT, &given.servers, 0, 0},
    {"--peer", "NAME=COMMAND",
     "one more server, anybody's: {port} in the command becomes its port",
     OPTION_TEXT, &given.peer, 0, 0},
    {"--seed", "N", "order of the servers; default 0: random", OPTION_NUMBER,
     &given.seed, 0, 2147483647},
    {"--details", "", "print every figure, what it means, and what ran",
     OPTION_FLAG, &given.has_details, 0, 0},
    {"--export-html", "FILE", "also write a page with charts", OPTION_TEXT,
     &exports[0].path, 0, 0},
    {"--export-json", "FILE", "also write everything, with every sample",
     OPTION_TEXT, &exports[1].path, 0, 0},
    {"--export-csv", "FILE", "also write all figures, a line for each row",
     OPTION_TEXT, &exports[2].path, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void print_help(void)
{
    printf(
        "bench: measures the five echo servers beside each other\n\n"
        "  bench [OPTIONS]              all five, in a minute\n"
        "  bench --scenario all         every scenario\n"
        "  bench ladder 05 [OPTIONS]    one trick of a chapter after the "
        "other\n"
        "  bench ab DIR [OPTIONS]       what a change did; DIR: the servers "
        "before it\n"
        "  bench seam DIR [OPTIONS]     what the seam (counters) costs; DIR: "
        "OBSERVE=0\n"
        "  bench trace [DIR]            timelines of one short run each\n\n"
        "Scenarios:\n");
    for (int s = 0; s < RESULT_SCENARIO_COUNT; s++) {
        const struct result_scenario_words *words =
            result_words((enum result_scenario)s);
        printf("  %-9s %s\n", words->name, words->purpose);
    }
    printf("\nOptions:\n");
    options_print(option_table + 2);
    printf("  %-26s %s\n  %-26s %s\n", "--help", "print this", "--version",
           "print the version");
    printf("\nCtrl+C ends it and prints what was measured so far. Exit status: "
           "0 all measured,\n1 a server failed, 2 wrong usage, 130 ended by "
           "Ctrl+C.\n");
}

/* Reads "1,16,128" or "02,05": different whole numbers from 1 on. Returns how
 * many. */
static int parse_numbers(const char *option, const char *at, long highest,
                         int numbers[PLAN_COUNTS_AT_MOST])
{
    const char *whole = at;
    int count = 0;
    for (;;) {
        int digits = (int)strspn(at, "0123456789");
        long number = digits >= 1 && digits <= 5 ? strtol(at, NULL, 10) : 0;
        bool good =
            number >= 1 && number <= highest && count < PLAN_COUNTS_AT_MOST;
        for (int i = 0; i < count; i++)
            good = good && numbers[i] != number;
        at += digits;
        if (!good || (*at != ',' && *at != '\0'))
            die_saying(2,
                       "%s takes up to %d different whole numbers from 1 to "
                       "%ld, such as 2,5; not \"%.40s\"",
                       option, PLAN_COUNTS_AT_MOST, highest, whole);
        numbers[count++] = (int)number;
        if (*at++ == '\0')
            return count;
    }
}

/* Reads "work,herd" or "all". */
static void parse_scenarios(struct plan_request *request)
{
    const char *at = given.scenario;
    if (at == NULL)
        at = "work,speed,idle";
    bool all = strcmp(at, "all") == 0;
    request->is_full = all;
    for (;; at++) {
        size_t length = strcspn(at, ",");
        bool known = all;
        for (int s = 0; s < RESULT_SCENARIO_COUNT; s++) {
            const char *name = result_words((enum result_scenario)s)->name;
            bool same =
                strlen(name) == length && strncmp(at, name, length) == 0;
            if (all || same)
                known = request->scenarios[s] = true;
        }
        if (!known)
            die_saying(2,
                       "--scenario takes names from the list in --help, such "
                       "as work,herd, or all; not \"%.40s\"",
                       given.scenario);
        at += length;
        if (*at == '\0')
            return;
    }
}

/* Reads NAME=COMMAND. */
static void parse_peer(struct plan_request *request)
{
    static char name[RESULT_NAME_BYTES];
    const char *equals = strchr(given.peer, '=');
    size_t length = equals != NULL ? (size_t)(equals - given.peer) : 0;
    if (length == 0 || length >= sizeof name ||
        strstr(equals, "{port}") == NULL)
        die_saying(2,
                   "--peer takes NAME=\"COMMAND\", the name at most %d "
                   "characters long and {port} somewhere in the command; not "
                   "\"%.40s\"",
                   RESULT_NAME_BYTES - 1, given.peer);
    memcpy(name, given.peer, length);
    request->peer_name = name;
    request->peer_command = equals + 1;
}

static bool command_is(const char *name)
{
    return given.command != NULL && strcmp(given.command, name) == 0;
}

/* The chapter of a ladder: "05" or "5". */
static int parse_chapter(void)
{
    int chapters[PLAN_COUNTS_AT_MOST] = {0};
    const char *operand = given.operand != NULL ? given.operand : "";
    if (parse_numbers("ladder", operand, PLAN_MODELS, chapters) != 1)
        die_saying(2, "ladder takes one chapter, such as 05; not \"%.40s\"",
                   operand);
    return chapters[0];
}

static void check_operands(void)
{
    bool has_folder =
        command_is("ab") || command_is("seam") || command_is("trace");
    if (given.command != NULL && !has_folder && !command_is("ladder"))
        die_saying(2,
                   "\"%.40s\" is not a command; commands are ladder, ab, "
                   "seam and trace",
                   given.command);
    if (!has_folder || (command_is("trace") && given.operand == NULL))
        return;
    if (given.operand == NULL)
        die_saying(2, "%s needs a folder: the servers of another build",
                   given.command);
    DWORD attributes = utf8_attributes(given.operand);
    if (attributes == INVALID_FILE_ATTRIBUTES ||
        !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        die_saying(2, "%s takes a folder; \"%.200s\" is none", given.command,
                   given.operand);
}

static void parse_command_line(int argc, char **argv,
                               struct plan_request *request)
{
    char message[200];
    switch (options_parse(argc, argv, NULL, option_table, message,
                          sizeof message)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_HELP:
        print_help();
        utf8_flush();
        exit(0);
    case OPTIONS_VERSION:
        printf("bench %s\n", VERSION);
        utf8_flush();
        exit(0);
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    check_operands();
    request->model_count =
        parse_numbers("--servers", given.servers, PLAN_MODELS, request->models);
    parse_scenarios(request);
    if (given.connections != NULL)
        request->connections_count =
            parse_numbers("--connections", given.connections,
                          CONNECTIONS_AT_MOST, request->connections);
    if (given.idle != NULL)
        request->idle_count =
            parse_numbers("--idle", given.idle, IDLE_AT_MOST, request->idle);
    for (int i = 0; i < request->connections_count; i++)
        if (given.message_bytes > MEMORY_AT_MOST / request->connections[i])
            die_saying(2,
                       "--connections times --size may be at most %d bytes; "
                       "%d times %ld is more",
                       MEMORY_AT_MOST, request->connections[i],
                       given.message_bytes);
    if (given.peer != NULL)
        parse_peer(request);
    request->message_bytes = given.message_bytes;
    request->rate_per_s = given.rate_per_s;
    request->launch_count = (int)given.launch_count;
    request->window_ms = given.window_ms;
    request->processors = processors_count();
    if (given.seed == 0)
        given.seed = (long)(clock_ns() / 1000 % 2147483647) + 1;
}

/* ---- the run ------------------------------------------------------------- */

static struct plan plan;
static struct result result;

/* Lets a wait end after 1 ms instead of up to 15.6 (documentation page
 * "timeBeginPeriod function"). Without it a paced load would be sent late. */
static void sharpen_timer(void)
{
    typedef UINT(WINAPI * begin_period)(UINT);
    HMODULE winmm = LoadLibraryA("winmm.dll"); /* stays for good */
    begin_period function = NULL;
    FARPROC found =
        winmm != NULL ? GetProcAddress(winmm, "timeBeginPeriod") : NULL;
    memcpy(&function, &found, sizeof function);
    if (function != NULL)
        function(1);
}

/* Where this program is, without the last separator. */
static void find_own_folder(char folder[PATH_BYTES])
{
    utf8_own_path(folder);
    char *separator = strrchr(folder, '\\');
    if (separator != NULL)
        *separator = '\0';
}

static void describe(void)
{
    static char command[PATH_BYTES + 120];
    struct result_settings *settings = &result.settings;
    snprintf(command, sizeof command, "bench%s%s%s%.200s%s%.100s",
             given.command != NULL ? " " : "",
             given.command != NULL ? given.command : "",
             given.operand != NULL ? " " : "",
             given.operand != NULL ? given.operand : "",
             given.scenario != NULL ? " --scenario " : "",
             given.scenario != NULL ? given.scenario : "");
    settings->command = command;
    settings->servers = given.servers;
    settings->is_ab = command_is("ab") || command_is("seam");
    settings->seed = given.seed;
    result.blocks = plan.blocks;
    result.block_count = plan.block_count;
    result.rows = plan.rows;
    result.row_count = plan.row_count;
    environment_read(&result.environment);
}

/* False: not all of it has reached stdout. */
static bool print_out(struct out *out)
{
    bool good = out->text != NULL && !out->is_incomplete &&
                utf8_print(stdout, out->text, out->bytes) &&
                fflush(stdout) == 0;
    if (!good)
        report("bench: the report could not be printed; is a disk full?");
    free(out->text);
    return good;
}

/* ---- exports ------------------------------------------------------------- */

static bool is_same_file(FILE *one, FILE *other)
{
    BY_HANDLE_FILE_INFORMATION a, b;
    return GetFileInformationByHandle((HANDLE)_get_osfhandle(_fileno(one)),
                                      &a) &&
           GetFileInformationByHandle((HANDLE)_get_osfhandle(_fileno(other)),
                                      &b) &&
           a.dwVolumeSerialNumber == b.dwVolumeSerialNumber &&
           a.nFileIndexHigh == b.nFileIndexHigh &&
           a.nFileIndexLow == b.nFileIndexLow;
}

/* Opens the files without touching what is in them: a minute is too long to
 * learn only then that there is no such folder. */
static void open_exports(void)
{
    for (int i = 0; i < EXPORT_COUNT; i++) {
        struct export *export = &exports[i];
        if (export->path == NULL)
            continue;
        export->file = utf8_open(export->path, "ab");
        if (export->file == NULL)
            die_saying(2, "%s: cannot write \"%.200s\"", export->name,
                       export->path);
        for (int j = 0; j < i; j++)
            if (exports[j].file != NULL &&
                is_same_file(exports[j].file, export->file))
                die_saying(2,
                           "%s and %s are both \"%.200s\"; each takes a "
                           "file of its own",
                           exports[j].name, export->name, export->path);
    }
}

/* Writes a new file, which takes the place of the old one when it is complete.
 * What is no file on a disk cannot be replaced and is written to. */
static bool write_export(struct export *export, const struct out *out)
{
    char path[PATH_BYTES + 8];
    HANDLE handle = (HANDLE)_get_osfhandle(_fileno(export->file));
    bool is_on_disk = GetFileType(handle) == FILE_TYPE_DISK;
    if (is_on_disk) {
        fclose(export->file);
        snprintf(path, sizeof path, "%s.new", export->path);
        export->file = utf8_open(path, "wb");
    }
    bool good = export->file != NULL && !out->is_incomplete &&
                fwrite(out->text, 1, out->bytes, export->file) == out->bytes;
    good = export->file != NULL && fclose(export->file) == 0 && good;
    if (good && is_on_disk) {
        wchar_t *from = utf8_wide(path);
        wchar_t *to = utf8_wide(export->path);
        good = MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING) != 0;
        free(from);
        free(to);
    }
    return good;
}

/* A report of a run that was interrupted replaces none that is complete. */
static bool export_one(struct export *export)
{
    struct out out = {0};
    fseek(export->file, 0, SEEK_END);
    if (result.is_interrupted && ftell(export->file) > 0) {
        report("bench: \"%.200s\" stays that of an earlier run", export->path);
        fclose(export->file);
        return true;
    }
    export->write(&out, &result);
    bool good = write_export(export, &out);
    if (!good)
        report("bench: \"%.200s\" could not be written; is its disk full?",
               export->path);
    free(out.text);
    return good;
}

static bool export_all(void)
{
    bool good = true;
    for (int i = 0; i < EXPORT_COUNT; i++)
        if (exports[i].path != NULL)
            good = export_one(&exports[i]) && good;
    return good;
}

/* ---- everything ---------------------------------------------------------- */

static void make_plan(const struct plan_request *request)
{
    if (command_is("ladder"))
        plan_ladder(&plan, request, parse_chapter());
    else if (command_is("ab"))
        plan_builds(&plan, request, "old", "new");
    else if (command_is("seam"))
        plan_builds(&plan, request, "plain", "seam");
    else
        plan_race(&plan, request);
    if (plan.is_incomplete)
        die_saying(1, "not enough memory for the results");
}

static int run_bench(const struct plan_request *request, const char *folder)
{
    struct out out = {0};
    make_plan(request);
    describe();
    open_exports();
    bool is_limited =
        given.launch_count == 0 && !request->is_full && !command_is("ladder");
    struct run_options options = {
        .directory = folder,
        .other_directory = given.operand,
        .is_seam = command_is("seam"),
        .seed = (uint64_t)given.seed,
        .limit_ns = is_limited ? LIMIT_MS * UINT64_C(1000000) : 0};
    bool clean = run_plan(&plan, &options, &result);
    result_compute(&result);
    text_write_answer(&out, &result);
    if (given.has_details)
        text_write_details(&out, &result);
    if (given.has_details || result.environment.wine[0] == '\0')
        text_write_expected(&out, &result);
    clean = print_out(&out) && clean;
    clean = export_all() && clean && !result_has_failure(&result);
    plan_free(&plan);
    return result.is_interrupted ? EXIT_INTERRUPTED : !clean;
}

/* ---- timelines ----------------------------------------------------------- */

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

/* Returns the exit status: 0 when every picture was drawn. */
static int run_trace(const char *own_folder, const char *folder,
                     const struct plan_request *request)
{
    static const char *const titles[PLAN_MODELS] = {
        "01 blocking", "02 non-blocking", "03 events", "04 completion routines",
        "05 completion port"};
    struct trace traces[PLAN_MODELS] = {{0}};
    struct out out = {0};
    bool good = true;
    for (int i = 0; i < request->model_count; i++) {
        int model = request->models[i];
        char name[40];
        char *text = trace_run(own_folder, folder, model);
        good = text != NULL && good;
        traces[i].title = titles[model - 1];
        trace_read(&traces[i], text != NULL ? text : "");
        free(text);
        snprintf(name, sizeof name, "%02d_timeline.svg", model);
        trace_write_svg(&out, &traces[i]);
        good = write_file(folder, name, &out) && good;
        snprintf(name, sizeof name, "%02d_trace.json", model);
        trace_write_json(&out, &traces[i]);
        good =
            write_file(folder, name, &out) && !traces[i].is_incomplete && good;
    }
    trace_write_echo(&out, traces, request->model_count);
    good = write_file(folder, "one_echo.svg", &out) && good;
    for (int i = 0; i < request->model_count; i++)
        trace_free(&traces[i]);
    if (good)
        utf8_printf(stdout, "the timelines are in %s\n", folder);
    return !good;
}

int main(int argc, char **argv)
{
    struct plan_request request = {.is_full = false};
    char folder[PATH_BYTES];
    report_set_program("bench", false);
    argv = utf8_arguments(&argc);
    parse_command_line(argc, argv, &request);
    stop_install(NULL);
    net_start();
    find_own_folder(folder);
    sharpen_timer();
    int status =
        command_is("trace")
            ? run_trace(folder, given.operand != NULL ? given.operand : ".",
                        &request)
            : run_bench(&request, folder);
    utf8_flush();
    WSACleanup();
    stop_finished();
    return status;
}
