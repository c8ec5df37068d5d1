#include "options.h"

#include <stdio.h>
#include <string.h>

/* Copies at most the first bytes of what the user typed, with control
 * characters replaced, so that a message stays one readable line. */
static const char *quoted(const char *typed, char shown[48])
{
    size_t length = strlen(typed);
    size_t kept = length < 40 ? length : 40;
    while (kept < length && kept > 0 && (typed[kept] & 0xC0) == 0x80)
        kept--; /* not within a character: see utf8.h */
    memcpy(shown, typed, kept);
    for (size_t i = 0; i < kept; i++)
        if ((unsigned char)shown[i] < ' ')
            shown[i] = '?';
    snprintf(shown + kept, 48 - kept, "%s", length > kept ? "..." : "");
    return shown;
}

/* Decimal digits only, within minimum to maximum. */
static bool parse_number(const char *text, long minimum, long maximum,
                         long *number)
{
    long value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        int digit = *text - '0';
        if (digit > maximum || value > (maximum - digit) / 10)
            return false; /* the next step would pass maximum */
        value = value * 10 + digit;
    }
    if (value < minimum)
        return false;
    *number = value;
    return true;
}

/* The index of text among the words of "a|b|c", or -1. */
static int find_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);
    for (int index = 0;; index++) {
        size_t word = strcspn(choices, "|");
        if (word == length && memcmp(choices, text, length) == 0)
            return index;
        if (choices[word] == '\0')
            return -1;
        choices += word + 1;
    }
}

static const struct option *find_option(const struct option *table,
                                        const char *name, size_t length)
{
    for (; table != NULL && table->name != NULL; table++)
        if (strlen(table->name) == length && length > 0 &&
            memcmp(table->name, name, length) == 0)
            return table;
    return NULL;
}

/* The next entry named "" that has not taken a word yet. */
static const struct option *find_positional(const struct option *table,
                                            int already_taken)
{
    for (; table != NULL && table->name != NULL; table++)
        if (table->name[0] == '\0' && already_taken-- == 0)
            return table;
    return NULL;
}

/* Writes value into the option's target, or a message. */
static bool take_value(const struct option *option, const char *value,
                       char *message, size_t message_bytes)
{
    char shown[48];
    const char *name =
        option->name[0] != '\0' ? option->name : option->value_name;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->target = true;
        return true;
    case OPTION_NUMBER:
        if (parse_number(value, option->minimum, option->maximum,
                         (long *)option->target))
            return true;
        snprintf(message, message_bytes,
                 "%s takes a whole number from %ld to %ld, not \"%s\"", name,
                 option->minimum, option->maximum, quoted(value, shown));
        return false;
    case OPTION_CHOICE: {
        int index = find_choice(option->value_name, value);
        if (index >= 0) {
            *(int *)option->target = index;
            return true;
        }
        snprintf(message, message_bytes, "%s takes one of %s, not \"%s\"", name,
                 option->value_name, quoted(value, shown));
        return false;
    }
    case OPTION_TEXT:
        if (*value != '\0') {
            *(const char **)option->target = value;
            return true;
        }
        snprintf(message, message_bytes, "%s takes %s, not an empty text", name,
                 option->value_name);
        return false;
    }
    return false;
}

enum options_result options_parse(int argc, char **argv,
                                  const struct option *shared,
                                  const struct option *own, char *message,
                                  size_t message_bytes)
{
    char shown[48];
    int positionals = 0;
    message[0] = '\0';
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            return OPTIONS_HELP;
        if (strcmp(word, "--version") == 0)
            return OPTIONS_VERSION;

        const struct option *option;
        const char *value = word;
        if (word[0] != '-') {
            option = find_positional(own, positionals++);
        } else {
            size_t length = strcspn(word, "=");
            option = find_option(own, word, length);
            if (option == NULL)
                option = find_option(shared, word, length);
            value = word[length] == '=' ? word + length + 1 : NULL;
        }
        if (option == NULL) {
            snprintf(message, message_bytes,
                     "\"%s\" is not an option; --help lists them",
                     quoted(word, shown));
            return OPTIONS_WRONG;
        }
        if (option->kind == OPTION_FLAG && value != NULL) {
            snprintf(message, message_bytes, "%s takes no value", option->name);
            return OPTIONS_WRONG;
        }
        if (option->kind != OPTION_FLAG && value == NULL) {
            if (i + 1 == argc) {
                snprintf(message, message_bytes, "%s needs a value: %s",
                         option->name, option->value_name);
                return OPTIONS_WRONG;
            }
            value = argv[++i];
        }
        if (!take_value(option, value, message, message_bytes))
            return OPTIONS_WRONG;
    }
    return OPTIONS_OK;
}

/* " (16384)", what an option is when it is not given; "" for a flag, or where
 * there is no such text. */
static void format_default(const struct option *option, char *text,
                           size_t text_bytes)
{
    const char *word = NULL;
    size_t length = 0;
    text[0] = '\0';
    if (option->kind == OPTION_NUMBER) {
        long value = *(const long *)option->target;
        if (value >= option->minimum) /* else it means "not given" */
            snprintf(text, text_bytes, " (%ld)", value);
    } else if (option->kind == OPTION_CHOICE) {
        word = option->value_name;
        for (int i = *(const int *)option->target; i > 0; i--)
            word += strcspn(word, "|") + 1;
        length = strcspn(word, "|");
    } else if (option->kind == OPTION_TEXT) {
        word = *(const char *const *)option->target;
        length = word != NULL ? strlen(word) : 0;
    }
    if (length > 0)
        snprintf(text, text_bytes, " (%.*s)", (int)length, word);
}

void options_print(const struct option *table)
{
    for (; table != NULL && table->name != NULL; table++) {
        char left[48];
        char otherwise[64];
        snprintf(left, sizeof left, "%s%s%s", table->name,
                 table->name[0] != '\0' && table->value_name != NULL ? " " : "",
                 table->value_name != NULL ? table->value_name : "");
        format_default(table, otherwise, sizeof otherwise);
        printf("  %-26s %s%s\n", left, table->help, otherwise);
    }
}
