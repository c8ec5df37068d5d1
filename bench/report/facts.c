#include "facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char facts_wine[] =
    "mechanism only. Under Wine every Winsock call is a request to one other "
    "process, so the ranking of the servers says nothing about Windows. Calls "
    "for each echo, threads and fairness carry over.";

/* Appends; cuts what does not fit. */
static void add(struct fact *fact, const char *format, ...)
{
    size_t used = strlen(fact->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fact->text + used, sizeof fact->text - used, format, arguments);
    va_end(arguments);
}

/* ", label 15.6 ms", or nothing when it is not known. */
static void add_ms(struct fact *fact, const char *label, uint32_t time_100ns)
{
    if (time_100ns > 0)
        add(fact, ", %s %.1f ms", label, time_100ns / 1e4);
}

static int list_environment(const struct environment *e, struct fact *facts)
{
    int count = 0;
    facts[count] = (struct fact){.label = "system"};
    add(&facts[count], "%s", e->system);
    if (e->wine[0] != '\0')
        add(&facts[count], ", Wine %s", e->wine);
    facts[++count] = (struct fact){.label = "processor"};
    add(&facts[count], "%s, %u logical", e->processor, e->processors);
    if (e->memory_bytes > 0)
        add(&facts[count], ", %.1f GiB of memory",
            (double)e->memory_bytes / 1073741824);
    facts[++count] = (struct fact){.label = "timer"};
    add(&facts[count], "%.3g MHz clock", (double)e->clock_hz / 1e6);
    add_ms(&facts[count], "system tick", e->tick_100ns);
    add_ms(&facts[count], "timer now", e->timer_100ns);
    add_ms(&facts[count], "finest", e->timer_finest_100ns);
    facts[++count] = (struct fact){.label = "power plan"};
    add(&facts[count], "%s", e->power_plan[0] != '\0' ? e->power_plan : "n/a");
    facts[++count] = (struct fact){.label = "loopback"};
    add(&facts[count], "%s",
        e->loopback_mode[0] != '\0' ? e->loopback_mode : "n/a");
    facts[++count] = (struct fact){.label = "build"};
    add(&facts[count], "version %s, commit %s, %s, seam %s", e->version,
        e->commit[0] != '\0' ? e->commit : "n/a", e->compiler,
        e->is_observed ? "built in" : "left out");
    return count + 1;
}

int facts_list(const struct result *result, struct fact facts[FACTS_AT_MOST])
{
    const struct result_settings *s = &result->settings;
    int count = list_environment(&result->environment, facts);
    facts[count] = (struct fact){.label = "command"};
    add(&facts[count++], "%s, seed %ld", s->command, s->seed);
    facts[count] = (struct fact){.label = "servers"};
    add(&facts[count++], "%s", s->servers);
    facts[count] = (struct fact){.label = "took"};
    add(&facts[count++], "%.0f s", (double)result->elapsed_ns / 1e9);
    if (s->left_out != NULL) {
        facts[count] = (struct fact){.label = "left out"};
        add(&facts[count++], "%s", s->left_out);
    }
    return count;
}
