/* SPDX-License-Identifier: Apache-2.0 */
#include "base/semver.h"

#include <stddef.h>
#include <string.h>

#define DIGITS      "0123456789"
#define IDENTIFIERS DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"
#define NUMBER_MAX  9 /* digits */

/* Bytes of the number at text, 0 when there is none that the grammar allows. */
static size_t number_length(const char *text)
{
    size_t len = strspn(text, DIGITS);
    bool has_leading_zero = len > 1 && text[0] == '0';
    return len <= NUMBER_MAX && !has_leading_zero ? len : 0;
}

/* Bytes of the pre-release identifier at text, 0 when there is none that the grammar allows. */
static size_t identifier_length(const char *text)
{
    size_t len = strspn(text, IDENTIFIERS);
    return strspn(text, DIGITS) == len ? number_length(text) : len;
}

static bool is_pre_release(const char *text)
{
    for (;;) {
        size_t len = identifier_length(text);
        if (len == 0)
            return false;
        if (text[len] == '\0')
            return true;
        if (text[len] != '.')
            return false;
        text += len + 1;
    }
}

bool semver_is_valid(const char *text)
{
    for (int i = 0; i < 3; i++) {
        size_t len = number_length(text);
        if (len == 0 || (i < 2 && text[len] != '.'))
            return false;
        text += i < 2 ? len + 1 : len;
    }
    return text[0] == '\0' || (text[0] == '-' && is_pre_release(text + 1));
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

/* Without leading zeros the longer number is the greater one. */
static int compare_numbers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len != b_len ? (a_len > b_len) - (a_len < b_len) : memcmp(a, b, a_len);
}

static int compare_identifiers(const char *a, size_t a_len, const char *b, size_t b_len)
{
    bool a_is_number = strspn(a, DIGITS) == a_len, b_is_number = strspn(b, DIGITS) == b_len;
    if (a_is_number != b_is_number)
        return a_is_number ? -1 : 1;
    return a_is_number ? compare_numbers(a, a_len, b, b_len) : compare_bytes(a, a_len, b, b_len);
}

/* Identifier by identifier; of two lists that are equal as far as the shorter goes, the longer one is the greater. */
static int compare_pre_releases(const char *a, const char *b)
{
    for (;;) {
        size_t a_len = strcspn(a, "."), b_len = strcspn(b, ".");
        int order = compare_identifiers(a, a_len, b, b_len);
        if (order != 0)
            return order;
        if (a[a_len] == '\0' || b[b_len] == '\0')
            return (a[a_len] != '\0') - (b[b_len] != '\0');
        a += a_len + 1;
        b += b_len + 1;
    }
}

int semver_compare(const char *a, const char *b)
{
    for (int i = 0; i < 3; i++) {
        size_t a_len = strspn(a, DIGITS), b_len = strspn(b, DIGITS);
        int order = compare_numbers(a, a_len, b, b_len);
        if (order != 0)
            return order;
        a += i < 2 ? a_len + 1 : a_len;
        b += i < 2 ? b_len + 1 : b_len;
    }
    if (*a == '\0' || *b == '\0')
        return (*a == '\0') - (*b == '\0');
    return compare_pre_releases(a + 1, b + 1);
}
