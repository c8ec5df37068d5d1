/* table.h: the two tables of a block as text cells, the same in Markdown and in
 * HTML: how fast, and what an echo costs. Pure. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "result.h"

enum { TABLE_CELL_BYTES = 48, TABLE_COLUMNS_AT_MOST = 16 };

enum table_kind { TABLE_SPEED, TABLE_COST, TABLE_KIND_COUNT };

struct table_column {
    const char *heading; /* with its unit; NULL: the unit of the block */
    const char *meaning; /* one line */
    enum table_kind table;
    /* Whether this block has such a thing; NULL: every block. */
    bool (*applies)(const struct result_block *block);
    /* Writes the cell of a row that has figures. */
    void (*cell)(const struct result *result, const struct result_row *row,
                 char text[TABLE_CELL_BYTES]);
};

/* "How fast", "What an echo costs". */
const char *table_title(enum table_kind table);

/* Lists the columns of a table of a block, and returns how many. The name of
 * the server stands before them and is none of them. */
int table_columns(const struct result_block *block, enum table_kind table,
                  const struct table_column *columns[TABLE_COLUMNS_AT_MOST]);

/* The heading of a column in this block. */
const char *table_heading(const struct table_column *column,
                          const struct result_block *block);

/* Whether a row has figures: it neither failed nor stayed unmeasured. */
bool table_has_figures(const struct result_row *row);

/* The numbers of all cells: three significant digits, "12.3", from 1e7 on
 * "3e+10"; "n/a" when it is not known. */
void table_number(struct figure figure, char text[TABLE_CELL_BYTES]);

#endif
