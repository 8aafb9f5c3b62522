/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Until nothing differs: compare, write the runs of sectors that differ, compare again. A failure on the way leaves a hole
 * nobody need know of: the next comparison finds it. So a damaged block, a lost reply, a wedged loader and a flash that
 * power cut short yesterday are all one case.
 */
#include <string.h>

#include <tandem/esprom.h>

#include "esprom/esprom_engine.h"
#include "esprom/esprom_link.h"
#include "esprom/esprom_recover.h"
#include "esprom/esprom_region.h"
#include "esprom/esprom_stream.h"

#define PIECE        512u
#define STALLED_MAX  3u /* rounds without fewer differing sectors */
#define FAILURES_MAX 32u
#define PASSES_MAX   4u /* over all parts */
#define PROOFS_MAX   4u /* of one pass, while the line is disturbed */

/* ---- one run ------------------------------------------------------------------------------------------------------ */

struct stream_sink {
    struct tdm_sink sink;
    struct esprom *e;
    uint32_t counted;
};

static tdm_err count_bytes(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    (void)data;
    ((struct stream_sink *)(void *)sink)->counted += (uint32_t)len;
    return TDM_OK;
}

static tdm_err push_bytes(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return esprom_stream_push(((struct stream_sink *)(void *)sink)->e, data, len);
}

static void tell_progress(struct esprom *e, uint32_t run_done)
{
    uint64_t total = (uint64_t)e->region.differing * ESPROM_SECTOR, done = (uint64_t)e->region.written + run_done;
    tdm_log_progress(e->cfg.log, TDM_PHASE_FLASH, "write", done < total ? done : total, total);
}

static tdm_err compressor_failed(struct esprom *e, tdm_err err)
{
    return esprom_fail(e, err, "compressor_failed", "the compressor failed", 0);
}

/* The run's bytes through the compressor, or as they are. */
static tdm_err pour(struct esprom *e, uint32_t at, uint32_t len, bool is_packed, struct tdm_sink *to)
{
    struct tdm_deflate *d = e->cfg.deflate;
    uint8_t piece[PIECE];
    uint32_t n;

    tdm_err err = is_packed ? tdm_deflate_begin(d) : TDM_OK;
    for (uint32_t done = 0; done < len && err == TDM_OK; done += n) {
        n = len - done < sizeof piece ? len - done : (uint32_t)sizeof piece;
        err = esprom_region_read(e, at + done, piece, n);
        if (err == TDM_OK)
            err = is_packed ? tdm_deflate_push(d, piece, n, to) : tdm_sink_push(to, piece, n);
        if (to->push == push_bytes)
            tell_progress(e, done + n);
    }
    if (!is_packed)
        return err;
    tdm_err ended = tdm_deflate_end(d, err == TDM_OK ? to : NULL);
    if (err == TDM_OK)
        err = ended;
    return err == TDM_OK || e->fault.err != TDM_OK ? err : compressor_failed(e, err);
}

/* How many bytes the run takes compressed. The ROM wants to know before the first; so it is compressed twice. */
static tdm_err measure(struct esprom *e, uint32_t at, uint32_t len, uint32_t *packed)
{
    struct stream_sink counter = {.sink = {count_bytes}};

    tdm_err err = pour(e, at, len, true, &counter.sink);
    *packed = counter.counted;
    return err;
}

/* A ROM that does not inflate refuses the stream's begin, and nothing was erased. */
static bool is_deflate_refused(const struct esprom *e, tdm_err err)
{
    return err == TDM_E_PEER && e->fault.at == ESPROM_REASON_BAD_FORMAT && strcmp(e->fault.code, "rom_refused") == 0;
}

/* Is it worth it to compress this run? *packed: the bytes to send, either way. */
static tdm_err choose(struct esprom *e, uint32_t at, uint32_t len, bool *is_packed, uint32_t *packed)
{
    bool may_pack = e->cfg.deflate != NULL && !e->is_deflate_refused;

    *packed = len;
    tdm_err err = may_pack ? measure(e, at, len, packed) : TDM_OK;
    *is_packed = may_pack && *packed < len;
    *packed = *is_packed ? *packed : len;
    return err;
}

static tdm_err write_run(struct esprom *e, uint32_t at, uint32_t len)
{
    struct stream_sink to = {.sink = {push_bytes}, .e = e};
    uint32_t packed;
    bool is_packed;

    tdm_err err = choose(e, at, len, &is_packed, &packed);
    if (err != TDM_OK)
        return err;
    err = esprom_stream_begin(e, is_packed ? ESPROM_DEFLATE : ESPROM_PLAIN, e->region.offset + at, len, packed);
    if (is_packed && is_deflate_refused(e, err))
        e->is_deflate_refused = true; /* the next round sends it plain */
    if (err == TDM_OK)
        err = pour(e, at, len, is_packed, &to.sink);
    if (err == TDM_OK)
        err = esprom_stream_end(e);
    e->stream.is_open = false;
    return err;
}

static uint32_t run_len(const struct esprom *e, uint32_t first, uint32_t count)
{
    return (count - 1) * ESPROM_SECTOR + esprom_region_sector_len(e, first + count - 1);
}

static tdm_err write_differing(struct esprom *e)
{
    tdm_err err = TDM_OK;
    uint32_t count;

    e->region.written = 0;
    for (uint32_t first = 0; err == TDM_OK && (count = esprom_region_next_run(e, &first)) > 0; first += count) {
        uint32_t len = run_len(e, first, count);
        e->tally.streams++;
        e->tally.rewritten += count;
        err = write_run(e, first * ESPROM_SECTOR, len);
        e->region.written += len;
    }
    return err;
}

/* ---- public ------------------------------------------------------------------------------------------------------- */

tdm_err esprom_plan(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source)
{
    tdm_err err = esprom_require(e);
    if (err == TDM_OK)
        err = esprom_region_take(e, offset, size, source);
    return err == TDM_OK ? esprom_region_compare(e) : err;
}

tdm_err esprom_predict(struct esprom *e, uint64_t *bytes)
{
    tdm_err err = esprom_require(e);
    uint32_t count, packed;
    bool is_packed;

    *bytes = 0;
    for (uint32_t first = 0; err == TDM_OK && (count = esprom_region_next_run(e, &first)) > 0; first += count) {
        err = choose(e, first * ESPROM_SECTOR, run_len(e, first, count), &is_packed, &packed);
        *bytes += packed;
    }
    return err;
}

static tdm_err give_up(struct esprom *e, const struct esprom_rounds *r)
{
    if (r->last.err != TDM_OK)
        return tdm_fault_from(&e->fault, &r->last);
    return esprom_fail(e, TDM_E_CORRUPT, "digest_differs", "the flash holds other bytes than were sent",
                       e->region.offset);
}

/* One comparison, and what it asks for. TDM_OK with nothing differing: done. */
static tdm_err run_round(struct esprom *e, struct esprom_rounds *r)
{
    tdm_err err = esprom_region_compare(e);

    if (err == TDM_OK && e->region.differing == 0)
        return TDM_OK;
    bool is_progress = err == TDM_OK && e->region.differing < r->least;
    r->stalled = is_progress ? 0 : r->stalled + 1;
    if (is_progress)
        r->least = e->region.differing;
    if (err != TDM_OK)
        return err;
    return r->stalled >= STALLED_MAX ? give_up(e, r) : write_differing(e);
}

/* proof_follows: what was written without any trouble is not compared here; the caller asks for its digest. */
static tdm_err update(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source,
                      bool proof_follows)
{
    struct esprom_rounds r = {.least = UINT32_MAX};

    tdm_fault_clear(&r.last);
    tdm_err err = esprom_require(e);
    if (err == TDM_OK)
        err = esprom_region_take(e, offset, size, source);
    if (err == TDM_OK)
        e->tally.sectors += e->region.sector_count;
    while (err == TDM_OK) {
        err = run_round(e, &r);
        if (err == TDM_OK && (e->region.differing == 0 || (proof_follows && r.failures == 0)))
            return TDM_OK;
        if (err == TDM_OK)
            continue; /* written; the next comparison proves it */
        r.last = e->fault;
        if (!esprom_may_heal(e) || r.stalled >= STALLED_MAX || ++r.failures >= FAILURES_MAX)
            return err;
        err = esprom_recover(e, &r);
    }
    return err;
}

tdm_err esprom_update(struct esprom *e, uint32_t offset, uint32_t size, struct esprom_source *source)
{
    return update(e, offset, size, source, false);
}

/* ---- several parts ------------------------------------------------------------------------------------------------ */

enum proof { PROOF_WHOLE, PROOF_OTHER, PROOF_DISTURBED };

static tdm_err prove_once(struct esprom *e, const struct esprom_part *parts, size_t count, enum proof *proof)
{
    uint32_t before = e->link.disturbances;
    uint8_t there[ESPROM_MD5_LEN] = {0};
    tdm_err err = TDM_OK;

    *proof = PROOF_WHOLE;
    for (size_t i = 0; i < count && err == TDM_OK && *proof == PROOF_WHOLE; i++) {
        err = esprom_region_md5(e, parts[i].offset, parts[i].size, there);
        if (err == TDM_OK && memcmp(there, parts[i].md5, sizeof there) != 0)
            *proof = PROOF_OTHER;
    }
    if (e->link.disturbances != before)
        *proof = PROOF_DISTURBED;
    return err;
}

/* A digest that differs counts when it did so twice: an answer with a bit turned looks like one. */
static tdm_err prove_all(struct esprom *e, const struct esprom_part *parts, size_t count, enum proof *proof)
{
    unsigned others = 0;
    tdm_err err = TDM_OK;

    *proof = PROOF_DISTURBED;
    for (unsigned i = 0; i < PROOFS_MAX && err == TDM_OK && *proof != PROOF_WHOLE && others < 2; i++) {
        err = prove_once(e, parts, count, proof);
        others += *proof == PROOF_OTHER;
    }
    return err;
}

static tdm_err update_each(struct esprom *e, const struct esprom_part *parts, size_t count, bool is_first)
{
    tdm_err err = TDM_OK;

    for (size_t i = 0; i < count && err == TDM_OK; i++) {
        if (is_first)
            tdm_log_note(e->cfg.log, TDM_LOG_INFO, parts[i].name, parts[i].size);
        err = update(e, parts[i].offset, parts[i].size, parts[i].source, is_first);
    }
    return err;
}

/* What failed in a proof is mended as in an update: the parts are gone through again. */
static tdm_err mend(struct esprom *e, unsigned failures)
{
    struct esprom_rounds r = {.last = e->fault, .failures = failures};

    return esprom_may_heal(e) ? esprom_recover(e, &r) : e->fault.err;
}

tdm_err esprom_update_all(struct esprom *e, const struct esprom_part *parts, size_t count)
{
    unsigned idle = 0; /* passes in a row that wrote nothing, and yet proved nothing */
    enum proof proof = PROOF_OTHER;

    for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
        uint32_t before = e->tally.rewritten;
        tdm_err err = update_each(e, parts, count, pass == 0);
        if (err != TDM_OK)
            return err;
        err = prove_all(e, parts, count, &proof);
        if (err == TDM_OK && proof == PROOF_WHOLE)
            return TDM_OK;
        idle = err == TDM_OK && proof == PROOF_OTHER && e->tally.rewritten == before ? idle + 1 : 0;
        if (idle == 2)
            return esprom_fail(e, TDM_E_CORRUPT, "not_proven", "the flash holds something else than what was judged",
                               0);
        bool is_last = pass + 1 == PASSES_MAX;
        if (err != TDM_OK && (is_last || mend(e, pass + 1) != TDM_OK))
            return e->fault.err;
    }
    if (proof == PROOF_DISTURBED)
        return esprom_fail(e, TDM_E_NOISE, "rom_noise", "the line is too disturbed for a proof", 0);
    return esprom_fail(e, TDM_E_CORRUPT, "digest_differs", "the flash does not keep what is written", 0);
}
