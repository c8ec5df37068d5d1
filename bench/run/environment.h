/* environment.h: asks the system where the figures come from. */
#ifndef HARNESS_ENVIRONMENT_H
#define HARNESS_ENVIRONMENT_H

#include "../result/environment.h"

/* What the system does not tell becomes "n/a" or 0. Cannot fail. */
void environment_read(struct environment *environment);

#endif
