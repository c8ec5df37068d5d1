/* test_page.c: the page is well-formed and honest for plain and for odd
 * results. `test_page --print page` or `--print odd` prints a page, which
 * bench/check_page.sh looks at in a browser. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page_sample.h"
#include "report/html.h"
#include "test.h"
#include "wellformed.h"

static char *page_of(const struct result *result)
{
    struct out out = {0};
    html_write_result(&out, result);
    CHECK(!out.is_incomplete);
    return out.text;
}

static int print_page(const struct result *result)
{
    char *page = page_of(result);
    fputs(page != NULL ? page : "", stdout);
    free(page);
    return failed_count > 0;
}

static int count_of(const char *text, const char *word)
{
    int count = 0;
    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        count++;
    return count;
}

static void test_plain(void)
{
    char *page = page_of(sample_page(3));
    CHECK(wellformed_html(page));
    for (int i = 0; i < 5; i++)
        CHECK(strstr(page, result_full_name(&sample_rows[i])) != NULL);
    CHECK(strstr(page, "-15 % [-18, -11] less<") != NULL);
    CHECK(strstr(page, "01 against itself 1.00 [0.97, 1.03]") != NULL);
    CHECK(strstr(page, "costs are Wine") != NULL);
    CHECK(strstr(page, "Ctrl+C") == NULL);
    CHECK(strstr(page, "+12 -30<") != NULL);
    CHECK(count_of(page, "<figure>") == count_of(page, "<figcaption>"));
    CHECK(count_of(page, "<figure>") == 14);
    CHECK(count_of(page, "<details>") == sample.block_count + 3);
    free(page);
}

/* Many connection counts become lines, one becomes bars. */
static void test_counts(void)
{
    char *page = page_of(sample_page(5));
    CHECK(wellformed_html(page));
    CHECK(strstr(page, "Speed over connections") != NULL);
    free(page);
    page = page_of(sample_page(1));
    CHECK(wellformed_html(page));
    CHECK(strstr(page, "Speed over connections") == NULL);
    CHECK(strstr(page, "<h2>Calls per echo") != NULL);
    free(page);
}

/* Without the seam calls are not counted, and there is nothing to draw. */
static void test_uncounted(void)
{
    sample_page(3);
    for (int i = 0; i < sample.row_count; i++)
        sample_rows[i].all_calls_per_echo = (struct figure){0};
    char *page = page_of(&sample);
    CHECK(wellformed_html(page));
    CHECK(strstr(page, "<h2>Calls per echo") == NULL);
    free(page);
}

/* Under noise no row is judged. */
static void test_noisy(void)
{
    static const char *const words[] = {" less<", " more<", "same within 10 %<",
                                        "cannot tell<"};
    sample_page(3);
    for (int i = 0; i < sample.block_count; i++)
        sample_blocks[i].is_noisy = true;
    char *page = page_of(&sample);
    char *rules = strstr(page, "How to read it");
    CHECK(strstr(page, "too noisy for verdicts") != NULL);
    if (CHECK(rules != NULL))
        *rules = '\0';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        CHECK(strstr(page, words[i]) == NULL);
    free(page);
}

static void test_odd(void)
{
    char *page = page_of(sample_odd());
    CHECK(wellformed_html(page));
    CHECK(strstr(page, "failed: &lt;b&gt;&amp;&quot;it broke") != NULL);
    CHECK(strstr(page, "Ctrl+C") != NULL);
    CHECK(strstr(page, "n/a") != NULL);
    free(page);
}

/* No work: the first figure says whether to trust it. Nothing at all: a page. */
static void test_little(void)
{
    sample_begin("");
    sample_block(RESULT_CHURN, "churn", 16);
    sample_models(1200, 1);
    char *page = page_of(&sample);
    CHECK(wellformed_html(page));
    CHECK(count_of(page, "Sure?") == 1);
    CHECK(strstr(page, "costs are Wine") == NULL);
    free(page);
    sample_begin("");
    sample_block(RESULT_CHURN, "churn", 16)->first_row = SAMPLE_ROWS;
    page = page_of(&sample);
    CHECK(wellformed_html(page));
    CHECK(count_of(page, "<figure>") == 0);
    free(page);
    page =
        page_of(&(struct result){.settings = {.command = "", .servers = ""}});
    CHECK(wellformed_html(page));
    CHECK(count_of(page, "<figure>") == 0);
    free(page);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--print") == 0)
        return print_page(strcmp(argv[2], "odd") == 0 ? sample_odd()
                                                      : sample_page(3));
    test_plain();
    test_counts();
    test_uncounted();
    test_noisy();
    test_odd();
    test_little();
    return summary();
}
