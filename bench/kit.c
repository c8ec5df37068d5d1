/* kit: all that one machine can tell, for somebody who has Windows and nothing
 * else. Runs the programs beside it one after the other, whatever becomes of
 * each, and leaves one folder with one page to send. run.cmd starts it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/escape.h"
#include "run/environment.h"
#include "run/process.h"
#include "run/progress.h"
#include "run/wine.h"
#include "../common/clock.h"
#include "../common/options.h"
#include "../common/stop.h"

/* ---- the parts ----------------------------------------------------------- */

enum { LONG_RUN = 1, SHORT_RUN = 2, TRIAL = 4 };

struct part {
    const char *name; /* of the file with what it prints */
    const char *what;
    const char *program;
    const char *arguments; /* its current folder is that of the page */
    int runs;              /* those that it is part of */
    int seconds;           /* that it takes; if it takes far more it is ended */
};

/* clang-format off */
#define FOR_EACH(X) X("1") X("2") X("3") X("4") X("5")
#define EXPORTS(name) \
    " --export-html " name ".html --export-json " name ".json"
#define CLAIMS(n) {"labs-0" n, "what courses claim of model 0" n, \
    "labs_0" n, "", LONG_RUN | SHORT_RUN, 6},
#define CLAIM(n) {"labs-0" n, "one claim about model 0" n, \
    "labs_0" n, "--only " n ".1", TRIAL, 1},
#define SUITE(n) {"check-0" n, "the test suite on model 0" n, \
    "check", "--server 0" n, LONG_RUN, 120},
#define CASE(n) {"check-0" n, "one test of each form of model 0" n, \
    "check", "--case one_byte --server 0" n, TRIAL, 2},
#define LADDER(n) {"ladder-0" n, "what each trick of model 0" n " is worth", \
    "bench", "ladder 0" n " --details" EXPORTS("ladder-0" n), LONG_RUN, 60},

static const struct part all_parts[] = {
    FOR_EACH(CLAIMS) FOR_EACH(CLAIM) FOR_EACH(SUITE) FOR_EACH(CASE)
    {"check-05", "the test suite on model 05", "check",
     "--forms default --server 05", SHORT_RUN, 60},
    {"bench", "all five models measured", "bench",
     "--details" EXPORTS("bench"), LONG_RUN | SHORT_RUN, 60},
    {"bench", "one model measured", "bench", "--servers 05 --scenario idle "
     "--idle 1 --launches 1 --window-ms 50" EXPORTS("bench"), TRIAL, 3},
    FOR_EACH(LADDER)
};
/* clang-format on */

enum { PART_COUNT = sizeof all_parts / sizeof all_parts[0] };

/* The parts of this run, and what has become of them. */
static struct outcome {
    const struct part *part;
    char verdict[60];
    bool is_good;
    int seconds;
    char *printed; /* all of it, stderr last */
} outcomes[PART_COUNT];
static int count, done, good;

/* ---- the command line, and the question ---------------------------------- */

static int which = -1; /* index into long|short|trial|no */
static const char *into = ".";
static long limit_s;

static const struct option options[] = {
    {"", "long|short|trial|no",
     "15 minutes, 3, or half a one (does all start?); else it asks",
     OPTION_CHOICE, &which, 0, 0},
    {"--into", "FOLDER", "where to make the folder with the page", OPTION_TEXT,
     &into, 0, 0},
    {"--limit", "SECONDS", "end each part that takes longer", OPTION_NUMBER,
     &limit_s, 1, 86400},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static void read_command_line(int argc, char **argv)
{
    char message[200];
    report_set_program("kit", false);
    argv = utf8_arguments(&argc);
    switch (options_parse(argc, argv, NULL, options, message, sizeof message)) {
    case OPTIONS_OK:
        return;
    case OPTIONS_HELP:
    case OPTIONS_VERSION:
        which = 0; /* options_print() shows what it is */
        printf("kit %s\n", VERSION);
        options_print(options);
        utf8_flush();
        exit(0);
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
}

/* As which. Nobody there to answer is a no, Enter alone the long run. */
static int ask(void)
{
    static const char letters[] = "lstn";
    char answer[80];
    printf(
        "Five echo servers, version %s, and what this machine tells of them.\n"
        "\n"
        "This runs tests and measurements. Nothing is installed and nothing\n"
        "is sent. It leaves a folder with a page that you can read, and send.\n"
        "Windows may ask whether a program may use the network, because one\n"
        "test listens on all addresses for a moment: say no. For good figures\n"
        "plug the machine in, and let it alone meanwhile. Ctrl+C ends it at\n"
        "any time; the page then has what there is.\n"
        "\n"
        "  l  long: everything, about 15 minutes\n"
        "  s  short: about 3 minutes\n"
        "  n  no: do nothing\n",
        VERSION);
    for (;;) {
        printf("\nWhich? (Enter: long) ");
        fflush(stdout);
        if (fgets(answer, sizeof answer, stdin) == NULL)
            answer[0] = 'n';
        const char *letter = strchr(letters, answer[0] | ' ');
        if (answer[0] == '\n')
            return 0;
        if (letter != NULL)
            return (int)(letter - letters);
    }
}

/* ---- the folder ---------------------------------------------------------- */

static bool write_file(const char *name, const char *ending, struct out *out)
{
    char path[40];
    snprintf(path, sizeof path, "%s%s", name, ending);
    FILE *file = utf8_open(path, "wb");
    bool written = file != NULL && !out->is_incomplete &&
                   fwrite(out->text, 1, out->bytes, file) == out->bytes;
    return file != NULL && fclose(file) == 0 && written;
}

/* Makes a folder there that did not exist, and goes into it. */
static bool make_folder(const wchar_t *where)
{
    wchar_t date[40], name[48];
    time_t now = time(NULL);
    if (!SetCurrentDirectoryW(where))
        return false;
    wcsftime(date, 40, L"results-%Y-%m-%d-%H%M", localtime(&now));
    wcscpy(name, date);
    for (int number = 2; !CreateDirectoryW(name, NULL); number++) {
        if (GetLastError() != ERROR_ALREADY_EXISTS || number > 99)
            return false;
        swprintf(name, 48, L"%ls-%d", date, number);
    }
    FILE *page =
        SetCurrentDirectoryW(name) ? utf8_open("index.html", "wb") : NULL;
    return page != NULL && fclose(page) == 0;
}

/* Goes into a new folder: where it was asked for, or else in one of the user's
 * own. Returns its path. */
static char *find_place(void)
{
    static char path[PATH_BYTES + 80];
    wchar_t *wanted = utf8_wide(into);
    const wchar_t *places[] = {wanted, L"%LOCALAPPDATA%", L"%TEMP%"};
    wchar_t wide[MAX_PATH + 40];
    int i = 0;
    /* It returns 0, or how many would fit, when they do not. */
    while (i < 3 && (ExpandEnvironmentStringsW(places[i], wide, MAX_PATH) - 1 >=
                         MAX_PATH ||
                     !make_folder(wide)))
        i++;
    free(wanted);
    if (i > 0)
        utf8_printf(stdout, "Nothing can be written in \"%s\".\n", into);
    if (i == 3)
        die_saying(1, "nor in %%LOCALAPPDATA%%, nor in %%TEMP%%");
    GetCurrentDirectoryW(MAX_PATH + 40, wide);
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, sizeof path, NULL, NULL);
    utf8_printf(stdout, "What comes out goes to\n  %s\n\n", path);
    return path;
}

/* ---- one part ------------------------------------------------------------ */

static void judge(struct outcome *outcome, const struct process *p, int status)
{
    enum { ROOM = sizeof outcome->verdict, CRASH = 0x40000000 };
    char *verdict = outcome->verdict;
    if (p->process == NULL)
        snprintf(verdict, ROOM, "could not be started (error %lu%s)", p->error,
                 p->error == ERROR_FILE_NOT_FOUND ? ": it is missing" : "");
    else if (stop_requested())
        snprintf(verdict, ROOM, "ended by Ctrl+C");
    else if (status < 0)
        snprintf(verdict, ROOM, "took too long and was ended");
    else if ((status & CRASH) != 0) /* process_wait() clears the highest bit */
        snprintf(verdict, ROOM, "crashed (0x%X)", (unsigned)status | 1U << 31);
    else if (status != 0)
        snprintf(verdict, ROOM, "failed (status %d)", status);
    else
        snprintf(verdict, ROOM, "good");
    outcome->is_good = strcmp(verdict, "good") == 0;
    good += outcome->is_good;
}

static void run_part(struct outcome *outcome, struct progress *progress)
{
    static struct process p;
    const struct part *part = outcome->part;
    char program[PATH_BYTES + 40], what[80];
    struct out out = {0};
    long left_s = part->seconds; /* as planned */
    long most_s = limit_s > 0 ? limit_s : 120 + 4L * part->seconds;
    uint64_t begun_ns = clock_ns();
    utf8_own_path(program);
    snprintf(strrchr(program, '\\') + 1, 40, "%s.exe", part->program);
    process_launch(&p, program, part->arguments, NULL, 0);
    HANDLE either[2] = {stop_event(), p.process};
    while (p.process != NULL && outcome->seconds < most_s &&
           WaitForMultipleObjects(2, either, FALSE, 1000) == WAIT_TIMEOUT) {
        outcome->seconds = (int)((clock_ns() - begun_ns) / 1000000000);
        snprintf(what, sizeof what, "part %d of %d, %s: %d s", done + 1, count,
                 part->name, outcome->seconds);
        progress_step(progress, what);
        progress_done(progress, left_s > 0 ? 1000 : 0);
        left_s -= left_s > 0;
    }
    int status = process_wait(&p, 0);
    process_kill(&p);
    judge(outcome, &p, status);
    out_printf(&out, "%s\n%s", p.out != NULL ? p.out : "",
               p.err != NULL ? p.err : "");
    outcome->printed = out.text;
    write_file(part->name, ".txt", &out);
    process_free(&p);
    progress_done(progress, left_s * 1000);
}

/* ---- the page ------------------------------------------------------------ */

/* What no program here compares by itself, and the documentation page. */
static const char *const expected[] = {
    "Skip-on-success saves a dequeue for each operation that is done at once "
    "(SetFileCompletionNotificationModes function): ladder-05, no skip.",
    "A zero-byte receive costs one call more; it saves locked pages, not the "
    "working set (WSARecv function): ladder-05, zero-byte recv.",
    "Processor times come in steps of 10 to 16 ms, and the case cpu_read reads "
    "its 500 ms (GetProcessTimes function): check-02.",
    "No run is short of ports: connections are closed with a reset, and churn "
    "keeps to 12,000 (Settings that can be modified to improve network "
    "performance): ladder-04, ladder-05."};

/* The next line of *text, without its end, cut to what fits. False: no more. */
static bool next_line(const char **text, char line[1024])
{
    if (*text == NULL || **text == '\0')
        return false;
    size_t length = strcspn(*text, "\r\n");
    snprintf(line, 1024, "%.*s", length < 1023 ? (int)length : 1023, *text);
    *text += length;
    *text += **text == '\r';
    *text += **text == '\n';
    return true;
}

/* Each line that begins with prefix, without it. */
static void put_lines(struct out *out, const char *text, const char *prefix,
                      const char *tag)
{
    char line[1024];
    while (next_line(&text, line))
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            out_printf(out, "%s", tag);
            put_xml(out, "%s\n", line + strlen(prefix));
        }
}

/* The lines that tell of a failure and those indented below them, as the suite
 * prints them; where there are none, the last that came. */
static void put_failure(struct out *out, const char *printed)
{
    enum { SHOWN_BYTES = 3000 };
    char line[1024];
    bool within = false;
    size_t before = out->bytes, bytes = printed != NULL ? strlen(printed) : 0;
    for (const char *at = printed; next_line(&at, line);) {
        within = strstr(line, "  FAILED") != NULL ||
                 (within && strncmp(line, "    ", 4) == 0);
        if (within)
            put_xml(out, "%s\n", line);
    }
    if (out->bytes == before && bytes > 0)
        put_lines(out,
                  printed + (bytes > SHOWN_BYTES ? bytes - SHOWN_BYTES : 0), "",
                  "");
}

/* The verdict, and of labs and suite the sum that they end with. */
static void put_verdict(struct out *out, const struct outcome *outcome)
{
    const char *at = outcome->printed;
    char line[1024], sum[1024] = "";
    while (next_line(&at, line))
        if (strchr("0123456789", line[0]) != NULL &&
            (strstr(line, " passed, ") || strstr(line, " claims: ")))
            memcpy(sum, line, sizeof sum);
    put_xml(out, "<tr><td>%s<td>%s<td>", outcome->part->name,
            outcome->part->what);
    put_xml(out, outcome->is_good ? "%s" : "<b>%s</b>", outcome->verdict);
    out_printf(out, "<td>%d s<td>", outcome->seconds);
    put_xml(out, "%s\n", sum);
}

static void put_machine(struct out *out)
{
    static struct environment e;
    char figures[160];
    if (e.system[0] == '\0')
        environment_read(&e);
    snprintf(figures, sizeof figures,
             "%u processors, %.1f GB of memory, timer at %.1f ms", e.processors,
             (double)e.memory_bytes / (1 << 30), (double)e.timer_100ns / 1e4);
    put_xml(out,
            "<h2>This machine</h2>\n<p>%s; Wine: %s<br>%s; %s<br>power plan: "
            "%s<br>version %s, commit %s, built with %s\n",
            e.system, e.wine[0] != '\0' ? e.wine : "no", e.processor, figures,
            e.power_plan, e.version, e.commit, e.compiler);
}

static void put_head(struct out *out)
{
    out_printf(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<title>Five echo servers on this machine</title>\n<style>\n"
        "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:auto;"
        "padding:1em}\n"
        "table{border-collapse:collapse;display:block;overflow-x:auto}\n"
        "td,th{border:1px solid;padding:.2em .4em;vertical-align:top}\n"
        "pre{overflow-x:auto;font-size:13px}</style>\n"
        "<h1>Five echo servers on this machine</h1>\n"
        "<p>%d of %d parts are over%s, %d were good. All of it is in this one "
        "page, which can be sent as it is; only the charts are beside it.\n",
        done, count, stop_requested() ? ", then came Ctrl+C" : "", good);
}

static void put_expected(struct out *out)
{
    out_printf(out, "<h2>What else was expected of Windows</h2>\n<p>Here you "
                    "can type; then save the page.\n<ul>\n");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        put_xml(out, "<li>%s<p contenteditable>What came: ...\n", expected[i]);
    out_printf(out, "</ul>\n<p contenteditable>What else you saw: ...\n");
}

/* Written anew after each part, so that it is there however this ends. */
static bool write_page(void)
{
    struct out out = {0};
    put_head(&out);
    out_printf(&out, "<h2>Findings</h2>\n<ul>\n");
    size_t before = out.bytes;
    for (int i = 0; i < done; i++)
        put_lines(&out, outcomes[i].printed, "finding: ", "<li>");
    out_printf(&out, "%s</ul>\n<h2>Verdicts</h2>\n<table>\n",
               out.bytes > before ? ""
               : wine_here()      ? "<li>None: this is Wine, where nothing is "
                                    "compared with Windows.\n"
                                  : "<li>None: what was run saw nothing of "
                                    "Windows that it did not expect.\n");
    for (int i = 0; i < count; i++)
        put_verdict(&out, &outcomes[i]);
    out_printf(&out, "</table>\n");
    put_machine(&out);
    out_printf(&out, "<h2>What failed</h2>\n%s", done > good ? "" : "Nothing.");
    for (int i = 0; i < done; i++)
        if (!outcomes[i].is_good) {
            put_xml(&out, "<h3>%s: %s</h3>\n<pre>", outcomes[i].part->name,
                    outcomes[i].verdict);
            put_failure(&out, outcomes[i].printed);
            out_printf(&out, "</pre>\n");
        }
    put_expected(&out);
    out_printf(&out, "<h2>Figures, and all that was printed</h2>\n");
    for (int i = 0; i < done; i++) {
        const struct part *part = outcomes[i].part;
        put_xml(&out, "<details><summary>%s: %s</summary>", part->name,
                part->what);
        if (strcmp(part->program, "bench") == 0)
            put_xml(&out, "<a href=\"%s.html\">with charts</a>", part->name);
        out_printf(&out, "<pre>");
        put_lines(&out, outcomes[i].printed, "", "");
        out_printf(&out, "</pre></details>\n");
    }
    bool written = write_file("index", ".html", &out);
    free(out.text);
    return written;
}

/* ---- everything ---------------------------------------------------------- */

static void run_all(int run)
{
    struct progress progress;
    long planned_s = 0;
    for (int i = 0; i < PART_COUNT; i++)
        if ((all_parts[i].runs & run) != 0) {
            outcomes[count++] =
                (struct outcome){.part = &all_parts[i], .verdict = "not run"};
            planned_s += all_parts[i].seconds;
        }
    progress_begin(&progress, planned_s * 1000, false);
    while (done < count && !stop_requested()) {
        struct outcome *outcome = &outcomes[done];
        run_part(outcome, &progress);
        progress_end(&progress);
        done++;
        printf("part %d of %d: %s, %s: %s, %d s\n", done, count,
               outcome->part->name, outcome->part->what, outcome->verdict,
               outcome->seconds);
        fflush(stdout);
        if (!write_page())
            report("the page could not be written; is the disk full?");
    }
}

/* A click into the window must not hold up the run, as it does in a console's
 * quick edit mode, nor may the machine fall asleep (documentation pages
 * "SetConsoleMode function" and "SetThreadExecutionState function"). */
static void run_undisturbed(int run)
{
    HANDLE console = GetStdHandle(STD_INPUT_HANDLE);
    DWORD mode = 0;
    if (GetConsoleMode(console, &mode))
        SetConsoleMode(console, (mode | ENABLE_EXTENDED_FLAGS) &
                                    ~(DWORD)ENABLE_QUICK_EDIT_MODE);
    SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED);
    run_all(run);
    SetConsoleMode(console, mode);
}

int main(int argc, char **argv)
{
    static const int runs[] = {LONG_RUN, SHORT_RUN, TRIAL, 0};
    read_command_line(argc, argv);
    stop_install(NULL);
    int run = runs[which >= 0 ? which : ask()];
    if (run != 0 && !stop_requested()) {
        const char *folder = find_place();
        run_undisturbed(run);
        utf8_printf(stdout,
                    "\n%d of %d parts were good. Please look at this page, and "
                    "send it:\n  %s\\index.html\n",
                    good, count, folder);
    }
    utf8_flush();
    stop_finished();
    return stop_requested() ? 130 : good < count;
}
