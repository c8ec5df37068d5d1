/* pictures.h: the charts of a report, each with its title and one sentence that
 * says what to see in it. The sentence is computed from the same figures. Pure.
 *
 * Blocks that differ only in the number of connections are a family: their
 * figures are shown over the connections, in one chart. */
#ifndef REPORT_PICTURES_H
#define REPORT_PICTURES_H

#include "chart.h"
#include "out.h"
#include "result.h"

enum { PICTURES_BLOCKS_AT_MOST = CHART_X_TICKS_AT_MOST };

struct family {
    int count;
    const struct result_block *blocks[PICTURES_BLOCKS_AT_MOST];
};

/* The family of the block at index first, which is its first one. Returns false
 * when that block belongs to the family of an earlier one. */
bool pictures_family(const struct result *result, int first,
                     struct family *family);

/* What a row looks like in every chart. */
enum chart_style pictures_style(const struct result_row *row);

/* Appends the charts of a family as HTML <figure> elements. */
void pictures_write(struct out *out, const struct result *result,
                    const struct family *family);

#endif
