/* SPDX-License-Identifier: Apache-2.0 */
#include "power/power_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define STARTS_MAX 12 /* n * (L + 1) = 9, and the starts after one or two cuts */
#define OLD        3u /* counters */
#define NEW        7u
#define TEXT(who)  "openthread-esp32/" who "; esp32h2; x"

static struct pair_world w;
static struct pair_watch watch;
static struct sample_image factory, old_radio, old_pair, new_pair, new_radio, mute_pair, mute_radio, other_pair,
    new_host;
static struct judge_trust trust;
static struct sample_key key;

const struct story stories[] = {
    {"pair", ONE_PAIR, UPDATE, .image = &new_pair, .end = PROVEN},
    {"pair, radio on a supply of its own", ONE_PAIR, UPDATE, .image = &new_pair, .end = PROVEN, .own_supply = true,
     .start_limit = 1},
    {"pair, its download gone on with", ONE_PAIR, UPDATE, .image = &new_pair, .end = PROVEN, .goes_on = true},
    {"pair over a pair", TWO_PAIRS, UPDATE, .image = &new_pair, .end = PROVEN, .start_limit = 1},
    {"pair over a staged one", TWO_PAIRS, UPDATE, .image = &new_pair, .end = PROVEN, .before = OTHER_STAGED},
    {"first pair, no bundle", NEVER_UPDATED, UPDATE, .image = &new_pair, .end = PROVEN, .start_limit = 2},
    {"pair, confirmed by hand", ONE_PAIR, UPDATE, .image = &new_pair, .end = PROVEN, .word = CONFIRM},
    {"pair over a pair, refused by hand", TWO_PAIRS, UPDATE, .image = &new_pair, .end = CONDEMNED, .word = REFUSE},
    {"radio", ONE_PAIR, UPDATE, .image = &new_radio, .end = PROVEN},
    {"radio over a pair", TWO_PAIRS, UPDATE, .image = &new_radio, .end = PROVEN, .start_limit = 1},
    {"radio over a pair, own supply", TWO_PAIRS, UPDATE, .image = &new_radio, .end = PROVEN, .own_supply = true},
    {"first radio, no bundle", NEVER_UPDATED, UPDATE, .image = &new_radio, .end = PROVEN},
    {"radio, host without slots", ONE_PAIR, UPDATE, .image = &new_radio, .end = PROVEN, .has_no_slots = true},
    {"radio, confirmed by hand", ONE_PAIR, UPDATE, .image = &new_radio, .end = PROVEN, .word = CONFIRM},
    {"host alone", ONE_PAIR, UPDATE, .image = &new_host, .end = PROVEN},
    {"host alone over a pair", TWO_PAIRS, UPDATE, .image = &new_host, .end = PROVEN, .start_limit = 1},
    {"host alone, refused by hand", TWO_PAIRS, UPDATE, .image = &new_host, .end = CONDEMNED, .word = REFUSE},
    {"host alone that never starts", TWO_PAIRS, UPDATE, .image = &new_host, .end = CONDEMNED, .never_boots = true,
     .start_limit = 1},
    {"pair over two hosts of one bundle", TWO_HOSTS, UPDATE, .image = &new_pair, .end = PROVEN, .start_limit = 1},
    {"radio over two hosts of one bundle", TWO_HOSTS, UPDATE, .image = &new_radio, .end = PROVEN},
    {"radio that never answers, two hosts of one bundle", TWO_HOSTS, UPDATE, .image = &mute_radio, .end = CONDEMNED},
    {"back from a host alone", TWO_HOSTS, BACK, .image = &old_radio, .end = PROVEN},
    {"radio, refused by hand", ONE_PAIR, UPDATE, .image = &new_radio, .end = CONDEMNED, .word = REFUSE},
    {"pair whose radio never answers", TWO_PAIRS, UPDATE, .image = &mute_pair, .end = CONDEMNED},
    {"pair whose host never starts", TWO_PAIRS, UPDATE, .image = &new_pair, .end = CONDEMNED, .never_boots = true,
     .start_limit = 1},
    {"pair whose host never starts, and is started twice", ONE_PAIR, UPDATE, .image = &new_pair, .end = CONDEMNED,
     .never_boots = true, .start_limit = 2},
    {"radio that never answers", ONE_PAIR, UPDATE, .image = &mute_radio, .end = CONDEMNED},
    {"back to the older pair", TWO_PAIRS, BACK, .image = &old_radio, .end = PROVEN},
    {"back to the older pair, confirmed by hand", TWO_PAIRS, BACK, .image = &old_radio, .end = PROVEN, .word = CONFIRM},
    {"cancel what is staged", TWO_PAIRS, CANCEL, .image = &new_pair, .end = TAKEN_BACK, .before = STAGED},
    {"cancel a staged host alone", TWO_PAIRS, CANCEL, .image = &new_host, .end = TAKEN_BACK, .before = STAGED},
    {"cancel an armed host alone", ONE_PAIR, CANCEL, .image = &new_host, .end = EITHER, .before = ARMED},
    {"cancel what is armed", TWO_PAIRS, CANCEL, .image = &new_pair, .end = EITHER, .before = ARMED},
    {"cancel an armed radio", TWO_PAIRS, CANCEL, .image = &new_radio, .end = EITHER, .before = ARMED},
    {"adopt", NEVER_UPDATED, ADOPT, .image = &old_radio, .end = RIGHT},
    {"radio wiped", TWO_PAIRS, START, .image = &old_pair, .end = RIGHT, .before = RADIO_WIPED},
    {"radio wiped, own supply", ONE_PAIR, START, .image = &old_radio, .end = RIGHT, .before = RADIO_WIPED,
     .own_supply = true},
    {"radio wiped, its bundle rotten", TWO_PAIRS, START, .image = &old_radio, .end = SUBSTITUTED, .before = OWN_ROTTED},
    {"older host started by hand", TWO_PAIRS, START, .image = &old_radio, .end = RIGHT, .before = OTHER_SELECTED},
};
const size_t story_count = sizeof stories / sizeof stories[0];

/* ---- the beginning -------------------------------------------------------------------------------------------------- */

#define RADIO_USED (128u * 1024) /* nothing lies behind it */

static struct {
    uint8_t record[WATCH_RECORD], rcp[2][WORLD_SLOT_SIZE], host[2][WORLD_SLOT_SIZE], radio[RADIO_USED];
    struct fake_host bootsel;
} begun;

static tdm_err update(enum story_word word, bool *needs_restart); /* below, with what they use */

/* Keys are configured, so that the floor has something to do; where it would bar the older pair they are not. */
static uint32_t counts(const struct story *s, uint32_t counter)
{
    bool has_keys = s->order != BACK && s->before < OWN_ROTTED;

    w.router.policy.trust = has_keys ? &trust : NULL;
    return has_keys ? counter : 0;
}

static void prove(const struct sample_image *image, uint32_t counter)
{
    bool needs_restart;

    world_serve(&w.router, image);
    watch_begin(&watch, &w);
    watch_update(&watch, image, counter);
    assert_int_equal(update(SILENCE, &needs_restart), TDM_OK);
    assert_true(needs_restart);
    (void)fake_host_restart(&w.router.host);
    assert_int_equal(pair_boot(&w), RECONCILE_OK);
}

static void stage(const struct sample_image *image)
{
    world_serve(&w.router, image);
    world_begin(&w.router);
    assert_int_equal(install_stage(&w.router.install, "test:image"), TDM_OK);
}

static void happen(const struct story *s)
{
    bool needs_restart;

    if (s->before == STAGED || s->before == ARMED)
        stage(s->image);
    if (s->before == OTHER_STAGED)
        stage(&other_pair);
    if (s->before == ARMED) {
        world_begin(&w.router);
        assert_int_equal(install_arm(&w.router.install, &needs_restart), TDM_OK);
    }
    if (s->before == OWN_ROTTED)
        assert_true(watch_rot(&watch, pair_load(&w).host[w.router.host.running].rcp));
    if (s->before == RADIO_WIPED || s->before == OWN_ROTTED)
        memset(w.radio_bytes, 0xff, RADIO_USED);
    if (s->before == OTHER_SELECTED)
        w.router.host.selected = tdm_host_other(w.router.host.running);
}

static void keep(void)
{
    memcpy(begun.record, w.router.record.mem, sizeof begun.record);
    for (int i = 0; i < 2; i++) {
        memcpy(begun.rcp[i], w.router.rcp[i].mem, WORLD_SLOT_SIZE);
        memcpy(begun.host[i], w.router.host_slots[i].mem, WORLD_SLOT_SIZE);
    }
    memcpy(begun.radio, w.radio_bytes, RADIO_USED);
    begun.bootsel = w.router.host;
}

void story_begin(const struct story *s)
{
    memset(watch.rotten, 0, sizeof watch.rotten);
    pair_open(&w, !s->has_no_slots);
    (void)counts(s, 0);
    pair_plant(&w, s->start == NEVER_UPDATED ? &factory : &old_radio);
    pair_radio_on(&w);
    if (s->start != NEVER_UPDATED) {
        world_serve(&w.router, &old_radio);
        world_begin(&w.router);
        assert_int_equal(install_adopt(&w.router.install, "test:image"), TDM_OK);
        assert_int_equal(pair_boot(&w), RECONCILE_OK);
    }
    if (s->start == TWO_PAIRS)
        prove(&old_pair, counts(s, OLD));
    if (s->start == TWO_HOSTS)
        prove(&new_host, counts(s, NEW));
    happen(s);
    keep();
    pair_close(&w);
}

static void begin_again(const struct story *s)
{
    struct fake_host *h = &w.router.host;

    pair_open(&w, !s->has_no_slots);
    (void)counts(s, 0);
    fake_flash_plant(&w.router.record, 0, begun.record, sizeof begun.record);
    for (int i = 0; i < 2; i++) {
        fake_flash_plant(&w.router.rcp[i], 0, begun.rcp[i], WORLD_SLOT_SIZE);
        fake_flash_plant(&w.router.host_slots[i], 0, begun.host[i], WORLD_SLOT_SIZE);
    }
    memcpy(w.radio_bytes, begun.radio, RADIO_USED);
    h->running = begun.bootsel.running;
    h->selected = begun.bootsel.selected;
    h->is_final = begun.bootsel.is_final;
    h->start_limit = s->start_limit;
    w.radio_falls_too = !s->own_supply;
    w.waits = s->word != SILENCE;
    w.router.has_journal = w.router.source.has_ranges = s->goes_on;
    w.router.source.validator = "\"image\"";
    pair_radio_on(&w);
    world_serve(&w.router, s->image);
    watch_begin(&watch, &w);
    if (s->order == UPDATE || s->order == CANCEL)
        watch_update(&watch, s->image, counts(s, NEW));
    if (s->order == BACK)
        watch_back(&watch, s->image);
}

/* ---- orders --------------------------------------------------------------------------------------------------------- */

/* The operator is there when a trial waits for his word. */
static enum reconcile_outcome say_word(enum story_word word, enum reconcile_outcome outcome)
{
    if (outcome != RECONCILE_WAITING || w.router.power.is_off || word == SILENCE)
        return outcome;
    watch_outcome(&watch, outcome);
    pair_begin(&w);
    tdm_err err = word == CONFIRM ? reconcile_accept(&w.flow, &outcome) : reconcile_refuse(&w.flow, &outcome);
    if (err != w.flow.fault.err)
        watch.broken = "the operator's word: error and fault differ";
    return outcome;
}

/* A radio trial goes on in the process that armed it. */
static tdm_err go_on(enum story_word word, tdm_err err, bool needs_restart)
{
    enum reconcile_outcome outcome;

    if (err != TDM_OK || needs_restart)
        return err;
    pair_begin(&w);
    err = reconcile_armed(&w.flow, &outcome);
    outcome = say_word(word, outcome);
    if (w.router.power.is_off)
        return TDM_E_POWER;
    watch_outcome(&watch, outcome);
    return err;
}

/* What `tandem ota download` does; what is staged already is only armed. */
static tdm_err update(enum story_word word, bool *needs_restart)
{
    tdm_err err = TDM_OK;

    world_begin(&w.router);
    if (watch_state(&watch) != SLOT_STAGED)
        err = install_stage(&w.router.install, "test:image");
    if (err != TDM_OK)
        return err;
    world_begin(&w.router);
    err = install_arm(&w.router.install, needs_restart);
    return go_on(word, err, *needs_restart);
}

static tdm_err give_order(const struct story *s)
{
    bool needs_restart = false;
    tdm_err err;

    world_begin(&w.router);
    switch (s->order) {
    case UPDATE:
        return update(s->word, &needs_restart);
    case BACK:
        err = install_back(&w.router.install, &needs_restart);
        return go_on(s->word, err, needs_restart);
    case CANCEL:
        return install_cancel(&w.router.install);
    case ADOPT:
        return install_adopt(&w.router.install, "test:image");
    default:
        return TDM_OK;
    }
}

/* ---- starts until rest ---------------------------------------------------------------------------------------------- */

static void plan(const struct story_cut *c)
{
    fake_power_on(&w.router.power);
    w.router.power.cut_at = c->at;
    w.router.power.tear = c->tear;
    w.router.power.unsynced = c->unsynced;
}

static void power_on(const struct story_cuts *c)
{
    static const struct story_cut none;

    pair_power_on(&w);
    plan(w.falls == 1 ? &c->second : &none);
    watch_visit(&watch);
}

static bool is_dead(const struct story *s)
{
    return s->never_boots && w.router.host.running != begun.bootsel.running;
}

static enum reconcile_outcome run_to_rest(const struct story *s, const struct story_cuts *c)
{
    enum reconcile_outcome outcome = RECONCILE_RESTART;

    for (int starts = 0; outcome == RECONCILE_RESTART && starts < STARTS_MAX; starts++) {
        (void)fake_host_restart(&w.router.host);
        if (is_dead(s))
            continue;
        outcome = say_word(s->word, pair_boot(&w));
        if (!w.router.power.is_off) {
            watch_outcome(&watch, outcome);
            continue;
        }
        power_on(c);
        outcome = RECONCILE_RESTART;
    }
    return outcome;
}

static bool is_taken_back(void)
{
    return watch_state(&watch) == SLOT_EMPTY && !watch_is_bad(&watch);
}

static bool has_ended(const struct story *s, enum reconcile_outcome outcome)
{
    switch (s->end) {
    case TAKEN_BACK:
        return is_taken_back();
    case EITHER:
        return is_taken_back() || watch_is_proven(&watch);
    case RIGHT:
        return outcome == RECONCILE_OK && pair_radio_holds(&w, s->image);
    case SUBSTITUTED:
        return outcome == RECONCILE_SUBSTITUTE && pair_radio_holds(&w, s->image);
    default:
        return watch_is_proven(&watch) || watch_is_bad(&watch);
    }
}

static const char *wrong_at_rest(const struct story *s, enum reconcile_outcome outcome)
{
    if (watch.broken != NULL)
        return watch.broken;
    if (outcome == RECONCILE_RESTART)
        return "it does not come to rest";
    if (outcome == RECONCILE_WAITING)
        return "it waits for a word that was given";
    if (outcome == RECONCILE_DEGRADED)
        return "it rests degraded, with nothing broken";
    if (outcome == RECONCILE_SUBSTITUTE && s->end != SUBSTITUTED)
        return "it rests on a substitute, with its own bundle at hand";
    if (outcome == RECONCILE_UNMANAGED && s->start != NEVER_UPDATED)
        return "the bundle is forgotten";
    if (s->end != CONDEMNED && watch_is_bad(&watch))
        return "a good image is condemned";
    return s->end == CONDEMNED && watch_is_proven(&watch) ? "a bad image is proven" : NULL;
}

static const char *wrong_when_condemned(const struct story *s)
{
    if (!watch_is_bad(&watch))
        return "a bad image has no verdict";
    if (w.router.host.running != begun.bootsel.running)
        return "a bad image is left running";
    if (give_order(s) != TDM_E_REFUSED || strcmp(w.router.install.fault.code, "known_bad") != 0)
        return "an image with a verdict is taken again";
    return watch.broken;
}

/* Once more, without a cut, unless the order has found its end already. */
static const char *wrong_after_again(const struct story *s, enum reconcile_outcome outcome)
{
    static const struct story_cuts none;

    if (!has_ended(s, outcome)) {
        (void)give_order(s); /* that of a bad radio fails; what counts is where it rests */
        outcome = run_to_rest(s, &none);
        const char *wrong = wrong_at_rest(s, outcome);
        if (wrong != NULL)
            return wrong;
    }
    if (s->end == CONDEMNED)
        return wrong_when_condemned(s);
    return has_ended(s, outcome) ? watch.broken : "the order does not come to its end";
}

static unsigned outcome_number(enum reconcile_outcome outcome)
{
    unsigned n = (unsigned)outcome;

    n = n * SLOT_STATE_COUNT + (unsigned)(watch_is_bad(&watch) ? SLOT_BAD : watch_state(&watch));
    n = n * 2 + (unsigned)w.router.host.running;
    return n * (WATCH_IMAGES + 1) + (unsigned)watch_radio_image(&watch);
}

struct story_result story_run(const struct story *s, const struct story_cuts *c)
{
    struct story_result result;

    begin_again(s);
    plan(&c->first);
    tdm_err err = give_order(s);
    if (w.router.power.is_off) {
        if (err == TDM_OK)
            watch.broken = "success is told without power";
        power_on(c);
    }
    enum reconcile_outcome outcome = run_to_rest(s, c);
    result.outcome = outcome_number(outcome);
    result.falls = w.falls;
    w.router.power.cut_at = 0;
    result.violation = wrong_at_rest(s, outcome);
    if (result.violation == NULL)
        result.violation = wrong_after_again(s, outcome);
    result.fell_unsynced = w.fell_unsynced;
    pair_close(&w);
    return result;
}

void story_build_images(void)
{
    static const struct {
        struct sample_image *image;
        const char *named, *says;
        size_t host_size;
        uint32_t counter;
    } rows[] = {
        {&factory, TEXT("factory"), TEXT("factory"), 0, OLD},
        {&old_radio, TEXT("old"), TEXT("old"), 0, OLD},
        {&old_pair, TEXT("old pair"), TEXT("old pair"), 4500, OLD},
        {&new_pair, TEXT("new"), TEXT("new"), 5000, NEW},
        {&new_radio, TEXT("new"), TEXT("new"), 0, NEW},
        {&mute_pair, TEXT("mute"), NULL, 5000, NEW},
        {&mute_radio, TEXT("mute"), NULL, 0, NEW},
        {&other_pair, TEXT("other"), TEXT("other"), 4800, NEW},
        {&new_host, NULL, NULL, 5200, NEW},
    };

    sample_key_make(&key, 1);
    trust = (struct judge_trust){.keys = &key.known, .count = 1, .threshold = 1};
    memset(&watch, 0, sizeof watch);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pair_build_signed(rows[i].image, rows[i].named, rows[i].says, rows[i].host_size, (uint8_t)(i + 1),
                          rows[i].counter, &key);
        watch_image(&watch, rows[i].image, rows[i].says);
    }
}
