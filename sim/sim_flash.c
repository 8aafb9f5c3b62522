/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_flash.h"

#include <string.h>

static struct sim_flash *self(struct tdm_flash *f)
{
    return (struct sim_flash *)f;
}

static tdm_err flash_read(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len)
{
    memcpy(buf, self(f)->mem + off, len);
    return TDM_OK;
}

static tdm_err flash_prog(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len)
{
    const uint8_t *from = buf;
    uint8_t *to = self(f)->mem + off;

    for (uint32_t i = 0; i < len; i++)
        to[i] &= from[i];
    self(f)->bytes_programmed += len;
    return TDM_OK;
}

static tdm_err flash_erase(struct tdm_flash *f, uint64_t off, uint64_t len)
{
    memset(self(f)->mem + off, 0xff, (size_t)len);
    self(f)->sectors_erased += len / SIM_FLASH_SECTOR;
    return TDM_OK;
}

static tdm_err flash_nothing_to_do(struct tdm_flash *f)
{
    (void)f;
    return TDM_OK;
}

static const struct tdm_flash_ops sim_flash_ops = {flash_read, flash_prog, flash_erase, flash_nothing_to_do,
                                                   flash_nothing_to_do};

void sim_flash_init(struct sim_flash *f, uint8_t *mem, uint32_t size)
{
    *f = (struct sim_flash){
        .port = {.ops = &sim_flash_ops, .size = size, .erase_size = SIM_FLASH_SECTOR, .prog_size = 1}, .mem = mem};
}
