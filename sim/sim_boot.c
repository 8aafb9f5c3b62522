/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_boot.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/md5.h"

#define ROW_LEN     32
#define TABLE_LEN   0xc00u
#define TYPE_APP    0
#define APP_FACTORY 0x00
#define APP_OTA_0   0x10

static void say(struct sim_boot *b, const char *format, ...)
{
    size_t room = sizeof b->text - b->text_len;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(b->text + b->text_len, room, format, args);
    va_end(args);
    if (n > 0)
        b->text_len += (size_t)n < room ? (size_t)n : room - 1;
}

static void say_digest(struct sim_boot *b, const char *name, const uint8_t *sha)
{
    say(b, "%s: ", name);
    for (int i = 0; i < SIM_IMAGE_SHA_LEN; i++)
        say(b, "%02x", sha[i]);
    say(b, "\r\n");
}

static void banner(struct sim_boot *b, const struct sim_part *part, bool to_loader, const struct sim_cause_row *cause)
{
    say(b, "%s\r\n%s\r\n", part->rom, part->build);
    say(b, "rst:0x%x (%s),boot:0x%x (%s)\r\n", cause->number, cause->name,
        to_loader ? part->boot_loader : part->boot_flash, to_loader ? part->boot_loader_text : part->boot_flash_text);
}

/* ---- the ROM and the second-stage bootloader's image ---------------------------------------------------------------- */

static const char *mode_name(uint8_t mode)
{
    static const char *const names[] = {"QIO", "QOUT", "DIO", "DOUT", "FAST READ", "SLOW READ"};

    return mode < sizeof names / sizeof names[0] ? names[mode] : "?";
}

static bool rom_loads_bootloader(struct sim_boot *b, const struct sim_part *part, struct sim_flash *flash)
{
    struct sim_image img;
    bool is_whole = sim_image_read(&img, flash, part->bootloader_offset, SIM_PARTITION_TABLE_AT);

    if (!is_whole) {
        (void)snprintf(b->again, sizeof b->again, "invalid header: 0x%08x\r\n", (unsigned)img.first_word);
        b->end = SIM_BOOT_NO_IMAGE;
        return false;
    }
    say(b, "%smode:%s, clock div:%d\r\n", part->prints_one_mode_line ? "SPI " : "SPIWP:0xee\r\n",
        mode_name(img.spi_mode), img.spi_speed == 15 ? 1 : 2);
    for (unsigned i = 0; i < img.segment_count; i++)
        say(b, "load:0x%08x,len:0x%x\r\n", (unsigned)img.segments[i].load, (unsigned)img.segments[i].len);
    if (!sim_image_sum_is_right(&img)) {
        say(b, "Checksum failure. Calculated 0x%x stored 0x%x\r\nets_main.c 333 \r\n", img.sum, img.stored_sum);
        b->end = SIM_BOOT_STUCK;
        return false;
    }
    if (!sim_image_sha_is_right(&img)) {
        say(b, "SHA-256 comparison failed:\r\n");
        say_digest(b, "Calculated", img.sha);
        say_digest(b, "Expected", img.stored_sha);
        say(b, "Attempting to boot anyway...\r\n");
    }
    say(b, "entry 0x%08x\r\n", (unsigned)img.entry);
    if (img.chip_id != part->id) {
        b->end = SIM_BOOT_STUCK; /* code for another chip: whatever it does, it prints nothing */
        return false;
    }
    return true;
}

/* ---- the bootloader and the application ----------------------------------------------------------------------------- */

struct place {
    uint32_t at, size;
    bool is_found;
};

static bool digest_row_is_right(const uint8_t *table, const uint8_t *row)
{
    uint8_t digest[MD5_LEN];
    struct md5 m;

    md5_begin(&m);
    md5_add(&m, table, (size_t)(row - table));
    md5_end(&m, digest);
    return memcmp(digest, row + 16, MD5_LEN) == 0;
}

/* factory goes before ota_0; other applications are not looked for. */
static void look_at_row(const uint8_t *row, const struct sim_flash *flash, struct place *factory, struct place *ota)
{
    struct place place = {bytes_le32(row + 4), bytes_le32(row + 8), true};

    if (row[2] != TYPE_APP || place.at > flash->port.size || place.size > flash->port.size - place.at)
        return;
    if (row[3] == APP_FACTORY)
        *factory = place;
    else if (row[3] == APP_OTA_0)
        *ota = place;
}

static bool find_app(const struct sim_flash *flash, struct place *app)
{
    const uint8_t *table = flash->mem + SIM_PARTITION_TABLE_AT;
    struct place factory = {0}, ota = {0};

    for (const uint8_t *row = table; row < table + TABLE_LEN; row += ROW_LEN) {
        if (row[0] == 0xaa && row[1] == 0x50) {
            look_at_row(row, flash, &factory, &ota);
        } else if (row[0] == 0xeb && row[1] == 0xeb) {
            if (!digest_row_is_right(table, row))
                return false;
        } else if (row[0] == 0xff && row[1] == 0xff) {
            *app = factory.is_found ? factory : ota;
            return app->is_found;
        } else {
            return false;
        }
    }
    return false;
}

static void bootloader_runs(struct sim_boot *b, const struct sim_part *part, struct sim_flash *flash)
{
    struct place place;

    b->end = SIM_BOOT_STARTS_AGAIN;
    say(b, "I (21) boot: 2nd stage on %s\r\n", part->name);
    if (!find_app(flash, &place)) {
        say(b, "E (32) boot: no usable application in the partition table at 0x%x\r\n", SIM_PARTITION_TABLE_AT);
        return;
    }
    if (!sim_image_read(&b->app, flash, place.at, place.at + place.size)) {
        say(b, "E (35) boot: no image at 0x%x, found 0x%08x\r\n", (unsigned)place.at, (unsigned)b->app.first_word);
        return;
    }
    if (b->app.chip_id != part->id) {
        say(b, "E (35) boot: image at 0x%x is for chip id %u\r\n", (unsigned)place.at, b->app.chip_id);
        return;
    }
    if (!sim_image_sum_is_right(&b->app) || !sim_image_sha_is_right(&b->app)) {
        say(b, "E (57) boot: image at 0x%x is damaged\r\n", (unsigned)place.at);
        return;
    }
    say(b, "I (58) boot: application at 0x%x\r\n", (unsigned)place.at);
    b->end = SIM_BOOT_APP;
}

void sim_boot_run(struct sim_boot *b, const struct sim_part *part, struct sim_flash *flash, bool to_loader,
                  enum sim_cause cause)
{
    memset(b, 0, sizeof *b);
    banner(b, part, to_loader, &part->causes[cause]);
    if (to_loader) {
        say(b, "%s\r\n", part->wait_text);
        b->end = SIM_BOOT_LOADER;
        return;
    }
    if (rom_loads_bootloader(b, part, flash))
        bootloader_runs(b, part, flash);
}

void sim_boot_wait_on_usb(struct sim_boot *b, const struct sim_part *part, enum sim_cause cause)
{
    const struct sim_cause_row *why = &part->causes[cause];

    memset(b, 0, sizeof *b);
    say(b, "%s\r\n%s\r\nrst:0x%x (%s),boot:0x0 (USB_BOOT)\r\nwait usb download\r\n", part->rom, part->build,
        why->number, why->name);
    b->end = SIM_BOOT_LOADER;
}
