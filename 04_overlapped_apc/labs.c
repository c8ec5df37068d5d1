/* labs.c: what courses say about completion routines, put to the test.
 *
 *   make lab-04                     all of them
 *   make lab-04 CLAIM=4.3           one
 *   make lab-04 ARGS="--predict"    it waits for your prediction first
 *
 * For each claim one function that measures and one that judges. The table at
 * the end says what is claimed; common/claims.md lists all claims of all
 * chapters. */
#include "lab.h"

static long routines; /* how many have run; all on this thread */

static VOID CALLBACK count_routine(ULONG_PTR unused)
{
    (void)unused;
    routines++;
}

/* Queues so many APCs to this thread. */
static void queue_to_myself(int count)
{
    for (int i = 0; i < count; i++)
        if (!QueueUserAPC(count_routine, GetCurrentThread(), 0))
            die("QueueUserAPC", GetLastError());
}

/* One alertable wait runs all that is queued. */
static void measure_4_3(struct lab_outcome *o)
{
    routines = 0;
    queue_to_myself(5);
    DWORD woken_by = SleepEx(1000, TRUE);
    o->seen[0] = routines;
    o->seen[1] = woken_by == WAIT_IO_COMPLETION;
    SleepEx(10, TRUE); /* is any left? */
    o->seen[2] = routines;
}

static bool holds_4_3(const long seen[])
{
    return seen[0] == 5 && seen[1] == 1 && seen[2] == 5;
}

static const struct lab claims[] = {
    {"4.3",
     "One alertable wait runs every queued routine, and then returns "
     "WAIT_IO_COMPLETION.",
     "Five APCs are queued to this thread. It calls SleepEx(1000, TRUE) once. "
     "How many of them have run when it returns?",
     "%ld routines had run; it returned WAIT_IO_COMPLETION: %ld; after another "
     "wait %ld had run",
     "The wait empties the thread's APC queue before it returns.",
     measure_4_3,
     holds_4_3,
     {5, 1, 5},
     {1, 1, 2}},
};

int main(int argc, char **argv)
{
    return lab_main(argc, argv, claims, sizeof claims / sizeof claims[0]);
}
