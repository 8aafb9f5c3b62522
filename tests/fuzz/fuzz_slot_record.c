/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_slot_record: the record of the pair as it may lie on flash, and the store of its two copies. What is read is written
 * again byte for byte. Looking and loading agree; loading mends the worse copy and loses nothing; a commit is found again.
 *
 *   mode (1): bits 0, 1 copy 0, 1 gets its frame and sum made right; bits 2, 3 blank | sequences (2) | copy 0, copy 1
 */
#include <tandem/slot.h>

#include "fuzz_sealed.h"
#include "slot/slot_record.h"

#define BLOCK       4096u
#define CONTENTS_AT 12u

enum { ONE, STORED };
const char *const fuzz_accepts[] = {[ONE] = "a record", [STORED] = "a store that loads it", NULL};

static void make_copy(uint8_t copy[SLOT_RECORD_ROOM], struct bytes_reader *in, size_t most, uint8_t mode,
                      uint32_t sequence)
{
    size_t len;
    const uint8_t *bytes = fuzz_take(in, most, &len);

    memset(copy, (mode & 1u) != 0 ? 0 : 0xff, SLOT_RECORD_ROOM);
    if (len > 0 && (mode & 4u) == 0)
        memcpy(copy, bytes, len < SLOT_RECORD_ROOM ? len : SLOT_RECORD_ROOM);
    if ((mode & 1u) == 0)
        return;
    bytes_store_le32(copy + FUZZ_SEQUENCE_AT, sequence);
    fuzz_seal(copy, "TdRc", SLOT_RECORD_LEN);
}

static void read_and_write(const uint8_t *copy)
{
    static struct slot_record rec;
    uint8_t again[SLOT_RECORD_LEN];
    uint32_t sequence;

    if (slot_record_read(copy, SLOT_RECORD_ROOM, &rec, &sequence) != TDM_OK)
        return;
    fuzz_must(slot_record_write(&rec, sequence, again) == TDM_OK && memcmp(again, copy, sizeof again) == 0);
    for (int i = 0; i < SLOT_BAD_MAX; i++) {
        const char *reason = slot_record_bad_reason(&rec, rec.bad[i].id);
        fuzz_must((reason == NULL) == slot_id_is_zero(rec.bad[i].id));
    }
    slot_record_add_bad(&rec, rec.host[0].content.id, "fuzzed");
    slot_record_set_result(&rec, SLOT_RESULT_FAILED, &rec.host[0].content, rec.bad[0].reason);
    fuzz_must(slot_record_write(&rec, sequence, again) == TDM_OK);
    fuzz_must(slot_record_read(again, sizeof again, &rec, &sequence) == TDM_OK);
    fuzz_accept(ONE);
}

static void commit(struct slot_store *store, struct slot_record *rec)
{
    static struct slot_record found;
    enum slot_store_state state = SLOT_STORE_LOST;

    slot_record_first(rec, TDM_HOST_B);
    rec->counter_floor = 7;
    fuzz_must(slot_store_commit(store, rec) == TDM_OK && slot_store_peek(store, &found, &state) == TDM_OK);
    fuzz_must(state == SLOT_STORE_OK && found.counter_floor == 7 && found.host[TDM_HOST_B].content.state == SLOT_GOOD);
}

static void use_store(struct fake_flash *flash)
{
    static struct slot_store store;
    static struct slot_record seen, loaded;
    enum slot_store_state seen_state = SLOT_STORE_LOST, state = SLOT_STORE_LOST;

    memset(&seen, 0, sizeof seen);
    memset(&loaded, 0, sizeof loaded);
    slot_store_init(&store, &flash->port);
    tdm_err err = slot_store_peek(&store, &seen, &seen_state);
    fuzz_must(flash->erases == 0 && flash->progs == 0);
    fuzz_must(slot_store_load(&store, &loaded, &state) == err);
    if (err != TDM_OK) {
        fuzz_must(flash->erases == 0 && slot_store_commit(&store, &seen) == TDM_E_STATE);
        return;
    }
    fuzz_must(state == seen_state && memcmp(&seen, &loaded, sizeof seen) == 0);
    if (state == SLOT_STORE_OK) /* both are valid now and of one sequence, which no two commits share */
        fuzz_must(memcmp(flash->durable, flash->durable + BLOCK, CONTENTS_AT) == 0);
    if (state == SLOT_STORE_OK)
        fuzz_accept(STORED);
    /* After the last sequence there is no next one: four billion commits are not expected of any flash. */
    if (tdm_copies_next_sequence(&store.copies) != 0)
        commit(&store, &loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t copies[2][SLOT_RECORD_ROOM];
    struct bytes_reader in = bytes_reader_on(data, size);
    struct fake_flash flash;

    uint8_t mode = bytes_get_u8(&in);
    uint32_t sequences[2] = {bytes_get_u8(&in), bytes_get_u8(&in)};
    size_t half = bytes_left(&in) / 2;
    fake_flash_open(&flash, NULL, 2 * (uint64_t)BLOCK, BLOCK, 256);
    for (unsigned i = 0; i < 2; i++) {
        make_copy(copies[i], &in, i == 0 ? half : SIZE_MAX, (uint8_t)(mode >> i), sequences[i]);
        read_and_write(copies[i]);
        fake_flash_plant(&flash, (uint64_t)i * BLOCK, copies[i], SLOT_RECORD_ROOM);
    }
    use_store(&flash);
    fake_flash_close(&flash);
    return 0;
}
