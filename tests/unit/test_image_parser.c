/* SPDX-License-Identifier: Apache-2.0 */
/* The push parser: every split, truncation and header bit of small images, and a table of wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tandem/image.h>

#define CAP 6000

struct bytes {
    uint8_t b[CAP];
    size_t len;
};

/* What the events told, comparable with memcmp. */
struct told {
    struct image_layout layout;
    char text[IMAGE_VERSION_MAX + 1];
    size_t text_len, manifest_len, headers, versions, manifests, ended;
    uint32_t ended_tags[IMAGE_PARTS_MAX];
    uint32_t next_at;
    struct bytes manifest, payload;
    tdm_err stop_with; /* answered by on_part_end */
};

static tdm_err on_header(void *ctx, const struct image_layout *l)
{
    struct told *t = ctx;
    t->layout = *l;
    t->headers++;
    return TDM_OK;
}

static tdm_err on_version(void *ctx, const char *text, size_t len)
{
    struct told *t = ctx;
    assert_int_equal(t->headers, 1);
    assert_int_equal(strlen(text), len);
    assert_true(len <= IMAGE_VERSION_MAX);
    memcpy(t->text, text, len + 1);
    t->text_len = len;
    t->versions++;
    return TDM_OK;
}

static tdm_err on_manifest(void *ctx, const uint8_t *bytes, size_t len)
{
    struct told *t = ctx;
    assert_int_equal(t->versions, 1);
    assert_true(len <= IMAGE_MANIFEST_MAX);
    memcpy(t->manifest.b, bytes, len);
    t->manifest.len = len;
    t->manifests++;
    return TDM_OK;
}

static tdm_err on_part_data(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    struct told *t = ctx;
    assert_int_equal(t->versions, 1);
    assert_true(len > 0);
    assert_int_equal(at, t->next_at);
    assert_true(len <= part->size - at);
    t->next_at += (uint32_t)len;
    memcpy(t->payload.b + t->payload.len, data, len);
    t->payload.len += len;
    return TDM_OK;
}

static tdm_err on_part_end(void *ctx, const struct image_part *part)
{
    struct told *t = ctx;
    assert_int_equal(t->next_at, part->size);
    t->next_at = 0;
    t->ended_tags[t->ended++] = part->tag;
    return t->stop_with;
}

static const struct image_events events = {on_header, on_version, on_manifest, on_part_data, on_part_end};

static void put32(struct bytes *o, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        o->b[o->len++] = (uint8_t)(v >> 8 * i);
}

static void set32(struct bytes *o, size_t at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        o->b[at + (size_t)i] = (uint8_t)(v >> 8 * i);
}

/* An image by docs/FORMAT.md, written here once more so that the product's writer is not its own judge. */
static void build(struct bytes *o, uint32_t lead, const char *text, size_t text_len, size_t manifest_len, bool has_host)
{
    uint32_t tags[6] = {0, 1, 2, 3, 4, 5}, sizes[6] = {0, 24, 40, 32, 20, 7};
    size_t first = lead == 0xfe ? 4 : 0, count = has_host ? 6 : 5, n = 0;

    sizes[0] = (uint32_t)(text_len + (manifest_len > 0 ? 1 + manifest_len : 0));
    o->len = 0;
    put32(o, lead);
    put32(o, (uint32_t)(12 * (count - first + 1)));
    put32(o, 0);
    uint32_t offset = (uint32_t)(12 * (count - first + 1));
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && i <= first)
            continue;
        put32(o, tags[i]);
        put32(o, sizes[i]);
        put32(o, offset);
        offset += sizes[i];
    }
    memcpy(o->b + o->len, text, text_len);
    o->len += text_len;
    if (manifest_len > 0) {
        o->b[o->len++] = 0;
        for (size_t i = 0; i < manifest_len; i++)
            o->b[o->len++] = (uint8_t)(0x9a + i);
    }
    while (o->len < offset)
        o->b[o->len++] = (uint8_t)(n++ * 7 + 1);
}

static void build_host_only(struct bytes *o, size_t manifest_len)
{
    o->len = 0;
    put32(o, 0xfe);
    put32(o, 36);
    put32(o, 0);
    put32(o, 0);
    put32(o, (uint32_t)manifest_len + 1);
    put32(o, 36);
    put32(o, 5);
    put32(o, 9);
    put32(o, 36 + (uint32_t)manifest_len + 1);
    o->b[o->len++] = 0;
    for (size_t i = 0; i < manifest_len; i++)
        o->b[o->len++] = (uint8_t)(0x9a + i);
    for (size_t i = 0; i < 9; i++)
        o->b[o->len++] = (uint8_t)i;
}

static const char text[] = "openthread-esp32/1; esp32h2; x";
#define TEXT_LEN (sizeof text - 1)

static tdm_err parse(struct image_parser *p, struct told *t, const uint8_t *data, size_t len, size_t step)
{
    tdm_err err = TDM_OK;
    memset(t, 0, sizeof *t);
    image_init(p, &events, t);
    for (size_t at = 0; at < len && err == TDM_OK; at += step)
        err = image_push(p, data + at, len - at < step ? len - at : step);
    return err != TDM_OK ? err : image_end(p);
}

static struct image_parser parser, parser_2;
static struct told told, told_2;
static struct bytes image;

struct good {
    const char *name;
    uint32_t lead;
    size_t manifest;
    bool has_host;
    enum image_kind kind;
    uint32_t bundle, host;
    size_t ends;
};

static const struct good good[] = {
    {"radio only", 0xff, 0, false, IMAGE_KIND_RADIO, 72 + TEXT_LEN + 116, 0, 4},
    {"pair", 0xff, 0, true, IMAGE_KIND_PAIR, 84 + TEXT_LEN + 116, 7, 5},
    {"radio only, least manifest", 0xff, 360, false, IMAGE_KIND_RADIO, 72 + TEXT_LEN + 361 + 116, 0, 4},
    {"pair, least manifest", 0xff, 392, true, IMAGE_KIND_PAIR, 84 + TEXT_LEN + 393 + 116, 7, 5},
    {"host only", 0xfe, 264, true, IMAGE_KIND_HOST, 0, 9, 1},
};

static void build_good(const struct good *g, struct bytes *o)
{
    if (g->lead == 0xfe)
        build_host_only(o, g->manifest);
    else
        build(o, g->lead, text, TEXT_LEN, g->manifest, g->has_host);
}

static void test_good_images(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct good *g = &good[i];
        print_message("  %s\n", g->name);
        build_good(g, &image);
        assert_int_equal(parse(&parser, &told, image.b, image.len, image.len), TDM_OK);
        assert_int_equal(told.layout.kind, g->kind);
        assert_int_equal(told.layout.bundle_size, g->bundle);
        assert_int_equal(told.layout.host_size, g->host);
        assert_int_equal(told.layout.total_size, image.len);
        assert_int_equal(told.manifests, g->manifest > 0);
        assert_int_equal(told.manifest.len, g->manifest);
        assert_int_equal(told.ended, g->ends);
        assert_string_equal(told.text, g->lead == 0xfe ? "" : text);
        const struct image_part *first = &told.layout.parts[1];
        assert_int_equal(told.payload.len, image.len - first->offset);
        assert_memory_equal(told.payload.b, image.b + first->offset, told.payload.len);
        if (g->manifest > 0)
            assert_memory_equal(told.manifest.b, image.b + first->offset - g->manifest, g->manifest);
    }
}

static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        build_good(&good[i], &image);
        assert_int_equal(parse(&parser, &told, image.b, image.len, image.len), TDM_OK);
        for (size_t cut = 1; cut < image.len; cut++) {
            memset(&told_2, 0, sizeof told_2);
            image_init(&parser_2, &events, &told_2);
            assert_int_equal(image_push(&parser_2, image.b, cut), TDM_OK);
            assert_int_equal(image_push(&parser_2, image.b + cut, image.len - cut), TDM_OK);
            assert_int_equal(image_end(&parser_2), TDM_OK);
            assert_memory_equal(&told, &told_2, sizeof told);
        }
        assert_int_equal(parse(&parser_2, &told_2, image.b, image.len, 1), TDM_OK);
        assert_memory_equal(&told, &told_2, sizeof told);
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        build_good(&good[i], &image);
        for (size_t len = 0; len < image.len; len++) {
            assert_int_equal(parse(&parser, &told, image.b, len, CAP), TDM_E_TRUNCATED);
            assert_string_equal(parser.fault.code, "truncated");
            assert_int_equal(parser.fault.at, len);
            bool is_bundle = good[i].bundle > 0 && len == good[i].bundle;
            memset(&told, 0, sizeof told);
            image_init(&parser, &events, &told);
            assert_int_equal(image_push(&parser, image.b, len), TDM_OK);
            assert_int_equal(image_end_bundle(&parser), is_bundle ? TDM_OK : TDM_E_TRUNCATED);
        }
    }
}

/* No other value of any byte of a header table is the same image: sizes and offsets state each other. */
static void test_every_header_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        build_good(&good[i], &image);
        size_t header = image.b[4];
        for (size_t at = 0; at < header; at++) {
            uint8_t was = image.b[at];
            for (int v = 0; v < 256; v++) {
                image.b[at] = (uint8_t)v;
                tdm_err err = parse(&parser, &told, image.b, image.len, CAP);
                if (v == was) {
                    assert_int_equal(err, TDM_OK);
                    continue;
                }
                /* The last part alone may state another size: then the file is too short or too long for it. */
                assert_true(err == TDM_E_FORMAT || err == TDM_E_TOO_NEW || err == TDM_E_TRUNCATED ||
                            (err == TDM_OK && parser.trailing > 0 && at >= header - 8 && at < header - 4));
                assert_true(err == TDM_OK || parser.fault.code[0] != '\0');
                assert_int_equal(parse(&parser_2, &told_2, image.b, image.len, 1), err);
                assert_int_equal(parser_2.fault.at, parser.fault.at);
            }
            image.b[at] = was;
        }
    }
}

struct wrong {
    const char *name;
    bool has_host;
    size_t at; /* of the u32 to replace */
    uint32_t value;
    tdm_err err;
    const char *code;
    uint64_t fault_at, known_after;
};

static const struct wrong wrong[] = {
    {"other file", false, 0, 0x4f44213c, TDM_E_FORMAT, "not_image", 0, 12},
    {"host-only lead before a radio image", false, 0, 0xfe, TDM_E_TOO_NEW, "too_new", 4, 12},
    {"header size 0", false, 4, 0, TDM_E_FORMAT, "not_image", 4, 12},
    {"header size 12", false, 4, 12, TDM_E_FORMAT, "not_image", 4, 12},
    {"header size 60", false, 4, 60, TDM_E_FORMAT, "not_image", 4, 12},
    {"header size 96", false, 4, 96, TDM_E_FORMAT, "not_image", 4, 12},
    {"header size 2^32-4", false, 4, 0xfffffffc, TDM_E_FORMAT, "not_image", 4, 12},
    {"host-only table under FF", false, 4, 36, TDM_E_FORMAT, "not_image", 4, 12},
    {"table not at offset 0", false, 8, 12, TDM_E_FORMAT, "not_image", 8, 12},
    {"unknown tag", false, 60, 6, TDM_E_FORMAT, "bad_header", 60, 72},
    {"tag twice", false, 48, 2, TDM_E_FORMAT, "bad_header", 48, 72},
    {"first tag wrong", false, 12, 1, TDM_E_FORMAT, "bad_header", 12, 72},
    {"part inside the header", false, 20, 71, TDM_E_FORMAT, "bad_header", 20, 72},
    {"gap", false, 32, 72 + TEXT_LEN + 1, TDM_E_FORMAT, "bad_header", 32, 72},
    {"overlap", true, 44, 84 + TEXT_LEN + 23, TDM_E_FORMAT, "bad_header", 44, 84},
    {"sizes that wrap 32 bits", true, 76, 0xffffffff, TDM_E_FORMAT, "bad_header", 76, 84},
};

static void test_wrong_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct wrong *w = &wrong[i];
        print_message("  %s\n", w->name);
        build(&image, 0xff, text, TEXT_LEN, 0, w->has_host);
        set32(&image, w->at, w->value);
        assert_int_equal(parse(&parser, &told, image.b, image.len, 1), w->err);
        assert_string_equal(parser.fault.code, w->code);
        assert_int_equal(parser.fault.at, w->fault_at);
        assert_int_equal(parser.at, w->known_after);
        assert_int_equal(told.headers, 0);
        assert_int_equal(image_push(&parser, image.b, 1), w->err);
        assert_int_equal(image_end(&parser), w->err);
    }
}

struct size_rule {
    const char *name;
    uint32_t sizes[6];
    const char *code;
    uint64_t at;
};

static const struct size_rule size_rules[] = {
    {"largest front", {4012, 24, 4, 4, 4, 1}, NULL, 0},
    {"front one byte too long", {4013, 24, 4, 4, 4, 1}, "bad_header", 16},
    {"empty version part", {0, 24, 4, 4, 4, 1}, "bad_header", 16},
    {"flash arguments of 16 bytes", {9, 16, 4, 4, 4, 1}, "bad_header", 28},
    {"flash arguments of 32 bytes", {9, 32, 4, 4, 4, 1}, "bad_header", 28},
    {"empty bootloader", {9, 24, 0, 4, 4, 1}, "bad_header", 40},
    {"odd bootloader", {9, 24, 6, 4, 4, 1}, "bad_header", 40},
    {"odd partition table", {9, 24, 4, 5, 4, 1}, "bad_header", 52},
    {"odd firmware", {9, 24, 4, 4, 7, 1}, "bad_header", 64},
    {"empty host", {9, 24, 4, 4, 4, 0}, "bad_header", 76},
    {"just below 4 GiB", {9, 24, 4, 4, 4, 0xffffffff - 84 - 45}, NULL, 0},
    {"one byte more", {9, 24, 4, 4, 4, 0xffffffff - 84 - 44}, "bad_header", 76},
};

static void test_size_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof size_rules / sizeof size_rules[0]; i++) {
        const struct size_rule *rule = &size_rules[i];
        uint32_t offset = 84;
        print_message("  %s\n", rule->name);
        image.len = 0;
        put32(&image, 0xff);
        put32(&image, 84);
        put32(&image, 0);
        for (uint32_t tag = 0; tag < 6; tag++) {
            put32(&image, tag);
            put32(&image, rule->sizes[tag]);
            put32(&image, offset);
            offset += rule->sizes[tag];
        }
        tdm_err err = parse(&parser, &told, image.b, image.len, CAP);
        assert_int_equal(err, rule->code ? TDM_E_FORMAT : TDM_E_TRUNCATED);
        assert_string_equal(parser.fault.code, rule->code ? rule->code : "truncated");
        if (rule->code)
            assert_int_equal(parser.fault.at, rule->at);
    }
}

#define X10 "xxxxxxxxxx"
#define X99 X10 X10 X10 X10 X10 X10 X10 X10 X10 "xxxxxxxxx"

struct text_rule {
    const char *name, *text;
    size_t len, manifest;
    const char *code; /* NULL: fine */
    uint64_t at;      /* in the text */
};

static const struct text_rule text_rules[] = {
    {"one byte", "x", 1, 0, NULL, 0},
    {"99 bytes", X99, 99, 0, NULL, 0},
    {"99 bytes and a manifest", X99, 99, 392, NULL, 0},
    {"100 bytes", X99 "x", 100, 0, "bad_version_text", 99},
    {"100 bytes and a manifest", X99 "x", 100, 392, "bad_version_text", 99},
    {"line feed at the end", "abc\n", 4, 0, "bad_version_text", 3},
    {"escape", "a\033c", 3, 0, "bad_version_text", 1},
    {"beyond ASCII", "a\x80", 2, 0, "bad_version_text", 1},
    {"space first", " abc", 4, 0, "bad_version_text", 0},
    {"space last", "abc ", 4, 0, "bad_version_text", 3},
    {"space inside", "a b", 3, 0, NULL, 0},
    {"NUL first", "\0abc", 4, 0, "bad_version_text", 0},
    {"lone NUL at the end", "abc\0", 4, 0, "bad_manifest", 4},
    {"NUL and few bytes", "abc\0abc", 7, 0, "bad_manifest", 4},
    {"one byte too few for a manifest", "abc", 3, 391, "bad_manifest", 4},
    {"NUL set earlier", "ab\0d", 4, 392, NULL, 0},
};

static void test_text_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text_rules / sizeof text_rules[0]; i++) {
        const struct text_rule *rule = &text_rules[i];
        print_message("  %s\n", rule->name);
        build(&image, 0xff, rule->text, rule->len, rule->manifest, true);
        tdm_err err = parse(&parser, &told, image.b, image.len, 1);
        assert_int_equal(err, rule->code ? TDM_E_FORMAT : TDM_OK);
        if (!rule->code) {
            assert_int_equal(told.text_len, strnlen(rule->text, rule->len));
            continue;
        }
        assert_string_equal(parser.fault.code, rule->code);
        assert_int_equal(parser.fault.at, 84 + rule->at);
        assert_int_equal(told.versions, 0);
    }
}

static void test_wrong_text_is_not_waited_for(void **state)
{
    (void)state;
    build(&image, 0xff, X99 X99, 198, 0, true);
    assert_int_equal(parse(&parser, &told, image.b, image.len, 1), TDM_E_FORMAT);
    assert_int_equal(parser.at, 84 + 100);
}

static void test_host_only_with_text(void **state)
{
    (void)state;
    build_host_only(&image, 264);
    image.b[36] = 'x';
    assert_int_equal(parse(&parser, &told, image.b, image.len, CAP), TDM_E_FORMAT);
    assert_string_equal(parser.fault.code, "bad_version_text");
    assert_int_equal(parser.fault.at, 36);
}

static void test_later_host_tables(void **state)
{
    static const struct {
        uint32_t size;
        tdm_err err;
    } rows[] = {{24, TDM_E_TOO_NEW},   {48, TDM_E_TOO_NEW}, {72, TDM_E_TOO_NEW},  {84, TDM_E_TOO_NEW},
                {4092, TDM_E_TOO_NEW}, {0, TDM_E_FORMAT},   {12, TDM_E_FORMAT},   {4104, TDM_E_FORMAT},
                {37, TDM_E_FORMAT},    {25, TDM_E_FORMAT},  {4091, TDM_E_FORMAT}, {0xfffffffc, TDM_E_FORMAT}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        build_host_only(&image, 264);
        set32(&image, 4, rows[i].size);
        assert_int_equal(parse(&parser, &told, image.b, image.len, 1), rows[i].err);
        assert_string_equal(parser.fault.code, rows[i].err == TDM_E_TOO_NEW ? "too_new" : "not_image");
        assert_int_equal(parser.fault.at, 4);
        assert_int_equal(parser.at, 12);
    }
}

/* Part 0 of an image of each kind: the longest that the front has room for, and the shortest manifest. */
static void test_limits_of_part_0(void **state)
{
    static const struct {
        const char *name;
        uint32_t header, longest;
        size_t digests;
    } kinds[] = {{"radio", 72, 4024, 4}, {"pair", 84, 4012, 5}, {"host", 36, 4060, 1}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        bool is_host = kinds[i].header == 36;
        for (uint32_t over = 0; over < 2; over++) {
            if (is_host)
                build_host_only(&image, kinds[i].longest + over - 1);
            else
                build(&image, 0xff, "x", 1, kinds[i].longest + over - 2, i == 1);
            print_message("  %s, %u over\n", kinds[i].name, (unsigned)over);
            assert_int_equal(parse(&parser, &told, image.b, image.len, 1), over ? TDM_E_FORMAT : TDM_OK);
            assert_string_equal(parser.fault.code, over ? "bad_header" : "");
        }
        for (uint32_t short_of = 0; short_of < 2; short_of++) {
            size_t manifest = 152 + 32 * kinds[i].digests + 80 - short_of;
            if (is_host)
                build_host_only(&image, manifest);
            else
                build(&image, 0xff, "x", 1, manifest, i == 1);
            assert_int_equal(parse(&parser, &told, image.b, image.len, 1), short_of ? TDM_E_FORMAT : TDM_OK);
            assert_string_equal(parser.fault.code, short_of ? "bad_manifest" : "");
            if (short_of) /* known as soon as the text's window is there */
                assert_int_equal(parser.at, kinds[i].header + 100);
        }
    }
}

/* A host-only image always has a manifest: neither nothing nor a text will do. */
static void test_host_only_without_manifest(void **state)
{
    (void)state;
    build_host_only(&image, 0);
    assert_int_equal(parse(&parser, &told, image.b, image.len, CAP), TDM_E_FORMAT);
    assert_string_equal(parser.fault.code, "bad_manifest");
    assert_int_equal(parser.fault.at, 37);
    build_host_only(&image, 40);
    memset(image.b + 36, 'x', 41);
    assert_int_equal(parse(&parser, &told, image.b, image.len, CAP), TDM_E_FORMAT);
    assert_string_equal(parser.fault.code, "bad_version_text");
    assert_int_equal(parser.fault.at, 36);
}

static void test_trailing_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        bool is_legal = good[i].kind == IMAGE_KIND_RADIO && good[i].manifest == 0;
        build_good(&good[i], &image);
        memset(image.b + image.len, 0x55, 5);
        tdm_err err = parse(&parser, &told, image.b, image.len + 5, 1);
        assert_int_equal(err, is_legal ? TDM_OK : TDM_E_FORMAT);
        assert_int_equal(parser.trailing, is_legal ? 5 : 0);
        if (!is_legal) {
            assert_string_equal(parser.fault.code, "trailing_bytes");
            assert_int_equal(parser.fault.at, image.len);
        }
    }
}

static void test_receiver_stops(void **state)
{
    (void)state;
    build_good(&good[0], &image);
    memset(&told, 0, sizeof told);
    told.stop_with = TDM_E_NO_ROOM;
    image_init(&parser, &events, &told);
    assert_int_equal(image_push(&parser, image.b, image.len), TDM_E_NO_ROOM);
    assert_int_equal(told.ended, 1);
    assert_int_equal(image_end(&parser), TDM_E_NO_ROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_images),         cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_every_truncation),    cmocka_unit_test(test_every_header_byte),
        cmocka_unit_test(test_wrong_headers),       cmocka_unit_test(test_size_rules),
        cmocka_unit_test(test_text_rules),          cmocka_unit_test(test_wrong_text_is_not_waited_for),
        cmocka_unit_test(test_host_only_with_text), cmocka_unit_test(test_later_host_tables),
        cmocka_unit_test(test_trailing_bytes),      cmocka_unit_test(test_receiver_stops),
        cmocka_unit_test(test_limits_of_part_0),    cmocka_unit_test(test_host_only_without_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
