/* The JSON reader: what it takes, what it refuses, and with which words. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_read.h"
#include "test.h"

/* Reads a text that need not be terminated: a copy of exactly that size, so
 * that a sanitizer sees every byte that is read beyond its end. */
static bool read_exactly(struct json *json, const char *text, size_t bytes,
                         char message[160])
{
    char *copy = malloc(bytes > 0 ? bytes : 1);
    if (copy == NULL)
        exit(1);
    memcpy(copy, text, bytes);
    bool is_read = json_read(json, copy, bytes, message, 160);
    free(copy);
    return is_read;
}

static bool takes(const char *text)
{
    struct json json;
    char message[160];
    bool is_read = read_exactly(&json, text, strlen(text), message);
    if (!is_read)
        printf("%s: %s\n", text, message);
    json_free(&json);
    return is_read && message[0] == '\0';
}

/* Whether a text is refused, with exactly this message. */
static bool refuses(const char *text, const char *expected)
{
    struct json json;
    char message[160];
    bool is_read = read_exactly(&json, text, strlen(text), message);
    bool is_right =
        !is_read && json.root == NULL && strcmp(message, expected) == 0;
    if (!is_right)
        printf("%s: %s\n", text, message);
    json_free(&json);
    return is_right;
}

/* Whether a text is refused because of what stands at an offset. */
static bool refuses_at(const char *text, size_t offset)
{
    struct json json;
    char message[160];
    char begin[40];
    int length = snprintf(begin, sizeof begin, "offset %zu: ", offset);
    bool is_read = read_exactly(&json, text, strlen(text), message);
    bool is_right = !is_read && strncmp(message, begin, (size_t)length) == 0;
    if (!is_right)
        printf("%s: %s\n", text, message);
    json_free(&json);
    return is_right;
}

/* The text that a JSON string stands for is exactly this. */
static bool means(const char *json_string, const char *expected)
{
    struct json json;
    char message[160];
    bool is_right =
        read_exactly(&json, json_string, strlen(json_string), message) &&
        strcmp(json_text(json.root), expected) == 0;
    json_free(&json);
    return is_right;
}

/* Rounding to the nearest double is strtod's; equality is meant. */
static bool is_number(const char *text, double expected)
{
    struct json json;
    char message[160];
    struct figure figure = {false, 0};
    if (read_exactly(&json, text, strlen(text), message))
        figure = json_figure(json.root);
    json_free(&json);
    return figure.known && !(figure.value < expected) &&
           !(figure.value > expected);
}

static void test_tree(void)
{
    static const char text[] =
        " {\"a\": [1, 2.5, {\"b\": null}], \"c\" :true,\n"
        "\t\"d\": {}, \"e\": [], \"f\": \"g\", \"\": false}\r\n";
    struct json json;
    char message[160];
    if (!CHECK(read_exactly(&json, text, strlen(text), message)))
        return;
    const struct json_value *root = json.root;
    const struct json_value *a = json_member(root, "a");
    CHECK(root->kind == JSON_OBJECT && root->key == NULL);
    CHECK(json_count(root) == 6 && json_count(a) == 3 &&
          json.value_count == 11);
    CHECK(a->kind == JSON_ARRAY && a->first->kind == JSON_NUMBER);
    CHECK(json_figure(a->first).known && json_figure(a->first->next).known);
    CHECK(a->first->next->number > 2.4 && a->first->next->number < 2.6);
    const struct json_value *inner = a->first->next->next;
    CHECK(inner->next == NULL && json_member(inner, "b")->kind == JSON_NULL);
    CHECK(json_member(root, "c")->kind == JSON_TRUE);
    CHECK(json_member(root, "d")->kind == JSON_OBJECT);
    CHECK(json_member(root, "d")->first == NULL);
    CHECK(json_count(json_member(root, "e")) == 0);
    CHECK(strcmp(json_text(json_member(root, "f")), "g") == 0);
    CHECK(json_member(root, "")->kind == JSON_FALSE);
    /* What is not there, or is something else. */
    CHECK(json_member(root, "g") == NULL && json_member(a, "b") == NULL);
    CHECK(json_member(NULL, "a") == NULL && json_count(NULL) == 0);
    CHECK(json_text(NULL) == NULL && json_text(a) == NULL);
    CHECK(!json_figure(NULL).known && !json_figure(root).known);
    json_free(&json);
    json_free(&json); /* all zero by now */
}

static void test_numbers(void)
{
    CHECK(is_number("0", 0) && is_number("-0", 0) && is_number("7", 7));
    CHECK(is_number("-12.5e2", -1250) && is_number("1E+2", 100));
    CHECK(is_number("25e-1", 2.5) && is_number("0.125", 0.125));
    CHECK(is_number("18446744073709551615", 18446744073709551615.0));
    CHECK(is_number("1.7976931348623157e308", DBL_MAX));
    CHECK(is_number("1e-999", 0));
    CHECK(refuses("1e999", "offset 0: a number too large for a double"));
    CHECK(refuses("-1e999", "offset 0: a number too large for a double"));
    CHECK(refuses("01", "offset 0: a number that begins with 0"));
    CHECK(refuses("-", "offset 1: the text ends, expected a digit"));
    CHECK(refuses("1.", "offset 2: the text ends, expected a digit"));
    CHECK(refuses("1.e3", "offset 2: 'e', expected a digit"));
    CHECK(refuses("1e+", "offset 3: the text ends, expected a digit"));
    CHECK(refuses("1e-+1", "offset 3: '+', expected a digit"));
    CHECK(refuses("+1", "offset 0: '+', expected a value"));
    CHECK(refuses(".5", "offset 0: '.', expected a value"));
    CHECK(refuses("NaN", "offset 0: 'N', expected a value"));
    CHECK(refuses("-Infinity", "offset 1: 'I', expected a digit"));
    CHECK(refuses("0x10", "offset 1: 'x', expected nothing after the end"));
    char longest[66] = "0.";
    memset(longest + 2, '1', 61);
    CHECK(takes(longest));
    longest[63] = '1';
    CHECK(refuses(longest, "offset 0: a number of more than 63 characters"));
}

static void test_texts(void)
{
    CHECK(means("\"\"", "") && means("\"abc\"", "abc"));
    CHECK(means("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"));
    CHECK(means("\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC"));
    CHECK(means("\"\\uD83D\\uDE00\"", "\xF0\x9F\x98\x80"));
    CHECK(means("\"\\udbff\\udfff\"", "\xF4\x8F\xBF\xBF"));
    CHECK(means("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"",
                "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F"));
    CHECK(refuses("\"ab", "offset 0: a text that begins here never ends"));
    CHECK(refuses("\"a\nb\"", "offset 2: byte 0x0A, expected a control "
                              "character to be escaped"));
    CHECK(refuses("\"\\x\"", "offset 2: 'x', expected one of \" \\ / b f n r t "
                             "u after a backslash"));
    CHECK(refuses("\"\\u12g4\"", "offset 5: 'g', expected four hexadecimal "
                                 "digits after \\u"));
    CHECK(refuses("\"\\u12", "offset 5: the text ends, expected four "
                             "hexadecimal digits after \\u"));
    CHECK(refuses("\"\\u0000\"", "offset 1: \\u0000 is not allowed in a text"));
    static const char half[] = "offset 1: half of a surrogate pair";
    CHECK(refuses("\"\\uD83D\"", half) && refuses("\"\\uDE00\"", half));
    CHECK(refuses("\"\\uD83Dx\"", half) && refuses("\"\\uD83D\\n\"", half));
    CHECK(refuses("\"\\uD83D\\uD83D\"", half));
    CHECK(refuses("\"\\uDE00\\uDE00\"", half));
    static const char bad[] = "offset 1: this is not UTF-8";
    CHECK(refuses("\"\x80\"", bad) && refuses("\"\xC3\"", bad));
    CHECK(refuses("\"\xC0\xAF\"", bad) && refuses("\"\xE0\x80\xAF\"", bad));
    CHECK(refuses("\"\xED\xA0\x80\"", bad)); /* a surrogate */
    CHECK(refuses("\"\xF4\x90\x80\x80\"", bad) && refuses("\"\xFF\"", bad));
    CHECK(refuses("\"\xF0\x80\x80\x80\"", bad) && refuses("\"\xE2\x82", bad));
}

static void test_structure(void)
{
    CHECK(takes("[]") && takes("{}") && takes(" [ ] ") && takes("{ }"));
    CHECK(takes("null") && takes("true") && takes("[[],[{}]]"));
    CHECK(refuses("", "offset 0: the text ends, expected a value"));
    CHECK(refuses("  ", "offset 2: the text ends, expected a value"));
    CHECK(refuses("[1,]", "offset 3: ']', expected a value"));
    CHECK(refuses("[,1]", "offset 1: ',', expected a value"));
    CHECK(refuses("[1 2]", "offset 3: '2', expected ',' or ']'"));
    CHECK(refuses("[1", "offset 2: the text ends, expected ',' or ']'"));
    CHECK(refuses("[1}", "offset 2: '}', expected ',' or ']'"));
    CHECK(refuses("{\"a\":1,}",
                  "offset 7: '}', expected a member's name in quotes"));
    CHECK(
        refuses("{a:1}", "offset 1: 'a', expected a member's name in quotes"));
    CHECK(refuses("{\"a\" 1}",
                  "offset 5: '1', expected ':' after a member's name"));
    CHECK(refuses("{\"a\":}", "offset 5: '}', expected a value"));
    CHECK(refuses("{\"a\":1", "offset 6: the text ends, expected ',' or '}'"));
    CHECK(refuses("{\"a\":1,\"\\u0061\":2}",
                  "offset 7: this member was there before"));
    CHECK(refuses("nul", "offset 0: 'n', expected a value"));
    CHECK(refuses("truex", "offset 4: 'x', expected nothing after the end"));
    CHECK(refuses("{} {}", "offset 3: '{', expected nothing after the end"));
    CHECK(refuses("\xEF\xBB\xBF{}", "offset 0: byte 0xEF, expected a value"));
    CHECK(refuses_at("[1] // no comments", 4) && refuses_at("'a'", 0));
    CHECK(refuses_at("\v1", 0) && refuses_at("]", 0));
    struct json json;
    char message[160];
    CHECK(!read_exactly(&json, "1\0", 2, message)); /* a zero is no end */
    CHECK(strcmp(message, "offset 1: byte 0x00, expected nothing after the "
                          "end") == 0);
    json_free(&json);
}

/* A text that is cut off anywhere is refused, and never read beyond. */
static void test_truncation(void)
{
    static const char text[] =
        "{\"a\": [1.5e3, true, null, \"\\uD83D\\uDE00\xC3"
        "\xA9\\n\"], \"b\": {\"c\": false}}";
    int taken = 0;
    for (size_t bytes = 0; bytes < strlen(text); bytes++) {
        struct json json;
        char message[160];
        taken +=
            read_exactly(&json, text, bytes, message) || message[0] == '\0';
        json_free(&json);
    }
    CHECK(taken == 0 && takes(text));
}

/* Bounds are bounds: one less is taken. */
static void test_bounds(void)
{
    char nested[2 * JSON_DEPTH_AT_MOST + 3] = "";
    memset(nested, '[', JSON_DEPTH_AT_MOST);
    memset(nested + JSON_DEPTH_AT_MOST, ']', JSON_DEPTH_AT_MOST);
    CHECK(takes(nested));
    memset(nested, '[', JSON_DEPTH_AT_MOST + 1);
    CHECK(refuses(nested, "offset 32: arrays and objects more than 32 deep"));

    enum { MEMBER_BYTES = 12, MORE = JSON_MEMBERS_AT_MOST + 1 };
    char *members = malloc(MEMBER_BYTES * MORE + 3);
    if (members == NULL)
        exit(1);
    size_t length = (size_t)sprintf(members, "{\"0\":0");
    for (int i = 1; i < JSON_MEMBERS_AT_MOST; i++)
        length += (size_t)sprintf(members + length, ",\"%d\":0", i);
    strcpy(members + length, "}");
    CHECK(takes(members));
    strcpy(members + length, ",\"more\":0}");
    CHECK(refuses_at(members, length + 1));
    free(members);

    size_t bytes = 2 * (size_t)JSON_VALUES_AT_MOST;
    char *values = malloc(bytes + 1);
    if (values == NULL)
        exit(1);
    values[0] = '[';
    for (size_t i = 1; i < bytes; i++)
        values[i] = i % 2 == 1 ? '0' : ',';
    values[bytes - 2] = ']'; /* the array itself is a value, too */
    values[bytes - 1] = ' ';
    values[bytes] = '\0';
    CHECK(takes(values));
    values[bytes - 2] = ',';
    values[bytes - 1] = '0';
    CHECK(refuses_at(values, bytes - 1));
    free(values);
}

int main(void)
{
    test_tree();
    test_numbers();
    test_texts();
    test_structure();
    test_truncation();
    test_bounds();
    return summary();
}
