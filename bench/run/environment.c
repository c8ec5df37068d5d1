#include "environment.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#ifndef VERSION
#define VERSION "unknown"
#endif
#ifndef COMMIT
#define COMMIT "n/a"
#endif
#ifndef OBSERVE
#define OBSERVE 1
#endif

/* Copies the address of a function to *function, a pointer of that function's
 * type. NULL: the library, which may be NULL, has none of that name. */
static void find_function(HMODULE library, const char *name, void *function)
{
    FARPROC found = library != NULL ? GetProcAddress(library, name) : NULL;
    memcpy(function, &found, sizeof found);
}

/* ntdll.dll, which every process has loaded. */
static HMODULE ntdll(void)
{
    return GetModuleHandleA("ntdll.dll");
}

/* GetVersionEx tells a program without a manifest that it runs on Windows 8.
 * RtlGetVersion tells the truth (documentation page "RtlGetVersion"). */
static void read_system(struct environment *environment)
{
    typedef LONG(WINAPI * get_version)(OSVERSIONINFOW *);
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    get_version function = NULL;
    find_function(ntdll(), "RtlGetVersion", &function);
    if (function != NULL && function(&version) == 0)
        snprintf(environment->system, sizeof environment->system,
                 "Windows %lu.%lu build %lu", version.dwMajorVersion,
                 version.dwMinorVersion, version.dwBuildNumber);
    else
        snprintf(environment->system, sizeof environment->system,
                 "Windows, version n/a");
}

/* Only Wine's ntdll.dll has this function. */
static void read_wine(struct environment *environment)
{
    typedef const char *(*get_version)(void);
    get_version function = NULL;
    find_function(ntdll(), "wine_get_version", &function);
    if (function != NULL)
        snprintf(environment->wine, sizeof environment->wine, "%s", function());
}

static void read_processor(struct environment *environment)
{
    char name[96];
    DWORD name_bytes = sizeof name;
    LSTATUS status = RegGetValueA(
        HKEY_LOCAL_MACHINE,
        "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
        "ProcessorNameString", RRF_RT_REG_SZ, NULL, name, &name_bytes);
    const char *shown = status == ERROR_SUCCESS ? name : "n/a";
    while (*shown == ' ')
        shown++;
    snprintf(environment->processor, sizeof environment->processor, "%s",
             shown);

    DWORD_PTR mine = 0;
    DWORD_PTR all = 0;
    if (GetProcessAffinityMask(GetCurrentProcess(), &mine, &all))
        for (; mine != 0; mine &= mine - 1)
            environment->processors++;
    if (environment->processors == 0) /* more than one processor group */
        environment->processors = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
}

/* The tick of Sleep and of CPU times, and the resolution of the system timer.
 * The second is not documented, but in every ntdll.dll since Windows NT 4. */
static void read_timers(struct environment *environment)
{
    typedef LONG(WINAPI * query)(ULONG *, ULONG *, ULONG *);
    query function = NULL;
    DWORD adjustment = 0;
    DWORD increment = 0;
    BOOL disabled = FALSE;
    ULONG coarsest = 0;
    ULONG finest = 0;
    ULONG current = 0;
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    environment->clock_hz = (uint64_t)frequency.QuadPart;
    if (GetSystemTimeAdjustment(&adjustment, &increment, &disabled))
        environment->tick_100ns = increment;
    find_function(ntdll(), "NtQueryTimerResolution", &function);
    if (function != NULL && function(&coarsest, &finest, &current) == 0) {
        environment->timer_100ns = current;
        environment->timer_finest_100ns = finest;
    }
}

/* The plan's name would be in the user's language; these GUIDs are the same
 * everywhere (winnt.h: GUID_TYPICAL_POWER_SAVINGS and its like). */
static const char *plan_name(const GUID *plan)
{
    static const struct {
        DWORD first; /* of the GUID: enough to tell these apart */
        const char *name;
    } plans[] = {{0x381B4222, "balanced"},
                 {0x8C5E7FDA, "high performance"},
                 {0xA1841308, "power saver"},
                 {0xE9A42B02, "ultimate performance"}};
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++)
        if (plan->Data1 == plans[i].first)
            return plans[i].name;
    return "a plan of its own";
}

static void read_power_plan(struct environment *environment)
{
    typedef DWORD(WINAPI * get_scheme)(HKEY, GUID **);
    get_scheme function = NULL;
    GUID *plan = NULL;
    const char *name = "n/a";
    HMODULE library =
        LoadLibraryExA("powrprof.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    find_function(library, "PowerGetActiveScheme", &function);
    if (function != NULL && function(NULL, &plan) == ERROR_SUCCESS &&
        plan != NULL) {
        name = plan_name(plan);
        LocalFree(plan);
    }
    if (library != NULL)
        FreeLibrary(library);
    snprintf(environment->power_plan, sizeof environment->power_plan, "%s",
             name);
}

static void read_compiler(struct environment *environment)
{
#if defined(__clang__)
    const char *compiler = "clang " __clang_version__;
#elif defined(__GNUC__)
    const char *compiler = "gcc " __VERSION__;
#else
    const char *compiler = "n/a";
#endif
    snprintf(environment->compiler, sizeof environment->compiler, "%s",
             compiler);
#if defined(_MSC_VER) && !defined(__clang__)
    snprintf(environment->compiler, sizeof environment->compiler, "MSVC %d",
             _MSC_VER);
#endif
}

void environment_read(struct environment *environment)
{
    memset(environment, 0, sizeof *environment);
    read_system(environment);
    read_wine(environment);
    read_processor(environment);
    read_timers(environment);
    read_power_plan(environment);
    read_compiler(environment);

    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    if (GlobalMemoryStatusEx(&memory))
        environment->memory_bytes = memory.ullTotalPhys;
    snprintf(environment->version, sizeof environment->version, "%s", VERSION);
    snprintf(environment->commit, sizeof environment->commit, "%s", COMMIT);
    environment->is_observed = OBSERVE;
}
