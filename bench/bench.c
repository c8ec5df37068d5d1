/* bench: how fast the five servers are beside each other, and why.
 *
 * report/plan.c says which blocks and rows a run has. All servers of a block
 * are up while it runs, with their connections open; then come the rounds. In
 * each round every row is measured once, in random order, for a fraction of a
 * second: whatever else the machine does then hits all of them alike, and the
 * ratio of two servers is taken round by round. README.md says how to read what
 * comes out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/environment.h"
#include "harness/measure.h"
#include "harness/pool.h"
#include "harness/reflector.h"
#include "harness/selftest.h"
#include "harness/statistics.h"
#include "report/csv.h"
#include "report/html.h"
#include "report/json.h"
#include "report/markdown.h"
#include "report/plan.h"
#include "report/progress.h"
#include "report/result.h"
#include "report/text.h"
#include "../common/clock.h"
#include "../common/net.h"
#include "../common/options.h"
#include "../common/report.h"
#include "../common/stop.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

enum {
    CONNECTIONS_AT_MOST = 4000,
    IDLE_AT_MOST = 9000,
    MEMORY_AT_MOST = 64 << 20, /* bytes of messages under way */
    ROWS_IN_BLOCK_AT_MOST = 64,
    HOT_BYTES = 4096,         /* what counts as one echo of a hot connection */
    CONNECTS_AT_MOST = 12000, /* of one block: about 16,000 ports stay in
                                 TIME_WAIT for up to 4 minutes */
    SHORT_RUN_MS = 46000, /* all of the default run, also on a busy machine */
    ROUNDS_AT_LEAST = 8,
    EXIT_INTERRUPTED = 130
};

static const char *const model_names[PLAN_MODELS] = {
    "01_blocking", "02_nonblocking", "03_overlapped_event", "04_overlapped_apc",
    "05_iocp"};

/* ---- the command line ---------------------------------------------------- */

static struct {
    const char *command; /* "ab", "ladder", ...; NULL: the race */
    const char *operand; /* of ab and seam a folder, of ladder a chapter */
    const char *scenario;
    const char *connections;
    const char *idle;
    const char *servers;
    const char *peer;
    const char *markdown_path;
    const char *csv_path;
    const char *json_path;
    const char *html_path;
    long message_bytes;
    long round_count;
    long round_ms;
    long rate_per_s;
    long seed; /* 0: one that differs from run to run */
} given = {.servers = "01,02,03,04,05"};

static const struct option option_table[] = {
    {"", "COMMAND", "see above", OPTION_TEXT, &given.command, 0, 0},
    {"", "OPERAND", "see above", OPTION_TEXT, &given.operand, 0, 0},
    {"--scenario", "LIST", "scenarios by name, or all; default: a short run",
     OPTION_TEXT, &given.scenario, 0, 0},
    {"--connections", "LIST", "connection counts, such as 1,16,128",
     OPTION_TEXT, &given.connections, 0, 0},
    {"--idle", "LIST", "herd: idle connections; default 200,800", OPTION_TEXT,
     &given.idle, 0, 0},
    {"--size", "BYTES", "of one message; bulk: of one block", OPTION_NUMBER,
     &given.message_bytes, 1, 1 << 20},
    {"--rate", "N", "paced, skew: requests/s over all connections",
     OPTION_NUMBER, &given.rate_per_s, 1, 1000000},
    {"--rounds", "N", "rounds that count; one more warms up", OPTION_NUMBER,
     &given.round_count, 1, 1000},
    {"--round-ms", "N", "length of one round", OPTION_NUMBER, &given.round_ms,
     10, 60000},
    {"--servers", "LIST",
     "the first is what the others are relative to; default 01,02,03,04,05",
     OPTION_TEXT, &given.servers, 0, 0},
    {"--peer", "NAME=COMMAND",
     "one more server, anybody's: {port} in the command becomes its port",
     OPTION_TEXT, &given.peer, 0, 0},
    {"--seed", "N", "order of the servers and resampling; default 0: random",
     OPTION_NUMBER, &given.seed, 0, 2147483647},
    {"--export-markdown", "FILE", "also write the report as Markdown",
     OPTION_TEXT, &given.markdown_path, 0, 0},
    {"--export-csv", "FILE", "also write figures and raw rounds as CSV",
     OPTION_TEXT, &given.csv_path, 0, 0},
    {"--export-json", "FILE", "also write everything, with the raw rounds",
     OPTION_TEXT, &given.json_path, 0, 0},
    {"--export-html", "FILE", "also write a page with charts", OPTION_TEXT,
     &given.html_path, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void print_help(void)
{
    printf("bench: measures the five echo servers beside each other\n\n"
           "  bench [OPTIONS]              all five, in less than a minute\n"
           "  bench --scenario all         every scenario\n"
           "  bench ladder 05 [OPTIONS]    one trick of a chapter after the "
           "other\n"
           "  bench ab DIR [OPTIONS]       what a change did; DIR has the "
           "servers built\n"
           "                               before it\n"
           "  bench seam DIR [OPTIONS]     what the seam (counters) costs; DIR "
           "has the\n"
           "                               servers built with OBSERVE=0\n"
           "  bench selftest               is the ruler straight?\n\n"
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

/* Reads "1,16,128": different whole numbers from 1 on. Returns how many. */
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
                       "%ld, such as 1,16,128; not \"%.40s\"",
                       option, PLAN_COUNTS_AT_MOST, highest, whole);
        numbers[count++] = (int)number;
        if (*at++ == '\0')
            return count;
    }
}

/* Reads "02,05": the numbers of the chapters, each at most once. */
static void parse_servers(struct plan_request *request)
{
    bool taken[PLAN_MODELS + 1] = {false};
    const char *at = given.servers;
    for (;;) {
        int model = 0;
        if (at[0] == '0' && at[1] >= '1' && at[1] <= '0' + PLAN_MODELS &&
            (at[2] == ',' || at[2] == '\0'))
            model = at[1] - '0';
        if (model == 0 || taken[model])
            die_saying(2,
                       "--servers takes numbers from 01 to 0%d, each once, "
                       "such as 02,05; not \"%.40s\"",
                       PLAN_MODELS, given.servers);
        taken[model] = true;
        request->models[request->model_count++] = model;
        if (at[2] == '\0')
            return;
        at += 3;
    }
}

/* Reads "pingpong,herd" or "all". */
static void parse_scenarios(struct plan_request *request)
{
    const char *at = given.scenario;
    request->is_short = at == NULL;
    if (at == NULL)
        at = "pingpong,paced,herd";
    bool all = strcmp(at, "all") == 0;
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
                       "as pingpong,herd, or all; not \"%.40s\"",
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
    request->peer_names[0] = name;
    request->peer_commands[0] = equals + 1;
    request->peer_count = 1;
}

/* Of ladder: "01" to "05" or "1" to "5". */
static int parse_chapter(void)
{
    const char *at = given.operand != NULL ? given.operand : "";
    if (*at == '0')
        at++;
    if (*at < '1' || *at > '0' + PLAN_MODELS || at[1] != '\0')
        die_saying(2, "ladder takes the number of a chapter, 01 to 0%d",
                   PLAN_MODELS);
    return *at - '0';
}

static bool command_is(const char *name)
{
    return given.command != NULL && strcmp(given.command, name) == 0;
}

static void check_operands(void)
{
    bool has_folder = command_is("ab") || command_is("seam");
    if (given.command != NULL && !has_folder && !command_is("ladder") &&
        !command_is("selftest"))
        die_saying(2,
                   "\"%.40s\" is not a command; commands are ladder, ab, seam "
                   "and selftest",
                   given.command);
    if (command_is("selftest") && given.operand != NULL)
        die_saying(2, "\"%.40s\" is one word too many", given.operand);
    if (!has_folder)
        return;
    if (given.operand == NULL)
        die_saying(2, "%s needs a folder: the servers of another build",
                   given.command);
    DWORD attributes = GetFileAttributesA(given.operand);
    if (attributes == INVALID_FILE_ATTRIBUTES ||
        !(attributes & FILE_ATTRIBUTE_DIRECTORY))
        die_saying(2, "%s takes a folder; \"%.200s\" is none", given.command,
                   given.operand);
}

static void parse_command_line(int argc, char **argv,
                               struct plan_request *request)
{
    char message[200];
    report_set_program("bench", false);
    switch (options_parse(argc, argv, NULL, option_table, message,
                          sizeof message)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_HELP:
        print_help();
        exit(0);
    case OPTIONS_VERSION:
        printf("bench %s\n", VERSION);
        exit(0);
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    check_operands();
    parse_servers(request);
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
    request->round_count = given.round_count;
    request->round_ms = given.round_ms;
    if (given.seed == 0)
        given.seed = (long)(clock_ns() / 1000 % 2147483647) + 1;
}

/* ---- the run ------------------------------------------------------------- */

static struct {
    struct plan plan;
    struct pool pool;
    int servers[PLAN_ROWS_AT_MOST]; /* of each row: index in pool */
    char program[MAX_PATH];         /* this one */
    char directory[MAX_PATH];       /* where it is */
    struct prng prng;
    uint64_t begun_ns;
    bool is_short; /* the default run: it must not take long */
    struct progress progress;
    struct result result;
    struct load loads[ROWS_IN_BLOCK_AT_MOST]; /* of the block that runs */
} bench;

/* Lets WSAPoll wait for 1 ms instead of up to 15.6 (documentation page
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

/* Where this program is; the folder without the last separator. */
static void find_own_program(void)
{
    DWORD length = GetModuleFileNameA(NULL, bench.program, MAX_PATH);
    DWORD error = GetLastError();
    memcpy(bench.directory, bench.program, sizeof bench.directory);
    char *separator =
        length > 0 && length < MAX_PATH ? strrchr(bench.directory, '\\') : NULL;
    if (separator == NULL)
        die("GetModuleFileName", error);
    *separator = '\0';
}

/* Counts what a patch adds and removes, from its first hunk on. */
static void count_lines(const char *path, struct result_row *row)
{
    char line[512];
    int added = 0;
    int removed = 0;
    bool in_hunk = false;
    bool is_begin = true; /* of a line; fgets() cuts long ones up */
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return; /* it is missed when the server is started */
    while (fgets(line, sizeof line, file) != NULL) {
        in_hunk = in_hunk || strncmp(line, "@@", 2) == 0;
        added += in_hunk && is_begin && line[0] == '+';
        removed += in_hunk && is_begin && line[0] == '-';
        is_begin = strchr(line, '\n') != NULL;
    }
    fclose(file);
    snprintf(row->lines, sizeof row->lines, "+%d -%d", added, removed);
}

/* A rung of a ladder that is not server.c. Returns its index in the pool. */
static int seat_form(struct result_row *row)
{
    char program[MAX_PATH + 64];
    char name[40] = "minimal";
    sscanf(row->form, "forms/%39[^.]", name);
    snprintf(program, sizeof program, "%s\\forms\\%s_%s", bench.directory,
             model_names[row->model - 1], name);
    size_t length = strlen(program);
    if (strcmp(row->form, "minimal.c") == 0) {
        char command[sizeof program + 16];
        snprintf(command, sizeof command, "\"%s.exe\" {port}", program);
        return pool_add(&bench.pool, POOL_PEER, command, "", 0);
    }
    snprintf(program + length, sizeof program - length, ".patch");
    count_lines(program, row);
    snprintf(program + length, sizeof program - length, ".exe");
    return pool_add(&bench.pool, POOL_SERVER, program, "", 0);
}

static bool is_form(const struct result_row *row)
{
    return row->role == RESULT_SERVER && row->form[0] != '\0' &&
           row->form[0] != '-';
}

/* Finds the process that each row stands for. */
static void seat_rows(void)
{
    for (int i = 0; i < bench.plan.row_count; i++) {
        struct result_row *row = &bench.plan.rows[i];
        int instance = bench.plan.instances[i];
        bool is_other = instance >= PLAN_OTHER_BUILD;
        char program[MAX_PATH + 64];
        enum pool_kind kind = POOL_SERVER;
        if (row->role == RESULT_PEER) {
            kind = POOL_PEER;
            snprintf(program, sizeof program, "%s", row->form);
        } else if (row->role == RESULT_REFLECTOR) {
            kind = POOL_REFLECTOR;
            snprintf(program, sizeof program, "%s\\bench.exe", bench.directory);
        } else {
            snprintf(program, sizeof program, "%s\\%s.exe",
                     is_other ? given.operand : bench.directory,
                     model_names[row->model - 1]);
        }
        if (is_form(row))
            bench.servers[i] = seat_form(row);
        else
            bench.servers[i] = pool_add(&bench.pool, kind, program,
                                        kind == POOL_PEER        ? ""
                                        : kind == POOL_REFLECTOR ? "reflector"
                                                                 : row->form,
                                        instance);
        if (bench.servers[i] < 0)
            die_saying(2, "more than %d servers at once", POOL_AT_MOST);
    }
}

static struct pool_server *server_of(int row)
{
    return &bench.pool.servers[bench.servers[row]];
}

/* A row whose server, or connections, have failed. */
static void explain_failure(int index, const struct load *load)
{
    struct result_row *row = &bench.plan.rows[index];
    pool_explain(server_of(index), load->failure, row->failure,
                 sizeof row->failure);
}

static void fill_load_plan(const struct result_block *block,
                           const struct result_row *row, struct load_plan *plan)
{
    static const enum load_kind kinds[RESULT_SCENARIO_COUNT] = {
        [RESULT_PINGPONG] = LOAD_CLOSED, [RESULT_PACED] = LOAD_PACED,
        [RESULT_HERD] = LOAD_CLOSED,     [RESULT_CHURN] = LOAD_CHURN,
        [RESULT_BULK] = LOAD_STREAM,     [RESULT_SKEW] = LOAD_PACED};
    long measurements = block->row_count * (block->round_count + 1);
    *plan = (struct load_plan){
        .kind = kinds[block->scenario],
        .connection_count = row->connection_count,
        .idle_count = row->idle_count,
        .has_hot = block->scenario == RESULT_SKEW,
        .hot_bytes = HOT_BYTES,
        .message_bytes = (size_t)block->message_bytes,
        .rate_per_s = (double)block->rate_per_s,
        .connects_at_most = (uint64_t)(CONNECTS_AT_MOST / measurements) + 1};
}

static void open_idle(int index, struct load *load)
{
    enum { RESTING_MS = 50 };
    struct result_row *row = &bench.plan.rows[index];
    const struct process *process = &server_of(index)->process;
    char what[80];
    snprintf(what, sizeof what, "opening %d idle connections: %s",
             row->idle_count, row->name);
    progress_step(&bench.progress, what);
    Sleep(RESTING_MS);
    row->memory_before_bytes = process_memory_bytes(process);
    bool opened = load_open_idle(load, stop_event());
    Sleep(RESTING_MS);
    row->memory_after_bytes = process_memory_bytes(process);
    if (!opened && !stop_requested()) {
        explain_failure(index, load);
        load_close(load); /* the others need sockets too */
    }
}

/* Starts the servers of a block and opens their connections. */
static void open_block(const struct result_block *block)
{
    for (int i = 0; i < block->row_count && !stop_requested(); i++) {
        int index = block->first_row + i;
        struct result_row *row = &bench.plan.rows[index];
        struct pool_server *server = server_of(index);
        struct load *load = &bench.loads[i];
        struct load_plan plan;
        progress_step(&bench.progress, "starting the servers");
        bool is_up = pool_start(server);
        if (is_up && command_is("seam") &&
            bench.plan.instances[index] >= PLAN_OTHER_BUILD &&
            server->process.counters != NULL)
            snprintf(server->failure, sizeof server->failure,
                     "was built with the seam; DIR must hold a build with "
                     "OBSERVE=0");
        if (server->failure[0] != '\0') {
            snprintf(row->failure, sizeof row->failure, "%s", server->failure);
            continue;
        }
        fill_load_plan(block, row, &plan);
        if (!load_open(load, server->process.host, server->process.port,
                       &plan)) {
            explain_failure(index, load);
            load_close(load);
        } else if (row->idle_count > 0) {
            open_idle(index, load);
        }
    }
}

/* Writes the rows of a block in random order: groups at random, and the members
 * of each group at random, but one right after the other. */
static void draw_order(const struct result_block *block,
                       int order[ROWS_IN_BLOCK_AT_MOST])
{
    int groups[ROWS_IN_BLOCK_AT_MOST];
    int used = 0;
    for (int i = 0; i < block->row_count; i++)
        groups[i] = block->first_row + i;
    prng_shuffle(&bench.prng, groups, block->row_count);
    for (int g = 0; g < block->row_count; g++) {
        int first = used;
        for (int i = 0; i < block->row_count; i++)
            if (plan_group(&bench.plan, block->first_row + i) == groups[g])
                order[used++] = i;
        prng_shuffle(&bench.prng, order + first, used - first);
    }
}

/* One round of one row; round 0 warms up. Returns false after Ctrl+C. */
static bool run_round(const struct result_block *block, int i, long round)
{
    int index = block->first_row + i;
    struct result_row *row = &bench.plan.rows[index];
    struct load *load = &bench.loads[i];
    char what[120];
    if (row->failure[0] != '\0')
        return true;
    if (round == 0)
        snprintf(what, sizeof what, "%s, warm-up: %s", block->title, row->name);
    else
        snprintf(what, sizeof what, "%s, round %ld of %ld: %s", block->title,
                 round, block->round_count, row->name);
    progress_step(&bench.progress, what);
    switch (measure_round(&server_of(index)->process, load,
                          (uint64_t)block->round_ms * 1000000, stop_event(),
                          round == 0, row)) {
    case MEASURE_STOPPED:
        return false;
    case MEASURE_FAILED:
        explain_failure(index, load);
        if (!stop_requested())
            return true;
        row->failure[0] = '\0'; /* the server heard of Ctrl+C as well */
        return false;
    case MEASURE_DONE:
        break;
    }
    return true;
}

/* How long the rounds of a block may take: of the time that is left for the
 * whole run, the part that the plan gives them. 0: as long as it takes. */
static uint64_t share_ns(const struct result_block *block)
{
    uint64_t spent_ms = (clock_ns() - bench.begun_ns) / 1000000;
    double left_ms = (double)(bench.progress.total_ms - bench.progress.done_ms);
    double mine_ms = (double)((block->round_count + 1) * block->row_count *
                              plan_round_ms(block));
    if (!bench.is_short || left_ms <= 0)
        return 0;
    if (spent_ms >= SHORT_RUN_MS)
        return 1;
    double part = mine_ms < left_ms ? mine_ms / left_ms : 1;
    return (uint64_t)(part * (double)(SHORT_RUN_MS - spent_ms) * 1e6);
}

static bool run_rounds(struct result_block *block)
{
    int order[ROWS_IN_BLOCK_AT_MOST];
    uint64_t begun_ns = clock_ns();
    uint64_t limit_ns = share_ns(block);
    for (long round = 0; round <= block->round_count; round++) {
        if (limit_ns > 0 && round > ROUNDS_AT_LEAST &&
            clock_ns() - begun_ns > limit_ns) {
            progress_done(&bench.progress, (block->round_count + 1 - round) *
                                               block->row_count *
                                               plan_round_ms(block));
            block->round_count = round - 1;
        }
        if (round > block->round_count)
            break;
        draw_order(block, order);
        for (int i = 0; i < block->row_count; i++) {
            if (stop_requested() || !run_round(block, order[i], round))
                return false;
            progress_done(&bench.progress, plan_round_ms(block));
        }
    }
    return true;
}

/* Ends the servers that no block after this one needs. */
static bool stop_unneeded(int block)
{
    bool unneeded[POOL_AT_MOST];
    for (int i = 0; i < POOL_AT_MOST; i++)
        unneeded[i] = true;
    for (int i = 0; i < bench.plan.row_count; i++)
        if (bench.plan.rows[i].block > block)
            unneeded[bench.servers[i]] = false;
    return pool_stop(&bench.pool, unneeded, stop_requested());
}

/* Returns false after Ctrl+C. */
static bool run_block(int index)
{
    struct result_block *block = &bench.plan.blocks[index];
    open_block(block);
    bool complete = !stop_requested() && run_rounds(block);
    for (int i = 0; i < block->row_count; i++) {
        struct result_row *row = &bench.plan.rows[block->first_row + i];
        if (row->failure[0] == '\0' && row->round_count > 0)
            row->thread_count =
                process_threads(&server_of(block->first_row + i)->process);
        load_close(&bench.loads[i]);
    }
    return complete;
}

/* Returns whether all servers ended as they should. */
static bool run_all(void)
{
    bool clean = true;
    progress_begin(&bench.progress, plan_total_ms(&bench.plan));
    for (int i = 0; i < bench.plan.block_count; i++) {
        bool complete = run_block(i);
        clean = stop_unneeded(i) && clean;
        if (!complete) {
            bench.result.interrupted = true;
            break;
        }
    }
    progress_end(&bench.progress);
    return pool_stop(&bench.pool, NULL, stop_requested()) && clean;
}

/* ---- what comes out ------------------------------------------------------ */

static void describe(const struct plan_request *request)
{
    static char servers[200];
    static char command[MAX_PATH + 120];
    struct result_settings *settings = &bench.result.settings;
    for (int i = 0; i < request->model_count; i++)
        if (!command_is("ladder") || request->models[i] == parse_chapter())
            snprintf(servers + strlen(servers),
                     sizeof servers - strlen(servers), "%s%s",
                     servers[0] != '\0' ? " " : "",
                     model_names[request->models[i] - 1]);
    snprintf(command, sizeof command, "bench%s%s%s%.200s%s%.100s",
             given.command != NULL ? " " : "",
             given.command != NULL ? given.command : "",
             given.operand != NULL ? " " : "",
             given.operand != NULL ? given.operand : "",
             given.scenario != NULL ? " --scenario " : "",
             given.scenario != NULL ? given.scenario : "");
    settings->command = command;
    settings->servers = servers;
    settings->relative_to = bench.plan.blocks[0].relative_to;
    settings->left_out = bench.plan.left_out;
    settings->seed = given.seed;
    if (command_is("seam"))
        settings->pooled = "with the seam relative to without";
    if (command_is("ab"))
        settings->pooled = "new relative to old";
    bench.result.blocks = bench.plan.blocks;
    bench.result.block_count = bench.plan.block_count;
    bench.result.rows = bench.plan.rows;
    bench.result.row_count = bench.plan.row_count;
    environment_read(&bench.result.environment);
}

static void print_out(struct out *out)
{
    if (out->text != NULL)
        fwrite(out->text, 1, out->bytes, stdout);
    if (out->is_incomplete)
        printf("(not enough memory for the rest of the report)\n");
    fflush(stdout);
    free(out->text);
    *out = (struct out){0};
}

typedef void writer(struct out *out, const struct result *result);

/* Writes one file; no path: nothing. False: said why on stderr. */
static bool export_file(const char *path, writer *write)
{
    struct out out = {0};
    bool good = true;
    if (path == NULL)
        return true;
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        report("cannot write %s", path);
        return false;
    }
    write(&out, &bench.result);
    good =
        !out.is_incomplete && fwrite(out.text, 1, out.bytes, file) == out.bytes;
    good = fclose(file) == 0 && good;
    free(out.text);
    if (!good)
        report("%s is incomplete", path);
    return good;
}

/* A file with two tables cannot be read by anything: the raw rounds go into
 * one of their own, out-rounds.csv beside out.csv. */
static bool export_csv(void)
{
    char path[MAX_PATH];
    if (given.csv_path == NULL)
        return true;
    size_t length = strlen(given.csv_path);
    if (length > 4 && strcmp(given.csv_path + length - 4, ".csv") == 0)
        length -= 4;
    snprintf(path, sizeof path, "%.*s-rounds.csv", (int)length, given.csv_path);
    bool good = export_file(given.csv_path, csv_write_result);
    return export_file(path, csv_write_rounds) && good;
}

static bool export_all(void)
{
    bool good = export_file(given.markdown_path, markdown_write_result);
    good = export_csv() && good;
    good = export_file(given.html_path, html_write_result) && good;
    return export_file(given.json_path, json_write_result) && good;
}

static void make_plan(const struct plan_request *request)
{
    if (command_is("ladder"))
        plan_ladder(&bench.plan, request, parse_chapter());
    else if (command_is("ab"))
        plan_builds(&bench.plan, request, "old", "new");
    else if (command_is("seam"))
        plan_builds(&bench.plan, request, "plain", "seam");
    else
        plan_race(&bench.plan, request);
    for (int i = 0; i < bench.plan.block_count; i++)
        if (bench.plan.blocks[i].row_count > ROWS_IN_BLOCK_AT_MOST)
            bench.plan.is_incomplete = true;
    if (bench.plan.is_incomplete || !plan_allocate(&bench.plan))
        die_saying(1, "not enough memory for the results");
}

static int run_bench(const struct plan_request *request)
{
    struct out out = {0};
    bench.begun_ns = clock_ns();
    make_plan(request);
    seat_rows();
    bench.prng.state = (uint64_t)given.seed;
    bench.is_short = request->is_short && given.command == NULL &&
                     given.round_count == 0 && given.round_ms == 0 &&
                     given.connections == NULL;
    describe(request);
    text_write_environment(&out, &bench.result);
    print_out(&out);

    bool clean = run_all();
    bench.result.elapsed_ns = clock_ns() - bench.begun_ns;
    result_compute(&bench.result);
    text_write_result(&out, &bench.result);
    print_out(&out);
    clean = export_all() && clean && !result_has_failure(&bench.result);
    plan_free(&bench.plan);
    return bench.result.interrupted ? EXIT_INTERRUPTED : !clean;
}

int main(int argc, char **argv)
{
    struct plan_request request = {.is_short = false};
    if (argc > 1 && strcmp(argv[argc - 1], "reflector") == 0)
        return reflector_run(argc, argv);
    parse_command_line(argc, argv, &request);
    stop_install(NULL);
    net_start();
    find_own_program();
    sharpen_timer();
    int status = 0;
    if (command_is("selftest"))
        status = selftest_run(bench.directory, stop_event());
    else
        status = run_bench(&request);
    WSACleanup();
    stop_finished();
    return status;
}
