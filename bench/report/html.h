/* html.h: the report as one page for a browser: the answer, charts, tables, how
 * to read them. Self-contained: no scripts, nothing from the network. Pure. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "out.h"
#include "../result/result.h"

/* Appends the whole page. The result has been computed. */
void html_write_result(struct out *out, const struct result *result);

#endif
