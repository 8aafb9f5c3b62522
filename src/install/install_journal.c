/* SPDX-License-Identifier: Apache-2.0 */
#include "install/install_journal.h"

#include <string.h>

#include "base/sealed.h"

#define SYNCED_PLACES 2u /* the first ones; behind them the one for claims that are not */
#define CLAIM_LEN     (SEALED_EXTRA + 4 * TDM_SHA256_LEN + 2 + 3 * 8)

static const struct sealed_kind claim_kind = {
    .magic = 0x6a446454u, /* "TdDj" */
    .version = 1,
    .length = CLAIM_LEN,
};

/* ---- bytes ---- */

static tdm_err write_claim(const struct install_claim *c, uint32_t sequence, uint8_t *out)
{
    struct bytes_writer w = sealed_begin(&claim_kind, sequence, out);

    bytes_put(&w, c->front, sizeof c->front);
    bytes_put(&w, c->source, sizeof c->source);
    bytes_put_u8(&w, c->rcp);
    bytes_put_u8(&w, c->host);
    bytes_put_le64(&w, c->total);
    bytes_put_le64(&w, c->host_at);
    bytes_put_le64(&w, c->offset);
    bytes_put(&w, c->bundle_digest, sizeof c->bundle_digest);
    bytes_put(&w, c->host_digest, sizeof c->host_digest);
    return sealed_end(&claim_kind, &w);
}

static bool is_possible(const struct install_claim *c)
{
    bool has_rcp = c->rcp < SLOT_RCP_SLOTS, has_host = c->host < TDM_HOST_SLOTS;

    return (has_rcp || c->rcp == SLOT_RCP_NONE) && (has_host || c->host == SLOT_HOST_NONE) && (has_rcp || has_host) &&
           c->offset > 0 && c->offset < c->total && c->host_at <= c->total && (has_host || c->host_at == c->total);
}

static tdm_err read_claim(const uint8_t *bytes, uint32_t *sequence, struct install_claim *c)
{
    struct bytes_reader r;

    tdm_err err = sealed_open(&claim_kind, bytes, INSTALL_JOURNAL_LEN, sequence, &r);
    if (err != TDM_OK)
        return err == TDM_E_TOO_NEW ? err : TDM_E_NOT_FOUND;
    bytes_get(&r, c->front, sizeof c->front);
    bytes_get(&r, c->source, sizeof c->source);
    c->rcp = bytes_get_u8(&r);
    c->host = bytes_get_u8(&r);
    c->total = bytes_get_le64(&r);
    c->host_at = bytes_get_le64(&r);
    c->offset = bytes_get_le64(&r);
    bytes_get(&r, c->bundle_digest, sizeof c->bundle_digest);
    bytes_get(&r, c->host_digest, sizeof c->host_digest);
    return r.ok && is_possible(c) ? TDM_OK : TDM_E_NOT_FOUND;
}

/* ---- places ---- */

static bool has_places(const struct tdm_flash *flash)
{
    return flash->erase_size >= INSTALL_JOURNAL_LEN && INSTALL_JOURNAL_LEN % flash->prog_size == 0 &&
           flash->size / flash->erase_size >= INSTALL_JOURNAL_PLACES;
}

static tdm_err write_place(struct install_journal *j, uint32_t place, const uint8_t *bytes)
{
    uint64_t at = (uint64_t)place * j->flash->erase_size;

    tdm_err err = tdm_flash_erase(j->flash, at, j->flash->erase_size);
    return err == TDM_OK ? tdm_flash_prog(j->flash, at, bytes, INSTALL_JOURNAL_LEN) : err;
}

tdm_err install_journal_get(struct tdm_flash *flash, uint32_t place, uint32_t *sequence, struct install_claim *out)
{
    uint8_t bytes[INSTALL_JOURNAL_LEN];

    tdm_err err = tdm_flash_read(flash, (uint64_t)place * flash->erase_size, bytes, sizeof bytes);
    return err == TDM_OK ? read_claim(bytes, sequence, out) : err;
}

static void give_up(struct install_journal *j, struct tdm_log *log, const char *why)
{
    j->flash = NULL;
    if (log != NULL)
        tdm_log_note(log, TDM_LOG_WARNING, why, 0);
}

void install_journal_open(struct install_journal *j, struct tdm_flash *flash, struct tdm_log *log)
{
    struct install_claim claim;
    uint32_t sequence;

    *j = (struct install_journal){.flash = flash, .sequence = 1};
    if (flash != NULL && !has_places(flash))
        give_up(j, log, "the download journal is too small: this download cannot be gone on with later");
    for (uint32_t i = 0; j->flash != NULL && i < INSTALL_JOURNAL_PLACES; i++) {
        tdm_err err = install_journal_get(j->flash, i, &sequence, &claim);
        if (err == TDM_E_TOO_NEW)
            give_up(j, log, "the download journal is of a newer version: no download is gone on with");
        else if (err != TDM_OK && err != TDM_E_NOT_FOUND)
            give_up(j, log, "the download journal cannot be read: no download is gone on with");
        else if (err == TDM_OK && sequence >= j->sequence) {
            j->sequence = sequence == UINT32_MAX ? 1 : sequence + 1;
            j->place = i < SYNCED_PLACES ? (uint8_t)(SYNCED_PLACES - 1 - i) : j->place;
        }
    }
}

tdm_err install_journal_put(struct install_journal *j, const struct install_claim *claim, bool is_synced)
{
    uint8_t bytes[INSTALL_JOURNAL_LEN];

    memset(bytes, 0xff, sizeof bytes);
    tdm_err err = write_claim(claim, j->sequence, bytes);
    if (err == TDM_OK)
        err = write_place(j, is_synced ? j->place : SYNCED_PLACES, bytes);
    if (err == TDM_OK && is_synced)
        err = tdm_flash_sync(j->flash);
    if (err != TDM_OK)
        return err;
    j->sequence++;
    if (is_synced)
        j->place = (uint8_t)(SYNCED_PLACES - 1 - j->place);
    return TDM_OK;
}

tdm_err install_journal_clear(struct install_journal *j)
{
    uint8_t blank[INSTALL_JOURNAL_LEN];
    struct install_claim claim;
    uint32_t sequence;
    bool has_cleared = false;
    tdm_err err = TDM_OK;

    memset(blank, 0xff, sizeof blank);
    for (uint32_t i = 0; j->flash != NULL && err == TDM_OK && i < INSTALL_JOURNAL_PLACES; i++) {
        err = install_journal_get(j->flash, i, &sequence, &claim);
        bool is_there = err == TDM_OK;
        if (is_there)
            err = write_place(j, i, blank);
        else if (err == TDM_E_NOT_FOUND)
            err = TDM_OK;
        has_cleared = has_cleared || is_there;
    }
    return err == TDM_OK && has_cleared ? tdm_flash_sync(j->flash) : err;
}
