#include "process.h"

#include <inttypes.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>

#include "../../common/clock.h"
#include "../../common/net.h"

/* ---- what all processes share -------------------------------------------- */

/* Every process that we start is put into this job. Windows closes our last
 * handle to it when this program ends, however it ends, and then kills what is
 * still in the job. */
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

static HANDLE shared_job(void)
{
    static HANDLE job;
    if (job == NULL) {
        /* Inherited: a server that crashes ends, and shows no dialog
         * (documentation page "SetErrorMode function"). */
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
        job = make_job();
    }
    return job;
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

bool process_under_wine(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

/* ---- the two pipes ------------------------------------------------------- */

/* Appends to *text under the lock. Text that does not fit in memory is lost:
 * the server must not block because nobody reads its pipe. */
static void append(struct process *p, char **text, size_t *text_bytes,
                   const char *more, size_t more_bytes)
{
    EnterCriticalSection(&p->lock);
    char *grown = realloc(*text, *text_bytes + more_bytes + 1);
    if (grown != NULL) {
        memcpy(grown + *text_bytes, more, more_bytes);
        *text = grown;
        *text_bytes += more_bytes;
        grown[*text_bytes] = '\0';
    }
    LeaveCriticalSection(&p->lock);
}

static unsigned __stdcall read_out(void *data)
{
    struct process *p = data;
    char chunk[4096];
    DWORD bytes = 0;
    while (ReadFile(p->out_pipe, chunk, sizeof chunk, &bytes, NULL) &&
           bytes > 0) {
        append(p, &p->out, &p->out_bytes, chunk, bytes);
        if (memchr(chunk, '\n', bytes) != NULL)
            SetEvent(p->first_line_event);
    }
    return 0;
}

static unsigned __stdcall read_err(void *data)
{
    struct process *p = data;
    char chunk[4096];
    DWORD bytes = 0;
    while (ReadFile(p->err_pipe, chunk, sizeof chunk, &bytes, NULL) &&
           bytes > 0) {
        append(p, &p->err, &p->err_bytes, chunk, bytes);
        WaitForSingleObject(p->read_err_event, INFINITE);
    }
    return 0;
}

static void wait_and_close_thread(HANDLE *thread)
{
    if (*thread == NULL)
        return;
    WaitForSingleObject(*thread, INFINITE);
    CloseHandle(*thread);
    *thread = NULL;
}

/* The pipes end with the process; afterwards out and err are complete. */
static void join_readers(struct process *p)
{
    if (p->read_err_event != NULL)
        SetEvent(p->read_err_event);
    wait_and_close_thread(&p->out_thread);
    wait_and_close_thread(&p->err_thread);
}

void process_copy_err(struct process *p, char *text, size_t text_bytes)
{
    EnterCriticalSection(&p->lock);
    snprintf(text, text_bytes, "%s", p->err != NULL ? p->err : "");
    LeaveCriticalSection(&p->lock);
}

bool process_err_has(struct process *p, const char *words)
{
    EnterCriticalSection(&p->lock);
    bool found = p->err != NULL && strstr(p->err, words) != NULL;
    LeaveCriticalSection(&p->lock);
    return found;
}

/* ---- starting ------------------------------------------------------------ */

/* A pipe of which only the writing end may be inherited. */
static bool make_pipe(HANDLE *reading, HANDLE *writing)
{
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable,
                                       .bInheritHandle = TRUE};
    return CreatePipe(reading, writing, &inheritable, 0) &&
           SetHandleInformation(*reading, HANDLE_FLAG_INHERIT, 0);
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
    for (int attempt = 0; attempt < 5; attempt++) {
        if (CreateProcessW(NULL, command, NULL, NULL, TRUE,
                           CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP |
                               EXTENDED_STARTUPINFO_PRESENT,
                           NULL, NULL, &start.StartupInfo, made))
            return true;
        if (GetLastError() != ERROR_INTERNAL_ERROR)
            break;
        Sleep(50);
    }
    return false;
}

/* The process joins the job before it runs. */
static bool create_process(struct process *p, HANDLE out, HANDLE err)
{
    wchar_t *command =
        utf8_wide(p->long_command != NULL ? p->long_command : p->command);
    HANDLE handles[3] = {out, err, p->in_pipe};
    PROCESS_INFORMATION made = {0};
    SIZE_T bytes = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &bytes);
    LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(bytes);
    bool created = list != NULL &&
                   InitializeProcThreadAttributeList(list, 1, 0, &bytes) &&
                   create_suspended(command, list, handles, &made);
    DWORD error = GetLastError();
    free(list);
    free(command);
    SetLastError(error);
    if (!created)
        return false;
    p->process = made.hProcess;
    p->id = made.dwProcessId;
    HANDLE job = p->own_job != NULL ? p->own_job : shared_job();
    if (job != NULL)
        AssignProcessToJobObject(job, made.hProcess);
    ResumeThread(made.hThread);
    CloseHandle(made.hThread);
    return true;
}

/* Starts p->command with a reader on each of its two outputs. */
static bool launch(struct process *p)
{
    HANDLE out = NULL;
    HANDLE err = NULL;
    bool started = make_pipe(&p->out_pipe, &out) &&
                   make_pipe(&p->err_pipe, &err) && create_process(p, out, err);
    DWORD error = GetLastError();
    /* Ours must go, or the pipes would not end when the server does. */
    if (out != NULL)
        CloseHandle(out);
    if (err != NULL)
        CloseHandle(err);
    SetLastError(error);
    if (!started)
        return false;
    p->out_thread = (HANDLE)_beginthreadex(NULL, 0, read_out, p, 0, NULL);
    p->err_thread = (HANDLE)_beginthreadex(NULL, 0, read_err, p, 0, NULL);
    return p->out_thread != NULL && p->err_thread != NULL;
}

static bool prepare(struct process *p)
{
    memset(p, 0, sizeof *p);
    InitializeCriticalSection(&p->lock);
    p->out = calloc(1, 1);
    p->err = calloc(1, 1);
    p->first_line_event = CreateEventA(NULL, TRUE, FALSE, NULL);
    p->read_err_event = CreateEventA(NULL, TRUE, TRUE, NULL);
    return p->out != NULL && p->err != NULL && p->first_line_event != NULL &&
           p->read_err_event != NULL;
}

/* Reads "listening ADDR:PORT"; the address may stand in brackets. */
static bool parse_first_line(struct process *p)
{
    char line[128];
    EnterCriticalSection(&p->lock);
    size_t length = strcspn(p->out, "\r\n");
    bool whole = length < sizeof line && p->out[length] != '\0';
    snprintf(line, sizeof line, "%.*s", (int)(whole ? length : 0), p->out);
    LeaveCriticalSection(&p->lock);

    char *colon = strrchr(line, ':');
    if (!whole || strncmp(line, "listening ", 10) != 0 || colon == NULL)
        return false;
    char *host = line + 10;
    char *host_end = colon;
    if (host[0] == '[' && host_end[-1] == ']') {
        host++;
        host_end--;
    }
    char *rest = NULL;
    unsigned long port = strtoul(colon + 1, &rest, 10);
    if (host_end <= host || rest == colon + 1 || *rest != '\0' || port == 0 ||
        port > 65535)
        return false;
    snprintf(p->host, sizeof p->host, "%.*s", (int)(host_end - host), host);
    p->port = (unsigned short)port;
    return true;
}

static void open_counters(struct process *p)
{
    p->mapping = OpenFileMappingA(FILE_MAP_READ, FALSE, p->counters_name);
    if (p->mapping == NULL)
        return;
    const struct observe_counters *counters = MapViewOfFile(
        p->mapping, FILE_MAP_READ, 0, 0, sizeof(struct observe_counters));
    if (counters == NULL)
        return;
    if (counters->version == OBSERVE_VERSION &&
        counters->call_count == OBSERVE_CALL_COUNT)
        p->counters = counters;
    else
        UnmapViewOfFile(counters);
}

/* One attempt. with_counters is false for a build without the seam. */
static bool start_once(struct process *p, const char *program,
                       const char *arguments, bool with_counters,
                       DWORD timeout_ms)
{
    if (!prepare(p))
        return false;
    unique_name("stop", p->stop_name);
    snprintf(p->mark, sizeof p->mark, "%s", p->stop_name);
    unique_name("counters", p->counters_name);
    /* Made here, before the server starts: it opens the one that exists. */
    p->stop_event = CreateEventA(NULL, TRUE, FALSE, p->stop_name);
    int used = snprintf(p->command, sizeof p->command,
                        "\"%s\" --port 0 --stop-event %s%s%s %s", program,
                        p->stop_name, with_counters ? " --counters " : "",
                        with_counters ? p->counters_name : "", arguments);
    if (p->stop_event == NULL || used < 0 || used >= (int)sizeof p->command ||
        !launch(p))
        return false;
    HANDLE either[2] = {p->first_line_event, p->process};
    WaitForMultipleObjects(2, either, FALSE, timeout_ms);
    if (process_wait(p, 0) >= 0)
        join_readers(p); /* it has ended: take all that it said */
    if (!parse_first_line(p))
        return false;
    if (with_counters)
        open_counters(p);
    return true;
}

bool process_start(struct process *p, const char *program,
                   const char *arguments, DWORD timeout_ms, char *message,
                   size_t message_bytes)
{
    if (start_once(p, program, arguments, true, timeout_ms))
        return true;
    if (p->process != NULL && process_wait(p, 0) == 2 &&
        process_err_has(p, "--counters")) {
        process_free(p);
        if (start_once(p, program, arguments, false, timeout_ms))
            return true;
    }
    DWORD error = GetLastError();
    if (p->process == NULL) {
        snprintf(message, message_bytes, "cannot start %s (error %lu)", program,
                 error);
        return false;
    }
    int status = process_wait(p, 0);
    process_kill(p);
    if (status >= 0)
        snprintf(message, message_bytes,
                 "ended at once with status %d; stdout: \"%.200s\"; stderr: "
                 "\"%.400s\"",
                 status, p->out, p->err);
    else
        snprintf(message, message_bytes,
                 "no line \"listening ADDR:PORT\" within %lu ms; stdout: "
                 "\"%.200s\"; stderr: \"%.400s\"",
                 timeout_ms, p->out, p->err);
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
 * of one. */
static bool is_taking(unsigned short port)
{
    enum { WITHIN_MS = 100 };
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(port)};
    SOCKET s = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    WSAPOLLFD polled = {s, POLLWRNORM, 0};
    u_long on = 1;
    ioctlsocket(s, (long)FIONBIO, &on);
    bool taking =
        connect(s, (struct sockaddr *)&address, sizeof address) == 0 ||
        (WSAPoll(&polled, 1, WITHIN_MS) == 1 &&
         (polled.revents & (POLLERR | POLLHUP)) == 0);
    taking = taking && !net_is_own_peer(s);
    if (taking)
        closesocket(s);
    else
        net_close_abortively(s); /* the port is free again at once */
    return taking;
}

/* Writes command with every "{port}" replaced. */
static bool fill_in_port(struct process *p, const char *command)
{
    size_t used = 0;
    while (*command != '\0') {
        char piece[8] = {*command, '\0'};
        bool is_port = strncmp(command, "{port}", 6) == 0;
        if (is_port)
            snprintf(piece, sizeof piece, "%hu", p->port);
        if (used + strlen(piece) >= sizeof p->command)
            return false;
        memcpy(p->command + used, piece, strlen(piece) + 1);
        used += strlen(piece);
        command += is_port ? 6 : 1;
    }
    return true;
}

bool process_start_peer(struct process *p, const char *command,
                        DWORD timeout_ms, char *message, size_t message_bytes)
{
    if (!prepare(p) || (p->port = free_port()) == 0 ||
        !fill_in_port(p, command)) {
        snprintf(message, message_bytes, "its command is too long");
        return false;
    }
    snprintf(p->host, sizeof p->host, "127.0.0.1");
    snprintf(p->mark, sizeof p->mark, "%hu", p->port);
    p->own_job = make_job();
    unique_name("counters", p->counters_name);
    SetEnvironmentVariableA("OBSERVE_COUNTERS", p->counters_name);
    bool launched = launch(p);
    SetEnvironmentVariableA("OBSERVE_COUNTERS", NULL);
    if (!launched) {
        snprintf(message, message_bytes, "cannot start \"%.200s\" (error %lu)",
                 p->command, GetLastError());
        return false;
    }
    uint64_t end_ns = clock_ns() + timeout_ms * UINT64_C(1000000);
    while (clock_ns() < end_ns) {
        if (is_taking(p->port)) {
            open_counters(p);
            return true;
        }
        int status = process_wait(p, 50);
        if (status >= 0) {
            process_kill(p);
            snprintf(message, message_bytes,
                     "ended with status %d; stderr: \"%.200s\"", status,
                     p->err);
            return false;
        }
    }
    process_kill(p);
    snprintf(message, message_bytes, "took no connection within %lu ms",
             timeout_ms);
    return false;
}

/* A pipe that has all of input already, and then its end. */
static bool fill_stdin(struct process *p, const char *input, size_t bytes)
{
    SECURITY_ATTRIBUTES inheritable = {.nLength = sizeof inheritable,
                                       .bInheritHandle = TRUE};
    HANDLE writing = NULL;
    DWORD written = 0;
    bool good =
        CreatePipe(&p->in_pipe, &writing, &inheritable, 65536) &&
        SetHandleInformation(writing, HANDLE_FLAG_INHERIT, 0) &&
        (bytes == 0 || WriteFile(writing, input, (DWORD)bytes, &written, NULL));
    if (writing != NULL)
        CloseHandle(writing);
    return good;
}

bool process_launch(struct process *p, const char *program,
                    const char *arguments, const char *input,
                    size_t input_bytes)
{
    if (!prepare(p))
        return false;
    /* Longer than p->command: one case passes 10 KB of rubbish. */
    size_t bytes = strlen(program) + strlen(arguments) + 4;
    char *whole = malloc(bytes);
    if (whole == NULL)
        return false;
    snprintf(whole, bytes, "\"%s\" %s", program, arguments);
    snprintf(p->command, sizeof p->command, "%s", whole);
    p->long_command = whole;
    return (input == NULL || fill_stdin(p, input, input_bytes)) && launch(p);
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
    if (p->own_job != NULL) /* its children have our pipes */
        TerminateJobObject(p->own_job, 99);
    if (process_wait(p, 0) < 0) {
        TerminateProcess(p->process, 99);
        WaitForSingleObject(p->process, 10000);
    }
    join_readers(p);
}

/* Parses the last line of out. */
static bool parse_ledger(const struct process *p, struct process_ledger *ledger)
{
    size_t end = p->out_bytes;
    while (end > 0 && (p->out[end - 1] == '\n' || p->out[end - 1] == '\r'))
        end--;
    if (end == p->out_bytes)
        return false; /* not a whole line */
    size_t begin = end;
    while (begin > 0 && p->out[begin - 1] != '\n')
        begin--;
    int used = 0;
    int found =
        sscanf(p->out + begin,
               "accepted=%" SCNd64 " closed=%" SCNd64 " bytes_in=%" SCNd64
               " bytes_out=%" SCNd64 " posted=%" SCNd64 " completed=%" SCNd64
               " live=%" SCNd64 "%n",
               &ledger->accepted, &ledger->closed, &ledger->bytes_in,
               &ledger->bytes_out, &ledger->posted, &ledger->completed,
               &ledger->live, &used);
    return found == 7 && begin + (size_t)used == end;
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

static void close_handle(HANDLE *handle)
{
    if (*handle != NULL)
        CloseHandle(*handle);
    *handle = NULL;
}

void process_free(struct process *p)
{
    process_kill(p);
    join_readers(p);
    if (p->counters != NULL)
        UnmapViewOfFile((void *)(uintptr_t)p->counters);
    p->counters = NULL;
    close_handle(&p->mapping);
    close_handle(&p->own_job);
    close_handle(&p->process);
    close_handle(&p->stop_event);
    close_handle(&p->first_line_event);
    close_handle(&p->read_err_event);
    close_handle(&p->in_pipe);
    close_handle(&p->out_pipe);
    close_handle(&p->err_pipe);
    free(p->out);
    free(p->err);
    free(p->long_command);
    p->out = NULL;
    p->err = NULL;
    p->long_command = NULL;
    DeleteCriticalSection(&p->lock);
}

/* ---- held up -------------------------------------------------------------- */

void process_leave_err(struct process *p)
{
    ResetEvent(p->read_err_event); /* at most one more chunk is read */
}

/* Neither function of ntdll.dll is documented; debuggers and job schedulers have
 * used them since Windows XP, and Wine 8 has them. */
static bool call_ntdll(struct process *p, const char *name)
{
    typedef LONG(NTAPI * on_process)(HANDLE);
    on_process function = (on_process)(uintptr_t)GetProcAddress(
        GetModuleHandleA("ntdll.dll"), name);
    return function != NULL && function(p->process) >= 0;
}

bool process_suspend(struct process *p)
{
    return call_ntdll(p, "NtSuspendProcess");
}

void process_resume(struct process *p)
{
    call_ntdll(p, "NtResumeProcess");
}

/* ---- under Wine: the Linux process ---------------------------------------- */

DWORD process_read_file(const char *path, char *text, DWORD text_bytes)
{
    DWORD bytes = 0;
    wchar_t *wide = utf8_wide(path);
    HANDLE file =
        CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, OPEN_EXISTING, 0, NULL);
    free(wide);
    if (file != INVALID_HANDLE_VALUE) {
        if (!ReadFile(file, text, text_bytes - 1, &bytes, NULL))
            bytes = 0; /* it has just ended */
        CloseHandle(file);
    }
    text[bytes] = '\0';
    return bytes;
}

/* Whether word is one of the words of a command line, each of which ends with
 * a zero byte. */
static bool has_word(const char *line, size_t line_bytes, const char *word)
{
    for (size_t i = 0; i < line_bytes; i += strlen(line + i) + 1)
        if (strcmp(line + i, word) == 0)
            return true;
    return false;
}

/* The one Linux process that has p's mark in its command line. 0: this is no
 * Wine, or its /proc cannot be seen, or not exactly one has it. */
static long linux_pid(struct process *p)
{
    char path[64];
    char line[4096];
    WIN32_FIND_DATAA entry;
    int found_count = 0;
    if (p->linux_pid != 0 || p->mark[0] == '\0' || !process_under_wine())
        return p->linux_pid;
    HANDLE search = FindFirstFileA("Z:\\proc\\*", &entry);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do {
        long pid = strtol(entry.cFileName, NULL, 10);
        snprintf(path, sizeof path, "Z:\\proc\\%ld\\cmdline", pid);
        if (pid > 0 &&
            has_word(line, process_read_file(path, line, sizeof line),
                     p->mark)) {
            found_count++;
            p->linux_pid = pid;
        }
    } while (FindNextFileA(search, &entry));
    FindClose(search);
    if (found_count != 1)
        p->linux_pid = 0;
    return p->linux_pid;
}

bool process_ctrl_c(struct process *p)
{
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made = {0};
    char command[64];
    if (!process_under_wine())
        /* Ctrl+C cannot be sent to one group, Ctrl+Break can (documentation
         * page "GenerateConsoleCtrlEvent function"). */
        return GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, p->id) != 0;

    snprintf(command, sizeof command, "Z:\\bin\\sh -c \"kill -INT %ld\"",
             linux_pid(p));
    if (linux_pid(p) == 0 || !CreateProcessA(NULL, command, NULL, NULL, FALSE,
                                             0, NULL, NULL, &start, &made))
        return false;
    close_handle(&made.hThread); /* Wine gives none for a Linux program */
    close_handle(&made.hProcess);
    return true;
}

/* ---- watching ------------------------------------------------------------ */

static bool cpu_of(HANDLE process, uint64_t *cpu_100ns)
{
    FILETIME created, exited, kernel, user;
    if (!GetProcessTimes(process, &created, &exited, &kernel, &user))
        return false;
    *cpu_100ns =
        ((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
        ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime);
    return true;
}

/* proc(5): after the name, which stands in brackets, field 3 and so on; 14 and
 * 15 are the times in user and kernel mode, in hundredths of a second. */
static bool linux_cpu(struct process *p, uint64_t *cpu_100ns)
{
    enum { TICK_100NS = 100000 };
    char path[64];
    char stat[1024];
    uint64_t user = 0;
    uint64_t kernel = 0;
    if (linux_pid(p) == 0)
        return false;
    snprintf(path, sizeof path, "Z:\\proc\\%ld\\stat", linux_pid(p));
    process_read_file(path, stat, sizeof stat);
    const char *rest = strrchr(stat, ')');
    if (rest == NULL ||
        sscanf(rest,
               ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64
               " %" SCNu64,
               &user, &kernel) != 2)
        return false;
    *cpu_100ns = (user + kernel) * TICK_100NS;
    return true;
}

bool process_cpu_100ns(struct process *p, uint64_t *cpu_100ns)
{
    *cpu_100ns = 0;
    if (process_under_wine())
        return linux_cpu(p, cpu_100ns);
    return p->process != NULL && cpu_of(p->process, cpu_100ns);
}

uint64_t process_kernel_100ns(HANDLE process)
{
    FILETIME created, exited, kernel, user;
    if (process_under_wine() ||
        !GetProcessTimes(process, &created, &exited, &kernel, &user))
        return 0;
    return (uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime;
}

uint64_t process_own_cpu_100ns(void)
{
    uint64_t cpu_100ns = 0;
    cpu_of(GetCurrentProcess(), &cpu_100ns);
    return cpu_100ns;
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
        if (function == NULL) {
            count++;
            continue;
        }
        HANDLE thread =
            OpenThread(THREAD_SUSPEND_RESUME, FALSE, entry.th32ThreadID);
        if (thread == NULL)
            continue;
        count += function(thread) != (DWORD)-1;
        CloseHandle(thread);
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
    if (p->counters == NULL)
        return 0;
    return p->counters->live.sockets + p->counters->live.handles;
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
