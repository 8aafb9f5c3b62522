/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/slot.h>

tdm_err slot_replay(struct tdm_flash *flash, uint64_t length, uint8_t *buf, uint32_t cap, struct tdm_sink *into)
{
    if (length > flash->size)
        return TDM_E_BOUNDS;
    if (cap == 0)
        return TDM_E_BUG;
    tdm_err err = tdm_flash_reread(flash);
    for (uint64_t off = 0; err == TDM_OK && off < length;) {
        uint32_t part = length - off < cap ? (uint32_t)(length - off) : cap;
        err = tdm_flash_read(flash, off, buf, part);
        if (err == TDM_OK)
            err = tdm_sink_push(into, buf, part);
        off += part;
    }
    return err;
}
