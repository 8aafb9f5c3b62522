/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_manifest_write: the other way round than fuzz_manifest, from a struct that the bytes fill, and 8 cells.
 *
 * What is written says when it is read what the struct said, and is written again byte for byte. Cells that were taken
 * lie in order; put into the blank ones from the last to the first they give the same bytes once more.
 */
#include <tandem/manifest.h>

#include "fuzz.h"

#define ROOM       6000
#define CELL_INPUT (MANIFEST_KEY_ID_LEN + 1 + 64) /* bytes that fill_cell() takes */

const char *const fuzz_accepts[] = {"a statement with all its cells", NULL};

static void fill_cell(struct bytes_reader *in, struct manifest_cell *cell)
{
    bytes_get(in, cell->key_id, sizeof cell->key_id);
    cell->algorithm = bytes_get_u8(in) % 3;
    bytes_get(in, cell->signature, sizeof cell->signature);
}

static void put_cells_back(const struct manifest_frame *frame, uint8_t *bytes)
{
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    for (size_t i = frame->used_cells; i-- > 0;) {
        struct manifest_cell cell;
        manifest_cell_get(frame, i, &cell);
        fuzz_must(manifest_add_cell(bytes, frame->len, frame->digest_count, &cell, &fault) == TDM_OK);
    }
}

static void write_again(const struct manifest *m, const struct manifest_frame *frame)
{
    struct tdm_fault fault;
    size_t len = frame->len;
    uint8_t *bytes = malloc(len);

    fuzz_must(bytes != NULL);
    tdm_fault_clear(&fault);
    fuzz_must(manifest_write(m, bytes, &len, &fault) == TDM_OK && len == frame->len);
    fuzz_must(memcmp(bytes, frame->bytes, frame->signed_len) == 0);
    put_cells_back(frame, bytes);
    fuzz_must(memcmp(bytes, frame->bytes, len) == 0);
    free(bytes);
}

static void fill_side(struct bytes_reader *in, struct manifest_side *s)
{
    s->family = bytes_get_u8(in) % 4;
    s->chip = bytes_get_le16(in);
    s->revision_min = bytes_get_le16(in);
    s->revision_max = bytes_get_le16(in);
    s->api = bytes_get_le16(in);
    s->least_api = bytes_get_le16(in);
}

static void fill(struct bytes_reader *in, struct manifest *m)
{
    *m = (struct manifest){.cell_count = bytes_get_u8(in)};
    m->issued = bytes_get_le64(in);
    m->expires = bytes_get_le64(in);
    m->counter = bytes_get_le32(in);
    m->least_flash = bytes_get_le32(in);
    bytes_get(in, m->pair_version, sizeof m->pair_version);
    bytes_get(in, m->compatible, sizeof m->compatible);
    fill_side(in, &m->radio);
    fill_side(in, &m->host);
    m->digest_count = bytes_get_u8(in) % 8;
    bytes_get(in, m->digests, sizeof m->digests);
    m->label = (const char *)fuzz_take(in, bytes_get_u8(in), &m->label_len);
    m->notes_url = (const char *)fuzz_take(in, bytes_get_u8(in), &m->notes_url_len);
    m->others = fuzz_rest(in, &m->others_len);
}

static void sign(struct bytes_reader *in, const struct manifest *m, uint8_t *bytes, size_t len)
{
    struct manifest_frame frame;
    struct manifest_cell cell;
    struct tdm_fault fault;
    uint8_t used = 0;

    for (int i = 0; i < MANIFEST_CELLS_MAX; i++) {
        fill_cell(in, &cell);
        tdm_fault_clear(&fault);
        tdm_err err = manifest_add_cell(bytes, len, m->digest_count, &cell, &fault);
        fuzz_told(err, &fault);
        used = (uint8_t)(used + (err == TDM_OK));
    }
    tdm_fault_clear(&fault);
    fuzz_must(manifest_open(bytes, len, m->digest_count, &frame, &fault) == TDM_OK);
    fuzz_must(manifest_check_cells(&frame, &fault) == TDM_OK && frame.used_cells == used);
    write_again(m, &frame);
    if (used == MANIFEST_CELLS_MAX)
        fuzz_accept(0);
}

static void check_read(const struct manifest *m, const struct manifest *read)
{
    fuzz_must(read->counter == m->counter && read->issued == m->issued && read->expires == m->expires);
    fuzz_must(read->least_flash == m->least_flash && read->cell_count == m->cell_count);
    fuzz_must(memcmp(&read->radio, &m->radio, sizeof m->radio) == 0 &&
              memcmp(&read->host, &m->host, sizeof m->host) == 0);
    fuzz_must(strcmp(read->pair_version, m->pair_version) == 0 && strcmp(read->compatible, m->compatible) == 0);
    fuzz_must(memcmp(read->digests, m->digests, m->digest_count * sizeof m->digests[0]) == 0);
    fuzz_must(read->label_len == m->label_len && memcmp(read->label, m->label, m->label_len) == 0);
    fuzz_must(read->notes_url_len == m->notes_url_len && read->others_len == m->others_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[ROOM];
    struct bytes_reader in = bytes_reader_on(data, size), cells;
    struct manifest_frame frame;
    struct manifest m, read;
    struct tdm_fault fault;
    size_t len = sizeof bytes;

    tdm_fault_clear(&fault);
    cells = in;
    bytes_skip(&in, MANIFEST_CELLS_MAX * CELL_INPUT);
    if (!in.ok)
        return 0;
    fill(&in, &m);
    tdm_err err = manifest_write(&m, bytes, &len, &fault);
    fuzz_told(err, &fault);
    fuzz_must(err == TDM_OK || len == 0);
    if (err != TDM_OK)
        return 0;
    fuzz_must(manifest_open(bytes, len, m.digest_count, &frame, &fault) == TDM_OK);
    fuzz_must(manifest_check_cells(&frame, &fault) == TDM_OK && frame.used_cells == 0);
    fuzz_must(manifest_read(&frame, m.radio.family != 0, m.host.family != 0, &read, &fault) == TDM_OK);
    check_read(&m, &read);
    write_again(&m, &frame);
    sign(&cells, &m, bytes, len);
    return 0;
}
