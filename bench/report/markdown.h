/* markdown.h: the report as GitHub-flavoured Markdown, for a pull request or a
 * notebook: the same figures as the table for the terminal, and a few more. */
#ifndef REPORT_MARKDOWN_H
#define REPORT_MARKDOWN_H

#include "out.h"
#include "result.h"

/* The result has been computed. */
void markdown_write_result(struct out *out, const struct result *result);

#endif
