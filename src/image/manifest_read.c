/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "image/manifest_format.h"

static tdm_err bad(struct tdm_fault *fault, const char *what, size_t at)
{
    return tdm_fault_set(fault, TDM_E_FORMAT, "bad_manifest", what, at);
}

size_t manifest_fixed_and_digests(size_t digest_count)
{
    return MANIFEST_FIXED_LEN + MANIFEST_DIGEST_LEN * digest_count;
}

/* Check M1. */
static tdm_err check_format(const uint8_t *bytes, struct tdm_fault *fault)
{
    static const uint8_t magic[] = MANIFEST_MAGIC;
    uint16_t format = bytes_le16(bytes + MANIFEST_AT_FORMAT);

    if (memcmp(bytes, magic, sizeof magic) != 0)
        return bad(fault, "what stands behind the version text is no manifest", MANIFEST_AT_MAGIC);
    if (format > MANIFEST_FORMAT)
        return tdm_fault_set(fault, TDM_E_TOO_NEW, "too_new", "manifest of a later format", MANIFEST_AT_FORMAT);
    return format == MANIFEST_FORMAT ? TDM_OK : bad(fault, "manifest of format 0", MANIFEST_AT_FORMAT);
}

tdm_err manifest_open(const uint8_t *bytes, size_t len, size_t digest_count, struct manifest_frame *frame,
                      struct tdm_fault *fault)
{
    *frame = (struct manifest_frame){0};
    if (digest_count == 0 || digest_count > MANIFEST_DIGESTS_MAX)
        return tdm_fault_set(fault, TDM_E_BUG, "bad_manifest", "manifest of an impossible number of parts", 0);
    size_t least = manifest_fixed_and_digests(digest_count);
    if (len < least + MANIFEST_CELL_LEN)
        return bad(fault, "too few bytes behind the version text for a manifest", 0);
    if (check_format(bytes, fault) != TDM_OK)
        return fault->err;

    uint8_t cells = bytes[MANIFEST_AT_CELLS];
    if (bytes[MANIFEST_AT_RESERVED] != 0)
        return bad(fault, "reserved byte not zero", MANIFEST_AT_RESERVED);
    if (cells == 0 || cells > MANIFEST_CELLS_MAX)
        return bad(fault, "number of signature cells not from 1 to 8", MANIFEST_AT_CELLS);
    if (len - least < (size_t)MANIFEST_CELL_LEN * cells)
        return bad(fault, "more signature cells than there is room for", MANIFEST_AT_CELLS);

    frame->bytes = bytes;
    frame->len = len;
    frame->signed_len = len - (size_t)MANIFEST_CELL_LEN * cells;
    frame->digest_count = digest_count;
    frame->cell_count = cells;
    return TDM_OK;
}

static void load_digests(const struct manifest_frame *frame, struct manifest *m)
{
    m->digest_count = frame->digest_count;
    for (size_t i = 0; i < frame->digest_count; i++)
        memcpy(m->digests[i], frame->bytes + manifest_fixed_and_digests(i), MANIFEST_DIGEST_LEN);
}

/* An extension whose head and value lie within the bytes given. The known ones are 1 and 2, so the others are a tail. */
static void take_extension(struct manifest *m, uint16_t type, const uint8_t *head, size_t len)
{
    const uint8_t *value = head + MANIFEST_EXTENSION_HEAD;

    switch (type) {
    case MANIFEST_LABEL:
        m->label = (const char *)value;
        m->label_len = len;
        break;
    case MANIFEST_NOTES_URL:
        m->notes_url = (const char *)value;
        m->notes_url_len = len;
        break;
    default:
        m->others = m->others ? m->others : head;
        m->others_len += MANIFEST_EXTENSION_HEAD + len;
    }
}

/* Check F5. */
static tdm_err read_extensions(const struct manifest_frame *frame, struct manifest *m, struct tdm_fault *fault)
{
    size_t begin = manifest_fixed_and_digests(frame->digest_count);
    struct bytes_reader r = bytes_reader_on(frame->bytes + begin, frame->signed_len - begin);
    uint16_t before = 0;

    while (bytes_left(&r) > 0) {
        size_t at = begin + r.pos;
        uint16_t type = bytes_get_le16(&r), len = bytes_get_le16(&r);
        bytes_skip(&r, len);
        if (!r.ok)
            return bad(fault, "extension longer than the room for it", at);
        if (type <= before)
            return bad(fault, "types of the extensions do not rise from 1", at);
        if (type & MANIFEST_CRITICAL)
            return tdm_fault_set(fault, TDM_E_TOO_NEW, "too_new", "critical extension of a later format", at);
        take_extension(m, type, frame->bytes + at, len);
        before = type;
    }
    return TDM_OK;
}

tdm_err manifest_read(const struct manifest_frame *frame, bool has_radio, bool has_host, struct manifest *m,
                      struct tdm_fault *fault)
{
    *m = (struct manifest){.cell_count = frame->cell_count};
    manifest_load_fields(frame->bytes, m);
    load_digests(frame, m);
    if (manifest_check_fields(m, has_radio, has_host, fault) != TDM_OK)
        return fault->err;
    return read_extensions(frame, m, fault);
}
