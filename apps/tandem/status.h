/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: what the record says about this router, in words. Reads, never writes.
 *
 * Used by   ota status, boot and the rcp commands.   Uses  slot, judge, device.
 */
#ifndef TANDEM_STATUS_H
#define TANDEM_STATUS_H

#include <tandem/reconcile.h>

#include "device.h"
#include "image/esp_app.h"

struct status {
    struct slot_record record;
    enum slot_store_state store;
    tdm_err record_err; /* of reading the record */
    enum tdm_host_slot running, next;
    bool has_slots, next_is_final, counts_starts;
    char host_version[ESP_APP_TEXT_MAX + 1]; /* of the running host, "" when nobody knows */
};

/* Reported failures give the exit number. A record that cannot be read is no failure: it is a state. */
int status_read(struct app *app, struct device *dev, struct status *s);

/* One of docs/CLI.md's words, and why when it is not "ok" (never NULL). */
const char *status_word(const struct status *s, const char **reason);
/* Of an enum slot_result: "ok", "failed", ... */
const char *status_result_word(uint8_t code);
const char *status_outcome_word(enum reconcile_outcome outcome);

/* What the running host calls itself: the record knows it of an image of ours, an ESP application says it itself. */
void status_host_version(struct tdm_host *host, enum tdm_host_slot running, const char *recorded,
                         char out[ESP_APP_TEXT_MAX + 1]);

/* The running host: slot, version, what starts next. */
void status_add_host(cJSON *to, const struct status *s);
/* Every slot as a row. Ids are whole for programs and short for people. */
void status_add_slots(struct app *app, cJSON *to, struct device *dev, const struct status *s);
/* "r0", "r1" or "none" */
const char *status_bundle_name(uint8_t rcp);
const char *status_slot_letter(enum tdm_host_slot slot);

/* The whole version text of a stored bundle, read through the judge; false and "" when there is no sound bundle. */
bool status_bundle_text(struct device *dev, const struct slot_content *c, uint8_t slot, char *out, size_t room);

/* What an answering radio says about itself. */
void status_add_radio(cJSON *to, const struct spinel_identity *who);

#endif
