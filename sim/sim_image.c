/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_image.h"

#include <string.h>

#include <openssl/sha.h>

#include "base/bytes.h"
#include "base/crc.h"

#define HEADER_LEN 24

static void read_header(struct sim_image *img, const uint8_t *h)
{
    img->segment_count = h[1];
    img->spi_mode = h[2];
    img->spi_speed = h[3] & 15;
    img->entry = bytes_le32(h + 4);
    img->chip_id = bytes_le16(h + 12);
    img->has_sha = h[23] == 1;
}

/* Where the segment's data ends; 0 when it leaves the limit. */
static uint32_t read_segment(struct sim_image *img, const uint8_t *mem, unsigned i, uint32_t at, uint32_t limit)
{
    struct sim_segment *s = &img->segments[i];

    if (limit - at < 8)
        return 0;
    s->load = bytes_le32(mem + at);
    s->len = bytes_le32(mem + at + 4);
    s->at = at + 8;
    if (s->len > limit - s->at)
        return 0;
    img->sum = crc_xor8_add(img->sum, mem + s->at, s->len);
    return s->at + s->len;
}

bool sim_image_read(struct sim_image *img, struct sim_flash *flash, uint32_t at, uint32_t limit)
{
    const uint8_t *mem = flash->mem;
    uint32_t start = at, sum_at;

    memset(img, 0, sizeof *img);
    if (limit > flash->port.size || at > limit || limit - at < HEADER_LEN)
        return false;
    img->first_word = bytes_le32(mem + at);
    read_header(img, mem + at);
    if (mem[at] != SIM_IMAGE_MAGIC || img->segment_count == 0 || img->segment_count > SIM_IMAGE_SEGMENTS_MAX)
        return false;
    img->sum = CRC_XOR_SEED;
    at += HEADER_LEN;
    for (unsigned i = 0; i < img->segment_count; i++) {
        at = read_segment(img, mem, i, at, limit);
        if (at == 0)
            return false;
    }
    sum_at = start + ((at - start) | 15); /* the last byte of a row of 16 */
    if (sum_at >= limit || (img->has_sha && limit - sum_at <= SIM_IMAGE_SHA_LEN))
        return false;
    img->stored_sum = mem[sum_at];
    SHA256(mem + start, sum_at + 1 - start, img->sha);
    if (img->has_sha)
        memcpy(img->stored_sha, mem + sum_at + 1, SIM_IMAGE_SHA_LEN);
    return true;
}

bool sim_image_sum_is_right(const struct sim_image *img)
{
    return img->sum == img->stored_sum;
}

bool sim_image_sha_is_right(const struct sim_image *img)
{
    return !img->has_sha || memcmp(img->sha, img->stored_sha, SIM_IMAGE_SHA_LEN) == 0;
}
