/* SPDX-License-Identifier: Apache-2.0 */
#include "support/boot_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define A TDM_HOST_A
#define B TDM_HOST_B

struct pair_world w;
struct sample_image old_image, new_image, mute_image, misnamed_image;
const char old_text[] = "openthread-esp32/old; esp32h2; x", new_text[] = "openthread-esp32/new; esp32h2; x";

int scene_open(void **state)
{
    (void)state;
    pair_build(&old_image, old_text, old_text, 0, 1);
    pair_build(&new_image, new_text, new_text, 0, 2);
    pair_build(&mute_image, new_text, NULL, 0, 3);
    pair_build(&misnamed_image, new_text, old_text, 0, 4);
    pair_open(&w, true);
    return 0;
}

int scene_close(void **state)
{
    (void)state;
    pair_close(&w);
    return 0;
}

void scene_stock(struct slot_record *rec, enum slot_rcp slot, const struct sample_image *s, uint8_t id,
                 enum slot_state state)
{
    struct slot_content *c = &rec->rcp[slot];
    struct tdm_sha256 sha = {0};

    fake_flash_plant(&w.router.rcp[slot], 0, s->bytes, s->bundle_len);
    memset(c, 0, sizeof *c);
    memset(c->id, id, sizeof c->id);
    c->state = (uint8_t)state;
    c->length = s->bundle_len;
    assert_int_equal(tdm_sha256_begin(&sha, &w.router.crypto.port), TDM_OK);
    assert_int_equal(tdm_sha256_update(&sha, s->bytes, s->bundle_len), TDM_OK);
    assert_int_equal(tdm_sha256_end(&sha, c->digest), TDM_OK);
}

static void set_row(struct slot_record *rec, enum tdm_host_slot slot, enum slot_state state, enum slot_rcp bundle,
                    uint8_t id)
{
    rec->host[slot].content.state = (uint8_t)state;
    rec->host[slot].rcp = (uint8_t)bundle;
    memset(rec->host[slot].content.id, id, SLOT_ID_LEN);
}

void scene_holds(struct slot_record *rec, uint8_t id)
{
    rec->radio.is_known = id != 0;
    memset(rec->radio.holds, id, SLOT_ID_LEN);
}

struct slot_record scene_record(enum scene_record kind, const struct sample_image *on_trial)
{
    struct slot_record rec;

    slot_record_first(&rec, A);
    if (kind == UNMANAGED_RECORD)
        return rec;
    scene_stock(&rec, SLOT_R0, &old_image, 1, SLOT_GOOD);
    set_row(&rec, A, SLOT_GOOD, SLOT_R0, 1);
    scene_holds(&rec, 1);
    if (kind == PROVEN)
        return rec;
    scene_stock(&rec, SLOT_R1, on_trial, 2, SLOT_TRIAL);
    rec.trial.kind = kind == HOST_TRIAL ? SLOT_TRIAL_HOST : SLOT_TRIAL_RADIO;
    rec.trial.tries = 2;
    rec.back.host = A;
    rec.back.rcp = SLOT_R0;
    if (kind == RADIO_TRIAL) {
        rec.host[A].rcp = SLOT_R1;
        return rec;
    }
    set_row(&rec, B, SLOT_TRIAL, SLOT_R1, 2);
    rec.trial.to = B;
    rec.trial.is_paid = true;
    w.router.host.selected = B;
    w.router.host.is_final = false;
    (void)fake_host_restart(&w.router.host);
    return rec;
}

struct slot_record scene_with(const struct sample_image *in_radio, enum scene_record kind,
                              const struct sample_image *on_trial)
{
    pair_plant(&w, in_radio);
    pair_radio_on(&w);
    return scene_record(kind, on_trial);
}

void scene_is_degraded(const char *code)
{
    assert_int_equal(pair_boot(&w), RECONCILE_DEGRADED);
    assert_string_equal(w.flow.fault.code, code);
}

int scene_run_to_rest(enum reconcile_outcome *outcome)
{
    int starts = 0;

    do {
        (void)fake_host_restart(&w.router.host);
        *outcome = pair_boot(&w);
        starts++;
        assert_true(starts < 20);
    } while (*outcome == RECONCILE_RESTART);
    return starts;
}

void scene_forget_counts(void)
{
    w.router.record.erases = w.router.record.progs = 0;
    w.radio_flash.sectors_erased = 0;
    w.router.host.selects = 0;
}

void scene_nothing_was_touched(void)
{
    assert_int_equal(w.router.host.selects, 0);
    assert_int_equal(w.radio_flash.sectors_erased, 0);
    assert_int_equal(w.router.record.erases, 0);
}
