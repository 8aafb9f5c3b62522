/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated ESP32-C3 against what a real ESP32-C3 ROM said to the same bytes (tests/data/rom).
 *
 * Every frame is compared byte for byte, except what the real ROM leaves undefined: the second status byte when the
 * first is 0, the two after it, and READ_FLASH_SLOW's bytes past the length asked for. What differs beyond that is a
 * row of `accepted` with its reason; a row that is not needed fails the test too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim_link.h"
#include "support/trace.h"

#define FLASH_SIZE (4u * 1024 * 1024)
#define HEARD_MAX  65536u
#define QUIET_MS   3000u /* longer than the longest request takes on the line */

enum differs {
    DIFFERS_VALUE, /* the value word            */
    DIFFERS_TEXT,  /* ours ends where the ROM's text goes on */
};

static struct accepted {
    const char *file, *section;
    enum differs what;
    const char *reason;
    bool is_used;
} accepted[] = {
    {"rom/esp32c3-rom-probe.txt", "read_reg_short_payload", DIFFERS_VALUE,
     "an address of one byte: the ROM fills it up with memory that nobody knows", false},
    {"rom/esp32c3-rom-probe.txt", "packet_3_bytes", DIFFERS_VALUE, "no address at all: likewise", false},
    {"rom/esp32c3-rom-probe.txt", "invalid_escape - DB followed by 41", DIFFERS_VALUE,
     "reads ROM code at an odd address, which is not modelled", false},
    {"rom/esp32c3-rom-probe.txt", "flash_end_stay", DIFFERS_TEXT,
     "the emulated chip then jumps to address 0 and its panic handler dumps registers and stack", false},
    {"rom/esp32c3-rom-probe2.txt", "I frame aborted by new start", DIFFERS_VALUE,
     "a request cut after six bytes: likewise", false},
    {"rom/esp32c3-rom-probe2.txt", "J run_user_code flash_end(1)", DIFFERS_TEXT, "likewise", false},
};

/* Requests that a capture did not keep. */
static const struct {
    const char *section;
    uint8_t bytes[16];
    size_t len;
} missing[] = {
    {"flash_end(0) after flash_begin(0,0)", {0xc0, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0}, 14},
};

static uint8_t flash_bytes[FLASH_SIZE];
static struct sim_flash flash;
static struct sim_chip chip;
static struct sim_link link_;
static uint8_t heard[HEARD_MAX];
static size_t heard_len;

static void hear_all(void)
{
    size_t got;

    heard_len = 0;
    while (tdm_serial_read(&link_.serial, heard + heard_len, HEARD_MAX - heard_len, QUIET_MS, &got) == TDM_OK)
        heard_len += got;
}

static void start_chip(bool in_loader)
{
    struct sim_chip_config cfg = {.part = sim_part_by_name("esp32c3"),
                                  .flash = &flash,
                                  .mac = {2, 0, 0, 0, 0, 1},
                                  .times = {30000, 700},
                                  .boot_us = 100000};

    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    sim_chip_init(&chip, &cfg);
    sim_chip_lines(&chip, 0, false, in_loader);
    sim_chip_power(&chip, 0, true);
    sim_link_init(&link_, &chip);
}

static bool is_accepted(const char *file, const char *section, enum differs what)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct accepted *a = &accepted[i];
        if (strcmp(a->file, file) == 0 && strcmp(a->section, section) == 0 && a->what == what) {
            a->is_used = true;
            return true;
        }
    }
    return false;
}

/* Length of the frame that begins here: C0 01 ... C0; 0 when it is a stray byte or text. */
static size_t frame_at(const uint8_t *p, size_t len)
{
    const uint8_t *end;

    if (len < 3 || p[0] != 0xc0 || p[1] != 0x01)
        return 0;
    end = memchr(p + 1, 0xc0, len - 1);
    return end == NULL ? 0 : (size_t)(end - p) + 1;
}

static size_t unslip(uint8_t *out, const uint8_t *p, size_t len)
{
    size_t n = 0;

    for (size_t i = 1; i + 1 < len; i++)
        out[n++] = p[i] == 0xdb ? (p[++i] == 0xdc ? 0xc0 : 0xdb) : p[i];
    return n;
}

/* Set to 0 what the ROM leaves undefined. asked: bytes of flash asked for by READ_FLASH_SLOW. */
static void mask(uint8_t *frame, size_t len, size_t asked)
{
    size_t status = len - 4;

    if (frame[status] == 0)
        frame[status + 1] = 0;
    frame[status + 2] = frame[status + 3] = 0;
    if (frame[1] == 0x0e && 8 + asked < status)
        memset(frame + 8 + asked, 0, status - 8 - asked);
}

static void compare_frame(const char *file, const struct trace_step *want, const uint8_t *ours, size_t our_len,
                          const uint8_t *theirs, size_t their_len, size_t asked)
{
    uint8_t a[256], b[256];
    size_t a_len, b_len;

    if (our_len > sizeof a || their_len > sizeof b)
        fail_msg("%s:%u %s: frame too long", file, want->line, want->section);
    a_len = unslip(a, ours, our_len);
    b_len = unslip(b, theirs, their_len);
    if (a_len != b_len || a_len < 12)
        fail_msg("%s:%u %s: %zu bytes instead of %zu", file, want->line, want->section, a_len, b_len);
    mask(a, a_len, asked);
    mask(b, b_len, asked);
    if (memcmp(a + 4, b + 4, 4) != 0 && is_accepted(file, want->section, DIFFERS_VALUE))
        memcpy(a + 4, b + 4, 4);
    for (size_t i = 0; i < a_len; i++)
        if (a[i] != b[i])
            fail_msg("%s:%u %s: byte %zu is %02x instead of %02x", file, want->line, want->section, i, a[i], b[i]);
}

static void compare(const char *file, const struct trace_step *want, size_t asked)
{
    size_t i = 0, j = 0;

    while (i < heard_len && j < want->len) {
        size_t ours = frame_at(heard + i, heard_len - i), theirs = frame_at(want->data + j, want->len - j);
        if (ours != 0 && theirs != 0)
            compare_frame(file, want, heard + i, ours, want->data + j, theirs, asked);
        else if (ours != theirs || heard[i] != want->data[j])
            fail_msg("%s:%u %s: %02x instead of %02x", file, want->line, want->section, heard[i], want->data[j]);
        i += ours == 0 ? 1 : ours;
        j += theirs == 0 ? 1 : theirs;
    }
    if (i < heard_len && !want->is_cut)
        fail_msg("%s:%u %s: %zu bytes more than the ROM sent", file, want->line, want->section, heard_len - i);
    if (j < want->len && !is_accepted(file, want->section, DIFFERS_TEXT))
        fail_msg("%s:%u %s: %zu bytes missing", file, want->line, want->section, want->len - j);
}

static void send_missing(const char *section)
{
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        if (strcmp(missing[i].section, section) == 0)
            assert_int_equal(tdm_serial_write(&link_.serial, missing[i].bytes, missing[i].len, 1000), TDM_OK);
}

/* How much flash a READ_FLASH_SLOW request asks for; its length word is the last before the closing C0. */
static size_t asked_by(const struct trace_step *s)
{
    return s->len == 18 && s->data[2] == 0x0e ? s->data[13] : 0;
}

static void replay(void **state)
{
    const char *file = *state;
    size_t asked = 0;
    struct trace t;

    memset(flash_bytes, 0xff, sizeof flash_bytes);
    start_chip(true);
    link_.baud = SIM_BAUD_ANY; /* the captures' UART did not enforce its rate */
    hear_all();                /* the banner, which has files of its own */
    trace_load(&t, file);
    for (size_t i = 0; i < t.count; i++) {
        const struct trace_step *s = &t.steps[i];
        if (s->direction == '>') {
            if (s->is_cut)
                fail_msg("%s:%u: request is not whole", file, s->line);
            assert_int_equal(tdm_serial_write(&link_.serial, s->data, s->len, 1000), TDM_OK);
            asked = asked_by(s);
            continue;
        }
        if (i == 0 || t.steps[i - 1].direction != '>')
            send_missing(s->section);
        hear_all();
        compare(file, s, asked);
    }
    trace_free(&t);
    sim_chip_deinit(&chip);
}

static void every_accepted_difference_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++)
        if (!accepted[i].is_used)
            fail_msg("%s, %s: accepted (%s), but nothing differs", accepted[i].file, accepted[i].section,
                     accepted[i].reason);
}

/* ---- boot ----------------------------------------------------------------------------------------------------------- */

/* The first-stage image of the boot captures: one segment of 0x38 bytes at 0x403cc710. Its code is not known, so the
 * checksum and digests are computed here. */
enum { SUM_AT = 24 + 8 + 0x38 + 7 };

static void make_bootloader(bool good_sum, bool good_sha)
{
    static const uint8_t head[32] = {0xe9, 1, 2, 0x2f, 0x10, 0xc7, 0x3c, 0x40, 0xee, 0,    0,    0,    5,    0, 0, 0,
                                     0,    0, 0, 0,    0,    0,    0,    1,    0x10, 0xc7, 0x3c, 0x40, 0x38, 0, 0, 0};
    struct sim_image img;

    memset(flash_bytes, 0xff, sizeof flash_bytes);
    memset(flash_bytes, 0, 128);
    memcpy(flash_bytes, head, sizeof head);
    flash_bytes[32] = 0x13;
    flash_bytes[SUM_AT] = good_sum ? 0xef ^ 0x13 : 0xa2;
    sim_flash_init(&flash, flash_bytes, FLASH_SIZE);
    assert_true(sim_image_read(&img, &flash, 0, 0x8000));
    assert_int_equal(sim_image_sum_is_right(&img), good_sum);
    memcpy(flash_bytes + SUM_AT + 1, img.sha, sizeof img.sha);
    if (!good_sha)
        flash_bytes[SUM_AT + 1] ^= 0x20;
}

static const struct boot_row {
    const char *name, *file;
    bool to_loader, is_blank, good_sum, good_sha;
    const char *until; /* where the two part, by the reason below; NULL: whole */
    const char *reason;
} boot_rows[] = {
    {"download mode", "rom/esp32c3-boot-download-mode.txt", true, true, true, true, NULL, ""},
    {"blank", "rom/esp32c3-boot-flash-blank.txt", false, true, true, true, NULL,
     "the capture is cut; its emulator has no watchdog and repeats the line for ever"},
    {"good", "rom/esp32c3-boot-flash-good.txt", false, false, true, true, "APP-RUNNING",
     "the captured second stage only says that it runs; ours goes on as a bootloader"},
    {"bad checksum", "rom/esp32c3-boot-flash-badsum.txt", false, false, false, true, "Checksum failure. Calculated 0x",
     "the sum of other code"},
    {"bad digest", "rom/esp32c3-boot-flash-badhash.txt", false, false, true, false,
     "Calculated: ", "the digest of other code"},
};

static void boot(void **state)
{
    const struct boot_row *row = *state;
    size_t got = 0, len;
    struct trace t;

    if (row->is_blank)
        memset(flash_bytes, 0xff, sizeof flash_bytes);
    else
        make_bootloader(row->good_sum, row->good_sha);
    start_chip(row->to_loader);
    trace_load(&t, row->file);
    len = t.steps[0].len;
    if (row->until != NULL) {
        const uint8_t *cut = memmem(t.steps[0].data, len, row->until, strlen(row->until));
        assert_non_null(cut);
        len = (size_t)(cut - t.steps[0].data);
    }
    for (heard_len = 0; heard_len < len; heard_len += got)
        assert_int_equal(tdm_serial_read(&link_.serial, heard + heard_len, len - heard_len, 1000, &got), TDM_OK);
    assert_memory_equal(heard, t.steps[0].data, len);
    trace_free(&t);
    sim_chip_deinit(&chip);
}

/* What follows the cut in the two rows that stop at a number. */
static void the_rom_says_what_it_computed(void **state)
{
    static const char *const wanted[2] = {"Checksum failure. Calculated 0xfc stored 0xa2\r\nets_main.c 333 \r\n",
                                          "Attempting to boot anyway...\r\nentry 0x403cc710\r\n"};
    (void)state;

    for (int i = 0; i < 2; i++) {
        make_bootloader(i != 0, i != 1);
        start_chip(false);
        sim_link_wait_us(&link_, 200000);
        hear_all();
        assert_non_null(memmem(heard, heard_len, wanted[i], strlen(wanted[i])));
        sim_chip_deinit(&chip);
    }
}

int main(void)
{
#define REPLAY(file)                                                                                                   \
    {                                                                                                                  \
        "replays " file, replay, NULL, NULL, (void *)(uintptr_t)(file)                                                 \
    }
#define BOOT(i)                                                                                                        \
    {                                                                                                                  \
        boot_rows[i].name, boot, NULL, NULL, (void *)(uintptr_t)&boot_rows[i]                                          \
    }
    const struct CMUnitTest tests[] = {
        REPLAY("rom/esp32c3-rom-probe.txt"),
        REPLAY("rom/esp32c3-rom-probe2.txt"),
        REPLAY("rom/esp32c3-rom-probe3-flash-end.txt"),
        REPLAY("rom/esp32c3-rom-probe4-resume.txt"),
        REPLAY("rom/esp32c3-rom-probe5-deflate.txt"),
        cmocka_unit_test(every_accepted_difference_is_there),
        BOOT(0),
        BOOT(1),
        BOOT(2),
        BOOT(3),
        BOOT(4),
        cmocka_unit_test(the_rom_says_what_it_computed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
