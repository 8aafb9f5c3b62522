/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <tandem/esprom.h>

#include "esprom/esprom_boot.h"
#include "esprom/esprom_chip.h"
#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"

#define MD5_MS_PER_MILLION 8000u
#define BAUD_SETTLE_MS     50u
#define BAUD_CHECK_MS      500u
#define BLOCK_UNIT         1024u

void esprom_init(struct esprom *e, const struct esprom_config *cfg)
{
    memset(e, 0, sizeof *e);
    e->cfg = *cfg;
    if (e->cfg.block_size == 0 || e->cfg.block_size > ESPROM_BLOCK_MAX || e->cfg.block_size % BLOCK_UNIT != 0)
        e->cfg.block_size = ESPROM_BLOCK_MAX;
    if (e->cfg.app_baud == 0)
        e->cfg.app_baud = ESPROM_BAUD_START;
    if (e->cfg.hand_ms == 0)
        e->cfg.hand_ms = ESPROM_HAND_MS;
    tdm_fault_clear(&e->fault);
    esprom_link_init(&e->link, cfg->serial, cfg->clock);
}

tdm_err esprom_require(struct esprom *e)
{
    if (e->fault.err != TDM_OK)
        return e->fault.err;
    if (!e->is_connected || e->stream.is_open)
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

/* Before the ROM is told: when it has changed and the port cannot follow, only a reset leads out. */
static tdm_err check_port(struct esprom *e, uint32_t baud)
{
    tdm_err can = tdm_serial_set_baud(e->cfg.serial, baud);
    if (can != TDM_OK && can != TDM_E_UNSUPPORTED)
        return esprom_fail(e, can, "serial_failed", "the serial port failed", 0);
    return esprom_link_set_baud(&e->link, e->link.baud) == TDM_OK ? can : esprom_fail_link(e);
}

/* A lost reply does not matter: the ROM may have changed all the same, and the check decides. */
static tdm_err change_rate(struct esprom *e, uint32_t baud)
{
    const uint32_t words[2] = {esprom_chip_rate(baud, e->rom_mhz, e->crystal_mhz), 0 /* the old rate, to a ROM */};
    const struct esprom_ask ask = {.op = ESPROM_OP_CHANGE_BAUDRATE, .words = words, .word_count = 2, .tries = 1};
    struct esprom_reply reply;

    tdm_err err = esprom_link_ask(&e->link, &ask, &reply);
    if (err == TDM_E_PEER)
        return err;
    if (err != TDM_OK && err != TDM_E_TIMEOUT && err != TDM_E_NOISE)
        return esprom_fail_link(e);
    if (esprom_link_set_baud(&e->link, baud) != TDM_OK)
        return esprom_fail_link(e);
    err = check_rate(e);
    if (err == TDM_E_TIMEOUT || err == TDM_E_NOISE || err == TDM_E_PEER)
        return esprom_fail(e, TDM_E_NOISE, "baud_failed", "no sound reply at the raised speed", baud);
    return err == TDM_OK ? TDM_OK : esprom_fail_link(e);
}

/*
 * Without a fault, and both sides as they were: UNSUPPORTED, the port cannot have this rate; PEER, the ROM refuses it or
 * did not understand.
 */
static tdm_err try_rate(struct esprom *e, uint32_t baud)
{
    tdm_err err = check_port(e, baud);
    return err == TDM_OK ? change_rate(e, baud) : err;
}

/* A rate that failed leaves the ROM at one that nobody knows: only a reset leads out. */
tdm_err esprom_set_speed(struct esprom *e, uint32_t wanted)
{
    tdm_err err = esprom_require(e);

    while (err == TDM_OK && wanted > e->link.baud) {
        err = try_rate(e, wanted);
        bool is_refused = err == TDM_E_PEER || err == TDM_E_UNSUPPORTED;
        bool is_lost = err == TDM_E_NOISE && e->cfg.lines->is_wired;
        if (!is_refused && !is_lost)
            return err;
        tdm_log_note(e->cfg.log, TDM_LOG_INFO, "port, line or loader do not carry this rate:", wanted);
        wanted = esprom_rate_below(wanted);
        err = is_refused ? TDM_OK : esprom_reconnect(e);
    }
    return err;
}

tdm_err esprom_slow_down(struct esprom *e)
{
    uint32_t wanted = esprom_rate_below(e->link.baud);
    tdm_err err = try_rate(e, wanted);

    while (err == TDM_E_UNSUPPORTED && wanted > ESPROM_BAUD_START) {
        wanted = esprom_rate_below(wanted);
        err = try_rate(e, wanted);
    }
    return err;
}

uint32_t esprom_rate_below(uint32_t baud)
{
    static const uint32_t rungs[] = {2000000, 1500000, 921600, 460800, 230400};

    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        if (rungs[i] < baud)
            return rungs[i];
    }
    return ESPROM_BAUD_START;
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

    tdm_err err = esprom_require(e);
    if (err != TDM_OK)
        return err;
    if (esprom_link_ask(&e->link, &ask, &reply) != TDM_OK)
        return esprom_fail_link(e);
    if (!read_hex(out, reply.data))
        return esprom_fail(e, TDM_E_NOISE, "rom_noise", "damaged digest", offset);
    return TDM_OK;
}

/* ---- leave -------------------------------------------------------------------------------------------------------- */

static bool is_in_loader(const struct esprom *e)
{
    enum esprom_boot_kind kind = esprom_boot_judge(e->boot_text);
    return e->is_in_loader || kind == ESPROM_BOOT_LOADER || kind == ESPROM_BOOT_USB_ONLY;
}

/*
 * Only the RESET line leads out of the loader: a reset by software does not sample the strap again. Without lines a radio
 * whose loader nobody started runs on, and needs none.
 */
tdm_err esprom_leave(struct esprom *e)
{
    bool is_wired = e->cfg.lines->is_wired;

    e->is_connected = e->stream.is_open = false;
    e->needs_hand = !is_wired && is_in_loader(e);
    e->is_in_loader = false;
    tdm_err set = esprom_link_set_baud(&e->link, e->cfg.app_baud);
    if (e->needs_hand)
        tdm_log_note(e->cfg.log, TDM_LOG_WARNING, "reset the radio by hand: no lines are wired", 0);
    tdm_err reset = is_wired ? tdm_lines_reset(e->cfg.lines, e->cfg.clock, TDM_BOOT_APP) : TDM_OK;

    if (set != TDM_OK)
        esprom_fail_link(e);
    else if (reset != TDM_OK)
        esprom_fail(e, reset, "lines_failed", "the RESET and BOOT lines could not be driven", 0);
    return set != TDM_OK ? set : reset;
}
