/* SPDX-License-Identifier: Apache-2.0 */
#include "spinel/spinel_link.h"

/* Requests of ours: header, command, property, at most one byte of value. */
#define REQUEST_MAX 8

void spinel_link_start(struct spinel_link *l, uint8_t *buf, size_t cap)
{
    hdlc_decoder_init(&l->decoder, buf, cap);
    l->in_len = l->in_pos = 0;
    l->heard = 0;
    l->bad_frames = 0;
}

static tdm_err port_fault(struct spinel_link *l, tdm_err err)
{
    if (err == TDM_E_TIMEOUT)
        return tdm_fault_set(l->fault, err, "port_stuck", "the serial port takes no bytes", 0);
    if (err == TDM_E_UNREACHABLE)
        return tdm_fault_set(l->fault, err, "port_lost", "the serial port is gone", 0);
    return tdm_fault_set(l->fault, err, "port_io", "the serial port failed", 0);
}

tdm_err spinel_link_send(struct spinel_link *l, const struct spinel_frame *frame)
{
    uint8_t payload[REQUEST_MAX], wire[HDLC_ENCODED_MAX(REQUEST_MAX)];

    size_t len = spinel_frame_encode(payload, sizeof payload, frame);
    if (len == 0)
        return tdm_fault_set(l->fault, TDM_E_BUG, "request_too_long", "request does not fit its buffer", 0);
    len = hdlc_encode(wire, sizeof wire, payload, len);
    tdm_err err = tdm_serial_write(l->serial, wire, len, l->reply_ms);
    return err == TDM_OK ? TDM_OK : port_fault(l, err);
}

/* The next whole frame among the bytes already read. */
static bool decode_frame(struct spinel_link *l, struct spinel_frame *frame)
{
    while (l->in_pos < l->in_len) {
        size_t len = 0;
        if (!hdlc_decoder_push(&l->decoder, l->in[l->in_pos++], &len))
            continue;
        if (spinel_frame_parse(l->decoder.buf, len, frame) == TDM_OK)
            return true;
        l->bad_frames++;
    }
    return false;
}

/* TIMEOUT is the only answer without a fault: what it means is the caller's to say. */
static tdm_err next_frame(struct spinel_link *l, const struct tdm_deadline *deadline, struct spinel_frame *frame)
{
    while (!decode_frame(l, frame)) {
        uint32_t left_ms = tdm_deadline_left_ms(deadline);
        if (left_ms == 0)
            return TDM_E_TIMEOUT;
        l->in_len = l->in_pos = 0;
        tdm_err err = tdm_serial_read(l->serial, l->in, sizeof l->in, left_ms, &l->in_len);
        if (err == TDM_E_TIMEOUT)
            return err;
        if (err != TDM_OK)
            return port_fault(l, err);
        l->heard += l->in_len;
    }
    return TDM_OK;
}

/* Of this question: its last try or one before. A radio that always answers late is heard that way. */
static bool is_of_question(const struct spinel_frame *request, unsigned tries, const struct spinel_frame *frame)
{
    unsigned age = (request->tid + SPINEL_TID_MAX - frame->tid) % SPINEL_TID_MAX;
    return frame->tid != 0 && age < tries && frame->iid == request->iid;
}

static bool answers(struct spinel_link *l, const struct spinel_frame *request, unsigned tries,
                    const struct spinel_frame *frame)
{
    uint32_t status;

    if (!is_of_question(request, tries, frame)) {
        tdm_log_note(l->log, TDM_LOG_DEBUG, "radio: frame nobody asked for, property", frame->property);
        return false;
    }
    if (spinel_frame_status(frame, &status))
        return true;
    if (frame->command == SPINEL_CMD_IS && frame->property == request->property)
        return true;
    l->bad_frames++;
    return false;
}

/* tries: how often the question was asked, this time included. */
static tdm_err try_once(struct spinel_link *l, const struct spinel_frame *request, unsigned tries,
                        struct spinel_frame *reply)
{
    struct tdm_deadline deadline = tdm_deadline_in(l->clock, l->reply_ms);

    tdm_err err = spinel_link_send(l, request);
    while (err == TDM_OK) {
        err = next_frame(l, &deadline, reply);
        if (err == TDM_OK && answers(l, request, tries, reply))
            return TDM_OK;
    }
    return err;
}

/* Silence, boot text and wrong answers have different cures, so they get different names. */
static tdm_err no_reply(struct spinel_link *l)
{
    if (l->heard == 0)
        return tdm_fault_set(l->fault, TDM_E_TIMEOUT, "radio_silent", "the radio does not answer", 0);
    if (l->bad_frames > 0)
        return tdm_fault_set(l->fault, TDM_E_FORMAT, "bad_reply", "the radio's replies do not fit the questions",
                             l->bad_frames);
    return tdm_fault_set(l->fault, TDM_E_TIMEOUT, "radio_noise",
                         "the radio sends bytes, but no answer: other firmware, other speed or a boot loader",
                         l->heard);
}

static tdm_err check_status(struct spinel_link *l, const struct spinel_frame *reply)
{
    uint32_t status;

    if (!spinel_frame_status(reply, &status))
        return TDM_OK;
    return tdm_fault_set(l->fault, TDM_E_PEER, "radio_refused", spinel_status_text(status), status);
}

tdm_err spinel_link_get(struct spinel_link *l, uint32_t property, struct spinel_frame *reply)
{
    for (unsigned i = 1; i <= l->tries; i++) {
        *l->tid = (uint8_t)(*l->tid % SPINEL_TID_MAX + 1);
        struct spinel_frame request = {.tid = *l->tid, .command = SPINEL_CMD_GET, .property = property};
        tdm_err err = try_once(l, &request, i, reply);
        if (err == TDM_OK)
            return check_status(l, reply);
        if (l->fault->err != TDM_OK)
            return err;
    }
    return no_reply(l);
}

bool spinel_link_saw_reset(struct spinel_link *l, uint32_t ms)
{
    struct tdm_deadline deadline = tdm_deadline_in(l->clock, ms);
    struct spinel_frame frame = {.tid = 0};
    uint32_t status = 0;

    while (next_frame(l, &deadline, &frame) == TDM_OK) {
        if (frame.tid != 0 || !spinel_frame_status(&frame, &status) || !spinel_status_is_reset(status))
            continue;
        tdm_log_note(l->log, TDM_LOG_DEBUG, spinel_status_text(status), status);
        return true;
    }
    return false;
}
