/* SPDX-License-Identifier: Apache-2.0 */
/* What a ROM's own text says about the way it started. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "esprom/esprom_boot.h"
#include "support/trace.h"

static void test_captured_texts(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum esprom_boot_kind kind;
    } rows[] = {
        {"rom/esp32c3-boot-download-mode.txt", ESPROM_BOOT_LOADER},
        {"rom/esp32c3-boot-flash-good.txt", ESPROM_BOOT_ENTERED},
        {"rom/esp32c3-boot-flash-blank.txt", ESPROM_BOOT_EMPTY},
        {"rom/esp32c3-boot-flash-badsum.txt", ESPROM_BOOT_EMPTY},
        {"rom/esp32c3-boot-flash-badhash.txt", ESPROM_BOOT_APP}, /* its entry lies past what is kept */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256] = "";
        struct trace t;
        trace_load(&t, rows[i].file);
        esprom_boot_collect(text, sizeof text, t.steps[0].data, t.steps[0].len);
        if (esprom_boot_judge(text) != rows[i].kind)
            fail_msg("%s: kind %d", rows[i].file, esprom_boot_judge(text));
        assert_int_equal(strncmp(text, "ESP-ROM:esp32c3-api1-20210207 Build:", 36), 0);
        trace_free(&t);
    }
}

static void test_other_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum esprom_boot_kind kind;
    } rows[] = {
        {"", ESPROM_BOOT_UNKNOWN},
        {"login:", ESPROM_BOOT_UNKNOWN},
        {"rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/SDIO_FEI_FEO)) waiting for download", ESPROM_BOOT_LOADER},
        {"rst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT) SPIWP:0xee", ESPROM_BOOT_APP},
        {"rst:0x1 (POWERON),boot:0x0 (USB_BOOT) wait usb download", ESPROM_BOOT_USB_ONLY},
        {"boot:0xc (SPI_FAST_FLASH_BOOT) ... boot:0x4 (DOWNLOAD(USB/UART0)) waiting for download", ESPROM_BOOT_LOADER},
        {"boot:0x4 (DOWNLOAD(USB/UART0)) waiting for download boot:0xc (SPI_FAST_FLASH_BOOT)", ESPROM_BOOT_APP},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (esprom_boot_judge(rows[i].text) != rows[i].kind)
            fail_msg("%s: kind %d", rows[i].text, esprom_boot_judge(rows[i].text));
}

static void test_collect_keeps_what_is_printable_and_fits(void **state)
{
    (void)state;
    char text[8] = "";

    esprom_boot_collect(text, sizeof text, (const uint8_t *)"\x80\r\na\x01\r\n\r\nb\xff", 10);
    assert_string_equal(text, "a b");
    esprom_boot_collect(text, sizeof text, (const uint8_t *)"0123456789", 10);
    assert_string_equal(text, "a b0123");
    esprom_boot_collect(text, sizeof text, (const uint8_t *)"x", 1);
    assert_string_equal(text, "a b0123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_captured_texts),
        cmocka_unit_test(test_other_texts),
        cmocka_unit_test(test_collect_keeps_what_is_printable_and_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
