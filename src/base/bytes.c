/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>

struct bytes_reader bytes_reader_on(const uint8_t *data, size_t len)
{
    return (struct bytes_reader){.data = data, .len = len, .pos = 0, .ok = true};
}

size_t bytes_left(const struct bytes_reader *r)
{
    return r->ok ? r->len - r->pos : 0;
}

/* The one place where bytes are taken: NULL, and not ok for good, when fewer than len are left. */
static const uint8_t *take(struct bytes_reader *r, size_t len)
{
    if (!r->ok || len > r->len - r->pos) {
        r->ok = false;
        return NULL;
    }
    const uint8_t *p = r->data + r->pos;
    r->pos += len;
    return p;
}

uint8_t bytes_get_u8(struct bytes_reader *r)
{
    const uint8_t *p = take(r, 1);
    return p ? p[0] : 0;
}

uint16_t bytes_get_le16(struct bytes_reader *r)
{
    const uint8_t *p = take(r, 2);
    return p ? bytes_le16(p) : 0;
}

uint32_t bytes_get_le32(struct bytes_reader *r)
{
    const uint8_t *p = take(r, 4);
    return p ? bytes_le32(p) : 0;
}

uint64_t bytes_get_le64(struct bytes_reader *r)
{
    const uint8_t *p = take(r, 8);
    return p ? (uint64_t)bytes_le32(p) | (uint64_t)bytes_le32(p + 4) << 32 : 0;
}

void bytes_get(struct bytes_reader *r, void *out, size_t len)
{
    const uint8_t *p = take(r, len);
    if (p)
        memcpy(out, p, len);
    else
        memset(out, 0, len);
}

void bytes_skip(struct bytes_reader *r, size_t len)
{
    (void)take(r, len);
}

struct bytes_writer bytes_writer_on(uint8_t *data, size_t cap)
{
    return (struct bytes_writer){.data = data, .cap = cap, .pos = 0, .ok = true};
}

static uint8_t *claim(struct bytes_writer *w, size_t len)
{
    if (!w->ok || len > w->cap - w->pos) {
        w->ok = false;
        return NULL;
    }
    uint8_t *p = w->data + w->pos;
    w->pos += len;
    return p;
}

void bytes_put_u8(struct bytes_writer *w, uint8_t v)
{
    bytes_put(w, &v, 1);
}

void bytes_put_le16(struct bytes_writer *w, uint16_t v)
{
    uint8_t *p = claim(w, 2);
    if (p)
        bytes_store_le16(p, v);
}

void bytes_put_le32(struct bytes_writer *w, uint32_t v)
{
    uint8_t *p = claim(w, 4);
    if (p)
        bytes_store_le32(p, v);
}

void bytes_put_le64(struct bytes_writer *w, uint64_t v)
{
    bytes_put_le32(w, (uint32_t)v);
    bytes_put_le32(w, (uint32_t)(v >> 32));
}

void bytes_put(struct bytes_writer *w, const void *data, size_t len)
{
    uint8_t *p = claim(w, len);
    if (p && len > 0)
        memcpy(p, data, len);
}

void bytes_put_zeros(struct bytes_writer *w, size_t len)
{
    uint8_t *p = claim(w, len);
    if (p)
        memset(p, 0, len);
}

uint16_t bytes_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t bytes_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void bytes_store_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

void bytes_store_le32(uint8_t *p, uint32_t v)
{
    bytes_store_le16(p, (uint16_t)v);
    bytes_store_le16(p + 2, (uint16_t)(v >> 16));
}
