/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest_text.h"

#include <stdio.h>

#include "app.h"
#include "image/esp_chip.h"
#include "imagesign.h"
#include "value.h"

#define TEXT_MAX 1024 /* more bytes of a label or URL are not shown */

void manifest_text_problem(const struct tdm_fault *why, cJSON *result)
{
    char text[256];

    (void)snprintf(text, sizeof text, "%s: %s (at %llu)", why->code, why->what, (unsigned long long)why->at);
    cJSON_AddStringToObject(result, "statement", "damaged");
    cJSON_AddStringToObject(result, "statement_problem", text);
}

static void add_chip(cJSON *to, uint16_t id)
{
    const struct esp_chip *chip = esp_chip_by_id(id);
    char text[32];

    (void)snprintf(text, sizeof text, "chip id %u", (unsigned)id);
    cJSON_AddStringToObject(to, "chip", chip != NULL ? chip->name : text);
}

static void add_api(cJSON *to, const struct manifest_side *side)
{
    cJSON_AddNumberToObject(to, "api", side->api);
    cJSON_AddNumberToObject(to, "least_api", side->least_api);
}

static void add_chips(cJSON *to, const struct manifest_side *side)
{
    add_chip(to, side->chip);
    cJSON_AddNumberToObject(to, "revision_min", side->revision_min);
    cJSON_AddNumberToObject(to, "revision_max", side->revision_max);
}

/* What a terminal might obey is shown as a question mark. */
static void add_text(cJSON *to, const char *key, const char *text, size_t len)
{
    char copy[TEXT_MAX + 1];
    size_t n = 0;

    if (text == NULL)
        return;
    for (; n < len && n < TEXT_MAX; n++) {
        bool is_printable = text[n] >= ' ' && text[n] <= '~';
        copy[n] = '?';
        if (is_printable)
            copy[n] = text[n];
    }
    copy[n] = '\0';
    cJSON_AddStringToObject(to, key, copy);
}

static void add_time(cJSON *to, const char *key, uint64_t seconds)
{
    char text[VALUE_TIME_LEN];

    if (seconds != 0)
        cJSON_AddStringToObject(to, key, value_time_text(seconds, text));
    else
        cJSON_AddNullToObject(to, key);
}

static void add_fields(cJSON *to, const struct manifest *m)
{
    cJSON_AddStringToObject(to, "pair_version", m->pair_version);
    cJSON_AddNumberToObject(to, "counter", m->counter);
    cJSON_AddStringToObject(to, "compatible", m->compatible);
    add_time(to, "issued", m->issued);
    add_time(to, "expires", m->expires);
    if (m->radio.family != MANIFEST_RADIO_NONE) {
        cJSON *radio = cJSON_AddObjectToObject(to, "radio");
        add_chips(radio, &m->radio);
        cJSON_AddNumberToObject(radio, "least_flash", m->least_flash);
        add_api(radio, &m->radio);
    }
    if (m->host.family != MANIFEST_HOST_NONE) {
        cJSON *host = cJSON_AddObjectToObject(to, "host");
        cJSON_AddStringToObject(host, "kind", m->host.family == MANIFEST_HOST_ESP ? "esp" : "opaque");
        if (m->host.family == MANIFEST_HOST_ESP)
            add_chips(host, &m->host);
        add_api(host, &m->host);
    }
    add_text(to, "label", m->label, m->label_len);
    add_text(to, "notes_url", m->notes_url, m->notes_url_len);
}

static void add_cells(cJSON *list, const struct manifest_frame *frame)
{
    for (size_t i = 0; i < frame->cell_count; i++) {
        bool is_used = i < frame->used_cells;
        cJSON *row = cJSON_CreateObject();
        struct manifest_cell cell;

        cJSON_AddItemToArray(list, row);
        cJSON_AddStringToObject(row, "state", is_used ? "used" : "blank");
        if (!is_used) {
            cJSON_AddNullToObject(row, "key_id");
            cJSON_AddNullToObject(row, "algorithm");
            continue;
        }
        manifest_cell_get(frame, i, &cell);
        app_add_hex(row, "key_id", cell.key_id, sizeof cell.key_id);
        if (cell.algorithm == MANIFEST_ECDSA_P256_SHA256)
            cJSON_AddStringToObject(row, "algorithm", "ecdsa-p256-sha256");
        else
            cJSON_AddNumberToObject(row, "algorithm", cell.algorithm);
    }
}

void manifest_text_describe(const struct front *f, const struct image_layout *layout, cJSON *result)
{
    struct manifest m;
    struct tdm_fault why;

    tdm_fault_clear(&why);
    if (manifest_read(&f->frame, layout->kind != IMAGE_KIND_HOST, layout->kind != IMAGE_KIND_RADIO, &m, &why) !=
        TDM_OK) {
        why.at += f->manifest_at;
        manifest_text_problem(&why, result);
    } else {
        cJSON_AddStringToObject(result, "statement", f->frame.used_cells == 0 ? "unsigned" : "signed");
        add_fields(cJSON_AddObjectToObject(result, "stated"), &m);
    }
    imagesign_describe(result, f);
    add_cells(cJSON_AddArrayToObject(result, "cells"), &f->frame);
}
