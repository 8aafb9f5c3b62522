/* SPDX-License-Identifier: Apache-2.0 */
#include "support/rom_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static tdm_err read_data(struct esprom_source *s, uint32_t at, uint8_t *buf, uint32_t len)
{
    struct rom_bench *b = (struct rom_bench *)(void *)((char *)s - offsetof(struct rom_bench, source));

    assert_true(at <= sizeof b->data && len <= sizeof b->data - at);
    memcpy(buf, b->data + at, len);
    return TDM_OK;
}

static void fill_data(struct rom_bench *b)
{
    uint32_t random = 1; /* six bits of each byte */

    for (size_t i = 0; i < sizeof b->data; i++) {
        random = random * 1664525u + 1013904223u;
        b->data[i] = (uint8_t)(random >> 26);
    }
}

int bench_open(void **state)
{
    struct rom_bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    fake_clock_init(&b->clock, 0xfffff000u);
    fake_serial_init(&b->serial, &b->clock);
    fake_lines_init(&b->lines, &b->clock);
    fake_log_init(&b->log);
    fake_rom_init(&b->rom, &b->serial, &b->lines);
    fill_data(b);
    deflate_zlib_init(&b->deflate);
    b->source.read = read_data;
    esprom_init(&b->engine, &(struct esprom_config){.serial = &b->serial.port,
                                                    .lines = &b->lines.port,
                                                    .clock = &b->clock.port,
                                                    .log = &b->log.port,
                                                    .expected_chip = ESPROM_CHIP_ANY,
                                                    .app_baud = BENCH_APP_BAUD});
    *state = b;
    return 0;
}

int bench_close(void **state)
{
    fake_rom_close(&((struct rom_bench *)*state)->rom);
    free(*state);
    return 0;
}

tdm_err bench_write(struct rom_bench *b, uint32_t offset, uint32_t size)
{
    return esprom_update(&b->engine, offset, size, &b->source);
}

void bench_has_fault(const struct rom_bench *b, const char *name, tdm_err err, const char *code)
{
    if (b->engine.fault.err != err || strcmp(b->engine.fault.code, code) != 0)
        fail_msg("%s: fault %s %s, not %s", name, tdm_err_name(b->engine.fault.err), b->engine.fault.code, code);
}

void bench_is_left(struct rom_bench *b, const char *name)
{
    size_t resets = b->lines.resets, loader_resets = b->lines.loader_resets;
    struct tdm_fault before = b->engine.fault;

    assert_int_equal(esprom_leave(&b->engine), TDM_OK);
    if (b->lines.resets != resets + 1 || b->lines.loader_resets != loader_resets || b->lines.reset || b->lines.boot)
        fail_msg("%s: the radio was not reset into its firmware", name);
    if (b->serial.baud != BENCH_APP_BAUD)
        fail_msg("%s: the port was left at %u", name, (unsigned)b->serial.baud);
    bench_has_fault(b, name, before.err, before.code);
}
