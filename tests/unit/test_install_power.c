/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage, arm and adopt with the power cut at every operation, in every way an operation can be torn and lost: what the
 * next boot finds is the pair that runs, untouched, and a record that claims nothing that is not there. Then the same
 * command is run again and must come through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/install_world.h"

static struct install_world w;
static struct sample_image old_pair, new_pair, new_radio;

enum act { STAGE_AND_ARM, ADOPT };

struct scenario {
    const char *name;
    bool has_slots, has_old;
    const struct sample_image *image;
    enum act act;
    uint8_t kind; /* of the trial at the end */
};

static const struct scenario scenarios[] = {
    {"first pair", true, false, &new_pair, STAGE_AND_ARM, SLOT_TRIAL_HOST},
    {"second pair", true, true, &new_pair, STAGE_AND_ARM, SLOT_TRIAL_HOST},
    {"radio only", true, true, &new_radio, STAGE_AND_ARM, SLOT_TRIAL_RADIO},
    {"radio only, no host slots", false, false, &new_radio, STAGE_AND_ARM, SLOT_TRIAL_RADIO},
    {"adopt", true, false, &new_radio, ADOPT, SLOT_TRIAL_NONE},
    {"adopt beside a bundle", true, true, &new_radio, ADOPT, SLOT_TRIAL_NONE},
};

static void open_world(const struct scenario *s)
{
    world_open(&w, s->has_slots);
    if (s->has_old)
        world_install_good(&w, &old_pair);
    world_serve(&w, s->image);
    world_begin(&w);
    fake_power_on(&w.power); /* operations count from here */
}

static tdm_err act(const struct scenario *s)
{
    bool needs_restart;

    if (s->act == ADOPT)
        return install_adopt(&w.install, "test:image");
    tdm_err err = install_stage(&w.install, "test:image");
    return err == TDM_OK ? install_arm(&w.install, &needs_restart) : err;
}

/* ---- what must hold after a cut ---- */

struct before {
    enum tdm_host_slot running;
    uint8_t rcp; /* of the running row */
    uint8_t host[WORLD_SLOT_SIZE], bundle[WORLD_SLOT_SIZE];
};

static struct before before;

static void remember(const struct scenario *s)
{
    struct slot_record rec;

    before.running = w.host.running;
    before.rcp = world_load(&w, &rec) == SLOT_STORE_OK ? rec.host[before.running].rcp : SLOT_RCP_NONE;
    assert_int_equal(before.rcp != SLOT_RCP_NONE, s->has_old);
    memcpy(before.host, w.host_slots[before.running].durable, WORLD_SLOT_SIZE);
    if (before.rcp != SLOT_RCP_NONE)
        memcpy(before.bundle, w.rcp[before.rcp].durable, WORLD_SLOT_SIZE);
}

static const char *claims(const struct slot_record *rec)
{
    for (int i = 0; i < SLOT_RCP_SLOTS; i++) {
        if (rec->rcp[i].state >= SLOT_STAGED && !world_is_whole(&w.rcp[i], &rec->rcp[i]))
            return "the record claims a bundle that is not whole";
    }
    for (int i = 0; i < TDM_HOST_SLOTS; i++) {
        const struct slot_host_row *row = &rec->host[i];
        bool is_known = row->content.length > 0;
        if (row->content.state >= SLOT_STAGED && is_known && !world_is_whole(&w.host_slots[i], &row->content))
            return "the record claims a host that is not whole";
        if (row->content.state >= SLOT_STAGED && row->rcp != SLOT_RCP_NONE && rec->rcp[row->rcp].state < SLOT_STAGED)
            return "a row names a bundle that is not there";
    }
    return NULL;
}

static const char *wrong_after_cut(const struct slot_record *rec)
{
    const char *claim = claims(rec);

    if (memcmp(before.host, w.host_slots[before.running].mem, WORLD_SLOT_SIZE) != 0)
        return "the running host's slot was written";
    if (before.rcp != SLOT_RCP_NONE && memcmp(before.bundle, w.rcp[before.rcp].mem, WORLD_SLOT_SIZE) != 0)
        return "the running bundle's slot was written";
    if (rec->host[before.running].content.state != SLOT_GOOD)
        return "the running host is not GOOD any more";
    if (rec->trial.kind != SLOT_TRIAL_NONE && (rec->back.host != before.running || rec->back.rcp != before.rcp))
        return "a trial without the way back";
    if (w.host.selected != before.running &&
        (rec->trial.kind != SLOT_TRIAL_HOST || rec->trial.to != (uint8_t)w.host.selected))
        return "the other host is selected without a trial";
    return claim;
}

static const char *wrong_at_end(const struct scenario *s, const struct slot_record *rec)
{
    if (rec->trial.kind != s->kind)
        return "the trial is not the one wanted";
    if (s->kind == SLOT_TRIAL_HOST && w.host.selected == before.running)
        return "done, and nothing selected";
    if (s->act == ADOPT && rec->rcp[rec->host[before.running].rcp].state != SLOT_GOOD)
        return "adopted, and not GOOD";
    return wrong_after_cut(rec);
}

/* ---- one cut ---- */

static uint64_t cuts;

/* The same command again. It may find that there is nothing left to do. */
static void run_again(const struct scenario *s, const char *where)
{
    struct slot_record rec;

    world_begin(&w);
    tdm_err err = act(s);
    bool is_over = err == TDM_E_STATE && (strcmp(w.install.fault.code, "trial_pending") == 0 ||
                                          strcmp(w.install.fault.code, "already_installed") == 0);
    if (err != TDM_OK && !is_over)
        fail_msg("%s: again: %s %s", where, w.install.fault.code, w.install.fault.what);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    const char *wrong = err == TDM_OK ? wrong_at_end(s, &rec) : claims(&rec);
    if (wrong != NULL)
        fail_msg("%s: again: %s", where, wrong);
}

/* False when the command came to its end before operation `at`. */
static bool cut(const struct scenario *s, uint64_t at, enum fake_tear tear, enum fake_unsynced unsynced)
{
    struct slot_record rec;
    char where[128];

    (void)snprintf(where, sizeof where, "%s, cut at operation %u, tear %d, unsynced %d", s->name, (unsigned)at, tear,
                   unsynced);
    open_world(s);
    remember(s);
    fake_power_on(&w.power);
    world_begin(&w);
    w.power.cut_at = at;
    w.power.tear = tear;
    w.power.unsynced = unsynced;
    tdm_err err = act(s);
    bool was_cut = w.power.is_off;
    if (was_cut && err == TDM_OK)
        fail_msg("%s: success was reported without power", where);
    if (!was_cut && err != TDM_OK)
        fail_msg("%s: %s %s", where, w.install.fault.code, w.install.fault.what);
    world_reboot(&w);
    if (world_load(&w, &rec) != SLOT_STORE_OK) {
        if (s->has_old || !was_cut)
            fail_msg("%s: the record is gone", where);
        slot_record_first(&rec, before.running);
    }
    const char *wrong = was_cut ? wrong_after_cut(&rec) : wrong_at_end(s, &rec);
    if (wrong != NULL)
        fail_msg("%s: %s", where, wrong);
    if (was_cut)
        run_again(s, where);
    cuts += was_cut;
    world_close(&w);
    return was_cut;
}

static void test_every_cut(void **state)
{
    (void)state;
    sample_image_build(&old_pair, &(struct sample_spec){.host_size = 4500, .seed = 1});
    sample_image_build(&new_pair, &(struct sample_spec){.host_size = 5000, .seed = 2});
    sample_image_build(&new_radio, &(struct sample_spec){.chip = SAMPLE_H2, .seed = 3});
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        for (int tear = 0; tear < FAKE_TEAR_COUNT; tear++) {
            for (int unsynced = 0; unsynced < FAKE_UNSYNCED_COUNT; unsynced++) {
                uint64_t at = 1;
                while (cut(&scenarios[i], at, (enum fake_tear)tear, (enum fake_unsynced)unsynced))
                    at++;
                assert_true(at > 10);
            }
        }
    }
    print_message("%u cuts\n", (unsigned)cuts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
