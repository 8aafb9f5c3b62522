/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_chip.h"

#include <string.h>

#define WATCHDOG_US   300000u
#define SAY_AGAIN_US  20000u
#define RESTART_AFTER 5000u /* from the last byte to the restart */
#define TELL_AFTER_US 1000u
#define AUTOBAUD_MAX  118000u

const char *sim_chip_runs_name(enum sim_runs runs)
{
    static const char *const names[SIM_RUNS_COUNT] = {"off",   "reset",     "boot",     "loader",
                                                      "radio", "other-app", "no-image", "stuck"};

    return names[runs];
}

static bool is_broken(const struct sim_chip *c, enum sim_broken what)
{
    return (c->cfg.broken & (unsigned)what) != 0;
}

static uint64_t line_is_free(const struct sim_chip *c, uint64_t now)
{
    uint64_t free_us = (c->to_host.free_ns + 999) / 1000;

    return free_us > now ? free_us : now;
}

static void say(struct sim_chip *c, uint64_t now, const char *text)
{
    sim_wire_put(&c->to_host, now, c->baud, (const uint8_t *)text, strlen(text));
}

static void restart_later(struct sim_chip *c, uint64_t at, enum sim_cause cause)
{
    c->timer = at;
    c->cause = cause;
    c->restarts_at_timer = true;
}

static void start_loader(struct sim_chip *c)
{
    struct sim_rom_config cfg = {.part = c->cfg.part,
                                 .flash = c->cfg.flash,
                                 .times = c->cfg.times,
                                 .security_flags = c->cfg.security_flags,
                                 .crypt_count = c->cfg.crypt_count,
                                 .is_strict = c->cfg.is_strict};

    memcpy(cfg.mac, c->cfg.mac, sizeof cfg.mac);
    sim_esprom_init(&c->rom, &cfg);
    c->rom.regs.is_flash_mute = is_broken(c, SIM_BROKEN_FLASH);
    c->runs = SIM_RUNS_LOADER;
}

/* The ROM begins: its text goes out, and where this start will end is known. */
static void start(struct sim_chip *c, uint64_t now, enum sim_cause cause)
{
    sim_esprom_deinit(&c->rom);
    sim_boot_run(&c->boot, c->cfg.part, c->cfg.flash, c->strap_loader, cause);
    bool is_usb_only = c->strap_loader && is_broken(c, SIM_BROKEN_SECOND_STRAP);
    if (is_usb_only)
        sim_boot_wait_on_usb(&c->boot, c->cfg.part, cause);
    c->starts++;
    c->cause = cause;
    c->baud = is_broken(c, SIM_BROKEN_CLOCK) ? SIM_ROM_BAUD * 26 / 40 : SIM_ROM_BAUD;
    c->busy_until = now;
    c->timer = c->watchdog = SIM_NEVER;
    c->restarts_at_timer = false;
    c->runs = SIM_RUNS_BOOT;
    say(c, now, c->boot.text);

    switch (c->boot.end) {
    case SIM_BOOT_LOADER:
        if (is_usb_only)
            c->runs = SIM_RUNS_STUCK;
        else
            start_loader(c);
        return;
    case SIM_BOOT_APP:
        c->timer = now + c->cfg.boot_us;
        if (c->timer < line_is_free(c, now))
            c->timer = line_is_free(c, now);
        return;
    case SIM_BOOT_NO_IMAGE:
        c->runs = SIM_RUNS_NO_IMAGE;
        c->timer = line_is_free(c, now);
        c->watchdog = now + WATCHDOG_US;
        return;
    case SIM_BOOT_STUCK:
        c->runs = SIM_RUNS_STUCK;
        restart_later(c, now + WATCHDOG_US, SIM_CAUSE_WATCHDOG);
        return;
    case SIM_BOOT_STARTS_AGAIN:
        restart_later(c, line_is_free(c, now) + c->cfg.boot_us + RESTART_AFTER, SIM_CAUSE_SOFTWARE);
        return;
    }
}

static void stop(struct sim_chip *c, enum sim_runs runs)
{
    sim_wire_drop(&c->to_chip);
    sim_wire_drop(&c->to_host);
    c->timer = SIM_NEVER;
    c->runs = runs;
}

static void inputs_changed(struct sim_chip *c, uint64_t now, bool had_power, bool was_in_reset)
{
    if (!c->has_power) {
        stop(c, SIM_RUNS_OFF);
    } else if (c->in_reset) {
        stop(c, SIM_RUNS_HELD);
    } else if (!had_power || was_in_reset) {
        c->strap_loader = c->boot_pulled;
        start(c, now, SIM_CAUSE_POWER);
    }
}

void sim_chip_power(struct sim_chip *c, uint64_t now_us, bool on)
{
    bool had_power = c->has_power;

    c->has_power = on;
    inputs_changed(c, now_us, had_power, c->in_reset);
}

void sim_chip_lines(struct sim_chip *c, uint64_t now_us, bool reset, bool boot)
{
    bool was_in_reset = c->in_reset;

    if (is_broken(c, SIM_BROKEN_RESET))
        return;
    c->in_reset = reset;
    c->boot_pulled = boot && !is_broken(c, SIM_BROKEN_BOOT);
    inputs_changed(c, now_us, c->has_power, was_in_reset);
}

/* ---- programs ------------------------------------------------------------------------------------------------------- */

static void send_radio(struct sim_chip *c, uint64_t now)
{
    sim_wire_put(&c->to_host, now, c->baud, c->radio.out, c->radio.out_len);
    c->radio.out_len = 0;
}

static void start_app(struct sim_chip *c, uint64_t now)
{
    char version[SIM_RADIO_VERSION_MAX + 1];

    c->baud = c->cfg.app_baud;
    c->runs = SIM_RUNS_OTHER_APP;
    if (!sim_radio_find_version(&c->boot.app, c->cfg.flash, version))
        return;
    c->runs = SIM_RUNS_RADIO;
    sim_radio_start(&c->radio, version, c->cfg.mac, c->cfg.part->causes[c->cause].spinel);
    send_radio(c, now);
}

static void timer_is_due(struct sim_chip *c, uint64_t now)
{
    c->timer = SIM_NEVER;
    if (c->restarts_at_timer) {
        start(c, now, c->cause);
    } else if (c->runs == SIM_RUNS_BOOT) {
        start_app(c, now);
    } else if (c->runs == SIM_RUNS_RADIO) {
        sim_radio_tell(&c->radio);
        send_radio(c, now);
    } else if (c->runs == SIM_RUNS_NO_IMAGE) {
        say(c, now, c->boot.again);
        c->timer = now + SAY_AGAIN_US;
        if (c->timer >= c->watchdog)
            restart_later(c, c->watchdog, SIM_CAUSE_WATCHDOG);
    }
}

static void loader_answers(struct sim_chip *c, uint64_t now)
{
    const struct sim_rom_answer *a = &c->rom.answer;

    c->busy_until = now + a->busy_us;
    sim_wire_put(&c->to_host, c->busy_until, c->baud, a->bytes, a->len);
    if (a->new_baud != 0)
        c->baud = a->new_baud;
    say(c, c->busy_until, a->after);
    if (a->then == SIM_ROM_RUN_NOTHING)
        c->runs = SIM_RUNS_STUCK;
    if (a->then == SIM_ROM_RESTART)
        restart_later(c, line_is_free(c, c->busy_until) + RESTART_AFTER, SIM_CAUSE_SOFTWARE);
}

static void program_hears(struct sim_chip *c, uint64_t now, uint8_t byte)
{
    if (c->restarts_at_timer)
        return;
    if (c->runs == SIM_RUNS_LOADER && sim_esprom_push(&c->rom, byte)) {
        loader_answers(c, now);
    } else if (c->runs == SIM_RUNS_RADIO && sim_radio_push(&c->radio, now, byte)) {
        send_radio(c, now);
        c->timer = now + TELL_AFTER_US;
        if (c->radio.wants_restart)
            restart_later(c, line_is_free(c, now) + RESTART_AFTER, SIM_CAUSE_SOFTWARE);
    }
}

/* Until it is synchronised the loader measures the host's rate, up to its own first one. */
static void chip_hears(struct sim_chip *c, uint64_t now, const struct sim_wire_byte *sent)
{
    uint8_t heard[SIM_UART_HEARD_MAX];
    size_t n;

    if (c->runs == SIM_RUNS_LOADER && !c->rom.is_synced && sent->baud <= AUTOBAUD_MAX)
        c->baud = sent->baud;
    n = sim_uart_hear(sent, c->baud, heard);
    for (size_t i = 0; i < n; i++)
        program_hears(c, now, heard[i]);
}

static uint64_t next_to_chip(const struct sim_chip *c)
{
    uint64_t at = sim_wire_next_us(&c->to_chip);

    return at != SIM_NEVER && at < c->busy_until ? c->busy_until : at;
}

uint64_t sim_chip_run(struct sim_chip *c, uint64_t now_us)
{
    struct sim_wire_byte byte;
    uint64_t hears, to_host;

    for (hears = next_to_chip(c); hears <= now_us || c->timer <= now_us; hears = next_to_chip(c)) {
        if (c->timer < hears)
            timer_is_due(c, c->timer);
        else if (sim_wire_take(&c->to_chip, hears, &byte))
            chip_hears(c, hears, &byte);
    }
    to_host = sim_wire_next_us(&c->to_host);
    hears = hears < c->timer ? hears : c->timer;
    return hears < to_host ? hears : to_host;
}

/* ---- the host's end ------------------------------------------------------------------------------------------------- */

void sim_chip_write(struct sim_chip *c, uint64_t now_us, uint32_t baud, const uint8_t *data, size_t len)
{
    if (c->has_power && !c->in_reset && !is_broken(c, SIM_BROKEN_RX))
        sim_wire_put(&c->to_chip, now_us, baud == SIM_BAUD_ANY ? c->baud : baud, data, len);
}

void sim_chip_line_closed(struct sim_chip *c)
{
    c->rom.is_synced = false;
}

size_t sim_chip_read(struct sim_chip *c, uint64_t now_us, uint32_t baud, uint8_t *buf, size_t cap)
{
    struct sim_wire_byte byte;
    size_t n = 0;

    while (cap - n >= SIM_UART_HEARD_MAX && sim_wire_take(&c->to_host, now_us, &byte))
        n += sim_uart_hear(&byte, baud == SIM_BAUD_ANY ? byte.baud : baud, buf + n);
    return is_broken(c, SIM_BROKEN_TX) ? 0 : n;
}

void sim_chip_init(struct sim_chip *c, const struct sim_chip_config *cfg)
{
    memset(c, 0, sizeof *c);
    c->cfg = *cfg;
    if (c->cfg.app_baud == 0)
        c->cfg.app_baud = SIM_RADIO_BAUD;
    c->baud = SIM_ROM_BAUD;
    c->timer = SIM_NEVER;
    sim_wire_init(&c->to_chip, cfg->is_instant);
    sim_wire_init(&c->to_host, cfg->is_instant);
}

void sim_chip_deinit(struct sim_chip *c)
{
    sim_esprom_deinit(&c->rom);
}
