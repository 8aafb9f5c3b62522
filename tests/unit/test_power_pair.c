/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole road of an update, from the first byte to rest, with the power cut at every operation of storage, of the
 * boot selection and of the radio's flash, in every way the operation can be torn and what was not synced be lost. The
 * machine starts again until it rests; pair_watch looks on. A good image must come through, at once or on the second
 * try; a bad one must leave the old pair running and be refused from then on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/pair_watch.h"

/* The sanitizers look for mistakes that every cut shows; the release build tries every operation. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 5
#else
#define STRIDE 1
#endif

#define STARTS_MAX 12 /* n * (L + 1) = 9, and the starts after one or two cuts */
#define COUNTER    7u
#define TEXT(who)  "openthread-esp32/" who "; esp32h2; x"

static struct pair_world w;
static struct pair_watch watch;
static struct sample_image factory, old_radio, old_pair, new_pair, new_radio, mute_pair, mute_radio;

enum start { NEVER_UPDATED, ONE_PAIR, TWO_PAIRS };

static const struct scenario {
    const char *name;
    enum start start;
    const struct sample_image *image;
    bool has_slots, is_good;
    bool never_boots;     /* the new host */
    uint32_t start_limit; /* of the boot loader */
    bool radio_falls_too;
} scenarios[] = {
    {"pair", ONE_PAIR, &new_pair, true, true, false, 0, true},
    {"pair, radio on a supply of its own", ONE_PAIR, &new_pair, true, true, false, 1, false},
    {"pair over a pair", TWO_PAIRS, &new_pair, true, true, false, 1, true},
    {"first pair, no bundle", NEVER_UPDATED, &new_pair, true, true, false, 2, true},
    {"radio", ONE_PAIR, &new_radio, true, true, false, 0, true},
    {"radio over a pair", TWO_PAIRS, &new_radio, true, true, false, 1, true},
    {"first radio, no bundle", NEVER_UPDATED, &new_radio, true, true, false, 0, true},
    {"radio, host without slots", ONE_PAIR, &new_radio, false, true, false, 0, true},
    {"pair whose radio never answers", TWO_PAIRS, &mute_pair, true, false, false, 0, true},
    {"pair whose host never starts", TWO_PAIRS, &new_pair, true, false, true, 1, true},
    {"pair whose host never starts, and is started twice", ONE_PAIR, &new_pair, true, false, true, 2, true},
    {"radio that never answers", ONE_PAIR, &mute_radio, true, false, false, 0, true},
};

/* ---- one scenario's beginning, made once by the shipped flows ------------------------------------------------------- */

#define RADIO_USED (128u * 1024) /* nothing lies behind it */

static struct {
    uint8_t record[8192], rcp[2][WORLD_SLOT_SIZE], host[2][WORLD_SLOT_SIZE], radio[RADIO_USED];
    struct fake_host bootsel;
} begun;

static void prove(const struct sample_image *image, uint32_t counter); /* below, with what it uses */

static void begin(const struct scenario *s)
{
    pair_open(&w, s->has_slots);
    pair_plant(&w, s->start == NEVER_UPDATED ? &factory : &old_radio);
    pair_radio_on(&w);
    if (s->start != NEVER_UPDATED) {
        world_serve(&w.router, &old_radio);
        world_begin(&w.router);
        assert_int_equal(install_adopt(&w.router.install, "test:image"), TDM_OK);
        assert_int_equal(pair_boot(&w), RECONCILE_OK);
    }
    if (s->start == TWO_PAIRS)
        prove(&old_pair, 3);
    memcpy(begun.record, w.router.record.mem, sizeof begun.record);
    for (int i = 0; i < 2; i++) {
        memcpy(begun.rcp[i], w.router.rcp[i].mem, WORLD_SLOT_SIZE);
        memcpy(begun.host[i], w.router.host_slots[i].mem, WORLD_SLOT_SIZE);
    }
    memcpy(begun.radio, w.radio_bytes, RADIO_USED);
    begun.bootsel = w.router.host;
    pair_close(&w);
}

static void start_again(const struct scenario *s)
{
    pair_open(&w, s->has_slots);
    fake_flash_plant(&w.router.record, 0, begun.record, sizeof begun.record);
    for (int i = 0; i < 2; i++) {
        fake_flash_plant(&w.router.rcp[i], 0, begun.rcp[i], WORLD_SLOT_SIZE);
        fake_flash_plant(&w.router.host_slots[i], 0, begun.host[i], WORLD_SLOT_SIZE);
    }
    memcpy(w.radio_bytes, begun.radio, RADIO_USED);
    w.router.host.running = begun.bootsel.running;
    w.router.host.selected = begun.bootsel.selected;
    w.router.host.start_limit = s->start_limit;
    w.radio_falls_too = s->radio_falls_too;
    pair_radio_on(&w);
    world_serve(&w.router, s->image);
    watch_begin(&watch, &w);
    watch_update(&watch, s->image, COUNTER);
}

/* ---- an update ------------------------------------------------------------------------------------------------------ */

/* Plain images state no counter; so that the floor has something to do, the staged one is given one, uncut and uncounted. */
static void give_counter(uint32_t counter)
{
    struct fake_power power = w.router.power;
    struct slot_record rec = pair_load(&w);

    w.router.power.cut_at = 0;
    for (int i = 0; i < 2; i++) {
        if (rec.rcp[i].state == SLOT_STAGED)
            rec.rcp[i].counter = counter;
        if (rec.host[i].content.state == SLOT_STAGED)
            rec.host[i].content.counter = counter;
    }
    world_store(&w.router, &rec);
    w.router.power = power;
}

static bool is_staged(void)
{
    struct slot_record rec;
    bool is_there = watch_peek(&watch, &rec) == SLOT_STORE_OK;

    return is_there && (rec.rcp[0].state == SLOT_STAGED || rec.rcp[1].state == SLOT_STAGED);
}

/* What `tandem ota download` does; what is staged already is only armed. */
static tdm_err update(uint32_t counter, bool *needs_restart)
{
    enum reconcile_outcome outcome;
    tdm_err err = TDM_OK;

    world_begin(&w.router);
    if (!is_staged())
        err = install_stage(&w.router.install, "test:image");
    if (err != TDM_OK)
        return err;
    give_counter(counter);
    world_begin(&w.router);
    err = install_arm(&w.router.install, needs_restart);
    if (err != TDM_OK || *needs_restart)
        return err;
    pair_begin(&w);
    err = reconcile_armed(&w.flow, &outcome);
    if (!w.router.power.is_off)
        watch_outcome(&watch, outcome);
    return err;
}

static void prove(const struct sample_image *image, uint32_t counter)
{
    bool needs_restart;

    world_serve(&w.router, image);
    watch_begin(&watch, &w);
    watch_update(&watch, image, counter);
    assert_int_equal(update(counter, &needs_restart), TDM_OK);
    assert_true(needs_restart);
    (void)fake_host_restart(&w.router.host);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
}

/* ---- starts until rest ---------------------------------------------------------------------------------------------- */

struct cut {
    uint64_t at, second; /* second: counted from the first, 0: none */
    enum fake_tear tear;
    enum fake_unsynced unsynced;
};

static void power_on(const struct cut *c)
{
    pair_power_on(&w);
    w.router.power.cut_at = w.falls == 1 ? c->second : 0;
    watch_visit(&watch);
}

static bool is_dead(const struct scenario *s)
{
    return s->never_boots && w.router.host.running != begun.bootsel.running;
}

static enum reconcile_outcome run_to_rest(const struct scenario *s, const struct cut *c)
{
    enum reconcile_outcome outcome = RECONCILE_RESTART;

    for (int starts = 0; outcome == RECONCILE_RESTART && starts < STARTS_MAX; starts++) {
        (void)fake_host_restart(&w.router.host);
        if (is_dead(s))
            continue;
        outcome = pair_boot(&w);
        if (!w.router.power.is_off) {
            watch_outcome(&watch, outcome);
            continue;
        }
        power_on(c);
        outcome = RECONCILE_RESTART;
    }
    return outcome;
}

static const char *wrong_at_rest(const struct scenario *s, enum reconcile_outcome outcome)
{
    if (watch.broken != NULL)
        return watch.broken;
    if (outcome == RECONCILE_RESTART)
        return "it does not come to rest";
    if (outcome == RECONCILE_DEGRADED)
        return "it rests degraded, with nothing broken";
    if (outcome == RECONCILE_UNMANAGED && s->start != NEVER_UPDATED)
        return "the bundle is forgotten";
    if (s->is_good && watch_is_bad(&watch))
        return "a good image is condemned";
    return !s->is_good && watch_is_proven(&watch) ? "a bad image is proven" : NULL;
}

/* Once more, without a cut, unless the update has found its end already. */
static const char *wrong_after_again(const struct scenario *s)
{
    static const struct cut none;
    bool needs_restart;

    if (!watch_is_proven(&watch) && !watch_is_bad(&watch)) {
        (void)update(COUNTER, &needs_restart); /* that of a bad radio fails; what counts is where it rests */
        const char *wrong = wrong_at_rest(s, run_to_rest(s, &none));
        if (wrong != NULL)
            return wrong;
    }
    if (s->is_good)
        return watch_is_proven(&watch) ? watch.broken : "a good image does not come through";
    if (w.router.host.running != begun.bootsel.running)
        return "a bad image is left running";
    if (update(COUNTER, &needs_restart) != TDM_E_REFUSED || strcmp(w.router.install.fault.code, "known_bad") != 0)
        return "an image with a verdict is taken again";
    return watch.broken;
}

/* ---- cuts ----------------------------------------------------------------------------------------------------------- */

/* How often the power went: fewer times than asked when all was over before. */
static unsigned run(const struct scenario *s, const struct cut *c)
{
    bool needs_restart;

    start_again(s);
    fake_power_on(&w.router.power);
    w.router.power.cut_at = c->at;
    w.router.power.tear = c->tear;
    w.router.power.unsynced = c->unsynced;
    tdm_err err = update(COUNTER, &needs_restart);
    if (w.router.power.is_off) {
        if (err == TDM_OK)
            watch.broken = "success is told without power";
        power_on(c);
    }
    const char *wrong = wrong_at_rest(s, run_to_rest(s, c));
    unsigned falls = w.falls;
    w.router.power.cut_at = 0;
    if (wrong == NULL)
        wrong = wrong_after_again(s);
    if (wrong != NULL)
        fail_msg("%s: cut at operation %u, then %u, tear %d, unsynced %d: %s", s->name, (unsigned)c->at,
                 (unsigned)c->second, (int)c->tear, (int)c->unsynced, wrong);
    pair_close(&w);
    return falls;
}

/* Every operation (or every few), every tear, and where something waited for its sync every way to lose it. */
static unsigned run_every_cut(const struct scenario *s)
{
    unsigned points = 0, falls = 1;

    for (struct cut c = {.at = 1}; falls > 0; c.at += STRIDE) {
        for (int tear = 0; tear < FAKE_TEAR_COUNT && falls > 0; tear++) {
            bool differs = true;
            for (int unsynced = 0; unsynced < FAKE_UNSYNCED_COUNT && differs && falls > 0; unsynced++) {
                c.tear = (enum fake_tear)tear;
                c.unsynced = (enum fake_unsynced)unsynced;
                falls = run(s, &c);
                differs = w.fell_unsynced;
                points += falls;
            }
        }
    }
    return points;
}

static void every_cut(void **state)
{
    unsigned all = 0;

    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        begin(&scenarios[i]);
        unsigned points = run_every_cut(&scenarios[i]);
        print_message("%5u cuts: %s\n", points, scenarios[i].name);
        assert_true(points > 100 / STRIDE);
        all += points;
    }
    print_message("%5u cuts in all\n", all);
}

/* n - 1 cuts: still no good image is condemned, and nothing forgotten. */
static void two_cuts(void **state)
{
    unsigned points = 0;

    (void)state;
    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        begin(&scenarios[i]);
        unsigned first = 1, falls = 1;
        for (; falls > 0; first += 5 * STRIDE) {
            falls = 2;
            for (unsigned second = 1 + first % 3; falls == 2; second += 7) {
                struct cut c = {.at = first, .second = second, .tear = FAKE_TEAR_HALF, .unsynced = FAKE_LOST};
                falls = run(&scenarios[i], &c);
                points += falls == 2;
            }
        }
    }
    print_message("%5u pairs of cuts\n", points);
}

static int build_images(void **state)
{
    (void)state;
    pair_build(&factory, TEXT("factory"), TEXT("factory"), 0, 9);
    pair_build(&old_radio, TEXT("old"), TEXT("old"), 0, 1);
    pair_build(&old_pair, TEXT("old pair"), TEXT("old pair"), 4500, 2);
    pair_build(&new_pair, TEXT("new"), TEXT("new"), 5000, 3);
    pair_build(&new_radio, TEXT("new"), TEXT("new"), 0, 4);
    pair_build(&mute_pair, TEXT("mute"), NULL, 5000, 5);
    pair_build(&mute_radio, TEXT("mute"), NULL, 0, 6);
    memset(&watch, 0, sizeof watch);
    watch_image(&watch, &old_radio, TEXT("old"));
    watch_image(&watch, &old_pair, TEXT("old pair"));
    watch_image(&watch, &new_pair, TEXT("new"));
    watch_image(&watch, &new_radio, TEXT("new"));
    watch_image(&watch, &mute_pair, NULL);
    watch_image(&watch, &mute_radio, NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_cut), cmocka_unit_test(two_cuts)};
    return cmocka_run_group_tests(tests, build_images, NULL);
}
