/* SPDX-License-Identifier: Apache-2.0 */
#include "esprom/esprom_link.h"

#include "esprom/esprom_boot.h"
#include "slip/slip.h"

#define WRITE_MARGIN_MS 2000u
#define FOREIGN_MAX     64u /* frames that answer nobody, until it is called noise */
#define QUIET_MS        50u
#define SETTLE_MAX_MS   500u

enum frame_verdict { FRAME_ANSWER, FRAME_DAMAGED, FRAME_FOREIGN };

void esprom_link_init(struct esprom_link *l, struct tdm_serial *serial, struct tdm_clock *clock)
{
    l->serial = serial;
    l->clock = clock;
    l->baud = ESPROM_BAUD_START;
    l->heard = l->disturbances = 0;
    l->text = NULL;
    tdm_fault_clear(&l->fault);
}

static tdm_err port_failed(struct esprom_link *l, tdm_err err)
{
    return tdm_fault_set(&l->fault, err, "serial_failed", "the serial port failed", 0);
}

tdm_err esprom_link_set_baud(struct esprom_link *l, uint32_t baud)
{
    tdm_err err = tdm_serial_set_baud(l->serial, baud);

    tdm_fault_clear(&l->fault);
    if (err != TDM_OK)
        return port_failed(l, err);
    l->baud = baud;
    return TDM_OK;
}

uint32_t esprom_link_time_for(uint32_t bytes, uint32_t ms_per_million)
{
    uint64_t ms = (uint64_t)bytes * ms_per_million / 1000000;

    if (ms < ESPROM_LINK_TIMEOUT_MS)
        return ESPROM_LINK_TIMEOUT_MS;
    return ms < ESPROM_LINK_LONGEST_MS ? (uint32_t)ms : ESPROM_LINK_LONGEST_MS;
}

/* What stands between frames is what the chip prints. */
static bool take_byte(struct esprom_link *l, struct slip_decoder *decoder, uint8_t byte)
{
    if (l->text && !decoder->in_frame && byte != SLIP_END)
        esprom_boot_collect(l->text, ESPROM_BOOT_TEXT_MAX, &byte, 1);
    return slip_decoder_push(decoder, byte);
}

static uint32_t wire_ms(const struct esprom_link *l, size_t len)
{
    return (uint32_t)((uint64_t)len * 10 * 1000 / l->baud) + 1;
}

/* The frame for a command in l->wire; its length. */
static size_t build(struct esprom_link *l, const struct esprom_ask *ask)
{
    uint8_t head[ESPROM_HEAD_LEN + ESPROM_SYNC_LEN];
    size_t len;

    if (ask->block) {
        esprom_request_block_head(head, ask->op, ask->number, ask->block, ask->block_len);
        len = ESPROM_HEAD_LEN + ESPROM_BLOCK_HEAD_LEN;
    } else if (ask->op == ESPROM_OP_SYNC) {
        len = esprom_request_sync(head, sizeof head);
    } else {
        len = esprom_request_words(head, sizeof head, ask->op, ask->words, ask->word_count);
    }
    return len == 0 ? 0 : slip_encode(l->wire, sizeof l->wire, head, len, ask->block, ask->block ? ask->block_len : 0);
}

/*
 * A refusal may bear the opcode of the last command the ROM understood instead of ours; anything else that is not ours
 * is late, or not meant for us.
 */
static enum frame_verdict judge_frame(const uint8_t *frame, size_t len, const struct esprom_ask *ask,
                                      struct esprom_reply *reply)
{
    struct esprom_packet p;

    if (esprom_packet_decode(&p, frame, len) != TDM_OK || p.direction != ESPROM_REPLY)
        return FRAME_FOREIGN;
    bool is_decoded = esprom_reply_decode(reply, frame, len, p.op == ask->op ? ask->expected : 0) == TDM_OK;
    if (p.op == ask->op)
        return is_decoded ? FRAME_ANSWER : FRAME_DAMAGED;
    bool is_refusal = is_decoded && p.len <= ESPROM_STATUS_LEN && reply->is_error;
    return is_refusal && reply->reason == ESPROM_REASON_BAD_FORMAT ? FRAME_ANSWER : FRAME_FOREIGN;
}

static tdm_err await(struct esprom_link *l, const struct esprom_ask *ask, uint32_t timeout_ms,
                     struct esprom_reply *reply)
{
    struct tdm_deadline deadline = tdm_deadline_in(l->clock, timeout_ms);
    struct slip_decoder decoder;
    unsigned foreign = 0;
    uint8_t in[64];
    size_t got;

    slip_decoder_init(&decoder, l->reply, sizeof l->reply);
    while (!tdm_deadline_passed(&deadline)) {
        tdm_err err = tdm_serial_read(l->serial, in, sizeof in, tdm_deadline_left_ms(&deadline), &got);
        if (err == TDM_E_TIMEOUT)
            break;
        if (err != TDM_OK)
            return port_failed(l, err);
        l->heard += got;
        for (size_t i = 0; i < got; i++) {
            if (!take_byte(l, &decoder, in[i]))
                continue;
            enum frame_verdict verdict = judge_frame(decoder.buf, decoder.len, ask, reply);
            if (verdict == FRAME_ANSWER)
                return TDM_OK;
            l->disturbances += verdict == FRAME_FOREIGN;
            if (verdict == FRAME_DAMAGED || ++foreign > FOREIGN_MAX)
                return tdm_fault_set(&l->fault, TDM_E_NOISE, "rom_noise", "damaged reply to a command", ask->op);
        }
    }
    return tdm_fault_set(&l->fault, TDM_E_TIMEOUT, "rom_silent", "no reply to a command", ask->op);
}

/* Only the checksum of a block tells damage for sure. */
static tdm_err refusal(struct esprom_link *l, const struct esprom_reply *reply)
{
    tdm_err err = reply->reason == ESPROM_REASON_CHECKSUM ? TDM_E_NOISE : TDM_E_PEER;
    return tdm_fault_set(&l->fault, err, "rom_refused", esprom_reason_name(reply->reason), reply->reason);
}

static tdm_err put(struct esprom_link *l)
{
    tdm_err err = tdm_serial_write(l->serial, l->wire, l->wire_len, wire_ms(l, l->wire_len) + WRITE_MARGIN_MS);
    return err == TDM_OK ? TDM_OK : port_failed(l, err);
}

tdm_err esprom_link_send_again(struct esprom_link *l)
{
    tdm_fault_clear(&l->fault);
    tdm_err err = tdm_serial_drop_input(l->serial);
    return err == TDM_OK ? put(l) : port_failed(l, err);
}

tdm_err esprom_link_send(struct esprom_link *l, const struct esprom_ask *ask)
{
    tdm_fault_clear(&l->fault);
    l->wire_len = build(l, ask);
    if (l->wire_len == 0)
        return tdm_fault_set(&l->fault, TDM_E_BUG, "command_too_long", "command longer than a frame", ask->op);
    return esprom_link_send_again(l);
}

tdm_err esprom_link_hear(struct esprom_link *l, const struct esprom_ask *ask, struct esprom_reply *reply)
{
    uint32_t own_ms = ask->timeout_ms ? ask->timeout_ms : ESPROM_LINK_TIMEOUT_MS;

    *reply = (struct esprom_reply){.op = 0};
    tdm_err err = await(l, ask, own_ms + wire_ms(l, l->wire_len), reply);
    if (err != TDM_OK)
        return err;
    return reply->is_error ? refusal(l, reply) : TDM_OK;
}

static tdm_err ask_once(struct esprom_link *l, const struct esprom_ask *ask, struct esprom_reply *reply)
{
    tdm_err err = esprom_link_send(l, ask);
    return err == TDM_OK ? esprom_link_hear(l, ask, reply) : err;
}

static bool may_heal(const struct esprom_link *l, const struct esprom_ask *ask)
{
    bool is_misheard = l->fault.err == TDM_E_PEER && l->fault.at == ESPROM_REASON_BAD_FORMAT;
    bool is_silent = l->fault.err == TDM_E_TIMEOUT && !ask->ends_in_silence;
    return is_silent || l->fault.err == TDM_E_NOISE || is_misheard;
}

/* After a repetition two replies may be on their way: the second must not pass for the answer to the next command. */
static tdm_err settle(struct esprom_link *l)
{
    return esprom_link_listen(l, QUIET_MS, SETTLE_MAX_MS, NULL, 0);
}

tdm_err esprom_link_ask(struct esprom_link *l, const struct esprom_ask *ask, struct esprom_reply *reply)
{
    unsigned tries = ask->tries ? ask->tries : ESPROM_LINK_TRIES;
    tdm_err err = ask_once(l, ask, reply);

    for (unsigned i = 1; i < tries && err != TDM_OK && may_heal(l, ask); i++) {
        struct tdm_fault first = l->fault;
        l->disturbances++; /* what comes while it settles is not looked at */
        err = settle(l);
        if (err == TDM_OK)
            err = ask_once(l, ask, reply);
        if (err == TDM_OK)
            err = settle(l);
        else if (l->fault.err == TDM_E_TIMEOUT)
            l->fault = first; /* silence after something better says less */
    }
    return err == TDM_OK ? TDM_OK : l->fault.err;
}

tdm_err esprom_link_sync(struct esprom_link *l, uint32_t timeout_ms, struct esprom_reply *reply)
{
    const struct esprom_ask ask = {.op = ESPROM_OP_SYNC, .timeout_ms = timeout_ms};

    tdm_fault_clear(&l->fault);
    l->wire_len = build(l, &ask);
    tdm_err err = put(l);
    if (err == TDM_OK)
        err = esprom_link_hear(l, &ask, reply);
    return err == TDM_OK ? settle(l) : err;
}

tdm_err esprom_link_listen(struct esprom_link *l, uint32_t quiet_ms, uint32_t longest_ms, char *text, size_t cap)
{
    struct tdm_deadline deadline = tdm_deadline_in(l->clock, longest_ms);
    uint8_t in[64];
    size_t got;

    tdm_fault_clear(&l->fault);
    while (!tdm_deadline_passed(&deadline)) {
        uint32_t left_ms = tdm_deadline_left_ms(&deadline);
        tdm_err err = tdm_serial_read(l->serial, in, sizeof in, left_ms < quiet_ms ? left_ms : quiet_ms, &got);
        if (err == TDM_E_TIMEOUT)
            break;
        if (err != TDM_OK)
            return port_failed(l, err);
        l->heard += got;
        if (text)
            esprom_boot_collect(text, cap, in, got);
    }
    return TDM_OK;
}

tdm_err esprom_link_words(struct esprom_link *l, enum esprom_op op, const uint32_t *words, size_t count)
{
    const struct esprom_ask ask = {.op = op, .words = words, .word_count = count};
    struct esprom_reply reply;
    return esprom_link_ask(l, &ask, &reply);
}

tdm_err esprom_link_read_reg(struct esprom_link *l, uint32_t reg, uint32_t *value)
{
    const struct esprom_ask ask = {.op = ESPROM_OP_READ_REG, .words = &reg, .word_count = 1};
    struct esprom_reply reply = {.op = 0};
    tdm_err err = esprom_link_ask(l, &ask, &reply);
    if (err == TDM_OK)
        *value = reply.value;
    return err;
}

tdm_err esprom_link_write_reg(struct esprom_link *l, uint32_t reg, uint32_t value)
{
    const uint32_t words[4] = {reg, value, 0xffffffffu, 0};
    return esprom_link_words(l, ESPROM_OP_WRITE_REG, words, 4);
}
