/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_faults: whole flashing sessions against the simulated chip, in virtual time, with one fault at every frame of the
 * line in either direction, or with several drawn from a seed.
 *
 *   wire_faults [--step N]               every N-th frame (1) of every fault, both directions, packed and plain
 *   wire_faults --random A..B            mixtures of faults, each drawn from its seed
 *   wire_faults --only FAULT,DIR,FRAME,PACKED     one again
 *
 * Whatever happens, a session ends: with the flash as it was meant, or with an error that has a name; no byte outside the
 * regions changes (unless a flipped bit made the ROM erase somewhere else: only blocks have a checksum); RESET and BOOT are released. A session without faults then finishes, and writes again only sectors
 * that are not right.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/esprom.h>

#include "esprom/esprom_packet.h"
#include "linux/tandem_linux.h"
#include "sim_link.h"
#include "support/fake_log.h"
#include "support/tiny_firmware.h"

#define FLASH_SIZE   (1024u * 1024)
#define APP_LEN      90000u
#define SPEED        921600u
#define LONGEST_US   (600 * 1000000ull)
#define FRAME_MAX    (2u + 2u * ESPROM_FRAME_MAX)
#define SLIP_MARK    0xc0u
#define LATE_US      700000u  /* within the wait for the answer  */
#define TOO_LATE_US  9000000u /* past it: it meets a later command */
#define POWER_OFF_US 50000u

enum fault { LOST, DOUBLED, FLIPPED, CUT, LATE, TOO_LATE, TEXT, RADIO_POWER, HOST_POWER, FAULTS };
enum direction { TO_CHIP, TO_HOST, DIRECTIONS };

static const char *const fault_names[] = {"lost",     "doubled", "flipped",     "cut",       "late",
                                          "too late", "text",    "radio power", "host power"};

struct frame {
    uint8_t bytes[FRAME_MAX];
    size_t len;
};

/* The line with its faults, between the engine and the simulator's link. */
static struct wire {
    struct tdm_serial port;
    unsigned frames[DIRECTIONS];
    struct frame in; /* being heard */
    bool is_in_frame;
    uint8_t ready[4 * FRAME_MAX]; /* heard, to be read */
    size_t ready_len, ready_pos;
    struct {
        struct frame frame;
        uint64_t due_us; /* 0: none */
    } held;
    bool host_is_dead;
    bool has_hurt_command; /* a bit of a command was flipped: commands but blocks have no checksum, so it was obeyed */
} wire;

static struct plan {
    enum fault fault;
    enum direction direction;
    unsigned frame;
    bool is_packed;
    unsigned one_in; /* 0: only the frame above; else a draw for each frame */
} plan;

static uint8_t flash_bytes[FLASH_SIZE], wanted[FLASH_SIZE], before[FLASH_SIZE];
static struct sim_flash flash;
static struct sim_chip chip;
static struct sim_link link_;
static struct deflate_zlib packer;
static struct fake_log log_;
static struct esprom rom;
static uint64_t rng;
static bool is_verbose;

static const struct region {
    uint32_t offset, size;
} regions[] = {{TINY_APP_AT, APP_LEN}, {TINY_TABLE_AT, 0xc00}, {0, TINY_IMAGE_LEN}};

#define REGIONS (sizeof regions / sizeof regions[0])

static uint64_t draw(uint64_t below)
{
    uint64_t z = (rng += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (z ^ z >> 31) % below;
}

/* ---- the line ------------------------------------------------------------------------------------------------------ */

static bool is_due(enum direction d, enum fault *fault)
{
    unsigned n = wire.frames[d]++;

    *fault = plan.fault;
    if (plan.one_in == 0)
        return d == plan.direction && n == plan.frame;
    *fault = (enum fault)draw(TEXT + 1);
    return draw(plan.one_in) == 0;
}

static void give(const struct frame *f)
{
    if (f->len <= sizeof wire.ready - wire.ready_len) {
        memcpy(wire.ready + wire.ready_len, f->bytes, f->len);
        wire.ready_len += f->len;
    }
}

static void deliver(enum direction d, const struct frame *f)
{
    if (d == TO_HOST)
        give(f);
    else
        sim_chip_write(&chip, link_.now_us, link_.baud, f->bytes, f->len);
}

static void cut_power(void)
{
    (void)sim_chip_run(&chip, link_.now_us);
    sim_chip_power(&chip, link_.now_us, false);
    sim_link_wait_us(&link_, POWER_OFF_US);
    sim_chip_power(&chip, link_.now_us, true);
}

static bool is_block(const struct frame *f)
{
    return f->len > 2 && (f->bytes[2] == ESPROM_OP_FLASH_DATA || f->bytes[2] == ESPROM_OP_FLASH_DEFL_DATA);
}

static void pass(enum direction d, const struct frame *whole)
{
    static const struct frame text = {"ets Jul 29 2019\r\nrst:0x7 (TG0WDT)\r\n", 35};
    struct frame f = *whole;
    enum fault fault;

    if (!is_due(d, &fault)) {
        deliver(d, &f);
        return;
    }
    switch (fault) {
    case LOST:
        return;
    case DOUBLED:
        deliver(d, &f);
        break;
    case FLIPPED:
        wire.has_hurt_command = wire.has_hurt_command || (d == TO_CHIP && !is_block(&f));
        f.bytes[f.len / 2] ^= (uint8_t)(1u << draw(8));
        break;
    case CUT:
        f.len /= 2;
        break;
    case LATE:
    case TOO_LATE:
        wire.held.frame = f;
        wire.held.due_us = link_.now_us + (fault == LATE ? LATE_US : TOO_LATE_US);
        return;
    case TEXT:
        deliver(d, &text);
        break;
    case RADIO_POWER:
        cut_power();
        break;
    default:
        wire.host_is_dead = true;
        return;
    }
    deliver(d, &f);
}

/* A late frame comes when its time has come, whatever else is on the line then. */
static void release_held(void)
{
    enum direction d = plan.direction;

    if (wire.held.due_us == 0 || link_.now_us < wire.held.due_us)
        return;
    wire.held.due_us = 0;
    deliver(d, &wire.held.frame);
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
    pass(TO_HOST, &wire.in);
    wire.in.len = 0;
    wire.is_in_frame = false;
}

static tdm_err wire_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    uint64_t until = link_.now_us + (uint64_t)timeout_ms * 1000;
    uint8_t some[64];
    size_t n;

    (void)s;
    *got = 0;
    while (*got == 0) {
        if (wire.host_is_dead)
            return TDM_E_POWER;
        release_held();
        while (*got < cap && wire.ready_pos < wire.ready_len)
            buf[(*got)++] = wire.ready[wire.ready_pos++];
        if (*got > 0 || link_.now_us >= until)
            break;
        wire.ready_len = wire.ready_pos = 0;
        uint64_t stop = wire.held.due_us != 0 && wire.held.due_us < until ? wire.held.due_us : until;
        uint32_t ms = (uint32_t)((stop - link_.now_us + 999) / 1000);
        if (tdm_serial_read(&link_.serial, some, sizeof some, ms, &n) == TDM_OK) {
            for (size_t i = 0; i < n; i++)
                hear(some[i]);
        }
    }
    return *got > 0 ? TDM_OK : TDM_E_TIMEOUT;
}

static tdm_err wire_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    struct frame f;

    (void)s;
    (void)timeout_ms;
    if (wire.host_is_dead || len > sizeof f.bytes)
        return TDM_E_POWER;
    memcpy(f.bytes, data, len);
    f.len = len;
    pass(TO_CHIP, &f);
    return wire.host_is_dead ? TDM_E_POWER : TDM_OK;
}

static tdm_err wire_set_baud(struct tdm_serial *s, uint32_t baud)
{
    (void)s;
    return wire.host_is_dead ? TDM_E_POWER : tdm_serial_set_baud(&link_.serial, baud);
}

static tdm_err wire_drop_input(struct tdm_serial *s)
{
    (void)s;
    wire.ready_len = wire.ready_pos = wire.in.len = 0;
    wire.is_in_frame = false;
    return wire.host_is_dead ? TDM_E_POWER : tdm_serial_drop_input(&link_.serial);
}

static const struct tdm_serial_ops wire_ops = {wire_read, wire_write, wire_set_baud, wire_drop_input};

/* ---- a session ------------------------------------------------------------------------------------------------------ */

struct region_source {
    struct esprom_source source;
    uint32_t offset;
};

static tdm_err read_wanted(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    memcpy(buf, wanted + ((struct region_source *)(void *)s)->offset + at, len);
    return TDM_OK;
}

static tdm_err session(void)
{
    struct esprom_config cfg = {.serial = &wire.port,
                                .lines = &link_.lines,
                                .clock = &link_.clock,
                                .log = &log_.port,
                                .expected_chip = chip.cfg.part->id,
                                .deflate = plan.is_packed ? &packer.port : NULL,
                                .app_baud = SIM_RADIO_BAUD};

    memset(&wire, 0, sizeof wire);
    wire.port.ops = &wire_ops;
    esprom_init(&rom, &cfg);
    tdm_err err = esprom_connect(&rom);
    if (err == TDM_OK)
        err = esprom_set_speed(&rom, SPEED);
    for (uint32_t was = UINT32_MAX; err == TDM_OK && was != rom.tally.rewritten;) {
        was = rom.tally.rewritten;
        for (size_t i = 0; i < REGIONS && err == TDM_OK; i++) {
            struct region_source from = {{read_wanted}, regions[i].offset};
            err = esprom_update(&rom, regions[i].offset, regions[i].size, &from.source);
        }
    }
    tdm_err left = esprom_leave(&rom);
    return err != TDM_OK ? err : left;
}

static void prepare(void)
{
    uint32_t random = 7;

    memset(wanted, 0xff, sizeof wanted);
    tiny_firmware(wanted, sim_part_by_name("esp32h2")->id, "openthread-esp32/1-2; esp32h2;  2026");
    for (uint32_t i = TINY_APP_AT + 4096; i < TINY_APP_AT + APP_LEN; i++) {
        random = random * 1664525u + 1013904223u;
        wanted[i] = (uint8_t)(random >> 26); /* six bits of each byte */
    }
    deflate_zlib_init(&packer);
}

static void begin_chip(void)
{
    struct sim_chip_config cfg = {
        .part = sim_part_by_name("esp32h2"), .flash = &flash, .times = {30000, 700}, .boot_us = 200000};

    memset(flash_bytes, 0x5a, sizeof flash_bytes); /* another firmware, and what lies beside it */
    memset(flash_bytes + TINY_APP_AT + 40960, 0xff, 8192);
    memcpy(flash_bytes + TINY_APP_AT + 20480, wanted + TINY_APP_AT + 20480, 8192); /* two sectors are right already */
    memcpy(before, flash_bytes, sizeof before);
    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    sim_chip_init(&chip, &cfg);
    sim_chip_power(&chip, 0, true);
    sim_link_init(&link_, &chip);
    fake_log_init(&log_);
}

/* ---- what must hold ------------------------------------------------------------------------------------------------- */

static bool is_in_a_region(uint32_t at)
{
    for (size_t i = 0; i < REGIONS; i++) {
        uint32_t end = (regions[i].offset + regions[i].size + ESPROM_SECTOR - 1) / ESPROM_SECTOR * ESPROM_SECTOR;
        if (at >= regions[i].offset && at < end)
            return true;
    }
    return false;
}

static uint32_t wrong_sectors(void)
{
    uint32_t count = 0;

    for (size_t i = 0; i < REGIONS; i++) {
        for (uint32_t at = 0; at < regions[i].size; at += ESPROM_SECTOR) {
            uint32_t len = regions[i].size - at < ESPROM_SECTOR ? regions[i].size - at : ESPROM_SECTOR;
            uint32_t from = regions[i].offset + at;
            count += memcmp(flash_bytes + from, wanted + from, len) != 0;
        }
    }
    return count;
}

/* What a session may end with, besides TDM_OK. */
static bool is_named(tdm_err err)
{
    bool heals = err == TDM_E_TIMEOUT || err == TDM_E_NOISE || err == TDM_E_PEER || err == TDM_E_CORRUPT;
    bool connects = err == TDM_E_STATE || err == TDM_E_MISMATCH || err == TDM_E_NOT_FOUND || err == TDM_E_UNSUPPORTED ||
                    err == TDM_E_REFUSED || err == TDM_E_NO_ROOM;
    return (heals || connects || (err == TDM_E_POWER && wire.host_is_dead)) && rom.fault.code[0] != '\0';
}

static const char *check_end(tdm_err err)
{
    for (uint32_t at = 0; at < FLASH_SIZE; at++) {
        if (flash_bytes[at] != before[at] && !is_in_a_region(at) && !wire.has_hurt_command)
            return "a byte outside the regions has changed";
    }
    if (link_.now_us > LONGEST_US)
        return "it took more than ten minutes";
    if (err == TDM_OK && wrong_sectors() > 0)
        return "success, but the flash holds something else";
    if (err != TDM_OK && !is_named(err))
        return "an error without a name";
    if (chip.in_reset || chip.boot_pulled)
        return "RESET or BOOT is still pulled";
    return NULL;
}

/* The line is sound again: the job is finished, and what is right is left alone. */
static const char *finish(void)
{
    uint32_t missing = wrong_sectors();

    plan = (struct plan){.fault = FAULTS, .direction = DIRECTIONS, .is_packed = plan.is_packed};
    if (session() != TDM_OK)
        return "a second session did not finish";
    if (wrong_sectors() > 0)
        return "the second session left something wrong";
    return rom.tally.rewritten == missing ? NULL
                                          : "the second session wrote other sectors than those that were missing";
}

static struct totals {
    unsigned sessions, healed, named, bad;
} totals;

static void live(const char *line)
{
    begin_chip();
    tdm_err err = session();
    totals.sessions++;
    totals.healed += err == TDM_OK;
    totals.named += err != TDM_OK;
    char code[40];
    snprintf(code, sizeof code, "%s", rom.fault.code);
    const char *bad = check_end(err);
    if (bad == NULL)
        bad = finish();
    if (is_verbose)
        printf("%s: %s %s\n", line, tdm_err_name(err), code);
    if (bad != NULL) {
        totals.bad++;
        printf("%s: %s (%s %s)\n", line, bad, tdm_err_name(err), code);
    }
    sim_chip_deinit(&chip);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

static void live_one(struct plan p)
{
    char line[80];

    plan = p;
    rng = p.frame; /* which bit is flipped */
    snprintf(line, sizeof line, "--only %d,%d,%u,%d", (int)p.fault, (int)p.direction, p.frame, (int)p.is_packed);
    live(line);
}

/* Frames of a session in which nothing happens. */
static void count_frames(bool is_packed, unsigned frames[DIRECTIONS])
{
    plan = (struct plan){.fault = FAULTS, .direction = DIRECTIONS, .is_packed = is_packed};
    begin_chip();
    if (session() != TDM_OK || wrong_sectors() > 0) {
        printf("a session without faults failed: %s\n", rom.fault.code);
        exit(1);
    }
    memcpy(frames, wire.frames, sizeof wire.frames);
    sim_chip_deinit(&chip);
}

static void live_all(unsigned step)
{
    unsigned frames[DIRECTIONS];

    for (int packed = 0; packed < 2; packed++) {
        count_frames(packed != 0, frames);
        printf("%s: %u frames to the chip, %u to the host\n", packed ? "packed" : "plain", frames[TO_CHIP],
               frames[TO_HOST]);
        for (int fault = 0; fault < FAULTS; fault++) {
            struct totals was = totals;
            for (int d = 0; d < DIRECTIONS; d++) {
                for (unsigned n = (unsigned)fault % step; n < frames[d]; n += step)
                    live_one((struct plan){(enum fault)fault, (enum direction)d, n, packed != 0, 0});
            }
            printf("  %-12s %6u sessions, %6u healed, %6u ended with a named error, %u bad\n", fault_names[fault],
                   totals.sessions - was.sessions, totals.healed - was.healed, totals.named - was.named,
                   totals.bad - was.bad);
        }
    }
}

static void live_random(uint64_t first, uint64_t last)
{
    static const unsigned rates[] = {5, 20, 50, 200};
    char line[60];

    for (uint64_t seed = first; seed <= last; seed++) {
        rng = seed;
        plan = (struct plan){.fault = FAULTS, .direction = (enum direction)draw(DIRECTIONS), .is_packed = draw(2) != 0};
        plan.one_in = rates[draw(sizeof rates / sizeof rates[0])];
        snprintf(line, sizeof line, "--random %" PRIu64 "..%" PRIu64, seed, seed);
        live(line);
    }
}

int main(int argc, char **argv)
{
    uint64_t first, last;
    int fault, direction, packed;
    unsigned frame, step = 1;

    prepare();
    is_verbose = argc == 3 && strcmp(argv[1], "--only") == 0;
    if (argc == 3 && strcmp(argv[1], "--only") == 0 &&
        sscanf(argv[2], "%d,%d,%u,%d", &fault, &direction, &frame, &packed) == 4)
        live_one((struct plan){(enum fault)fault, (enum direction)direction, frame, packed != 0, 0});
    else if (argc == 3 && strcmp(argv[1], "--random") == 0 &&
             sscanf(argv[2], "%" SCNu64 "..%" SCNu64, &first, &last) == 2)
        live_random(first, last);
    else if (argc == 1 ||
             (argc == 3 && strcmp(argv[1], "--step") == 0 && sscanf(argv[2], "%u", &step) == 1 && step > 0))
        live_all(step);
    else
        return fprintf(stderr, "wire_faults: --step N, --random A..B or --only FAULT,DIRECTION,FRAME,PACKED\n"), 2;
    printf("%u sessions, %u healed, %u ended with a named error, %u bad\n", totals.sessions, totals.healed,
           totals.named, totals.bad);
    return totals.bad > 0;
}
