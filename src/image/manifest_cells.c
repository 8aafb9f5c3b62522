/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/bytes.h"
#include "image/manifest_format.h"

#define NUMBER_LEN 32 /* r, s and n */

/* Order of the curve's base point, and its half rounded down. */
static const uint8_t n[NUMBER_LEN] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
};
static const uint8_t half_n[NUMBER_LEN] = {
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
};

static tdm_err bad(struct tdm_fault *fault, const char *what, size_t at)
{
    return tdm_fault_set(fault, TDM_E_FORMAT, "bad_cells", what, at);
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static bool is_blank(const uint8_t *cell)
{
    return is_zero(cell, MANIFEST_CELL_LEN);
}

/* One cell by itself: blank, or used and in its one form. at: its offset, for the fault. */
static tdm_err check_form(const uint8_t *cell, size_t at, struct tdm_fault *fault)
{
    uint16_t algorithm = bytes_le16(cell + MANIFEST_AT_ALGORITHM);

    if (is_blank(cell))
        return TDM_OK;
    if (is_zero(cell + MANIFEST_AT_KEY_ID, MANIFEST_KEY_ID_LEN))
        return bad(fault, "signature cell without key id that is not blank", at);
    if (algorithm == 0)
        return bad(fault, "signature cell of algorithm 0", at + MANIFEST_AT_ALGORITHM);
    if (!is_zero(cell + MANIFEST_AT_CELL_RESERVED, MANIFEST_AT_R - MANIFEST_AT_CELL_RESERVED))
        return bad(fault, "reserved bytes of a signature cell not zero", at + MANIFEST_AT_CELL_RESERVED);
    if (algorithm != MANIFEST_ECDSA_P256_SHA256)
        return TDM_OK;
    if (is_zero(cell + MANIFEST_AT_R, NUMBER_LEN) || memcmp(cell + MANIFEST_AT_R, n, NUMBER_LEN) >= 0)
        return bad(fault, "signature whose r is out of range", at + MANIFEST_AT_R);
    if (is_zero(cell + MANIFEST_AT_S, NUMBER_LEN) || memcmp(cell + MANIFEST_AT_S, half_n, NUMBER_LEN) > 0)
        return bad(fault, "signature whose s is out of range or not the low one", at + MANIFEST_AT_S);
    return TDM_OK;
}

/* A used cell beside the one before it. */
static tdm_err check_place(const uint8_t *before, const uint8_t *cell, size_t at, struct tdm_fault *fault)
{
    if (is_blank(before))
        return bad(fault, "used signature cell behind a blank one", at);
    if (memcmp(before, cell, MANIFEST_KEY_ID_LEN) >= 0)
        return bad(fault, "signature cells not by rising key id, or two of one key", at);
    return TDM_OK;
}

static const uint8_t *cell_at(const struct manifest_frame *frame, size_t i)
{
    return frame->bytes + frame->signed_len + i * MANIFEST_CELL_LEN;
}

tdm_err manifest_check_cells(struct manifest_frame *frame, struct tdm_fault *fault)
{
    uint8_t used = 0;

    for (size_t i = 0; i < frame->cell_count; i++) {
        const uint8_t *cell = cell_at(frame, i);
        size_t at = frame->signed_len + i * MANIFEST_CELL_LEN;
        if (check_form(cell, at, fault) != TDM_OK)
            return fault->err;
        if (is_blank(cell))
            continue;
        if (i > 0 && check_place(cell_at(frame, i - 1), cell, at, fault) != TDM_OK)
            return fault->err;
        used++;
    }
    frame->used_cells = used;
    return TDM_OK;
}

void manifest_cell_get(const struct manifest_frame *frame, size_t i, struct manifest_cell *cell)
{
    *cell = (struct manifest_cell){0};
    if (i >= frame->used_cells)
        return;
    struct bytes_reader r = bytes_reader_on(cell_at(frame, i), MANIFEST_CELL_LEN);
    bytes_get(&r, cell->key_id, sizeof cell->key_id);
    cell->algorithm = bytes_get_le16(&r);
    bytes_skip(&r, MANIFEST_AT_R - MANIFEST_AT_CELL_RESERVED);
    bytes_get(&r, cell->signature, sizeof cell->signature);
}

/* s above n / 2 becomes n - s. What was out of range stays so: n becomes 0, and more than n wraps to more than n. */
static void make_low(uint8_t *s)
{
    unsigned borrow = 0;

    if (memcmp(s, half_n, NUMBER_LEN) <= 0)
        return;
    for (size_t i = NUMBER_LEN; i-- > 0;) {
        unsigned difference = 0x100u + n[i] - s[i] - borrow;
        s[i] = (uint8_t)difference;
        borrow = difference < 0x100u;
    }
}

static void store_cell(const struct manifest_cell *cell, uint8_t out[MANIFEST_CELL_LEN])
{
    struct bytes_writer w = bytes_writer_on(out, MANIFEST_CELL_LEN);

    bytes_put(&w, cell->key_id, sizeof cell->key_id);
    bytes_put_le16(&w, cell->algorithm);
    bytes_put_zeros(&w, MANIFEST_AT_R - MANIFEST_AT_CELL_RESERVED);
    bytes_put(&w, cell->signature, sizeof cell->signature);
    if (cell->algorithm == MANIFEST_ECDSA_P256_SHA256)
        make_low(out + MANIFEST_AT_S);
}

/* Where among the used cells this key id belongs; *is_there: it stands there already. */
static size_t place_of(const struct manifest_frame *frame, const uint8_t *key_id, bool *is_there)
{
    size_t i = 0;

    while (i < frame->used_cells && memcmp(cell_at(frame, i), key_id, MANIFEST_KEY_ID_LEN) < 0)
        i++;
    *is_there = i < frame->used_cells && memcmp(cell_at(frame, i), key_id, MANIFEST_KEY_ID_LEN) == 0;
    return i;
}

tdm_err manifest_add_cell(uint8_t *bytes, size_t len, size_t digest_count, const struct manifest_cell *cell,
                          struct tdm_fault *fault)
{
    struct manifest_frame frame;
    uint8_t added[MANIFEST_CELL_LEN];
    bool is_there;

    if (manifest_open(bytes, len, digest_count, &frame, fault) != TDM_OK ||
        manifest_check_cells(&frame, fault) != TDM_OK)
        return fault->err;
    store_cell(cell, added);
    size_t place = place_of(&frame, added, &is_there);
    size_t at = frame.signed_len + place * MANIFEST_CELL_LEN;
    if (is_there)
        return tdm_fault_set(fault, TDM_E_STATE, "already_signed", "this key has signed already", at);
    if (frame.used_cells == frame.cell_count)
        return tdm_fault_set(fault, TDM_E_STATE, "no_free_cell", "all signature cells are used", frame.cell_count);
    if (is_blank(added))
        return bad(fault, "blank signature", at);
    if (check_form(added, at, fault) != TDM_OK)
        return fault->err;
    memmove(bytes + at + MANIFEST_CELL_LEN, bytes + at, (frame.used_cells - place) * MANIFEST_CELL_LEN);
    memcpy(bytes + at, added, sizeof added);
    return TDM_OK;
}
