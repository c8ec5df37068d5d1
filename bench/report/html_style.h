/* html_style.h: how report.html looks: light, dark, on a phone, in print. */
#ifndef REPORT_HTML_STYLE_H
#define REPORT_HTML_STYLE_H

#include "out.h"

/* Appends the style sheet, without its element. */
void html_write_style(struct out *out);

#endif
