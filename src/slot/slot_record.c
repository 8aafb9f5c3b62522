/* SPDX-License-Identifier: Apache-2.0 */
#include "slot/slot_record.h"

#include <string.h>

#include "base/sealed.h"

static const struct sealed_kind record_kind = {
    .magic = 0x63526454u, /* "TdRc" */
    .version = 1,
    .length = SLOT_RECORD_LEN,
};

/* ---- to bytes ---------------------------------------------------------------------------------------------------- */

/* The text, and zeros to the end of its field; what memory holds after the NUL stays in memory. */
static void put_text(struct bytes_writer *w, const char *text, size_t cap)
{
    size_t len = 0;

    while (len < cap - 1 && text[len] != '\0')
        len++;
    bytes_put(w, text, len);
    bytes_put_zeros(w, cap - len);
}

static void put_content(struct bytes_writer *w, const struct slot_content *c)
{
    bytes_put_u8(w, c->state);
    bytes_put(w, c->id, SLOT_ID_LEN);
    put_text(w, c->version, sizeof c->version);
    bytes_put_le32(w, c->counter);
    bytes_put_le64(w, c->issued);
    bytes_put_le64(w, c->length);
    bytes_put(w, c->digest, SLOT_ID_LEN);
    bytes_put_u8(w, c->is_signed);
}

static void put_slots(struct bytes_writer *w, const struct slot_record *rec)
{
    for (int i = 0; i < TDM_HOST_SLOTS; i++) {
        const struct slot_host_row *row = &rec->host[i];
        put_content(w, &row->content);
        bytes_put_u8(w, row->rcp);
        bytes_put_u8(w, row->is_mixed);
        put_text(w, row->pair_version, sizeof row->pair_version);
        bytes_put_le16(w, row->api);
        bytes_put_le16(w, row->least_radio_api);
    }
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        put_content(w, &rec->rcp[i]);
}

static void put_trial_and_radio(struct bytes_writer *w, const struct slot_record *rec)
{
    bytes_put_u8(w, rec->trial.kind);
    bytes_put_u8(w, rec->trial.to);
    bytes_put_u8(w, rec->trial.tries);
    bytes_put_u8(w, rec->trial.is_paid);
    bytes_put_u8(w, rec->trial.is_back);
    bytes_put_u8(w, rec->back.host);
    bytes_put_u8(w, rec->back.rcp);
    bytes_put_u8(w, rec->back.is_mixed);
    put_text(w, rec->back.pair_version, sizeof rec->back.pair_version);
    bytes_put_u8(w, rec->radio.is_known);
    bytes_put(w, rec->radio.holds, SLOT_ID_LEN);
    bytes_put_u8(w, rec->radio.begun);
    bytes_put_u8(w, rec->radio.failed);
    bytes_put_le16(w, rec->radio.chip);
    bytes_put_le16(w, rec->radio.revision);
    bytes_put_le32(w, rec->radio.flash_size);
    bytes_put_le32(w, rec->radio.text_crc);
    bytes_put_le16(w, rec->radio.api);
    bytes_put_le16(w, rec->radio.least_host_api);
    bytes_put_le32(w, rec->radio.baud);
}

static void put_memory(struct bytes_writer *w, const struct slot_record *rec)
{
    bytes_put_le32(w, rec->counter_floor);
    bytes_put_le64(w, rec->time_floor);
    for (int i = 0; i < SLOT_BAD_MAX; i++) {
        bytes_put(w, rec->bad[i].id, SLOT_ID_LEN);
        put_text(w, rec->bad[i].reason, sizeof rec->bad[i].reason);
    }
    bytes_put_le32(w, rec->result.number);
    bytes_put_u8(w, rec->result.code);
    put_text(w, rec->result.reason, sizeof rec->result.reason);
    bytes_put(w, rec->result.id, SLOT_ID_LEN);
    put_text(w, rec->result.version, sizeof rec->result.version);
    bytes_put_u8(w, rec->update.code);
    put_text(w, rec->update.reason, sizeof rec->update.reason);
}

static void put_front(struct bytes_writer *w, const struct slot_front *f)
{
    bytes_put_le64(w, f->expires);
    put_text(w, f->compatible, sizeof f->compatible);
    bytes_put_le16(w, f->family);
    bytes_put_le16(w, f->chip);
    bytes_put_le16(w, f->revision_min);
    bytes_put_le16(w, f->revision_max);
    bytes_put(w, f->signers, sizeof f->signers);
}

tdm_err slot_record_write(const struct slot_record *rec, uint32_t sequence, uint8_t *out)
{
    struct bytes_writer w = sealed_begin(&record_kind, sequence, out);

    put_slots(&w, rec);
    put_trial_and_radio(&w, rec);
    put_memory(&w, rec);
    put_front(&w, &rec->front);
    return sealed_end(&record_kind, &w);
}

/* ---- from bytes -------------------------------------------------------------------------------------------------- */

/* One byte of at most max, or `also`. Anything else clears ok, as a read past the end does. */
static uint8_t get_choice(struct bytes_reader *r, uint8_t max, uint8_t also)
{
    uint8_t v = bytes_get_u8(r);

    if (v > max && v != also)
        r->ok = false;
    return v;
}

static uint8_t get_enum(struct bytes_reader *r, uint8_t count)
{
    return get_choice(r, (uint8_t)(count - 1), 0);
}

static bool get_bool(struct bytes_reader *r)
{
    return get_enum(r, 2) == 1;
}

static void get_text(struct bytes_reader *r, char *text, size_t cap)
{
    bytes_get(r, text, cap);
    const char *nul = memchr(text, '\0', cap);
    if (nul == NULL)
        r->ok = false;
    for (; nul != NULL && nul < text + cap; nul++)
        if (*nul != '\0')
            r->ok = false;
}

static void get_content(struct bytes_reader *r, struct slot_content *c)
{
    c->state = get_enum(r, SLOT_STATE_COUNT);
    bytes_get(r, c->id, SLOT_ID_LEN);
    get_text(r, c->version, sizeof c->version);
    c->counter = bytes_get_le32(r);
    c->issued = bytes_get_le64(r);
    c->length = bytes_get_le64(r);
    bytes_get(r, c->digest, SLOT_ID_LEN);
    c->is_signed = get_bool(r);
}

static void get_slots(struct bytes_reader *r, struct slot_record *rec)
{
    for (int i = 0; i < TDM_HOST_SLOTS; i++) {
        struct slot_host_row *row = &rec->host[i];
        get_content(r, &row->content);
        row->rcp = get_choice(r, SLOT_R1, SLOT_RCP_NONE);
        row->is_mixed = get_bool(r);
        get_text(r, row->pair_version, sizeof row->pair_version);
        row->api = bytes_get_le16(r);
        row->least_radio_api = bytes_get_le16(r);
    }
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        get_content(r, &rec->rcp[i]);
}

static void get_trial_and_radio(struct bytes_reader *r, struct slot_record *rec)
{
    rec->trial.kind = get_enum(r, SLOT_TRIAL_RADIO + 1);
    rec->trial.to = get_enum(r, TDM_HOST_SLOTS);
    rec->trial.tries = bytes_get_u8(r);
    rec->trial.is_paid = get_bool(r);
    rec->trial.is_back = get_bool(r);
    rec->back.host = get_choice(r, TDM_HOST_B, SLOT_HOST_NONE);
    rec->back.rcp = get_choice(r, SLOT_R1, SLOT_RCP_NONE);
    rec->back.is_mixed = get_bool(r);
    get_text(r, rec->back.pair_version, sizeof rec->back.pair_version);
    rec->radio.is_known = get_bool(r);
    bytes_get(r, rec->radio.holds, SLOT_ID_LEN);
    rec->radio.begun = bytes_get_u8(r);
    rec->radio.failed = bytes_get_u8(r);
    rec->radio.chip = bytes_get_le16(r);
    rec->radio.revision = bytes_get_le16(r);
    rec->radio.flash_size = bytes_get_le32(r);
    rec->radio.text_crc = bytes_get_le32(r);
    rec->radio.api = bytes_get_le16(r);
    rec->radio.least_host_api = bytes_get_le16(r);
    rec->radio.baud = bytes_get_le32(r);
}

static void get_memory(struct bytes_reader *r, struct slot_record *rec)
{
    rec->counter_floor = bytes_get_le32(r);
    rec->time_floor = bytes_get_le64(r);
    for (int i = 0; i < SLOT_BAD_MAX; i++) {
        bytes_get(r, rec->bad[i].id, SLOT_ID_LEN);
        get_text(r, rec->bad[i].reason, sizeof rec->bad[i].reason);
    }
    rec->result.number = bytes_get_le32(r);
    rec->result.code = get_enum(r, SLOT_RESULT_COUNT);
    get_text(r, rec->result.reason, sizeof rec->result.reason);
    bytes_get(r, rec->result.id, SLOT_ID_LEN);
    get_text(r, rec->result.version, sizeof rec->result.version);
    rec->update.code = get_enum(r, SLOT_RESULT_CANCELLED + 1);
    get_text(r, rec->update.reason, sizeof rec->update.reason);
}

/* Each key once, by rising ids, and nothing behind the last. */
static bool has_rising_signers(const struct slot_front *f)
{
    static const uint8_t none[SLOT_KEY_ID_LEN];

    for (int i = 1; i < SLOT_SIGNERS_MAX; i++) {
        bool is_last = memcmp(f->signers[i], none, sizeof none) == 0;
        bool is_over = memcmp(f->signers[i - 1], none, sizeof none) == 0;
        if (!is_last && (is_over || memcmp(f->signers[i - 1], f->signers[i], sizeof none) >= 0))
            return false;
    }
    return true;
}

static void get_front(struct bytes_reader *r, struct slot_front *f)
{
    f->expires = bytes_get_le64(r);
    get_text(r, f->compatible, sizeof f->compatible);
    f->family = bytes_get_le16(r);
    f->chip = bytes_get_le16(r);
    f->revision_min = bytes_get_le16(r);
    f->revision_max = bytes_get_le16(r);
    bytes_get(r, f->signers, sizeof f->signers);
    if (!has_rising_signers(f))
        r->ok = false;
}

tdm_err slot_record_read(const uint8_t *bytes, uint32_t room, struct slot_record *rec, uint32_t *sequence)
{
    struct bytes_reader r;

    tdm_err err = sealed_open(&record_kind, bytes, room, sequence, &r);
    if (err != TDM_OK)
        return err;
    get_slots(&r, rec);
    get_trial_and_radio(&r, rec);
    get_memory(&r, rec);
    get_front(&r, &rec->front);
    return r.ok && bytes_left(&r) == 0 ? TDM_OK : TDM_E_FORMAT;
}
