/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <string.h>

#define SHORT_ID 6 /* bytes */

/* ---- reading ------------------------------------------------------------------------------------------------------- */

void status_host_version(struct tdm_host *host, enum tdm_host_slot running, const char *recorded,
                         char out[ESP_APP_TEXT_MAX + 1])
{
    uint8_t head[ESP_APP_HEAD_LEN];
    static struct esp_app app; /* large: keep it off the stack */
    size_t hashed;

    (void)snprintf(out, ESP_APP_TEXT_MAX + 1, "%s", recorded);
    if (recorded[0] != '\0' || !host->has_slots ||
        tdm_flash_read(host->slots[running], 0, head, sizeof head) != TDM_OK || !esp_app_is_likely(head, sizeof head))
        return;
    esp_app_init(&app);
    if (esp_app_push(&app, head, sizeof head, &hashed) != TDM_OK)
        return;
    esp_app_describe(&app);
    (void)snprintf(out, ESP_APP_TEXT_MAX + 1, "%s", app.info.version);
}

int status_read(struct app *app, struct device *dev, struct status *s)
{
    struct tdm_host *host = &dev->host.port;
    struct tdm_fault why = {0};

    memset(s, 0, sizeof *s);
    s->has_slots = host->has_slots;
    s->counts_starts = host->counts_starts;
    why.err = tdm_host_running(host, &s->running);
    if (why.err == TDM_OK)
        why.err = tdm_host_next(host, &s->next, &s->next_is_final);
    if (why.err != TDM_OK) {
        why.code = "selector_unreadable";
        why.what = "which slot starts next cannot be read";
        return app_fail_fault(app, device_selector_place(&app->cfg), &why);
    }
    s->record_err = slot_store_peek(&dev->store, &s->record, &s->store);
    if (s->record_err != TDM_OK || s->store != SLOT_STORE_OK)
        slot_record_first(&s->record, s->running);
    status_host_version(host, s->running, s->record.host[s->running].content.version, s->host_version);
    return EXIT_OK;
}

struct judge_sink {
    struct tdm_sink sink;
    struct judge judge;
};

static tdm_err push_to_judge(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    return judge_push(&((struct judge_sink *)(void *)sink)->judge, data, len);
}

bool status_bundle_text(struct device *dev, const struct slot_content *c, uint8_t slot, char *out, size_t room)
{
    static struct judge_sink to; /* large: keep it off the stack */
    struct judge_facts facts = {
        .takes_host = true, .radio_chip = JUDGE_CHIP_UNKNOWN, .radio_revision = JUDGE_REVISION_UNKNOWN};
    struct judge_verdict verdict;

    out[0] = '\0';
    if (c->state == SLOT_EMPTY || c->state == SLOT_WRITING)
        return false;
    to.sink.push = push_to_judge;
    judge_init(&to.judge, &dev->crypto.port, &facts, NULL);
    tdm_err err = slot_replay(&dev->rcp[slot].port, c->length, dev->buf, sizeof dev->buf, &to.sink);
    if (err != TDM_OK)
        judge_drop(&to.judge);
    else
        err = judge_end_bundle(&to.judge, &verdict);
    if (err != TDM_OK || !slot_id_equal(verdict.bundle_digest, c->digest))
        return false;
    (void)snprintf(out, room, "%s", verdict.version);
    return true;
}

/* ---- in words ------------------------------------------------------------------------------------------------------- */

const char *status_slot_letter(enum tdm_host_slot slot)
{
    return slot == TDM_HOST_A ? "A" : "B";
}

const char *status_bundle_name(uint8_t rcp)
{
    return rcp == SLOT_R0 ? "r0" : rcp == SLOT_R1 ? "r1" : "none";
}

const char *status_result_word(uint8_t code)
{
    static const char *const result_words[] = {
        [SLOT_RESULT_NONE] = "none",
        [SLOT_RESULT_OK] = "ok",
        [SLOT_RESULT_FAILED] = "failed",
        [SLOT_RESULT_CANCELLED] = "cancelled",
        [SLOT_RESULT_DEGRADED] = "degraded",
        [SLOT_RESULT_WAITING] = "waiting",
        [SLOT_RESULT_SUBSTITUTE] = "substitute",
    };

    return code < SLOT_RESULT_COUNT ? result_words[code] : "unknown";
}

const char *status_outcome_word(enum reconcile_outcome outcome)
{
    static const char *const words[] = {
        [RECONCILE_OK] = "ok",
        [RECONCILE_UNMANAGED] = "unmanaged",
        [RECONCILE_SUBSTITUTE] = "substitute",
        [RECONCILE_RESTART] = "pending restart",
        [RECONCILE_WAITING] = "trial",
        [RECONCILE_STOPPED] = "stopped",
        [RECONCILE_DEGRADED] = "degraded",
    };
    return words[outcome];
}

static bool is_anything_staged(const struct slot_record *rec)
{
    for (int i = 0; i < TDM_HOST_SLOTS; i++) {
        if (rec->host[i].content.state == SLOT_STAGED)
            return true;
    }
    return rec->rcp[SLOT_R0].state == SLOT_STAGED || rec->rcp[SLOT_R1].state == SLOT_STAGED;
}

static const char *word_of_trial(const struct status *s, const char **reason)
{
    if (s->record.trial.kind == SLOT_TRIAL_HOST && s->record.trial.to != (uint8_t)s->running) {
        *reason = "the new pair is stored and selected: restart the router";
        return "pending restart";
    }
    *reason = s->record.result.code == SLOT_RESULT_WAITING ? "the new pair is healthy: `tandem ota confirm` keeps it"
                                                           : "the new pair is not proven yet: `tandem boot` proves it";
    return "trial";
}

static const char *word_of_proven_host(const struct status *s, const char **reason)
{
    const struct slot_host_row *row = &s->record.host[s->running];

    if (s->record.result.code == SLOT_RESULT_DEGRADED) {
        *reason = s->record.result.reason;
        return "degraded";
    }
    if (s->next != s->running) {
        *reason = "another host slot is selected for the next start";
        return "pending restart";
    }
    if (is_anything_staged(&s->record)) {
        *reason = "an update is stored and not switched to";
        return "staged";
    }
    if (row->rcp == SLOT_RCP_NONE) {
        *reason = "no radio bundle belongs to the running host yet: `tandem rcp adopt` stores one";
        return "unmanaged";
    }
    if (!s->record.radio.is_known || !slot_id_equal(s->record.radio.holds, s->record.rcp[row->rcp].id)) {
        *reason = "the radio is not known to hold its bundle: run `tandem boot`";
        return "degraded";
    }
    *reason = row->is_mixed ? "the radio runs the other known-good bundle" : "";
    if (row->is_mixed && s->record.result.code == SLOT_RESULT_SUBSTITUTE && s->record.result.reason[0] != '\0')
        *reason = s->record.result.reason;
    return row->is_mixed ? "substitute" : "ok";
}

const char *status_word(const struct status *s, const char **reason)
{
    const struct slot_record *rec = &s->record;
    uint8_t state = rec->host[s->running].content.state;

    *reason = "";
    if (s->record_err != TDM_OK || s->store == SLOT_STORE_LOST) {
        *reason = s->record_err != TDM_OK ? "the record cannot be read" : "both copies of the record are damaged";
        return "degraded";
    }
    if (rec->trial.kind != SLOT_TRIAL_NONE || state == SLOT_STAGED)
        return word_of_trial(s, reason);
    if (state == SLOT_GOOD)
        return word_of_proven_host(s, reason);
    if (state == SLOT_BAD && rec->trial.tries > 0 && rec->host[tdm_host_other(s->running)].content.state == SLOT_GOOD) {
        *reason = "a refused host runs: restart to go back to the other one";
        return "pending restart";
    }
    *reason = "the running host is not one that was proven";
    return "degraded";
}

/* ---- as a tree ------------------------------------------------------------------------------------------------------ */

void status_add_host(cJSON *to, const struct status *s)
{
    cJSON *host = cJSON_AddObjectToObject(to, "host");

    cJSON_AddStringToObject(host, "running", status_slot_letter(s->running));
    cJSON_AddStringToObject(host, "version", s->host_version);
    if (!s->has_slots)
        return;
    cJSON_AddStringToObject(host, "next", status_slot_letter(s->next));
    cJSON_AddBoolToObject(host, "next_is_final", s->next_is_final);
    cJSON_AddBoolToObject(host, "starts_are_counted", s->counts_starts);
    if (!s->counts_starts)
        cJSON_AddStringToObject(host, "caution",
                                "no bootloader counts starts: a new host that does not reach `tandem boot` stays");
}

static void add_content(struct app *app, cJSON *row, const struct slot_content *c, const char *version)
{
    cJSON_AddStringToObject(row, "state", slot_state_name((enum slot_state)c->state));
    cJSON_AddNumberToObject(row, "length", (double)c->length);
    if (slot_id_is_zero(c->id))
        cJSON_AddStringToObject(row, "id", "");
    else
        app_add_hex(row, "id", c->id, app->is_json ? SLOT_ID_LEN : SHORT_ID);
    cJSON_AddStringToObject(row, "version", version);
    cJSON_AddBoolToObject(row, "signed", c->is_signed);
    cJSON_AddNumberToObject(row, "counter", c->counter);
}

static cJSON *add_row(cJSON *list, const char *name)
{
    cJSON *row = cJSON_CreateObject();

    cJSON_AddItemToArray(list, row);
    cJSON_AddStringToObject(row, "slot", name);
    return row;
}

void status_add_slots(struct app *app, cJSON *to, struct device *dev, const struct status *s)
{
    cJSON *list = cJSON_AddArrayToObject(to, "slots");
    char text[IMAGE_VERSION_MAX + 1];

    for (int i = 0; i < (s->has_slots ? TDM_HOST_SLOTS : 1); i++) {
        const struct slot_host_row *host = &s->record.host[i];
        cJSON *row = add_row(list, i == 0 ? "host A" : "host B");
        cJSON_AddStringToObject(row, "bundle", status_bundle_name(host->rcp));
        add_content(app, row, &host->content, host->content.version);
    }
    for (uint8_t i = 0; i < SLOT_RCP_SLOTS; i++) {
        const struct slot_content *c = &s->record.rcp[i];
        cJSON *row = add_row(list, status_bundle_name(i));
        cJSON_AddStringToObject(row, "bundle", "");
        bool is_sound = status_bundle_text(dev, c, i, text, sizeof text);
        bool is_damaged = !is_sound && c->state != SLOT_EMPTY && c->state != SLOT_WRITING;
        add_content(app, row, c, is_damaged ? "(the stored bundle is damaged)" : text);
    }
}

void status_add_radio(cJSON *to, const struct spinel_identity *who)
{
    cJSON_AddStringToObject(to, "version", who->version);
    app_add_hex(to, "eui64", who->hwaddr, sizeof who->hwaddr);
    cJSON_AddNumberToObject(to, "api", who->api);
    cJSON_AddNumberToObject(to, "min_host_api", who->min_host_api);
}
