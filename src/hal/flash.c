/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/flash.h>

static tdm_err check_range(const struct tdm_flash *f, uint64_t off, uint64_t len, uint32_t unit)
{
    if (off > f->size || len > f->size - off)
        return TDM_E_BOUNDS;
    if (off % unit != 0 || len % unit != 0)
        return TDM_E_BOUNDS;
    return TDM_OK;
}

tdm_err tdm_flash_read(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len)
{
    tdm_err err = check_range(f, off, len, 1);
    return err != TDM_OK || len == 0 ? err : f->ops->read(f, off, buf, len);
}

tdm_err tdm_flash_prog(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len)
{
    tdm_err err = check_range(f, off, len, f->prog_size);
    return err != TDM_OK || len == 0 ? err : f->ops->prog(f, off, buf, len);
}

tdm_err tdm_flash_erase(struct tdm_flash *f, uint64_t off, uint64_t len)
{
    tdm_err err = check_range(f, off, len, f->erase_size);
    return err != TDM_OK || len == 0 ? err : f->ops->erase(f, off, len);
}

tdm_err tdm_flash_sync(struct tdm_flash *f)
{
    return f->ops->sync(f);
}

tdm_err tdm_flash_reread(struct tdm_flash *f)
{
    return f->ops->reread(f);
}
