/* check: the conformance suite. Runs the same cases against each server and
 * against its other forms, and knows nothing of how any of them works. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/options.h"
#include "cases/cases.h"
#include "forms.h"
#include "result/statistics.h"

/* ---- what is run --------------------------------------------------------- */

/* A form of a server: its program, its arguments, and the groups of cases that
 * make sense for it. The program is server.c itself (""), or what a patch in
 * NN_name/forms makes of it, or minimal.c or a program in NN_name/forms, for
 * which cases/minimal.c says case by case what makes sense. The first form of
 * each server is its default and runs everything. */
struct form {
    const char *server;
    const char *program;
    const char *arguments;
    int groups;
};

static const struct form forms[] = {
#define X(chapter, name, ending, arguments, groups, rung, ladders)             \
    {FORMS_CHAPTER_##chapter, name, arguments, groups},
    FORMS(X)
#undef X
};

enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

static const struct check_case cases[] = {
#define X(name, group, flags, arguments, seconds, purpose)                     \
    {#name, name, GROUP_##group, flags, arguments, seconds, purpose},
    CASES(X)
#undef X
};

enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

static bool is_default(const struct form *form)
{
    return form->program[0] == '\0' && form->arguments[0] == '\0';
}

/* The bit of a program of one page; 0: made from server.c. */
static int bit_of(const struct form *form)
{
    return minimal_program(form->server, form->program);
}

/* What a program of one page must do with this case; NULL: not asked. */
static const struct minimal_row *minimal_of(const struct form *form,
                                            const struct check_case *which)
{
    return minimal_find(which->name, bit_of(form));
}

/* Whether this form runs this case. */
static bool suits(const struct form *form, const struct check_case *which)
{
    if (bit_of(form) != 0)
        return minimal_of(form, which) != NULL;
    return (form->groups & (int)which->group) != 0;
}

/* ---- the command line ---------------------------------------------------- */

static const char *only_case;
static const char *only_server;
static const char *only_form;
static const char *other_program;
static bool list;
static bool is_long;
static int which_forms; /* index into all|default */
static long seed;
static long soak_minutes;

static const struct option own_options[] = {
    {"--case", "NAME", "only this case", OPTION_TEXT, &only_case, 0, 0},
    {"--server", "NN", "only this server, as 04 or 04_overlapped_apc",
     OPTION_TEXT, &only_server, 0, 0},
    {"--forms", "all|default", "other forms of the servers as well, or not",
     OPTION_CHOICE, &which_forms, 0, 0},
    {"--form", "NAME", "only this one: minimal, one in forms/, or server",
     OPTION_TEXT, &only_form, 0, 0},
    {"--program", "PATH",
     "run this program in the place of --server's, in the first form of it "
     "that has --case",
     OPTION_TEXT, &other_program, 0, 0},
    {"--long", NULL, "the long cases as well, and longer ones", OPTION_FLAG,
     &is_long, 0, 0},
    {"--soak", "MINUTES", "cases in random order, all servers together so long",
     OPTION_NUMBER, &soak_minutes, 1, 100000},
    {"--seed", "N", "for what is random; 0: from the clock", OPTION_NUMBER,
     &seed, 0, 2147483647},
    {"--list", NULL, "print the cases and end", OPTION_FLAG, &list, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void print_cases(FILE *file, bool with_purpose)
{
    for (int i = 0; i < CASE_COUNT; i++)
        if (with_purpose)
            fprintf(file, "%-20s %s%s\n", cases[i].name, cases[i].purpose,
                    (cases[i].flags & LONG_ONE) != 0 ? " (--long)" : "");
        else
            fprintf(file, " %s", cases[i].name);
}

static bool case_exists(const char *name)
{
    for (int i = 0; i < CASE_COUNT; i++)
        if (strcmp(cases[i].name, name) == 0)
            return true;
    return false;
}

/* "04" and "04_overlapped_apc" mean the same. */
static bool server_is(const struct form *form, const char *wanted)
{
    return strcmp(form->server, wanted) == 0 ||
           (strlen(wanted) == 2 && strncmp(form->server, wanted, 2) == 0);
}

static bool is_wanted(const struct form *form)
{
    if (only_server != NULL && !server_is(form, only_server))
        return false;
    if (only_form != NULL)
        return strcmp(form->program[0] != '\0' ? form->program : "server",
                      only_form) == 0;
    if (other_program != NULL)
        return is_default(form) ||
               (only_case != NULL && form->program[0] == '\0');
    return is_default(form) || which_forms == 0;
}

static bool server_exists(const char *name)
{
    for (int i = 0; i < FORM_COUNT; i++)
        if (server_is(&forms[i], name))
            return true;
    return false;
}

/* Ends the program when a name is wrong: exit status 2. */
static void check_names(void)
{
    if (only_case != NULL && !case_exists(only_case)) {
        utf8_printf(stderr, "check: no case \"%.40s\"; there are:", only_case);
        print_cases(stderr, false);
        fprintf(stderr, "\n");
        exit(2);
    }
    if (only_server != NULL && !server_exists(only_server)) {
        utf8_printf(stderr,
                    "check: no server \"%.40s\"; there are:", only_server);
        for (int i = 0; i < FORM_COUNT; i++)
            if (is_default(&forms[i]))
                fprintf(stderr, " %s", forms[i].server);
        fprintf(stderr, "\n");
        exit(2);
    }
    for (const struct minimal_row *row = minimal_rows; row->name != NULL; row++)
        if (!case_exists(row->name))
            die_saying(1, "minimal.c: there is no case \"%s\"", row->name);
    if (other_program != NULL && only_server == NULL)
        die_saying(2, "--program needs --server, which says what is expected");
}

static void read_command_line(int argc, char **argv)
{
    char message[200];
    report_set_program("check", false);
    argv = utf8_arguments(&argc);
    switch (
        options_parse(argc, argv, NULL, own_options, message, sizeof message)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_HELP:
        printf("check: the conformance suite for the five servers\n\n");
        options_print(own_options);
        printf("\nExit status: 0 nothing failed, 1 something did, 2 wrong "
               "usage.\n");
        utf8_flush();
        exit(0);
    case OPTIONS_VERSION:
        printf("check %s\n", VERSION);
        utf8_flush();
        exit(0);
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    check_names();
}

/* ---- one case ------------------------------------------------------------ */

/* "05_iocp batches", "05_iocp --workers 1". */
static void make_label(const struct form *form, char *label, size_t label_bytes)
{
    snprintf(label, label_bytes, "%s%s%s", form->server,
             is_default(form) ? "" : " ",
             form->program[0] != '\0' ? form->program : form->arguments);
}

static int passed_count, failed_count, skipped_count;

/* The server is next to this program, its other programs in a folder there,
 * unless --program says otherwise. */
static void find_program(const struct form *form, char *path, size_t path_bytes)
{
    char name[80];
    if (form->program[0] == '\0')
        snprintf(name, sizeof name, "%.30s.exe", form->server);
    else
        snprintf(name, sizeof name, "forms\\%.30s_%.30s.exe", form->server,
                 form->program);
    if (other_program != NULL)
        snprintf(path, path_bytes, "%s", other_program);
    else
        next_to_this_program(name, path, path_bytes);
}

/* Closes all clients, and threads with them. */
static void close_clients(struct check *c)
{
    end_helpers(c);
    for (int a = 0; a < c->array_count; a++)
        close_all(c->arrays[a], c->counts[a]);
}

/* The case, and what every case ends with, if all is well so far: the server
 * still serves, stops when it is asked to, and accounts for everything. Of these
 * a program of one page can do the first: it is killed. */
static void attempt(struct check *c)
{
    bool starts = (c->which->flags & STARTS) != 0;
    if (setjmp(c->end) != 0)
        return; /* it was skipped or has failed */
    if (!starts && !c->is_soak)
        start_server(c, c->which->arguments);
    c->which->run(c);
    c->doing[0] = '\0';
    close_clients(c);
    if (!starts)
        control(c);
    if (!starts && !c->is_soak)
        end_server(c);
}

static void print_failure(struct check *c)
{
    utf8_printf(stdout, "    %s\n", c->failure);
    if (c->server.process == NULL)
        return;
    int status = process_wait(&c->server, 0);
    if (status > 0)
        printf("    the server has ended with status %d (0x%x)\n", status,
               (unsigned)status);
    process_kill(&c->server);
    size_t tail = c->server.err_bytes > 500 ? c->server.err_bytes - 500 : 0;
    if (c->server.err_bytes > 0)
        printf("    server's stderr, its end:\n");
    for (char *line = strtok(c->server.err + tail, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n"))
        utf8_printf(stdout, "      %s\n", line);
    utf8_printf(stdout, "    it was %s\n", c->server.command);
}

static void print_outcome(struct check *c, const char *label, double seconds)
{
    printf("%-34s  %-20s", label, c->which->name);
    if (c->failed) {
        failed_count++;
        printf("  FAILED  %.1f s\n", seconds);
        print_failure(c);
    } else if (c->skipped) {
        skipped_count++;
        utf8_printf(stdout, "  SKIP  %s\n", c->skip_reason);
    } else {
        passed_count++;
        printf("  ok  %.1f s%s%s\n", seconds, c->note[0] != '\0' ? "  " : "",
               c->note);
    }
    utf8_flush();
}

/* Fills in c for one run of this case. program is kept. */
static void prepare(struct check *c, const struct form *form,
                    const struct check_case *which, const char *program)
{
    int seconds = which->seconds > 0 ? which->seconds : 60;
    *c = (struct check){.which = which,
                        .program = program,
                        .is_minimal = minimal_of(form, which) != NULL,
                        .chapter = form->server[1] - '0',
                        .form = form->arguments,
                        .groups = form->groups,
                        .is_long = is_long,
                        .seed = (uint64_t)seed,
                        .cut = (which->flags & CUTS) != 0,
                        .deadline_ns = clock_in_ms((uint64_t)seconds * 1000),
                        .thread_id = GetCurrentThreadId()};
}

/* Frees and ends all that the case has made, wherever it has ended. */
static void clean_up(struct check *c)
{
    close_clients(c);
    for (int a = 0; a < c->array_count; a++)
        free(c->arrays[a]);
    process_free(&c->other);
    process_free(&c->server);
}

static void run_case(const struct form *form, const struct check_case *which)
{
    static struct check c;
    const struct minimal_row *minimal = minimal_of(form, which);
    char program[PATH_BYTES + 80];
    char label[120];
    uint64_t begin = clock_ns();
    find_program(form, program, sizeof program);
    prepare(&c, form, which, program);
    attempt(&c);
    if (minimal != NULL)
        minimal_judge(&c, minimal);
    make_label(form, label, sizeof label);
    print_outcome(&c, label, (double)(clock_ns() - begin) / 1e9);
    clean_up(&c);
}

/* False, and counted as a failure, when its program has not been built. */
static bool is_there(const struct form *form)
{
    char program[PATH_BYTES + 80];
    char label[120];
    find_program(form, program, sizeof program);
    if (utf8_attributes(program) != INVALID_FILE_ATTRIBUTES)
        return true;
    make_label(form, label, sizeof label);
    utf8_printf(
        stdout,
        "%-34s  FAILED\n    there is no %s; `make forms` builds it from "
        "%s/%s\n",
        label, program, form->server,
        strcmp(form->program, "minimal") == 0 ? "minimal.c" : "forms/");
    failed_count++;
    return false;
}

static void run_form(const struct form *form)
{
    if (form->program[0] != '\0' && !is_there(form))
        return;
    for (int i = 0; i < CASE_COUNT; i++) {
        const struct check_case *one = &cases[i];
        bool is_named = only_case != NULL && strcmp(one->name, only_case) == 0;
        bool is_due =
            only_case == NULL && ((one->flags & LONG_ONE) == 0 || is_long);
        if ((is_named || is_due) && suits(form, one))
            run_case(form, one);
    }
}

/* ---- soak ------------------------------------------------------------------ */

static struct usage soak_before; /* when every case has run once */
static LONG soak_sockets;        /* of a server without clients */
static volatile LONG interrupted;

/* The first Ctrl+C ends the soak in good order, the second at once. */
static BOOL WINAPI on_ctrl_c(DWORD event)
{
    (void)event;
    return InterlockedExchange(&interrupted, 1) == 0;
}

static void soak_begin(struct check *c)
{
    start_server(c, "");
    if (c->server.counters != NULL)
        soak_sockets = c->server.counters->live.sockets;
}

static void soak_rest(struct check *c)
{
    soak_before = usage_at_rest(c);
}

static void soak_end(struct check *c)
{
    enum { GROWTH_BYTES = 16777216 }; /* 01: stacks come and go */
    usage_flat(c, &soak_before, GROWTH_BYTES);
    stop_server(c);
}

static const struct check_case soak_steps[] = {
    {"soak", soak_begin, GROUP_ALL, STARTS, "", 0, ""},
    {"soak", soak_rest, GROUP_ALL, STARTS, "", 0, ""},
    {"soak", soak_end, GROUP_ALL, STARTS | CUTS, "", 0, ""}};

/* Runs a case, or one of the steps above, against the server that goes on
 * running; it has let go of the clients of the case before. */
static bool soak_one(const struct form *form, const struct check_case *which,
                     struct process *server, const char *note)
{
    static struct check c;
    char program[PATH_BYTES + 80];
    char label[120];
    const struct observe_counters *counters = server->counters;
    uint64_t end_ns = clock_in_ms(FREED_MS);
    while (counters != NULL && counters->live.sockets > soak_sockets &&
           clock_ns() < end_ns)
        Sleep(10);
    find_program(form, program, sizeof program);
    prepare(&c, form, which, program);
    c.is_soak = true;
    c.may_report = true;
    c.server = *server;
    process_counts(&c.server, &c.before);
    attempt(&c);
    snprintf(c.note, sizeof c.note, "%s", note);
    make_label(form, label, sizeof label);
    if (c.failed || which == &soak_steps[2])
        print_outcome(&c, label, 0);
    *server = c.server;
    memset(&c.server, 0, sizeof c.server);
    clean_up(&c);
    return !c.failed;
}

/* The cases that take the server as it is, in random order, again and again,
 * against one that is never restarted. Then it has no more than when each had run
 * once. */
static void soak(const struct form *form, uint64_t ms)
{
    struct process server = {0};
    struct prng prng = {.state = (uint64_t)seed};
    int order[CASE_COUNT];
    int count = 0;
    int done = 0;
    char note[100] = "";
    uint64_t begin_ns = clock_ns();
    for (int i = 0; i < CASE_COUNT; i++)
        if (suits(form, &cases[i]) && cases[i].arguments[0] == '\0' &&
            (cases[i].flags & (STARTS | LONG_ONE)) == 0 &&
            cases[i].group != GROUP_INSTRUMENTS)
            order[count++] = i;
    bool good = soak_one(form, &soak_steps[0], &server, note);
    while (good && !interrupted &&
           (done <= count || clock_ns() - begin_ns < ms * 1000000)) {
        if (done % count == 0)
            prng_shuffle(&prng, order, count);
        const struct check_case *next = &cases[order[done % count]];
        good = soak_one(form, next, &server, note);
        if (++done == count)
            good = good && soak_one(form, &soak_steps[1], &server, note);
        snprintf(note, sizeof note, "%d cases in %d s", done,
                 (int)((clock_ns() - begin_ns) / 1000000000));
        printf("%s, the last %-20s %6u KB %4d threads %4d handles\n", note,
               next->name, (unsigned)(process_memory_bytes(&server) / 1024),
               process_threads(&server), process_handles(&server));
        utf8_flush();
    }
    if (good && done >= count)
        soak_one(form, &soak_steps[2], &server, note);
    process_free(&server);
}

/* The default forms, and the minutes divided among them. */
static void soak_all(void)
{
    int count = 0;
    which_forms = 1;
    SetConsoleCtrlHandler(on_ctrl_c, TRUE);
    for (int i = 0; i < FORM_COUNT; i++)
        count += is_wanted(&forms[i]);
    for (int i = 0; i < FORM_COUNT && !interrupted; i++)
        if (is_wanted(&forms[i]))
            soak(&forms[i], (uint64_t)soak_minutes * 60000 / (unsigned)count);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[argc - 1], "burn") == 0)
        return instruments_burn();
    read_command_line(argc, argv);
    if (list) {
        print_cases(stdout, true);
        utf8_flush();
        return 0;
    }
    net_start();
    if (seed == 0)
        seed = (long)(clock_ns() % 1000000) + 1;
    uint64_t begin = clock_ns();
    if (soak_minutes > 0)
        soak_all();
    for (int i = 0; i < FORM_COUNT && soak_minutes == 0; i++) {
        if (is_wanted(&forms[i]))
            run_form(&forms[i]);
        if (other_program != NULL &&
            passed_count + failed_count + skipped_count > 0)
            break;
    }
    if (passed_count + failed_count + skipped_count == 0 && !interrupted)
        die_saying(2, "that server has no form that runs that case");
    printf("%.0f s, seed %ld\n", (double)(clock_ns() - begin) / 1e9, seed);
    printf("%d passed, %d failed, %d skipped\n", passed_count, failed_count,
           skipped_count);
    utf8_flush();
    return failed_count == 0 ? 0 : 1;
}
