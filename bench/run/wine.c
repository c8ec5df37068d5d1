#include "wine.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/clock.h"
#include "process.h"

/* Only Wine's ntdll.dll has this function. */
const char *wine_version(void)
{
    typedef const char *(*get_version)(void);
    get_version function = (get_version)(uintptr_t)GetProcAddress(
        GetModuleHandleA("ntdll.dll"), "wine_get_version");
    return function != NULL ? function() : NULL;
}

bool wine_here(void)
{
    return wine_version() != NULL;
}

/* ---- /proc --------------------------------------------------------------- */

/* Reads the beginning of a file in /proc, terminated. False: there is none. */
static bool read_proc(char *text, size_t text_bytes, const char *format, ...)
{
    char name[64];
    char path[80];
    va_list values;
    va_start(values, format);
    vsnprintf(name, sizeof name, format, values);
    va_end(values);
    snprintf(path, sizeof path, "Z:\\proc\\%s", name);
    FILE *file = wine_here() ? fopen(path, "rb") : NULL;
    size_t bytes = file != NULL ? fread(text, 1, text_bytes - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    memset(text + bytes, 0, text_bytes - bytes);
    return bytes > 0;
}

/* The next number among the names in a folder; 0: there are no more. *search is
 * NULL at first. */
static long next_number(HANDLE *search, const char *folder)
{
    WIN32_FIND_DATAA entry;
    long number = 0;
    while (number == 0) {
        if (*search != NULL ? !FindNextFileA(*search, &entry)
                            : (*search = FindFirstFileA(folder, &entry)) ==
                                  INVALID_HANDLE_VALUE) {
            FindClose(*search);
            return 0;
        }
        number = strtol(entry.cFileName, NULL, 10);
    }
    return number;
}

/* Whether the command line of a process has this word. */
static bool has_word(long pid, const char *word)
{
    char line[16384];
    read_proc(line, sizeof line, "%ld\\cmdline", pid);
    for (const char *one = line; *one != '\0'; one += strlen(one) + 1)
        if (strcmp(one, word) == 0)
            return true;
    return false;
}

/* Whether this is p, with the name of its event or its port in its command line;
 * NULL: we ourselves. Whether a file exists is what a program looks up without
 * the wineserver: only there /proc/self is its own. */
static bool is_linux_pid(long pid, const struct process *p)
{
    char text[64];
    if (p == NULL) {
        snprintf(text, sizeof text, "Z:\\proc\\self\\task\\%ld", pid);
        return GetFileAttributesA(text) != INVALID_FILE_ATTRIBUTES;
    }
    snprintf(text, sizeof text, "%hu", p->port);
    return has_word(pid, p->stop_name[0] != '\0' ? p->stop_name : text);
}

/* The Linux process of p; NULL: our own. 0: none is found, or several are. */
static long linux_pid(struct process *p)
{
    static long own;
    long *found = p != NULL ? &p->linux_pid : &own;
    int count = 0;
    HANDLE search = NULL;
    if (*found != 0 || !wine_here())
        return *found;
    for (long pid; (pid = next_number(&search, "Z:\\proc\\*")) != 0;)
        if (is_linux_pid(pid, p)) {
            *found = pid;
            count++;
        }
    if (count != 1)
        *found = 0;
    return *found;
}

/* ---- requests ------------------------------------------------------------ */

/* How often the process whose io file was read has called write() and its like,
 * see proc(5). */
static uint64_t writes_in(const char *text)
{
    const char *found = strstr(text, "syscw: ");
    return found != NULL ? strtoull(found + 7, NULL, 10) : 0;
}

uint64_t wine_requests_of(struct process *p)
{
    char text[512];
    read_proc(text, sizeof text, "%ld\\io", linux_pid(p));
    return writes_in(text);
}

uint64_t wine_requests_of_self(void)
{
    return wine_requests_of(NULL);
}

uint64_t wine_requests_of_all(void)
{
    char text[512];
    read_proc(text, sizeof text, "self\\io");
    return writes_in(text);
}

/* ---- processor time ------------------------------------------------------ */

enum { TICK_NS = 10000000 }; /* in which /proc/stat and /proc/PID/stat count */

bool wine_server_ns(uint64_t *cpu_ns)
{
    char text[128];
    return read_proc(text, sizeof text, "self\\schedstat") &&
           sscanf(text, "%" SCNu64, cpu_ns) == 1;
}

/* proc(5): after the name, which stands in brackets, field 3 and so on; 14 and
 * 15 are the times in user and kernel mode. */
static uint64_t whole_process_ns(long pid)
{
    char stat[1024];
    uint64_t user = 0;
    uint64_t kernel = 0;
    read_proc(stat, sizeof stat, "%ld\\stat", pid);
    const char *rest = strrchr(stat, ')');
    if (rest == NULL ||
        sscanf(rest,
               ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64
               " %" SCNu64,
               &user, &kernel) != 2)
        return 0;
    return (user + kernel) * TICK_NS;
}

static uint64_t living_threads_ns(long pid)
{
    char path[64];
    char text[128];
    uint64_t sum_ns = 0;
    HANDLE search = NULL;
    snprintf(path, sizeof path, "Z:\\proc\\%ld\\task\\*", pid);
    for (long thread; (thread = next_number(&search, path)) != 0;) {
        read_proc(text, sizeof text, "%ld\\task\\%ld\\schedstat", pid, thread);
        sum_ns += strtoull(text, NULL, 10);
    }
    return sum_ns;
}

/* Neither is more than the truth: the first counts whole ticks, the second has
 * lost the threads that have ended. */
bool wine_process_ns(struct process *p, uint64_t *cpu_ns)
{
    uint64_t whole_ns = whole_process_ns(linux_pid(p));
    uint64_t living_ns = living_threads_ns(linux_pid(p));
    *cpu_ns = whole_ns > living_ns ? whole_ns : living_ns;
    return *cpu_ns > 0;
}

/* proc(5): user, nice, system, idle, iowait, irq, softirq, steal; the guests
 * after them are part of user and nice. */
bool wine_busy_ns(uint64_t *busy_ns)
{
    enum { FIELDS = 8, IDLE = 3, IOWAIT = 4 };
    char text[256];
    char *at = text + strlen("cpu");
    if (!read_proc(text, sizeof text, "stat"))
        return false;
    *busy_ns = 0;
    for (int field = 0; field < FIELDS; field++) {
        uint64_t ticks = strtoull(at, &at, 10);
        *busy_ns += field == IDLE || field == IOWAIT ? 0 : ticks * TICK_NS;
    }
    return true;
}

/* ---- Linux programs ------------------------------------------------------ */

/* Starts a command of Linux and does not wait for it. */
static bool start_shell(const char *command)
{
    char line[160];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made = {0};
    snprintf(line, sizeof line, "Z:\\bin\\sh -c \"%s\"", command);
    if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &start,
                        &made))
        return false;
    if (made.hThread != NULL) /* Wine gives none for a Linux program */
        CloseHandle(made.hThread);
    if (made.hProcess != NULL)
        CloseHandle(made.hProcess);
    return true;
}

bool wine_ctrl_c(struct process *p)
{
    char command[64];
    snprintf(command, sizeof command, "kill -INT %ld", linux_pid(p));
    return p->linux_pid != 0 && start_shell(command);
}

/* Which processors Linux lets the wineserver use; 0: it does not tell. */
static DWORD_PTR wineserver_mask(void)
{
    char status[4096];
    DWORD_PTR mask = 0;
    read_proc(status, sizeof status, "self\\status");
    const char *line = strstr(status, "\nCpus_allowed:\t");
    if (line == NULL)
        return 0;
    char *end = NULL;
    for (line += 15; end == NULL || *end == ','; line = end + 1)
        mask = mask << 16 << 16 | (DWORD_PTR)strtoull(line, &end, 16);
    return mask; /* a comma stands between each 32, the highest first */
}

bool wine_use_processors(DWORD_PTR mask)
{
    enum { WITHIN_MS = 2000, LOOK_MS = 5 };
    char stat[512];
    char command[80];
    if (wineserver_mask() == mask)
        return true;
    if (!read_proc(stat, sizeof stat, "self\\stat"))
        return false;
    snprintf(command, sizeof command, "taskset -p %llx %ld >/dev/null",
             (unsigned long long)mask, strtol(stat, NULL, 10));
    if (!start_shell(command))
        return false;
    uint64_t end_ns = clock_in_ms(WITHIN_MS);
    while (wineserver_mask() != mask && clock_ns() < end_ns)
        Sleep(LOOK_MS);
    return wineserver_mask() == mask;
}

/* ---- handles ------------------------------------------------------------- */

/* Wine 8 lists all handles of all processes, as Windows does for those who know
 * this structure: SYSTEM_HANDLE_INFORMATION_EX, which is not documented. */
int wine_handles(DWORD process_id)
{
    enum { SYSTEM_EXTENDED_HANDLE_INFORMATION = 64 };
    enum { TOO_SMALL = (int)0xC0000004, FIRST_BYTES = 1 << 18 };
    struct list {
        ULONG_PTR count;
        ULONG_PTR reserved;
        struct {
            void *object;
            ULONG_PTR process_id;
            ULONG_PTR handle;
            ULONG access;
            USHORT trace;
            USHORT type;
            ULONG attributes;
            ULONG reserved;
        } handles[];
    };
    typedef LONG(NTAPI * query_function)(int, void *, ULONG, ULONG *);
    query_function query = (query_function)(uintptr_t)GetProcAddress(
        GetModuleHandleA("ntdll.dll"), "NtQuerySystemInformation");
    LONG status = TOO_SMALL;
    struct list *list = NULL;
    for (ULONG bytes = FIRST_BYTES; wine_here() && status == TOO_SMALL;
         bytes *= 2) {
        free(list);
        list = malloc(bytes);
        if (list == NULL)
            return 0;
        status = query(SYSTEM_EXTENDED_HANDLE_INFORMATION, list, bytes, NULL);
    }
    int count = 0;
    for (ULONG_PTR i = 0; status == 0 && i < list->count; i++)
        count += list->handles[i].process_id == process_id;
    free(list);
    return count;
}
