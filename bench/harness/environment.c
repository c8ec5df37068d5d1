#include "environment.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

/* A function of ntdll.dll, which every process has loaded; NULL: none of that
 * name. The caller knows its type. */
static FARPROC ntdll_function(const char *name)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    return ntdll != NULL ? GetProcAddress(ntdll, name) : NULL;
}

/* GetVersionEx tells a program without a manifest that it runs on Windows 8.
 * RtlGetVersion tells the truth (documentation page "RtlGetVersion"). */
static void read_system(struct environment *environment)
{
    typedef LONG(WINAPI * get_version)(OSVERSIONINFOW *);
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    get_version function = NULL;
    FARPROC found = ntdll_function("RtlGetVersion");
    memcpy(&function, &found, sizeof function);
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
    FARPROC found = ntdll_function("wine_get_version");
    memcpy(&function, &found, sizeof function);
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
    read_compiler(environment);

    MEMORYSTATUSEX memory = {.dwLength = sizeof memory};
    if (GlobalMemoryStatusEx(&memory))
        environment->memory_bytes = memory.ullTotalPhys;
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    environment->clock_hz = (uint64_t)frequency.QuadPart;
    DWORD adjustment = 0;
    DWORD increment = 0;
    BOOL disabled = FALSE;
    if (GetSystemTimeAdjustment(&adjustment, &increment, &disabled))
        environment->tick_100ns = increment;
    snprintf(environment->version, sizeof environment->version, "%s", VERSION);
}
