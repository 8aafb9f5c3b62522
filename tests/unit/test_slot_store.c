/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two copies of the record: what a load makes of every kind of damage, and what a power cut at every operation leaves,
 * with every tear, every fate of unsynced operations, and a second cut during the load that repairs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/slot.h>

#include "base/bytes.h"
#include "base/crc.h"
#include "slot/slot_record.h"
#include "support/fake_flash.h"

#define BLOCK 4096u
#define SIZE  (2 * BLOCK)

/* Records that differ in every byte of an id, so that a mixture of two shows. */
static struct slot_record record_number(uint8_t n)
{
    struct slot_record rec;

    slot_record_first(&rec, TDM_HOST_A);
    memset(rec.host[0].content.id, n, SLOT_ID_LEN);
    memset(rec.bad[SLOT_BAD_MAX - 1].id, n, SLOT_ID_LEN);
    slot_text_set(rec.result.reason, sizeof rec.result.reason, "numbered");
    rec.counter_floor = n;
    return rec;
}

/* The number of a record, checked to be whole. */
static int number_of(const struct slot_record *rec)
{
    struct slot_record want = record_number((uint8_t)rec->counter_floor);
    uint8_t a[SLOT_RECORD_LEN], b[SLOT_RECORD_LEN];

    assert_int_equal(slot_record_write(rec, 1, a), TDM_OK);
    assert_int_equal(slot_record_write(&want, 1, b), TDM_OK);
    assert_memory_equal(a, b, sizeof a);
    return (int)rec->counter_floor;
}

struct world {
    struct fake_power power;
    struct fake_flash flash;
    struct slot_store store;
};

static void open_world(struct world *w, bool is_like_a_file)
{
    *w = (struct world){0};
    fake_flash_open(&w->flash, &w->power, SIZE, BLOCK, is_like_a_file ? 1 : 256);
    w->flash.erase_keeps_bytes = is_like_a_file;
    slot_store_init(&w->store, &w->flash.port);
}

static void reboot(struct world *w)
{
    fake_flash_reboot(&w->flash);
    fake_power_on(&w->power);
    slot_store_init(&w->store, &w->flash.port);
}

/* Loads and commits one record after the other, until one fails. */
static tdm_err commit_up_to(struct world *w, uint8_t last)
{
    struct slot_record rec;
    enum slot_store_state state;

    tdm_err err = slot_store_load(&w->store, &rec, &state);
    for (uint8_t n = state == SLOT_STORE_OK ? (uint8_t)(rec.counter_floor + 1) : 1; err == TDM_OK && n <= last; n++) {
        rec = record_number(n);
        err = slot_store_commit(&w->store, &rec);
    }
    return err;
}

/* 0 when the storage says that it was never written. */
static int load_number(struct world *w)
{
    struct slot_record rec;
    enum slot_store_state state;

    assert_int_equal(slot_store_load(&w->store, &rec, &state), TDM_OK);
    if (state == SLOT_STORE_EMPTY)
        return 0;
    assert_int_equal(state, SLOT_STORE_OK);
    return number_of(&rec);
}

/* ---- what a load finds ------------------------------------------------------------------------------------------- */

enum copy { COPY_5, COPY_6, COPY_ROTTEN, COPY_FF, COPY_00, COPY_NEWER, COPY_NONSENSE, COPY_UNREADABLE };

static void reseal(uint8_t *bytes)
{
    bytes_store_le32(bytes + SLOT_RECORD_LEN - 4, crc32_add(CRC32_START, bytes, SLOT_RECORD_LEN - 4));
}

static void plant(struct world *w, int i, enum copy what)
{
    static uint8_t bytes[BLOCK];
    struct slot_record rec = record_number(what == COPY_6 ? 6 : 5);

    memset(bytes, what == COPY_00 ? 0x00 : 0xff, sizeof bytes);
    if (what != COPY_00 && what != COPY_FF)
        assert_int_equal(slot_record_write(&rec, what == COPY_6 ? 6 : 5, bytes), TDM_OK);
    if (what == COPY_ROTTEN)
        bytes[700] ^= 1;
    if (what == COPY_NEWER)
        bytes[4] = 2;
    if (what == COPY_NONSENSE)
        bytes[12] = SLOT_STATE_COUNT;
    if (what == COPY_NEWER || what == COPY_NONSENSE)
        reseal(bytes);
    if (what == COPY_UNREADABLE)
        w->flash.bad_off = (uint64_t)i * BLOCK, w->flash.bad_len = 1;
    fake_flash_plant(&w->flash, (uint64_t)i * BLOCK, bytes, sizeof bytes);
}

static const struct load_row {
    const char *name;
    enum copy copy[2];
    tdm_err err;
    enum slot_store_state state;
    int number;  /* of the record, when one is found */
    bool writes; /* the other copy is written anew   */
} load_rows[] = {
    {"both alike", {COPY_5, COPY_5}, TDM_OK, SLOT_STORE_OK, 5, false},
    {"second newer", {COPY_5, COPY_6}, TDM_OK, SLOT_STORE_OK, 6, true},
    {"first newer", {COPY_6, COPY_5}, TDM_OK, SLOT_STORE_OK, 6, true},
    {"first rotten", {COPY_ROTTEN, COPY_5}, TDM_OK, SLOT_STORE_OK, 5, true},
    {"second rotten", {COPY_5, COPY_ROTTEN}, TDM_OK, SLOT_STORE_OK, 5, true},
    {"first makes no sense", {COPY_NONSENSE, COPY_5}, TDM_OK, SLOT_STORE_OK, 5, true},
    {"first erased", {COPY_FF, COPY_5}, TDM_OK, SLOT_STORE_OK, 5, true},
    {"second still zeros", {COPY_5, COPY_00}, TDM_OK, SLOT_STORE_OK, 5, true},
    {"second from a newer program", {COPY_5, COPY_NEWER}, TDM_OK, SLOT_STORE_OK, 5, true},
    {"both ff", {COPY_FF, COPY_FF}, TDM_OK, SLOT_STORE_EMPTY, 0, false},
    {"both 00", {COPY_00, COPY_00}, TDM_OK, SLOT_STORE_EMPTY, 0, false},
    {"both rotten", {COPY_ROTTEN, COPY_ROTTEN}, TDM_OK, SLOT_STORE_LOST, 0, false},
    {"both make no sense", {COPY_NONSENSE, COPY_NONSENSE}, TDM_OK, SLOT_STORE_LOST, 0, false},
    {"rotten and erased", {COPY_ROTTEN, COPY_FF}, TDM_OK, SLOT_STORE_LOST, 0, false},
    {"erased and rotten", {COPY_FF, COPY_ROTTEN}, TDM_OK, SLOT_STORE_LOST, 0, false},
    {"both newer", {COPY_NEWER, COPY_NEWER}, TDM_E_TOO_NEW, SLOT_STORE_OK, 0, false},
    {"newer and rotten", {COPY_NEWER, COPY_ROTTEN}, TDM_E_TOO_NEW, SLOT_STORE_OK, 0, false},
    {"erased and newer", {COPY_FF, COPY_NEWER}, TDM_E_TOO_NEW, SLOT_STORE_OK, 0, false},
    {"first unreadable", {COPY_UNREADABLE, COPY_5}, TDM_E_IO, SLOT_STORE_OK, 0, false},
    {"second unreadable", {COPY_5, COPY_UNREADABLE}, TDM_E_IO, SLOT_STORE_OK, 0, false},
};

static void check_load(const struct load_row *row, bool only_look)
{
    struct world w;
    struct slot_record rec = record_number(99);
    enum slot_store_state found = SLOT_STORE_OK;

    open_world(&w, false);
    plant(&w, 0, row->copy[0]);
    plant(&w, 1, row->copy[1]);
    tdm_err err = (only_look ? slot_store_peek : slot_store_load)(&w.store, &rec, &found);
    if (err != row->err || found != row->state)
        fail_msg("%s: %s, state %d", row->name, tdm_err_name(err), (int)found);
    int number = err == TDM_OK && found == SLOT_STORE_OK ? row->number : 99;
    if (number_of(&rec) != number)
        fail_msg("%s: record %d instead of %d", row->name, number_of(&rec), number);
    bool wrote = w.flash.erases + w.flash.progs > 0;
    if (wrote != (row->writes && !only_look))
        fail_msg("%s: wrote %d", row->name, (int)wrote);
    if (row->writes && !only_look && memcmp(w.flash.durable, w.flash.durable + BLOCK, SLOT_RECORD_ROOM) != 0)
        fail_msg("%s: the copies differ after the load", row->name);
    if ((err != TDM_OK || only_look) && slot_store_commit(&w.store, &rec) != TDM_E_STATE)
        fail_msg("%s: a commit was accepted", row->name);
    fake_flash_close(&w.flash);
}

static void loads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof load_rows / sizeof load_rows[0]; i++) {
        check_load(&load_rows[i], false);
        check_load(&load_rows[i], true);
    }
}

static void a_lost_record_starts_anew(void **state)
{
    struct world w;
    struct slot_record rec = record_number(1);
    enum slot_store_state found;

    (void)state;
    open_world(&w, false);
    plant(&w, 0, COPY_ROTTEN);
    plant(&w, 1, COPY_ROTTEN);
    assert_int_equal(slot_store_load(&w.store, &rec, &found), TDM_OK);
    assert_int_equal(found, SLOT_STORE_LOST);
    assert_int_equal(slot_store_commit(&w.store, &rec), TDM_OK);
    reboot(&w);
    assert_int_equal(load_number(&w), 1);
    fake_flash_close(&w.flash);
}

/* ---- what a commit does ------------------------------------------------------------------------------------------ */

static void a_commit_writes_both_copies(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, false);
    assert_int_equal(commit_up_to(&w, 3), TDM_OK);
    assert_memory_equal(w.flash.durable, w.flash.durable + BLOCK, SLOT_RECORD_ROOM);
    assert_int_equal(bytes_le32(w.flash.durable + 8), 3); /* the sequence */
    fake_flash_close(&w.flash);
}

static void a_commit_needs_a_load(void **state)
{
    struct world w;
    struct slot_record rec = record_number(1);

    (void)state;
    open_world(&w, false);
    assert_int_equal(slot_store_commit(&w.store, &rec), TDM_E_STATE);
    assert_int_equal(w.power.ops, 0);
    fake_flash_close(&w.flash);
}

static void storage_that_fails(void **state)
{
    static const char *const names[] = {"erase", "program", "sync", "a rotten bit"};
    static const tdm_err want[] = {TDM_E_IO, TDM_E_NO_ROOM, TDM_E_IO, TDM_E_CORRUPT};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct world w;
        struct slot_record rec = record_number(2);
        open_world(&w, false);
        assert_int_equal(commit_up_to(&w, 1), TDM_OK);
        w.flash.erase_err = i == 0 ? TDM_E_IO : TDM_OK;
        w.flash.prog_err = i == 1 ? TDM_E_NO_ROOM : TDM_OK;
        w.flash.sync_err = i == 2 ? TDM_E_IO : TDM_OK;
        w.flash.rots_next_prog = i == 3;
        tdm_err err = slot_store_commit(&w.store, &rec);
        if (err != want[i])
            fail_msg("%s: %s", names[i], tdm_err_name(err));
        if (slot_store_commit(&w.store, &rec) != TDM_E_STATE)
            fail_msg("%s: committed again without a load", names[i]);
        w.flash.erase_err = w.flash.prog_err = w.flash.sync_err = TDM_OK;
        int number = load_number(&w);
        if (number != 1 && !(i == 2 && number == 2)) /* what was handed over may be there without the sync */
            fail_msg("%s: record %d", names[i], number);
        fake_flash_close(&w.flash);
    }
}

static void regions_too_small(void **state)
{
    struct slot_record rec;
    enum slot_store_state found;
    struct world w;

    (void)state;
    open_world(&w, false);
    w.flash.port.size = BLOCK; /* one copy only */
    assert_int_equal(slot_store_load(&w.store, &rec, &found), TDM_E_BOUNDS);
    fake_flash_close(&w.flash);
}

/* ---- power cuts -------------------------------------------------------------------------------------------------- */

/*
 * The power goes at operation `first` of writing records 1 to 4 (from a blank medium); then, if `second` is not 0, at
 * operation `second` of the load that repairs. *done tells that the work was over before the cut.
 */
static int run_with_cuts(struct world *w, bool like_file, uint64_t first, uint64_t second, int variant, bool *done)
{
    struct slot_record rec;
    enum slot_store_state found;

    open_world(w, like_file);
    w->power.cut_at = first;
    w->power.tear = (enum fake_tear)(variant % FAKE_TEAR_COUNT);
    w->power.unsynced = (enum fake_unsynced)(variant / FAKE_TEAR_COUNT);
    tdm_err err = commit_up_to(w, 4);
    *done = err == TDM_OK;
    if (!*done)
        assert_int_equal(err, TDM_E_POWER);
    int promised = 0; /* commits that returned TDM_OK: the store is left loaded with the last one's sequence */
    for (int i = 0; i < 2; i++)
        if (w->store.copies.is_valid[i] && (int)w->store.copies.sequence[i] > promised)
            promised = (int)w->store.copies.sequence[i];
    reboot(w);
    if (second > 0) {
        w->power.cut_at = second;
        err = slot_store_load(&w->store, &rec, &found);
        assert_true(err == TDM_OK || err == TDM_E_POWER);
        reboot(w);
    }
    return promised;
}

static void check_cut(bool like_file, uint64_t first, uint64_t second, int variant, bool *done)
{
    struct world w;
    int promised = run_with_cuts(&w, like_file, first, second, variant, done);
    int found = load_number(&w);

    /* promised: the newest copy that was read back. One more may have become durable without the word reaching us. */
    if (found < promised || found > promised + 1)
        fail_msg("cut %d, then %d, variant %d: record %d after %d", (int)first, (int)second, variant, found, promised);
    assert_int_equal(load_number(&w), found);
    if (found > 0 && memcmp(w.flash.durable, w.flash.durable + BLOCK, SLOT_RECORD_ROOM) != 0)
        fail_msg("cut %d, then %d, variant %d: copies differ", (int)first, (int)second, variant);
    assert_int_equal(commit_up_to(&w, 5), TDM_OK);
    assert_int_equal(load_number(&w), 5);
    fake_flash_close(&w.flash);
}

static int count_cuts(bool like_file, uint64_t seconds)
{
    int points = 0;

    for (uint64_t second = 0; second <= seconds; second++) {
        bool done = false;
        for (uint64_t first = 1; !done; first++) {
            for (int variant = 0; variant < (int)FAKE_TEAR_COUNT * (int)FAKE_UNSYNCED_COUNT; variant++, points++)
                check_cut(like_file, first, second, variant, &done);
        }
    }
    return points;
}

static void a_cut_at_every_operation(void **state)
{
    (void)state;
    /* Four commits of two copies, three operations each: 24 operations, 12 variants, and the run without a cut. */
    assert_int_equal(count_cuts(false, 0), 25 * 12);
    assert_int_equal(count_cuts(true, 0), 25 * 12);
}

static void a_second_cut_during_the_repair(void **state)
{
    (void)state;
    /* A repair has three operations; the fourth second cut never happens. */
    assert_int_equal(count_cuts(false, 4), 5 * 25 * 12);
    assert_int_equal(count_cuts(true, 4), 5 * 25 * 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads),
        cmocka_unit_test(a_lost_record_starts_anew),
        cmocka_unit_test(a_commit_writes_both_copies),
        cmocka_unit_test(a_commit_needs_a_load),
        cmocka_unit_test(storage_that_fails),
        cmocka_unit_test(regions_too_small),
        cmocka_unit_test(a_cut_at_every_operation),
        cmocka_unit_test(a_second_cut_during_the_repair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
