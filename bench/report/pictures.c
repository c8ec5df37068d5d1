#include "pictures.h"

#include <string.h>

#include "picture_parts.h"

/* ---- families ------ --------------------------------------------------- */

static bool are_related(const struct result_block *a,
                        const struct result_block *b)
{
    return a->scenario == RESULT_PINGPONG && b->scenario == RESULT_PINGPONG &&
           !a->is_ladder && !b->is_ladder &&
           a->message_bytes == b->message_bytes &&
           strcmp(a->relative_to, b->relative_to) == 0;
}

bool pictures_family(const struct result *result, int first,
                     struct family *family)
{
    const struct result_block *blocks = result->blocks;
    for (int i = 0; i < first; i++)
        if (are_related(&blocks[i], &blocks[first]))
            return false;
    *family = (struct family){1, {&blocks[first]}};
    for (int i = first + 1; i < result->block_count; i++)
        if (are_related(&blocks[first], &blocks[i]) &&
            family->count < PICTURES_BLOCKS_AT_MOST)
            family->blocks[family->count++] = &blocks[i];
    return true;
}

enum chart_style pictures_style(const struct result_row *row)
{
    if (row->role == RESULT_CONTROL)
        return CHART_CONTROL;
    if (row->role == RESULT_REFLECTOR)
        return CHART_REFLECTOR;
    if (row->model >= 1 && row->model <= 5)
        return (enum chart_style)(CHART_MODEL_1 + row->model - 1);
    return CHART_OTHER;
}

/* ---- all of a family ----------------------------------------------------- */

void pictures_write(struct out *out, const struct result *result,
                    const struct family *family)
{
    const struct result_block *first = family->blocks[0];
    if (first->is_ladder) {
        picture_ladder(out, result, first);
    } else if (first->scenario == RESULT_HERD) {
        picture_herd(out, result, first);
        picture_memory(out, result, first);
    } else {
        picture_ratios(out, result, family);
    }
    if (first->scenario == RESULT_PINGPONG && !first->is_ladder) {
        picture_rate(out, result, family);
        picture_costs(out, result, family);
        picture_fairness(out, result, family);
    }
    for (int i = 0; i < family->count; i++)
        picture_calls(out, result, family->blocks[i]);
    for (int i = 0; i < family->count && !first->is_ladder; i++)
        picture_percentiles(out, result, family->blocks[i]);
}
