/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flash_speed: how long the engine takes to flash a firmware over a simulated line, against what no flasher can beat:
 * the compressed bytes on the line, and the erasing and programming of the flash, one after the other.
 *
 *   flash_speed [FILE]     the application to flash; without one, 250 KB made up to deflate like real firmware
 *
 * Times are virtual: the same on every machine. Seconds count from the loader's answer to the last digest; reset, SYNC
 * and identification are printed beside them. It fails when a row takes more of the limit than its kind may.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include <tandem/esprom.h>

#include "linux/tandem_linux.h"
#include "sim_link.h"
#include "support/fake_log.h"

#define FLASH_SIZE  (4u * 1024 * 1024)
#define APP_AT      0x10000u
#define APP_MAX     (FLASH_SIZE - APP_AT)
#define MADE_UP_LEN 256000u
#define ERASE_US    30000u
#define PROGRAM_US  700u
#define PAGE        256u

static uint8_t flash_bytes[FLASH_SIZE], app[APP_MAX], packed[2 * APP_MAX];
static uint32_t app_len;
static struct sim_flash flash;
static struct sim_chip chip;
static struct sim_link link_;
static struct deflate_zlib packer;
static struct fake_log log_;
static struct esprom rom;

/* What the flash holds before; each returns nothing and changes flash_bytes. */
enum before { BLANK, OLDER, ONE_IN_20, UNCHANGED, BEFORES };

static const struct {
    const char *name;
    unsigned most_percent; /* of the limit of a full flash */
} befores[] = {
    [BLANK] = {"blank", 105},
    [OLDER] = {"another firmware", 105},
    [ONE_IN_20] = {"5 % of the sectors differ", 15},
    [UNCHANGED] = {"unchanged", 3},
};

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Words from a vocabulary, between them as many that are new as bring it to what real firmware deflates to. */
static void make_up(uint8_t *at, uint32_t len, uint32_t seed)
{
    uint32_t vocabulary[512], state = seed;

    for (size_t i = 0; i < sizeof vocabulary / sizeof vocabulary[0]; i++)
        vocabulary[i] = noise(&state) << 8 ^ noise(&state);
    for (uint32_t done = 0; done + 4 <= len; done += 4) {
        bool is_new = noise(&state) % 100 < 33;
        uint32_t word = is_new ? noise(&state) << 8 ^ noise(&state) : vocabulary[noise(&state) % 512];
        memcpy(at + done, &word, 4);
    }
}

static tdm_err read_app(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    (void)s;
    memcpy(buf, app + at, len);
    return TDM_OK;
}

static void prepare(enum before before)
{
    static uint8_t older[APP_MAX];

    memset(flash_bytes, 0xff, sizeof flash_bytes);
    if (before == OLDER) {
        make_up(older, app_len, 99);
        memcpy(flash_bytes + APP_AT, older, app_len);
    }
    if (before == ONE_IN_20 || before == UNCHANGED)
        memcpy(flash_bytes + APP_AT, app, app_len);
    for (uint32_t at = 0; before == ONE_IN_20 && at < app_len; at += 20 * ESPROM_SECTOR)
        flash_bytes[APP_AT + at] ^= 0x55;
}

static void must(tdm_err err, const char *what)
{
    if (err == TDM_OK)
        return;
    printf("%s failed: %s %s\n", what, tdm_err_name(err), rom.fault.code);
    exit(1);
}

/* Microseconds from the loader's answer to the proof; *connect_us before it. */
static uint64_t run(uint32_t baud, enum before before, uint64_t *connect_us)
{
    struct sim_chip_config cfg = {.part = sim_part_by_name("esp32h2"),
                                  .flash = &flash,
                                  .mac = {0x60, 0x55, 0xf9, 1, 2, 3},
                                  .times = {ERASE_US, PROGRAM_US},
                                  .boot_us = 200000};
    struct esprom_source source = {read_app};

    prepare(before);
    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    sim_chip_init(&chip, &cfg);
    sim_chip_power(&chip, 0, true);
    sim_link_init(&link_, &chip);
    fake_log_init(&log_);
    deflate_zlib_init(&packer);
    esprom_init(&rom, &(struct esprom_config){.serial = &link_.serial,
                                              .lines = &link_.lines,
                                              .clock = &link_.clock,
                                              .log = &log_.port,
                                              .expected_chip = 16,
                                              .deflate = &packer.port});
    must(esprom_connect(&rom), "connect");
    if (baud > ESPROM_BAUD_START)
        must(esprom_set_speed(&rom, baud), "set_speed");
    *connect_us = link_.now_us;
    must(esprom_update(&rom, APP_AT, app_len, &source), "update");
    uint64_t took = link_.now_us - *connect_us;
    must(esprom_leave(&rom), "leave");
    if (memcmp(flash_bytes + APP_AT, app, app_len) != 0) {
        printf("the flash holds something else\n");
        exit(1);
    }
    sim_chip_deinit(&chip);
    return took;
}

static uint64_t limit_us(uint32_t baud, uint64_t deflated)
{
    uint64_t sectors = (app_len + ESPROM_SECTOR - 1) / ESPROM_SECTOR, pages = (app_len + PAGE - 1) / PAGE;
    return deflated * 10 * 1000000 / baud + sectors * ERASE_US + pages * PROGRAM_US;
}

static bool print_row(uint32_t baud, enum before before, uint64_t deflated)
{
    uint64_t connect_us, took = run(baud, before, &connect_us), least = limit_us(baud, deflated);

    printf("%7" PRIu32 "  %-24s  %7" PRIu64 "  %6.2f  %6.2f  %5.3f  %7.2f\n", baud, befores[before].name,
           rom.tally.sent, (double)took / 1e6, (double)least / 1e6, (double)took / (double)least,
           (double)connect_us / 1e6);
    return took * 100 <= least * befores[before].most_percent;
}

static bool load(const char *path)
{
    FILE *f = path ? fopen(path, "rb") : NULL;

    if (path && !f)
        return false;
    if (!f) {
        app_len = MADE_UP_LEN;
        make_up(app, app_len, 1);
        return true;
    }
    app_len = (uint32_t)fread(app, 1, sizeof app, f) / 4 * 4;
    (void)fclose(f);
    return app_len > 0;
}

int main(int argc, char **argv)
{
    static const uint32_t bauds[] = {115200, 460800, 921600, 2000000};
    uLongf deflated = sizeof packed;
    bool is_good = true;

    if (argc > 2 || !load(argc == 2 ? argv[1] : NULL)) {
        (void)fputs("flash_speed [FILE]\n", stderr);
        return 2;
    }
    if (compress2(packed, &deflated, app, app_len, 9) != Z_OK)
        return 1;
    printf("%" PRIu32 " bytes, deflated %lu (%.0f %%); a sector is erased in %u us, a page programmed in %u us\n",
           app_len, (unsigned long)deflated, 100.0 * (double)deflated / app_len, ERASE_US, PROGRAM_US);
    printf("   baud  the flash held              bytes sent  s   limit  ratio  connect\n");
    for (size_t i = 0; i < sizeof bauds / sizeof bauds[0]; i++)
        for (int before = 0; before < BEFORES; before++)
            is_good = print_row(bauds[i], (enum before)before, deflated) && is_good;
    if (!is_good)
        printf("a row took more of the limit than its kind may\n");
    return is_good ? 0 : 1;
}
