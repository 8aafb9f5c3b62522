/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tandem/manifest.h>

#include "image/esp_chip.h"

#define CHIP_IDS 64 /* more than there are */

/* *text is moved behind the digits. */
static bool digits(const char **text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    const char *c = *text;

    for (; *c >= '0' && *c <= '9'; c++) {
        unsigned digit = (unsigned)(*c - '0');
        if (digit > max || v > (max - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (c == *text)
        return false;
    *text = c;
    *out = v;
    return true;
}

bool value_number(const char *text, uint64_t max, uint64_t *out)
{
    return digits(&text, max, out) && *text == '\0';
}

bool value_two(const char *text, uint16_t *first, uint16_t *second)
{
    uint64_t a, b;

    if (!digits(&text, UINT16_MAX, &a) || *text != ':' || !value_number(text + 1, UINT16_MAX, &b))
        return false;
    *first = (uint16_t)a;
    *second = (uint16_t)b;
    return true;
}

static bool revision(const char **text, uint16_t *out)
{
    uint64_t n, minor = 0;

    if (!digits(text, UINT16_MAX, &n))
        return false;
    if (**text == '.') {
        ++*text;
        if (!digits(text, 99, &minor) || n > (UINT16_MAX - 99) / 100)
            return false;
        n = n * 100 + minor;
    }
    *out = (uint16_t)n;
    return true;
}

bool value_revisions(const char *text, uint16_t *first, uint16_t *second)
{
    if (!revision(&text, first) || *text != ':')
        return false;
    ++text;
    return revision(&text, second) && *text == '\0';
}

bool value_size(const char *text, uint32_t *out)
{
    static const struct {
        const char *end;
        uint32_t unit;
    } units[] = {{"", 1}, {"K", 1024}, {"KB", 1024}, {"M", 1024 * 1024}, {"MB", 1024 * 1024}};
    uint64_t n;

    if (!digits(&text, UINT32_MAX, &n))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].end) != 0)
            continue;
        *out = (uint32_t)(n * units[i].unit);
        return n <= UINT32_MAX / units[i].unit;
    }
    return false;
}

/* Written back it must be the same text: so no 30th of February, no missing zero, nothing behind it. */
static bool read_time(const char *text, const char *format, uint64_t *out)
{
    struct tm tm = {0};
    char again[VALUE_TIME_LEN];

    if (strptime(text, format, &tm) == NULL)
        return false;
    time_t t = timegm(&tm);
    if (t < 0 || gmtime_r(&t, &tm) == NULL || strftime(again, sizeof again, format, &tm) == 0)
        return false;
    *out = (uint64_t)t;
    return strcmp(text, again) == 0;
}

bool value_time(const char *text, bool is_end, uint64_t *out)
{
    if (value_number(text, MANIFEST_TIME_MAX, out) || read_time(text, "%Y-%m-%dT%H:%M:%SZ", out))
        return true;
    if (!read_time(text, "%Y-%m-%d", out))
        return false;
    *out += is_end ? 24 * 60 * 60 - 1 : 0;
    return true;
}

bool value_chip(const char *text, uint16_t *out)
{
    for (uint16_t id = 0; id < CHIP_IDS; id++) {
        const struct esp_chip *chip = esp_chip_by_id(id);
        if (chip != NULL && strcmp(chip->name, text) == 0) {
            *out = id;
            return true;
        }
    }
    return false;
}

const char *value_time_text(uint64_t seconds, char out[VALUE_TIME_LEN])
{
    time_t t = (time_t)seconds;
    struct tm utc;

    out[0] = '\0';
    if (seconds != 0 && seconds <= MANIFEST_TIME_MAX && gmtime_r(&t, &utc) != NULL)
        (void)strftime(out, VALUE_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return out;
}
