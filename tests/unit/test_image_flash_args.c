/* SPDX-License-Identifier: Apache-2.0 */
/* Flash arguments: the build's text file, the three records of part 1, and where parts may lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "image/flash_args.h"
#include "image/flash_args_text.h"

#define OPTIONS "--flash-mode dio --flash-freq 48m --flash-size 2MB\n"
#define BOOT    "0x0 bootloader/bootloader.bin\n"
#define APP     "0x10000 esp_ot_rcp.bin\n"
#define TABLE   "0x8000 partition_table/partition-table.bin\n"

struct good_text {
    const char *name, *text;
    uint32_t flash_size;
    uint32_t tags[3], offsets[3];
    const char *app_path;
};

static const struct good_text good_texts[] = {
    {"as ESP-IDF writes it", OPTIONS BOOT APP TABLE, 0x200000, {2, 4, 3}, {0, 0x10000, 0x8000}, "esp_ot_rcp.bin"},
    {"older spelling",
     "--flash_mode dio --flash_freq 80m --flash_size 4MB\n" BOOT APP TABLE,
     0x400000,
     {2, 4, 3},
     {0, 0x10000, 0x8000},
     "esp_ot_rcp.bin"},
    {"no line end at the end",
     OPTIONS BOOT TABLE "0x10000 esp_ot_rcp.bin",
     0x200000,
     {2, 3, 4},
     {0, 0x8000, 0x10000},
     "esp_ot_rcp.bin"},
    {"lines in another order", OPTIONS TABLE APP BOOT, 0x200000, {3, 4, 2}, {0x8000, 0x10000, 0}, "esp_ot_rcp.bin"},
    {"line ends of another system",
     "--flash-size 8MB\r\n0x0 bootloader/bootloader.bin\r\n0x8000 partition-table.bin\r\n"
     "0x10000 a.bin\r\n",
     0x800000,
     {2, 3, 4},
     {0, 0x8000, 0x10000},
     "a.bin"},
    {"tabs, capitals, no 0x, a size in K",
     "--flash-size\t512KB\n0\tbootloader/b.bin\n0XFFF0000A\tx../a.bin\n" TABLE,
     0x80000,
     {2, 4, 3},
     {0, 0xfff0000a, 0x8000},
     "x../a.bin"},
    {"size left to the chip",
     "--flash-size keep\n" BOOT APP TABLE,
     0,
     {2, 4, 3},
     {0, 0x10000, 0x8000},
     "esp_ot_rcp.bin"},
    {"size to be detected",
     "--flash-size detect\n" BOOT APP TABLE,
     0,
     {2, 4, 3},
     {0, 0x10000, 0x8000},
     "esp_ot_rcp.bin"},
    {"no size", "--flash-mode dio\n" BOOT APP TABLE, 0, {2, 4, 3}, {0, 0x10000, 0x8000}, "esp_ot_rcp.bin"},
    {"size left to the flasher",
     "--flash-size detect\n" BOOT APP TABLE,
     0,
     {2, 4, 3},
     {0, 0x10000, 0x8000},
     "esp_ot_rcp.bin"},
    {"size in KB", "--flash-size 512KB\n" BOOT APP TABLE, 0x80000, {2, 4, 3}, {0, 0x10000, 0x8000}, "esp_ot_rcp.bin"},
    {"no options, other project, capitals",
     "\n" BOOT TABLE "0X1F000 build/my_rcp.bin\n",
     0,
     {2, 3, 4},
     {0, 0x8000, 0x1f000},
     "build/my_rcp.bin"},
    {"blank lines",
     OPTIONS "\n" BOOT "  \n" APP TABLE "\n",
     0x200000,
     {2, 4, 3},
     {0, 0x10000, 0x8000},
     "esp_ot_rcp.bin"},
    {"two dots in a name",
     OPTIONS BOOT TABLE "0x10000 a..b/..c.bin\n",
     0x200000,
     {2, 3, 4},
     {0, 0x8000, 0x10000},
     "a..b/..c.bin"},
};

static void test_good_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_texts / sizeof good_texts[0]; i++) {
        const struct good_text *g = &good_texts[i];
        struct flash_args_text out;
        struct flash_args args;
        struct tdm_fault fault;

        print_message("  %s\n", g->name);
        tdm_fault_clear(&fault);
        assert_int_equal(flash_args_text_read(g->text, strlen(g->text), &out, &fault), TDM_OK);
        assert_int_equal(out.flash_size, g->flash_size);
        flash_args_text_records(&out, &args);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(args.records[k].tag, g->tags[k]);
            assert_int_equal(args.records[k].offset, g->offsets[k]);
        }
        const struct flash_args_file *app = flash_args_text_file(&out, IMAGE_TAG_RCP_APP);
        assert_int_equal(app->path_len, strlen(g->app_path));
        assert_memory_equal(app->path, g->app_path, app->path_len);
    }
}

struct bad_text {
    const char *name, *text;
    uint64_t line;
    const char *what; /* a word of it */
};

static const struct bad_text bad_texts[] = {
    {"empty file", "", 0, "no line for the bootloader"},
    {"options only", OPTIONS, 1, "no line for the bootloader"},
    {"no partition table", OPTIONS BOOT APP, 3, "no line for the partition table"},
    {"no firmware", OPTIONS BOOT TABLE, 3, "no line for the firmware"},
    {"no options, first file lost", BOOT APP TABLE, 1, "not the line of options"},
    {"fourth file", OPTIONS BOOT APP TABLE "0xd000 ota_data_initial.bin\n", 5, "second firmware"},
    {"double bootloader", OPTIONS BOOT "0x20000 bootloader2.bin\n" APP TABLE, 3, "second bootloader"},
    {"double table", OPTIONS BOOT TABLE APP TABLE, 5, "second partition table"},
    {"three words", OPTIONS BOOT "0x8000 partition_table/x.bin y\n" APP, 3, "not a flash offset and a path"},
    {"one word", OPTIONS BOOT "0x8000\n" APP, 3, "not a flash offset and a path"},
    {"offset not hexadecimal", OPTIONS "zero bootloader.bin\n" APP TABLE, 2, "hexadecimal"},
    {"offset of 33 bits", OPTIONS "0x100000000 bootloader.bin\n" APP TABLE, 2, "hexadecimal"},
    {"offset without digits", OPTIONS "0x bootloader.bin\n" APP TABLE, 2, "hexadecimal"},
    {"absolute path", OPTIONS "0x0 /bootloader.bin\n" APP TABLE, 2, "leaves the build directory"},
    {"path upwards", OPTIONS "0x0 a/../../bootloader.bin\n" APP TABLE, 2, "leaves the build directory"},
    {"path upwards at its end", OPTIONS "0x0 bootloader/..\n" APP TABLE, 2, "leaves the build directory"},
    {"size not understood", "--flash-size big\n" BOOT APP TABLE, 1, "flash size"},
    {"size missing", "--flash-size\n" BOOT APP TABLE, 1, "flash size"},
    {"size of five digits", "--flash-size 20480KB\n" BOOT APP TABLE, 1, "flash size"},
    {"size without unit", "--flash-size 2\n" BOOT APP TABLE, 1, "flash size"},
    {"size in bytes", "--flash-size 2B\n" BOOT APP TABLE, 1, "flash size"},
    {"capital behind F", OPTIONS "0x1G bootloader.bin\n" APP TABLE, 2, "hexadecimal"},
    {"small letter behind f", OPTIONS "0x1g bootloader.bin\n" APP TABLE, 2, "hexadecimal"},
    {"sign before the digits", OPTIONS "0x/1 bootloader.bin\n" APP TABLE, 2, "hexadecimal"},
};

static void test_bad_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_texts / sizeof bad_texts[0]; i++) {
        const struct bad_text *b = &bad_texts[i];
        struct flash_args_text out;
        struct tdm_fault fault;

        print_message("  %s\n", b->name);
        tdm_fault_clear(&fault);
        assert_int_equal(flash_args_text_read(b->text, strlen(b->text), &out, &fault), TDM_E_FORMAT);
        assert_string_equal(fault.code, "bad_flash_args");
        assert_int_equal(fault.at, b->line);
        assert_non_null(strstr(fault.what, b->what));
    }
}

static void test_every_truncated_text_is_answered(void **state)
{
    static const char text[] = OPTIONS BOOT APP TABLE;
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct flash_args_text out;
        struct tdm_fault fault;
        tdm_fault_clear(&fault);
        tdm_err err = flash_args_text_read(text, len, &out, &fault);
        assert_int_equal(err, fault.err);
        assert_true(err == TDM_OK || fault.what[0] != '\0');
    }
}

static const uint8_t records[24] = {2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0x80, 0, 0};

static void test_records_there_and_back(void **state)
{
    struct flash_args args;
    struct tdm_fault fault;
    uint8_t again[24];
    uint32_t offset;
    (void)state;
    tdm_fault_clear(&fault);
    assert_int_equal(flash_args_read(records, &args, &fault), TDM_OK);
    assert_int_equal(args.records[1].tag, 4);
    assert_int_equal(args.records[1].offset, 0x10000);
    assert_int_equal(flash_args_offset(&args, IMAGE_TAG_PARTITION_TABLE, &offset), TDM_OK);
    assert_int_equal(offset, 0x8000);
    assert_int_equal(flash_args_offset(&args, IMAGE_TAG_HOST, &offset), TDM_E_NOT_FOUND);
    flash_args_write(&args, again);
    assert_memory_equal(again, records, sizeof records);
}

/* Every value of every byte: refused, or read and written back as it was. */
static void test_every_record_byte(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof records; at++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t changed[24], again[24];
            struct flash_args args;
            struct tdm_fault fault;
            memcpy(changed, records, sizeof records);
            changed[at] = (uint8_t)v;
            tdm_fault_clear(&fault);
            if (flash_args_read(changed, &args, &fault) != TDM_OK) {
                assert_int_equal(fault.err, TDM_E_FORMAT);
                continue;
            }
            assert_true(at % 8 >= 5 || v == records[at]);
            flash_args_write(&args, again);
            assert_memory_equal(again, changed, sizeof changed);
        }
    }
}

struct place {
    const char *name;
    uint32_t boot, table, app; /* flash offsets */
    uint32_t boot_size, app_size, wants_boot_at, flash_size;
    const char *what; /* NULL: fine */
};

static const struct place places[] = {
    {"usual", 0, 0x8000, 0x10000, 0x5000, 0x30000, 0, 0x200000, NULL},
    {"bootloader up to the table", 0, 0x8000, 0x10000, 0x8000, 0x30000, 0, 0x200000, NULL},
    {"bootloader 4 bytes into the table", 0, 0x8000, 0x10000, 0x8004, 0x30000, 0, 0x200000, "overlap"},
    {"table 1024 bytes below the firmware", 0, 0x8000, 0x9000, 0x5000, 0x30000, 0, 0x200000, NULL},
    {"same place twice", 0, 0x8000, 0x8000, 0x5000, 0x30000, 0, 0x200000, "overlap"},
    {"firmware before the bootloader's end", 0x2000, 0x8000, 0x1000, 0x5000, 0x2000, FLASH_ARGS_ANYWHERE, 0, "overlap"},
    {"up to the last byte", 0, 0x8000, 0x10000, 0x5000, 0x1f0000, 0, 0x200000, NULL},
    {"4 bytes beyond the chip", 0, 0x8000, 0x10000, 0x5000, 0x1f0004, 0, 0x200000, "beyond"},
    {"16 MiB of flash", 0, 0x8000, 0xff0000, 0x5000, 0x10000, 0, 0, NULL},
    {"beyond 24-bit addresses", 0, 0x8000, 0xff0000, 0x5000, 0x10004, 0, 0x2000000, "beyond"},
    {"offset that would wrap", 0, 0x8000, 0xfffff000, 0x5000, 0x2000, 0, 0, "beyond"},
    {"bootloader where an ESP32-C5 wants it", 0x2000, 0x8000, 0x10000, 0x5000, 0x30000, 0x2000, 0x200000, NULL},
    {"bootloader elsewhere", 0, 0x8000, 0x10000, 0x2000, 0x30000, 0x2000, 0x200000, "bootloader not where"},
    {"no bootloader place known", 0x1000, 0x8000, 0x10000, 0x5000, 0x30000, FLASH_ARGS_ANYWHERE, 0, NULL},
    {"offset inside a sector", 0, 0x8000, 0x10800, 0x5000, 0x30000, 0, 0x200000, "multiple of 4096"},
};

static void test_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct place *p = &places[i];
        struct flash_args args = {{{2, p->boot}, {4, p->app}, {3, p->table}}};
        struct image_layout layout = {.part_count = 3,
                                      .parts = {{2, p->boot_size, 0}, {3, 3072, 0}, {4, p->app_size, 0}}};
        struct tdm_fault fault;

        print_message("  %s\n", p->name);
        tdm_fault_clear(&fault);
        tdm_err err = flash_args_check(&args, &layout, p->wants_boot_at, p->flash_size, &fault);
        assert_int_equal(err, p->what ? TDM_E_FORMAT : TDM_OK);
        if (p->what)
            assert_non_null(strstr(fault.what, p->what));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_texts),
        cmocka_unit_test(test_bad_texts),
        cmocka_unit_test(test_every_truncated_text_is_answered),
        cmocka_unit_test(test_records_there_and_back),
        cmocka_unit_test(test_every_record_byte),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
