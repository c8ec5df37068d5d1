/* Timelines: what is made of golden/trace.csv must be what stands beside it, and
 * what no line of a trace is, or too much, must do no harm. With --write the
 * files are written anew: look at what has changed in them. */
#include <stdlib.h>
#include <string.h>

#include "report/trace.h"
#include "test.h"

#define GOLDEN "bench/tests/golden/"

static bool must_write;

/* Its text, until the next call. */
static const char *read_file(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        printf("cannot read %s\n", path);
    size_t bytes = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    text[bytes] = '\0';
    if (file != NULL)
        fclose(file);
    return text;
}

/* Frees the text. */
static void compare(struct out *out, const char *path)
{
    FILE *file = must_write ? fopen(path, "wb") : NULL;
    if (file != NULL) {
        CHECK(fputs(out->text, file) >= 0);
        fclose(file);
    }
    const char *expected = read_file(path);
    size_t same = 0;
    while (out->text[same] != '\0' && out->text[same] == expected[same])
        same++;
    if (out->text[same] != expected[same])
        printf("%s: from byte %d on it is \"%.60s\"\n", path, (int)same,
               out->text + same);
    CHECK(!out->is_incomplete && strcmp(out->text, expected) == 0);
    free(out->text);
    *out = (struct out){0};
}

static void test_golden(void)
{
    struct out out = {0};
    struct trace trace = {.title = "05 <port> & \"more\""};
    trace_read(&trace, read_file(GOLDEN "trace.csv"));
    CHECK(trace.count == 29);
    trace_write_svg(&out, &trace);
    compare(&out, GOLDEN "trace.svg");
    trace_write_json(&out, &trace);
    compare(&out, GOLDEN "trace.json");
    trace_write_echo(&out, &trace, 1);
    compare(&out, GOLDEN "one_echo.svg");
    trace_free(&trace);
}

/* Left out; the others are kept. */
static void test_no_lines(void)
{
    struct trace trace = {.title = "nonsense"};
    trace_read(&trace,
               "hello\n,,,,,,,\n1,2,3,4,recv,done,5\n1,2,3,4,recv,done,5,6,7\n"
               "\n\r\n2,1,3,4,recv,done,5,0\n1,2,3,4,re<v,done,5,0\n"
               "1,2,3,4,recieve,done,5,0\n1,2,3,4,recv,gone,5,0\n"
               "1,2,3,4,recv,done,5,0-\n\n1,2,3,4,recv,done,7,0\r\n"
               "1,2,3,18446744073709551615,send,failed,-1,0\n1,2,3");
    CHECK(trace.count == 2);
    CHECK(trace.events[0].items == 7);
    CHECK(trace.events[1].object == UINT64_MAX && trace.events[1].items == -1);
    trace_free(&trace);
}

/* Nothing at all, and more threads and sockets than there is room for. */
static void test_limits(void)
{
    struct out csv = {0};
    struct out out = {0};
    struct trace none = {.title = "none"};
    struct trace trace = {.title = "many"};
    trace_read(&none, "");
    trace_write_svg(&out, &none);
    trace_write_json(&out, &none);
    trace_write_echo(&out, &none, 1);
    out_printf(&csv, "0,0,1,1,listen,done,0,0\n1,1,0,0,more,done,9,9\n");
    for (int i = 2; i < 200; i++)
        out_printf(&csv, "%d,%d,%d,%d,WSARecv,pending,0,9\n", i, i + 1, i, i);
    trace_read(&trace, csv.text);
    CHECK(trace.count == 200 && trace.row_count == 200);
    CHECK(trace.lane_count == TRACE_LANES_AT_MOST);
    CHECK(trace.events[199].lane == TRACE_LANES_AT_MOST - 1);
    CHECK(trace.connection_count == TRACE_CONNECTIONS_AT_MOST);
    for (int i = 0; i < trace.count; i++)
        CHECK((trace.events[i].lane == 0) == (i == 1));
    trace_write_svg(&out, &trace);
    CHECK(!out.is_incomplete);
    trace_free(&none);
    trace_free(&trace);
    free(csv.text);
    free(out.text);
}

int main(int argc, char **argv)
{
    must_write = argc > 1 && strcmp(argv[1], "--write") == 0;
    test_golden();
    test_no_lines();
    test_limits();
    return summary();
}
