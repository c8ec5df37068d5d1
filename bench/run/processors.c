#include "processors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"

/* Those that this program could use at its start. */
static DWORD_PTR all_of_them(void)
{
    static DWORD_PTR all;
    DWORD_PTR system = 0;
    if (all == 0 && !GetProcessAffinityMask(GetCurrentProcess(), &all, &system))
        all = 1;
    return all;
}

/* The last count of them. */
static DWORD_PTR mask_of(int count)
{
    DWORD_PTR left = all_of_them();
    DWORD_PTR mask = 0;
    if (count == 0 || count >= processors_count())
        return left;
    for (int bit = (int)sizeof left * 8 - 1; bit >= 0 && count > 0; bit--)
        if (left >> bit & 1) {
            mask |= (DWORD_PTR)1 << bit;
            count--;
        }
    return mask;
}

int processors_count(void)
{
    int count = 0;
    for (DWORD_PTR left = all_of_them(); left != 0; left &= left - 1)
        count++;
    return count;
}

/* Files are opened by the wineserver: /proc/self is the wineserver's. */
static bool wineserver_reads(const char *name, char *text, DWORD text_bytes)
{
    char path[64];
    snprintf(path, sizeof path, "Z:\\proc\\self\\%s", name);
    return process_under_wine() &&
           process_read_file(path, text, text_bytes) > 0;
}

/* Which processors Linux lets the wineserver use; 0: it does not tell. */
static DWORD_PTR wineserver_mask(void)
{
    char status[4096];
    if (!wineserver_reads("status", status, sizeof status))
        return 0;
    const char *line = strstr(status, "\nCpus_allowed:\t");
    DWORD_PTR mask = 0;
    if (line == NULL)
        return 0;
    for (line += 15; *line != '\n' && *line != '\0'; line++)
        if (*line != ',') /* between each 32 processors, the highest first */
            mask = mask << 4 |
                   (DWORD_PTR)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
    return mask;
}

static bool move_wineserver(DWORD_PTR mask)
{
    enum { WITHIN_MS = 2000, LOOK_MS = 5 };
    char stat[512];
    char command[120];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made = {0};
    if (wineserver_mask() == mask)
        return true;
    if (!wineserver_reads("stat", stat, sizeof stat))
        return false;
    snprintf(command, sizeof command,
             "Z:\\bin\\sh -c \"taskset -p %llx %ld >/dev/null\"",
             (unsigned long long)mask, strtol(stat, NULL, 10));
    if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &start,
                        &made))
        return false;
    if (made.hThread != NULL) /* Wine gives none for a Linux program */
        CloseHandle(made.hThread);
    if (made.hProcess != NULL)
        CloseHandle(made.hProcess);
    for (int i = 0; i < WITHIN_MS / LOOK_MS && wineserver_mask() != mask; i++)
        Sleep(LOOK_MS);
    return wineserver_mask() == mask;
}

bool processors_use_by(HANDLE process, int count)
{
    return SetProcessAffinityMask(process, mask_of(count)) != 0;
}

bool processors_use(int count)
{
    return processors_use_by(GetCurrentProcess(), count) &&
           (!process_under_wine() || move_wineserver(mask_of(count)));
}

bool processors_wineserver_ns(uint64_t *cpu_ns)
{
    char text[128];
    return wineserver_reads("schedstat", text, sizeof text) &&
           sscanf(text, "%" SCNu64, cpu_ns) == 1;
}
