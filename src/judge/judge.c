/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/judge.h>

#include <string.h>

#include "judge/judge_front.h"
#include "judge/judge_parts.h"
#include "judge/judge_policy.h"

static tdm_err refuse(struct judge *j, tdm_err err, const char *code, const char *what, uint64_t at)
{
    return tdm_fault_set(&j->fault, err, code, what, at);
}

/* ---- what goes out ---- */

static tdm_err hash(struct judge *j, struct tdm_sha256 *s, const uint8_t *data, size_t len)
{
    tdm_err err = tdm_sha256_update(s, data, len);
    return err == TDM_OK ? TDM_OK : refuse(j, err, "hash_failed", "the digest failed", 0);
}

/* Every byte of the image passes here once, in order. A host part with a manifest has its digest already. */
static tdm_err emit(struct judge *j, bool is_host, const uint8_t *data, size_t len)
{
    bool is_plain = !j->verdict.has_manifest;
    tdm_err err = is_plain ? hash(j, &j->running, data, len) : TDM_OK;
    if (err == TDM_OK && (is_plain || !is_host))
        err = hash(j, is_host ? &j->host : &j->bundle, data, len);
    if (err != TDM_OK || j->out == NULL)
        return err;
    err = is_host ? j->out->on_host(j->out, data, len) : j->out->on_bundle(j->out, data, len);
    return err == TDM_OK ? TDM_OK : refuse(j, err, "not_stored", "the receiver of the image stopped", j->parser.at);
}

/* All that can be known before the first byte is stored has been judged: let go of what was held back. */
static tdm_err accept(struct judge *j)
{
    tdm_err err = TDM_OK;

    j->is_accepted = true;
    if (j->out != NULL)
        err = j->out->on_accept(j->out, &j->verdict);
    if (err != TDM_OK)
        return refuse(j, err, "not_stored", "the receiver of the image stopped", 0);
    if (j->verdict.layout.bundle_size == 0)
        return TDM_OK; /* without radio parts nobody has a place for the front */
    err = emit(j, false, j->header, j->verdict.layout.header_size);
    if (err == TDM_OK)
        err = emit(j, false, j->parser.front, j->verdict.layout.parts[0].size);
    if (err == TDM_OK)
        err = emit(j, false, j->flash_args, sizeof j->flash_args);
    return err;
}

/* ---- the parser's events ---- */

static tdm_err on_header(void *ctx, const struct image_layout *layout)
{
    struct judge *j = ctx;

    j->verdict.layout = *layout;
    return TDM_OK;
}

static tdm_err on_version(void *ctx, const char *text, size_t len)
{
    struct judge *j = ctx;

    if (len >= sizeof j->verdict.version)
        return refuse(j, TDM_E_BUG, "bug", "version text too long", 0);
    memcpy(j->verdict.version, text, len);
    return len == j->verdict.layout.parts[0].size ? judge_front_plain(j) : TDM_OK;
}

static tdm_err on_manifest(void *ctx, const uint8_t *bytes, size_t len)
{
    return judge_front_manifest(ctx, bytes, len);
}

static tdm_err pass(struct judge *j, const struct image_part *part, const uint8_t *data, size_t len)
{
    if (len == 0)
        return TDM_OK;
    tdm_err err = judge_part_push(j, part, data, len);
    return err == TDM_OK ? emit(j, part->tag == IMAGE_TAG_HOST, data, len) : err;
}

/* The first bytes of a firmware file are there: they say what it is. With the first file's all is judged that can be. */
static tdm_err begin_firmware(struct judge *j, const struct image_part *part)
{
    struct judge_work *w = judge_work(j);

    tdm_err err = judge_part_begin(j, part);
    if (err == TDM_OK && !j->is_accepted)
        err = accept(j);
    return err == TDM_OK ? emit(j, part->tag == IMAGE_TAG_HOST, w->head, w->head_len) : err;
}

static tdm_err push_firmware(struct judge *j, const struct image_part *part, uint32_t at, const uint8_t *data,
                             size_t len)
{
    struct judge_work *w = judge_work(j);
    size_t want = part->size < sizeof w->head ? part->size : sizeof w->head;

    if (at >= want)
        return pass(j, part, data, len);
    size_t n = len < want - at ? len : want - at;
    memcpy(w->head + at, data, n);
    w->head_len = at + n;
    if (w->head_len < want)
        return TDM_OK;
    tdm_err err = begin_firmware(j, part);
    return err == TDM_OK ? pass(j, part, data + n, len - n) : err;
}

static tdm_err on_part_data(void *ctx, const struct image_part *part, uint32_t at, const uint8_t *data, size_t len)
{
    struct judge *j = ctx;
    tdm_err err = judge_digest_push(j, part, at, data, len);

    if (err != TDM_OK)
        return err;
    switch (part->tag) {
    case IMAGE_TAG_FLASH_ARGS:
        if (at > sizeof j->flash_args || len > sizeof j->flash_args - at)
            return refuse(j, TDM_E_BUG, "bug", "flash arguments too long", part->offset);
        memcpy(j->flash_args + at, data, len);
        return TDM_OK;
    case IMAGE_TAG_PARTITION_TABLE:
        if (at == 0)
            err = judge_part_begin(j, part);
        return err == TDM_OK ? pass(j, part, data, len) : err;
    default:
        return push_firmware(j, part, at, data, len);
    }
}

static tdm_err on_part_end(void *ctx, const struct image_part *part)
{
    struct judge *j = ctx;
    tdm_err err = judge_digest_end(j, part);

    if (err != TDM_OK)
        return err;
    return part->tag == IMAGE_TAG_FLASH_ARGS ? judge_flash_args(j, part) : judge_part_end(j, part);
}

/* ---- public ---- */

void judge_init(struct judge *j, struct tdm_crypto *crypto, const struct judge_facts *facts, struct judge_output *out)
{
    static const struct image_events events = {on_header, on_version, on_manifest, on_part_data, on_part_end};

    *j = (struct judge){.crypto = crypto, .facts = *facts, .out = out};
    tdm_fault_clear(&j->fault);
    j->verdict.radio_chip = j->verdict.host_chip = JUDGE_CHIP_UNKNOWN;
    image_init(&j->parser, &events, j);
    tdm_err err = tdm_sha256_begin(&j->bundle, crypto);
    if (err == TDM_OK)
        err = tdm_sha256_begin(&j->host, crypto);
    if (err != TDM_OK)
        (void)refuse(j, err, "hash_failed", "the digest failed", 0); /* judge_push() answers it */
}

/* The parser takes the table apart and keeps no bytes of it; what goes out later must be these very bytes. */
static void keep_header(struct judge *j, const uint8_t *data, size_t len)
{
    size_t room = sizeof j->header - j->header_len, n = len < room ? len : room;

    memcpy(j->header + j->header_len, data, n);
    j->header_len += n;
}

tdm_err judge_push(struct judge *j, const uint8_t *data, size_t len)
{
    if (j->fault.err != TDM_OK)
        return j->fault.err;
    if (j->parser.state == IMAGE_HEADER)
        keep_header(j, data, len);
    if (image_push(&j->parser, data, len) != TDM_OK)
        return tdm_fault_from(&j->fault, &j->parser.fault);
    return TDM_OK;
}

static tdm_err end_digests(struct judge *j)
{
    struct judge_verdict *v = &j->verdict;
    tdm_err err = v->has_manifest ? TDM_OK : tdm_sha256_end(&j->running, v->id);

    if (err == TDM_OK && v->layout.bundle_size > 0)
        err = tdm_sha256_end(&j->bundle, v->bundle_digest);
    if (err == TDM_OK && !v->has_manifest)
        err = tdm_sha256_end(&j->host, v->host_digest);
    return err == TDM_OK ? TDM_OK : refuse(j, err, "hash_failed", "the digest failed", 0);
}

/* A plain image's id is that of all its bytes; with a manifest it was known and asked at the front. */
static tdm_err settle_id(struct judge *j, bool is_bundle)
{
    if (j->verdict.has_manifest)
        return TDM_OK;
    if (!is_bundle || j->verdict.layout.host_size == 0)
        return judge_policy_check_id(&j->facts, &j->verdict, &j->fault);
    memset(j->verdict.id, 0, sizeof j->verdict.id); /* its host part is not here */
    return TDM_OK;
}

static tdm_err settle(struct judge *j, bool is_bundle)
{
    if (j->fault.err != TDM_OK)
        return j->fault.err;
    if ((is_bundle ? image_end_bundle(&j->parser) : image_end(&j->parser)) != TDM_OK)
        return tdm_fault_from(&j->fault, &j->parser.fault);
    tdm_err err = end_digests(j);
    return err == TDM_OK ? settle_id(j, is_bundle) : err;
}

static tdm_err end(struct judge *j, bool is_bundle, struct judge_verdict *verdict)
{
    tdm_err err = settle(j, is_bundle);

    judge_drop(j);
    if (err == TDM_OK)
        *verdict = j->verdict;
    return err;
}

tdm_err judge_end(struct judge *j, struct judge_verdict *verdict)
{
    return end(j, false, verdict);
}

tdm_err judge_end_bundle(struct judge *j, struct judge_verdict *verdict)
{
    return end(j, true, verdict);
}

void judge_drop(struct judge *j)
{
    tdm_sha256_drop(&j->running);
    tdm_sha256_drop(&j->bundle);
    tdm_sha256_drop(&j->host);
    tdm_sha256_drop(&j->firmware);
}

/* The digest of the part that is passing; before its first byte j->host has seen nothing either. */
static const struct tdm_sha256 *host_so_far(const struct judge *j)
{
    const struct image_layout *l = &j->verdict.layout;
    bool is_passing = j->parser.part < l->part_count && l->parts[j->parser.part].tag == IMAGE_TAG_HOST;

    return j->verdict.has_manifest && is_passing && j->parser.part_at > 0 ? &j->running : &j->host;
}

tdm_err judge_so_far(const struct judge *j, uint8_t bundle[TDM_SHA256_LEN], uint8_t host[TDM_SHA256_LEN])
{
    tdm_err err = tdm_sha256_peek(&j->bundle, bundle);
    return err == TDM_OK ? tdm_sha256_peek(host_so_far(j), host) : err;
}
