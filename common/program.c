/* main() of minimal.c and of the programs in forms/ and solutions/ when the
 * suite builds them: see program.h. They take a port only, so what the seam
 * needs comes from the environment. */
#include "program.h"

#undef main

int main(int argc, char **argv)
{
    char name[64] = "", faults[200] = "";
    GetEnvironmentVariableA("OBSERVE_COUNTERS", name, sizeof name);
    GetEnvironmentVariableA("OBSERVE_FAULTS", faults, sizeof faults);
    struct observe_options options = {
        .counters_name = OBSERVE && name[0] != '\0' ? name : NULL,
        .faults = faults[0] != '\0' ? faults : NULL};
    observe_begin(&options);
    int status = program_main(argc, argv); /* most never return */
    observe_end();
    return status;
}
