/* A command line out of any bytes: one word ends at each byte 0. What was
 * accepted must lie within what the table says. */
#include "fuzz.h"

#include <string.h>

#include "options.h"

enum { WORDS_AT_MOST = 16 };

/* Cuts a copy of the bytes into words. Returns how many there are. */
static int cut(char *copy, size_t size, char *words[WORDS_AT_MOST])
{
    int count = 0;
    words[count++] = "program";
    for (size_t at = 0; at < size && count < WORDS_AT_MOST - 1;
         at += strlen(copy + at) + 1)
        words[count++] = copy + at;
    words[count] = NULL;
    return count;
}

/* NOLINTNEXTLINE(readability-identifier-naming): see fuzz.h */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool flag = false;
    long port = 7;
    int wait = 1;
    const char *host = "host";
    const char *word = "word";
    const struct option shared[] = {
        {"--port", "N", "", OPTION_NUMBER, &port, 0, 65535},
        {"--host", "ADDR", "", OPTION_TEXT, &host, 0, 0},
        {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};
    const struct option own[] = {
        {"", "WORD", "", OPTION_TEXT, &word, 0, 0},
        {"--wait", "select|poll|spin", "", OPTION_CHOICE, &wait, 0, 0},
        {"--flag", NULL, "", OPTION_FLAG, &flag, 0, 0},
        {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};
    char *words[WORDS_AT_MOST];
    char message[80];
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    copy[size] = '\0';
    int count = cut(copy, size, words);
    enum options_result result =
        options_parse(count, words, shared, own, message, sizeof message);
    FUZZ_CHECK(port >= 0 && port <= 65535 && wait >= 0 && wait <= 2);
    FUZZ_CHECK(*host != '\0' && *word != '\0');
    FUZZ_CHECK((result == OPTIONS_WRONG) == (message[0] != '\0'));
    FUZZ_CHECK(strpbrk(message, "\r\n\t") == NULL);
    free(copy);
    return 0;
}
