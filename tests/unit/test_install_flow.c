/* SPDX-License-Identifier: Apache-2.0 */
/* Install as a whole, with the power on: what ends up where, what is refused and what stays untouched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/install_world.h"

static struct install_world w;
static struct sample_image first, second;
static bool needs_restart;

static void build(struct sample_image *image, uint8_t seed, size_t host_size)
{
    sample_image_build(image, &(struct sample_spec){.host_size = host_size, .seed = seed});
}

static int open_router(void **state)
{
    (void)state;
    world_open(&w, true);
    build(&first, 1, 5000);
    build(&second, 2, 6000);
    return 0;
}

static int open_slotless_router(void **state)
{
    int status = open_router(state);
    world_close(&w);
    world_open(&w, false);
    return status;
}

static int close_router(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static void stage(const struct sample_image *image, tdm_err err, const char *code)
{
    world_serve(&w, image);
    world_begin(&w);
    tdm_err got = install_stage(&w.install, "test:image");
    if (got != err || strcmp(w.install.fault.code, code) != 0)
        fail_msg("wanted %s, got %s %s (%s)", code, tdm_err_name(got), w.install.fault.code, w.install.fault.what);
}

/* ---- what works ---- */

static void test_first_pair(void **state)
{
    struct slot_record rec;

    (void)state;
    stage(&first, TDM_OK, "");
    assert_true(w.warnings > 0); /* nothing to go back to: said before it starts */
    assert_true(w.install.is_first);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_STAGED);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_STAGED);
    assert_int_equal(rec.host[TDM_HOST_B].rcp, SLOT_R1);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(w.host.selects, 0);
    assert_int_equal(rec.rcp[SLOT_R1].length, first.bundle_len);
    assert_int_equal(rec.host[TDM_HOST_B].content.length, first.len - first.bundle_len);
    assert_memory_equal(w.rcp[SLOT_R1].durable, first.bytes, first.bundle_len);
    assert_memory_equal(w.host_slots[TDM_HOST_B].durable, first.bytes + first.bundle_len, first.len - first.bundle_len);
    assert_true(w.rcp[SLOT_R1].rereads > 0 && w.host_slots[TDM_HOST_B].rereads > 0);

    world_begin(&w); /* another process, as `ota apply` is */
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_true(needs_restart);
    assert_true(w.install.is_first);
    assert_memory_equal(w.install.verdict.id, rec.rcp[SLOT_R1].id, SLOT_ID_LEN);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_TRIAL);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_TRIAL);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_HOST);
    assert_int_equal(rec.trial.to, TDM_HOST_B);
    assert_int_equal(rec.trial.tries, 2);
    assert_true(rec.trial.is_paid);
    assert_int_equal(rec.back.host, TDM_HOST_A);
    assert_int_equal(rec.back.rcp, SLOT_RCP_NONE);
    assert_int_equal(w.host.last_slot, TDM_HOST_B);
    assert_int_equal(w.host.last_how, TDM_SELECT_TRIAL);
}

static void test_second_pair_goes_to_the_other_slots(void **state)
{
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    stage(&second, TDM_OK, "");
    assert_false(w.install.is_first);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    rec.radio.begun = rec.radio.failed = 3; /* trouble with the bundle that goes: the new one gets all its attempts */
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.radio.begun, 0);
    assert_int_equal(rec.radio.failed, 0);
    assert_int_equal(rec.trial.to, TDM_HOST_A);
    assert_int_equal(rec.host[TDM_HOST_A].rcp, SLOT_R0);
    assert_int_equal(rec.back.host, TDM_HOST_B);
    assert_int_equal(rec.back.rcp, SLOT_R1);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_GOOD);
    assert_memory_equal(w.rcp[SLOT_R1].durable, first.bytes, first.bundle_len);
}

static void test_radio_only(void **state)
{
    struct slot_record rec;
    struct sample_image radio;

    (void)state;
    world_install_good(&w, &first);
    build(&radio, 7, 0);
    stage(&radio, TDM_OK, "");
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_false(needs_restart);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_RADIO);
    assert_int_equal(rec.trial.to, TDM_HOST_B);
    assert_int_equal(rec.trial.tries, 2);
    assert_int_equal(rec.host[TDM_HOST_B].rcp, SLOT_R0);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_GOOD);
    assert_int_equal(rec.back.host, TDM_HOST_B);
    assert_int_equal(rec.back.rcp, SLOT_R1);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_TRIAL);
    assert_int_equal(w.host.last_slot, TDM_HOST_B); /* nothing was selected since the first install */
}

/* The fallback's row names the bundle that a radio-only image overwrites: no such pair any more. */
static void test_radio_only_drops_the_other_row(void **state)
{
    struct slot_record rec;
    struct sample_image radio;

    (void)state;
    world_install_good(&w, &first);
    world_install_good(&w, &second);
    build(&radio, 7, 0);
    stage(&radio, TDM_OK, "");
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_A].content.state, SLOT_GOOD);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_EMPTY);
    assert_int_equal(rec.host[TDM_HOST_B].rcp, SLOT_RCP_NONE);
    assert_int_equal(rec.back.host, SLOT_HOST_NONE);
}

static void test_radio_only_without_host_slots(void **state)
{
    struct sample_image radio;

    (void)state;
    build(&radio, 7, 0);
    stage(&radio, TDM_OK, "");
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
    assert_false(needs_restart);
    stage(&first, TDM_E_STATE, "trial_pending");
}

static void test_pair_without_host_slots(void **state)
{
    (void)state;
    stage(&first, TDM_E_REFUSED, "host_has_no_slots");
    assert_int_equal(w.record.progs, 0);
}

/* A first install must not overwrite the bundle that the radio is known to run, even if no row names it. */
static void test_spares_what_the_radio_runs(void **state)
{
    struct slot_record rec;

    (void)state;
    slot_record_first(&rec, TDM_HOST_A);
    rec.rcp[SLOT_R1] = (struct slot_content){.state = SLOT_GOOD, .id = {1}};
    rec.radio.is_known = true;
    rec.radio.holds[0] = 1;
    world_store(&w, &rec);
    stage(&first, TDM_OK, "");
    assert_int_equal(w.install.plan.rcp, SLOT_R0);
    assert_int_equal(w.rcp[SLOT_R1].progs, 0);
}

static void test_adopt(void **state)
{
    struct slot_record rec;

    (void)state;
    world_serve(&w, &first); /* a pair: its bundle is taken, its host part passed over */
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_A].rcp, SLOT_R1);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_GOOD);
    assert_true(world_is_whole(&w.rcp[SLOT_R1], &rec.rcp[SLOT_R1]));
    assert_false(rec.radio.is_known);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(w.host_slots[TDM_HOST_B].progs, 0);
    assert_int_equal(w.host.selects, 0);
    stage(&second, TDM_OK, "");
    assert_int_equal(w.install.plan.rcp, SLOT_R0);
}

/* No ROM has answered yet, and no chip is configured: the adopted bundle tells what radio this is, unless it was a mistake. */
static void test_adopted_bundle_tells_the_chip(void **state)
{
    static struct sample_image of_another;

    (void)state;
    sample_image_build(&of_another, &(struct sample_spec){.chip = SAMPLE_C6, .host_size = 5000, .seed = 9});
    world_serve(&w, &first);
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_OK);
    stage(&of_another, TDM_E_MISMATCH, "wrong_radio");
    stage(&second, TDM_OK, "");
    world_serve(&w, &of_another);
    world_begin(&w);
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_OK);
    stage(&second, TDM_E_MISMATCH, "wrong_radio");
}

/* Its ROM has told, or the configuration: a bundle for another chip is not adopted, and one for this chip tells nothing. */
static void test_a_known_chip_stays(void **state)
{
    static struct sample_image of_another;
    struct slot_record rec;

    (void)state;
    sample_image_build(&of_another, &(struct sample_spec){.chip = SAMPLE_C6, .host_size = 5000, .seed = 9});
    slot_record_first(&rec, TDM_HOST_A);
    rec.radio.chip = SAMPLE_H2;
    rec.radio.flash_size = 0x200000;
    world_store(&w, &rec);
    world_serve(&w, &of_another);
    world_begin(&w);
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_E_MISMATCH);
    assert_string_equal(w.install.fault.code, "wrong_radio");
    world_begin(&w);
    w.install.cfg.radio_chip = SAMPLE_C6;
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.radio.chip, SAMPLE_H2); /* until its ROM says otherwise */
    world_serve(&w, &first);
    world_begin(&w);
    w.install.cfg.radio_chip = SAMPLE_C6;
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_E_MISMATCH);
    assert_string_equal(w.install.fault.code, "wrong_radio");
}

/* ---- what is refused ---- */

static void set_trial(struct slot_record *rec)
{
    rec->trial.kind = SLOT_TRIAL_RADIO;
}
static void set_not_good(struct slot_record *rec)
{
    rec->host[TDM_HOST_A].content.state = SLOT_STAGED;
}
static void select_other(struct slot_record *rec)
{
    (void)rec;
    w.host.selected = TDM_HOST_B;
}

static void test_not_now(void **state)
{
    static const struct {
        const char *code;
        void (*set)(struct slot_record *rec);
    } rows[] = {
        {"trial_pending", set_trial},
        {"host_not_proven", set_not_good},
        {"restart_pending", select_other},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slot_record rec;
        slot_record_first(&rec, TDM_HOST_A);
        rows[i].set(&rec);
        world_store(&w, &rec);
        stage(&first, TDM_E_STATE, rows[i].code);
        assert_int_equal(w.source.gets, 0);
        assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_STATE);
        assert_int_equal(install_adopt(&w.install, "test:image"), TDM_E_STATE);
        w.host.selected = TDM_HOST_A;
    }
    assert_int_equal(w.rcp[0].progs + w.rcp[1].progs + w.host_slots[0].progs + w.host_slots[1].progs, 0);
}

/* A bootloader's fallback left the selection open: it is settled first, or nothing is begun. */
static void test_open_selection(void **state)
{
    struct slot_record rec;

    (void)state;
    slot_record_first(&rec, TDM_HOST_A);
    world_store(&w, &rec);
    w.host.selected = TDM_HOST_B;
    w.host.is_final = false;
    w.host.start_limit = w.host.starts = 1;
    w.host.ignores_select = true;
    stage(&first, TDM_E_MISMATCH, "select_failed");
    assert_int_equal(w.source.gets, 0);
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_E_MISMATCH);

    w.host.ignores_select = false;
    stage(&first, TDM_OK, "");
    assert_true(w.host.is_final);
    assert_int_equal(w.host.selected, TDM_HOST_A);
}

static void test_nothing_staged(void **state)
{
    (void)state;
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_STATE);
    assert_string_equal(w.install.fault.code, "nothing_staged");
}

/* Refused before anything is written: not a byte of the record changes. */
static void test_refused_front(void **state)
{
    static const char page[] = "Error opening 'nope' mode='r'\r\n80\x1b[2J:error";
    struct sample_image image = {.len = sizeof page - 1};

    (void)state;
    memcpy(image.bytes, page, sizeof page);
    stage(&image, TDM_E_FORMAT, "not_image");
    assert_string_equal(w.install.page, "Error opening 'nope' mode='r' 80 [2J:error");
    image.len = 9;
    stage(&image, TDM_E_FORMAT, "not_image");
    assert_string_equal(w.install.page, "Error ope");
    image.len = 0;
    stage(&image, TDM_E_TRUNCATED, "truncated");
    build(&image, 1, WORLD_SLOT_SIZE + 1);
    stage(&image, TDM_E_NO_ROOM, "no_room");
    assert_string_equal(w.install.page, "");
    assert_int_equal(w.record.progs, 0);
}

static void test_truncated_leaves_writing(void **state)
{
    struct sample_image image;
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    image = second;
    image.len -= 1;
    stage(&image, TDM_E_TRUNCATED, "truncated");
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.host[TDM_HOST_A].content.state, SLOT_WRITING);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_WRITING);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_GOOD);
    assert_true(world_is_whole(&w.rcp[SLOT_R1], &rec.rcp[SLOT_R1]));
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_STATE);

    w.source.tells_length = true; /* a server that says so is believed before anything is freed */
    uint64_t progs = w.record.progs;
    stage(&image, TDM_E_TRUNCATED, "truncated");
    assert_int_equal(w.record.progs, progs);
    w.source.tells_length = false;

    w.source.breaks_at = 6000;
    stage(&second, TDM_E_UNREACHABLE, "connection_broke");
    w.source.breaks_at = 0;
    stage(&second, TDM_OK, "");
}

/* However often it is fetched: nothing is stored, and the pair to go back to stays. */
static void test_already_installed(void **state)
{
    (void)state;
    world_install_good(&w, &first);
    world_install_good(&w, &second);
    uint64_t progs = w.record.progs + w.rcp[0].progs + w.rcp[1].progs + w.host_slots[0].progs + w.host_slots[1].progs;
    w.source.gets = 0;
    stage(&second, TDM_E_STATE, "already_installed");
    assert_int_equal(w.source.gets, 1);
    assert_false(w.install.has_freed);
    assert_int_equal(install_adopt(&w.install, "test:image"), TDM_E_STATE);
    assert_int_equal(w.record.progs + w.rcp[0].progs + w.rcp[1].progs + w.host_slots[0].progs + w.host_slots[1].progs,
                     progs);
}

/* The same lengths and version text as what runs, but another image: looked at first, then fetched once more. */
static void test_alike_but_new(void **state)
{
    struct sample_image alike;
    struct slot_record rec;

    (void)state;
    world_install_good(&w, &first);
    build(&alike, 9, 5000);
    assert_int_equal(alike.len, first.len);
    w.source.gets = 0;
    stage(&alike, TDM_OK, "");
    assert_int_equal(w.source.gets, 2);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.rcp[SLOT_R0].state, SLOT_STAGED);
    assert_memory_equal(w.rcp[SLOT_R0].durable, alike.bytes, alike.bundle_len);
}

static void test_known_bad(void **state)
{
    struct slot_record rec;

    (void)state;
    stage(&first, TDM_OK, "");
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    slot_record_add_bad(&rec, rec.rcp[SLOT_R1].id, "test");
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_REFUSED);
    assert_string_equal(w.install.fault.code, "known_bad");
    memset(rec.bad, 0, sizeof rec.bad); /* a bundle of another image, whose host has failed */
    memset(rec.host[TDM_HOST_B].content.id, 0x77, SLOT_ID_LEN);
    slot_record_add_bad(&rec, rec.host[TDM_HOST_B].content.id, "test");
    world_store(&w, &rec);
    world_begin(&w);
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_REFUSED);
    slot_record_add_bad(&rec, rec.rcp[SLOT_R1].id, "test");
    world_store(&w, &rec);
    stage(&first, TDM_E_REFUSED, "known_bad");
    stage(&second, TDM_OK, "");
}

/* Staged while it was new enough; another one was proven since. */
static void test_floor_rose_since(void **state)
{
    static const struct sample_spec specs[] = {{.cells = 1, .seed = 3}, {.cells = 1, .host_size = 900}};
    static struct sample_image stated; /* counter 5 */
    struct slot_record rec;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        sample_image_build(&stated, &specs[i]);
        stage(&stated, TDM_OK, "");
        assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
        assert_int_equal(rec.rcp[SLOT_R1].counter, 5);
        rec.counter_floor = 6;
        world_store(&w, &rec);
        world_begin(&w);
        uint64_t progs = w.record.progs;
        assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_REFUSED);
        assert_string_equal(w.install.fault.code, "below_floor");
        assert_int_equal(w.record.progs, progs);
        rec.counter_floor = 5;
        world_store(&w, &rec);
        world_begin(&w);
        assert_int_equal(install_arm(&w.install, &needs_restart), TDM_OK);
        world_begin(&w);
        assert_int_equal(install_cancel(&w.install), TDM_OK);
    }
}

static void test_rotten_medium(void **state)
{
    struct slot_record rec;

    (void)state;
    w.rcp[SLOT_R1].rots_next_prog = true;
    world_serve(&w, &first);
    assert_int_not_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_WRITING);

    stage(&first, TDM_OK, "");
    w.host_slots[TDM_HOST_B].durable[1234] ^= 1; /* between stage and arm; an opaque host part */
    w.host_slots[TDM_HOST_B].mem[1234] ^= 1;
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_CORRUPT);
    assert_string_equal(w.install.fault.code, "staged_differs");
    assert_int_equal(w.host.selects, 0);
}

/* The selection does not take: everything is as if it had never been armed. */
static void test_switch_refused(void **state)
{
    struct slot_record rec;

    (void)state;
    stage(&first, TDM_OK, "");
    w.host.ignores_select = true;
    assert_int_equal(install_arm(&w.install, &needs_restart), TDM_E_MISMATCH);
    assert_string_equal(w.install.fault.code, "select_failed");
    assert_false(needs_restart);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    assert_int_equal(rec.trial.kind, SLOT_TRIAL_NONE);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_EMPTY);
    assert_int_equal(rec.rcp[SLOT_R1].state, SLOT_EMPTY);
    assert_int_equal(w.host.last_slot, TDM_HOST_A);
    assert_int_equal(w.host.last_how, TDM_SELECT_FINAL);
}

static void test_trailing_behind_radio_stops_the_transfer(void **state)
{
    struct sample_image radio;

    (void)state;
    build(&radio, 7, 0);
    radio.len = SAMPLE_CAP;
    stage(&radio, TDM_OK, "");
}

#define WITH_SLOTS(t)    cmocka_unit_test_setup_teardown(t, open_router, close_router)
#define WITHOUT_SLOTS(t) cmocka_unit_test_setup_teardown(t, open_slotless_router, close_router)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SLOTS(test_first_pair),
        WITH_SLOTS(test_second_pair_goes_to_the_other_slots),
        WITH_SLOTS(test_radio_only),
        WITH_SLOTS(test_radio_only_drops_the_other_row),
        WITHOUT_SLOTS(test_radio_only_without_host_slots),
        WITHOUT_SLOTS(test_pair_without_host_slots),
        WITH_SLOTS(test_spares_what_the_radio_runs),
        WITH_SLOTS(test_adopt),
        WITH_SLOTS(test_adopted_bundle_tells_the_chip),
        WITH_SLOTS(test_a_known_chip_stays),
        WITH_SLOTS(test_not_now),
        WITH_SLOTS(test_open_selection),
        WITH_SLOTS(test_nothing_staged),
        WITH_SLOTS(test_refused_front),
        WITH_SLOTS(test_truncated_leaves_writing),
        WITH_SLOTS(test_already_installed),
        WITH_SLOTS(test_alike_but_new),
        WITH_SLOTS(test_known_bad),
        WITH_SLOTS(test_floor_rose_since),
        WITH_SLOTS(test_rotten_medium),
        WITH_SLOTS(test_switch_refused),
        WITH_SLOTS(test_trailing_behind_radio_stops_the_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
