#include "markdown.h"

#include "escape.h"
#include "facts.h"
#include "table.h"

static void put_environment(struct out *out, const struct result *result)
{
    struct fact facts[FACTS_AT_MOST];
    int count = facts_list(result, facts);
    if (result->environment.wine[0] != '\0')
        out_printf(out, "> **Wine:** %s\n\n", facts_wine);
    if (result->interrupted)
        out_printf(out, "> **Stopped by Ctrl+C:** these are the rounds until "
                        "then.\n\n");
    for (int i = 0; i < count; i++) {
        out_printf(out, "- %s: ", facts[i].label);
        escape_markdown(out, facts[i].text);
        out_printf(out, "\n");
    }
}

static void put_failure(struct out *out, const struct result_row *row,
                        int column_count)
{
    out_printf(out, " ");
    if (row->failure[0] != '\0') {
        out_printf(out, "failed: ");
        escape_markdown(out, row->failure);
    } else {
        out_printf(out, "not measured");
    }
    for (int i = 0; i < column_count; i++)
        out_printf(out, " |");
    out_printf(out, "\n");
}

static void put_table(struct out *out, const struct result *result,
                      const struct result_block *block, enum table_kind table)
{
    const struct table_column *columns[TABLE_COLUMNS_AT_MOST];
    char text[TABLE_CELL_BYTES];
    int count = table_columns(block, table, columns);
    out_printf(out, "\n%s:\n\n| server |", table_title(table));
    for (int c = 0; c < count; c++)
        out_printf(out, " %s |", table_heading(columns[c], block));
    out_printf(out, "\n| --- |");
    for (int c = 0; c < count; c++)
        out_printf(out, " ---: |");
    out_printf(out, "\n");
    for (int r = 0; r < block->row_count; r++) {
        const struct result_row *row = &result->rows[block->first_row + r];
        out_printf(out, "| ");
        escape_markdown(out, row->name);
        out_printf(out, " |");
        if (!table_has_figures(row)) {
            put_failure(out, row, count);
            continue;
        }
        for (int c = 0; c < count; c++) {
            columns[c]->cell(result, row, text);
            out_printf(out, " %s |", text);
        }
        out_printf(out, "\n");
    }
}

/* The sentences: the block's own, and one for each row. */
static void put_why(struct out *out, const struct result *result,
                    const struct result_block *block)
{
    if (block->summary[0] != '\0') {
        out_printf(out, "\n");
        escape_markdown(out, block->summary);
        out_printf(out, "\n");
    }
    out_printf(out, "\n");
    for (int r = 0; r < block->row_count; r++) {
        const struct result_row *row = &result->rows[block->first_row + r];
        if (row->why[0] == '\0')
            continue;
        out_printf(out, "- ");
        escape_markdown(out, row->why);
        out_printf(out, "\n");
    }
}

static void put_block(struct out *out, const struct result *result,
                      const struct result_block *block)
{
    out_printf(out, "\n## ");
    escape_markdown(out, block->title);
    out_printf(out, "\n\n%s\n\n", result_words(block->scenario)->purpose);
    out_printf(out,
               "%ld rounds of %ld ms, and one more to warm up. x is "
               "relative to ",
               block->round_count, block->round_ms);
    escape_markdown(out, block->relative_to);
    if (block->noise_factor.known)
        out_printf(out, "; noise floor %.2f to %.2f.\n",
                   1 / block->noise_factor.value, block->noise_factor.value);
    else
        out_printf(out, "; noise floor n/a: no difference can be shown.\n");
    put_table(out, result, block, TABLE_SPEED);
    put_table(out, result, block, TABLE_COST);
    put_why(out, result, block);
}

/* What the headings mean: of all columns that any block has. */
static void put_legend(struct out *out, const struct result *result)
{
    struct result_block any = {0};
    if (result->block_count > 0)
        any = result->blocks[0];
    out_printf(out, "\n## How to read it\n\n");
    for (int table = 0; table < TABLE_KIND_COUNT; table++) {
        const struct table_column *columns[TABLE_COLUMNS_AT_MOST];
        int count = table_columns(&any, (enum table_kind)table, columns);
        for (int c = 0; c < count; c++)
            out_printf(out, "- %s: %s\n", table_heading(columns[c], &any),
                       columns[c]->meaning);
    }
    out_printf(out, "- \\-: no such call at all; n/a: not known\n");
}

void markdown_write_result(struct out *out, const struct result *result)
{
    out_printf(out, "# Five echo servers side by side\n\n");
    put_environment(out, result);
    for (int i = 0; i < result->block_count; i++)
        put_block(out, result, &result->blocks[i]);
    if (result->settings.pooled != NULL && result->pooled.has_interval) {
        out_printf(out, "\n");
        escape_markdown(out, result->settings.pooled);
        out_printf(out, ", all %zu pairs: %.3f, 95 %% range %.3f to %.3f\n",
                   result->pooled.count, result->pooled.median.value,
                   result->pooled.low, result->pooled.high);
    }
    put_legend(out, result);
}
