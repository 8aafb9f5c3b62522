/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sealed.h"

#include "base/crc.h"

#define CRC_LEN 4u

struct bytes_writer sealed_begin(const struct sealed_kind *kind, uint32_t sequence, uint8_t *out)
{
    struct bytes_writer w = bytes_writer_on(out, kind->length);

    bytes_put_le32(&w, kind->magic);
    bytes_put_le16(&w, kind->version);
    bytes_put_le16(&w, kind->length);
    bytes_put_le32(&w, sequence);
    return w;
}

tdm_err sealed_end(const struct sealed_kind *kind, struct bytes_writer *w)
{
    if (!w->ok || w->pos != kind->length - CRC_LEN)
        return TDM_E_BUG;
    bytes_put_le32(w, crc32_add(CRC32_START, w->data, w->pos));
    return w->ok ? TDM_OK : TDM_E_BUG;
}

tdm_err sealed_open(const struct sealed_kind *kind, const uint8_t *bytes, uint32_t room, uint32_t *sequence,
                    struct bytes_reader *contents)
{
    struct bytes_reader r = bytes_reader_on(bytes, room);
    uint32_t magic = bytes_get_le32(&r);
    uint16_t version = bytes_get_le16(&r);
    uint16_t length = bytes_get_le16(&r);
    uint32_t seq = bytes_get_le32(&r);

    if (!r.ok || magic != kind->magic || length < SEALED_EXTRA || length > room)
        return TDM_E_FORMAT;
    if (bytes_le32(bytes + length - CRC_LEN) != crc32_add(CRC32_START, bytes, length - CRC_LEN))
        return TDM_E_CORRUPT;
    if (version > kind->version)
        return TDM_E_TOO_NEW;
    if (version != kind->version || length != kind->length)
        return TDM_E_FORMAT;
    *sequence = seq;
    *contents = bytes_reader_on(bytes + SEALED_HEADER, length - SEALED_EXTRA);
    return TDM_OK;
}
