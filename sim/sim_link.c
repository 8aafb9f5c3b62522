/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_link.h"

static struct sim_link *of_serial(struct tdm_serial *s)
{
    return (struct sim_link *)((char *)s - offsetof(struct sim_link, serial));
}

static struct sim_link *of_lines(struct tdm_lines *l)
{
    return (struct sim_link *)((char *)l - offsetof(struct sim_link, lines));
}

static struct sim_link *of_clock(struct tdm_clock *c)
{
    return (struct sim_link *)((char *)c - offsetof(struct sim_link, clock));
}

void sim_link_wait_us(struct sim_link *l, uint64_t us)
{
    l->now_us += us;
    (void)sim_chip_run(l->chip, l->now_us);
}

/* ---- serial --------------------------------------------------------------------------------------------------------- */

/* Wait for the next byte that makes the host's UART hear something, at most until then. */
static void listen(struct sim_link *l, uint64_t until)
{
    while (l->heard_pos == l->heard_len) {
        uint64_t due = sim_chip_run(l->chip, l->now_us);
        l->heard_pos = 0;
        l->heard_len = sim_chip_read(l->chip, l->now_us, l->baud, l->heard, sizeof l->heard);
        if (l->heard_len > 0)
            return;
        if (l->now_us >= until)
            return;
        if (due > l->now_us)
            l->now_us = due < until ? due : until;
    }
}

static tdm_err link_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    struct sim_link *l = of_serial(s);

    *got = 0;
    listen(l, l->now_us + (uint64_t)timeout_ms * 1000);
    while (*got < cap && l->heard_pos < l->heard_len) {
        buf[(*got)++] = l->heard[l->heard_pos++];
        listen(l, l->now_us);
    }
    return *got > 0 ? TDM_OK : TDM_E_TIMEOUT;
}

static tdm_err link_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    struct sim_link *l = of_serial(s);

    (void)timeout_ms; /* the wire takes any amount at once and lets it arrive in its time */
    sim_chip_write(l->chip, l->now_us, l->baud, data, len);
    return TDM_OK;
}

static tdm_err link_set_baud(struct tdm_serial *s, uint32_t baud)
{
    struct sim_link *l = of_serial(s);
    uint64_t sent_us = (l->chip->to_chip.free_ns + 999) / 1000;

    if (sent_us > l->now_us)
        sim_link_wait_us(l, sent_us - l->now_us);
    l->baud = baud;
    return TDM_OK;
}

static tdm_err link_drop_input(struct tdm_serial *s)
{
    struct sim_link *l = of_serial(s);

    do {
        l->heard_pos = l->heard_len;
        listen(l, l->now_us);
    } while (l->heard_pos < l->heard_len);
    return TDM_OK;
}

/* ---- lines and clock ------------------------------------------------------------------------------------------------ */

static tdm_err link_set_lines(struct tdm_lines *lines, bool reset, bool boot)
{
    struct sim_link *l = of_lines(lines);

    (void)sim_chip_run(l->chip, l->now_us);
    sim_chip_lines(l->chip, l->now_us, reset, boot);
    return TDM_OK;
}

static uint32_t link_now_ms(struct tdm_clock *c)
{
    return (uint32_t)(of_clock(c)->now_us / 1000);
}

static void link_sleep_ms(struct tdm_clock *c, uint32_t ms)
{
    sim_link_wait_us(of_clock(c), (uint64_t)ms * 1000);
}

static const struct tdm_serial_ops serial_ops = {link_read, link_write, link_set_baud, link_drop_input};
static const struct tdm_lines_ops lines_ops = {link_set_lines};
static const struct tdm_clock_ops clock_ops = {link_now_ms, link_sleep_ms};

void sim_link_init(struct sim_link *l, struct sim_chip *chip)
{
    *l = (struct sim_link){.serial = {&serial_ops},
                           .lines = {.ops = &lines_ops, .is_wired = true, .reset_hold_ms = 100, .boot_hold_ms = 50},
                           .clock = {&clock_ops},
                           .chip = chip,
                           .baud = SIM_ROM_BAUD};
}
