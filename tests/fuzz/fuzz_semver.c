/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_semver: three texts, ended by NULs. What is valid, a regular expression says, too; the order of valid ones is
 * one: equal only to itself, the same from both sides, and carried on from two pairs to the third.
 */
#include <regex.h>

#include "base/semver.h"
#include "fuzz.h"

#define NUMBER     "(0|[1-9][0-9]{0,8})"
#define IDENTIFIER "(" NUMBER "|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
#define VERSION    "^" NUMBER "\\." NUMBER "\\." NUMBER "(-" IDENTIFIER "(\\." IDENTIFIER ")*)?$"

const char *const fuzz_accepts[] = {"three valid versions", NULL};

static bool matches(const char *text)
{
    static regex_t version;
    static bool is_compiled;

    if (!is_compiled)
        fuzz_must(regcomp(&version, VERSION, REG_EXTENDED | REG_NOSUB) == 0);
    is_compiled = true;
    return regexec(&version, text, 0, NULL, 0) == 0;
}

static int rank(const char *a, const char *b)
{
    int order = semver_compare(a, b);
    return (order > 0) - (order < 0);
}

/* A copy of its own length, NUL ended. */
static char *take_text(struct bytes_reader *in)
{
    size_t len = 0, left = bytes_left(in);
    const uint8_t *at = in->data + in->pos;
    char *text;

    while (len < left && at[len] != 0)
        len++;
    text = malloc(len + 1);
    fuzz_must(text != NULL);
    bytes_get(in, text, len);
    text[len] = '\0';
    bytes_skip(in, len < left);
    return text;
}

static void check_order(char *const text[3])
{
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++) {
            fuzz_must(rank(text[i], text[k]) == -rank(text[k], text[i]));
            fuzz_must((rank(text[i], text[k]) == 0) == (strcmp(text[i], text[k]) == 0));
            int last = 3 - i - k;
            if (i != k && rank(text[i], text[k]) <= 0 && rank(text[k], text[last]) <= 0)
                fuzz_must(rank(text[i], text[last]) <= 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader in = bytes_reader_on(data, size);
    char *text[3];
    int valid = 0;

    for (int i = 0; i < 3; i++) {
        text[i] = take_text(&in);
        fuzz_must(semver_is_valid(text[i]) == matches(text[i]));
        valid += semver_is_valid(text[i]);
    }
    if (valid == 3) {
        check_order(text);
        fuzz_accept(0);
    }
    for (int i = 0; i < 3; i++)
        free(text[i]);
    return 0;
}
