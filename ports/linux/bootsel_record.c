/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/bootsel.h"

#include <string.h>

#include "base/sealed.h"

#define RESERVED 12u

static const struct sealed_kind boot_kind = {
    .magic = 0x74426454u, /* "TdBt" */
    .version = 1,
    .length = 32,
};

static tdm_err decode(const uint8_t *bytes, uint32_t room, uint32_t *sequence, struct bootsel *sel)
{
    struct bytes_reader r;
    uint8_t reserved[RESERVED];
    static const uint8_t zeros[RESERVED];

    tdm_err err = sealed_open(&boot_kind, bytes, room, sequence, &r);
    if (err != TDM_OK)
        return err;
    uint8_t next = bytes_get_u8(&r);
    uint8_t is_final = bytes_get_u8(&r);
    sel->starts = bytes_get_u8(&r);
    sel->limit = bytes_get_u8(&r);
    bytes_get(&r, reserved, sizeof reserved);
    if (!r.ok || next >= TDM_HOST_SLOTS || is_final > 1 || memcmp(reserved, zeros, sizeof zeros) != 0)
        return TDM_E_FORMAT;
    sel->next = next == TDM_HOST_A ? TDM_HOST_A : TDM_HOST_B;
    sel->is_final = is_final == 1;
    return TDM_OK;
}

static tdm_err encode(const struct bootsel *sel, uint32_t sequence, uint8_t *out)
{
    struct bytes_writer w = sealed_begin(&boot_kind, sequence, out);

    bytes_put_u8(&w, (uint8_t)sel->next);
    bytes_put_u8(&w, sel->is_final);
    bytes_put_u8(&w, sel->starts);
    bytes_put_u8(&w, sel->limit);
    bytes_put_zeros(&w, RESERVED);
    return sealed_end(&boot_kind, &w);
}

static tdm_err check_boot_record(const uint8_t *bytes, uint32_t room, uint32_t *sequence)
{
    struct bootsel scratch;

    return decode(bytes, room, sequence, &scratch);
}

tdm_err bootsel_record_load(struct bootsel_record *b, struct bootsel *out)
{
    enum tdm_copies_found found = TDM_COPIES_LOST;
    uint32_t sequence;

    tdm_err err = tdm_copies_peek(&b->copies, &found);
    if (err != TDM_OK)
        return err;
    if (found == TDM_COPIES_EMPTY)
        return TDM_E_NOT_FOUND;
    return found == TDM_COPIES_LOST ? TDM_E_CORRUPT : decode(b->buf, sizeof b->buf, &sequence, out);
}

tdm_err bootsel_record_store(struct bootsel_record *b, const struct bootsel *sel)
{
    enum tdm_copies_found found;

    tdm_err err = tdm_copies_load(&b->copies, &found); /* the loader writes it too, so nothing is remembered */
    if (err != TDM_OK)
        return err;
    memset(b->buf, 0xff, sizeof b->buf);
    err = encode(sel, tdm_copies_next_sequence(&b->copies), b->buf);
    return err != TDM_OK ? err : tdm_copies_commit(&b->copies);
}

enum tdm_host_slot bootsel_choice(const struct bootsel *sel)
{
    bool is_used_up = !sel->is_final && sel->limit > 0 && sel->starts >= sel->limit;

    return is_used_up ? tdm_host_other(sel->next) : sel->next;
}

/* ---- as a selector ----------------------------------------------------------------------------------------------- */

static struct bootsel_record *self(struct bootsel_port *port)
{
    return (struct bootsel_record *)(void *)port;
}

/* What a loader makes of a record that is not there: slot A. That is final if no trial was ever armed. */
static tdm_err load_or_default(struct bootsel_port *port, struct bootsel *sel)
{
    tdm_err err = bootsel_record_load(self(port), sel);

    if (err != TDM_E_NOT_FOUND && err != TDM_E_CORRUPT)
        return err;
    *sel = (struct bootsel){.next = TDM_HOST_A, .is_final = err == TDM_E_NOT_FOUND};
    return TDM_OK;
}

/* The loader's limit stays known. */
static tdm_err select_slot(struct bootsel_port *port, enum tdm_host_slot slot, enum tdm_select how)
{
    struct bootsel sel;

    tdm_err err = load_or_default(port, &sel);
    if (err != TDM_OK)
        return err;
    sel.next = slot;
    sel.is_final = how == TDM_SELECT_FINAL;
    sel.starts = 0;
    return bootsel_record_store(self(port), &sel);
}

static const struct bootsel_ops record_ops = {.load = load_or_default, .select = select_slot};

void bootsel_record_init(struct bootsel_record *b, struct tdm_flash *flash)
{
    b->port.ops = &record_ops;
    tdm_copies_init(&b->copies, flash, check_boot_record, b->buf, sizeof b->buf);
}
