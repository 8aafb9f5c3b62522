/* SPDX-License-Identifier: Apache-2.0 */
#include "ram_flash.h"

#include <string.h>

/* The port is the first member, so its address is that of the whole. */
static struct ram_flash *self(struct tdm_flash *f)
{
    return (struct ram_flash *)f;
}

static tdm_err ram_read(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len)
{
    memcpy(buf, self(f)->bytes + off, len);
    return TDM_OK;
}

/* Programming clears bits; only an erase sets them. */
static tdm_err ram_prog(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len)
{
    const uint8_t *from = buf;

    for (uint32_t i = 0; i < len; i++)
        self(f)->bytes[off + i] &= from[i];
    return TDM_OK;
}

static tdm_err ram_erase(struct tdm_flash *f, uint64_t off, uint64_t len)
{
    memset(self(f)->bytes + off, 0xff, (size_t)len);
    return TDM_OK;
}

/* Nothing lies in a cache here. A device waits for its flash; a file is synced, and reread drops its cached pages. */
static tdm_err ram_sync(struct tdm_flash *f)
{
    (void)f;
    return TDM_OK;
}

void ram_flash_init(struct ram_flash *r, uint8_t *bytes, uint32_t size)
{
    static const struct tdm_flash_ops ops = {ram_read, ram_prog, ram_erase, ram_sync, ram_sync};

    r->port = (struct tdm_flash){.ops = &ops, .size = size, .erase_size = 4096, .prog_size = 4};
    r->bytes = bytes;
    memset(bytes, 0xff, size);
}
