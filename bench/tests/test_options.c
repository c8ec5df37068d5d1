/* The command line that all programs share is strict: every wrong word is
 * refused, in one line that names the option and what it takes. */
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "result/statistics.h"
#include "test.h"

static long port;
static long limit;
static bool verbose;
static int wait_for;
static const char *host;
static const char *command;
static const char *folder;
static char message[200];

static const struct option shared[] = {
    {"--port", "N", "", OPTION_NUMBER, &port, 0, 65535},
    {"--host", "ADDR", "", OPTION_TEXT, &host, 0, 0},
    {"--verbose", NULL, "", OPTION_FLAG, &verbose, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

static const struct option own[] = {
    {"--wait", "select|poll|spin", "", OPTION_CHOICE, &wait_for, 0, 0},
    {"--limit", "N", "", OPTION_NUMBER, &limit, 5, 2147483647},
    {"", "COMMAND", "", OPTION_TEXT, &command, 0, 0},
    {"", "FOLDER", "", OPTION_TEXT, &folder, 0, 0},
    {NULL, NULL, NULL, OPTION_FLAG, NULL, 0, 0}};

/* Parses up to four words, from fresh defaults; NULL ends them. */
static enum options_result parse(const char *a, const char *b, const char *c,
                                 const char *d)
{
    const char *words[5] = {"program", a, b, c, d};
    char *argv[6] = {NULL};
    int argc = 1;
    while (argc < 5 && words[argc] != NULL)
        argc++;
    for (int i = 0; i < argc; i++)
        argv[i] = (char *)(size_t)words[i];
    port = 7;
    limit = 7;
    verbose = false;
    wait_for = 7;
    host = "default";
    command = NULL;
    folder = NULL;
    memset(message, 'x', sizeof message);
    return options_parse(argc, argv, shared, own, message, sizeof message);
}

/* Wrong, in one line that holds words. */
static bool refuses(const char *a, const char *b, const char *words)
{
    bool is_wrong = parse(a, b, NULL, NULL) == OPTIONS_WRONG;
    bool is_told = memchr(message, '\0', sizeof message) != NULL &&
                   strstr(message, words) != NULL &&
                   strpbrk(message, "\r\n") == NULL;
    if (!is_wrong || !is_told)
        printf("%s %s: \"%.200s\"\n", a, b != NULL ? b : "", message);
    return is_wrong && is_told;
}

static bool takes_port(const char *text, long expected)
{
    return parse("--port", text, NULL, NULL) == OPTIONS_OK && port == expected;
}

static void test_numbers(void)
{
    CHECK(takes_port("0", 0));
    CHECK(takes_port("80", 80));
    CHECK(takes_port("007", 7));
    CHECK(takes_port("65535", 65535));
    static const char *const wrong[] = {"",
                                        " 80",
                                        "80 ",
                                        "+1",
                                        "-1",
                                        "0x50",
                                        "80abc",
                                        "8.0",
                                        "1e3",
                                        "65536",
                                        "99999999999999999999",
                                        "18446744073709551617",
                                        "\n80",
                                        "abc"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(refuses("--port", wrong[i],
                      "--port takes a whole number from 0 "
                      "to 65535"));
    CHECK(refuses("--limit", "4", "from 5 to 2147483647"));
    CHECK(refuses("--limit", "2147483648", "from 5 to 2147483647"));
    CHECK(parse("--limit", "2147483647", NULL, NULL) == OPTIONS_OK &&
          limit == 2147483647);
    CHECK(parse("--limit", "5", NULL, NULL) == OPTIONS_OK && limit == 5);
}

static void test_forms(void)
{
    CHECK(parse(NULL, NULL, NULL, NULL) == OPTIONS_OK && message[0] == '\0');
    CHECK(parse("--port=81", NULL, NULL, NULL) == OPTIONS_OK && port == 81);
    CHECK(refuses("--port=", NULL, "--port takes a whole number"));
    CHECK(parse("--host=a=b", NULL, NULL, NULL) == OPTIONS_OK &&
          strcmp(host, "a=b") == 0);
    CHECK(parse("--port", "1", "--port", "2") == OPTIONS_OK && port == 2);
    CHECK(refuses("--port", NULL, "--port needs a value: N"));
    CHECK(refuses("--host", "", "--host takes ADDR, not an empty text"));
    /* What looks like an option is taken as the value that was asked for. */
    CHECK(parse("--host", "--port", NULL, NULL) == OPTIONS_OK &&
          strcmp(host, "--port") == 0);
}

static void test_flags_and_choices(void)
{
    CHECK(parse("--verbose", NULL, NULL, NULL) == OPTIONS_OK && verbose);
    CHECK(refuses("--verbose=1", NULL, "--verbose takes no value"));
    CHECK(refuses("--verbose=", NULL, "--verbose takes no value"));
    CHECK(parse("--wait", "select", NULL, NULL) == OPTIONS_OK && wait_for == 0);
    CHECK(parse("--wait=spin", NULL, NULL, NULL) == OPTIONS_OK &&
          wait_for == 2);
    static const char *const wrong[] = {"",  "sel", "selects", "select|poll",
                                        "|", "SPIN"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(refuses("--wait", wrong[i],
                      "--wait takes one of select|poll|spin"));
}

static void test_unknown_words(void)
{
    CHECK(refuses("--nonsense", NULL, "\"--nonsense\" is not an option"));
    CHECK(refuses("--por", "80", "\"--por\""));
    CHECK(refuses("--ports", "80", "\"--ports\""));
    CHECK(refuses("-port", "80", "\"-port\""));
    CHECK(refuses("-", NULL, "\"-\""));
    CHECK(refuses("--", NULL, "\"--\""));
    CHECK(refuses("--=5", NULL, "\"--=5\""));
    CHECK(refuses("--tab\there\nline", NULL, "\"--tab?here?line\""));
    CHECK(parse("--help", "--nonsense", NULL, NULL) == OPTIONS_HELP);
    CHECK(parse("-h", NULL, NULL, NULL) == OPTIONS_HELP);
    CHECK(parse("--version", NULL, NULL, NULL) == OPTIONS_VERSION);
}

static void test_positionals(void)
{
    CHECK(parse("seam", "--port", "80", "build") == OPTIONS_OK && port == 80 &&
          strcmp(command, "seam") == 0 && strcmp(folder, "build") == 0);
    CHECK(parse("seam", NULL, NULL, NULL) == OPTIONS_OK && folder == NULL);
    CHECK(parse("a", "b", "third", NULL) == OPTIONS_WRONG &&
          strstr(message, "\"third\"") != NULL);
    char *argv[] = {"program", "word", NULL};
    CHECK(options_parse(2, argv, shared, NULL, message, sizeof message) ==
          OPTIONS_WRONG); /* a program without positional words */
    CHECK(options_parse(1, argv, NULL, NULL, message, sizeof message) ==
          OPTIONS_OK);
}

/* 10 KB of anything: refused, and the message stays short and terminated. */
static void test_long_words(void)
{
    enum { LONG_BYTES = 10240 };
    char *word = malloc(LONG_BYTES + 1);
    if (word == NULL)
        return;
    memset(word, '1', LONG_BYTES);
    word[LONG_BYTES] = '\0';
    CHECK(refuses("--port", word, "--port takes a whole number"));
    CHECK(refuses("--wait", word, "--wait takes one of"));
    memset(word, '-', LONG_BYTES);
    CHECK(refuses(word, NULL, "is not an option"));
    memset(word, '\xff', LONG_BYTES);
    CHECK(refuses("--port", word, "--port takes a whole number"));
    CHECK(parse("--host", word, NULL, NULL) == OPTIONS_OK && host == word);
    char tiny[8];
    char *argv[] = {"program", "--nonsense", NULL};
    CHECK(options_parse(2, argv, shared, own, tiny, sizeof tiny) ==
              OPTIONS_WRONG &&
          strlen(tiny) == sizeof tiny - 1);
    free(word);
}

/* Words out of pieces that mean something, cut and mixed with any bytes: what is
 * accepted lies within what the table says, under the sanitizers. */
static void test_nonsense(void)
{
    enum { LINES = 20000, WORDS = 3, WORD_BYTES = 24 };
    static const char pieces[][8] = {"--port", "--wait", "--host", "=",
                                     "poll",   "-",      "65535",  "99999",
                                     "\xff",   "\n",     "spin",   "--verb"};
    struct prng prng = {2024};
    bool good = true;
    for (int line = 0; line < LINES && good; line++) {
        char words[WORDS][WORD_BYTES] = {""};
        for (int w = 0; w < WORDS; w++)
            for (int p = (int)prng_below(&prng, 3); p >= 0; p--)
                strncat(words[w], pieces[prng_below(&prng, 12)],
                        prng_below(&prng, 7) + 1);
        bool refused =
            parse(words[0], words[1], words[2], NULL) == OPTIONS_WRONG;
        good = port >= 0 && port <= 65535 && wait_for <= 7 && *host != '\0' &&
               refused == (message[0] != '\0') &&
               strpbrk(message, "\r\n\t") == NULL;
    }
    CHECK(good);
}

int main(void)
{
    test_nonsense();
    test_numbers();
    test_forms();
    test_flags_and_choices();
    test_unknown_words();
    test_positionals();
    test_long_words();
    return summary();
}
