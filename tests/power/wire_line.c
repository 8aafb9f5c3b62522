/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_line.h"

#include <string.h>

#include <tandem/esprom.h>

#include "esprom/esprom_packet.h"

#define FRAME_MAX    (2u + 2u * ESPROM_FRAME_MAX)
#define SLIP_MARK    0xc0u
#define LATE_US      700000u  /* within the wait for the answer  */
#define TOO_LATE_US  9000000u /* past it: it meets a later command */
#define POWER_OFF_US 50000u

const char *const wire_fault_names[WIRE_FAULTS] = {"lost",     "doubled", "flipped",     "cut",        "late",
                                                   "too late", "text",    "radio power", "host power", "all power"};
const struct wire_plan wire_no_fault = {.fault = WIRE_FAULTS, .direction = WIRE_DIRECTIONS};

struct frame {
    uint8_t bytes[FRAME_MAX];
    size_t len;
};

static struct {
    struct tdm_serial port;
    struct sim_link *link;
    struct wire_plan plan;
    struct wire_count *count;
    void (*cut)(void);
    struct wire_end end;
    struct frame in; /* being heard */
    bool is_in_frame;
    uint8_t ready[4 * FRAME_MAX]; /* heard, to be read */
    size_t ready_len, ready_pos;
    struct {
        struct frame frame;
        enum wire_direction direction;
        uint64_t due_us; /* 0: none */
    } held;
} wire;

static uint64_t rng;

void wire_seed(uint64_t seed)
{
    rng = seed;
}

uint64_t wire_draw(uint64_t below)
{
    uint64_t z = (rng += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

static enum wire_fault fault_due(enum wire_direction d)
{
    unsigned n = wire.end.frames[d]++;

    if (wire.plan.one_in == 0)
        return d == wire.plan.direction && n == wire.plan.frame ? wire.plan.fault : WIRE_FAULTS;
    enum wire_fault drawn = (enum wire_fault)wire_draw(WIRE_TEXT + 1);
    return wire_draw(wire.plan.one_in) == 0 ? drawn : WIRE_FAULTS;
}

static void give(const struct frame *f)
{
    if (f->len <= sizeof wire.ready - wire.ready_len) {
        memcpy(wire.ready + wire.ready_len, f->bytes, f->len);
        wire.ready_len += f->len;
    }
}

static void deliver(enum wire_direction d, const struct frame *f)
{
    if (d == WIRE_TO_HOST)
        give(f);
    else
        sim_chip_write(wire.link->chip, wire.link->now_us, wire.link->baud, f->bytes, f->len);
}

static void cut_power(void)
{
    struct sim_chip *chip = wire.link->chip;

    (void)sim_chip_run(chip, wire.link->now_us);
    sim_chip_power(chip, wire.link->now_us, false);
    wire.end.had_cut = true;
    wire.cut();
    sim_link_wait_us(wire.link, POWER_OFF_US);
    sim_chip_power(chip, wire.link->now_us, true);
}

static bool is_block(const struct frame *f)
{
    return f->len > 2 && (f->bytes[2] == ESPROM_OP_FLASH_DATA || f->bytes[2] == ESPROM_OP_FLASH_DEFL_DATA);
}

static void flip(enum wire_direction d, struct frame *f)
{
    wire.end.may_stray = wire.end.may_stray || (d == WIRE_TO_CHIP && !is_block(f));
    f->bytes[f->len / 2] ^= (uint8_t)(1u << wire_draw(8));
}

static void hold(enum wire_direction d, const struct frame *f, uint32_t for_us)
{
    wire.held.frame = *f;
    wire.held.direction = d;
    wire.held.due_us = wire.link->now_us + for_us;
}

/* Does the frame go on now? */
static bool hurt(enum wire_direction d, enum wire_fault fault, struct frame *f)
{
    static const struct frame text = {"ets Jul 29 2019\r\nrst:0x7 (TG0WDT)\r\n", 35};

    switch (fault) {
    case WIRE_LOST:
        return false;
    case WIRE_DOUBLED:
        deliver(d, f);
        return true;
    case WIRE_FLIPPED:
        flip(d, f);
        return true;
    case WIRE_CUT:
        f->len /= 2;
        return true;
    case WIRE_LATE:
    case WIRE_TOO_LATE:
        hold(d, f, fault == WIRE_LATE ? LATE_US : TOO_LATE_US);
        return false;
    case WIRE_TEXT:
        deliver(d, &text);
        return true;
    case WIRE_RADIO_POWER:
        cut_power();
        return true;
    case WIRE_ALL_POWER:
        cut_power();
        wire.end.host_is_dead = true;
        return false;
    case WIRE_HOST_POWER:
        wire.end.host_is_dead = true;
        return false;
    default:
        return true;
    }
}

static void pass(enum wire_direction d, const struct frame *whole)
{
    struct frame f = *whole;
    enum wire_fault fault = fault_due(d);

    if (d == WIRE_TO_CHIP)
        wire_count_sent(wire.count, f.bytes, f.len, fault == WIRE_FAULTS);
    if (hurt(d, fault, &f))
        deliver(d, &f);
}

/* A late frame comes when its time has come, whatever else is on the line then. */
static void release_held(void)
{
    if (wire.held.due_us == 0 || wire.link->now_us < wire.held.due_us)
        return;
    wire.held.due_us = 0;
    wire.end.may_stray = wire.end.may_stray || (wire.held.direction == WIRE_TO_CHIP && is_block(&wire.held.frame));
    deliver(wire.held.direction, &wire.held.frame);
}

/* What the chip sends: frames are passed whole, what stands between them byte for byte. */
static void hear(uint8_t byte)
{
    if (!wire.is_in_frame && byte != SLIP_MARK) {
        give(&(struct frame){{byte}, 1});
        return;
    }
    if (wire.in.len < FRAME_MAX)
        wire.in.bytes[wire.in.len++] = byte;
    bool is_end = wire.is_in_frame && byte == SLIP_MARK && wire.in.len > 1;
    wire.is_in_frame = true;
    if (!is_end)
        return;
    pass(WIRE_TO_HOST, &wire.in);
    wire.in.len = 0;
    wire.is_in_frame = false;
}

/* Until the time is over, or a frame that was held is due. */
static void wait_for_chip(uint64_t until_us)
{
    bool is_sooner = wire.held.due_us != 0 && wire.held.due_us < until_us;
    uint32_t ms = (uint32_t)(((is_sooner ? wire.held.due_us : until_us) - wire.link->now_us + 999) / 1000);
    uint8_t some[64];
    size_t n;

    wire.ready_len = wire.ready_pos = 0;
    if (tdm_serial_read(&wire.link->serial, some, sizeof some, ms, &n) != TDM_OK)
        return; /* nothing came */
    for (size_t i = 0; i < n; i++)
        hear(some[i]);
}

static tdm_err wire_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    uint64_t until = wire.link->now_us + (uint64_t)timeout_ms * 1000;

    (void)s;
    *got = 0;
    while (!wire.end.host_is_dead) {
        release_held();
        while (*got < cap && wire.ready_pos < wire.ready_len)
            buf[(*got)++] = wire.ready[wire.ready_pos++];
        if (*got > 0)
            return TDM_OK;
        if (wire.link->now_us >= until)
            return TDM_E_TIMEOUT;
        wait_for_chip(until);
    }
    return TDM_E_POWER;
}

static tdm_err wire_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    struct frame f;

    (void)s;
    (void)timeout_ms;
    if (wire.end.host_is_dead || len > sizeof f.bytes)
        return TDM_E_POWER;
    memcpy(f.bytes, data, len);
    f.len = len;
    pass(WIRE_TO_CHIP, &f);
    return wire.end.host_is_dead ? TDM_E_POWER : TDM_OK;
}

static tdm_err wire_set_baud(struct tdm_serial *s, uint32_t baud)
{
    (void)s;
    return wire.end.host_is_dead ? TDM_E_POWER : tdm_serial_set_baud(&wire.link->serial, baud);
}

static tdm_err wire_drop_input(struct tdm_serial *s)
{
    (void)s;
    wire.ready_len = wire.ready_pos = wire.in.len = 0;
    wire.is_in_frame = false;
    return wire.end.host_is_dead ? TDM_E_POWER : tdm_serial_drop_input(&wire.link->serial);
}

static const struct tdm_serial_ops wire_ops = {wire_read, wire_write, wire_set_baud, wire_drop_input};

struct tdm_serial *wire_line_begin(struct sim_link *link, const struct wire_plan *plan, struct wire_count *count,
                                   void (*cut)(void))
{
    memset(&wire, 0, sizeof wire);
    wire.port.ops = &wire_ops;
    wire.link = link;
    wire.plan = *plan;
    wire.count = count;
    wire.cut = cut;
    return &wire.port;
}

const struct wire_end *wire_line_end(void)
{
    return &wire.end;
}
