/* The compiler includes this before the first line of minimal.c and of the
 * programs in forms/, which know nothing of it: so the seam sees their calls. */
#ifndef COMMON_PROGRAM_H
#define COMMON_PROGRAM_H

#include "observe.h"

/* main() of the program; the one in program.c begins the seam and calls it. */
int program_main(int argc, char **argv);
#define main program_main

#endif
