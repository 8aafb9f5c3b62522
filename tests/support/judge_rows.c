/* SPDX-License-Identifier: Apache-2.0 */
#include "support/judge_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct judge_facts facts;
struct judge_trust trust;
struct tdm_key known_keys[SAMPLE_KEYS - 1];
struct sample_key sample_keys[SAMPLE_KEYS];
unsigned signers;

static const struct sample_spec specs[JUDGE_SAMPLES] = {
    [PAIR] = {.cells = 4, .host_size = 500},
    [ESP_PAIR] = {.cells = 4, .host_size = 500, .host_is_esp = true},
    [RADIO] = {.cells = 4},
    [HOST] = {.cells = 4, .host_size = 300, .is_host_only = true},
    [ESP_HOST] = {.cells = 4, .host_size = 300, .host_is_esp = true, .is_host_only = true},
    [PLAIN] = {.host_size = 500},
    [WIDE_PAIR] = {.cells = 8, .host_size = 500},
};

int judge_rows_set_up(void **state)
{
    (void)state;
    for (unsigned n = 0; n < SAMPLE_KEYS; n++)
        sample_key_make(&sample_keys[n], n);
    return 0;
}

int judge_rows_tear_down(void **state)
{
    (void)state;
    for (unsigned n = 0; n < SAMPLE_KEYS; n++)
        sample_key_free(&sample_keys[n]);
    return 0;
}

uint8_t *stated(size_t field)
{
    return image.bytes + image.manifest_at + field;
}

static void know_everything(enum judge_sample what)
{
    static const char *const boards[] = {"acme,br-1b", "acme,br-1"};

    for (unsigned n = 0; n < SAMPLE_KEYS - 1; n++)
        known_keys[n] = sample_keys[n].known;
    known_keys[KEY_REVOKED].is_revoked = true;
    trust = (struct judge_trust){.keys = known_keys, .count = SAMPLE_KEYS - 1, .threshold = 1};
    facts = (struct judge_facts){
        .bundle_room = SAMPLE_CAP,
        .host_room = SAMPLE_CAP,
        .takes_host = true,
        .radio_chip = SAMPLE_H2,
        .radio_revision = 10,
        .radio_flash_size = 0x400000,
        .trust = &trust,
        .compatible = boards,
        .compatible_count = 2,
        .host_family = specs[what].host_is_esp ? MANIFEST_HOST_ESP : MANIFEST_HOST_OPAQUE,
        .host_chip = SAMPLE_S3,
        .host_revision = 2,
        .radio = {11, 4},
        .host = {11, 4},
        .must_know_radio = true,
        .counter_floor = 5,
        .now = JUDGE_NOW,
        .pair_version = "1.4.0",
    };
}

void judge_rows_build(enum judge_sample what, void (*change)(void))
{
    know_everything(what);
    signers = SIGNED_BY(0);
    sample_image_build(&image, &specs[what]);
    if (change != NULL)
        change();
    for (unsigned n = 0; n < SAMPLE_KEYS && specs[what].cells > 0; n++) {
        if ((signers & SIGNED_BY(n)) != 0)
            sample_image_sign(&image, &sample_keys[n]);
    }
}

static void check(const struct judge_row *row, size_t step)
{
    struct judge_verdict v;
    tdm_err err = judge_catch_run(&facts, image.len, step, &v);

    if (err != row->err || strcmp(judge.fault.code, row->code) != 0)
        fail_msg("%s, in steps of %zu: answered %s %s (%s) at %llu", row->name, step, tdm_err_name(err),
                 judge.fault.code, judge.fault.what, (unsigned long long)judge.fault.at);
    if (err == TDM_OK)
        judge_catch_expect_good(row->name, &v);
    else if ((caught.accepts > 0) != (row->when == LATE))
        fail_msg("%s: %s", row->name, caught.accepts > 0 ? "accepted too early" : "refused too early");
}

void judge_rows_run(const struct judge_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        judge_rows_build(rows[i].what, rows[i].change);
        if (rows[i].spoil != NULL)
            rows[i].spoil();
        for (size_t step = 1; step < 9000; step = step * 20 + 1)
            check(&rows[i], step);
    }
}
