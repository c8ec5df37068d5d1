#include "process.h"

#include <inttypes.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>

#include "../../common/clock.h"
#include "../../common/net.h"
#include "connect.h"
#include "wine.h"

static void close_handle(HANDLE *handle)
{
    if (*handle != NULL)
        CloseHandle(*handle);
    *handle = NULL;
}

/* A name that no other run and no other process of this run has. The time is in
 * it because two Wine prefixes give the same process ids. */
static void unique_name(const char *what, char name[64])
{
    static volatile LONG counter;
    snprintf(name, 64, "echo-%s-%lu-%llx-%ld", what, GetCurrentProcessId(),
             (unsigned long long)clock_ns(),
             (long)InterlockedIncrement(&counter));
}

/* ---- what it writes ------------------------------------------------------ */

static bool leaves_next_err;
static bool withholds_next_stop;

void process_leave_next_err(void)
{
    leaves_next_err = true;
}

void process_withhold_next_stop(void)
{
    withholds_next_stop = true;
}

static SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable,
                                          .bInheritHandle = TRUE};

/* A file that is deleted when nobody has it open any more. Each end has a
 * position of its own: what reads goes on where it was. */
static bool make_file(HANDLE *reading, HANDLE *writing)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    wchar_t folder[MAX_PATH + 1];
    wchar_t path[MAX_PATH + 1];
    if (GetTempPathW(MAX_PATH + 1, folder) == 0 ||
        GetTempFileNameW(folder, L"srv", 0, path) == 0)
        return false;
    *writing = CreateFileW(path, GENERIC_WRITE, share, &inheritable,
                           OPEN_EXISTING, FILE_ATTRIBUTE_TEMPORARY, NULL);
    *reading = CreateFileW(path, GENERIC_READ | DELETE, share, NULL,
                           OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    return *writing != INVALID_HANDLE_VALUE && *reading != INVALID_HANDLE_VALUE;
}

/* Appends to *text what the file has more by now. */
static void take(HANDLE file, char **text, size_t *text_bytes)
{
    enum { CHUNK_BYTES = 4096 };
    DWORD bytes = 1;
    while (bytes > 0) {
        char *grown = realloc(*text, *text_bytes + CHUNK_BYTES + 1);
        if (grown == NULL)
            return;
        *text = grown;
        if (!ReadFile(file, grown + *text_bytes, CHUNK_BYTES, &bytes, NULL))
            bytes = 0;
        *text_bytes += bytes;
        grown[*text_bytes] = '\0';
    }
}

static const char *err_so_far(struct process *p)
{
    take(p->err_file, &p->err, &p->err_bytes);
    return p->err;
}

void process_copy_err(struct process *p, char *text, size_t text_bytes)
{
    snprintf(text, text_bytes, "%s", err_so_far(p));
}

bool process_err_has(struct process *p, const char *words)
{
    return strstr(err_so_far(p), words) != NULL;
}

/* A file tells nobody that it has grown: so this looks each millisecond. It
 * sleeps in a wait for the end of the process, which ends it at once. */
bool process_first_line(struct process *p, DWORD timeout_ms)
{
    enum { LOOK_MS = 1 };
    uint64_t end_ns = clock_in_ms(timeout_ms);
    bool has_ended = false;
    while (!has_ended && strchr(p->out, '\n') == NULL && clock_ns() < end_ns) {
        has_ended = process_wait(p, LOOK_MS) >= 0;
        take(p->out_file, &p->out, &p->out_bytes);
    }
    return strchr(p->out, '\n') != NULL;
}

/* ---- starting ------------------------------------------------------------ */

/* Windows closes our handle to the job when this program ends, however it ends,
 * and then kills what is still in it. */
static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    HANDLE job = CreateJobObjectA(NULL, NULL);
    if (job != NULL)
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits,
                                sizeof limits);
    return job;
}

/* CreateProcess with exactly the handles in list inherited: without the list
 * the server would also inherit our sockets, and a connection that we close
 * would stay open. The process does not run yet. */
static bool create_suspended(wchar_t *command,
                             LPPROC_THREAD_ATTRIBUTE_LIST list,
                             HANDLE handles[3], PROCESS_INFORMATION *made)
{
    STARTUPINFOEXW start = {0};
    start.StartupInfo.cb = sizeof start;
    start.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    start.StartupInfo.hStdOutput = handles[0];
    start.StartupInfo.hStdError = handles[1];
    start.StartupInfo.hStdInput = handles[2]; /* or NULL */
    start.lpAttributeList = list;
    if (!UpdateProcThreadAttribute(
            list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
            (handles[2] != NULL ? 3 : 2) * sizeof handles[0], NULL, NULL))
        return false;
    /* Seen on Wine 8, once in a thousand starts: ERROR_INTERNAL_ERROR, because
     * the new process died before it reached our program. */
    BOOL created = FALSE;
    for (int left = 5; left > 0 && !created; left--) {
        created = CreateProcessW(NULL, command, NULL, NULL, TRUE,
                                 CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP |
                                     EXTENDED_STARTUPINFO_PRESENT,
                                 NULL, NULL, &start.StartupInfo, made);
        if (!created && GetLastError() != ERROR_INTERNAL_ERROR)
            break;
    }
    return created;
}

/* The process joins its job before it runs. */
static bool create_process(struct process *p, HANDLE handles[3])
{
    wchar_t *command = utf8_wide(p->command);
    PROCESS_INFORMATION made = {0};
    SIZE_T bytes = 0;
    /* Inherited: a server that crashes ends, and shows no dialog
     * (documentation page "SetErrorMode function"). */
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    InitializeProcThreadAttributeList(NULL, 1, 0, &bytes);
    LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(bytes);
    bool has_list =
        list != NULL && InitializeProcThreadAttributeList(list, 1, 0, &bytes);
    bool created = has_list && create_suspended(command, list, handles, &made);
    p->error = created ? 0 : GetLastError();
    if (has_list)
        DeleteProcThreadAttributeList(list);
    free(list);
    free(command);
    if (!created)
        return false;
    p->process = made.hProcess;
    p->id = made.dwProcessId;
    p->job = make_job();
    if (p->job != NULL)
        AssignProcessToJobObject(p->job, made.hProcess);
    ResumeThread(made.hThread);
    CloseHandle(made.hThread);
    return true;
}

static bool prepare(struct process *p)
{
    memset(p, 0, sizeof *p);
    p->out = calloc(1, 1);
    p->err = calloc(1, 1);
    return p->out != NULL && p->err != NULL;
}

/* Starts p->command. in is to be its stdin, or NULL, and is closed. */
static bool launch(struct process *p, HANDLE in)
{
    HANDLE handles[3] = {NULL, NULL, in};
    bool started = make_file(&p->out_file, &handles[0]) &&
                   (leaves_next_err ? CreatePipe(&p->unread_pipe, &handles[1],
                                                 &inheritable, 0)
                                    : make_file(&p->err_file, &handles[1])) &&
                   create_process(p, handles);
    leaves_next_err = false;
    for (int i = 0; i < 3; i++)
        close_handle(&handles[i]);
    return started;
}

/* Reads "listening ADDR:PORT"; the address may stand in brackets. */
static bool parse_first_line(struct process *p)
{
    char end = '\0';
    return (sscanf(p->out, "listening [%63[^]]]:%hu%c", p->host, &p->port,
                   &end) == 3 ||
            sscanf(p->out, "listening %63[^:]:%hu%c", p->host, &p->port,
                   &end) == 3) &&
           (end == '\r' || end == '\n') && p->port != 0;
}

/* The view keeps the mapping open. */
static void open_counters(struct process *p, const char *name)
{
    HANDLE mapping = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
    if (mapping == NULL)
        return;
    p->counters = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0,
                                sizeof(struct observe_counters));
    CloseHandle(mapping);
    if (p->counters != NULL &&
        (p->counters->version != OBSERVE_VERSION ||
         p->counters->call_count != OBSERVE_CALL_COUNT)) {
        UnmapViewOfFile(p->counters);
        p->counters = NULL;
    }
}

/* One attempt. with_counters is false for a build without the seam. */
static bool start_once(struct process *p, const char *program,
                       const char *arguments, bool with_counters,
                       DWORD timeout_ms)
{
    char counters[64];
    if (!prepare(p))
        return false;
    unique_name("stop", p->stop_name);
    unique_name("counters", counters);
    /* Made here, before the server starts: it opens the one that exists. */
    p->stop_event = CreateEventA(NULL, TRUE, FALSE, p->stop_name);
    int used =
        snprintf(p->command, sizeof p->command, "\"%s\" --port 0%s%s%s%s %s",
                 program, withholds_next_stop ? "" : " --stop-event ",
                 withholds_next_stop ? "" : p->stop_name,
                 with_counters ? " --counters " : "",
                 with_counters ? counters : "", arguments);
    if (withholds_next_stop) /* by this word it can be found */
        snprintf(p->stop_name, sizeof p->stop_name, "%s", counters);
    withholds_next_stop = false;
    if (p->stop_event == NULL || used < 0 || used >= (int)sizeof p->command ||
        !launch(p, NULL) || !process_first_line(p, timeout_ms) ||
        !parse_first_line(p))
        return false;
    if (with_counters)
        open_counters(p, counters);
    return true;
}

/* Writes into message why p could not be started, and ends it. */
static void explain(struct process *p, const char *awaited, DWORD timeout_ms,
                    char *message, size_t message_bytes)
{
    char why[80];
    if (p->process == NULL) {
        snprintf(message, message_bytes, "cannot start %.200s (error %lu)",
                 p->command, p->error);
        return;
    }
    int status = process_wait(p, 0);
    process_kill(p);
    if (status >= 0)
        snprintf(why, sizeof why, "ended at once with status %d", status);
    else
        snprintf(why, sizeof why, "%s within %lu ms", awaited, timeout_ms);
    snprintf(message, message_bytes,
             "%s; stdout: \"%.200s\"; stderr: \"%.400s\"", why, p->out, p->err);
}

bool process_start(struct process *p, const char *program,
                   const char *arguments, DWORD timeout_ms, char *message,
                   size_t message_bytes)
{
    if (start_once(p, program, arguments, true, timeout_ms))
        return true;
    if (process_wait(p, 0) == 2 && process_err_has(p, "--counters")) {
        process_free(p);
        if (start_once(p, program, arguments, false, timeout_ms))
            return true;
    }
    explain(p, "no line \"listening ADDR:PORT\"", timeout_ms, message,
            message_bytes);
    return false;
}

/* ---- anybody's server ---------------------------------------------------- */

/* A port on loopback that nobody listens on now. 0: none to be had. */
static unsigned short free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int length = sizeof address;
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    bool good = bind(s, (struct sockaddr *)&address, length) == 0 &&
                getsockname(s, (struct sockaddr *)&address, &length) == 0;
    closesocket(s);
    return good ? ntohs(address.sin_port) : 0;
}

/* Whether somebody takes connections on loopback. Windows tries a closed port
 * for about two seconds before it says no (libuv PR 2896); this waits a tenth
 * of one. The port must be free again at once if nobody does. */
static bool is_taking(unsigned short port)
{
    enum { WITHIN_MS = 100 };
    SOCKET s = connect_begin("127.0.0.1", port, 0);
    bool taking = s != INVALID_SOCKET && connect_end(s, WITHIN_MS) == 0;
    if (taking)
        closesocket(s);
    else if (s != INVALID_SOCKET)
        net_close_abortively(s);
    return taking;
}

/* Writes command with the port in the place of "{port}". */
static bool fill_in_port(struct process *p, const char *command)
{
    const char *at = strstr(command, "{port}");
    int used = at == NULL
                   ? -1
                   : snprintf(p->command, sizeof p->command, "%.*s%hu%s",
                              (int)(at - command), command, p->port, at + 6);
    return used >= 0 && used < (int)sizeof p->command;
}

bool process_start_peer(struct process *p, const char *command,
                        DWORD timeout_ms, char *message, size_t message_bytes)
{
    enum { LOOK_MS = 50 };
    char counters[64];
    bool is_up = false;
    bool good = prepare(p);
    p->port = free_port();
    snprintf(p->host, sizeof p->host, "127.0.0.1");
    unique_name("counters", counters);
    SetEnvironmentVariableA("OBSERVE_COUNTERS", counters);
    good = good && p->port != 0 && fill_in_port(p, command) && launch(p, NULL);
    SetEnvironmentVariableA("OBSERVE_COUNTERS", NULL);
    uint64_t end_ns = clock_in_ms(timeout_ms);
    while (good && clock_ns() < end_ns && !(is_up = is_taking(p->port)) &&
           process_wait(p, LOOK_MS) < 0)
        continue;
    if (is_up)
        open_counters(p, counters);
    else
        explain(p, "took no connection", timeout_ms, message, message_bytes);
    return is_up;
}

/* A pipe that has all of input already, and then its end. */
static bool fill_stdin(HANDLE *in, const char *input, size_t bytes)
{
    HANDLE writing = NULL;
    DWORD written = 0;
    bool good =
        CreatePipe(in, &writing, &inheritable, 65536) &&
        (bytes == 0 || WriteFile(writing, input, (DWORD)bytes, &written, NULL));
    close_handle(&writing);
    return good;
}

bool process_launch(struct process *p, const char *program,
                    const char *arguments, const char *input,
                    size_t input_bytes)
{
    HANDLE in = NULL;
    if (!prepare(p))
        return false;
    snprintf(p->command, sizeof p->command, "\"%s\" %s", program, arguments);
    return (input == NULL || fill_stdin(&in, input, input_bytes)) &&
           launch(p, in);
}

int process_run(struct process *p, const char *program, const char *arguments,
                DWORD timeout_ms)
{
    if (!process_launch(p, program, arguments, NULL, 0))
        return -1;
    int status = process_wait(p, timeout_ms);
    process_kill(p);
    return status;
}

/* ---- the end ------------------------------------------------------------- */

int process_wait(struct process *p, DWORD timeout_ms)
{
    DWORD status = 0;
    if (p->process == NULL ||
        WaitForSingleObject(p->process, timeout_ms) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess(p->process, &status))
        return -1;
    return (int)(status & 0x7FFFFFFF); /* a crash is never mistaken for -1 */
}

void process_kill(struct process *p)
{
    if (p->process == NULL)
        return;
    TerminateJobObject(p->job, 99); /* with all its children */
    if (process_wait(p, 0) < 0) {
        TerminateProcess(p->process, 99);
        WaitForSingleObject(p->process, 10000);
    }
    take(p->out_file, &p->out, &p->out_bytes);
    take(p->err_file, &p->err, &p->err_bytes);
}

/* Parses the last line of out, which has to be a whole one. */
static bool parse_ledger(const struct process *p, struct process_ledger *ledger)
{
    const char *line = strstr(p->out, "accepted=");
    int used = 0;
    return line != NULL &&
           sscanf(line,
                  "accepted=%" SCNd64 " closed=%" SCNd64 " bytes_in=%" SCNd64
                  " bytes_out=%" SCNd64 " posted=%" SCNd64 " completed=%" SCNd64
                  " live=%" SCNd64 " %n",
                  &ledger->accepted, &ledger->closed, &ledger->bytes_in,
                  &ledger->bytes_out, &ledger->posted, &ledger->completed,
                  &ledger->live, &used) == 7 &&
           line[used - 1] == '\n' && line[used] == '\0';
}

int process_finish(struct process *p, DWORD timeout_ms,
                   struct process_ledger *ledger, bool *has_ledger)
{
    int status = process_wait(p, timeout_ms);
    process_kill(p);
    struct process_ledger read = {0};
    bool has = parse_ledger(p, &read);
    if (ledger != NULL)
        *ledger = read;
    if (has_ledger != NULL)
        *has_ledger = has;
    return status;
}

int process_stop(struct process *p, DWORD timeout_ms,
                 struct process_ledger *ledger, bool *has_ledger)
{
    SetEvent(p->stop_event);
    return process_finish(p, timeout_ms, ledger, has_ledger);
}

void process_free(struct process *p)
{
    process_kill(p);
    if (p->counters != NULL)
        UnmapViewOfFile(p->counters);
    p->counters = NULL;
    close_handle(&p->job);
    close_handle(&p->process);
    close_handle(&p->stop_event);
    close_handle(&p->out_file);
    close_handle(&p->err_file);
    close_handle(&p->unread_pipe);
    free(p->out);
    free(p->err);
    p->out = NULL;
    p->err = NULL;
}

bool process_ctrl_c(struct process *p)
{
    /* Ctrl+C cannot be sent to one group, Ctrl+Break can (documentation page
     * "GenerateConsoleCtrlEvent function"). */
    return wine_here() ? wine_ctrl_c(p)
                       : GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, p->id) != 0;
}

/* ---- watching ------------------------------------------------------------ */

static uint64_t ns_of(FILETIME time)
{
    return ((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) * 100;
}

static uint64_t cpu_of(HANDLE process)
{
    FILETIME created, exited, kernel, user;
    if (!GetProcessTimes(process, &created, &exited, &kernel, &user))
        return 0;
    return ns_of(kernel) + ns_of(user);
}

bool process_cpu_ns(struct process *p, uint64_t *cpu_ns)
{
    *cpu_ns = 0;
    if (wine_here())
        return wine_process_ns(p, cpu_ns);
    *cpu_ns = cpu_of(p->process);
    return *cpu_ns > 0;
}

uint64_t process_own_cpu_ns(void)
{
    uint64_t cpu_ns = 0;
    return wine_process_ns(NULL, &cpu_ns) ? cpu_ns
                                          : cpu_of(GetCurrentProcess());
}

/* The time in the kernel includes the idle time (documentation page
 * "GetSystemTimes function"). */
bool process_busy_ns(uint64_t *busy_ns)
{
    FILETIME idle, kernel, user;
    if (wine_here())
        return wine_busy_ns(busy_ns);
    if (!GetSystemTimes(&idle, &kernel, &user))
        return false;
    *busy_ns = ns_of(kernel) - ns_of(idle) + ns_of(user);
    return true;
}

uint64_t process_memory_bytes(const struct process *p)
{
    PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof memory};
    if (p->process == NULL ||
        !GetProcessMemoryInfo(p->process, &memory, sizeof memory))
        return 0;
    return memory.WorkingSetSize;
}

/* Calls a function with a handle to each thread of the process, if it is not
 * NULL. Returns how many threads there are, or how many calls were good. */
static int each_thread(const struct process *p,
                       DWORD(WINAPI *function)(HANDLE thread))
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (snapshot == INVALID_HANDLE_VALUE)
        return 0;
    int count = 0;
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    for (BOOL more = Thread32First(snapshot, &entry); more;
         more = Thread32Next(snapshot, &entry)) {
        if (entry.th32OwnerProcessID != p->id)
            continue;
        HANDLE thread =
            OpenThread(THREAD_SUSPEND_RESUME, FALSE, entry.th32ThreadID);
        count += thread != NULL &&
                 (function == NULL || function(thread) != (DWORD)-1);
        close_handle(&thread);
    }
    CloseHandle(snapshot);
    return count;
}

int process_threads(const struct process *p)
{
    return each_thread(p, NULL);
}

int process_hold(const struct process *p)
{
    return each_thread(p, SuspendThread);
}

int process_go_on(const struct process *p)
{
    return each_thread(p, ResumeThread);
}

int process_handles(const struct process *p)
{
    DWORD count = 0;
    if (p->process == NULL)
        return 0;
    if (wine_here())
        return wine_handles(p->id);
    return GetProcessHandleCount(p->process, &count) ? (int)count : 0;
}

bool process_counts(const struct process *p, struct process_counts *totals)
{
    memset(totals, 0, sizeof *totals);
    if (p->counters == NULL)
        return false;
    for (int s = 0; s < OBSERVE_SLOTS; s++) {
        const struct observe_slot *slot = &p->counters->slots[s];
        for (int call = 0; call < OBSERVE_CALL_COUNT; call++) {
            for (int outcome = 0; outcome < OBSERVE_OUTCOME_COUNT; outcome++)
                totals->calls[call][outcome] += slot->calls[call][outcome];
            totals->items[call] += slot->items[call];
        }
    }
    return true;
}

/* ---- processors ---------------------------------------------------------- */

/* Those that this program could use at its start. */
static DWORD_PTR all_of_them(void)
{
    static DWORD_PTR all;
    DWORD_PTR system = 0;
    if (all == 0 && !GetProcessAffinityMask(GetCurrentProcess(), &all, &system))
        all = 1;
    return all;
}

int processors_count(void)
{
    int count = 0;
    for (DWORD_PTR left = all_of_them(); left != 0; left &= left - 1)
        count++;
    return count;
}

/* The last count of them. */
static DWORD_PTR mask_of(int count)
{
    DWORD_PTR mask = all_of_them();
    for (int left = processors_count(); count > 0 && left > count; left--)
        mask &= mask - 1; /* without its lowest bit */
    return mask;
}

bool processors_use_by(HANDLE process, int count)
{
    return SetProcessAffinityMask(process, mask_of(count)) != 0;
}

bool processors_use(int count)
{
    return processors_use_by(GetCurrentProcess(), count) &&
           (!wine_here() || wine_use_processors(mask_of(count)));
}
