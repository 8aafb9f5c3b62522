/* SPDX-License-Identifier: Apache-2.0 */
#include "support/pair_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define APP_TEXT   (32 + 256 + 64) /* where a sample firmware carries its version text */
#define SETTLED_US 500000          /* longer than any boot */

static const uint32_t places[] = {[2] = 0, [3] = 0x8000, [4] = 0x10000};

/* ---- the radio's flash --------------------------------------------------------------------------------------------- */

static struct pair_world *of_flash(struct tdm_flash *f)
{
    return (struct pair_world *)(void *)((char *)f - offsetof(struct pair_world, radio_flash.port));
}

/* Of len bytes, how many land; and whether the power goes here. */
static uint32_t landing(struct pair_world *w, uint32_t len, uint32_t unit)
{
    static const uint32_t halves[FAKE_TEAR_COUNT] = {[FAKE_TEAR_NONE] = 0, [FAKE_TEAR_HALF] = 1, [FAKE_TEAR_ALL] = 2};

    if (w->radio_has_fallen)
        return 0;
    if (w->on_radio_write != NULL)
        w->on_radio_write(w);
    bool falls_alone = w->radio_falls_in > 0 && --w->radio_falls_in == 0;
    bool falls_too = fake_power_step(&w->router.power) == FAKE_POWER_CUT_NOW && w->radio_falls_too;
    if (!falls_alone && !falls_too)
        return len;
    w->radio_has_fallen = true;
    return len / 2 * halves[w->router.power.tear] / unit * unit;
}

static tdm_err radio_prog(struct tdm_flash *f, uint64_t off, const void *data, uint32_t len)
{
    struct pair_world *w = of_flash(f);
    uint32_t lands = landing(w, len, 1);
    tdm_err err = lands == 0 ? TDM_OK : w->sound_ops->prog(f, off, data, lands);

    if (w->rots > 0) {
        w->radio_bytes[off] ^= 1;
        w->rots--;
    }
    return err;
}

static tdm_err radio_erase(struct tdm_flash *f, uint64_t off, uint64_t len)
{
    uint32_t lands = landing(of_flash(f), (uint32_t)len, SIM_FLASH_SECTOR);

    return lands == 0 ? TDM_OK : of_flash(f)->sound_ops->erase(f, off, lands);
}

static void open_radio(struct pair_world *w)
{
    memset(w->radio_bytes, 0xff, sizeof w->radio_bytes);
    sim_flash_init(&w->radio_flash, w->radio_bytes, sizeof w->radio_bytes);
    w->sound_ops = w->radio_flash.port.ops;
    w->radio_ops = *w->sound_ops;
    w->radio_ops.prog = radio_prog;
    w->radio_ops.erase = radio_erase;
    w->radio_flash.port.ops = &w->radio_ops;
}

void pair_plant(struct pair_world *w, const struct sample_image *s)
{
    for (unsigned tag = 2; tag <= 4; tag++)
        memcpy(w->radio_bytes + places[tag], s->bytes + s->part_at[tag], s->part_len[tag]);
}

bool pair_radio_holds(const struct pair_world *w, const struct sample_image *s)
{
    for (unsigned tag = 2; tag <= 4; tag++)
        if (memcmp(w->radio_bytes + places[tag], s->bytes + s->part_at[tag], s->part_len[tag]) != 0)
            return false;
    return true;
}

/* ---- the wire ------------------------------------------------------------------------------------------------------ */

static struct pair_world *of_serial(struct tdm_serial *s)
{
    return (struct pair_world *)(void *)((char *)s - offsetof(struct pair_world, serial));
}

static bool is_off(const struct pair_world *w)
{
    return w->router.power.is_off;
}

static tdm_err port_err(const struct pair_world *w)
{
    return is_off(w) ? TDM_E_POWER : w->has_no_port ? TDM_E_UNREACHABLE : TDM_OK;
}

/* A radio that fell alone is back before anybody asks it again. */
static void mind_radio(struct pair_world *w)
{
    if (!w->radio_has_fallen || is_off(w))
        return;
    w->radio_has_fallen = false;
    sim_chip_power(&w->chip, w->wire.now_us, false);
    sim_chip_power(&w->chip, w->wire.now_us, true);
}

static tdm_err wire_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    struct pair_world *w = of_serial(s);

    mind_radio(w);
    tdm_err err = port_err(w);
    if (err == TDM_OK)
        err = tdm_serial_read(&w->wire.serial, buf, cap, timeout_ms, got);
    if (is_off(w)) /* it may have gone while the radio worked */
        return TDM_E_POWER;
    if (err == TDM_OK && w->on_wire != NULL)
        *got = w->on_wire(w, buf, *got);
    return err == TDM_OK && *got == 0 ? TDM_E_TIMEOUT : err;
}

static tdm_err wire_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    struct pair_world *w = of_serial(s);
    uint8_t sent[256];

    mind_radio(w);
    if (port_err(w) != TDM_OK)
        return port_err(w);
    if (w->on_wire == NULL)
        return tdm_serial_write(&w->wire.serial, data, len, timeout_ms);
    for (size_t at = 0; at < len; at += sizeof sent) {
        size_t n = len - at < sizeof sent ? len - at : sizeof sent;
        memcpy(sent, data + at, n);
        n = w->on_wire(w, sent, n);
        tdm_err err = n == 0 ? TDM_OK : tdm_serial_write(&w->wire.serial, sent, n, timeout_ms);
        if (err != TDM_OK)
            return err;
    }
    return TDM_OK;
}

static tdm_err wire_set_baud(struct tdm_serial *s, uint32_t baud)
{
    struct pair_world *w = of_serial(s);

    return port_err(w) != TDM_OK ? port_err(w) : tdm_serial_set_baud(&w->wire.serial, baud);
}

static tdm_err wire_drop_input(struct tdm_serial *s)
{
    struct pair_world *w = of_serial(s);

    return port_err(w) != TDM_OK ? port_err(w) : tdm_serial_drop_input(&w->wire.serial);
}

static tdm_err wire_lines(struct tdm_lines *l, bool reset, bool boot)
{
    struct pair_world *w = (struct pair_world *)(void *)((char *)l - offsetof(struct pair_world, lines));

    return is_off(w) ? TDM_E_POWER : w->wire.lines.ops->set(&w->wire.lines, reset, boot);
}

static void open_wire(struct pair_world *w)
{
    static const struct tdm_serial_ops serial_ops = {wire_read, wire_write, wire_set_baud, wire_drop_input};
    static const struct tdm_lines_ops lines_ops = {wire_lines};

    sim_link_init(&w->wire, &w->chip);
    w->serial = (struct tdm_serial){&serial_ops};
    w->lines = w->wire.lines;
    w->lines.ops = &lines_ops;
}

/* ---- the radio ----------------------------------------------------------------------------------------------------- */

void pair_radio_on(struct pair_world *w)
{
    struct sim_chip_config cfg = {
        .part = sim_part_by_name("esp32h2"), .flash = &w->radio_flash, .mac = {1, 2, 3, 4, 5, 6}, .boot_us = 20000};

    sim_chip_deinit(&w->chip);
    sim_chip_init(&w->chip, &cfg);
    open_wire(w);
    sim_chip_power(&w->chip, 0, true);
    sim_link_wait_us(&w->wire, SETTLED_US);
}

const char *pair_radio_runs(struct pair_world *w)
{
    for (int i = 0; i < 50 && w->chip.runs == SIM_RUNS_BOOT; i++)
        sim_link_wait_us(&w->wire, 100000);
    return w->chip.runs == SIM_RUNS_RADIO ? w->chip.radio.version : sim_chip_runs_name(w->chip.runs);
}

/* ---- the router ---------------------------------------------------------------------------------------------------- */

void pair_open(struct pair_world *w, bool has_slots)
{
    memset(w, 0, sizeof *w);
    world_open(&w->router, has_slots);
    open_radio(w);
    open_wire(w);
}

void pair_close(struct pair_world *w)
{
    sim_chip_deinit(&w->chip);
    world_close(&w->router);
}

static void build(struct sample_image *s, const struct sample_spec *spec, const char *says)
{
    sample_image_build(s, spec);
    if (says != NULL)
        memcpy(s->bytes + s->part_at[4] + APP_TEXT, says, strlen(says) + 1);
    if (!spec->is_host_only)
        sample_image_mend(s, 4);
}

void pair_build(struct sample_image *s, const char *named, const char *says, size_t host_size, uint8_t seed)
{
    build(s, &(struct sample_spec){.version = named, .app_size = 6000, .host_size = host_size, .seed = seed}, says);
}

void pair_build_signed(struct sample_image *s, const char *named, const char *says, size_t host_size, uint8_t seed,
                       uint32_t counter, const struct sample_key *key)
{
    build(s,
          &(struct sample_spec){.version = named,
                                .app_size = 6000,
                                .host_size = host_size,
                                .seed = seed,
                                .cells = 1,
                                .is_host_only = named == NULL},
          says);
    sample_put32(s->bytes + s->manifest_at + 24, counter);
    sample_image_restate(s);
    sample_image_sign(s, key);
}

static bool has_unsynced(const struct install_world *r)
{
    size_t pending = r->record.pending_count;

    for (int i = 0; i < 2; i++)
        pending += r->rcp[i].pending_count + r->host_slots[i].pending_count;
    return pending > 0;
}

void pair_power_on(struct pair_world *w)
{
    w->falls++;
    w->fell_unsynced = has_unsynced(&w->router);
    world_reboot(&w->router);
    if (w->radio_has_fallen || w->radio_falls_too)
        pair_radio_on(w);
    else
        (void)w->wire.lines.ops->set(&w->wire.lines, false, false); /* nobody drives them any more */
    w->radio_has_fallen = false;
}

void pair_begin(struct pair_world *w)
{
    deflate_zlib_init(&w->packer);
    struct reconcile_config cfg = {
        .serial = &w->serial,
        .lines = &w->lines,
        .clock = &w->wire.clock,
        .crypto = &w->router.crypto.port,
        .host = &w->router.host.port,
        .rcp_slots = {&w->router.rcp[0].port, &w->router.rcp[1].port},
        .store = &w->router.store,
        .log = &w->heard.port,
        .deflate = &w->packer.port,
        .radio_chip = JUDGE_CHIP_UNKNOWN,
        .app_baud = 460800,
        .flash_baud = 460800,
        .block_size = 4096,
        .buf = w->buf,
        .buf_len = sizeof w->buf,
        .waits_for_operator = w->waits,
    };

    fake_log_init(&w->heard);
    slot_store_init(&w->router.store, &w->router.record.port);
    reconcile_init(&w->flow, &cfg);
}

enum reconcile_outcome pair_boot(struct pair_world *w)
{
    enum reconcile_outcome outcome;

    pair_begin(w);
    tdm_err err = reconcile_boot(&w->flow, &outcome);
    assert_int_equal(err, w->flow.fault.err);
    if (!is_off(w))
        assert_int_equal(w->chip.in_reset, false);
    return outcome;
}

struct slot_record pair_load(struct pair_world *w)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w->router, &rec), SLOT_STORE_OK);
    return rec;
}
