/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_install: any body that a server sends, through fetch, judge and writers, onto a router that has a proven pair.
 * Refused or not, the proven pair stays as it is, record and bytes; STAGED is only what lies in its slot whole; what the
 * judge refuses by its front costs no write.
 *
 *   mode (1): bit 7 sums made right, bit 6 told length, bit 5 a connection that breaks, bit 4 keys, bit 3 which
 *     are revoked before the switch | chunk (1) | the body
 */
#include <stdio.h>

#include "fuzz_signer.h"
#include "support/install_world.h"

#define MENDED 0x80u
#define TELLS  0x40u
#define BREAKS 0x20u
#define KEYS   0x10u
#define REVOKE 0x08u

enum { PLAIN, SIGNED_RADIO, SIGNED_PAIR, SIGNED_HOST };
const char *const fuzz_accepts[] = {[PLAIN] = "a plain image",
                                    [SIGNED_RADIO] = "a signed radio image",
                                    [SIGNED_PAIR] = "a signed pair",
                                    [SIGNED_HOST] = "a signed host image",
                                    NULL};

static struct install_world w;
static struct slot_record good; /* as it was before the body came */
static uint8_t good_rcp[WORLD_SLOT_SIZE], good_host[WORLD_SLOT_SIZE];

static void remember(void)
{
    fuzz_must(world_load(&w, &good) == SLOT_STORE_OK);
    memcpy(good_rcp, w.rcp[good.host[w.host.running].rcp].durable, sizeof good_rcp);
    memcpy(good_host, w.host_slots[w.host.running].durable, sizeof good_host);
}

static void install_first(void)
{
    static const struct sample_spec spec = {.version = "openthread-esp32/0; esp32h2; first", .host_size = 100};
    static struct sample_image first;

    sample_image_build(&first, &spec);
    world_open(&w, true);
    (void)fuzz_crypto_init(&w.crypto);
    world_install_good(&w, &first);
    fuzz_must(world_load(&w, &good) == SLOT_STORE_OK);
    good.radio.api = 11; /* as it was proven: what an image of a host alone is held against */
    good.radio.least_host_api = 4;
    world_store(&w, &good);
    remember();
}

/* The old pair's row, its bundle and its host firmware, as the next start finds them. */
static void check_old_pair(const struct slot_record *rec)
{
    enum tdm_host_slot host = w.host.running;
    uint8_t rcp = good.host[host].rcp;

    fuzz_must(w.host.selected == host && w.host.is_final);
    fuzz_must(memcmp(&rec->host[host], &good.host[host], sizeof rec->host[host]) == 0);
    fuzz_must(memcmp(&rec->rcp[rcp], &good.rcp[rcp], sizeof rec->rcp[rcp]) == 0);
    fuzz_must(memcmp(w.rcp[rcp].durable, good_rcp, sizeof good_rcp) == 0);
    fuzz_must(memcmp(w.host_slots[host].durable, good_host, sizeof good_host) == 0);
}

static void check_new_pair(const struct slot_record *rec, tdm_err err)
{
    enum tdm_host_slot host = tdm_host_other(w.host.running);
    uint8_t rcp = good.host[w.host.running].rcp == SLOT_R0 ? SLOT_R1 : SLOT_R0;
    bool has_bundle = rec->rcp[rcp].state == SLOT_STAGED, has_host = rec->host[host].content.state == SLOT_STAGED;

    fuzz_must(!has_bundle || world_is_whole(&w.rcp[rcp], &rec->rcp[rcp]));
    fuzz_must(!has_host || world_is_whole(&w.host_slots[host], &rec->host[host].content));
    fuzz_must((err == TDM_OK) == (has_bundle || has_host));
}

static void note_good(void)
{
    static const unsigned found[] = {
        [IMAGE_KIND_RADIO] = SIGNED_RADIO, [IMAGE_KIND_PAIR] = SIGNED_PAIR, [IMAGE_KIND_HOST] = SIGNED_HOST};
    const struct judge_verdict *v = &w.install.verdict;

    fuzz_must(w.policy.trust == NULL || v->is_signed);
    if (!v->has_manifest || v->is_signed)
        fuzz_accept(v->has_manifest ? found[v->layout.kind] : PLAIN);
}

/* It may be switched to, unless its key was revoked since. Then all as it was, for the next body. */
static void arm(bool is_revoked)
{
    bool needs_restart;

    world_begin(&w);
    tdm_err err = install_arm(&w.install, &needs_restart);
    fuzz_told(err, &w.install.fault);
    fuzz_must((err == TDM_OK) == !is_revoked && needs_restart == (w.host.selected != w.host.running));
    fuzz_must(err == TDM_OK || (err == TDM_E_TRUST && !needs_restart));
    w.host.selected = w.host.running;
    w.host.is_final = true;
    world_store(&w, &good);
}

/* Are there keys that count nothing any more? */
static bool set_policy(uint8_t mode, bool is_revoked)
{
    static struct tdm_key key = {.id = FUZZ_KEY_ID};
    static const struct judge_trust trust = {.keys = &key, .count = 1, .threshold = 1};

    key.is_revoked = is_revoked;
    w.policy.trust = (mode & KEYS) != 0 ? &trust : NULL;
    return is_revoked && w.policy.trust != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    static struct slot_record rec;

    if (size < 3)
        return 0;
    if (!is_ready)
        install_first();
    is_ready = true;
    uint8_t *body = fuzz_copy(data + 2, size - 2);
    if ((data[0] & MENDED) != 0)
        fuzz_mend_image(body, size - 2);
    w.source.bytes = body;
    w.source.len = size - 2;
    w.source.chunk = data[1] * 4u + 1u;
    w.source.tells_length = (data[0] & TELLS) != 0;
    w.source.breaks_at = (data[0] & BREAKS) != 0 ? (size - 2) / 2 + 1 : 0;
    (void)set_policy(data[0], false);
    world_reboot(&w);
    uint64_t before = w.power.ops;
    tdm_err err = install_stage(&w.install, "test:image");
    fuzz_told(err, &w.install.fault);
    fuzz_must(err == TDM_OK || w.install.has_freed || w.power.ops == before);
    if (err == TDM_OK)
        note_good();
    world_reboot(&w);
    memset(&rec, 0, sizeof rec); /* padding counts in the comparison */
    fuzz_must(world_load(&w, &rec) == SLOT_STORE_OK);
    check_old_pair(&rec);
    check_new_pair(&rec, err);
    if (err == TDM_OK)
        arm(set_policy(data[0], (data[0] & REVOKE) != 0));
    free(body);
    return 0;
}
