/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge_front.h"

#include <string.h>

#include "image/image_format.h"
#include "judge/judge_policy.h"

static tdm_err refuse(struct judge *j, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&j->fault, err, code, what, at);
}

static tdm_err no_digest(struct judge *j, tdm_err err)
{
    return refuse(j, err, "hash_failed", "the digest failed", 0);
}

/* ---- plain images ---- */

static tdm_err check_told_length(struct judge *j)
{
    const struct image_layout *l = &j->verdict.layout;
    uint64_t told = j->facts.told_length;

    if (told == 0 || told == l->total_size)
        return TDM_OK;
    if (told < l->total_size)
        return refuse(j, TDM_E_TRUNCATED, "truncated", "shorter than its header table says", told);
    if (l->kind == IMAGE_KIND_RADIO)
        return TDM_OK; /* trailing bytes are legal there */
    return refuse(j, TDM_E_FORMAT, "trailing_bytes", "longer than its header table says", l->total_size);
}

tdm_err judge_front_plain(struct judge *j)
{
    if (j->facts.trust != NULL)
        return refuse(j, TDM_E_TRUST, "unsigned", "not signed, and this router has keys",
                      j->verdict.layout.header_size);
    if (check_told_length(j) != TDM_OK || judge_policy_check_plain(&j->facts, &j->verdict, &j->fault) != TDM_OK)
        return j->fault.err;
    tdm_err err = tdm_sha256_begin(&j->running, j->crypto);
    return err == TDM_OK ? TDM_OK : no_digest(j, err);
}

/* ---- G: who has signed ---- */

static const struct tdm_key *find_key(const struct judge_trust *t, const uint8_t *id)
{
    for (size_t i = 0; i < t->count; i++) {
        if (memcmp(t->keys[i].id, id, TDM_KEY_ID_LEN) == 0)
            return &t->keys[i];
    }
    return NULL;
}

static uint64_t cell_at(const struct judge *j, const struct manifest_frame *frame, size_t i)
{
    return j->manifest_at + frame->signed_len + MANIFEST_CELL_LEN * i;
}

/* Check G2, one cell: a key of ours may not stand beside a signature that is not its own. */
static tdm_err verify(struct judge *j, const struct tdm_key *key, const struct manifest_cell *cell, uint64_t at)
{
    struct judge_verdict *v = &j->verdict;

    if (cell->algorithm != MANIFEST_ECDSA_P256_SHA256)
        return refuse(j, TDM_E_TRUST, "bad_signature", "a trusted key beside an algorithm that is not the key's", at);
    tdm_err err = tdm_p256_verify(j->crypto, key->point, v->id, cell->signature);
    if (err == TDM_E_TRUST)
        return refuse(j, TDM_E_TRUST, "bad_signature", "a signature is not that of the key it names", at);
    if (err != TDM_OK)
        return refuse(j, err, "signature_not_checked", "a signature could not be checked", at);
    memcpy(v->signers[v->signer_count++], cell->key_id, MANIFEST_KEY_ID_LEN);
    return TDM_OK;
}

/* Signatures by whose keys they are. */
struct signatures {
    size_t all, good, revoked;
};

/* Check G3. */
static tdm_err count_good(const struct judge_trust *t, const struct signatures *s, uint64_t at, struct tdm_fault *f)
{
    size_t needed = t->threshold > 0 ? t->threshold : 1;

    if (s->good >= needed)
        return TDM_OK;
    if (s->all == 0)
        return tdm_fault_set(f, TDM_E_TRUST, "unsigned", "not signed, and this router has keys", at);
    if (s->good + s->revoked >= needed)
        return tdm_fault_set(f, TDM_E_TRUST, "revoked_key", "signed by a key that has been revoked", at);
    if (s->good == 0)
        return tdm_fault_set(f, TDM_E_TRUST, "unknown_key", "not signed by a key that this router trusts", at);
    return tdm_fault_set(f, TDM_E_TRUST, "too_few_signatures", "signed by fewer trusted keys than this router wants",
                         at);
}

static tdm_err check_signatures(struct judge *j, const struct manifest_frame *frame)
{
    struct signatures s = {.all = frame->used_cells};

    if (j->facts.trust == NULL)
        return TDM_OK;
    for (size_t i = 0; i < frame->used_cells; i++) {
        struct manifest_cell cell;
        manifest_cell_get(frame, i, &cell);
        const struct tdm_key *key = find_key(j->facts.trust, cell.key_id);
        if (key != NULL && key->is_revoked)
            s.revoked++;
        else if (key != NULL && verify(j, key, &cell, cell_at(j, frame, i)) != TDM_OK)
            return j->fault.err;
    }
    s.good = j->verdict.signer_count;
    if (count_good(j->facts.trust, &s, cell_at(j, frame, 0), &j->fault) != TDM_OK)
        return j->fault.err;
    j->verdict.is_signed = true;
    return TDM_OK;
}

/* The same of signatures that were good once: which keys made them is all that is left to ask. */
static tdm_err check_signers(const struct judge_trust *t, const struct judge_verdict *v, uint64_t at,
                             struct tdm_fault *fault)
{
    struct signatures s = {.all = v->signer_count};

    for (size_t i = 0; i < v->signer_count; i++) {
        const struct tdm_key *key = find_key(t, v->signers[i]);
        s.good += key != NULL && !key->is_revoked;
        s.revoked += key != NULL && key->is_revoked;
    }
    return count_good(t, &s, at, fault);
}

tdm_err judge_host_again(const struct judge_facts *f, const struct judge_verdict *v, struct tdm_fault *fault)
{
    const uint64_t manifest_at = 3 * IMAGE_ENTRY_LEN + 1; /* behind the table and the NUL of an empty text */

    tdm_err err = f->trust != NULL ? check_signers(f->trust, v, 0, fault) : TDM_OK;
    return err == TDM_OK ? judge_policy_check(f, v, manifest_at, fault) : err;
}

/* ---- images with a manifest ---- */

/* The codec's fault, moved from its bytes to the file. */
static tdm_err take_fault(struct judge *j, const struct tdm_fault *f)
{
    return refuse(j, f->err, f->code, f->what, j->manifest_at + f->at);
}

/* Image id and signed digest: every byte of the file before the first cell. */
static tdm_err make_id(struct judge *j, const struct manifest_frame *frame)
{
    size_t text = (size_t)(j->manifest_at - j->verdict.layout.header_size);
    struct tdm_sha256 *s = &j->running;

    tdm_err err = tdm_sha256_begin(s, j->crypto);
    if (err == TDM_OK)
        err = tdm_sha256_update(s, j->header, j->verdict.layout.header_size);
    if (err == TDM_OK)
        err = tdm_sha256_update(s, j->parser.front, text + frame->signed_len);
    if (err == TDM_OK)
        err = tdm_sha256_end(s, j->verdict.id);
    return err == TDM_OK ? TDM_OK : no_digest(j, err);
}

/* Checks F1 to F6. */
static tdm_err read_statement(struct judge *j, const struct manifest_frame *frame)
{
    struct judge_verdict *v = &j->verdict;
    enum image_kind kind = v->layout.kind;
    struct tdm_fault f;

    tdm_fault_clear(&f);
    if (manifest_read(frame, kind != IMAGE_KIND_HOST, kind != IMAGE_KIND_RADIO, &v->manifest, &f) != TDM_OK)
        return take_fault(j, &f);
    const struct judge_half radio = {v->manifest.radio.api, v->manifest.radio.least_api};
    const struct judge_half host = {v->manifest.host.api, v->manifest.host.least_api};
    if (kind == IMAGE_KIND_PAIR && !judge_policy_do_speak(&radio, &host))
        return refuse(j, TDM_E_MISMATCH, "api_mismatch", "its radio and its host do not speak with each other",
                      j->manifest_at + 136);
    if (kind != IMAGE_KIND_HOST)
        v->radio_chip = v->manifest.radio.chip;
    if (v->manifest.host.family == MANIFEST_HOST_ESP)
        v->host_chip = v->manifest.host.chip;
    return TDM_OK;
}

tdm_err judge_front_manifest(struct judge *j, const uint8_t *bytes, size_t len)
{
    struct judge_verdict *v = &j->verdict;
    struct manifest_frame frame;
    struct tdm_fault f;

    tdm_fault_clear(&f);
    v->has_manifest = true;
    j->manifest_at = v->layout.parts[0].offset + (uint64_t)(bytes - j->parser.front);
    if (manifest_open(bytes, len, v->layout.part_count - 1, &frame, &f) != TDM_OK)
        return take_fault(j, &f);
    if (j->facts.told_length != 0 && j->facts.told_length != v->layout.total_size)
        return refuse(j, TDM_E_FORMAT, "wrong_length", "not as long as its header table says", j->facts.told_length);
    if (make_id(j, &frame) != TDM_OK)
        return j->fault.err;
    if (manifest_check_cells(&frame, &f) != TDM_OK)
        return take_fault(j, &f);
    if (check_signatures(j, &frame) != TDM_OK || read_statement(j, &frame) != TDM_OK)
        return j->fault.err;
    return judge_policy_check(&j->facts, v, j->manifest_at, &j->fault);
}
