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
 * regions changes (unless a flipped bit, or a block overtaken by others, was obeyed somewhere else); RESET and BOOT are
 * released. A session without faults then finishes: it writes only sectors that are not right, and sends no byte more
 * than the blocks that carry them and the questions of one session (wire_count). A radio that loses its power loses of
 * what it had at most what a ROM keeps in memory, 32 KiB, and its last block.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/esprom.h>

#include "base/md5.h"
#include "linux/tandem_linux.h"
#include "sim_link.h"
#include "support/fake_log.h"
#include "support/tiny_firmware.h"
#include "wire_line.h"

#define FLASH_SIZE (1024u * 1024)
#define APP_LEN    90000u
#define SPEED      921600u
#define LONGEST_US (600 * 1000000ull)

static uint8_t flash_bytes[FLASH_SIZE], wanted[FLASH_SIZE], before[FLASH_SIZE];
static struct sim_flash flash;
static struct sim_chip chip;
static struct sim_link link_;
static struct deflate_zlib packer;
static struct fake_log log_;
static struct esprom rom;
static struct wire_count sent;
static bool is_packed, is_verbose;

static const struct wire_region regions[] = {{TINY_APP_AT, APP_LEN}, {TINY_TABLE_AT, 0xc00}, {0, TINY_IMAGE_LEN}};

#define REGIONS (sizeof regions / sizeof regions[0])

static struct { /* when the radio lost its power */
    struct wire_need need;
    uint64_t payload;     /* sent until then */
    uint32_t lost, bound; /* of the stream under way */
} at_cut;

static struct totals {
    unsigned sessions, healed, named, bad;
    uint32_t most_lost;
} totals;

/* ---- a session ------------------------------------------------------------------------------------------------------ */

/* The radio has no power: what is on its flash now, of what it was given? */
static void note_cut(void)
{
    uint32_t kept = 0;

    while (kept < sent.received && flash_bytes[sent.offset + kept] == wanted[sent.offset + kept])
        kept++;
    at_cut.need = wire_need_of(flash_bytes, wanted, regions, REGIONS, is_packed);
    at_cut.payload = sent.payload;
    at_cut.lost = sent.received - kept;
    at_cut.bound = (is_packed ? WIRE_INFLATED_UNIT : 0) + sent.last;
    if (at_cut.lost > totals.most_lost)
        totals.most_lost = at_cut.lost;
}

static struct region_source {
    struct esprom_source source;
    uint32_t offset;
} sources[REGIONS];

static uint8_t judged[REGIONS][ESPROM_MD5_LEN];
static struct esprom_part parts[REGIONS];

static tdm_err read_wanted(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    memcpy(buf, wanted + ((struct region_source *)(void *)s)->offset + at, len);
    return TDM_OK;
}

static tdm_err session(const struct wire_plan *plan)
{
    wire_count_begin(&sent);
    struct esprom_config cfg = {.serial = wire_line_begin(&link_, plan, &sent, note_cut),
                                .lines = &link_.lines,
                                .clock = &link_.clock,
                                .log = &log_.port,
                                .expected_chip = chip.cfg.part->id,
                                .deflate = is_packed ? &packer.port : NULL,
                                .app_baud = SIM_RADIO_BAUD};

    esprom_init(&rom, &cfg);
    tdm_err err = esprom_connect(&rom);
    if (err == TDM_OK)
        err = esprom_set_speed(&rom, SPEED);
    if (err == TDM_OK)
        err = esprom_update_all(&rom, parts, REGIONS);
    tdm_err left = esprom_leave(&rom);
    wire_count_end(&sent);
    return err != TDM_OK ? err : left;
}

static void prepare_parts(void)
{
    struct md5 md5;

    for (size_t i = 0; i < REGIONS; i++) {
        md5_begin(&md5);
        md5_add(&md5, wanted + regions[i].offset, regions[i].size);
        md5_end(&md5, judged[i]);
        sources[i] = (struct region_source){{read_wanted}, regions[i].offset};
        parts[i] = (struct esprom_part){regions[i].offset, regions[i].size, &sources[i].source, judged[i], "a part"};
    }
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
    prepare_parts();
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
    return (heals || connects || (err == TDM_E_POWER && wire_line_end()->host_is_dead)) && rom.fault.code[0] != '\0';
}

static const char *check_end(tdm_err err)
{
    for (uint32_t at = 0; at < FLASH_SIZE; at++) {
        if (flash_bytes[at] != before[at] && !is_in_a_region(at) && !wire_line_end()->may_stray)
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

/* The radio lost its power, and all else was sound: what it kept was not sent again. */
static const char *check_cut(tdm_err err)
{
    uint64_t since = sent.payload - at_cut.payload;

    if (!wire_line_end()->had_cut)
        return NULL;
    if (at_cut.lost > at_cut.bound)
        return "the radio lost more than a ROM keeps in memory";
    /* The block that met the cut, and once more when no answer came. */
    if (err == TDM_OK && since > at_cut.need.payload + 2 * ESPROM_BLOCK_MAX)
        return "after the cut more was sent than what was missing";
    return NULL;
}

/* The line is sound again: the job is finished, and what is right is left alone. */
static const char *finish(void)
{
    struct wire_need need = wire_need_of(flash_bytes, wanted, regions, REGIONS, is_packed);

    if (session(&wire_no_fault) != TDM_OK)
        return "a second session did not finish";
    if (wrong_sectors() > 0)
        return "the second session left something wrong";
    if (rom.tally.rewritten != need.sectors)
        return "the second session wrote other sectors than those that were missing";
    if (sent.payload > need.payload || sent.begins > need.runs)
        return "the second session sent more than what was missing";
    if (sent.bytes > wire_need_bytes(&need, regions, REGIONS))
        return "the second session asked more than a session needs to";
    return sent.payload == rom.tally.sent ? NULL : "what was told of the cost is not what was sent";
}

static void live(const struct wire_plan *plan, const char *line)
{
    char code[40];

    begin_chip();
    tdm_err err = session(plan);
    totals.sessions++;
    totals.healed += err == TDM_OK;
    totals.named += err != TDM_OK;
    snprintf(code, sizeof code, "%s", rom.fault.code);
    const char *bad = check_end(err);
    if (bad == NULL)
        bad = check_cut(err);
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

static void live_one(const struct wire_plan *plan)
{
    char line[80];

    wire_seed(plan->frame); /* which bit is flipped */
    snprintf(line, sizeof line, "--only %d,%d,%u,%d", (int)plan->fault, (int)plan->direction, plan->frame, is_packed);
    live(plan, line);
}

/* Frames of a session in which nothing happens. */
static void count_frames(unsigned frames[WIRE_DIRECTIONS])
{
    begin_chip();
    if (session(&wire_no_fault) != TDM_OK || wrong_sectors() > 0) {
        printf("a session without faults failed: %s\n", rom.fault.code);
        exit(1);
    }
    memcpy(frames, wire_line_end()->frames, sizeof wire_line_end()->frames);
    sim_chip_deinit(&chip);
}

static void live_fault(enum wire_fault fault, const unsigned frames[WIRE_DIRECTIONS], unsigned step)
{
    struct totals was = totals;

    for (int d = 0; d < WIRE_DIRECTIONS; d++) {
        for (unsigned n = (unsigned)fault % step; n < frames[d]; n += step)
            live_one(&(struct wire_plan){fault, (enum wire_direction)d, n, 0});
    }
    printf("  %-12s %6u sessions, %6u healed, %6u ended with a named error, %u bad\n", wire_fault_names[fault],
           totals.sessions - was.sessions, totals.healed - was.healed, totals.named - was.named, totals.bad - was.bad);
}

static void live_all(unsigned step)
{
    unsigned frames[WIRE_DIRECTIONS];

    for (int packed = 0; packed < 2; packed++) {
        is_packed = packed != 0;
        totals.most_lost = 0;
        count_frames(frames);
        printf("%s: %u frames to the chip, %u to the host\n", is_packed ? "packed" : "plain", frames[WIRE_TO_CHIP],
               frames[WIRE_TO_HOST]);
        for (int fault = 0; fault < WIRE_FAULTS; fault++)
            live_fault((enum wire_fault)fault, frames, step);
        printf("  at a cut the radio lost at most %" PRIu32 " bytes of what it was given\n", totals.most_lost);
    }
}

#define RATES 4

static void live_random(uint64_t first, uint64_t last)
{
    static const unsigned rates[RATES] = {5, 20, 50, 200};
    unsigned sessions[RATES] = {0}, healed[RATES] = {0};
    char line[60];

    for (uint64_t seed = first; seed <= last; seed++) {
        wire_seed(seed);
        is_packed = wire_draw(2) != 0;
        uint64_t rate = wire_draw(RATES);
        unsigned was = totals.healed;
        snprintf(line, sizeof line, "--random %" PRIu64 "..%" PRIu64, seed, seed);
        live(&(struct wire_plan){.one_in = rates[rate]}, line);
        sessions[rate]++;
        healed[rate] += totals.healed - was;
    }
    for (size_t i = 0; i < RATES; i++)
        printf("  a fault in %3u frames: %u sessions, %u healed\n", rates[i], sessions[i], healed[i]);
}

static int run(const char *how, const char *what)
{
    uint64_t first, last;
    int fault, direction, packed;
    unsigned frame, step = 1;

    if (strcmp(how, "--only") == 0 && sscanf(what, "%d,%d,%u,%d", &fault, &direction, &frame, &packed) == 4) {
        is_verbose = true;
        is_packed = packed != 0;
        live_one(&(struct wire_plan){(enum wire_fault)fault, (enum wire_direction)direction, frame, 0});
    } else if (strcmp(how, "--random") == 0 && sscanf(what, "%" SCNu64 "..%" SCNu64, &first, &last) == 2) {
        live_random(first, last);
    } else if (strcmp(how, "--step") == 0 && sscanf(what, "%u", &step) == 1 && step > 0) {
        live_all(step);
    } else {
        return fprintf(stderr, "wire_faults: --step N, --random A..B or --only FAULT,DIRECTION,FRAME,PACKED\n"), 2;
    }
    printf("%u sessions, %u healed, %u ended with a named error, %u bad\n", totals.sessions, totals.healed,
           totals.named, totals.bad);
    return totals.bad > 0;
}

int main(int argc, char **argv)
{
    prepare();
    return argc == 1 ? run("--step", "1") : run(argv[1], argc == 3 ? argv[2] : "");
}
