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
 * make sense for it. The program is server.c itself (""), or minimal.c, or what
 * NN_name/forms has. The first form of each server is its default. */
struct form {
    const char *server;
    const char *program;
    const char *ending; /* ".c": a program of one page */
    const char *arguments;
    int groups;
};

static const struct form forms[] = {
#define X(chapter, name, ending, arguments, groups, rung, ladders)             \
    {FORMS_CHAPTER_##chapter, name, ending, arguments, groups},
    FORMS(X)
#undef X
};

static const struct check_case cases[] = {
#define X(name, group, flags, arguments, purpose)                              \
    {#name, name, GROUP_##group, flags, arguments, purpose},
    CASES(X)
#undef X
};

static const struct {
    const char *form;
    const char *name;
    const char *reason;
    const char *words;
} must_fail[] = {
#define X(form, name, reason, words) {form, name, reason, words},
    FORMS_FAIL(X)
#undef X
};

enum {
    FORM_COUNT = sizeof forms / sizeof forms[0],
    CASE_COUNT = sizeof cases / sizeof cases[0],
    MUST_FAIL_COUNT = sizeof must_fail / sizeof must_fail[0]
};

static bool is_default(const struct form *form)
{
    return form->program[0] == '\0' && form->arguments[0] == '\0';
}

/* Whether this form runs this case. */
static bool suits(const struct form *form, const struct check_case *which)
{
    return (form->groups & (int)which->group) != 0 &&
           (strcmp(form->ending, ".c") != 0 || (which->flags & PAGE) != 0);
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
    {"--server", "NN", "only this one, as 04", OPTION_TEXT, &only_server, 0, 0},
    {"--forms", "all|default", "other forms of the servers as well, or not",
     OPTION_CHOICE, &which_forms, 0, 0},
    {"--form", "NAME", "only this one: minimal, one in forms/, or server",
     OPTION_TEXT, &only_form, 0, 0},
    {"--program", "PATH", "run this in the place of --server's", OPTION_TEXT,
     &other_program, 0, 0},
    {"--long", NULL, "the long cases, too", OPTION_FLAG, &is_long, 0, 0},
    {"--soak", "MINUTES", "cases in random order, all servers together so long",
     OPTION_NUMBER, &soak_minutes, 1, 100000},
    {"--seed", "N", "for what is random; 0: from the clock", OPTION_NUMBER,
     &seed, 0, 2147483647},
    {"--list", NULL, "print the cases", OPTION_FLAG, &list, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void read_command_line(int argc, char **argv)
{
    char message[200];
    report_set_program("check", false);
    argv = utf8_arguments(&argc);
    enum options_result result =
        options_parse(argc, argv, NULL, own_options, message, sizeof message);
    if (result == OPTIONS_WRONG)
        die_saying(2, "%s", message);
    if (other_program != NULL && only_server == NULL)
        die_saying(2, "--program needs --server, which says what is expected");
    if (result == OPTIONS_HELP) {
        printf("check: the conformance suite for the five servers\n\n");
        options_print(own_options);
        printf("\nExit status: 0 nothing failed, 1 something did, 2 wrong "
               "usage.\n");
    }
    if (result == OPTIONS_VERSION)
        printf("check %s\n", VERSION);
    for (int i = 0; i < CASE_COUNT && result == OPTIONS_OK && list; i++)
        printf("%-20s %s%s\n", cases[i].name, cases[i].purpose,
               (cases[i].flags & LONG_ONE) != 0 ? " (--long)" : "");
    if (result == OPTIONS_OK && !list)
        return;
    utf8_flush();
    exit(0);
}

/* "04" and "04_overlapped_apc" mean the same. */
static bool is_wanted(const struct form *form)
{
    if (only_server != NULL && strcmp(form->server, only_server) != 0 &&
        (strlen(only_server) != 2 ||
         strncmp(form->server, only_server, 2) != 0))
        return false;
    if (only_form != NULL)
        return strcmp(form->program[0] != '\0' ? form->program : "server",
                      only_form) == 0;
    if (other_program != NULL)
        return is_default(form) ||
               (only_case != NULL && form->program[0] == '\0');
    return is_default(form) || which_forms == 0;
}

static bool is_due(const struct check_case *which)
{
    if (only_case != NULL)
        return strcmp(which->name, only_case) == 0;
    return (which->flags & LONG_ONE) == 0 || is_long;
}

/* ---- one case ------------------------------------------------------------ */

static int passed_count, failed_count, skipped_count;

/* "05_iocp batches", "05_iocp --workers 1". */
static const char *label_of(const struct form *form)
{
    static char label[120];
    snprintf(label, sizeof label, "%s%s%s", form->server,
             is_default(form) ? "" : " ",
             form->program[0] != '\0' ? form->program : form->arguments);
    return label;
}

/* The server is next to this program, its other programs in a folder there,
 * unless --program says otherwise. */
static const char *program_of(const struct form *form)
{
    static char path[PATH_BYTES + 80];
    char name[80];
    snprintf(name, sizeof name, "%s%.30s%s%.30s.exe",
             form->program[0] != '\0' ? "forms\\" : "", form->server,
             form->program[0] != '\0' ? "_" : "", form->program);
    next_to_this_program(name, path, sizeof path);
    return other_program != NULL ? other_program : path;
}

/* The case, and what every case ends with, if all is well so far: the server
 * still serves, stops when it is asked to, and accounts for everything. Of these
 * a program of one page can do the first: it is killed. */
static void attempt(bool is_soak)
{
    if (setjmp(check.end) != 0)
        return; /* it was skipped or has failed */
    check.control = new_peers(1);
    if ((check.which->flags & STARTS) == 0 && !is_soak)
        start();
    check.which->run();
    check.doing[0] = '\0';
    if (check.server.process == NULL)
        return; /* it has been stopped, as part of the case */
    close_peers();
    control();
    if (!is_soak)
        stop_server();
}

/* A failure that must come is a success, and its absence a failure. */
static void judge_page(const struct form *form)
{
    char seen[sizeof check.failure];
    for (int i = 0; i < MUST_FAIL_COUNT; i++) {
        if (!check.is_page || check.skipped ||
            strcmp(must_fail[i].name, check.which->name) != 0 ||
            (must_fail[i].form[0] != '\0' &&
             strcmp(must_fail[i].form, label_of(form)) != 0))
            continue;
        bool right = check.failed && strstr(check.failure, must_fail[i].words);
        snprintf(seen, sizeof seen, "%s", check.failure);
        snprintf(check.failure, sizeof check.failure,
                 "expected to fail: %s; but %.700s", must_fail[i].reason,
                 check.failed ? seen : "passed");
        snprintf(check.note, sizeof check.note, "fails as expected: %s",
                 must_fail[i].reason);
        check.failed = !right;
    }
}

static void print_failure(void)
{
    struct process *server = &check.server;
    utf8_printf(stdout, "    %s\n", check.failure);
    if (server->process == NULL)
        return;
    int status = process_wait(server, 0);
    process_kill(server);
    if (status > 0)
        printf("    the server has ended with status %d (0x%x)\n", status,
               (unsigned)status);
    size_t skipped = server->err_bytes > 500 ? server->err_bytes - 500 : 0;
    for (char *line = strtok(server->err + skipped, "\r\n"); line != NULL;
         line = strtok(NULL, "\r\n"))
        utf8_printf(stdout, "    stderr: %s\n", line);
    utf8_printf(stdout, "    it was %s\n", server->command);
}

static void print_outcome(const struct form *form, double seconds)
{
    const char *verdict = check.skipped ? "SKIP" : "ok";
    failed_count += check.failed;
    skipped_count += !check.failed && check.skipped;
    passed_count += !check.failed && !check.skipped;
    utf8_printf(stdout, "%-34s  %-20s  %s  %.1f s  %s\n", label_of(form),
                check.which->name, check.failed ? "FAILED" : verdict, seconds,
                check.failed ? "" : check.note);
    if (check.failed)
        print_failure();
    utf8_flush();
}

/* Runs a case, or in a soak with the server that runs already and goes on. False:
 * it has failed. */
static bool run_case(const struct form *form, const struct check_case *which,
                     bool is_soak)
{
    uint64_t begin_ns = clock_ns();
    struct process server = check.server;
    check =
        (struct check){.which = which,
                       .program = program_of(form),
                       .is_page = strcmp(form->ending, ".c") == 0,
                       .chapter = form->server[1] - '0',
                       .form = form->arguments,
                       .groups = form->groups,
                       .is_long = is_long,
                       .seed = (uint64_t)seed,
                       .cut = (which->flags & CUTS) != 0,
                       .may_report = true,
                       .deadline_ns = clock_in_ms(
                           CASE_SECONDS * UINT64_C(1000) * (is_long ? 10 : 1)),
                       .thread_id = GetCurrentThreadId()};
    if (is_soak) {
        check.server = server;
        process_counts(&check.server, &check.before);
    }
    attempt(is_soak);
    judge_page(form);
    if (!is_soak || check.failed)
        print_outcome(form, (double)(clock_ns() - begin_ns) / 1e9);
    close_peers();
    process_free(&check.other);
    if (!is_soak || check.failed)
        process_free(&check.server);
    return !check.failed;
}

/* What has not been built is a failure. */
static void run_form(const struct form *form)
{
    if (utf8_attributes(program_of(form)) == INVALID_FILE_ATTRIBUTES) {
        utf8_printf(stdout, "%-34s  FAILED\n    there is no %s; `make forms`\n",
                    label_of(form), program_of(form));
        failed_count++;
        return;
    }
    for (int i = 0; i < CASE_COUNT; i++)
        if (is_due(&cases[i]) && suits(form, &cases[i]))
            run_case(form, &cases[i], false);
}

/* ---- soak ------------------------------------------------------------------ */

static struct usage soak_before; /* when every case has run once */
static volatile LONG interrupted;

/* The first Ctrl+C ends the soak in good order, the second at once. */
static BOOL WINAPI on_ctrl_c(DWORD event)
{
    (void)event;
    return InterlockedExchange(&interrupted, 1) == 0;
}

static void soak_end(void)
{
    enum { GROWTH_BYTES = 16777216 }; /* 01: stacks come and go */
    usage_flat(&soak_before, GROWTH_BYTES);
    stop_server();
}

/* The cases that take the server as it is, in random order, again and again,
 * against one that is never restarted. Each has let go of its clients when the
 * next begins, and at the end it has no more than when each had run once. */
static void soak(const struct form *form, uint64_t ms)
{
    static const struct check_case begins = {
        .name = "soak", .run = start, .flags = STARTS, .arguments = ""};
    static const struct check_case ends = {
        .name = "soak", .run = soak_end, .flags = STARTS | CUTS};
    struct prng prng = {.state = (uint64_t)seed};
    int order[CASE_COUNT];
    int count = 0;
    int done = 0;
    uint64_t begin_ns = clock_ns();
    for (int i = 0; i < CASE_COUNT; i++)
        if (suits(form, &cases[i]) && cases[i].arguments[0] == '\0' &&
            (cases[i].flags & (STARTS | LONG_ONE)) == 0 &&
            cases[i].group != GROUP_INSTRUMENTS)
            order[count++] = i;
    bool good = run_case(form, &begins, true);
    while (good && !interrupted &&
           (done <= count || ms_since(begin_ns) < (int64_t)ms)) {
        if (done % count == 0)
            prng_shuffle(&prng, order, count);
        const struct check_case *next = &cases[order[done++ % count]];
        good = run_case(form, next, true);
        struct usage usage = usage_at_rest();
        if (done == count)
            soak_before = usage;
        printf("%d cases in %lld s, the last %-20s %6llu KB %4d threads %4d "
               "handles\n",
               done, ms_since(begin_ns) / 1000, next->name,
               usage.memory_bytes / 1024, usage.threads, usage.handles);
        utf8_flush();
    }
    if (good && done >= count && run_case(form, &ends, true)) {
        snprintf(check.note, sizeof check.note, "%d cases in %lld s", done,
                 ms_since(begin_ns) / 1000);
        print_outcome(form, 0);
    }
    process_free(&check.server);
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
    net_start();
    if (seed == 0)
        seed = (long)(clock_ns() % 1000000) + 1;
    uint64_t begin_ns = clock_ns();
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
        die_saying(2, "no form of such a server runs such a case; see --list");
    printf("%lld s, seed %ld\n", ms_since(begin_ns) / 1000, seed);
    printf("%d passed, %d failed, %d skipped\n", passed_count, failed_count,
           skipped_count);
    utf8_flush();
    return failed_count == 0 ? 0 : 1;
}
