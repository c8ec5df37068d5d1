/* lab.c: see lab.h. */
#include "lab.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include "net.h"
#include "options.h"
#include "utf8.h"

enum verdict { HOLDS, DOES_NOT_HOLD, NOT_HERE };
static const char *const words[] = {"holds", "does not hold",
                                    "not on this platform"};

static bool predict, simulate, list;
static const char *only = "";

static const struct option options[] = {
    {"--only", "ID", "one claim, such as 4.3", OPTION_TEXT, &only, 0, 0},
    {"--predict", NULL, "wait for your prediction before each measurement",
     OPTION_FLAG, &predict, 0, 0},
    {"--list", NULL, "only show the claims", OPTION_FLAG, &list, 0, 0},
    {"--simulate", NULL, "judge made-up outcomes: can each verdict be reached?",
     OPTION_FLAG, &simulate, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static enum verdict judge(const struct lab *lab,
                          const struct lab_outcome *outcome)
{
    if (outcome->not_here != NULL)
        return NOT_HERE;
    return lab->holds(outcome->seen) ? HOLDS : DOES_NOT_HOLD;
}

/* Each of three outcomes must get its verdict. Returns whether it did. */
static bool simulate_one(const struct lab *lab)
{
    struct lab_outcome so = {.not_here = NULL}, isnt = so, cannot = so;
    memcpy(so.seen, lab->if_so, sizeof so.seen);
    memcpy(isnt.seen, lab->if_not, sizeof isnt.seen);
    cannot.not_here = "simulated";
    enum verdict one = judge(lab, &so), two = judge(lab, &isnt),
                 three = judge(lab, &cannot);
    bool right = one == HOLDS && two == DOES_NOT_HOLD && three == NOT_HERE;
    printf("%-5s %s; %s; %s%s\n", lab->id, words[one], words[two], words[three],
           right ? "" : "   <- wrong");
    return right;
}

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
    if (WaitForSingleObject(lab_ended, 30000) == WAIT_TIMEOUT)
        die_saying(1, "lab %s did not end within 30 s",
                   ((const struct lab *)lab)->id);
    return 0;
}

static enum verdict run(const struct lab *lab)
{
    char said[200] = "";
    printf("%-5s %s\n", lab->id, lab->claim);
    print_text("predict: ", lab->question);
    if (predict) {
        printf("      your answer: ");
        fflush(stdout);
        if (fgets(said, sizeof said, stdin) == NULL)
            predict = false; /* nobody there */
        said[strcspn(said, "\r\n")] = '\0';
    }
    fflush(stdout);

    HANDLE watcher =
        (HANDLE)_beginthreadex(NULL, 0, watch, (void *)lab, 0, NULL);
    if (watcher == NULL)
        die("_beginthreadex", GetLastError());
    struct lab_outcome outcome = {.not_here = NULL};
    lab->measure(&outcome);
    SetEvent(lab_ended);
    WaitForSingleObject(watcher, INFINITE);
    CloseHandle(watcher);

    enum verdict verdict = judge(lab, &outcome);
    if (said[0] != '\0')
        print_text("you said: ", said);
    if (verdict != NOT_HERE) {
        const long *v = outcome.seen;
        char seen[400];
        snprintf(seen, sizeof seen, lab->format, v[0], v[1], v[2], v[3], v[4],
                 v[5]);
        print_text("seen: ", seen);
    }
    print_text("", words[verdict]);
    print_text("because: ",
               verdict == NOT_HERE ? outcome.not_here : lab->because);
    printf("\n");
    utf8_flush();
    return verdict;
}

int lab_main(int argc, char **argv, const struct lab claims[], size_t count)
{
    char message[200];
    report_set_program("labs", false);
    argv = utf8_arguments(&argc);
    switch (options_parse(argc, argv, options, NULL, message, sizeof message)) {
    case OPTIONS_OK:
        break;
    case OPTIONS_HELP:
        options_print(options);
        utf8_flush();
        return 0;
    case OPTIONS_VERSION:
        printf("labs %s\n", VERSION);
        utf8_flush();
        return 0;
    case OPTIONS_WRONG:
        die_saying(2, "%s", message);
    }
    net_start();
    lab_ended = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (lab_ended == NULL)
        die("CreateEvent", GetLastError());

    int verdicts[3] = {0, 0, 0}, chosen = 0;
    bool all_right = true;
    for (const struct lab *lab = claims; lab < claims + count; lab++) {
        if (only[0] != '\0' && strcmp(lab->id, only) != 0)
            continue;
        chosen++;
        if (list)
            printf("%-5s %s\n", lab->id, lab->claim);
        else if (simulate)
            all_right = simulate_one(lab) && all_right;
        else
            verdicts[run(lab)]++;
    }
    if (chosen == 0)
        die_saying(2, "no claim %s here; --list shows them", only);
    if (!list && !simulate && chosen > 1)
        printf("%d claims: %d hold, %d do not hold, %d not on this platform\n",
               chosen, verdicts[HOLDS], verdicts[DOES_NOT_HOLD],
               verdicts[NOT_HERE]);
    utf8_flush();
    return all_right ? 0 : 1;
}

void lab_pair(SOCKET pair[2])
{
    SOCKET listener = net_listen("127.0.0.1", 0);
    struct sockaddr_in address;
    int length = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("getsockname", (unsigned long)WSAGetLastError());
    pair[0] = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (pair[0] == INVALID_SOCKET ||
        connect(pair[0], (struct sockaddr *)&address, length) != 0)
        die("connect", (unsigned long)WSAGetLastError());
    pair[1] = accept(listener, NULL, NULL);
    if (pair[1] == INVALID_SOCKET)
        die("accept", (unsigned long)WSAGetLastError());
    net_tune(pair[0]);
    net_tune(pair[1]);
    closesocket(listener);
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

long lab_processors(void)
{
    DWORD_PTR mine = 0, all = 0;
    long count = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &all))
        for (; mine != 0; mine &= mine - 1)
            count++;
    return count > 0 ? count : 1;
}

long lab_cpu_ms(void)
{
    FILETIME made, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &made, &ended, &kernel, &user))
        die("GetProcessTimes", GetLastError());
    unsigned long long kernel_100ns =
        (unsigned long long)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime;
    unsigned long long user_100ns =
        (unsigned long long)user.dwHighDateTime << 32 | user.dwLowDateTime;
    return (long)((kernel_100ns + user_100ns) / 10000);
}
