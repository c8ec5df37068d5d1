/* picture_parts.h: what the pictures of pictures.h are made of; nobody else
 * needs it. Pure. */
#ifndef REPORT_PICTURE_PARTS_H
#define REPORT_PICTURE_PARTS_H

#include "pictures.h"

enum { PICTURE_SENTENCE_BYTES = 700 };

/* ---- rows ---- */

/* The row at index within its block. */
const struct result_row *picture_row(const struct result *result,
                                     const struct result_block *block,
                                     int index);

/* Whether a row stands for its server in the pictures of a block: not the
 * control, not the reflector, and of a herd the largest only. */
bool picture_is_server(const struct result *result,
                       const struct result_row *row);

/* Why a row has no bar or marker; "" when it has. */
const char *picture_missing(const struct result_row *row);

/* What is shown of a row. */
typedef struct figure picture_figure(const struct result_row *row);

/* The servers of a block with the least and with the most. False: it is not
 * known of two, and least and most are of no use. */
bool picture_ends(const struct result *result, const struct result_block *block,
                  picture_figure *pick, const struct result_row **least,
                  const struct result_row **most);

/* How far chance took the same program from itself: a factor from 1 on. */
struct figure picture_chance(const struct result *result,
                             const struct result_block *block,
                             picture_figure *pick);

/* ---- the frame, and the sentence ---- */

/* Opens the figure element: title, sentence. is_tall: as tall as two. */
void picture_open(struct out *out, bool is_tall, const char *title,
                  const char *sentence);
void picture_close(struct out *out);

/* Appends to a sentence, as printf would; what does not fit is cut. */
void picture_say(char sentence[PICTURE_SENTENCE_BYTES], const char *format,
                 ...);

/* "1 connection", "16 connections". */
void picture_say_connections(char sentence[PICTURE_SENTENCE_BYTES],
                             const struct result_block *block);

/* What is compared: "echoes/s", "median latency". */
const char *picture_subject(const struct result_block *block);

/* "With 128 connections "; returns the block that this is about. */
const struct result_block *
picture_say_where(char sentence[PICTURE_SENTENCE_BYTES],
                  const struct family *family);

/* ---- lines ---- */

/* Where the index-th of count categories is on an axis. */
double picture_place(int index, int count);

/* The line for rows with this name, a new one when there is none yet; NULL when
 * the chart is full. */
struct chart_series *picture_series(struct chart_lines *chart,
                                    const struct result_row *row);

/* Does nothing when series is NULL or full. */
void picture_add_point(struct chart_series *series, struct chart_point point);

/* ---- the pictures, each a whole <figure> ---- */

void picture_rate(struct out *out, const struct result *result,
                  const struct family *family);
void picture_costs(struct out *out, const struct result *result,
                   const struct family *family); /* three of them */
void picture_fairness(struct out *out, const struct result *result,
                      const struct family *family);
void picture_ratios(struct out *out, const struct result *result,
                    const struct family *family);
void picture_ladder(struct out *out, const struct result *result,
                    const struct result_block *block);
void picture_calls(struct out *out, const struct result *result,
                   const struct result_block *block);
void picture_percentiles(struct out *out, const struct result *result,
                         const struct result_block *block);
void picture_herd(struct out *out, const struct result *result,
                  const struct result_block *block);
void picture_memory(struct out *out, const struct result *result,
                    const struct result_block *block);

#endif
