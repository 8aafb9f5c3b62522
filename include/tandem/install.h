/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install: from a URL or file to a staged, armed pair. The order of effects is docs/DESIGN.md, "The pair transaction".
 *
 * Used by   the ota download command and rcp adopt.   Uses  http, crypto, judge, slot, host.
 * Memory    the caller owns the struct and its buffer; nothing is allocated.
 * Power     Whatever call is cut: the running pair and its bundle are untouched, and the record says what may be used.
 */
#ifndef TANDEM_INSTALL_H
#define TANDEM_INSTALL_H

#include <tandem/clock.h>
#include <tandem/crypto.h>
#include <tandem/host.h>
#include <tandem/http.h>
#include <tandem/judge.h>
#include <tandem/log.h>
#include <tandem/slot.h>

#define INSTALL_STARTS 3 /* n: starts granted to a new pair */

struct install_config { /* set by the caller */
    struct tdm_http *source;
    struct tdm_crypto *crypto;
    struct tdm_host *host;
    struct tdm_flash *rcp_slots[SLOT_RCP_SLOTS];
    struct slot_store *store;
    struct tdm_log *log;
    uint16_t radio_chip; /* configured ESP chip id, or JUDGE_CHIP_UNKNOWN: any, or the one in the record */
    uint8_t *buf;        /* program buffers and replay */
    uint32_t buf_len;    /* at least 3 * 4096          */
};

struct install {
    struct install_config cfg;
    struct tdm_fault fault;
    struct tdm_http_reply reply; /* of the last fetch, for the error text */
    char page[160];              /* printable start of a body that was no image, or "" */
    struct judge_verdict verdict;
    struct slot_record record;
    /* The owner of src/install completes this struct. */
};

void install_init(struct install *in, const struct install_config *cfg);

/* Steps 1 to 3: fetch, judge, write the free slots, re-read them through the judge, record STAGED. */
TDM_MUST_USE tdm_err install_stage(struct install *in, const char *url);

/* Steps 4 and 5: judge the staged slots again, record TRIAL, switch. needs_restart is false for a radio-only trial. */
TDM_MUST_USE tdm_err install_arm(struct install *in, bool *needs_restart);

/* Store a radio-only image, or the bundle of a pair, as the GOOD bundle of the running host. */
TDM_MUST_USE tdm_err install_adopt(struct install *in, const char *url);

#endif
