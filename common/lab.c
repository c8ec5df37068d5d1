/* lab.c: see lab.h. */
#include "lab.h"

#include <limits.h>
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "utf8.h"

static const char *const words[] = {"does not hold",
                                    "holds",
                                    "not on this platform",
                                    "not on this platform; Wine 10: holds",
                                    "depends",
                                    "not said"};

static bool predict, no_predict, table, as_windows;
static int findings, right_count, wrong_count, skipped_count;
static char read_again[200]; /* what was predicted wrongly: " 4.1 4.3" */
static const char *only = "";
static const char *not_here; /* why the lab that runs cannot show it, or NULL */

static const struct option options[] = {
    {"--only", "ID", "one claim, such as 4.3", OPTION_TEXT, &only, 0, 0},
    {"--predict", NULL, "ask what you expect, also where no terminal is seen",
     OPTION_FLAG, &predict, 0, 0},
    {"--no-predict", NULL, "do not ask, also at a terminal", OPTION_FLAG,
     &no_predict, 0, 0},
    {"--table", NULL, "only print their rows of claims.md", OPTION_FLAG, &table,
     0, 0},
    {"--as-windows", NULL, "compare with what is expected on Windows",
     OPTION_FLAG, &as_windows, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* Prints text with an indentation, broken between words at 76 columns. */
static void print_text(const char *label, const char *text)
{
    enum { INDENT = 6, WIDTH = 76 };
    int column = printf("%*s%s", INDENT, "", label);
    for (bool first = true; *text != '\0'; first = false) {
        int length = (int)strcspn(text, " ");
        if (column + 1 + length > WIDTH)
            column = printf("\n%*s", INDENT, "") - 1;
        else if (!first)
            column += printf(" ");
        column += printf("%.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    printf("\n");
}

static HANDLE lab_ended; /* signaled when a lab is over */

/* A lab that hangs is a fault of ours, not a verdict. */
static unsigned __stdcall watch(void *lab)
{
    if (!lab_signaled(lab_ended, 30000))
        die_saying(1, "lab %s did not end within 30 s",
                   ((const struct lab *)lab)->id);
    return 0;
}

/* Measures, while a watcher looks at the clock. */
static enum verdict measure(const struct lab *lab, long seen[])
{
    HANDLE watcher = lab_start(watch, (void *)lab);
    not_here = NULL;
    bool holds = lab->measure(seen);
    SetEvent(lab_ended);
    lab_join(watcher);
    return not_here != NULL ? NOT_HERE : holds ? HOLDS : DOES_NOT_HOLD;
}

/* Whether both ends are a person's: the output of make check goes elsewhere.
 * GetConsoleMode fails for anything but a console (documentation page
 * "GetConsoleMode function"). */
static bool is_at_terminal(void)
{
    DWORD mode;
    return GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode) &&
           GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode);
}

/* Whether what the reader is asked for is a yes or no, and not a number. */
static bool is_yes_or_no(const struct lab *lab)
{
    const char *at = lab->format;
    for (int i = 0; i <= lab->asked; i++)
        at = strchr(at, '%') + 1;
    return lab->asked == THE_VERDICT || *at == 's';
}

static const char *in_words(char number[24], bool yes_or_no, long value)
{
    if (yes_or_no)
        return value != 0 ? "yes" : "no";
    snprintf(number, 24, "%ld", value);
    return number;
}

/* What the reader thinks that will be seen, or NOTHING. */
#define NOTHING LONG_MIN
static long ask(const struct lab *lab)
{
    const char *kind = is_yes_or_no(lab) ? "yes or no" : "a number";
    for (;;) {
        char line[100], *end;
        printf("      %s%s (Enter: skip): ",
               lab->asked == THE_VERDICT ? "does the claim hold? " : "", kind);
        fflush(stdout);
        if (fgets(line, sizeof line, stdin) == NULL) {
            printf("\n");
            predict = false; /* nobody is there */
            return NOTHING;
        }
        line[strcspn(line, "\r\n")] = '\0';
        long number = strtol(line, &end, 10);
        if (line[0] == '\0')
            return NOTHING;
        if (!is_yes_or_no(lab) && end != line && *end == '\0')
            return number;
        if (is_yes_or_no(lab) && _strnicmp(line, "yes", strlen(line)) == 0)
            return 1;
        if (is_yes_or_no(lab) && _strnicmp(line, "no", strlen(line)) == 0)
            return 0;
        printf("      not understood: %s\n", line);
    }
}

/* Compares the prediction with what came. */
static void judge(const struct lab *lab, long said, long came)
{
    char number[24];
    printf("      you said %s: ", in_words(number, is_yes_or_no(lab), said));
    if (said == came) {
        printf("right\n");
        right_count++;
        return;
    }
    printf("not so, it was %s\n", in_words(number, is_yes_or_no(lab), came));
    size_t length = strlen(read_again);
    snprintf(read_again + length, sizeof read_again - length, " %s", lab->id);
    wrong_count++;
}

static void print_seen(const char *format, const long seen[])
{
    char text[400] = "", number[24];
    size_t length = 0;
    for (const char *at = format; *at != '\0'; at++) {
        char one[2] = {*at};
        const char *piece = one;
        if (*at == '%') {
            bool yes_or_no = *++at == 's';
            at += !yes_or_no; /* "%ld" */
            piece = in_words(number, yes_or_no, *seen++);
        }
        snprintf(text + length, sizeof text - length, "%s", piece);
        length = strlen(text);
    }
    print_text("seen: ", text);
}

/* What was seen under this Wine, or under the one before. */
static enum verdict seen_before(const struct lab *lab)
{
    if (lab->wine != SINCE_WINE_10)
        return lab->wine;
    return lab_wine() >= 10 ? HOLDS : NOT_HERE;
}

/* Where the pages do not decide any verdict is as good as another. */
static void compare(const struct lab *lab, enum verdict verdict)
{
    if (!as_windows) {
        if (verdict != seen_before(lab))
            print_text("under Wine it was: ", words[seen_before(lab)]);
    } else if (lab->windows == DEPENDS || lab->windows == NOT_SAID) {
        print_text("expected on Windows: ", words[lab->windows]);
    } else if (verdict != lab->windows) {
        printf("finding: %s: expected on Windows: %s; came: %s (%s)\n", lab->id,
               words[lab->windows], words[verdict], lab->source);
        findings++;
    }
}

static enum verdict run(const struct lab *lab)
{
    long seen[LAB_VALUES] = {0}, said = NOTHING;
    printf("%-5s %s\n", lab->id, lab->claim);
    print_text("predict: ", lab->question);
    if (predict) {
        said = ask(lab);
        skipped_count += said == NOTHING;
    }
    fflush(stdout);

    enum verdict verdict = measure(lab, seen);
    if (verdict != NOT_HERE)
        print_seen(lab->format, seen);
    print_text("", words[verdict]);
    if (said != NOTHING && verdict == NOT_HERE)
        print_text("expected on Windows: ", words[lab->windows]);
    else if (said != NOTHING)
        judge(lab, said,
              lab->asked == THE_VERDICT ? verdict == HOLDS : seen[lab->asked]);
    print_text("because: ", verdict == NOT_HERE ? not_here : lab->because);
    compare(lab, verdict);
    printf("\n");
    utf8_flush();
    return verdict;
}

static void print_rows(const char *chapter, const struct lab labs[],
                       size_t count)
{
    printf("\n## %s\n\n| claim | what notes say | what is true | Wine 8 | "
           "expected on Windows | source |\n"
           "| --- | --- | --- | --- | --- | --- |\n",
           chapter);
    for (const struct lab *lab = labs; lab < labs + count; lab++)
        printf("| %s | %s | %s | %s | %s | %s |\n", lab->id, lab->claim,
               lab->because, words[lab->wine], words[lab->windows],
               lab->source);
}

/* Returns whether each chosen lab came to the verdict that it should here. */
static bool run_all(const struct lab labs[], size_t count)
{
    int verdicts[3] = {0, 0, 0}, chosen = 0;
    bool all_right = true;
    for (const struct lab *lab = labs; lab < labs + count; lab++) {
        if (only[0] != '\0' && strcmp(lab->id, only) != 0)
            continue;
        enum verdict verdict = run(lab);
        if (verdict != seen_before(lab) && lab_wine() == 8)
            all_right = false;
        verdicts[verdict]++;
        chosen++;
    }
    if (chosen == 0)
        die_saying(2, "no claim %s here; common/claims.md has them all", only);
    if (chosen > 1)
        printf("%d claims: %d hold, %d do not hold, %d not on this platform\n",
               chosen, verdicts[HOLDS], verdicts[DOES_NOT_HOLD],
               verdicts[NOT_HERE]);
    if (right_count + wrong_count > 0)
        printf("%d of %d predicted rightly, %d skipped\n", right_count,
               right_count + wrong_count, skipped_count);
    if (wrong_count > 0)
        printf("read again, in common/claims.md:%s\n", read_again);
    if (as_windows)
        printf("%d not as expected on Windows\n", findings);
    return all_right;
}

int lab_main(int argc, char **argv, const char *chapter,
             const struct lab labs[], size_t count)
{
    char message[200];
    bool all_right = true;
    report_set_program("labs", false);
    argv = utf8_arguments(&argc);
    switch (options_parse(argc, argv, options, NULL, message, sizeof message)) {
    case OPTIONS_OK:
        net_start();
        lab_ended = lab_auto_event();
        as_windows = as_windows || lab_wine() == 0;
        predict = (predict || is_at_terminal()) && !no_predict;
        if (table)
            print_rows(chapter, labs, count);
        else
            all_right = run_all(labs, count);
        break;
    case OPTIONS_HELP:
        options_print(options);
        break;
    case OPTIONS_VERSION:
        printf("labs %s\n", VERSION);
        break;
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    utf8_flush();
    return all_right ? 0 : 1;
}

bool lab_not_here(const char *why)
{
    not_here = why;
    return false;
}

int lab_wine(void)
{
    union {
        FARPROC found;
        const char *(*get_version)(void);
    } wine = {
        GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version")};
    return wine.found == NULL ? 0 : atoi(wine.get_version());
}

long lab_cpu_ms(void)
{
    FILETIME made, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user))
        die("GetProcessTimes", GetLastError());
    unsigned long long high = kernel.dwHighDateTime + user.dwHighDateTime,
                       low = kernel.dwLowDateTime;
    return (long)(((high << 32) + low + user.dwLowDateTime) / 10000);
}

HANDLE lab_start(unsigned(__stdcall *function)(void *), void *data)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, function, data, 0, NULL);
    if (thread == NULL)
        die("_beginthreadex", GetLastError());
    return thread;
}

DWORD lab_join(HANDLE thread)
{
    DWORD status = 0;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &status);
    CloseHandle(thread);
    return status;
}

static HANDLE new_event(BOOL is_manual)
{
    HANDLE event = CreateEventW(NULL, is_manual, FALSE, NULL);
    if (event == NULL)
        die("CreateEvent", GetLastError());
    return event;
}

HANDLE lab_auto_event(void)
{
    return new_event(FALSE);
}

HANDLE lab_manual_event(void)
{
    return new_event(TRUE);
}

bool lab_signaled(HANDLE event, DWORD within_ms)
{
    return WaitForSingleObject(event, within_ms) == WAIT_OBJECT_0;
}

SOCKET lab_connect(SOCKET listener)
{
    struct sockaddr_in address;
    int length = sizeof address;
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (s == INVALID_SOCKET ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
        connect(s, (struct sockaddr *)&address, length) != 0)
        die("connect", (unsigned long)WSAGetLastError());
    return s;
}

void lab_pair(SOCKET pair[2])
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    pair[0] = lab_connect(listener);
    pair[1] = accept(listener, NULL, NULL);
    if (pair[1] == INVALID_SOCKET)
        die("accept", (unsigned long)WSAGetLastError());
    net_tune(pair[0]);
    net_tune(pair[1]);
    closesocket(listener);
}

void lab_close_pair(SOCKET pair[2])
{
    closesocket(pair[0]);
    closesocket(pair[1]);
}

void lab_send(SOCKET s, const char *text)
{
    int length = (int)strlen(text);
    if (send(s, text, length, 0) != length)
        die("send", (unsigned long)WSAGetLastError());
}

u_long lab_bytes_in(SOCKET s)
{
    u_long bytes = 0;
    if (ioctlsocket(s, (long)FIONREAD, &bytes) != 0)
        die("ioctlsocket(FIONREAD)", (unsigned long)WSAGetLastError());
    return bytes;
}

void lab_await_bytes(SOCKET s, u_long count)
{
    uint64_t end_ns = clock_in_ms(LAB_SOON_MS);
    while (lab_bytes_in(s) < count) {
        if (clock_ns() > end_ns)
            die_saying(1, "%lu bytes did not arrive", count);
        Sleep(1);
    }
}

void lab_bring(SOCKET pair[2], const char *text)
{
    u_long before = lab_bytes_in(pair[0]);
    lab_send(pair[1], text);
    lab_await_bytes(pair[0], before + (u_long)strlen(text));
}

int lab_receive(SOCKET s, struct lab_operation *o, ULONG bytes,
                LPWSAOVERLAPPED_COMPLETION_ROUTINE routine)
{
    WSABUF buffer = {bytes, o->buffer};
    DWORD flags = 0;
    o->overlapped = (WSAOVERLAPPED){.hEvent = o->overlapped.hEvent};
    if (WSARecv(s, &buffer, 1, NULL, &flags, &o->overlapped, routine) == 0)
        return 0;
    int error = WSAGetLastError();
    if (error != WSA_IO_PENDING)
        die("WSARecv", (unsigned long)error);
    return error;
}

HANDLE lab_port(DWORD concurrency)
{
    HANDLE port =
        CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency);
    if (port == NULL)
        die("CreateIoCompletionPort", GetLastError());
    return port;
}

void lab_associate(SOCKET s, HANDLE port, ULONG_PTR key)
{
    if (CreateIoCompletionPort((HANDLE)s, port, key, 0) == NULL)
        die("CreateIoCompletionPort", GetLastError());
}

void lab_post(HANDLE port, ULONG_PTR key)
{
    if (!PostQueuedCompletionStatus(port, 0, key, NULL))
        die("PostQueuedCompletionStatus", GetLastError());
}

bool lab_take(HANDLE port, DWORD within_ms, struct lab_packet *packet)
{
    *packet = (struct lab_packet){0};
    BOOL ok = GetQueuedCompletionStatus(port, &packet->bytes, &packet->key,
                                        &packet->overlapped, within_ms);
    packet->error = ok ? 0 : GetLastError();
    return ok || packet->overlapped != NULL;
}
