/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_judge: the judge from end to end. Whatever the split, the verdict is the same, the receiver sees the file's own
 * bytes from the first one on and in order, and nothing before the judge has accepted the front. An accepted image is
 * accepted again as the bundle that a slot stores of it, and is the file byte for byte.
 *
 *   mode (1): bit 7 sums made right, bits 0 to 6 the split | facts (1) | the file
 */
#include <openssl/sha.h>

#include <tandem/judge.h>

#include "fuzz.h"
#include "fuzz_image_mend.h"
#include "linux/tandem_linux.h"

#define MENDED     0x80u
#define TAKES_HOST 0x01u
#define IS_H2      0x02u
#define FLASH_2M   0x04u
#define SMALL      0x08u
#define TOLD       0x10u
#define KNOWN_BAD  0x20u

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
    return TDM_OK;
}

static tdm_err take(struct trial *t, const uint8_t *data, size_t len)
{
    fuzz_must(t->is_accepted && len > 0 && len <= t->size - t->got && memcmp(t->file + t->got, data, len) == 0);
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

    crypto_openssl_init(&crypto);
    *t = (struct trial){.out = {on_accept, on_bundle, on_host}, .file = file, .size = size};
    judge_init(&t->judge, &crypto.port, facts, &t->out);
    fuzz_feed(file, size, seed, push, t);
    fuzz_told(is_bundle ? judge_end_bundle(&t->judge, &t->verdict) : judge_end(&t->judge, &t->verdict),
              &t->judge.fault);
}

static void check_good(struct trial *t, const struct judge_facts *facts, uint32_t seed)
{
    const struct image_layout *l = &t->verdict.layout;
    uint8_t id[TDM_SHA256_LEN];

    fuzz_must(t->is_accepted && t->got == l->total_size && l->bundle_size + l->host_size >= t->got);
    fuzz_must(facts->takes_host || l->host_size == 0);
    fuzz_must(facts->radio_chip == JUDGE_CHIP_UNKNOWN || l->bundle_size == 0 ||
              t->verdict.radio_chip == facts->radio_chip);
    fuzz_must(facts->bundle_room == 0 || (l->bundle_size <= facts->bundle_room && l->host_size <= facts->host_room));
    if (!t->verdict.is_signed) {
        (void)SHA256(t->file, l->total_size, id);
        fuzz_must(memcmp(id, t->verdict.id, sizeof id) == 0);
    }
    if (l->kind != IMAGE_KIND_PAIR)
        return;
    uint8_t digest[TDM_SHA256_LEN];
    struct judge_facts stored = *facts;
    stored.told_length = 0;
    memcpy(digest, t->verdict.bundle_digest, sizeof digest);
    judge_file(t, &stored, l->bundle_size, seed, true);
    fuzz_must(t->judge.fault.err == TDM_OK && memcmp(t->verdict.bundle_digest, digest, sizeof digest) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trial whole, cut;
    struct judge_facts facts;

    if (size < 2)
        return 0;
    uint32_t seed = (data[0] & 0x7fu) + 1u;
    uint8_t *file = fuzz_copy(data + 2, size - 2);
    if ((data[0] & MENDED) != 0)
        fuzz_mend_image(file, size - 2);
    set_facts(&facts, data[1], file, size - 2);
    whole.file = cut.file = file;
    judge_file(&whole, &facts, size - 2, 0, false);
    judge_file(&cut, &facts, size - 2, seed, false);
    fuzz_same_fault(&whole.judge.fault, &cut.judge.fault);
    fuzz_must(whole.is_accepted == cut.is_accepted);
    if (whole.judge.fault.err == TDM_OK) {
        fuzz_must(memcmp(&whole.verdict, &cut.verdict, sizeof whole.verdict) == 0);
        check_good(&whole, &facts, seed);
    }
    free(file);
    return 0;
}
