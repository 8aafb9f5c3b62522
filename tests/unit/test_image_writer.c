/* SPDX-License-Identifier: Apache-2.0 */
/* The front that the packer writes: the table of docs/FORMAT.md's example, text, manifest, and the parser's rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "image/image_header.h"
#include "image/image_writer.h"
#include "support/sample_manifest.h"

/* As the existing packer wrote it for parts of 67, 24, 4000, 3072, 336 and 5000 bytes. */
static const uint8_t pair[84] = {
    0xff, 0,    0, 0, 0x54, 0, 0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0x43, 0, 0, 0, 0x54, 0,    0, 0, 1,    0,    0, 0,
    0x18, 0,    0, 0, 0x97, 0, 0, 0, 2,    0, 0, 0, 0xa0, 0x0f, 0, 0, 0xaf, 0, 0, 0, 3,    0,    0, 0, 0,    0x0c, 0, 0,
    0x4f, 0x10, 0, 0, 4,    0, 0, 0, 0x50, 1, 0, 0, 0x4f, 0x1c, 0, 0, 5,    0, 0, 0, 0x88, 0x13, 0, 0, 0x9f, 0x1d, 0, 0,
};

static const uint32_t sizes[IMAGE_PARTS_MAX] = {67, 24, 4000, 3072, 336, 5000};

static void test_pair_table(void **state)
{
    struct image_layout layout;
    struct tdm_fault fault;
    uint8_t table[IMAGE_HEADER_MAX];
    size_t len;
    (void)state;
    tdm_fault_clear(&fault);
    assert_int_equal(image_writer_plan(IMAGE_KIND_PAIR, sizes, &layout, &fault), TDM_OK);
    assert_int_equal(layout.total_size, 12583);
    assert_int_equal(layout.bundle_size, 7583);
    assert_int_equal(image_writer_table(&layout, table, sizeof table, &len), TDM_OK);
    assert_int_equal(len, sizeof pair);
    assert_memory_equal(table, pair, sizeof pair);
    assert_int_equal(image_writer_table(&layout, table, sizeof table - 1, &len), TDM_E_BOUNDS);
}

static void test_radio_table(void **state)
{
    struct image_layout layout;
    struct tdm_fault fault;
    uint8_t table[IMAGE_HEADER_MAX];
    size_t len;
    (void)state;
    tdm_fault_clear(&fault);
    assert_int_equal(image_writer_plan(IMAGE_KIND_RADIO, sizes, &layout, &fault), TDM_OK);
    assert_int_equal(layout.total_size, 7571);
    assert_int_equal(layout.parts[4].offset, 0x1c43);
    assert_int_equal(image_writer_table(&layout, table, sizeof table, &len), TDM_OK);
    assert_int_equal(len, 72);
    assert_int_equal(table[4], 72);
}

static void test_what_is_written_is_read(void **state)
{
    static const enum image_kind kinds[] = {IMAGE_KIND_RADIO, IMAGE_KIND_PAIR, IMAGE_KIND_HOST};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct image_layout layout, again;
        struct tdm_fault fault;
        uint8_t table[IMAGE_HEADER_MAX];
        size_t len;
        tdm_fault_clear(&fault);
        assert_int_equal(image_writer_plan(kinds[i], sizes, &layout, &fault), TDM_OK);
        assert_int_equal(image_writer_table(&layout, table, sizeof table, &len), TDM_OK);
        assert_int_equal(image_header_begin(table, &again, &fault), TDM_OK);
        assert_int_equal(image_header_read(table, &again, &fault), TDM_OK);
        assert_int_equal(again.kind, layout.kind);
        assert_int_equal(again.total_size, layout.total_size);
        assert_memory_equal(again.parts, layout.parts, sizeof layout.parts);
    }
}

static void test_refused_plans(void **state)
{
    static const struct {
        uint32_t tag, size;
    } rows[] = {{0, 0}, {0, 4013}, {1, 32}, {2, 6}, {4, 0}, {5, 0}, {5, 0xffffffff}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct image_layout layout;
        struct tdm_fault fault;
        uint32_t changed[IMAGE_PARTS_MAX];
        memcpy(changed, sizes, sizeof changed);
        changed[rows[i].tag] = rows[i].size;
        tdm_fault_clear(&fault);
        assert_int_equal(image_writer_plan(IMAGE_KIND_PAIR, changed, &layout, &fault), TDM_E_FORMAT);
        assert_string_equal(fault.code, "bad_header");
    }
}

static struct sample_manifest sample;
static struct manifest m;
static uint8_t written[IMAGE_FRONT_MAX + 100];

/* The manifest is tested elsewhere: here it is one that its own reader has taken. */
static void read_sample(enum sample_kind kind)
{
    struct manifest_frame frame;
    struct tdm_fault fault;

    sample_manifest_make(&sample, kind);
    tdm_fault_clear(&fault);
    assert_int_equal(manifest_open(sample.b, sample.len, sample.digests, &frame, &fault), TDM_OK);
    assert_int_equal(manifest_read(&frame, sample.has_radio, sample.has_host, &m, &fault), TDM_OK);
}

static const struct {
    const char *name;
    enum image_kind kind;
    int manifest; /* sample_kind, -1: none */
    const char *text;
    uint32_t header_size, lead, first_tag;
} fronts[] = {
    {"plain pair", IMAGE_KIND_PAIR, -1, "radio/1", 84, 0xff, 1},
    {"plain radio", IMAGE_KIND_RADIO, -1, "radio/1", 72, 0xff, 1},
    {"pair", IMAGE_KIND_PAIR, SAMPLE_PAIR, "radio/1", 84, 0xff, 1},
    {"pair with an opaque host", IMAGE_KIND_PAIR, SAMPLE_OPAQUE_PAIR, "r", 84, 0xff, 1},
    {"radio", IMAGE_KIND_RADIO, SAMPLE_RADIO, "radio/1; x", 72, 0xff, 1},
    {"host", IMAGE_KIND_HOST, SAMPLE_HOST, "", 36, 0xfe, 5},
};

static struct image_front front_of(size_t row)
{
    struct image_front front = {.kind = fronts[row].kind, .text = fronts[row].text};

    memcpy(front.sizes, sizes, sizeof sizes);
    front.text_len = strlen(front.text);
    if (fronts[row].manifest >= 0) {
        read_sample((enum sample_kind)fronts[row].manifest);
        front.manifest = &m;
    }
    return front;
}

static uint32_t number_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void test_fronts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
        struct image_front front = front_of(i);
        struct image_layout layout;
        struct tdm_fault fault;
        size_t len = sizeof written, text_end = fronts[i].header_size + front.text_len;
        size_t end = text_end + (front.manifest ? 1 + sample.len : 0);
        print_message("  %s\n", fronts[i].name);
        tdm_fault_clear(&fault);
        memset(written, 0xee, sizeof written);
        assert_int_equal(image_writer_front(&front, written, &len, &layout, &fault), TDM_OK);
        assert_int_equal(len, end);
        assert_int_equal(number_at(written), fronts[i].lead);
        assert_int_equal(number_at(written + 4), fronts[i].header_size);
        assert_int_equal(number_at(written + 16), end - fronts[i].header_size);
        assert_int_equal(number_at(written + 24), fronts[i].first_tag);
        assert_int_equal(number_at(written + 32), end);
        assert_memory_equal(written + fronts[i].header_size, front.text, front.text_len);
        assert_int_equal(layout.parts[1].offset, end);
        assert_int_equal(written[end], 0xee);
        if (!front.manifest)
            continue;
        assert_int_equal(written[text_end], 0);
        assert_memory_equal(written + text_end + 1, sample.b, sample.len);
        assert_int_equal(image_signed_size(&layout, 2), end - 2 * 80);
        for (size_t cap = 0; cap < end; cap++) {
            len = cap;
            tdm_fault_clear(&fault);
            assert_int_equal(image_writer_front(&front, written, &len, &layout, &fault), TDM_E_NO_ROOM);
            assert_int_equal(len, 0);
        }
    }
}

static tdm_err write_front(const struct image_front *front, struct tdm_fault *fault)
{
    struct image_layout layout;
    size_t len = sizeof written;
    tdm_err err;

    tdm_fault_clear(fault);
    err = image_writer_front(front, written, &len, &layout, fault);
    assert_int_equal(len == 0, err != TDM_OK);
    return err;
}

static void expect_refusal(const struct image_front *front, const char *code, uint64_t at)
{
    struct tdm_fault fault;

    if (write_front(front, &fault) != TDM_E_FORMAT || strcmp(fault.code, code) != 0 || fault.at != at)
        fail_msg("%s at %d (%s), not %s at %d", fault.code, (int)fault.at, fault.what, code, (int)at);
}

static void test_refused_fronts(void **state)
{
    struct image_front front;
    struct tdm_fault fault;
    (void)state;
    front = front_of(2);
    front.text_len = 0;
    expect_refusal(&front, "bad_version_text", 84);
    front.text = "radio \n";
    front.text_len = 7;
    expect_refusal(&front, "bad_version_text", 84 + 6);
    front = front_of(5);
    front.text = "x";
    front.text_len = 1;
    expect_refusal(&front, "bad_version_text", 36);
    front = front_of(5);
    front.manifest = NULL;
    expect_refusal(&front, "bad_manifest", 36);
    front = front_of(2);
    front.kind = IMAGE_KIND_RADIO;
    expect_refusal(&front, "bad_manifest", 72 + 7);
    front = front_of(4);
    front.kind = IMAGE_KIND_PAIR;
    expect_refusal(&front, "bad_manifest", 84 + 10);
    front = front_of(5);
    front.kind = IMAGE_KIND_PAIR;
    front.text = "r";
    front.text_len = 1;
    expect_refusal(&front, "bad_manifest", 84 + 1);
    front = front_of(2);
    m.digest_count = 4;
    expect_refusal(&front, "bad_manifest", 84 + 7 + 1 + 152);
    front = front_of(2);
    m.radio.api = 0;
    expect_refusal(&front, "bad_manifest", 84 + 7 + 1 + 136);
    front = front_of(2);
    front.sizes[3] = 5;
    expect_refusal(&front, "bad_header", 52);
    front = front_of(2);
    m.radio.family = 2;
    assert_int_equal(write_front(&front, &fault), TDM_E_TOO_NEW);
    assert_int_equal(fault.at, 84 + 7 + 1 + 128);
}

/* With a label of any length: the front is refused past 4096 bytes, and not before. */
static void test_largest_front(void **state)
{
    static char label[IMAGE_FRONT_MAX];
    struct image_front front = front_of(2);
    size_t room = IMAGE_FRONT_MAX - 84 - 7 - 1 - sample.len - 4;
    struct tdm_fault fault;
    (void)state;
    memset(label, 'x', sizeof label);
    m.label = label;
    m.label_len = room;
    assert_int_equal(write_front(&front, &fault), TDM_OK);
    m.label_len = room + 1;
    expect_refusal(&front, "bad_header", 16);
}

static void test_signed_size_of_an_impossible_layout(void **state)
{
    struct image_layout layout = {.header_size = 36, .part_count = 2, .parts = {{0, 100, 36}, {5, 1, 136}}};
    (void)state;
    assert_int_equal(image_signed_size(&layout, 1), 56);
    assert_int_equal(image_signed_size(&layout, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_table),
        cmocka_unit_test(test_radio_table),
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_refused_plans),
        cmocka_unit_test(test_fronts),
        cmocka_unit_test(test_refused_fronts),
        cmocka_unit_test(test_largest_front),
        cmocka_unit_test(test_signed_size_of_an_impossible_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
