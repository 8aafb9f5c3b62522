/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <tandem/esprom.h>

#include "base/md5.h"
#include "esprom/esprom_chip.h"
#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"

#define ERASE_MS_PER_MILLION 40000u
#define MD5_MS_PER_MILLION   8000u
#define BAUD_SETTLE_MS       50u
#define BAUD_CHECK_MS        500u
#define PROGRAM_UNIT         4u /* the ROM takes no block that is not a multiple of this */

_Static_assert(sizeof(struct md5) <= sizeof(((struct esprom *)0)->region.digest), "room for the digest under way");

void esprom_init(struct esprom *e, const struct esprom_config *cfg)
{
    memset(e, 0, sizeof *e);
    e->cfg = *cfg;
    if (e->cfg.block_size == 0 || e->cfg.block_size > ESPROM_BLOCK_MAX || e->cfg.block_size % PROGRAM_UNIT != 0)
        e->cfg.block_size = ESPROM_BLOCK_MAX;
    if (e->cfg.app_baud == 0)
        e->cfg.app_baud = ESPROM_BAUD_START;
    tdm_fault_clear(&e->fault);
    esprom_link_init(&e->link, cfg->serial, cfg->clock);
}

static tdm_err require(struct esprom *e, bool is_open)
{
    if (e->fault.err != TDM_OK)
        return e->fault.err;
    if (!e->is_connected || e->region.is_open != is_open)
        return esprom_fail(e, TDM_E_BUG, "wrong_order", "call out of order", 0);
    return TDM_OK;
}

/* ---- rate --------------------------------------------------------------------------------------------------------- */

/* Two stray frame marks follow the change; the quiet time and the dropped input take care of them. */
static tdm_err check_rate(struct esprom *e)
{
    const uint32_t reg = ESPROM_MAGIC_REG;
    const struct esprom_ask ask = {
        .op = ESPROM_OP_READ_REG, .words = &reg, .word_count = 1, .timeout_ms = BAUD_CHECK_MS};
    struct esprom_reply reply;

    tdm_clock_sleep_ms(e->cfg.clock, BAUD_SETTLE_MS);
    return esprom_link_ask(&e->link, &ask, &reply);
}

/* A lost reply does not matter: the ROM may have changed all the same, and the check decides. */
tdm_err esprom_set_baud(struct esprom *e, uint32_t baud)
{
    const uint32_t words[2] = {baud, 0}; /* the old rate; a ROM wants 0 here */
    const struct esprom_ask ask = {.op = ESPROM_OP_CHANGE_BAUDRATE, .words = words, .word_count = 2, .tries = 1};
    struct esprom_reply reply;

    tdm_err err = require(e, false);
    if (err != TDM_OK || baud == e->link.baud)
        return err;
    err = esprom_link_ask(&e->link, &ask, &reply);
    if (err != TDM_OK && err != TDM_E_TIMEOUT && err != TDM_E_NOISE)
        return esprom_fail_link(e);
    if (esprom_link_set_baud(&e->link, baud) != TDM_OK)
        return esprom_fail_link(e);
    err = check_rate(e);
    if (err == TDM_E_TIMEOUT || err == TDM_E_NOISE || err == TDM_E_PEER)
        return esprom_fail(e, TDM_E_NOISE, "baud_failed", "no sound reply at the raised speed", baud);
    return err == TDM_OK ? TDM_OK : esprom_fail_link(e);
}

/* ---- digest ------------------------------------------------------------------------------------------------------- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(uint8_t out[ESPROM_MD5_LEN], const uint8_t *hex)
{
    for (size_t i = 0; i < ESPROM_MD5_LEN; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

tdm_err esprom_region_md5(struct esprom *e, uint32_t offset, uint32_t size, uint8_t out[ESPROM_MD5_LEN])
{
    const uint32_t words[4] = {offset, size, 0, 0};
    const struct esprom_ask ask = {.op = ESPROM_OP_FLASH_MD5,
                                   .words = words,
                                   .word_count = 4,
                                   .expected = ESPROM_MD5_HEX_LEN,
                                   .timeout_ms = esprom_link_time_for(size, MD5_MS_PER_MILLION)};
    struct esprom_reply reply;

    tdm_err err = require(e, false);
    if (err != TDM_OK)
        return err;
    if (esprom_link_ask(&e->link, &ask, &reply) != TDM_OK)
        return esprom_fail_link(e);
    if (!read_hex(out, reply.data))
        return esprom_fail(e, TDM_E_NOISE, "rom_noise", "damaged digest", offset);
    return TDM_OK;
}

static void digest_add(struct esprom *e, const uint8_t *data, size_t len)
{
    struct md5 m;
    memcpy(&m, e->region.digest, sizeof m);
    md5_add(&m, data, len);
    memcpy(e->region.digest, &m, sizeof m);
}

static void digest_begin(struct esprom *e)
{
    struct md5 m;
    md5_begin(&m);
    memcpy(e->region.digest, &m, sizeof m);
}

static void digest_end(const struct esprom *e, uint8_t out[MD5_LEN])
{
    struct md5 m;
    memcpy(&m, e->region.digest, sizeof m);
    md5_end(&m, out);
}

/* ---- regions ------------------------------------------------------------------------------------------------------ */

static uint32_t padded(uint32_t size)
{
    return (size + PROGRAM_UNIT - 1) / PROGRAM_UNIT * PROGRAM_UNIT;
}

/* The ROM accepts a start inside a sector half-heartedly: it reports failure and writes there all the same. */
static tdm_err judge_region(struct esprom *e, uint32_t offset, uint32_t size)
{
    if (offset % ESPROM_SECTOR != 0)
        return esprom_fail(e, TDM_E_BOUNDS, "region_unaligned", "region does not begin at a sector", offset);
    if (size == 0)
        return esprom_fail(e, TDM_E_BOUNDS, "region_empty", "region without bytes", offset);
    if (offset > e->flash_size || size > e->flash_size - offset)
        return esprom_fail(e, TDM_E_NO_ROOM, "region_too_long", "region leaves the radio's flash", e->flash_size);
    return TDM_OK;
}

tdm_err esprom_write_begin(struct esprom *e, uint32_t offset, uint32_t size)
{
    tdm_err err = require(e, false);
    if (err == TDM_OK)
        err = judge_region(e, offset, size);
    if (err != TDM_OK)
        return err;

    uint32_t blocks = (padded(size) + e->cfg.block_size - 1) / e->cfg.block_size;
    const uint32_t words[5] = {padded(size), blocks, e->cfg.block_size, offset, 0 /* plaintext */};
    const struct esprom_ask ask = {.op = ESPROM_OP_FLASH_BEGIN,
                                   .words = words,
                                   .word_count = 5,
                                   .timeout_ms = esprom_link_time_for(padded(size), ERASE_MS_PER_MILLION)};
    struct esprom_reply reply;
    tdm_log_progress(e->cfg.log, TDM_PHASE_FLASH, "erase", 0, size);
    if (esprom_link_ask(&e->link, &ask, &reply) != TDM_OK)
        return esprom_fail_link(e);
    e->region.is_open = true;
    e->region.offset = offset;
    e->region.size = size;
    e->region.taken = e->region.written = e->region.number = e->region.block_len = 0;
    digest_begin(e);
    return TDM_OK;
}

/*
 * A block is sent once. The ROM counts a damaged block as taken and writes nothing, and it refuses a number it has
 * seen; so neither a damaged block nor one whose reply was lost can be put right by sending it again.
 */
static tdm_err block_failed(struct esprom *e, tdm_err err)
{
    uint32_t at = e->region.offset + e->region.written;

    if (err == TDM_E_TIMEOUT)
        return esprom_fail(e, err, "block_lost", "no reply to a block", at);
    if (err == TDM_E_NOISE)
        return esprom_fail(e, err, "block_damaged", "a block or its reply was damaged on the wire", at);
    if (err == TDM_E_PEER)
        return esprom_fail(e, err, "block_refused", e->link.fault.what, at);
    return esprom_fail_link(e);
}

static tdm_err send_block(struct esprom *e)
{
    while (e->region.block_len % PROGRAM_UNIT != 0)
        e->region.block[e->region.block_len++] = 0xff;
    const struct esprom_ask ask = {.op = ESPROM_OP_FLASH_DATA,
                                   .block = e->region.block,
                                   .block_len = (uint16_t)e->region.block_len,
                                   .number = e->region.number,
                                   .tries = 1};
    struct esprom_reply reply;

    digest_add(e, e->region.block, e->region.block_len);
    tdm_err err = esprom_link_ask(&e->link, &ask, &reply);
    if (err != TDM_OK)
        return block_failed(e, err);
    e->region.number++;
    e->region.written += e->region.block_len;
    e->region.block_len = 0;
    uint32_t done = e->region.written < e->region.size ? e->region.written : e->region.size;
    tdm_log_progress(e->cfg.log, TDM_PHASE_FLASH, "write", done, e->region.size);
    return TDM_OK;
}

tdm_err esprom_write_push(struct esprom *e, const uint8_t *data, size_t len)
{
    tdm_err err = require(e, true);
    if (err == TDM_OK && len > e->region.size - e->region.taken)
        err = esprom_fail(e, TDM_E_BOUNDS, "region_overrun", "more bytes than announced", e->region.size);

    while (err == TDM_OK && len > 0) {
        size_t room = e->cfg.block_size - e->region.block_len;
        size_t n = len < room ? len : room;
        memcpy(e->region.block + e->region.block_len, data, n);
        e->region.block_len += (uint32_t)n;
        e->region.taken += (uint32_t)n;
        data += n;
        len -= n;
        if (e->region.block_len == e->cfg.block_size)
            err = send_block(e);
    }
    return err;
}

static tdm_err prove_region(struct esprom *e)
{
    uint8_t meant[MD5_LEN], found[ESPROM_MD5_LEN];

    tdm_log_progress(e->cfg.log, TDM_PHASE_PROVE, "digest", 0, e->region.size);
    tdm_err err = esprom_region_md5(e, e->region.offset, padded(e->region.size), found);
    if (err != TDM_OK)
        return err;
    digest_end(e, meant);
    if (memcmp(meant, found, MD5_LEN) != 0)
        return esprom_fail(e, TDM_E_CORRUPT, "digest_differs", "the flash holds other bytes than were sent",
                           e->region.offset);
    tdm_log_progress(e->cfg.log, TDM_PHASE_PROVE, "digest", e->region.size, e->region.size);
    return TDM_OK;
}

tdm_err esprom_write_end(struct esprom *e)
{
    tdm_err err = require(e, true);
    if (err == TDM_OK && e->region.taken < e->region.size)
        err = esprom_fail(e, TDM_E_TRUNCATED, "region_short", "fewer bytes than announced", e->region.taken);
    if (err == TDM_OK && e->region.block_len > 0)
        err = send_block(e);
    e->region.is_open = false;
    return err == TDM_OK ? prove_region(e) : err;
}

/* ---- leave -------------------------------------------------------------------------------------------------------- */

/* Only the RESET line leads out of the loader: a reset by software does not sample the strap again. */
tdm_err esprom_leave(struct esprom *e)
{
    e->is_connected = e->region.is_open = false;
    e->needs_hand = !e->cfg.lines->is_wired;
    tdm_err set = esprom_link_set_baud(&e->link, e->cfg.app_baud);
    if (e->needs_hand)
        tdm_log_note(e->cfg.log, TDM_LOG_WARNING, "reset the radio by hand: no lines are wired", 0);
    tdm_err reset = e->needs_hand ? TDM_OK : tdm_lines_reset(e->cfg.lines, e->cfg.clock, TDM_BOOT_APP);

    if (set != TDM_OK)
        esprom_fail_link(e);
    else if (reset != TDM_OK)
        esprom_fail(e, reset, "lines_failed", "the RESET and BOOT lines could not be driven", 0);
    return set != TDM_OK ? set : reset;
}
