/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/slot.h>

tdm_err slot_replay_part(struct tdm_flash *flash, uint64_t from, uint64_t to, uint8_t *buf, uint32_t cap,
                         struct tdm_sink *into)
{
    tdm_err err = TDM_OK;

    if (from > to || to > flash->size)
        return TDM_E_BOUNDS;
    if (cap == 0)
        return TDM_E_BUG;
    for (uint64_t off = from; err == TDM_OK && off < to;) {
        uint32_t part = to - off < cap ? (uint32_t)(to - off) : cap;
        err = tdm_flash_read(flash, off, buf, part);
        if (err == TDM_OK)
            err = tdm_sink_push(into, buf, part);
        off += part;
    }
    return err;
}

tdm_err slot_replay(struct tdm_flash *flash, uint64_t length, uint8_t *buf, uint32_t cap, struct tdm_sink *into)
{
    if (length > flash->size)
        return TDM_E_BOUNDS;
    if (cap == 0)
        return TDM_E_BUG;
    tdm_err err = tdm_flash_reread(flash);
    return err == TDM_OK ? slot_replay_part(flash, 0, length, buf, cap, into) : err;
}
