/* SPDX-License-Identifier: Apache-2.0 */
/* Contents into a slot and out again: splits, padding, erase order, refusals, power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/slot.h>

#include "support/fake_flash.h"

#define BLOCK 4096u
#define SIZE  (4 * BLOCK)

struct catcher {
    struct tdm_sink sink;
    uint8_t bytes[SIZE];
    size_t len, refuse_after;
};

static tdm_err catch (struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct catcher *c = (struct catcher *)(void *)sink;

    if (c->refuse_after > 0 && c->len + len > c->refuse_after)
        return TDM_E_REFUSED;
    assert_true(len <= sizeof c->bytes - c->len);
    memcpy(c->bytes + c->len, data, len);
    c->len += len;
    return TDM_OK;
}

static uint8_t content[SIZE];

static int fill_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7 + i / 251);
    return 0;
}

static const struct row {
    const char *name;
    uint32_t prog_size, cap;
    size_t piece, total;
    uint64_t erases; /* blocks, as the contents need them */
} rows[] = {
    {"nothing", 256, 512, 1, 0, 0},
    {"one byte", 256, 512, 1, 1, 1},
    {"less than a program unit", 256, 256, 100, 255, 1},
    {"one program unit", 256, 256, 256, 256, 1},
    {"one byte over a buffer", 256, 512, 513, 513, 1},
    {"byte by byte over a block", 16, 16, 1, BLOCK + 1, 2},
    {"odd pieces, bytes may be programmed", 1, 1000, 333, 3 * BLOCK - 5, 3},
    {"buffer no multiple of the unit", 256, 700, 4000, 2 * BLOCK, 2},
    {"all at once", 512, 4096, SIZE, SIZE, 4},
};

static void check_row(const struct row *row)
{
    struct fake_flash flash;
    struct slot_writer w;
    struct catcher got = {.sink = {.push = catch}};
    uint8_t buf[4096];

    fake_flash_open(&flash, NULL, SIZE, BLOCK, row->prog_size);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, row->cap), TDM_OK);
    for (size_t off = 0; off < row->total;) {
        size_t part = row->total - off < row->piece ? row->total - off : row->piece;
        assert_int_equal(tdm_sink_push(&w.sink, content + off, part), TDM_OK);
        off += part;
    }
    assert_int_equal(slot_writer_end(&w), TDM_OK);
    uint64_t erased = w.erased / BLOCK;
    if (w.written != row->total || erased != row->erases || flash.pending_count != 0)
        fail_msg("%s: %d written, %d erased, %d not synced", row->name, (int)w.written, (int)erased,
                 (int)flash.pending_count);
    assert_int_equal(slot_replay(&flash.port, row->total, buf, 300, &got.sink), TDM_OK);
    if (got.len != row->total || memcmp(got.bytes, content, got.len) != 0)
        fail_msg("%s: read back differs", row->name);
    for (size_t i = row->total; i % row->prog_size != 0; i++)
        if (flash.durable[i] != 0xff)
            fail_msg("%s: padding at %d", row->name, (int)i);
    assert_int_equal(flash.rereads, 1);
    fake_flash_close(&flash);
}

static void in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
}

static void past_the_end(void **state)
{
    struct fake_flash flash;
    struct slot_writer w;
    uint8_t buf[512];

    (void)state;
    fake_flash_open(&flash, NULL, SIZE, BLOCK, 256);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content, SIZE - 100), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content, 101), TDM_E_NO_ROOM);
    assert_int_equal(slot_writer_push(&w, content, 1), TDM_E_NO_ROOM); /* the first error stays */
    assert_int_equal(slot_writer_end(&w), TDM_E_NO_ROOM);
    fake_flash_close(&flash);
}

static void a_failure_stays(void **state)
{
    struct fake_flash flash;
    struct slot_writer w;
    uint8_t buf[256];

    (void)state;
    fake_flash_open(&flash, NULL, SIZE, BLOCK, 256);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
    flash.prog_err = TDM_E_IO;
    assert_int_equal(slot_writer_push(&w, content, 300), TDM_E_IO);
    flash.prog_err = TDM_OK;
    assert_int_equal(slot_writer_push(&w, content, 1), TDM_E_IO);
    assert_int_equal(slot_writer_end(&w), TDM_E_IO);

    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content, 10), TDM_OK);
    flash.sync_err = TDM_E_IO;
    assert_int_equal(slot_writer_end(&w), TDM_E_IO);
    fake_flash_close(&flash);
}

/* What lies before a place stays; behind it the writer goes on in erased blocks, also where older bytes lay. */
static void goes_on_where_it_was(void **state)
{
    struct fake_flash flash;
    struct slot_writer w;
    uint8_t buf[512];

    (void)state;
    fake_flash_open(&flash, NULL, SIZE, BLOCK, 256);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content, BLOCK + 512), TDM_OK);
    assert_int_equal(slot_writer_flush(&w), TDM_OK);
    assert_int_equal(w.written, BLOCK + 512);
    assert_int_equal(flash.syncs, 0);
    fake_flash_reboot(&flash); /* nothing is erased any more */
    fake_flash_plant(&flash, 0, content, BLOCK);
    assert_int_equal(slot_writer_begin_at(&w, &flash.port, BLOCK, buf, sizeof buf), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content + BLOCK, SIZE - BLOCK - 3), TDM_OK);
    assert_int_equal(slot_writer_end(&w), TDM_OK);
    assert_int_equal(w.written, SIZE - 3);
    assert_memory_equal(flash.durable, content, SIZE - 3);
    assert_int_equal(slot_writer_begin_at(&w, &flash.port, 256, buf, sizeof buf), TDM_E_BUG);
    assert_int_equal(slot_writer_begin_at(&w, &flash.port, SIZE + BLOCK, buf, sizeof buf), TDM_E_BUG);
    fake_flash_close(&flash);
}

static void only_whole_units_are_let_go(void **state)
{
    struct fake_flash flash;
    struct slot_writer w;
    uint8_t buf[512];

    (void)state;
    fake_flash_open(&flash, NULL, SIZE, BLOCK, 256);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content, 100), TDM_OK);
    assert_int_equal(slot_writer_flush(&w), TDM_E_STATE);
    assert_int_equal(flash.progs, 0);
    assert_int_equal(slot_writer_push(&w, content + 100, 156), TDM_OK);
    assert_int_equal(slot_writer_flush(&w), TDM_OK);
    assert_int_equal(flash.progs, 1);
    fake_flash_close(&flash);
}

static void wrong_calls(void **state)
{
    struct fake_flash flash;
    struct slot_writer w;
    uint8_t buf[256];

    (void)state;
    fake_flash_open(&flash, NULL, SIZE, BLOCK, 256);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, 255), TDM_E_BUG);
    assert_int_equal(slot_writer_push(&w, content, 1), TDM_E_BUG);
    assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
    assert_int_equal(slot_writer_end(&w), TDM_OK);
    assert_int_equal(slot_writer_end(&w), TDM_OK);
    assert_int_equal(slot_writer_push(&w, content, 1), TDM_E_STATE);
    fake_flash_close(&flash);
}

static void replay_refusals(void **state)
{
    struct fake_flash flash;
    struct catcher got = {.sink = {.push = catch}, .refuse_after = 600};
    uint8_t buf[256];

    (void)state;
    fake_flash_open(&flash, NULL, SIZE, BLOCK, 256);
    assert_int_equal(slot_replay(&flash.port, SIZE + 1, buf, sizeof buf, &got.sink), TDM_E_BOUNDS);
    assert_int_equal(slot_replay(&flash.port, SIZE, buf, 0, &got.sink), TDM_E_BUG);
    assert_int_equal(slot_replay(&flash.port, SIZE, buf, sizeof buf, &got.sink), TDM_E_REFUSED);
    assert_int_equal(got.len, 512);
    flash.bad_off = 100, flash.bad_len = 1;
    assert_int_equal(slot_replay(&flash.port, SIZE, buf, sizeof buf, &got.sink), TDM_E_IO);
    assert_int_equal(got.len, 512);
    fake_flash_close(&flash);
}

static void power_goes_at_every_operation(void **state)
{
    bool done = false;

    (void)state;
    for (uint64_t cut = 1; !done; cut++) {
        struct fake_power power = {.cut_at = cut};
        struct fake_flash flash;
        struct slot_writer w;
        uint8_t buf[512];
        fake_flash_open(&flash, &power, SIZE, BLOCK, 256);
        assert_int_equal(slot_writer_begin(&w, &flash.port, buf, sizeof buf), TDM_OK);
        tdm_err err = slot_writer_push(&w, content, 6000);
        tdm_err end = slot_writer_end(&w);
        assert_true(err == TDM_OK || end == err);
        done = end == TDM_OK;
        if (!done)
            assert_int_equal(end, TDM_E_POWER);
        if (done) /* two erases, twelve programs of the buffer, one sync: the sixteenth never comes */
            assert_int_equal(cut, 16);
        fake_flash_close(&flash);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_any_pieces),        cmocka_unit_test(past_the_end),
        cmocka_unit_test(a_failure_stays),      cmocka_unit_test(wrong_calls),
        cmocka_unit_test(goes_on_where_it_was), cmocka_unit_test(only_whole_units_are_let_go),
        cmocka_unit_test(replay_refusals),      cmocka_unit_test(power_goes_at_every_operation),
    };
    return cmocka_run_group_tests(tests, fill_content, NULL);
}
