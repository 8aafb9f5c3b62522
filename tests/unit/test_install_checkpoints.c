/* SPDX-License-Identifier: Apache-2.0 */
/* How often a download is synced on its way: as often as asked for, unless the medium takes long beside the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/install_world.h"

#define CHUNK 512u

static struct install_world w;
static struct sample_image image;

/* ---- a clock that moves with every chunk and with every sync of the host slot ---- */

static struct {
    uint32_t now, chunk_ms, sync_ms;
    unsigned syncs;
    const struct tdm_flash_ops *ops;
} spy;

static uint32_t now_ms(struct tdm_clock *c)
{
    (void)c;
    return spy.now;
}

static void on_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    (void)log, (void)what, (void)done, (void)total;
    spy.now += phase == TDM_PHASE_FETCH ? spy.chunk_ms : 0;
}

static tdm_err count_sync(struct tdm_flash *f)
{
    spy.now += spy.sync_ms;
    spy.syncs++;
    return spy.ops->sync(f);
}

/* ---- the rows ---- */

struct row {
    const char *name;
    bool has_clock;
    uint32_t chunk_ms, sync_ms, sync_every;
    unsigned syncs;
};

static unsigned run(const struct row *r)
{
    static const struct tdm_clock_ops clock_ops = {.now_ms = now_ms};
    static struct tdm_clock clock = {&clock_ops};
    static struct tdm_flash_ops ops;

    world_open(&w, true);
    w.has_journal = true;
    w.source.chunk = CHUNK;
    w.source.has_ranges = w.source.tells_length = true;
    w.log.progress = on_progress;
    struct tdm_flash *slot = &w.host_slots[TDM_HOST_B].port;
    ops = *slot->ops;
    spy.ops = slot->ops;
    ops.sync = count_sync;
    slot->ops = &ops;
    spy.now = 0, spy.syncs = 0, spy.chunk_ms = r->chunk_ms, spy.sync_ms = r->sync_ms;

    world_serve(&w, &image);
    world_begin(&w);
    w.install.cfg.claim_every = 4096;
    w.install.cfg.sync_every = r->sync_every;
    w.install.cfg.retry.clock = r->has_clock ? &clock : NULL;
    assert_int_equal(install_stage(&w.install, "test:image"), TDM_OK);
    slot->ops = spy.ops;
    world_close(&w);
    return spy.syncs;
}

/* A host part of 14000 bytes: claims at 4096, 8192 and 12288, and its end, which is synced always. */
static void how_often(void **state)
{
    static const struct row rows[] = {
        {"without a clock, each claim", false, 0, 1000, 4096, 4},
        {"a slow source, each claim", true, 100, 5, 4096, 4},
        {"a slow source, every second claim", true, 100, 5, 8192, 2},
        {"a source at once, none but the end", true, 0, 5, 4096, 1},
        {"56 ms a claim, 99 between two syncs: first, third, end", true, 7, 10, 4096, 3},
        {"56 ms a claim, 279 between two syncs: first and end", true, 7, 30, 4096, 2},
        {"a medium that takes no time counts as a millisecond", true, 0, 0, 4096, 1},
        {"a source at once, but 64 times that is behind", true, 0, 5, 64, 4},
    };

    (void)state;
    sample_image_build(&image, &(struct sample_spec){.app_size = 10000, .host_size = 14000, .seed = 3, .cells = 2});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned syncs = run(&rows[i]);
        if (syncs != rows[i].syncs)
            fail_msg("%s: %u", rows[i].name, syncs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(how_often)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
