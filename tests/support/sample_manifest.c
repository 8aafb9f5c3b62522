/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_manifest.h"

#include <string.h>

#define CELL 80

static void put(struct sample_manifest *s, size_t size, uint64_t value)
{
    sample_manifest_set(s, s->len, size, value);
    s->len += size;
}

static void put_text(struct sample_manifest *s, size_t size, const char *text)
{
    sample_manifest_text(s, s->len, size, text);
    s->len += size;
}

static void put_side(struct sample_manifest *s, const uint16_t side[6])
{
    for (int i = 0; i < 6; i++)
        put(s, 2, side[i]);
}

void sample_manifest_make(struct sample_manifest *s, enum sample_kind kind)
{
    static const uint16_t none[6] = {0}, radio[6] = {1, 13, 1, 2, 9, 5}, host[6] = {1, 9, 3, 104, 8, 7},
                          opaque[6] = {2, 0, 0, 0, 8, 7};

    memset(s, 0, sizeof *s);
    s->has_radio = kind != SAMPLE_HOST;
    s->has_host = kind != SAMPLE_RADIO;
    s->digests = (s->has_radio ? 4u : 0u) + (s->has_host ? 1u : 0u);
    put(s, 4, 0x4d44549a);
    put(s, 2, 1);
    put(s, 1, 2);
    put(s, 1, 0);
    put(s, 8, 1700000000);
    put(s, 8, 1800000000);
    put(s, 4, 41);
    put(s, 4, s->has_radio ? 0x400000 : 0);
    put_text(s, 32, "2.3.4-rc.1");
    put_text(s, 64, "acme,gate-1");
    put_side(s, s->has_radio ? radio : none);
    put_side(s, kind == SAMPLE_OPAQUE_PAIR ? opaque : s->has_host ? host : none);
    for (size_t i = 0; i < s->digests; i++, s->len += 32)
        memset(s->b + s->len, (int)(0xa0 + i), 32);
    s->cells_at = s->len;
    s->len += 2 * CELL;
}

void sample_manifest_set(struct sample_manifest *s, size_t at, size_t size, uint64_t value)
{
    for (size_t i = 0; i < size; i++)
        s->b[at + i] = (uint8_t)(value >> 8 * i);
}

void sample_manifest_text(struct sample_manifest *s, size_t at, size_t size, const char *text)
{
    memset(s->b + at, 0, size);
    memcpy(s->b + at, text, strnlen(text, size));
}

void sample_manifest_insert(struct sample_manifest *s, const void *bytes, size_t len)
{
    memmove(s->b + s->cells_at + len, s->b + s->cells_at, s->len - s->cells_at);
    memcpy(s->b + s->cells_at, bytes, len);
    s->cells_at += len;
    s->len += len;
}

void sample_manifest_sign(struct sample_manifest *s, size_t i, uint8_t key, uint8_t r, uint8_t low_s)
{
    uint8_t *cell = s->b + s->cells_at + CELL * i;

    memset(cell, 0, CELL);
    memset(cell, key, 8);
    cell[8] = 1;
    memset(cell + 16, r, 32);
    memset(cell + 48, low_s, 32);
}
