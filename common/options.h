/* options.h: the command line.
 *
 * A program describes its options in a table and calls options_parse() once.
 * Parsing is strict: "80abc", " 80", "+1", an overflow or an unknown word is
 * refused in one line that names the option and what it takes. A later option
 * overrides an earlier one; "--port 80" and "--port=80" mean the same.
 *
 * This file uses no Windows API, so that it can also be tested natively. */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum option_kind {
    OPTION_FLAG,   /* target: bool; takes no value, sets true */
    OPTION_NUMBER, /* target: long; decimal digits, minimum to maximum */
    OPTION_CHOICE, /* target: int; the index of the word in value_name */
    OPTION_TEXT    /* target: const char *; any text that is not empty */
};

struct option {
    const char *name; /* "--port"; "" takes one word that is not an option */
    const char *value_name; /* "N"; "select|poll"; NULL for a flag */
    const char *help;       /* one line */
    enum option_kind kind;
    void *target; /* holds the default before, the value after */
    long minimum; /* OPTION_NUMBER only */
    long maximum;
};

enum options_result {
    OPTIONS_OK,
    OPTIONS_HELP,    /* --help was given */
    OPTIONS_VERSION, /* --version was given */
    OPTIONS_WRONG    /* message says what was wrong and what would be right */
};

/* Reads argv[1] to argv[argc - 1]. Each of the two tables ends with an entry
 * whose name is NULL; own may be NULL. Targets are written as options are met.
 * message (message_bytes long) is always terminated, and has no line break.
 * Texts are not copied: they stay in argv. */
enum options_result options_parse(int argc, char **argv,
                                  const struct option *shared,
                                  const struct option *own, char *message,
                                  size_t message_bytes);

/* Prints one line per entry to stdout: the option, its value, its help, and in
 * brackets what it is when it is not given (what the target holds now). */
void options_print(const struct option *table);

#endif
