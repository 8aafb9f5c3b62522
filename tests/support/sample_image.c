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

static size_t version_part(uint8_t *f, const char *text, size_t manifest)
{
    size_t n = strlen(text);

    memcpy(f, text, n);
    if (manifest == 0)
        return n;
    f[n] = 0;
    fill(f + n + 1, manifest, 3);
    return n + 1 + manifest;
}

static size_t part_file(const struct sample_spec *spec, unsigned tag, uint8_t *f)
{
    uint16_t chip = spec->chip ? spec->chip : SAMPLE_H2;

    switch (tag) {
    case 0:
        return version_part(f, spec->version ? spec->version : "openthread-esp32/1; esp32h2; x", spec->manifest_size);
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
            return esp_file(f, 9, "esp_ot_br", "h1", spec->host_size, spec->seed + 3u);
        fill(f, spec->host_size, spec->seed + 3u);
        return spec->host_size;
    }
}

void sample_image_build(struct sample_image *s, const struct sample_spec *spec)
{
    unsigned parts = spec->host_size > 0 ? 6 : 5;
    size_t header = 12 * (parts + 1u);

    assert_true(spec->app_size + spec->host_size + spec->manifest_size < SAMPLE_CAP - 8192);
    memset(s, 0, sizeof *s);
    s->bytes[0] = 0xff;
    sample_put32(s->bytes + 4, (uint32_t)header);
    s->len = header;
    for (unsigned tag = 0; tag < parts; tag++) {
        s->part_at[tag] = s->len;
        s->part_len[tag] = part_file(spec, tag, s->bytes + s->len);
        s->len += s->part_len[tag];
        sample_put32(s->bytes + 12 * (tag + 1), tag);
        sample_put32(s->bytes + 12 * (tag + 1) + 4, (uint32_t)s->part_len[tag]);
        sample_put32(s->bytes + 12 * (tag + 1) + 8, (uint32_t)s->part_at[tag]);
        if (tag == 4)
            s->bundle_len = s->len;
    }
}

void sample_image_mend(struct sample_image *s, unsigned tag)
{
    esp_seal(s->bytes + s->part_at[tag], s->part_len[tag]);
}
