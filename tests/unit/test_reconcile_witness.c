/* SPDX-License-Identifier: Apache-2.0 */
/* What was not judged does not become proven: a stored bundle is read more than once on its way to the radio, and its
 * firmware says of itself what its image has stated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

/* A byte behind the end row of the partition table: the radio runs with it as without it. */
static uint64_t changed_at;

static void change_the_slot(struct pair_world *world)
{
    static const uint8_t other = 0x5a;

    fake_flash_plant(&world->router.rcp[SLOT_R1], changed_at, &other, 1);
}

static void change_and_change_back(struct pair_world *world)
{
    static unsigned writes;
    const uint8_t byte = writes++ % 2 == 0 ? 0x5a : 0xff;

    fake_flash_plant(&world->router.rcp[SLOT_R1], changed_at, &byte, 1);
}

static void begin(void)
{
    changed_at = new_image.part_at[3] + new_image.part_len[3] - 1;
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &new_image);
    world_store(&w.router, &rec);
}

static void the_slot_changes_when_the_radio_is_being_written(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    begin();
    w.on_radio_write = change_the_slot;
    assert_int_equal(pair_boot(&w), RECONCILE_RESTART); /* back to the older pair */
    assert_string_equal(w.flow.fault.code, "not_proven");
    assert_false(w.flow.was_confirmed);
    struct slot_record rec = pair_load(&w);
    assert_int_equal(rec.host[TDM_HOST_B].content.state, SLOT_BAD);

    w.on_radio_write = NULL;
    (void)scene_run_to_rest(&outcome);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(pair_radio_holds(&w, &old_image));
}

static void a_slot_that_says_now_this_now_that(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    begin();
    w.on_radio_write = change_and_change_back;
    (void)pair_boot(&w);
    w.on_radio_write = NULL;
    (void)scene_run_to_rest(&outcome);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(pair_radio_holds(&w, &old_image) || pair_radio_holds(&w, &new_image));
}

/* ---- what the firmware says of itself ---- */

#define AT_FLASH     30 /* in the manifest; of the least flash its upper half */
#define AT_REVISION  132
#define AT_API       136
#define AT_LEAST_API 138

static const struct statement_row {
    const char *name, *says;
    unsigned field; /* 0: as the firmware reports */
    uint16_t value;
    const char *code;
} statements[] = {
    {"as stated", new_text, 0, 0, NULL},
    {"another name is a warning", "openthread-esp32/other; esp32h2; x", 0, 0, NULL},
    {"another API", new_text, AT_API, 12, "not_proven"},
    {"another least API", new_text, AT_LEAST_API, 5, "not_proven"},
    {"as much flash as there is", new_text, AT_FLASH, PAIR_RADIO_FLASH >> 16, NULL},
    {"more flash than there is", new_text, AT_FLASH, (PAIR_RADIO_FLASH >> 16) + 1, "wrong_radio"},
    {"a later revision of the chip", new_text, AT_REVISION, 99, "wrong_radio"},
};

static void try_statement(const struct statement_row *row, const struct sample_key *key)
{
    static struct sample_image image;

    pair_build_signed(&image, new_text, row->says, 0, 5, 1, key);
    if (row->field != 0)
        sample_put16(image.bytes + image.manifest_at + row->field, row->value);
    pair_plant(&w, &old_image);
    pair_radio_on(&w);
    struct slot_record rec = scene_record(HOST_TRIAL, &image);
    sample_image_id(&image, rec.rcp[SLOT_R1].id);
    memcpy(rec.host[TDM_HOST_B].content.id, rec.rcp[SLOT_R1].id, SLOT_ID_LEN);
    world_store(&w.router, &rec);

    enum reconcile_outcome outcome = pair_boot(&w);
    if (outcome != (row->code == NULL ? RECONCILE_OK : RECONCILE_RESTART))
        fail_msg("%s: outcome %d, %s", row->name, outcome, w.flow.fault.what);
    if (row->code != NULL)
        assert_string_equal(w.flow.fault.code, row->code);
    assert_int_equal(w.flow.was_confirmed, row->code == NULL);
    if (row->code != NULL && strcmp(row->code, "wrong_radio") == 0) /* asked before anything is erased */
        assert_true(w.radio_flash.sectors_erased == 0 && pair_radio_holds(&w, &old_image));
    assert_int_equal(w.flow.text_differs, strcmp(row->says, new_text) != 0);
}

static void firmware_is_what_its_image_states(void **state)
{
    struct sample_key key;

    sample_key_make(&key, 1);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        (void)scene_open(state);
        try_statement(&statements[i], &key);
        (void)scene_close(state);
    }
    sample_key_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(firmware_is_what_its_image_states),
        cmocka_unit_test_setup_teardown(the_slot_changes_when_the_radio_is_being_written, scene_open, scene_close),
        cmocka_unit_test_setup_teardown(a_slot_that_says_now_this_now_that, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
