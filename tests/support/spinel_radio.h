/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spinel_radio: a scripted radio that answers with the bytes of a captured session, or misbehaves as a test wishes.
 *
 * Used by   unit tests of spinel.   Uses  fake_serial, fake_lines, fake_clock, the trace of a session.
 */
#ifndef SUPPORT_SPINEL_RADIO_H
#define SUPPORT_SPINEL_RADIO_H

#include <tandem/spinel.h>

#include "hdlc/hdlc.h"
#include "support/fake_clock.h"
#include "support/fake_lines.h"
#include "support/fake_serial.h"

#define ANSWERS   16
#define VALUE_MAX 1400
#define ASKED_MAX 512
#define CAPTURED  "OPENTHREAD/thread-reference-20250612-1434-ga93706fde-dirty; SIMULATION; Nov 22 2026 10:06:56"
#define NEVER     99
#define FIRST_TRY 500u
#define ALL_TRIES 1500u
#define NOTICE_MS 2000u

/* What the radio says to one request, in front of or instead of the true answer. */
enum oddity {
    PLAIN,
    MUTE,              /* no answer                                        */
    WRONG_TID,         /* answers with the transaction number after it      */
    WRONG_PROPERTY,    /* answers with another property                     */
    OTHER_INTERFACE,   /* answers for interface 1                           */
    AS_SET,            /* the right property under the wrong command        */
    DAMAGED,           /* one bit of the check sequence is wrong            */
    DAMAGED_THEN_GOOD, /* and then the same frame again                     */
    LOG_FIRST,         /* two log frames in front of the answer             */
    BOOT_TEXT_FIRST,   /* text of a boot loader in front of the answer      */
    LATE,              /* 700 ms later: by then the request was sent again   */
    REFUSED,           /* LAST_STATUS: property not found                   */
    TEXT_ONLY,         /* boot loader's text, no frame                      */
};

struct answer {
    uint32_t property;
    uint8_t value[VALUE_MAX];
    size_t len;
};

struct radio {
    struct fake_clock clock;
    struct fake_serial serial;
    struct fake_lines lines;
    struct tdm_log log;
    struct spinel probe;
    struct spinel_identity who;

    struct answer answers[ANSWERS];
    size_t answer_count;
    enum oddity oddity;
    uint32_t odd_property; /* the oddity meets requests for this one; 0: all */
    unsigned odd_times;
    int awake_after_soft, awake_after_hard; /* resets until it answers at all; NEVER: not by this */
    int soft_resets;
    bool is_quiet_reset; /* resets without a notice */

    struct hdlc_decoder heard;
    uint8_t heard_buf[64];
    char asked[ASKED_MAX]; /* the requests as text: "1:1 2:2 R2" */
    uint8_t first_request[16];
    size_t first_len;
};

/* Awake, told by the captured answers; the same one again, as new. */
struct radio *radio_new(void);

/* The radio says this frame, unasked. */
void radio_say(struct radio *r, const uint8_t *payload, size_t len, uint32_t delay_ms, bool is_damaged);

void radio_set_answer(struct radio *r, uint32_t property, const void *value, size_t len);

/* Fails the test `name` unless the probe gave this, and blames the same. */
void radio_expect(const char *name, const struct radio *r, tdm_err err, tdm_err wanted, const char *code);

#endif
