/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot flow while its ports fail: storage, boot selection, digests, serial port, lines, one call after the other, for
 * once and for the rest of that start. What it reports is true all the same, and once the ports work again the router comes
 * to rest with the radio that belongs to its running host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"
#include "support/faulty_ports.h"

static const struct scene {
    const char *name;
    enum scene_record record;
    const struct sample_image *in_chip, *on_trial;
    uint8_t holds;
    tdm_err (*flow)(struct reconcile *r, enum reconcile_outcome *outcome);
} scenes[] = {
    {"other firmware", PROVEN, &new_image, NULL, 2, reconcile_boot},
    {"empty chip", PROVEN, NULL, NULL, 0, reconcile_radio},
    {"new pair", HOST_TRIAL, &old_image, &new_image, 1, reconcile_boot},
    {"new pair whose radio never answers", HOST_TRIAL, &old_image, &mute_image, 1, reconcile_boot},
    {"new radio", RADIO_TRIAL, &old_image, &new_image, 1, reconcile_armed},
    {"new radio that never answers", RADIO_TRIAL, &old_image, &mute_image, 1, reconcile_boot},
    {"new radio that the operator refuses", RADIO_TRIAL, &new_image, &new_image, 2, reconcile_refuse},
};

/* every: calls between two faults; of the many calls alike, a sample. */
static const struct sweep {
    const char *name;
    enum faulty_kind kind;
    tdm_err err;
    uint32_t every;
} sweeps[] = {
    {"a read of storage fails", FAULTY_READ, TDM_E_IO, 701},
    {"a write to storage fails", FAULTY_WRITE, TDM_E_IO, 11},
    {"the boot selection fails", FAULTY_HOST, TDM_E_IO, 1},
    {"a digest fails", FAULTY_CRYPTO, TDM_E_IO, 127},
    {"the serial port fails", FAULTY_SERIAL, TDM_E_IO, 809},
    {"the serial port is gone", FAULTY_SERIAL, TDM_E_UNREACHABLE, 1201},
    {"the lines fail", FAULTY_LINES, TDM_E_IO, 1},
};

static void wrap(void)
{
    faulty_flash(&w.router.record.port);
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        faulty_flash(&w.router.rcp[i].port);
    faulty_host(&w.router.host.port);
    faulty_crypto(&w.router.crypto.port);
    faulty_serial(&w.serial);
    faulty_lines(&w.lines);
}

static const struct sample_image *image_of(const struct slot_content *c)
{
    return c->id[0] == 1 ? &old_image : c->id[0] == 2 ? &new_image : NULL;
}

/* The radio holds what the running host's row names, and that is no image that was refused. */
static bool is_right(const struct slot_record *rec)
{
    const struct slot_host_row *row = &rec->host[w.router.host.running];

    return row->content.state == SLOT_GOOD && row->rcp < SLOT_RCP_SLOTS && rec->rcp[row->rcp].state == SLOT_GOOD &&
           image_of(&rec->rcp[row->rcp]) != NULL && pair_radio_holds(&w, image_of(&rec->rcp[row->rcp]));
}

/* False when the start has fewer calls of that kind than n. */
static bool one_start(const struct scene *scene, const struct sweep *sweep, uint32_t n, bool is_for_good)
{
    void *unused = NULL;
    enum reconcile_outcome outcome;
    struct slot_record rec;

    (void)scene_open(&unused);
    if (scene->in_chip != NULL)
        pair_plant(&w, scene->in_chip);
    pair_radio_on(&w);
    rec = scene_record(scene->record, scene->on_trial);
    scene_holds(&rec, scene->holds);
    world_store(&w.router, &rec);
    wrap();
    faulty_plan(sweep->kind, n, is_for_good, sweep->err);
    pair_begin(&w);
    tdm_err err = scene->flow(&w.flow, &outcome);
    assert_int_equal(err, w.flow.fault.err);
    bool has_struck = faulty_has_struck();
    faulty_plan(sweep->kind, 0, false, TDM_OK);
    rec = pair_load(&w);
    if (outcome == RECONCILE_OK && !is_right(&rec))
        fail_msg("%s, %s (%u): reported as proven, and is not", scene->name, sweep->name, n);
    (void)scene_run_to_rest(&outcome);
    if (is_for_good && outcome == RECONCILE_DEGRADED) {
        pair_begin(&w); /* the operator's word: the fault has used up every attempt */
        assert_int_equal(reconcile_radio(&w.flow, &outcome), TDM_OK);
    }
    rec = pair_load(&w);
    if (outcome != RECONCILE_OK || !is_right(&rec))
        fail_msg("%s, %s (%u%s): does not come to rest: outcome %d %s", scene->name, sweep->name, n,
                 is_for_good ? " and all after" : "", (int)outcome, w.flow.fault.code);
    (void)scene_close(&unused);
    return has_struck;
}

static void every_call_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        for (size_t k = 0; k < sizeof sweeps / sizeof sweeps[0]; k++)
            for (uint32_t n = 1; one_start(&scenes[i], &sweeps[k], n, false); n += sweeps[k].every)
                ;
}

static void every_call_fails_from_there_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++)
        for (size_t k = 0; k < sizeof sweeps / sizeof sweeps[0]; k++)
            for (uint32_t n = 1; one_start(&scenes[i], &sweeps[k], n, true); n += 9 * sweeps[k].every + 4)
                ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_fails_once),
                                       cmocka_unit_test(every_call_fails_from_there_on)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
