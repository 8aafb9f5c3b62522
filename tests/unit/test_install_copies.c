/* SPDX-License-Identifier: Apache-2.0 */
/* What the running pair has of a new image is not fetched; what it only seems to have is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/install_world.h"

#define FRONT 8192u

static struct install_world w;
static struct sample_image first, both, new_host, new_radio, new_pair, radio, smaller_radio;

/* The same parts, but for the statement in front of them: another pair version. */
static void restate(struct sample_image *s)
{
    s->bytes[s->manifest_at + 24]++; /* security counter */
    sample_image_restate(s);
}

static void flip(struct sample_image *s, unsigned tag)
{
    s->bytes[s->part_at[tag] + s->part_len[tag] / 2] ^= 0x55;
    if (tag == 4)
        sample_image_mend(s, tag);
    sample_image_restate(s);
}

static int build(void **state)
{
    struct sample_spec spec = {.app_size = 9000, .host_size = 15000, .seed = 1, .cells = 2};

    (void)state;
    sample_image_build(&first, &spec);
    both = new_host = new_radio = new_pair = first;
    restate(&both);
    flip(&new_host, 5);
    flip(&new_radio, 4);
    flip(&new_pair, 4), flip(&new_pair, 5);
    spec.host_size = 0, spec.cells = 1; /* part 0 has another length */
    sample_image_build(&radio, &spec);
    spec.app_size = 8000;
    sample_image_build(&smaller_radio, &spec);
    return 0;
}

static void open_router(const struct sample_image *runs)
{
    world_open(&w, true);
    world_install_good(&w, runs);
    w.source.has_ranges = w.source.tells_length = true;
    w.source.validator = "\"one\"";
    w.source.chunk = 500;
    w.source.sent = 0;
}

static uint8_t *running_bundle(void)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    return w.rcp[rec.host[w.host.running].rcp].mem;
}

static void spoil(struct fake_flash *f, uint64_t at)
{
    uint8_t byte = (uint8_t)~f->mem[at];
    fake_flash_plant(f, at, &byte, 1);
}

static void nothing(void)
{
}

static void bundle_has_changed(void)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    spoil(&w.rcp[rec.host[w.host.running].rcp], first.part_at[4] + 100);
}

static void bundle_is_no_image(void)
{
    struct slot_record rec;

    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    spoil(&w.rcp[rec.host[w.host.running].rcp], 0);
}

static void host_has_changed(void)
{
    spoil(&w.host_slots[w.host.running], 12345);
}

static void no_ranges(void)
{
    w.source.has_ranges = false;
}

/* in: bytes of the image that come from the running pair, by part. */
static const struct row {
    const char *name;
    const struct sample_image *image;
    void (*before)(void);
    bool has_bundle, has_host;
} rows[] = {
    {"nothing is new but the statement", &both, nothing, true, true},
    {"another host", &new_host, nothing, true, false},
    {"another radio", &new_radio, nothing, false, true},
    {"another pair", &new_pair, nothing, false, false},
    {"the bundle alone", &radio, nothing, true, false},
    {"a smaller bundle alone", &smaller_radio, nothing, false, false},
    {"the stored bundle has changed", &new_host, bundle_has_changed, false, false},
    {"the stored bundle is none", &new_host, bundle_is_no_image, false, false},
    {"the running host has changed", &new_radio, host_has_changed, false, false},
    {"no ranges: the host is passed over", &new_radio, no_ranges, false, true},
    {"no ranges: all is passed over", &both, no_ranges, true, true},
    {"no ranges: the bundle comes on the way to the host", &new_host, no_ranges, false, false},
};

/* Whatever the front's answer has brought is not taken from elsewhere. */
static uint64_t expected_copies(const struct row *r)
{
    uint64_t came = w.install.is_whole ? 0 : FRONT, from = r->image->part_at[1], sum = 0;
    uint64_t bundle_end = r->image->bundle_len;

    if (r->has_bundle && came < bundle_end)
        sum += bundle_end - (came > from ? came : from);
    if (r->has_host)
        sum += r->image->len - bundle_end;
    return sum;
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        open_router(&first);
        r->before();
        world_serve(&w, r->image);
        world_begin(&w);
        tdm_err err = install_stage(&w.install, "test:image");
        if (err != TDM_OK)
            fail_msg("%s: %s %s", r->name, w.install.fault.code, w.install.fault.what);
        const struct install *in = &w.install;
        uint64_t want = expected_copies(r);
        /* Without ranges the transfer ends with the piece in which all that is wanted has come. */
        uint64_t slack = in->is_whole ? 4600 : 0;
        if (in->copied > want || in->copied + slack < want)
            fail_msg("%s: %u bytes copied, not %u", r->name, (unsigned)in->copied, (unsigned)want);
        assert_int_equal(in->fetched, w.source.sent);
        assert_int_equal(in->fetched + in->copied, in->total);
        assert_memory_equal(w.rcp[in->plan.rcp].durable, r->image->bytes, r->image->bundle_len);
        if (in->plan.kind == SLOT_TRIAL_HOST)
            assert_memory_equal(w.host_slots[in->plan.host].durable, r->image->bytes + r->image->bundle_len,
                                r->image->len - r->image->bundle_len);
        world_close(&w);
    }
}

/* A plain image states no digests, so nothing of it is known to be here. */
static void a_plain_image_is_fetched(void **state)
{
    static struct sample_image one, two;

    (void)state;
    sample_image_build(&one, &(struct sample_spec){.app_size = 9000, .host_size = 15000, .seed = 1});
    sample_image_build(&two, &(struct sample_spec){.app_size = 9000, .host_size = 15001, .seed = 1});
    open_router(&one);
    world_serve(&w, &two);
    world_begin(&w);
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_int_equal(w.install.copied, 0);
    assert_int_equal(w.source.sent, two.len);
    world_close(&w);
}

/* The pair that runs is only read. */
static void the_running_pair_stays(void **state)
{
    static uint8_t bundle[WORLD_SLOT_SIZE], host[WORLD_SLOT_SIZE];

    (void)state;
    open_router(&first);
    memcpy(bundle, running_bundle(), sizeof bundle);
    memcpy(host, w.host_slots[w.host.running].mem, sizeof host);
    world_serve(&w, &both);
    world_begin(&w);
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    assert_memory_equal(running_bundle(), bundle, sizeof bundle);
    assert_memory_equal(w.host_slots[w.host.running].mem, host, sizeof host);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row), cmocka_unit_test(a_plain_image_is_fetched),
                                       cmocka_unit_test(the_running_pair_stays)};
    return cmocka_run_group_tests(tests, build, NULL);
}
