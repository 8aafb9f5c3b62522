/* SPDX-License-Identifier: Apache-2.0 */
#include "spinel/spinel_frame.h"

#define HEADER_FLAG  0x80u
#define HEADER_MASK  0xc0u
#define PACKED_BITS  7u
#define PACKED_BYTES 3u
#define PACKED_MORE  0x80u

uint32_t spinel_get_packed(struct bytes_reader *r)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < PACKED_BYTES; i++) {
        uint8_t byte = bytes_get_u8(r);
        value |= (uint32_t)(byte & ~PACKED_MORE) << PACKED_BITS * i;
        if (!(byte & PACKED_MORE))
            return value;
    }
    r->ok = false;
    return 0;
}

void spinel_put_packed(struct bytes_writer *w, uint32_t v)
{
    if (v > SPINEL_PACKED_MAX) {
        w->ok = false;
        return;
    }
    for (; v >= PACKED_MORE; v >>= PACKED_BITS)
        bytes_put_u8(w, (uint8_t)(v | PACKED_MORE));
    bytes_put_u8(w, (uint8_t)v);
}

static bool has_property(uint32_t command)
{
    return command >= SPINEL_CMD_GET && command <= SPINEL_CMD_REMOVED;
}

tdm_err spinel_frame_parse(const uint8_t *data, size_t len, struct spinel_frame *out)
{
    struct bytes_reader r = bytes_reader_on(data, len);
    uint8_t header = bytes_get_u8(&r);

    *out = (struct spinel_frame){.iid = header >> 4 & 3, .tid = header & SPINEL_TID_MAX};
    out->command = spinel_get_packed(&r);
    if (has_property(out->command))
        out->property = spinel_get_packed(&r);
    if (!r.ok || (header & HEADER_MASK) != HEADER_FLAG)
        return TDM_E_FORMAT;
    out->value = data + r.pos;
    out->value_len = bytes_left(&r);
    return TDM_OK;
}

size_t spinel_frame_encode(uint8_t *out, size_t cap, const struct spinel_frame *f)
{
    struct bytes_writer w = bytes_writer_on(out, cap);

    if (f->iid > 3 || f->tid > SPINEL_TID_MAX)
        return 0;
    bytes_put_u8(&w, (uint8_t)(HEADER_FLAG | (unsigned)f->iid << 4 | f->tid));
    spinel_put_packed(&w, f->command);
    if (has_property(f->command))
        spinel_put_packed(&w, f->property);
    bytes_put(&w, f->value, f->value_len);
    return w.ok ? w.pos : 0;
}

bool spinel_frame_status(const struct spinel_frame *f, uint32_t *status)
{
    struct bytes_reader r = bytes_reader_on(f->value, f->value_len);

    if (f->command != SPINEL_CMD_IS || f->property != SPINEL_PROP_LAST_STATUS)
        return false;
    *status = spinel_get_packed(&r);
    return r.ok && bytes_left(&r) == 0;
}

bool spinel_status_is_reset(uint32_t status)
{
    return status >= SPINEL_STATUS_RESET_FIRST && status <= SPINEL_STATUS_RESET_LAST;
}

const char *spinel_status_text(uint32_t status)
{
    static const char *const errors[] = {
        "done",
        "failed",
        "not implemented",
        "invalid argument",
        "invalid state",
        "command not known",
        "interface not known",
        "internal error",
        "security error",
        "request not understood",
        "still in progress",
        "out of memory",
        "busy",
        "property not known",
        "packet dropped",
        "empty",
        "command too big",
        "no acknowledgement",
        "channel not clear",
        "already so",
        "item not found",
        "command not for this property",
    };
    static const char *const resets[] = {
        "reset: power on", "reset: by its pin", "reset: by software",   "reset: fault",       "reset: crash",
        "reset: assert",   "reset: other",      "reset: cause unknown", "reset: by watchdog",
    };

    if (status < sizeof errors / sizeof errors[0])
        return errors[status];
    if (!spinel_status_is_reset(status))
        return "status without a name";
    uint32_t cause = status - SPINEL_STATUS_RESET_FIRST;
    return cause < sizeof resets / sizeof resets[0] ? resets[cause] : "reset: cause without a name";
}
