/* SPDX-License-Identifier: Apache-2.0 */
/* The table of chips: ids, addresses and the facts read out of their registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_chip.h"

static const struct chip_row {
    uint16_t id;
    const char *name;
    uint32_t bootloader_offset, mac_reg, magic;
} chip_rows[] = {
    {5, "esp32c3", 0, 0x60008844, 0x1b31506f},       {9, "esp32s3", 0, 0x60007044, 0x00000009},
    {12, "esp32c2", 0, 0x60008840, 0x7c41a06f},      {13, "esp32c6", 0, 0x600b0844, 0x2ce0806f},
    {16, "esp32h2", 0, 0x600b0844, 0xd7b73e80},      {20, "esp32c61", 0, 0x600b4844, 0x7211606f},
    {23, "esp32c5", 0x2000, 0x600b4844, 0x5fd1406f},
};

static void test_known_chips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chip_rows / sizeof chip_rows[0]; i++) {
        const struct chip_row *row = &chip_rows[i];
        const struct esprom_chip *chip = esprom_chip_by_id(row->id);
        assert_non_null(chip);
        assert_string_equal(chip->name, row->name);
        assert_int_equal(chip->bootloader_offset, row->bootloader_offset);
        assert_int_equal(chip->mac_reg, row->mac_reg);
        assert_ptr_equal(esprom_chip_by_magic(row->magic), chip);
    }
    assert_null(esprom_chip_at(sizeof chip_rows / sizeof chip_rows[0]));
}

static void test_unknown_chips(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0, 2, 4, 18, 0xfffe, 0xffff};

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        assert_null(esprom_chip_by_id(ids[i]));
    assert_null(esprom_chip_by_magic(0));
    assert_null(esprom_chip_by_magic(0x00f01d83));
}

/* Known ones are refused by their names: a person can tell what is on the board. */
static void test_other_chips(void **state)
{
    (void)state;
    static const struct {
        uint32_t id, magic;
        const char *named;
    } rows[] = {
        {0, 0x00f01d83, "ESP32,"}, {2, 0x7c6, "ESP32-S2"}, {18, 0x0addbad0, "ESP32-P4"}, {25, 0, "ESP32-H21"},
        {28, 0, "ESP32-H4"},       {32, 0, "ESP32-S31"},   {4, 0, "test part"},          {17, 0, "test part"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_non_null(strstr(esprom_other_chip_by_id(rows[i].id), rows[i].named));
        if (rows[i].magic != 0)
            assert_non_null(strstr(esprom_other_chip_by_magic(rows[i].magic), rows[i].named));
        assert_null(esprom_chip_by_id((uint16_t)rows[i].id));
    }
    assert_null(esprom_other_chip_by_id(16));
    assert_null(esprom_other_chip_by_id(99));
    assert_null(esprom_other_chip_by_magic(0));
}

/* Dividers as floor(crystal / 115200), and one off either way: a measured rate is not exact. */
static void test_crystals(void **state)
{
    (void)state;
    static const struct {
        uint16_t id;
        uint32_t divider;
        uint8_t mhz;
    } rows[] = {
        {23, 416, 48}, {23, 418, 48}, {23, 347, 40}, {23, 345, 40},
        {12, 347, 40}, {12, 225, 26}, {12, 227, 26}, {23, 0xf001a0, 48}, /* the fraction stands above */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(esprom_chip_crystal(esprom_chip_by_id(rows[i].id), 115200, rows[i].divider), rows[i].mhz);
    assert_int_equal(esprom_chip_rate(460800, 40, 48), 384000);
    assert_int_equal(esprom_chip_rate(460800, 48, 40), 552960);
    assert_int_equal(esprom_chip_rate(460800, 40, 26), 708923);
    assert_int_equal(esprom_chip_rate(2000000, 0, 0), 2000000);
}

static void test_flash_sizes(void **state)
{
    (void)state;
    static const struct {
        uint32_t id, size;
    } rows[] = {
        {0x154020, 2u << 20},   {0x164020, 4u << 20},  {0x174020, 8u << 20},   {0x124020, 256u << 10},
        {0x1c4020, 256u << 20}, {0x204020, 64u << 20}, {0x224020, 256u << 20}, {0x324020, 256u << 10},
        {0x3a4020, 64u << 20},  {0x114020, 0},         {0x1d4020, 0},          {0x234020, 0},
        {0x3b4020, 0},          {0x000000, 0},         {0xffffff, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (esprom_flash_size_of_id(rows[i].id) != rows[i].size)
            fail_msg("%06x gives %u", rows[i].id, esprom_flash_size_of_id(rows[i].id));
}

static void test_mac_with_its_own_middle(void **state)
{
    (void)state;
    static const uint8_t want[8] = {0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2};
    uint8_t mac[8];

    esprom_chip_mac(esprom_chip_by_id(16), 0xf9f72ca2, 0xfffe6055, mac);
    assert_memory_equal(mac, want, 8);
}

/* The upper half of the second word means something else on chips that have 48 bits only. */
static void test_mac_of_48_bits(void **state)
{
    (void)state;
    static const uint8_t want[8] = {0x60, 0x55, 0xf9, 0xff, 0xfe, 0xf7, 0x2c, 0xa2};
    uint8_t mac[8];

    esprom_chip_mac(esprom_chip_by_id(5), 0xf9f72ca2, 0x12346055, mac);
    assert_memory_equal(mac, want, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_chips),    cmocka_unit_test(test_unknown_chips),
        cmocka_unit_test(test_flash_sizes),    cmocka_unit_test(test_mac_with_its_own_middle),
        cmocka_unit_test(test_mac_of_48_bits), cmocka_unit_test(test_other_chips),
        cmocka_unit_test(test_crystals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
