/* SPDX-License-Identifier: Apache-2.0 */
#include <tandem/history.h>

#include <string.h>

#include "base/sealed.h"

#define TEXT_ROOM (HISTORY_TEXT_MAX + 1)
#define ENTRY_LEN (SEALED_EXTRA + 1 + 8 + HISTORY_ID_LEN + 2 * TEXT_ROOM)
#define PLACE_LEN 512u /* programmed: a multiple of every usual program unit */

static const struct sealed_kind entry_kind = {
    .magic = 0x79486454u, /* "TdHy" */
    .version = 1,
    .length = ENTRY_LEN,
};

uint32_t history_places(const struct tdm_flash *flash)
{
    bool fits = flash->erase_size >= PLACE_LEN && PLACE_LEN % flash->prog_size == 0;
    uint64_t places = fits ? flash->size / flash->erase_size : 0;

    return places > UINT32_MAX ? UINT32_MAX : (uint32_t)places;
}

/* ---- bytes ---- */

static void put_text(struct bytes_writer *w, const char *text)
{
    size_t len = 0;

    while (len < HISTORY_TEXT_MAX && text[len] != '\0')
        len++;
    bytes_put(w, text, len);
    bytes_put_zeros(w, TEXT_ROOM - len);
}

static tdm_err write_entry(const struct history_entry *e, uint8_t *out)
{
    struct bytes_writer w = sealed_begin(&entry_kind, e->number, out);

    bytes_put_u8(&w, e->code);
    bytes_put_le64(&w, e->time);
    bytes_put(&w, e->id, sizeof e->id);
    put_text(&w, e->version);
    put_text(&w, e->reason);
    return sealed_end(&entry_kind, &w);
}

static tdm_err read_entry(const uint8_t *bytes, struct history_entry *e)
{
    struct bytes_reader r;

    if (sealed_open(&entry_kind, bytes, PLACE_LEN, &e->number, &r) != TDM_OK)
        return TDM_E_NOT_FOUND; /* damaged, or of a later version: the past is told as far as it is known */
    e->code = bytes_get_u8(&r);
    e->time = bytes_get_le64(&r);
    bytes_get(&r, e->id, sizeof e->id);
    bytes_get(&r, e->version, sizeof e->version);
    bytes_get(&r, e->reason, sizeof e->reason);
    e->version[HISTORY_TEXT_MAX] = e->reason[HISTORY_TEXT_MAX] = '\0';
    return r.ok && e->number != 0 ? TDM_OK : TDM_E_NOT_FOUND;
}

/* ---- places ---- */

tdm_err history_get(struct tdm_flash *flash, uint32_t place, struct history_entry *out)
{
    uint8_t bytes[PLACE_LEN];

    if (place >= history_places(flash))
        return TDM_E_NOT_FOUND;
    tdm_err err = tdm_flash_read(flash, (uint64_t)place * flash->erase_size, bytes, sizeof bytes);
    return err == TDM_OK ? read_entry(bytes, out) : err;
}

tdm_err history_find(struct tdm_flash *flash, uint32_t number, struct history_entry *out)
{
    uint32_t places = history_places(flash);

    tdm_err err = places > 0 ? history_get(flash, number % places, out) : TDM_E_NOT_FOUND;
    return err == TDM_OK && out->number != number ? TDM_E_NOT_FOUND : err;
}

tdm_err history_append(struct tdm_flash *flash, const struct history_entry *entry)
{
    uint32_t places = history_places(flash);
    uint8_t bytes[PLACE_LEN];

    if (places == 0)
        return TDM_E_NO_ROOM;
    uint64_t at = (uint64_t)(entry->number % places) * flash->erase_size;
    memset(bytes, 0xff, sizeof bytes);
    tdm_err err = write_entry(entry, bytes);
    if (err == TDM_OK)
        err = tdm_flash_erase(flash, at, flash->erase_size);
    if (err == TDM_OK)
        err = tdm_flash_prog(flash, at, bytes, sizeof bytes);
    return err == TDM_OK ? tdm_flash_sync(flash) : err;
}
