/* escape.h: text from outside (names of servers, failures, what the system
 * calls itself) put into a format without breaking it. Pure.
 *
 * All of them write valid UTF-8 whatever the bytes are: a byte that belongs to
 * no UTF-8 character becomes "?", a control character becomes a blank. */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H

#include "out.h"

/* For the content of an HTML or SVG element, and for a quoted attribute. */
void escape_xml(struct out *out, const char *text);

/* As out_printf, with each text (%s) escaped for XML. It knows %s, %d, %f. */
void put_xml(struct out *out, const char *format, ...) OUT_PRINTF;

/* A JSON string, with its quotes; NULL becomes null. */
void escape_json(struct out *out, const char *text);

/* A CSV field (RFC 4180), in quotes when it needs them. */
void escape_csv(struct out *out, const char *text);

#endif
