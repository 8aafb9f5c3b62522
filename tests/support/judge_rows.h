/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_rows: a row is one image with a manifest, one change and the answer that it must get from a device that knows
 * everything about itself.
 *
 * Used by   unit tests of the judge.   Uses  judge_catch, sample_keys.
 * Device    board acme,br-1b or acme,br-1; ESP32-H2 v0.10 with 4 MiB; host as the image's, ESP32-S3 v0.2; API 11, least 4,
 *           on both sides; counter floor 5, pair 1.4.0, the year 2020; keys 0 to 7 trusted, 8 revoked, 9 unknown; one
 *           signature is enough.
 */
#ifndef SUPPORT_JUDGE_ROWS_H
#define SUPPORT_JUDGE_ROWS_H

#include "support/judge_catch.h"

#define JUDGE_NOW    1600000000u
#define KEY_REVOKED  8
#define KEY_UNKNOWN  9
#define SAMPLE_KEYS  10
#define SIGNED_BY(n) (1u << (n))

enum judge_sample {
    PAIR,      /* radio and opaque host */
    ESP_PAIR,  /* radio and ESP host    */
    RADIO,     /* radio alone           */
    HOST,      /* opaque host alone     */
    ESP_HOST,  /* ESP host alone        */
    PLAIN,     /* pair without manifest */
    WIDE_PAIR, /* 8 cells               */
    JUDGE_SAMPLES
};

enum judge_when { HELD, LATE }; /* no byte came out; some did */

struct judge_row {
    const char *name;
    enum judge_sample what;
    void (*change)(void); /* the image before it is signed, or what the device knows; NULL: nothing */
    void (*spoil)(void);  /* the signed image, or what else is told of it; NULL: nothing             */
    tdm_err err;          /* TDM_OK: the other side of a limit, accepted                             */
    const char *code;
    enum judge_when when;
};

/* What change and spoil work on, beside `image`. */
extern struct judge_facts facts;
extern struct judge_trust trust;
extern struct tdm_key known_keys[SAMPLE_KEYS - 1];
extern struct sample_key sample_keys[SAMPLE_KEYS];
extern unsigned signers; /* SIGNED_BY() of those who sign; 0: nobody */

uint8_t *stated(size_t field); /* in the manifest */

/* The group's setup and teardown: the keys. */
int judge_rows_set_up(void **state);
int judge_rows_tear_down(void **state);

void judge_rows_build(enum judge_sample what, void (*change)(void)); /* and sign */
void judge_rows_run(const struct judge_row *rows, size_t count);

#endif
