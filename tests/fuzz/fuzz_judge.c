/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_judge: the judge from end to end. Whatever the split, the verdict is the same, the receiver sees the file's own
 * bytes from the first one on and in order, and nothing before the judge has accepted the front. An accepted image is
 * accepted again as the bundle that a slot stores of it, and is the file byte for byte. What the device states of itself
 * holds for every image that is accepted, and with keys it is a signed one: each part as its manifest says.
 *
 *   mode (1): bit 7 sums made right, bits 0 to 6 the split | what is stored (1) | policy (1) | halves (1) | the file
 */
#include <openssl/sha.h>

#include <tandem/judge.h>

#include "base/semver.h"
#include "fuzz.h"
#include "fuzz_image_mend.h"
#include "fuzz_signer.h"

#define MENDED     0x80u
#define TAKES_HOST 0x01u
#define IS_H2      0x02u
#define FLASH_2M   0x04u
#define SMALL      0x08u
#define TOLD       0x10u
#define KNOWN_BAD  0x20u

#define TRUST        0x01u
#define TWO_KEYS     0x02u
#define REVOKED      0x04u
#define BOARD        0x08u
#define FLOOR        0x10u
#define CLOCK        0x20u
#define RUNS_VERSION 0x40u
#define DOWNGRADE    0x80u

#define HEAD          4u
#define COUNTER_FLOOR 6u
#define NOW           2000000000u
#define RUNNING       "1.4.0"

enum { PLAIN, SIGNED_RADIO, SIGNED_PAIR, SIGNED_HOST };
const char *const fuzz_accepts[] = {[PLAIN] = "a plain image",
                                    [SIGNED_RADIO] = "a signed radio image",
                                    [SIGNED_PAIR] = "a signed pair",
                                    [SIGNED_HOST] = "a signed host image",
                                    NULL};

struct trial {
    struct judge_output out;
    struct judge judge;
    struct judge_verdict verdict;
    const uint8_t *file;
    size_t size, got;
    bool is_accepted, had_host;
};

static struct trial *self(struct judge_output *out)
{
    return (struct trial *)(void *)out; /* its first member */
}

static tdm_err on_accept(struct judge_output *out, const struct judge_verdict *front)
{
    struct trial *t = self(out);

    fuzz_must(!t->is_accepted && t->got == 0 && front->layout.part_count >= 2);
    t->is_accepted = true;
    if (front->layout.bundle_size == 0)
        t->got = front->layout.header_size + front->layout.parts[0].size; /* nobody has a place for it */
    return TDM_OK;
}

static tdm_err take(struct trial *t, const uint8_t *data, size_t len)
{
    fuzz_must(t->is_accepted && len > 0);
    fuzz_must(len <= t->size - t->got);
    fuzz_must(memcmp(t->file + t->got, data, len) == 0);
    t->got += len;
    return TDM_OK;
}

static tdm_err on_bundle(struct judge_output *out, const uint8_t *data, size_t len)
{
    fuzz_must(!self(out)->had_host);
    return take(self(out), data, len);
}

static tdm_err on_host(struct judge_output *out, const uint8_t *data, size_t len)
{
    self(out)->had_host = true;
    return take(self(out), data, len);
}

static void push(void *ctx, const uint8_t *data, size_t len)
{
    struct trial *t = ctx;
    fuzz_told(judge_push(&t->judge, data, len), &t->judge.fault);
}

static void set_trust(struct judge_facts *f, uint8_t policy)
{
    static struct tdm_key keys[2] = {{.id = FUZZ_KEY_ID}, {.id = {0x7f}}};
    static struct judge_trust trust;

    keys[0].is_revoked = (policy & REVOKED) != 0;
    trust = (struct judge_trust){.keys = keys, .count = 2, .threshold = (policy & TWO_KEYS) != 0 ? 2 : 1};
    f->trust = (policy & TRUST) != 0 ? &trust : NULL;
}

static void set_policy(struct judge_facts *f, uint8_t policy, uint8_t halves)
{
    static const char *const boards[] = {"acme,other", "acme,br-s3-h2"};

    set_trust(f, policy);
    f->compatible = boards;
    f->compatible_count = (policy & BOARD) != 0 ? 2 : 0;
    f->counter_floor = (policy & FLOOR) != 0 ? COUNTER_FLOOR : 0;
    f->now = (policy & CLOCK) != 0 ? NOW : 0;
    f->pair_version = (policy & RUNS_VERSION) != 0 ? RUNNING : NULL;
    f->may_downgrade = (policy & DOWNGRADE) != 0;
    f->host_family = halves & 3u;
    f->host_chip = (halves & 4u) != 0 ? 9 : JUDGE_CHIP_UNKNOWN;
    f->host_revision = f->radio_revision = (halves & 8u) != 0 ? 5 : JUDGE_REVISION_UNKNOWN;
    f->radio = (struct judge_half){.api = (halves & 16u) != 0 ? 11 : 0, .least_api = 4};
    f->host = (struct judge_half){.api = (halves & 32u) != 0 ? 11 : 0, .least_api = 4};
    f->must_know_radio = (halves & 64u) != 0;
}

static void set_facts(struct judge_facts *f, uint8_t bits, const uint8_t *file, size_t size)
{
    static uint8_t bad[1][TDM_SHA256_LEN];

    *f = (struct judge_facts){.radio_chip = (bits & IS_H2) != 0 ? 16 : JUDGE_CHIP_UNKNOWN};
    f->takes_host = (bits & TAKES_HOST) != 0;
    f->radio_flash_size = (bits & FLASH_2M) != 0 ? 0x200000u : 0;
    f->bundle_room = f->host_room = (bits & SMALL) != 0 ? 4096 : 0;
    f->told_length = (bits & TOLD) != 0 ? size : 0;
    if ((bits & KNOWN_BAD) != 0) {
        (void)SHA256(file, size, bad[0]);
        f->bad_ids = (const uint8_t(*)[TDM_SHA256_LEN])bad;
        f->bad_count = 1;
    }
}

static void judge_file(struct trial *t, const struct judge_facts *facts, size_t size, uint32_t seed, bool is_bundle)
{
    static struct crypto_openssl crypto;
    const uint8_t *file = t->file;

    *t = (struct trial){.out = {on_accept, on_bundle, on_host}, .file = file, .size = size};
    judge_init(&t->judge, fuzz_crypto_init(&crypto), facts, &t->out);
    fuzz_feed(file, size, seed, push, t);
    fuzz_told(is_bundle ? judge_end_bundle(&t->judge, &t->verdict) : judge_end(&t->judge, &t->verdict),
              &t->judge.fault);
    t->verdict.manifest.label = t->verdict.manifest.notes_url = NULL; /* they lay in the judge */
    t->verdict.manifest.others = NULL;
}

static void must_be_digest(const uint8_t *bytes, size_t len, const uint8_t *digest)
{
    uint8_t own[TDM_SHA256_LEN];

    (void)SHA256(bytes, len, own);
    fuzz_must(memcmp(own, digest, sizeof own) == 0);
}

static void check_signed(const struct trial *t, const struct judge_facts *f)
{
    const struct image_layout *l = &t->verdict.layout;
    const struct manifest *m = &t->verdict.manifest;
    size_t cells = (size_t)m->cell_count * MANIFEST_CELL_LEN;

    must_be_digest(t->file, l->header_size + l->parts[0].size - cells, t->verdict.id);
    for (size_t i = 1; i < l->part_count; i++)
        must_be_digest(t->file + l->parts[i].offset, l->parts[i].size, m->digests[i - 1]);
    fuzz_must(f->compatible_count == 0 || strcmp(m->compatible, "acme,other") == 0 ||
              strcmp(m->compatible, "acme,br-s3-h2") == 0);
    fuzz_must(m->counter >= f->counter_floor && (m->expires == 0 || f->now <= m->expires));
    fuzz_must(f->may_downgrade || f->pair_version == NULL || semver_compare(m->pair_version, RUNNING) >= 0);
    fuzz_must(f->host_family == 0 || m->host.family == 0 || m->host.family == f->host_family);
    fuzz_must(!f->must_know_radio || l->kind != IMAGE_KIND_HOST || f->radio.api > 0);
}

static void check_trust(const struct trial *t, const struct judge_trust *trust)
{
    const struct judge_verdict *v = &t->verdict;
    const struct image_part *front = &v->layout.parts[0];

    fuzz_must(v->has_manifest && v->is_signed && v->signer_count >= trust->threshold);
    for (size_t i = 0; i < v->signer_count; i++) {
        const uint8_t *key = v->signers[i], *file = t->file;
        fuzz_must(memcmp(key, trust->keys[0].id, TDM_KEY_ID_LEN) == 0 || memcmp(key, trust->keys[1].id, 8) == 0);
        fuzz_must(!trust->keys[0].is_revoked || memcmp(key, trust->keys[0].id, TDM_KEY_ID_LEN) != 0);
        fuzz_must(i == 0 || memcmp(key, v->signers[i - 1], TDM_KEY_ID_LEN) != 0);
        fuzz_must(memmem(file + front->offset, front->size, key, TDM_KEY_ID_LEN) != NULL);
    }
}

static void note_good(const struct judge_verdict *v)
{
    static const unsigned found[] = {
        [IMAGE_KIND_RADIO] = SIGNED_RADIO, [IMAGE_KIND_PAIR] = SIGNED_PAIR, [IMAGE_KIND_HOST] = SIGNED_HOST};

    if (!v->has_manifest || v->is_signed)
        fuzz_accept(v->has_manifest ? found[v->layout.kind] : PLAIN);
}

static void check_good(struct trial *t, const struct judge_facts *facts, uint32_t seed)
{
    const struct image_layout *l = &t->verdict.layout;

    fuzz_must(t->is_accepted && t->got == l->total_size);
    fuzz_must(facts->takes_host || l->host_size == 0);
    fuzz_must(facts->radio_chip == JUDGE_CHIP_UNKNOWN || l->bundle_size == 0 ||
              t->verdict.radio_chip == facts->radio_chip);
    fuzz_must(facts->bundle_room == 0 || (l->bundle_size <= facts->bundle_room && l->host_size <= facts->host_room));
    if (facts->trust != NULL)
        check_trust(t, facts->trust);
    if (t->verdict.has_manifest)
        check_signed(t, facts);
    else
        must_be_digest(t->file, l->total_size, t->verdict.id);
    if (l->kind != IMAGE_KIND_PAIR) {
        note_good(&t->verdict);
        return;
    }
    uint8_t digest[TDM_SHA256_LEN];
    struct judge_facts stored = *facts;
    stored.told_length = 0;
    memcpy(digest, t->verdict.bundle_digest, sizeof digest);
    judge_file(t, &stored, l->bundle_size, seed, true);
    fuzz_must(t->judge.fault.err == TDM_OK && memcmp(t->verdict.bundle_digest, digest, sizeof digest) == 0);
    note_good(&t->verdict);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trial whole, cut;
    struct judge_facts facts;

    if (size < HEAD)
        return 0;
    uint32_t seed = (data[0] & 0x7fu) + 1u;
    size_t len = size - HEAD;
    uint8_t *file = fuzz_copy(data + HEAD, len);
    if ((data[0] & MENDED) != 0)
        fuzz_mend_image(file, len);
    set_facts(&facts, data[1], file, len);
    set_policy(&facts, data[2], data[3]);
    whole.file = cut.file = file;
    judge_file(&whole, &facts, len, 0, false);
    judge_file(&cut, &facts, len, seed, false);
    fuzz_same_fault(&whole.judge.fault, &cut.judge.fault);
    fuzz_must(whole.is_accepted == cut.is_accepted);
    if (whole.judge.fault.err == TDM_OK) {
        fuzz_must(memcmp(&whole.verdict, &cut.verdict, sizeof whole.verdict) == 0);
        check_good(&whole, &facts, seed);
    }
    free(file);
    return 0;
}
