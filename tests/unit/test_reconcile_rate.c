/* SPDX-License-Identifier: Apache-2.0 */
/* Flash after flash over a line that carries less than was configured: which rates the loader hears in each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/boot_scene.h"

#define RATES_MAX 8
#define LONG      200u /* bytes of a piece of a block; commands are shorter */

static struct line {
    uint32_t carries; /* blocks are hurt at higher rates */
    unsigned hurts;   /* so many pieces at any rate      */
    uint32_t rates[RATES_MAX];
    size_t rate_count;
} line;

static void note_rate(uint32_t baud)
{
    if (line.rate_count > 0 && line.rates[line.rate_count - 1] == baud)
        return;
    assert_true(line.rate_count < RATES_MAX);
    line.rates[line.rate_count++] = baud;
}

static size_t carry(struct pair_world *world, uint8_t *data, size_t len)
{
    uint32_t baud = world->wire.baud;

    if (world->chip.runs != SIM_RUNS_LOADER)
        return len;
    if (baud != ESPROM_BAUD_START)
        note_rate(baud);
    if (len < LONG || (baud <= line.carries && line.hurts == 0))
        return len;
    data[len / 2] ^= 4;
    if (line.hurts > 0)
        line.hurts--;
    return len;
}

/* One start of the machine with other firmware in the radio. */
static void one_flash(const char *name, uint32_t configured)
{
    struct slot_record rec = pair_load(&w);
    enum reconcile_outcome outcome;

    pair_plant(&w, &new_image);
    pair_radio_on(&w);
    scene_holds(&rec, 2);
    world_store(&w.router, &rec);
    pair_begin(&w);
    w.flow.cfg.flash_baud = configured;
    w.flow.cfg.deflate = NULL; /* sample images deflate to less than a LONG piece */
    line.rate_count = 0;
    assert_int_equal(reconcile_boot(&w.flow, &outcome), TDM_OK);
    if (outcome != RECONCILE_OK || !w.flow.was_flashed || !pair_radio_holds(&w, &old_image))
        fail_msg("%s: outcome %d, %s", name, (int)outcome, w.flow.fault.code);
}

static const struct flash_row {
    const char *name;
    uint32_t configured, carries;
    unsigned hurts;
    uint32_t rates[RATES_MAX]; /* that were heard after 115200, in order; then 0 */
    uint32_t kept;             /* in the record */
} flash_rows[] = {
    {"a good line", 921600, 921600, 0, {921600}, 0},
    {"it carries less now", 921600, 230400, 0, {921600, 460800, 230400}, 230400},
    {"the next begins there, and needs no help", 921600, 230400, 0, {230400}, 0},
    {"so that the next tries again", 921600, 230400, 0, {921600, 460800, 230400}, 230400},
    {"and the next begins there, but needs help", 921600, 230400, 1, {230400}, 230400},
    {"so one more does", 921600, 230400, 0, {230400}, 0},
    {"the line is mended", 921600, 921600, 0, {921600}, 0},
    {"it gets as bad as can be", 921600, 115200, 0, {921600, 460800, 230400}, 115200},
    {"the next stays where the ROM begins", 921600, 115200, 0, {0}, 0},
    {"it carries less once more", 921600, 460800, 0, {921600, 460800}, 460800},
    {"less was configured meanwhile", 230400, 460800, 0, {230400}, 0},
};

static void check_rates(const struct flash_row *row)
{
    size_t count = 0;

    for (; count < RATES_MAX && row->rates[count] != 0; count++)
        if (count >= line.rate_count || line.rates[count] != row->rates[count])
            fail_msg("%s: rate %zu of %zu was %u", row->name, count, line.rate_count, (unsigned)line.rates[count]);
    if (line.rate_count != count)
        fail_msg("%s: %zu rates were heard, %u behind the last", row->name, line.rate_count,
                 (unsigned)line.rates[count]);
}

static void test_flash_after_flash(void **state)
{
    (void)state;
    struct slot_record rec = scene_with(&new_image, PROVEN, NULL);
    world_store(&w.router, &rec);
    w.on_wire = carry;
    for (size_t i = 0; i < sizeof flash_rows / sizeof flash_rows[0]; i++) {
        const struct flash_row *row = &flash_rows[i];
        line.carries = row->carries;
        line.hurts = row->hurts;
        one_flash(row->name, row->configured);
        check_rates(row);
        rec = pair_load(&w);
        if (rec.radio.baud != row->kept || rec.radio.failed != 0)
            fail_msg("%s: keeps %u, failed %u", row->name, (unsigned)rec.radio.baud, rec.radio.failed);
        assert_int_equal(w.wire.baud, w.flow.cfg.app_baud);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flash_after_flash, scene_open, scene_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
