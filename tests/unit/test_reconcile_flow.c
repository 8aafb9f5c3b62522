/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot flow against a simulated ESP32-H2 in virtual time: the shipped judge, ROM flasher and probe, a host and a
 * record on fakes. Each row of `scenes` is one start of the machine; longer stories follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/reconcile.h>

#include "linux/tandem_linux.h"
#include "sim_link.h"
#include "support/fake_flash.h"
#include "support/fake_host.h"
#include "support/fake_log.h"
#include "support/sample_image.h"

#define A TDM_HOST_A
#define B TDM_HOST_B

#define CHIP_FLASH (2u * 1024 * 1024)
#define SLOT_SIZE  (64u * 1024)
#define APP_TEXT   (32 + 256 + 64) /* where a sample firmware carries its version text */
#define FOREVER    UINT32_MAX

static const char old_text[] = "openthread-esp32/old; esp32h2; x", new_text[] = "openthread-esp32/new; esp32h2; x";

/* ---- the world --------------------------------------------------------------------------------------------------- */

static uint8_t chip_bytes[CHIP_FLASH], buf[8192];
static struct sim_flash chip_flash;
static struct sim_chip chip;
static struct sim_link wire;
static struct fake_power power;
static struct fake_flash record_flash, rcp[SLOT_RCP_SLOTS], host_slots[TDM_HOST_SLOTS];
static struct fake_host host;
static struct fake_log heard;
static struct crypto_openssl crypto;
static struct slot_store store;
static struct reconcile flow;
static struct sample_image old_image, new_image, mute_image, misnamed_image;

static const struct tdm_flash_ops *sound_ops;
static struct tdm_flash_ops rotting_ops;
static uint32_t rots;      /* so many programs into the radio's flash lose a bit         */
static uint32_t cut_after; /* the router's power goes after so many programs, 0: it stays */

static tdm_err rotting_prog(struct tdm_flash *f, uint64_t off, const void *data, uint32_t len)
{
    tdm_err err = sound_ops->prog(f, off, data, len);

    if (rots > 0) {
        chip_bytes[off] ^= 1;
        rots--;
    }
    if (cut_after > 0 && --cut_after == 0)
        power.is_off = true;
    return err;
}

/* says: what the firmware answers with, NULL: it is no radio at all. named: part 0, what it should say. */
static void build(struct sample_image *s, const char *named, const char *says, uint8_t seed)
{
    struct sample_spec spec = {.version = named, .app_size = 6000, .seed = seed};

    sample_image_build(s, &spec);
    if (says != NULL)
        memcpy(s->bytes + s->part_at[4] + APP_TEXT, says, strlen(says) + 1);
    sample_image_mend(s, 4);
}

static void plant_in_chip(const struct sample_image *s)
{
    static const uint32_t places[] = {[2] = 0, [3] = 0x8000, [4] = 0x10000};

    for (unsigned tag = 2; tag <= 4; tag++)
        memcpy(chip_bytes + places[tag], s->bytes + s->part_at[tag], s->part_len[tag]);
}

static void power_up(void)
{
    struct sim_chip_config cfg = {
        .part = sim_part_by_name("esp32h2"), .flash = &chip_flash, .mac = {1, 2, 3, 4, 5, 6}, .boot_us = 20000};

    sim_chip_init(&chip, &cfg);
    sim_link_init(&wire, &chip);
    sim_chip_power(&chip, 0, true);
    sim_link_wait_us(&wire, 500000);
}

static int open_world(void **state)
{
    (void)state;
    build(&old_image, old_text, old_text, 1);
    build(&new_image, new_text, new_text, 2);
    build(&mute_image, new_text, NULL, 3);
    build(&misnamed_image, new_text, old_text, 4);
    memset(chip_bytes, 0xff, sizeof chip_bytes);
    sim_flash_init(&chip_flash, chip_bytes, sizeof chip_bytes);
    sound_ops = chip_flash.port.ops;
    rotting_ops = *sound_ops;
    rotting_ops.prog = rotting_prog;
    chip_flash.port.ops = &rotting_ops;
    rots = cut_after = 0;
    memset(&power, 0, sizeof power);
    fake_flash_open(&record_flash, &power, 16384, 4096, 1);
    for (int i = 0; i < 2; i++) {
        fake_flash_open(&rcp[i], &power, SLOT_SIZE, 4096, 1);
        fake_flash_open(&host_slots[i], &power, SLOT_SIZE, 4096, 1);
    }
    fake_host_init(&host, &power, &host_slots[A].port, &host_slots[B].port, A);
    crypto_openssl_init(&crypto);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    sim_chip_deinit(&chip);
    fake_flash_close(&record_flash);
    for (int i = 0; i < 2; i++) {
        fake_flash_close(&rcp[i]);
        fake_flash_close(&host_slots[i]);
    }
    return 0;
}

static struct slot_record load(void)
{
    struct slot_record rec;
    enum slot_store_state state;

    slot_store_init(&store, &record_flash.port);
    assert_int_equal(slot_store_load(&store, &rec, &state), TDM_OK);
    assert_int_equal(state, SLOT_STORE_OK);
    return rec;
}

static void save(const struct slot_record *rec)
{
    struct slot_record unused;
    enum slot_store_state state;

    slot_store_init(&store, &record_flash.port);
    assert_int_equal(slot_store_load(&store, &unused, &state), TDM_OK);
    assert_int_equal(slot_store_commit(&store, rec), TDM_OK);
}

/* Store a bundle; its image id is `id` in every byte. */
static void stock(struct slot_record *rec, enum slot_rcp slot, const struct sample_image *s, uint8_t id,
                  enum slot_state state)
{
    struct slot_content *c = &rec->rcp[slot];
    struct tdm_sha256 sha = {0};

    fake_flash_plant(&rcp[slot], 0, s->bytes, s->bundle_len);
    memset(c, 0, sizeof *c);
    memset(c->id, id, sizeof c->id);
    c->state = (uint8_t)state;
    c->length = s->bundle_len;
    assert_int_equal(tdm_sha256_begin(&sha, &crypto.port), TDM_OK);
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

static void set_holds(struct slot_record *rec, uint8_t id)
{
    rec->radio.is_known = id != 0;
    memset(rec->radio.holds, id, SLOT_ID_LEN);
}

enum record { PROVEN, UNMANAGED_RECORD, HOST_TRIAL, RADIO_TRIAL };

/* A with the old bundle in r0 (image 1); a trial brings the new one in r1 (image 2). */
static struct slot_record make_record(enum record kind, const struct sample_image *on_trial)
{
    struct slot_record rec;

    slot_record_first(&rec, A);
    if (kind == UNMANAGED_RECORD)
        return rec;
    stock(&rec, SLOT_R0, &old_image, 1, SLOT_GOOD);
    set_row(&rec, A, SLOT_GOOD, SLOT_R0, 1);
    set_holds(&rec, 1);
    if (kind == PROVEN)
        return rec;
    stock(&rec, SLOT_R1, on_trial, 2, SLOT_TRIAL);
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
    host.selected = B;
    host.is_final = false;
    (void)fake_host_restart(&host);
    return rec;
}

static void prepare_flow(void)
{
    struct reconcile_config cfg = {
        .serial = &wire.serial,
        .lines = &wire.lines,
        .clock = &wire.clock,
        .crypto = &crypto.port,
        .host = &host.port,
        .rcp_slots = {&rcp[0].port, &rcp[1].port},
        .store = &store,
        .log = &heard.port,
        .radio_chip = JUDGE_CHIP_UNKNOWN,
        .app_baud = 460800,
        .flash_baud = 460800,
        .block_size = 4096,
        .buf = buf,
        .buf_len = sizeof buf,
    };

    fake_log_init(&heard);
    slot_store_init(&store, &record_flash.port);
    reconcile_init(&flow, &cfg);
}

static enum reconcile_outcome boot(void)
{
    enum reconcile_outcome outcome;

    prepare_flow();
    tdm_err err = reconcile_boot(&flow, &outcome);
    assert_int_equal(err, flow.fault.err);
    assert_int_equal(chip.in_reset, false);
    return outcome;
}

/* What the radio runs now, asked of the simulator itself. */
static const char *runs(void)
{
    sim_link_wait_us(&wire, 500000);
    return chip.runs == SIM_RUNS_RADIO ? chip.radio.version : sim_chip_runs_name(chip.runs);
}

/* ---- one start of the machine ------------------------------------------------------------------------------------- */

static const struct scene {
    const char *name;
    enum record record;
    const struct sample_image *in_chip, *on_trial; /* NULL: an empty flash */
    uint8_t holds;                                 /* 0: unknown           */
    uint32_t rots;
    enum reconcile_outcome outcome;
    const char *code; /* of the fault, "" if none */
    bool flashed;
    const char *runs;
    enum slot_state state_b, state_r1;
    uint8_t bundle_a; /* row A's bundle afterwards */
} scenes[] = {
    {"right already", PROVEN, &old_image, NULL, 1, 0, RECONCILE_OK, "", false, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"right, but nobody knows", PROVEN, &old_image, NULL, 0, 0, RECONCILE_OK, "", false, old_text, SLOT_EMPTY,
     SLOT_EMPTY, 0},
    {"other firmware", PROVEN, &new_image, NULL, 2, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"other firmware under the right name", PROVEN, &misnamed_image, NULL, 0, 0, RECONCILE_OK, "", true, old_text,
     SLOT_EMPTY, SLOT_EMPTY, 0},
    {"swapped behind our back", PROVEN, &new_image, NULL, 1, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY,
     SLOT_EMPTY, 0},
    {"empty chip", PROVEN, NULL, NULL, 0, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"silent firmware", PROVEN, &mute_image, NULL, 1, 0, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"one flash goes wrong", PROVEN, NULL, NULL, 0, 1, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"two flashes go wrong", PROVEN, NULL, NULL, 0, 2, RECONCILE_OK, "", true, old_text, SLOT_EMPTY, SLOT_EMPTY, 0},
    {"every flash goes wrong", PROVEN, NULL, NULL, 0, FOREVER, RECONCILE_DEGRADED, "digest_differs", true, "no-image",
     SLOT_EMPTY, SLOT_EMPTY, 0},
    {"unmanaged", UNMANAGED_RECORD, &new_image, NULL, 0, 0, RECONCILE_UNMANAGED, "", false, new_text, SLOT_EMPTY,
     SLOT_EMPTY, SLOT_RCP_NONE},
    {"unmanaged, empty chip, nothing stored", UNMANAGED_RECORD, NULL, NULL, 0, 0, RECONCILE_DEGRADED, "radio_noise",
     false, "no-image", SLOT_EMPTY, SLOT_EMPTY, SLOT_RCP_NONE},
    {"new pair", HOST_TRIAL, &old_image, &new_image, 1, 0, RECONCILE_OK, "", true, new_text, SLOT_GOOD, SLOT_GOOD, 0},
    {"new pair, radio half flashed", HOST_TRIAL, NULL, &new_image, 0, 0, RECONCILE_OK, "", true, new_text, SLOT_GOOD,
     SLOT_GOOD, 0},
    {"new pair, two flashes go wrong", HOST_TRIAL, &old_image, &new_image, 1, 2, RECONCILE_OK, "", true, new_text,
     SLOT_GOOD, SLOT_GOOD, 0},
    {"new pair, every flash goes wrong", HOST_TRIAL, &old_image, &new_image, 1, FOREVER, RECONCILE_RESTART,
     "digest_differs", true, "boot", SLOT_BAD, SLOT_BAD, 0},
    {"new pair whose radio never answers", HOST_TRIAL, &old_image, &mute_image, 1, 0, RECONCILE_RESTART, "radio_noise",
     true, "other-app", SLOT_BAD, SLOT_BAD, 0},
    {"new pair that names itself otherwise", HOST_TRIAL, &old_image, &misnamed_image, 1, 0, RECONCILE_OK, "", true,
     old_text, SLOT_GOOD, SLOT_GOOD, 0},
    {"new radio", RADIO_TRIAL, &old_image, &new_image, 1, 0, RECONCILE_OK, "", true, new_text, SLOT_EMPTY, SLOT_GOOD,
     1},
    {"new radio that never answers", RADIO_TRIAL, &old_image, &mute_image, 1, 0, RECONCILE_OK, "radio_noise", true,
     old_text, SLOT_EMPTY, SLOT_BAD, 0},
};

static void one_start(const struct scene *s)
{
    struct slot_record rec;

    if (s->in_chip != NULL)
        plant_in_chip(s->in_chip);
    power_up();
    rec = make_record(s->record, s->on_trial);
    set_holds(&rec, s->holds);
    save(&rec);
    rots = s->rots;

    enum reconcile_outcome outcome = boot();
    rec = load();
    if (outcome != s->outcome || strcmp(flow.fault.code, s->code) != 0)
        fail_msg("%s: outcome %d, fault %s", s->name, (int)outcome, flow.fault.code);
    if (flow.was_flashed != s->flashed || strcmp(runs(), s->runs) != 0)
        fail_msg("%s: flashed %d, runs %s", s->name, flow.was_flashed, runs());
    if (rec.host[B].content.state != s->state_b || rec.rcp[SLOT_R1].state != s->state_r1 ||
        rec.host[A].rcp != s->bundle_a)
        fail_msg("%s: host B %s, r1 %s, row A names r%d", s->name, slot_state_name(rec.host[B].content.state),
                 slot_state_name(rec.rcp[SLOT_R1].state), rec.host[A].rcp);
    if (rec.trial.kind != SLOT_TRIAL_NONE || rec.radio.failed > RECONCILE_FAILED_MAX)
        fail_msg("%s: trial %d, failed %d", s->name, rec.trial.kind, rec.radio.failed);
    bool is_right = outcome == RECONCILE_OK;
    if (is_right && (!rec.radio.is_known || rec.radio.begun != 0 || rec.radio.failed != 0))
        fail_msg("%s: proven, and yet holds %d, begun %d", s->name, rec.radio.is_known, rec.radio.begun);
    if (!host.is_final || host.selected != (s->outcome == RECONCILE_OK && s->record == HOST_TRIAL ? B : A))
        fail_msg("%s: slot %d is next, final %d", s->name, (int)host.selected, host.is_final);
}

static void every_scene(void **state)
{
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        (void)open_world(state);
        one_start(&scenes[i]);
        (void)close_world(state);
    }
}

/* ---- longer stories ------------------------------------------------------------------------------------------------ */

/* Start again and again as the outcome says; how many starts until rest. */
static int run_to_rest(enum reconcile_outcome *outcome)
{
    int starts = 0;

    do {
        (void)fake_host_restart(&host);
        *outcome = boot();
        starts++;
        assert_true(starts < 20);
    } while (*outcome == RECONCILE_RESTART);
    return starts;
}

static void a_second_start_does_nothing(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    assert_int_equal(boot(), RECONCILE_OK);
    uint64_t commits = record_flash.progs, erased = chip_flash.sectors_erased, selects = host.selects;
    uint32_t chip_starts = chip.starts;

    (void)fake_host_restart(&host);
    assert_int_equal(host.running, B);
    assert_int_equal(boot(), RECONCILE_OK);
    assert_int_equal(record_flash.progs, commits);
    assert_int_equal(chip_flash.sectors_erased, erased);
    assert_int_equal(host.selects, selects);
    assert_int_equal(chip.starts, chip_starts); /* the radio was asked, and stayed on the air */
}

static void a_wrong_name_is_remembered(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &misnamed_image);
    save(&rec);
    assert_int_equal(boot(), RECONCILE_OK);
    assert_true(flow.text_differs);
    uint32_t chip_starts = chip.starts;

    (void)fake_host_restart(&host);
    assert_int_equal(boot(), RECONCILE_OK);
    assert_true(flow.text_differs);
    assert_false(flow.was_flashed);
    assert_int_equal(chip.starts, chip_starts);
}

static void only_what_differs_is_written(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    memset(chip_bytes + 0x8000, 0, 16); /* the partition table alone: the chip does not start */
    set_holds(&rec, 0);
    save(&rec);
    sim_link_wait_us(&wire, 100000);
    assert_int_equal(boot(), RECONCILE_OK);
    assert_int_equal(chip_flash.sectors_erased, 1);
}

static void a_condemned_pair_goes_back_with_its_radio(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &mute_image);
    save(&rec);
    assert_int_equal(run_to_rest(&outcome), 2);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(host.running, A);
    assert_string_equal(runs(), old_text);
    rec = load();
    assert_int_equal(rec.host[A].content.state, SLOT_GOOD);
    assert_int_equal(rec.result.code, SLOT_RESULT_FAILED);
    assert_non_null(slot_record_bad_reason(&rec, rec.rcp[SLOT_R1].id));
}

/* The bootloader falls back before Tandem ever ran in the new host. */
static void an_old_host_tries_again_and_leaves_the_radio_alone(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    host.running = A;
    uint32_t chip_starts = chip.starts;

    assert_int_equal(boot(), RECONCILE_RESTART);
    rec = load();
    assert_int_equal(rec.trial.tries, 1);
    assert_true(rec.trial.is_paid);
    assert_int_equal(host.last_slot, B);
    assert_int_equal(host.last_how, TDM_SELECT_TRIAL);
    assert_false(flow.radio_answers); /* not even asked */
    assert_int_equal(chip.starts, chip_starts);
}

static void a_host_that_never_boots_is_given_up(void **state)
{
    enum reconcile_outcome outcome = RECONCILE_RESTART;
    int starts = 0;

    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    for (; outcome == RECONCILE_RESTART && starts < 20; starts++) {
        host.running = A; /* whatever was selected */
        outcome = boot();
    }
    assert_int_equal(starts, 3);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(flow.was_condemned);
    assert_string_equal(flow.fault.code, "tries_used_up");
    assert_int_equal(host.selected, A);
    assert_true(host.is_final);
}

/* The bootloader is told first: told last, it could start the old host after success was recorded. */
static void a_bootloader_that_does_not_confirm(void **state)
{
    (void)state;
    plant_in_chip(&new_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    set_holds(&rec, 2);
    save(&rec);
    host.ignores_select = true;
    for (int tries = 2; tries > 0; tries--) {
        assert_int_equal(boot(), RECONCILE_RESTART);
        rec = load();
        assert_int_equal(rec.host[B].content.state, SLOT_TRIAL);
        assert_int_equal(rec.trial.kind, SLOT_TRIAL_HOST);
    }
    assert_int_equal(boot(), RECONCILE_RESTART);
    assert_string_equal(flow.fault.code, "select_failed");
    rec = load();
    assert_int_equal(rec.host[B].content.state, SLOT_BAD);
    for (int returns = RECONCILE_RETURNS; returns > 0; returns--)
        assert_int_equal(boot(), RECONCILE_RESTART);
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "cannot_go_back");
}

static void degraded_is_stable_and_left_when_right(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    set_holds(&rec, 0);
    save(&rec);
    rots = FOREVER;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    rec = load();
    assert_int_equal(rec.radio.failed, RECONCILE_FAILED_MAX);
    assert_int_equal(rec.result.code, SLOT_RESULT_DEGRADED);
    assert_string_equal(rec.result.reason, flow.fault.what);
    uint64_t erased = chip_flash.sectors_erased, commits;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    commits = record_flash.progs;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_int_equal(chip_flash.sectors_erased, erased);
    assert_int_equal(record_flash.progs, commits);

    plant_in_chip(&old_image); /* somebody repairs it by hand */
    power_up();
    assert_int_equal(boot(), RECONCILE_OK);
    assert_false(flow.was_flashed);

    memset(chip_bytes, 0xff, sizeof chip_bytes); /* or the operator asks, after it broke again */
    power_up();
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    rots = 0;
    prepare_flow();
    assert_int_equal(reconcile_radio(&flow, &outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_string_equal(runs(), old_text);
    rec = load();
    assert_int_equal(rec.result.code, SLOT_RESULT_NONE);
}

static void the_operator_waits_for_a_trial(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    prepare_flow();
    assert_int_equal(reconcile_radio(&flow, &outcome), TDM_E_STATE);
    assert_string_equal(runs(), old_text);
}

/* No start was needed, so none is paid: after the last one a new radio is still proven by who armed it. */
static void a_radio_update_goes_on_where_it_was_armed(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(RADIO_TRIAL, &new_image);
    rec.trial.tries = 0;
    save(&rec);
    prepare_flow();
    assert_int_equal(reconcile_armed(&flow, &outcome), TDM_OK);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_true(flow.was_confirmed);
    assert_string_equal(runs(), new_text);
    prepare_flow();
    assert_int_equal(reconcile_armed(&flow, &outcome), TDM_E_STATE); /* nothing waits any more */
}

/* ---- records that cannot be used ------------------------------------------------------------------------------------ */

static void nothing_was_touched(void)
{
    assert_int_equal(host.selects, 0);
    assert_int_equal(chip_flash.sectors_erased, 0);
    assert_int_equal(record_flash.erases, 0);
}

static void forget_counts(void)
{
    record_flash.erases = record_flash.progs = 0;
    chip_flash.sectors_erased = 0;
    host.selects = 0;
}

static void a_record_that_cannot_be_read(void **state)
{
    (void)state;
    plant_in_chip(&new_image);
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    save(&rec);
    forget_counts();
    record_flash.bad_len = record_flash.port.size;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "record_unreadable");
    assert_true(flow.radio_answers);
    nothing_was_touched();
}

static void a_record_that_is_lost(void **state)
{
    static const uint8_t junk[64] = {1, 2, 3};

    (void)state;
    plant_in_chip(&new_image);
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    save(&rec);
    for (uint64_t at = 0; at < record_flash.port.size; at += 512)
        fake_flash_plant(&record_flash, at, junk, sizeof junk);
    forget_counts();
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "record_lost");
    nothing_was_touched();
}

static void a_record_that_cannot_be_written(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    forget_counts();
    record_flash.prog_err = TDM_E_IO;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "record_not_writable");
    assert_int_equal(host.selects, 0);
    assert_int_equal(chip_flash.sectors_erased, 0);
}

static void a_router_that_was_never_updated(void **state)
{
    (void)state;
    plant_in_chip(&new_image);
    power_up();
    assert_int_equal(boot(), RECONCILE_UNMANAGED);
    assert_false(flow.was_flashed);
    assert_string_equal(flow.radio.version, new_text);
}

static void a_host_that_nobody_knows(void **state)
{
    (void)state;
    plant_in_chip(&new_image);
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    save(&rec);
    forget_counts();
    host.running = B;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "unknown_host");
    assert_int_equal(host.selects, 0);
    assert_int_equal(chip_flash.sectors_erased, 0);
}

static void a_bundle_that_has_rotted(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    rcp[SLOT_R1].mem[new_image.part_at[4] + 400] ^= 4;
    rcp[SLOT_R1].durable[new_image.part_at[4] + 400] ^= 4;
    assert_int_equal(boot(), RECONCILE_RESTART);
    assert_true(flow.was_condemned);
    assert_false(flow.was_flashed); /* judged whole before the first sector is erased */
    assert_string_equal(runs(), old_text);
}

/* Whole in itself, but not what was stored: somebody wrote to the slot. */
static void a_bundle_that_was_swapped(void **state)
{
    (void)state;
    plant_in_chip(&new_image);
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    set_holds(&rec, 2);
    rec.rcp[SLOT_R0].digest[31] ^= 1;
    save(&rec);
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "bundle_damaged");
    assert_string_equal(runs(), new_text);
}

static void a_slot_that_is_only_half_written_is_never_flashed(void **state)
{
    (void)state;
    plant_in_chip(&new_image);
    power_up();
    struct slot_record rec = make_record(PROVEN, NULL);
    set_holds(&rec, 2);
    rec.rcp[SLOT_R0].state = SLOT_WRITING;
    save(&rec);
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "no_bundle");
    assert_string_equal(runs(), new_text);
}

static void a_trial_without_a_row_is_not_acted_on(void **state)
{
    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    rec.trial.tries = 0;
    rec.trial.is_paid = false;
    rec.host[B].content.state = SLOT_WRITING;
    save(&rec);
    forget_counts();
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    assert_string_equal(flow.fault.code, "unknown_host");
    assert_int_equal(host.selects, 0);
    assert_int_equal(chip_flash.sectors_erased, 0);
}

/* Selecting a slot that holds nothing proven would be worse than staying. */
static void a_refused_host_with_nothing_to_go_back_to(void **state)
{
    (void)state;
    for (int is_counted_out = 0; is_counted_out < 2; is_counted_out++) {
        (void)open_world(state);
        plant_in_chip(&old_image);
        power_up();
        struct slot_record rec = make_record(HOST_TRIAL, &mute_image);
        rec.host[A].content.state = SLOT_EMPTY;
        if (is_counted_out) {
            rec.trial.tries = 0;
            rec.trial.is_paid = false;
        }
        save(&rec);
        forget_counts();
        assert_int_equal(boot(), RECONCILE_DEGRADED);
        assert_string_equal(flow.fault.code, "cannot_go_back");
        assert_int_equal(host.selects, 0);
        assert_int_equal(load().host[B].content.state, SLOT_BAD);
        (void)close_world(state);
    }
}

static void an_unmanaged_silent_radio_gets_what_is_stored(void **state)
{
    (void)state;
    power_up();
    struct slot_record rec = make_record(UNMANAGED_RECORD, NULL);
    stock(&rec, SLOT_R0, &old_image, 1, SLOT_BAD);
    stock(&rec, SLOT_R1, &new_image, 2, SLOT_STAGED);
    rec.rcp[SLOT_R0].counter = 1;
    rec.rcp[SLOT_R1].counter = 2;
    save(&rec);
    assert_int_equal(boot(), RECONCILE_UNMANAGED);
    assert_string_equal(runs(), new_text);
    rec = load();
    assert_int_equal(rec.host[A].rcp, SLOT_RCP_NONE);
}

/* ---- the power goes ------------------------------------------------------------------------------------------------- */

/* One trial's boot is cut at operation `at`, the next ones run to rest. False when it was through before. */
static bool cut_and_recover(void **state, uint64_t at, enum fake_tear tear)
{
    enum reconcile_outcome outcome;

    (void)open_world(state);
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    fake_power_on(&power);
    power.cut_at = at;
    power.tear = tear;
    (void)boot();
    bool was_cut = power.is_off;
    fake_power_on(&power);
    fake_flash_reboot(&record_flash);
    (void)run_to_rest(&outcome);
    rec = load();
    if (outcome != RECONCILE_OK || host.running != B || rec.host[B].content.state != SLOT_GOOD)
        fail_msg("cut at %d, torn %d: outcome %d on host %d", (int)at, (int)tear, (int)outcome, (int)host.running);
    assert_string_equal(runs(), new_text);
    (void)close_world(state);
    return was_cut;
}

/* One cut never condemns a good image, wherever it comes. */
static void a_cut_at_every_step(void **state)
{
    for (int tear = FAKE_TEAR_NONE; tear < FAKE_TEAR_COUNT; tear++) {
        uint64_t at = 1;
        while (cut_and_recover(state, at, (enum fake_tear)tear))
            at++;
        assert_true(at > 4 * 4); /* four commits at least: the try, the flash, what the radio holds, success */
    }
}

/* What a half-flashed radio says of itself proves nothing: the record must say so before the first sector goes. */
static void a_cut_in_the_middle_of_a_flash(void **state)
{
    enum reconcile_outcome outcome;

    (void)state;
    plant_in_chip(&old_image);
    power_up();
    struct slot_record rec = make_record(HOST_TRIAL, &new_image);
    save(&rec);
    cut_after = 1;
    assert_int_equal(boot(), RECONCILE_DEGRADED);
    fake_power_on(&power);
    fake_flash_reboot(&record_flash);
    rec = load();
    assert_false(rec.radio.is_known);
    assert_int_equal(rec.radio.begun, 1);
    (void)run_to_rest(&outcome);
    assert_int_equal(outcome, RECONCILE_OK);
    assert_int_equal(host.running, B);
    assert_string_equal(runs(), new_text);
}

#define STORY(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scene),
        STORY(a_second_start_does_nothing),
        STORY(a_wrong_name_is_remembered),
        STORY(only_what_differs_is_written),
        STORY(a_condemned_pair_goes_back_with_its_radio),
        STORY(an_old_host_tries_again_and_leaves_the_radio_alone),
        STORY(a_host_that_never_boots_is_given_up),
        STORY(a_bootloader_that_does_not_confirm),
        STORY(degraded_is_stable_and_left_when_right),
        STORY(the_operator_waits_for_a_trial),
        STORY(a_radio_update_goes_on_where_it_was_armed),
        STORY(a_record_that_cannot_be_read),
        STORY(a_record_that_is_lost),
        STORY(a_record_that_cannot_be_written),
        STORY(a_router_that_was_never_updated),
        STORY(a_host_that_nobody_knows),
        STORY(a_bundle_that_has_rotted),
        STORY(a_bundle_that_was_swapped),
        STORY(a_slot_that_is_only_half_written_is_never_flashed),
        STORY(a_trial_without_a_row_is_not_acted_on),
        cmocka_unit_test(a_refused_host_with_nothing_to_go_back_to),
        STORY(an_unmanaged_silent_radio_gets_what_is_stored),
        cmocka_unit_test(a_cut_at_every_step),
        STORY(a_cut_in_the_middle_of_a_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
