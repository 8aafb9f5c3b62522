/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staging, arming, cancelling, going back and adopting while the ports fail, one call after the other, for once and from
 * there on. Whatever is answered, the running pair stays as it was; a success is one; and the same works once the ports do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "support/faulty_ports.h"
#include "support/install_world.h"

static struct install_world w;
static struct sample_image first, second, radio;

static tdm_err stage(struct install *in)
{
    return install_stage(in, "test:image");
}

static tdm_err arm(struct install *in)
{
    bool needs_restart;
    return install_arm(in, &needs_restart);
}

static tdm_err back(struct install *in)
{
    bool needs_restart;
    return install_back(in, &needs_restart);
}

static tdm_err adopt(struct install *in)
{
    return install_adopt(in, "test:image");
}

static void nothing(void)
{
}

static void begin_with(tdm_err (*act)(struct install *in))
{
    world_begin(&w);
    assert_int_equal(act(&w.install), TDM_OK);
}

static void staged(void)
{
    begin_with(stage);
}

static void armed(void)
{
    staged();
    begin_with(arm);
}

static void second_is_good(void)
{
    world_install_good(&w, &second);
    world_serve(&w, &second);
}

static const struct act {
    const char *name;
    const struct sample_image *served;
    void (*before)(void);
    tdm_err (*act)(struct install *in);
} acts[] = {
    {"stage a pair", &second, nothing, stage},
    {"stage a radio image", &radio, nothing, stage},
    {"arm a pair", &second, staged, arm},
    {"arm a radio image", &radio, staged, arm},
    {"cancel what is staged", &second, staged, install_cancel},
    {"cancel an armed pair", &second, armed, install_cancel},
    {"go back", &second, second_is_good, back},
    {"adopt", &radio, nothing, adopt},
};

static const struct sweep {
    const char *name;
    enum faulty_kind kind;
    uint32_t every;
} sweeps[] = {
    {"a read of storage fails", FAULTY_READ, 17},
    {"a write to storage fails", FAULTY_WRITE, 1},
    {"the boot selection fails", FAULTY_HOST, 1},
    {"a digest fails", FAULTY_CRYPTO, 3},
};

static void wrap(void)
{
    faulty_flash(&w.record.port);
    faulty_flash(&w.journal.port);
    for (int i = 0; i < 2; i++) {
        faulty_flash(&w.rcp[i].port);
        faulty_flash(&w.host_slots[i].port);
    }
    faulty_host(&w.host.port);
    faulty_crypto(&w.crypto.port);
}

/* Row and bytes of the running host and of its bundle. */
static bool has_running_pair(const struct slot_record *rec, const struct sample_image *s)
{
    const struct slot_host_row *row = &rec->host[w.host.running];

    return row->content.state == SLOT_GOOD && row->rcp < SLOT_RCP_SLOTS &&
           memcmp(w.host_slots[w.host.running].durable, s->bytes + s->bundle_len, s->len - s->bundle_len) == 0 &&
           (rec->trial.kind == SLOT_TRIAL_RADIO ||
            (rec->rcp[row->rcp].state == SLOT_GOOD && world_is_whole(&w.rcp[row->rcp], &rec->rcp[row->rcp])));
}

/* What is called STAGED or TRIAL is there whole, and nothing is switched to that the record does not announce. */
static bool is_true(const struct slot_record *rec)
{
    bool is_so = w.host.selected == w.host.running || rec->trial.kind == SLOT_TRIAL_HOST;

    for (int i = 0; i < 2; i++) {
        const struct slot_content *bundle = &rec->rcp[i], *host = &rec->host[i].content;
        if (bundle->state == SLOT_STAGED || bundle->state == SLOT_TRIAL)
            is_so = is_so && world_is_whole(&w.rcp[i], bundle);
        if (host->state == SLOT_STAGED || host->state == SLOT_TRIAL)
            is_so = is_so && world_is_whole(&w.host_slots[i], host);
    }
    return is_so;
}

static void again_without_faults(const struct act *a, uint32_t n)
{
    world_reboot(&w);
    tdm_err err = a->act(&w.install);
    /* What was done before the fault came, or undone because of it, need not be done again. */
    bool may_be_done = err == TDM_E_STATE && a->act != stage;
    if (err != TDM_OK && !may_be_done)
        fail_msg("%s (%u): then %s %s", a->name, n, tdm_err_name(err), w.install.fault.code);
}

static bool one_act(const struct act *a, const struct sweep *s, uint32_t n, bool is_for_good)
{
    struct slot_record rec;

    world_open(&w, true);
    world_install_good(&w, &first);
    w.has_journal = w.source.has_ranges = true;
    w.source.validator = "\"image\"";
    world_serve(&w, a->served);
    a->before();
    const struct sample_image *running = a->before == second_is_good ? &second : &first;
    world_begin(&w);
    wrap();
    faulty_plan(s->kind, n, is_for_good, TDM_E_IO);
    tdm_err err = a->act(&w.install);
    bool has_struck = faulty_has_struck();
    faulty_plan(s->kind, 0, false, TDM_OK);
    assert_int_equal(err, w.install.fault.err);
    assert_int_equal(world_load(&w, &rec), SLOT_STORE_OK);
    if (!has_running_pair(&rec, running))
        fail_msg("%s, %s (%u): the running pair is damaged", a->name, s->name, n);
    if (!is_true(&rec))
        fail_msg("%s, %s (%u): the record says what is not so", a->name, s->name, n);
    again_without_faults(a, n);
    world_close(&w);
    return has_struck;
}

static void sweep(bool is_for_good)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        for (size_t k = 0; k < sizeof sweeps / sizeof sweeps[0]; k++)
            for (uint32_t n = 1; one_act(&acts[i], &sweeps[k], n, is_for_good); n += sweeps[k].every)
                ;
}

static void every_call_fails_once(void **state)
{
    (void)state;
    sweep(false);
}

static void every_call_fails_from_there_on(void **state)
{
    (void)state;
    sweep(true);
}

static int build(void **state)
{
    (void)state;
    sample_image_build(&first, &(struct sample_spec){.host_size = 5000, .seed = 1});
    sample_image_build(&second, &(struct sample_spec){.host_size = 6000, .seed = 2});
    sample_image_build(&radio, &(struct sample_spec){.seed = 3});
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_fails_once),
                                       cmocka_unit_test(every_call_fails_from_there_on)};

    return cmocka_run_group_tests(tests, build, NULL);
}
