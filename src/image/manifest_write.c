/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "image/manifest_format.h"

#define RADIO_PARTS 4u
#define HOST_PARTS  1u

static tdm_err bad(struct tdm_fault *fault, const char *what, size_t at)
{
    return tdm_fault_set(fault, TDM_E_FORMAT, "bad_manifest", what, at);
}

static void put_fixed(struct bytes_writer *w, const struct manifest *m)
{
    static const uint8_t magic[] = MANIFEST_MAGIC;

    bytes_put(w, magic, sizeof magic);
    bytes_put_le16(w, MANIFEST_FORMAT);
    bytes_put_u8(w, m->cell_count);
    bytes_put_zeros(w, MANIFEST_FIXED_LEN - MANIFEST_AT_RESERVED);
    if (w->ok)
        manifest_store_fields(m, w->data);
}

static void put_extension(struct bytes_writer *w, uint16_t type, const char *text, size_t len)
{
    if (!text)
        return;
    bytes_put_le16(w, type);
    bytes_put_le16(w, (uint16_t)len);
    bytes_put(w, text, len);
}

/* What is read back is checked there; this is what would not be written as it stands in the struct. */
static tdm_err check_writable(const struct manifest *m, struct tdm_fault *fault)
{
    bool has_radio = m->radio.family != 0, has_host = m->host.family != 0;

    if (m->digest_count == 0 || m->digest_count != (has_radio ? RADIO_PARTS : 0) + (has_host ? HOST_PARTS : 0))
        return bad(fault, "digests for other parts than the radio and host blocks speak of", MANIFEST_FIXED_LEN);
    if (m->cell_count == 0 || m->cell_count > MANIFEST_CELLS_MAX)
        return bad(fault, "number of signature cells not from 1 to 8", MANIFEST_AT_CELLS);
    if (m->label_len > UINT16_MAX || m->notes_url_len > UINT16_MAX)
        return bad(fault, "extension of 64 KiB or more", manifest_fixed_and_digests(m->digest_count));
    return TDM_OK;
}

static tdm_err check_written(const struct manifest *m, const uint8_t *bytes, size_t len, struct tdm_fault *fault)
{
    struct manifest_frame frame;
    struct manifest again;

    if (manifest_open(bytes, len, m->digest_count, &frame, fault) != TDM_OK)
        return fault->err;
    return manifest_read(&frame, m->radio.family != 0, m->host.family != 0, &again, fault);
}

tdm_err manifest_write(const struct manifest *m, uint8_t *bytes, size_t *len, struct tdm_fault *fault)
{
    struct bytes_writer w = bytes_writer_on(bytes, *len);

    *len = 0;
    if (check_writable(m, fault) != TDM_OK)
        return fault->err;
    put_fixed(&w, m);
    for (size_t i = 0; i < m->digest_count; i++)
        bytes_put(&w, m->digests[i], MANIFEST_DIGEST_LEN);
    put_extension(&w, MANIFEST_LABEL, m->label, m->label_len);
    put_extension(&w, MANIFEST_NOTES_URL, m->notes_url, m->notes_url_len);
    bytes_put(&w, m->others, m->others_len);
    bytes_put_zeros(&w, (size_t)MANIFEST_CELL_LEN * m->cell_count);
    if (!w.ok)
        return tdm_fault_set(fault, TDM_E_NO_ROOM, "bad_manifest", "manifest larger than the room for it", w.cap);
    if (check_written(m, bytes, w.pos, fault) != TDM_OK)
        return fault->err;
    *len = w.pos;
    return TDM_OK;
}
