/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/slot.h>

#include <string.h>

static uint64_t round_up(uint64_t value, uint32_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static tdm_err push_sink(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return slot_writer_push((struct slot_writer *)(void *)sink, data, len);
}

tdm_err slot_writer_begin(struct slot_writer *w, struct tdm_flash *flash, uint8_t *buf, uint32_t cap)
{
    return slot_writer_begin_at(w, flash, 0, buf, cap);
}

tdm_err slot_writer_begin_at(struct slot_writer *w, struct tdm_flash *flash, uint64_t at, uint8_t *buf, uint32_t cap)
{
    bool is_sound = at <= flash->size && at % flash->erase_size == 0;

    *w = (struct slot_writer){
        .sink = {.push = push_sink},
        .flash = flash,
        .buf = buf,
        .buf_cap = cap - cap % flash->prog_size,
        .written = at,
        .erased = at,
    };
    w->err = w->buf_cap == 0 || !is_sound ? TDM_E_BUG : TDM_OK;
    return w->err;
}

static tdm_err erase_to(struct slot_writer *w, uint64_t end)
{
    uint64_t to = round_up(end, w->flash->erase_size);

    if (to <= w->erased)
        return TDM_OK;
    tdm_err err = tdm_flash_erase(w->flash, w->erased, to - w->erased);
    if (err == TDM_OK)
        w->erased = to;
    return err;
}

/* Program what is gathered; written then counts the bytes that were pushed, not the padding. */
static tdm_err flush(struct slot_writer *w)
{
    uint32_t padded = (uint32_t)round_up(w->buf_len, w->flash->prog_size);

    memset(w->buf + w->buf_len, 0xff, padded - w->buf_len);
    tdm_err err = erase_to(w, w->written + padded);
    if (err == TDM_OK)
        err = tdm_flash_prog(w->flash, w->written, w->buf, padded);
    if (err != TDM_OK)
        return err;
    w->written += w->buf_len;
    w->buf_len = 0;
    return TDM_OK;
}

tdm_err slot_writer_push(struct slot_writer *w, const uint8_t *data, size_t len)
{
    if (w->err != TDM_OK)
        return w->err;
    if (w->is_ended)
        return w->err = TDM_E_STATE;
    if (len > w->flash->size - w->written - w->buf_len)
        return w->err = TDM_E_NO_ROOM;
    while (len > 0) {
        uint32_t room = w->buf_cap - w->buf_len;
        uint32_t part = len < room ? (uint32_t)len : room;
        memcpy(w->buf + w->buf_len, data, part);
        w->buf_len += part;
        data += part;
        len -= part;
        if (w->buf_len == w->buf_cap)
            w->err = flush(w);
        if (w->err != TDM_OK)
            return w->err;
    }
    return TDM_OK;
}

tdm_err slot_writer_flush(struct slot_writer *w)
{
    if (w->err == TDM_OK && w->buf_len % w->flash->prog_size != 0)
        return TDM_E_STATE; /* what is padded cannot be gone on with */
    if (w->err == TDM_OK && !w->is_ended && w->buf_len > 0)
        w->err = flush(w);
    return w->err;
}

tdm_err slot_writer_end(struct slot_writer *w)
{
    if (w->err != TDM_OK)
        return w->err;
    if (w->is_ended)
        return TDM_OK;
    if (w->buf_len > 0)
        w->err = flush(w);
    if (w->err == TDM_OK)
        w->err = tdm_flash_sync(w->flash);
    w->is_ended = w->err == TDM_OK;
    return w->err;
}
