#include "environment.h"

#include <stdio.h>
#include <string.h>

#include "process.h"
#include "wine.h"
#include <powrprof.h> /* after windows.h */

#ifndef VERSION
#define VERSION "unknown"
#endif
#ifndef COMMIT
#define COMMIT "n/a"
#endif

#define IN_QUOTES(number) #number
#define AS_TEXT(number)   IN_QUOTES(number)
#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "MSVC " AS_TEXT(_MSC_VER)
#endif

/* Of ntdll.dll, which every process has loaded. */
static FARPROC find_function(const char *name)
{
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), name);
}

/* GetVersionEx tells a program without a manifest that it runs on Windows 8.
 * RtlGetVersion tells the truth (documentation page "RtlGetVersion"). */
static void read_system(struct environment *environment)
{
    typedef LONG(WINAPI * get_version)(OSVERSIONINFOW *);
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    get_version function =
        (get_version)(uintptr_t)find_function("RtlGetVersion");
    if (function != NULL)
        function(&version);
    snprintf(environment->system, sizeof environment->system,
             "Windows %lu.%lu build %lu", version.dwMajorVersion,
             version.dwMinorVersion, version.dwBuildNumber);
    if (wine_here())
        snprintf(environment->wine, sizeof environment->wine, "%s",
                 wine_version());
}

static void read_processor(struct environment *environment)
{
    char name[96] = "n/a";
    DWORD name_bytes = sizeof name;
    RegGetValueA(HKEY_LOCAL_MACHINE,
                 "HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0",
                 "ProcessorNameString", RRF_RT_REG_SZ, NULL, name, &name_bytes);
    snprintf(environment->processor, sizeof environment->processor, "%s",
             name + strspn(name, " "));
    environment->processors = (unsigned)processors_count();
}

/* NtQueryTimerResolution is not documented, but in every ntdll.dll since Windows
 * NT 4. */
static void read_timers(struct environment *environment)
{
    typedef LONG(WINAPI * query)(ULONG *, ULONG *, ULONG *);
    query function = (query)(uintptr_t)find_function("NtQueryTimerResolution");
    ULONG coarsest = 0;
    ULONG finest = 0;
    ULONG current = 0;
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    environment->clock_hz = (uint64_t)frequency.QuadPart;
    if (function != NULL)
        function(&coarsest, &finest, &current);
    environment->timer_100ns = current;
    environment->timer_finest_100ns = finest;
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
    GUID *plan = NULL;
    bool known = PowerGetActiveScheme(NULL, &plan) == ERROR_SUCCESS;
    snprintf(environment->power_plan, sizeof environment->power_plan, "%s",
             known ? plan_name(plan) : "n/a");
    LocalFree(plan);
}

void environment_read(struct environment *environment)
{
    memset(environment, 0, sizeof *environment);
    read_system(environment);
    read_processor(environment);
    read_timers(environment);
    read_power_plan(environment);

    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    if (GlobalMemoryStatusEx(&memory))
        environment->memory_bytes = memory.ullTotalPhys;
    snprintf(environment->version, sizeof environment->version, "%s", VERSION);
    snprintf(environment->commit, sizeof environment->commit, "%s", COMMIT);
    snprintf(environment->compiler, sizeof environment->compiler, "%s",
             COMPILER);
    environment->is_observed = OBSERVE;
}
