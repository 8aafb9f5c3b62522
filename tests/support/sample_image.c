/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sample_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

#define APP_AT    0x10000u
#define TABLE_AT  0x8000u
#define TABLE_LEN 3072u
#define ESP_HEAD  32u  /* file header and the header of the only segment */
#define DESC_LEN  256u /* application description                        */

void sample_put16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void sample_put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void fill(uint8_t *at, size_t len, unsigned seed)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)((i * 31 + seed * 7) >> (i % 3));
}

/* Bytes of a file with one segment: padded so that the checksum ends a line of 16, then the digest. */
static size_t esp_len(size_t segment)
{
    return (ESP_HEAD + segment) / 16 * 16 + 16 + 32;
}

static void esp_seal(uint8_t *f, size_t len)
{
    size_t segment = (size_t)f[28] | (size_t)f[29] << 8 | (size_t)f[30] << 16, sum_at = len - 33;
    uint8_t sum = 0xef;

    for (size_t i = 0; i < segment; i++)
        sum ^= f[ESP_HEAD + i];
    f[sum_at] = sum;
    (void)SHA256(f, sum_at + 1, f + sum_at + 1);
}

static size_t esp_file(uint8_t *f, uint16_t chip, const char *project, const char *version, size_t payload,
                       unsigned seed)
{
    size_t segment = DESC_LEN + payload / 4 * 4, len = esp_len(segment);

    memset(f, 0, len);
    f[0] = 0xe9;
    f[1] = 1;
    f[2] = 2;
    f[12] = (uint8_t)chip;
    f[23] = 1;
    sample_put32(f + 24, 0x42000020);
    sample_put32(f + 28, (uint32_t)segment);
    sample_put32(f + 32, 0xabcd5432);
    memcpy(f + 48, version, strlen(version) < 32 ? strlen(version) : 32);
    memcpy(f + 80, project, strlen(project));
    fill(f + ESP_HEAD + DESC_LEN, segment - DESC_LEN, seed);
    esp_seal(f, len);
    return len;
}

static size_t table_file(uint8_t *f)
{
    memset(f, 0xff, TABLE_LEN);
    memset(f, 0, 32);
    f[0] = 0xaa;
    f[1] = 0x50;
    sample_put32(f + 4, APP_AT);
    sample_put32(f + 8, 0x100000);
    memcpy(f + 12, "factory", 7);
    return TABLE_LEN;
}

static size_t args_file(uint8_t *f)
{
    static const uint32_t records[6] = {2, 0, 4, APP_AT, 3, TABLE_AT};
    for (size_t i = 0; i < 6; i++)
        sample_put32(f + 4 * i, records[i]);
    return sizeof records;
}

/* ---- the manifest ---- */

#define FIXED_LEN  152u
#define DIGEST_LEN 32u
#define CELL_LEN   80u

static unsigned part_count(const struct sample_spec *spec)
{
    return spec->is_host_only ? 2 : spec->host_size > 0 ? 6 : 5;
}

static void put_side(uint8_t *at, uint16_t family, uint16_t chip, uint16_t revision_max)
{
    const uint16_t fields[6] = {family, chip, 0, revision_max, 11, 4};

    for (size_t i = 0; i < 6; i++)
        sample_put16(at + 2 * i, fields[i]);
}

/* All but the digests, which are stated when the parts are there. */
static size_t manifest_file(uint8_t *f, const struct sample_spec *spec)
{
    static const uint8_t head[] = {0x9a, 'T', 'D', 'M', 1, 0}, extension[] = {1, 0, 4, 0, 't', 'e', 's', 't'};
    size_t signed_len = FIXED_LEN + DIGEST_LEN * (part_count(spec) - 1);

    memset(f, 0, signed_len);
    memcpy(f, head, sizeof head);
    f[6] = spec->cells;
    sample_put32(f + 8, 1000000000);
    sample_put32(f + 24, 5);
    memcpy(f + 32, "1.4.0", 5);
    memcpy(f + 64, "acme,br-1", 9);
    if (!spec->is_host_only) {
        sample_put32(f + 28, 0x200000);
        put_side(f + 128, 1, spec->chip ? spec->chip : SAMPLE_H2, 99);
    }
    if (spec->host_size > 0)
        put_side(f + 140, spec->host_is_esp ? 1 : 2, spec->host_is_esp ? SAMPLE_S3 : 0, spec->host_is_esp ? 99 : 0);
    memcpy(f + signed_len, extension, sizeof extension);
    memset(f + signed_len + sizeof extension, 0, CELL_LEN * spec->cells);
    return signed_len + sizeof extension + CELL_LEN * spec->cells;
}

static size_t version_part(uint8_t *f, const struct sample_spec *spec)
{
    const char *text = spec->version ? spec->version : "openthread-esp32/1; esp32h2; x";
    size_t n = spec->is_host_only ? 0 : strlen(text);

    memcpy(f, text, n);
    if (spec->manifest_size == 0 && spec->cells == 0)
        return n;
    f[n] = 0;
    if (spec->cells > 0)
        return n + 1 + manifest_file(f + n + 1, spec);
    fill(f + n + 1, spec->manifest_size, 3);
    return n + 1 + spec->manifest_size;
}

void sample_image_restate(struct sample_image *s)
{
    uint8_t *at = s->bytes + s->manifest_at + FIXED_LEN;

    for (unsigned tag = 1; tag < 6; tag++) {
        if (s->part_len[tag] == 0)
            continue;
        (void)SHA256(s->bytes + s->part_at[tag], s->part_len[tag], at);
        at += DIGEST_LEN;
    }
}

void sample_image_id(const struct sample_image *s, uint8_t id[32])
{
    (void)SHA256(s->bytes, s->cells_at, id);
}

uint8_t *sample_image_cell(struct sample_image *s, size_t i)
{
    return s->bytes + s->cells_at + CELL_LEN * i;
}

void sample_image_sign(struct sample_image *s, const struct sample_key *key)
{
    static const uint8_t zero[8];
    uint8_t id[32], cell[CELL_LEN] = {0};
    size_t place = 0, used = 0, cells = s->bytes[s->manifest_at + 6];

    sample_image_id(s, id);
    memcpy(cell, key->known.id, 8);
    cell[8] = 1;
    sample_key_sign(key, id, cell + 16);
    while (used < cells && memcmp(sample_image_cell(s, used), zero, 8) != 0)
        used++;
    assert_true(used < cells);
    while (place < used && memcmp(sample_image_cell(s, place), cell, 8) < 0)
        place++;
    memmove(sample_image_cell(s, place + 1), sample_image_cell(s, place), CELL_LEN * (used - place));
    memcpy(sample_image_cell(s, place), cell, CELL_LEN);
}

static size_t part_file(const struct sample_spec *spec, unsigned tag, uint8_t *f)
{
    uint16_t chip = spec->chip ? spec->chip : SAMPLE_H2;

    switch (tag) {
    case 0:
        return version_part(f, spec);
    case 1:
        return args_file(f);
    case 2:
        return esp_file(f, chip, "bootloader", "1", 64, spec->seed + 1u);
    case 3:
        return table_file(f);
    case 4:
        return esp_file(f, spec->app_chip ? spec->app_chip : chip, "esp_ot_rcp", "r1",
                        spec->app_size ? spec->app_size : 512, spec->seed + 2u);
    default:
        if (spec->host_is_esp)
            return esp_file(f, SAMPLE_S3, "esp_ot_br", "h1", spec->host_size, spec->seed + 3u);
        fill(f, spec->host_size, spec->seed + 3u);
        return spec->host_size;
    }
}

/* Row `row` of the header table and the part it is about. */
static void add_part(struct sample_image *s, const struct sample_spec *spec, unsigned row, unsigned tag)
{
    s->part_at[tag] = s->len;
    s->part_len[tag] = part_file(spec, tag, s->bytes + s->len);
    s->len += s->part_len[tag];
    sample_put32(s->bytes + 12 * row, tag);
    sample_put32(s->bytes + 12 * row + 4, (uint32_t)s->part_len[tag]);
    sample_put32(s->bytes + 12 * row + 8, (uint32_t)s->part_at[tag]);
    if (tag == 4)
        s->bundle_len = s->len;
}

void sample_image_build(struct sample_image *s, const struct sample_spec *spec)
{
    unsigned parts = part_count(spec);
    size_t header = 12 * (parts + 1u);

    assert_true(spec->app_size + spec->host_size + spec->manifest_size < SAMPLE_CAP - 8192);
    memset(s, 0, sizeof *s);
    s->bytes[0] = spec->is_host_only ? 0xfe : 0xff;
    sample_put32(s->bytes + 4, (uint32_t)header);
    s->len = header;
    for (unsigned i = 0; i < parts; i++)
        add_part(s, spec, i + 1, spec->is_host_only && i == 1 ? 5 : i);
    if (spec->cells == 0)
        return;
    s->cells_at = s->part_at[0] + s->part_len[0] - CELL_LEN * spec->cells;
    s->manifest_at = s->cells_at - 8 - FIXED_LEN - DIGEST_LEN * (parts - 1);
    sample_image_restate(s);
}

void sample_image_mend(struct sample_image *s, unsigned tag)
{
    esp_seal(s->bytes + s->part_at[tag], s->part_len[tag]);
}
