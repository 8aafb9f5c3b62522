/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim-world: lives of routers, each drawn from one seed: orders of the operator, and faults of all kinds while they are
 * carried out. pair_watch looks on; then the faults end, and the router must find out of whatever state it is in and take
 * a good update.
 *
 *   sim-world --seeds A..B [--jobs N] [--verbose]
 *
 * A failing seed is one line; `sim-world --seeds N..N --verbose` lives that life again, step by step.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/pair_watch.h"

#define STARTS_MAX 40 /* until rest; n * (L + 1) = 9, returns 8, and those that a cut ends */
#define JOBS_MAX   64
#define COUNTER    5u
#define TEXT(who)  "openthread-esp32/" who "; esp32h2; x"

static struct pair_world w;
static struct pair_watch watch;
static struct sample_image changed;
static struct judge_trust trust;
static struct sample_key key;
static uint64_t rng;
static bool is_verbose;

/* What this life is like. */
static struct life {
    bool has_keys, never_boots;
    enum tdm_host_slot dead_host; /* while an update with a host that never boots is on trial */
    unsigned cuts_left, noise;
    bool loses_copy, is_radio_dead;
} life;

static bool is_last;        /* no fault any more */
static const char *at_step; /* for the line of a failing seed */

static uint64_t draw(uint64_t below)
{
    uint64_t z = (rng += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static bool one_in(uint64_t n)
{
    return draw(n) == 0;
}

static void say(const char *indent, const char *what)
{
    if (is_verbose)
        printf("%s%s\n", indent, what);
}

static void say_outcome(enum reconcile_outcome outcome)
{
    static const char *const names[] = {"ok", "unmanaged", "substitute", "restart", "waiting", "stopped", "degraded"};
    if (is_verbose)
        printf("    rests: %s %s, host %d, falls %u%s%s\n", names[outcome],
               w.flow.fault.code != NULL ? w.flow.fault.code : "", (int)w.router.host.running, w.falls,
               watch.broken != NULL ? ": " : "", watch.broken != NULL ? watch.broken : "");
}

/* ---- images --------------------------------------------------------------------------------------------------------- */

static struct image_row {
    const char *name, *named, *says;
    size_t host_size;
    uint16_t chip;    /* 0: the radio's */
    uint32_t younger; /* its counter is that much higher than the oldest one's */
    struct sample_image image;
} images[] = {
    {.name = "first radio", .named = TEXT("first"), .says = TEXT("first")},
    {.name = "radio", .named = TEXT("radio"), .says = TEXT("radio")},
    {.name = "pair", .named = TEXT("pair"), .says = TEXT("pair"), .host_size = 4500},
    {.name = "other pair", .named = TEXT("other"), .says = TEXT("other"), .host_size = 5000, .younger = 1},
    {.name = "mute pair", .named = TEXT("mute"), .host_size = 4800, .younger = 2},
    {.name = "mute radio", .named = TEXT("mute")},
    {.name = "pair of another chip", .named = TEXT("c6"), .host_size = 4900, .chip = SAMPLE_C6},
    {.name = "host alone", .host_size = 4700, .younger = 1},
    {.name = "last pair", .named = TEXT("last"), .says = TEXT("last"), .host_size = 5200, .younger = 2},
};
#define IMAGES     (sizeof images / sizeof images[0])
#define FIRST      (&images[0])
#define HOST_ALONE (&images[IMAGES - 2])
#define LAST       (&images[IMAGES - 1])

static void build_images(void)
{
    sample_key_make(&key, 1);
    trust = (struct judge_trust){.keys = &key.known, .count = 1, .threshold = 1};
    for (size_t i = 0; i < IMAGES; i++) {
        struct image_row *row = &images[i];
        if (row->chip == 0)
            pair_build_signed(&row->image, row->named, row->says, row->host_size, (uint8_t)(i + 1),
                              COUNTER + row->younger, &key);
        else
            sample_image_build(&row->image, &(struct sample_spec){.version = row->named,
                                                                  .chip = row->chip,
                                                                  .app_size = 6000,
                                                                  .host_size = row->host_size,
                                                                  .seed = (uint8_t)(i + 1)});
        watch_image(&watch, &row->image, row->says);
    }
}

/* ---- faults --------------------------------------------------------------------------------------------------------- */

static void plan_cut(void)
{
    if (life.cuts_left == 0)
        return;
    life.cuts_left--;
    w.router.power.cut_at = w.router.power.ops + 1 + draw(one_in(2) ? 30 : 200);
    w.router.power.tear = (enum fake_tear)draw(FAKE_TEAR_COUNT);
    w.router.power.unsynced = (enum fake_unsynced)draw(FAKE_UNSYNCED_COUNT);
}

static size_t spoil(struct pair_world *world, uint8_t *data, size_t len)
{
    size_t left = 0;

    (void)world;
    for (size_t i = 0; i < len; i++) {
        if (life.is_radio_dead || (life.noise > 0 && one_in(3 * life.noise)))
            continue;
        data[left] = data[i];
        if (life.noise > 0 && one_in(life.noise))
            data[left] ^= (uint8_t)(1u << draw(8));
        left++;
    }
    return left;
}

static void cuts(void)
{
    life.cuts_left = 1 + (unsigned)draw(3);
    plan_cut();
}
static void noise(void)
{
    life.noise = 300 + (unsigned)draw(20000);
}
static void dead_radio(void)
{
    life.is_radio_dead = true;
}
static void radio_falls_alone(void)
{
    w.radio_falls_in = 1 + (uint32_t)draw(12);
}
static void bits_rot_in_the_radio(void)
{
    w.rots = 1 + (uint32_t)draw(4);
}
static void connection_breaks(void)
{
    w.router.source.breaks_at = 1 + draw(9000);
}
static void selector_sleeps(void)
{
    w.router.host.ignores_select = true;
}
static void no_port(void)
{
    w.has_no_port = true;
}
static void copy_is_lost(void)
{
    life.loses_copy = true;
    cuts();
}
static void bundle_rots(void)
{
    (void)watch_rot(&watch, (uint8_t)draw(SLOT_RCP_SLOTS));
}
static void host_never_boots(void)
{
    life.never_boots = w.router.host.start_limit > 0; /* else nobody ever starts the other one */
    life.dead_host = tdm_host_other(w.router.host.running);
}

static const struct fault_row {
    const char *name;
    unsigned one_in; /* steps */
    void (*begin)(void);
} faults[] = {
    {"cuts", 2, cuts},
    {"noise on the wire", 5, noise},
    {"dead radio", 12, dead_radio},
    {"radio's power alone", 6, radio_falls_alone},
    {"bits rot in the radio", 8, bits_rot_in_the_radio},
    {"connection breaks", 12, connection_breaks},
    {"selector obeys no more", 6, selector_sleeps},
    {"a copy of the record is lost", 8, copy_is_lost},
    {"a stored bundle rots", 15, bundle_rots},
    {"the new host never boots", 10, host_never_boots},
    {"the serial port is not there", 12, no_port},
};

static void end_faults(void)
{
    life.cuts_left = life.noise = 0;
    life.loses_copy = life.is_radio_dead = life.never_boots = false;
    w.radio_falls_in = w.rots = 0;
    w.router.source.breaks_at = 0;
    w.router.host.ignores_select = w.has_no_port = false;
    w.router.power.cut_at = 0;
}

/* One copy of the record fails, while the other can be read: losing both is outside of what can be survived. */
static void lose_copy(void)
{
    struct fake_flash *f = &w.router.record;
    uint64_t at = draw(2) * f->port.erase_size;
    uint8_t saved[SLOT_RECORD_ROOM];
    struct slot_record rec;

    life.loses_copy = false;
    memcpy(saved, f->durable + at, sizeof saved);
    memset(f->durable + at, 0, sizeof saved);
    if (watch_peek(&watch, &rec) != SLOT_STORE_OK)
        memcpy(f->durable + at, saved, sizeof saved);
    memcpy(f->mem, f->durable, f->port.size);
}

static void power_on(void)
{
    pair_power_on(&w);
    if (life.loses_copy)
        lose_copy();
    watch_visit(&watch);
    if (one_in(2))
        plan_cut();
}

/* ---- orders --------------------------------------------------------------------------------------------------------- */

static tdm_err go_on(tdm_err err, bool needs_restart)
{
    enum reconcile_outcome outcome;

    if (err != TDM_OK || needs_restart)
        return err;
    pair_begin(&w);
    err = reconcile_armed(&w.flow, &outcome);
    if (!w.router.power.is_off)
        watch_outcome(&watch, outcome);
    return err;
}

static const char *fault_code(void)
{
    return w.router.install.fault.code != NULL ? w.router.install.fault.code : "";
}

static bool peek(struct slot_record *rec)
{
    return watch_peek(&watch, rec) == SLOT_STORE_OK;
}

static bool is_trial_pending(void)
{
    struct slot_record rec;
    return peek(&rec) && rec.trial.kind != SLOT_TRIAL_NONE;
}

static struct image_row *image_in(const struct slot_content *c)
{
    for (size_t i = 0; i < IMAGES; i++)
        if (c->state != SLOT_EMPTY && memcmp(watch.digests[i], c->digest, SLOT_ID_LEN) == 0)
            return &images[i];
    return NULL;
}

/* Of an image with a manifest: does this host slot hold its host? */
static bool is_host_of(const struct slot_host_row *host, const struct image_row *row)
{
    uint8_t id[SLOT_ID_LEN];

    sample_image_id(&row->image, id);
    return host->content.state != SLOT_EMPTY && slot_id_equal(host->content.id, id);
}

static bool is_stored(const struct image_row *row)
{
    struct slot_record rec;

    if (!peek(&rec))
        return false;
    if (row->named == NULL)
        return is_host_of(&rec.host[TDM_HOST_A], row) || is_host_of(&rec.host[TDM_HOST_B], row);
    return image_in(&rec.rcp[0]) == row || image_in(&rec.rcp[1]) == row;
}

/* Nothing may be begun while a trial is under way. */
static tdm_err refused(tdm_err err)
{
    if (err == TDM_OK)
        watch.broken = "something is begun during a trial";
    return err;
}

/* Without keys a counter counts nothing. */
static void watch_row(const struct image_row *row, const struct sample_image *image)
{
    watch_update(&watch, image, life.has_keys ? COUNTER + row->younger : 0);
}

static tdm_err stage(const struct image_row *row, const struct sample_image *image)
{
    world_serve(&w.router, image);
    world_begin(&w.router);
    if (is_trial_pending())
        return refused(install_stage(&w.router.install, "test:image"));
    watch_row(row, image);
    return install_stage(&w.router.install, "test:image");
}

static tdm_err arm(void)
{
    bool needs_restart = false;

    world_begin(&w.router);
    tdm_err err = install_arm(&w.router.install, &needs_restart);
    return go_on(err, needs_restart);
}

static tdm_err update_to(const struct image_row *row)
{
    say("    ", row->name);
    if (is_stored(row))
        return TDM_OK; /* the watch tells images apart by what is new */
    tdm_err err = stage(row, &row->image);
    return err == TDM_OK ? arm() : err;
}

static tdm_err update(void)
{
    return update_to(&images[1 + draw(IMAGES - 2)]);
}

/* Somewhere in what the firmware's own checksum and digest cover. */
static tdm_err update_changed(void)
{
    const struct sample_image *good = &images[2].image;

    if (is_stored(&images[2]))
        return TDM_OK; /* by its manifest it is the very same image */
    changed = *good;
    changed.bytes[good->part_at[4] + draw(good->part_len[4])] ^= (uint8_t)(1u << draw(8));
    tdm_err err = stage(&images[2], &changed);
    if (err == TDM_OK)
        watch.broken = "a changed image is staged";
    return err;
}

static tdm_err stage_only(void)
{
    const struct image_row *row = one_in(3) ? HOST_ALONE : &images[2 + draw(2)];
    return is_stored(row) ? TDM_OK : stage(row, &row->image);
}

static tdm_err apply(void)
{
    struct slot_record rec;

    if (!peek(&rec) || is_trial_pending())
        return TDM_OK;
    for (int i = 0; i < SLOT_RCP_SLOTS; i++)
        if (rec.rcp[i].state == SLOT_STAGED && image_in(&rec.rcp[i]) != NULL)
            watch_row(image_in(&rec.rcp[i]), &image_in(&rec.rcp[i])->image);
    for (int i = 0; i < TDM_HOST_SLOTS; i++)
        if (rec.host[i].content.state == SLOT_STAGED && is_host_of(&rec.host[i], HOST_ALONE))
            watch_row(HOST_ALONE, &HOST_ALONE->image);
    return arm();
}

/* By hand, or by a substitute: there may be no other pair than the one that runs, however the record calls it. */
static bool is_back_what_runs(const struct slot_record *rec)
{
    enum tdm_host_slot running = w.router.host.running;
    return rec->back.host == (uint8_t)running && rec->host[running].rcp == rec->back.rcp;
}

static tdm_err back(void)
{
    bool needs_restart = false;
    struct slot_record rec;

    world_begin(&w.router);
    bool goes_on = peek(&rec) && install_is_back_armed(&rec, w.router.host.running);
    if (is_trial_pending() && !goes_on)
        return refused(install_back(&w.router.install, &needs_restart));
    if (!goes_on && peek(&rec) && rec.back.rcp < SLOT_RCP_SLOTS && !is_back_what_runs(&rec) &&
        image_in(&rec.rcp[rec.back.rcp]) != NULL)
        watch_back(&watch, &image_in(&rec.rcp[rec.back.rcp])->image);
    tdm_err err = install_back(&w.router.install, &needs_restart);
    return go_on(err, needs_restart);
}

static tdm_err cancel(void)
{
    world_begin(&w.router);
    return install_cancel(&w.router.install);
}

static tdm_err repair(void)
{
    enum reconcile_outcome outcome;

    pair_begin(&w);
    tdm_err err = reconcile_radio(&w.flow, &outcome);
    if (!w.router.power.is_off && err != TDM_E_STATE)
        watch_outcome(&watch, outcome);
    return err;
}

static tdm_err select_older(void)
{
    enum tdm_host_slot other = tdm_host_other(w.router.host.running);
    struct slot_record rec;

    if (!peek(&rec) || is_trial_pending() || rec.host[other].content.state != SLOT_GOOD)
        return TDM_OK;
    w.router.host.selected = other;
    w.router.host.is_final = true;
    return TDM_OK;
}

static tdm_err nothing(void)
{
    return TDM_OK;
}

static const struct order_row {
    const char *name;
    unsigned weight;
    tdm_err (*give)(void);
} orders[] = {
    {"update", 10, update},      {"update, changed on the way", 1, update_changed},
    {"stage", 2, stage_only},    {"apply", 2, apply},
    {"back", 3, back},           {"cancel", 1, cancel},
    {"radio repair", 2, repair}, {"older host by hand", 1, select_older},
    {"nothing", 2, nothing},
};
#define ORDERS (sizeof orders / sizeof orders[0])

static const struct order_row *draw_order(void)
{
    unsigned all = 0;

    for (size_t i = 0; i < ORDERS; i++)
        all += orders[i].weight;
    uint64_t n = draw(all);
    for (size_t i = 0; i < ORDERS; n -= orders[i++].weight)
        if (n < orders[i].weight)
            return &orders[i];
    return &orders[0];
}

/* ---- a life --------------------------------------------------------------------------------------------------------- */

/* The operator, when he is there: after the faults he always is. */
static enum reconcile_outcome say_word(enum reconcile_outcome outcome)
{
    if (outcome != RECONCILE_WAITING || w.router.power.is_off || (!is_last && one_in(3)))
        return outcome;
    watch_outcome(&watch, outcome);
    pair_begin(&w);
    tdm_err err = one_in(4) ? reconcile_refuse(&w.flow, &outcome) : reconcile_accept(&w.flow, &outcome);
    if (err != w.flow.fault.err)
        watch.broken = "the operator's word: error and fault differ";
    return outcome;
}

static bool is_dead(void)
{
    return life.never_boots && !w.router.host.is_final && w.router.host.running == life.dead_host;
}

static enum reconcile_outcome run_to_rest(void)
{
    enum reconcile_outcome outcome = RECONCILE_RESTART;

    for (int starts = 0; outcome == RECONCILE_RESTART && starts < STARTS_MAX; starts++) {
        (void)fake_host_restart(&w.router.host);
        if (is_dead())
            continue;
        outcome = say_word(pair_boot(&w));
        if (!w.router.power.is_off) {
            watch_outcome(&watch, outcome);
            continue;
        }
        power_on();
        outcome = RECONCILE_RESTART;
    }
    say_outcome(outcome);
    return outcome;
}

static void begin_life(uint64_t seed)
{
    is_last = false;
    rng = seed * 0xd1342543de82ef95u + 1;
    life = (struct life){.has_keys = one_in(2)};
    memset(watch.rotten, 0, sizeof watch.rotten);
    watch.has_seen = false;
    pair_open(&w, true);
    w.router.policy.trust = life.has_keys ? &trust : NULL;
    w.on_wire = spoil;
    w.waits = one_in(4);
    w.radio_falls_too = !one_in(3);
    w.router.host.start_limit = (uint32_t)draw(3);
    pair_plant(&w, &FIRST->image);
    pair_radio_on(&w);
    watch_begin(&watch, &w);
    if (one_in(4))
        return;
    world_serve(&w.router, &FIRST->image);
    world_begin(&w.router);
    if (install_adopt(&w.router.install, "test:image") != TDM_OK || run_to_rest() != RECONCILE_OK)
        watch.broken = "the beginning fails";
}

static void draw_faults(void)
{
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        if (one_in(faults[i].one_in)) {
            faults[i].begin();
            say("    fault: ", faults[i].name);
        }
}

static const char *one_step(void)
{
    const struct order_row *order = draw_order();

    at_step = order->name;
    say("  ", order->name);
    if (!is_trial_pending())
        watch_begin(&watch, &w);
    draw_faults();
    tdm_err err = order->give();
    if (w.router.power.is_off) {
        if (err == TDM_OK)
            return "success is told without power";
        power_on();
    }
    if (run_to_rest() == RECONCILE_RESTART && watch.broken == NULL && !is_dead())
        return "it does not come to rest";
    if (one_in(2))
        end_faults();
    return watch.broken;
}

/* Stored, tried before, as it was when it was stored, and firmware that answers. */
static bool could_answer(const struct slot_content *c)
{
    const struct image_row *row = c->state >= SLOT_TRIAL ? image_in(c) : NULL;
    return row != NULL && row->says != NULL && !watch.rotten[row - images];
}

/* Without one there is nothing to bring the radio back with, but an update. */
static bool has_whole_bundle(void)
{
    struct slot_record rec;
    uint8_t rcp = peek(&rec) ? rec.host[w.router.host.running].rcp : SLOT_RCP_NONE;

    return rcp < SLOT_RCP_SLOTS ? could_answer(&rec.rcp[rcp])
                                : could_answer(&rec.rcp[SLOT_R0]) || could_answer(&rec.rcp[SLOT_R1]);
}

/* No fault any more: by itself, or with the operator's word and his order to repair the radio, it is well again. */
static const char *recover(void)
{
    enum reconcile_outcome outcome = RECONCILE_RESTART;

    at_step = "recovery";
    is_last = true;
    end_faults();
    for (int i = 0; i < 4; i++) {
        outcome = run_to_rest();
        if (outcome == RECONCILE_RESTART || watch.broken != NULL)
            return watch.broken != NULL ? watch.broken : "it does not come to rest";
        if (outcome != RECONCILE_DEGRADED && outcome != RECONCILE_WAITING)
            return NULL;
        if (outcome == RECONCILE_DEGRADED)
            (void)repair();
    }
    return has_whole_bundle() && outcome == RECONCILE_DEGRADED ? "degraded without a fault" : watch.broken;
}

static const char *last_update(void)
{
    at_step = "last update";
    w.waits = false;
    if (is_trial_pending())
        (void)run_to_rest();
    watch_begin(&watch, &w);
    tdm_err err = update_to(LAST);
    if (err != TDM_OK)
        return fault_code();
    (void)run_to_rest();
    if (watch.broken != NULL)
        return watch.broken;
    return watch_is_proven(&watch) ? NULL : "a good update does not come through";
}

static const char *live(uint64_t seed)
{
    begin_life(seed);
    const char *wrong = watch.broken;

    for (uint64_t steps = 1 + draw(5); steps > 0 && wrong == NULL; steps--)
        wrong = one_step();
    if (wrong == NULL)
        wrong = recover();
    if (wrong == NULL)
        wrong = last_update();
    pair_close(&w);
    return wrong;
}

/* ---- many lives ----------------------------------------------------------------------------------------------------- */

struct job {
    uint64_t at, done, failed;
};

static void run_job(struct job *job, uint64_t last, unsigned step)
{
    for (; job->at <= last; job->at += step) {
        const char *wrong = live(job->at);
        job->done++;
        if (wrong == NULL)
            continue;
        job->failed++;
        printf("seed %" PRIu64 ": %s: %s; again: sim-world --seeds %" PRIu64 "..%" PRIu64 " --verbose\n", job->at,
               at_step, wrong, job->at, job->at);
        (void)fflush(stdout);
    }
}

static pid_t start_job(struct job *job, uint64_t last, unsigned step)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    run_job(job, last, step);
    (void)fflush(stdout);
    _exit(0);
}

/* A life that ends in a failed assertion takes its process with it; the job goes on behind it. */
static void mind_jobs(struct job *jobs, pid_t *pids, unsigned count, uint64_t last)
{
    int status;

    for (pid_t pid; (pid = wait(&status)) > 0;)
        for (unsigned i = 0; i < count; i++) {
            if (pids[i] != pid || status == 0)
                continue;
            printf("seed %" PRIu64 ": the process ended; again: sim-world --seeds %" PRIu64 "..%" PRIu64 " --verbose\n",
                   jobs[i].at, jobs[i].at, jobs[i].at);
            jobs[i].done++;
            jobs[i].failed++;
            jobs[i].at += count;
            pids[i] = start_job(&jobs[i], last, count);
        }
}

static int run_all(uint64_t first, uint64_t last, unsigned count)
{
    pid_t pids[JOBS_MAX];
    uint64_t done = 0, failed = 0;
    struct job *jobs = mmap(NULL, count * sizeof *jobs, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (jobs == MAP_FAILED)
        return 2;
    for (unsigned i = 0; i < count; i++) {
        jobs[i].at = first + i;
        pids[i] = start_job(&jobs[i], last, count);
    }
    mind_jobs(jobs, pids, count, last);
    for (unsigned i = 0; i < count; i++) {
        done += jobs[i].done;
        failed += jobs[i].failed;
    }
    printf("%" PRIu64 " seeds (%" PRIu64 "..%" PRIu64 "), %" PRIu64 " failed\n", done, first, last, failed);
    return done == last - first + 1 && failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint64_t first = 0, last = 0;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    bool is_right = true;

    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--verbose") == 0)
            is_verbose = true;
        else if (strcmp(argv[i], "--seeds") == 0 && has_value)
            is_right = sscanf(argv[++i], "%" SCNu64 "..%" SCNu64, &first, &last) == 2 && is_right;
        else if (strcmp(argv[i], "--jobs") == 0 && has_value)
            cores = strtol(argv[++i], NULL, 10);
        else
            is_right = false;
    }
    if (!is_right || first == 0 || last < first) {
        (void)fprintf(stderr, "usage: sim-world --seeds A..B [--jobs N] [--verbose]     seeds from 1\n");
        return 2;
    }
    build_images();
    return run_all(first, last, cores < 1 || cores > JOBS_MAX || is_verbose ? 1 : (unsigned)cores);
}
