/* facts.h: what ran, where and how, as pairs of a label and a text: the same in
 * Markdown and in HTML. Pure. */
#ifndef REPORT_FACTS_H
#define REPORT_FACTS_H

#include "result.h"

enum { FACTS_AT_MOST = 12, FACT_BYTES = 300 };

struct fact {
    const char *label;
    char text[FACT_BYTES]; /* any text: escape it */
};

/* Lists what is known, and returns how many facts that are. */
int facts_list(const struct result *result, struct fact facts[FACTS_AT_MOST]);

/* What a report under Wine begins with, after the word "Wine". */
extern const char facts_wine[];

#endif
