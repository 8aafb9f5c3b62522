/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/slot.h>

#include <string.h>

#include "slot/slot_record.h"

/* A copy whose fields make no sense is no copy, whatever its CRC says: the other one may be better. */
static tdm_err check_record(const uint8_t *bytes, uint32_t room, uint32_t *sequence)
{
    struct slot_record scratch;

    return slot_record_read(bytes, room, &scratch, sequence);
}

void slot_store_init(struct slot_store *s, struct tdm_flash *flash)
{
    tdm_copies_init(&s->copies, flash, check_record, s->buf, sizeof s->buf);
}

static tdm_err deliver(const struct slot_store *s, enum tdm_copies_found found, struct slot_record *out,
                       enum slot_store_state *state)
{
    static const enum slot_store_state states[] = {
        [TDM_COPIES_OK] = SLOT_STORE_OK, [TDM_COPIES_EMPTY] = SLOT_STORE_EMPTY, [TDM_COPIES_LOST] = SLOT_STORE_LOST};
    uint32_t sequence;

    *state = states[found];
    if (found != TDM_COPIES_OK)
        return TDM_OK;
    return slot_record_read(s->buf, sizeof s->buf, out, &sequence);
}

tdm_err slot_store_load(struct slot_store *s, struct slot_record *out, enum slot_store_state *state)
{
    enum tdm_copies_found found = TDM_COPIES_LOST;

    tdm_err err = tdm_copies_load(&s->copies, &found);
    return err != TDM_OK ? err : deliver(s, found, out, state);
}

tdm_err slot_store_peek(struct slot_store *s, struct slot_record *out, enum slot_store_state *state)
{
    enum tdm_copies_found found = TDM_COPIES_LOST;

    tdm_err err = tdm_copies_peek(&s->copies, &found);
    return err != TDM_OK ? err : deliver(s, found, out, state);
}

tdm_err slot_store_commit(struct slot_store *s, const struct slot_record *rec)
{
    memset(s->buf, 0xff, sizeof s->buf); /* what is over the record's length stays as erased */
    tdm_err err = slot_record_write(rec, tdm_copies_next_sequence(&s->copies), s->buf);
    return err != TDM_OK ? err : tdm_copies_commit(&s->copies);
}
