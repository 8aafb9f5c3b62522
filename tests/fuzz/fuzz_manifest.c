/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_manifest: what stands behind the version text. One meaning has one encoding: a manifest that is read is written
 * again byte for byte, its cells blank; a signature that is added takes its place and changes nothing that is signed.
 *
 *   sides (1): bit 6 radio parts, bit 7 a host part | key id (1) | the bytes
 */
#include <tandem/manifest.h>

#include "base/semver.h"
#include "fuzz.h"

#define HAS_RADIO 0x40u
#define HAS_HOST  0x80u
#define LEN_MAX   4096u

const char *const fuzz_accepts[] = {"a statement, signed once more", NULL};

static size_t digests_of(uint8_t mode)
{
    return ((mode & HAS_RADIO) != 0 ? 4u : 0u) + ((mode & HAS_HOST) != 0 ? 1u : 0u);
}

static void write_again(const struct manifest *m, const struct manifest_frame *frame)
{
    static uint8_t again[LEN_MAX];
    struct tdm_fault fault;
    size_t len = sizeof again;

    tdm_fault_clear(&fault);
    fuzz_must(manifest_write(m, again, &len, &fault) == TDM_OK && len == frame->len);
    fuzz_must(memcmp(again, frame->bytes, frame->signed_len) == 0);
    for (size_t i = frame->signed_len; i < len; i++)
        fuzz_must(again[i] == 0);
    if (len > 0) {
        len--;
        fuzz_must(manifest_write(m, again, &len, &fault) == TDM_E_NO_ROOM);
    }
}

static bool lies_in(const struct manifest_frame *frame, const void *at, size_t len)
{
    const uint8_t *p = at, *end = frame->bytes + frame->signed_len;

    return p == NULL ? len == 0 : p >= frame->bytes && p <= end && len <= (size_t)(end - p);
}

static void check_fields(const struct manifest *m, const struct manifest_frame *frame, uint8_t mode)
{
    fuzz_must(m->digest_count == frame->digest_count && m->cell_count == frame->cell_count);
    fuzz_must(m->counter <= MANIFEST_COUNTER_MAX && m->issued <= MANIFEST_TIME_MAX && m->expires <= MANIFEST_TIME_MAX);
    fuzz_must(m->expires == 0 || m->expires > m->issued);
    fuzz_must(semver_is_valid(m->pair_version) && strchr(m->compatible, ',') != NULL);
    fuzz_must(((mode & HAS_RADIO) != 0) == (m->radio.family != 0) && ((mode & HAS_HOST) != 0) == (m->host.family != 0));
    fuzz_must(m->radio.revision_min <= m->radio.revision_max && m->host.revision_min <= m->host.revision_max);
    fuzz_must(lies_in(frame, m->label, m->label_len) && lies_in(frame, m->notes_url, m->notes_url_len));
    fuzz_must(lies_in(frame, m->others, m->others_len));
}

/* A cell for a key that no byte of the input named on purpose, with a signature in its one form. */
static bool sign_once_more(const struct manifest_frame *frame, uint8_t key)
{
    struct manifest_cell cell = {.algorithm = MANIFEST_ECDSA_P256_SHA256};
    struct manifest_frame after;
    struct tdm_fault fault;
    uint8_t *bytes = fuzz_copy(frame->bytes, frame->len);

    memset(cell.key_id, key | 1, sizeof cell.key_id);
    memset(cell.signature, 1, sizeof cell.signature);
    tdm_fault_clear(&fault);
    tdm_err err = manifest_add_cell(bytes, frame->len, frame->digest_count, &cell, &fault);
    fuzz_told(err, &fault);
    fuzz_must(memcmp(bytes, frame->bytes, frame->signed_len) == 0);
    if (err == TDM_OK) {
        fuzz_must(manifest_open(bytes, frame->len, frame->digest_count, &after, &fault) == TDM_OK);
        fuzz_must(manifest_check_cells(&after, &fault) == TDM_OK && after.used_cells == frame->used_cells + 1);
        fuzz_must(manifest_add_cell(bytes, frame->len, frame->digest_count, &cell, &fault) == TDM_E_STATE);
    } else {
        fuzz_must(err == TDM_E_STATE && memcmp(bytes, frame->bytes, frame->len) == 0);
    }
    free(bytes);
    return err == TDM_OK;
}

static void read_cells(const struct manifest_frame *frame)
{
    struct manifest_cell cell, before = {.algorithm = 0};

    for (size_t i = 0; i < frame->used_cells; i++, before = cell) {
        manifest_cell_get(frame, i, &cell);
        fuzz_must(i == 0 || memcmp(before.key_id, cell.key_id, sizeof cell.key_id) < 0);
        fuzz_must(cell.algorithm != MANIFEST_ECDSA_P256_SHA256 || cell.signature[32] < 0x80);
    }
}

static void take_apart(const uint8_t *bytes, size_t len, uint8_t mode, uint8_t key)
{
    struct manifest_frame frame;
    struct tdm_fault fault;
    static struct manifest m;
    bool is_signed = false;

    tdm_fault_clear(&fault);
    tdm_err err = manifest_open(bytes, len, digests_of(mode), &frame, &fault);
    fuzz_told(err, &fault);
    if (err != TDM_OK)
        return;
    fuzz_must(frame.cell_count >= 1 && frame.cell_count <= MANIFEST_CELLS_MAX && frame.len == len);
    fuzz_must(frame.signed_len + (size_t)frame.cell_count * MANIFEST_CELL_LEN == len);
    err = manifest_check_cells(&frame, &fault);
    fuzz_told(err, &fault);
    if (err == TDM_OK) {
        fuzz_must(frame.used_cells <= frame.cell_count);
        read_cells(&frame);
        is_signed = sign_once_more(&frame, key);
    }
    tdm_fault_clear(&fault);
    memset(&m, 0, sizeof m);
    err = manifest_read(&frame, (mode & HAS_RADIO) != 0, (mode & HAS_HOST) != 0, &m, &fault);
    fuzz_told(err, &fault);
    if (err != TDM_OK)
        return;
    check_fields(&m, &frame, mode);
    write_again(&m, &frame);
    if (is_signed)
        fuzz_accept(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size - 2 > LEN_MAX || digests_of(data[0]) == 0)
        return 0;
    uint8_t *bytes = fuzz_copy(data + 2, size - 2);
    take_apart(bytes, size - 2, data[0], data[1]);
    free(bytes);
    return 0;
}
