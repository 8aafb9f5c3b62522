/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_stream.h"

#include <string.h>

#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"
#include "esprom/esprom_recover.h"

#define ERASE_MS_PER_MILLION 40000u
/* Behind one small block may stand a whole buffer of inflated data that is now put on flash. */
#define BLOCK_TIMEOUT_MS 5000u

static const struct stream_ops {
    enum esprom_op begin, data;
} stream_ops[] = {
    [ESPROM_PLAIN] = {ESPROM_OP_FLASH_BEGIN, ESPROM_OP_FLASH_DATA},
    [ESPROM_DEFLATE] = {ESPROM_OP_FLASH_DEFL_BEGIN, ESPROM_OP_FLASH_DEFL_DATA},
};

/*
 * An erase may take minutes. When its answer does not come in that time, SYNC tells whether the loader still lives: only
 * then is the erase asked for again, and none is left behind that would come in the midst of the blocks.
 */
static tdm_err ask_erase(struct esprom *e, const struct esprom_ask *ask)
{
    struct esprom_reply reply;
    bool answers = true;

    tdm_err err = esprom_link_ask(&e->link, ask, &reply);
    for (unsigned i = 1; i < ESPROM_LINK_TRIES && err == TDM_E_TIMEOUT; i++) {
        struct tdm_fault silence = e->link.fault;
        if (esprom_look(e, &answers) != TDM_OK)
            return e->fault.err;
        e->link.fault = silence;
        if (!answers)
            break;
        err = esprom_link_ask(&e->link, ask, &reply);
    }
    return err == TDM_OK ? TDM_OK : esprom_fail_link(e);
}

tdm_err esprom_stream_begin(struct esprom *e, enum esprom_stream kind, uint32_t offset, uint32_t size, uint32_t packed)
{
    uint32_t blocks = (packed + e->cfg.block_size - 1) / e->cfg.block_size;
    const uint32_t words[5] = {size, blocks, e->cfg.block_size, offset, 0 /* plaintext */};
    const struct esprom_ask ask = {.op = stream_ops[kind].begin,
                                   .words = words,
                                   .word_count = 5,
                                   .timeout_ms = esprom_link_time_for(size, ERASE_MS_PER_MILLION),
                                   .ends_in_silence = true};

    tdm_err err = ask_erase(e, &ask);
    if (err != TDM_OK)
        return err;
    e->stream.is_open = true;
    e->stream.is_awaited = false;
    e->stream.kind = kind;
    e->stream.number = e->stream.block_len = 0;
    return TDM_OK;
}

static struct esprom_ask block_ask(struct esprom *e)
{
    return (struct esprom_ask){.op = stream_ops[e->stream.kind].data,
                               .block = e->stream.block,
                               .block_len = (uint16_t)e->stream.block_len,
                               .number = e->stream.number,
                               .timeout_ms = BLOCK_TIMEOUT_MS};
}

static tdm_err block_failed(struct esprom *e, tdm_err err)
{
    if (err == TDM_E_TIMEOUT)
        return esprom_fail(e, err, "block_lost", "no reply to a block", e->stream.number - 1);
    if (err == TDM_E_NOISE)
        return esprom_fail(e, err, "block_damaged", "a block or its reply was damaged on the wire",
                           e->stream.number - 1);
    if (err == TDM_E_PEER)
        return esprom_fail(e, err, "block_refused", e->link.fault.what, e->link.fault.at);
    return esprom_fail_link(e);
}

/* The answer to the block that was sent last, if one is due. */
static tdm_err settle_block(struct esprom *e)
{
    const struct esprom_ask ask = block_ask(e);
    struct esprom_reply reply;

    if (!e->stream.is_awaited)
        return TDM_OK;
    e->stream.is_awaited = false;
    tdm_err err = esprom_link_hear(&e->link, &ask, &reply);
    if (err == TDM_E_TIMEOUT) {
        err = esprom_link_send_again(&e->link);
        if (err == TDM_OK)
            err = esprom_link_hear(&e->link, &ask, &reply);
        bool had_it = err == TDM_E_PEER && e->link.fault.at == ESPROM_REASON_BAD_FORMAT;
        if (had_it)
            err = TDM_OK;
    }
    return err == TDM_OK ? TDM_OK : block_failed(e, err);
}

static tdm_err send_block(struct esprom *e)
{
    tdm_err err = settle_block(e);
    if (err != TDM_OK)
        return err;
    const struct esprom_ask ask = block_ask(e);
    if (esprom_link_send(&e->link, &ask) != TDM_OK)
        return esprom_fail_link(e);
    e->stream.is_awaited = true;
    e->stream.number++;
    e->tally.sent += e->stream.block_len;
    e->stream.block_len = 0;
    return TDM_OK;
}

tdm_err esprom_stream_push(struct esprom *e, const uint8_t *data, size_t len)
{
    tdm_err err = TDM_OK;

    if (!e->stream.is_open)
        return esprom_fail(e, TDM_E_BUG, "wrong_order", "call out of order", 0);
    while (err == TDM_OK && len > 0) {
        size_t room = e->cfg.block_size - e->stream.block_len;
        size_t n = len < room ? len : room;
        memcpy(e->stream.block + e->stream.block_len, data, n);
        e->stream.block_len += (uint32_t)n;
        data += n;
        len -= n;
        if (e->stream.block_len == e->cfg.block_size)
            err = send_block(e);
    }
    return err;
}

tdm_err esprom_stream_end(struct esprom *e)
{
    tdm_err err = e->stream.block_len > 0 ? send_block(e) : TDM_OK;

    if (err == TDM_OK)
        err = settle_block(e);
    e->stream.is_open = false;
    return err;
}
