/* Two reports out of any bytes: a form feed divides them; without one,
 * the same text is both. Whatever comes out fits a terminal. */
#include "fuzz.h"

#include <string.h>

#include "report/compare.h"

static void check_output(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        FUZZ_CHECK(length <= 100 && text[length] == '\n');
        for (size_t i = 0; i < length; i++)
            FUZZ_CHECK(text[i] >= ' ' && text[i] <= '~');
        text += length + 1;
    }
}

/* NOLINTNEXTLINE(readability-identifier-naming): see fuzz.h */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *divider = size > 0 ? memchr(text, '\f', size) : NULL;
    struct compare_input olds = {"old.json", text, size};
    struct compare_input news = olds;
    struct out out = {0};
    char message[400];
    if (divider != NULL) {
        olds.bytes = (size_t)(divider - text);
        news = (struct compare_input){"new.json", divider + 1,
                                      size - olds.bytes - 1};
    }
    if (compare_reports(&out, &olds, &news, message, sizeof message)) {
        FUZZ_CHECK(message[0] == '\0');
        check_output(out.text);
    } else {
        FUZZ_CHECK(fuzz_is_line(message) && out.text == NULL);
    }
    free(out.text);
    return 0;
}
