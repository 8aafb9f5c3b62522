/* SPDX-License-Identifier: Apache-2.0 */
/* ota status: what runs, what is stored, what is due. The radio is not asked: what it was last known to hold is told. */
#include <unistd.h>

#include <tandem/install.h>

#include "policy.h"
#include "status.h"
#include "value.h"

static const struct app_option options[] = {{0}};

static void add_radio(struct app *app, struct device *dev, const struct status *s)
{
    const struct slot_record *rec = &s->record;
    uint8_t wanted = rec->host[s->running].rcp;
    char text[IMAGE_VERSION_MAX + 1] = "";
    cJSON *radio = cJSON_AddObjectToObject(app->result, "radio");
    const char *holds = !rec->radio.is_known ? "unknown" : "another bundle";

    if (wanted != SLOT_RCP_NONE)
        (void)status_bundle_text(dev, &rec->rcp[wanted], wanted, text, sizeof text);
    if (rec->radio.is_known && wanted != SLOT_RCP_NONE && slot_id_equal(rec->radio.holds, rec->rcp[wanted].id))
        holds = "the wanted bundle";
    cJSON_AddStringToObject(radio, "wanted", text);
    cJSON_AddStringToObject(radio, "bundle", status_bundle_name(wanted));
    cJSON_AddStringToObject(radio, "holds", holds);
    cJSON_AddNumberToObject(radio, "flashes_begun", rec->radio.begun);
    cJSON_AddNumberToObject(radio, "flashes_failed", rec->radio.failed);
}

static void add_trial(cJSON *to, const struct slot_record *rec)
{
    if (rec->trial.kind != SLOT_TRIAL_NONE) {
        cJSON *trial = cJSON_AddObjectToObject(to, "trial");
        cJSON_AddStringToObject(trial, "kind", rec->trial.kind == SLOT_TRIAL_HOST ? "host" : "radio");
        cJSON_AddStringToObject(trial, "host", status_slot_letter((enum tdm_host_slot)rec->trial.to));
        cJSON_AddNumberToObject(trial, "tries_left", rec->trial.tries);
    }
    if (rec->back.host != SLOT_HOST_NONE) {
        cJSON *back = cJSON_AddObjectToObject(to, "back");
        cJSON_AddStringToObject(back, "host", status_slot_letter((enum tdm_host_slot)rec->back.host));
        cJSON_AddStringToObject(back, "bundle", status_bundle_name(rec->back.rcp));
    }
}

/* As the journal claims: the next download finds out what of it is true. */
static void add_download(cJSON *to, struct device *dev, const struct slot_record *rec)
{
    uint64_t kept, total;

    if (!dev->journal.is_open || !install_has_kept(&dev->journal.port, rec, &kept, &total))
        return;
    cJSON *download = cJSON_AddObjectToObject(to, "download");
    cJSON_AddNumberToObject(download, "kept", (double)kept);
    cJSON_AddNumberToObject(download, "total", (double)total);
}

static void add_past(struct app *app, const struct slot_record *rec)
{
    cJSON *last = cJSON_AddObjectToObject(app->result, "last_result");
    cJSON_AddStringToObject(last, "result", status_result_word(rec->update.code));
    cJSON_AddStringToObject(last, "reason", rec->update.reason);
    cJSON *refused = cJSON_AddArrayToObject(app->result, "refused");
    for (int i = 0; i < SLOT_BAD_MAX; i++) {
        if (slot_id_is_zero(rec->bad[i].id))
            continue;
        cJSON *row = cJSON_CreateObject();
        cJSON_AddItemToArray(refused, row);
        app_add_hex(row, "id", rec->bad[i].id, app->is_json ? SLOT_ID_LEN : 6);
        cJSON_AddStringToObject(row, "reason", rec->bad[i].reason);
    }
}

/* The pair that runs: both halves count. */
static void add_pair(struct app *app, const struct status *s)
{
    const struct slot_host_row *row = &s->record.host[s->running];
    bool has_bundle = row->rcp < SLOT_RCP_SLOTS;
    cJSON *pair = cJSON_AddObjectToObject(app->result, "pair");

    cJSON_AddStringToObject(pair, "version", row->pair_version);
    cJSON_AddBoolToObject(pair, "signed",
                          (row->content.is_signed || !s->has_slots) && has_bundle && s->record.rcp[row->rcp].is_signed);
}

static void add_keys(struct app *app, cJSON *trust)
{
    static struct policy policy; /* large: keep it off the stack */
    struct tdm_fault why;

    if (policy_load_keys(&app->cfg, &policy, &why) != TDM_OK) {
        cJSON_AddStringToObject(trust, "problem", why.what);
        cJSON_AddStringToObject(trust, "problem_file", policy.keys.file);
    }
    cJSON *keys = cJSON_AddArrayToObject(trust, "keys");
    for (size_t i = 0; i < policy.keys.count; i++) {
        const struct tdm_key *key = &policy.keys.keys[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddItemToArray(keys, row);
        app_add_hex(row, "id", key->id, sizeof key->id);
        cJSON_AddBoolToObject(row, "revoked", key->is_revoked);
    }
}

static void add_trust(struct app *app, const struct slot_record *rec)
{
    cJSON *trust = cJSON_AddObjectToObject(app->result, "trust");
    bool has_keys = app->cfg.images.keys[0] != '\0';
    char time[VALUE_TIME_LEN];

    cJSON_AddStringToObject(trust, "images", has_keys ? "must be signed" : "unsigned");
    cJSON_AddNumberToObject(trust, "signatures_needed", has_keys ? (double)app->cfg.images.signatures : 0);
    add_keys(app, trust);
    cJSON_AddNumberToObject(trust, "counter_floor", rec->counter_floor);
    cJSON_AddStringToObject(trust, "time_floor", value_time_text(rec->time_floor, time));
    cJSON_AddBoolToObject(trust, "own_certificates",
                          access(app->cfg.trust.file, R_OK) == 0 || app->cfg.trust.folder[0] != '\0');
    cJSON_AddBoolToObject(trust, "system_certificates", app->cfg.trust.use_system);
}

int cmd_ota_status(struct app *app, int argc, char **argv)
{
    static struct device dev; /* large: keep it off the stack */
    static struct status s;
    const char *reason;

    int status = app_options(app, &argc, argv, options, 0);
    if (status == EXIT_OK)
        status = device_open_storage(app, &dev, DEVICE_LOOK);
    if (status == EXIT_OK)
        status = status_read(app, &dev, &s);
    if (status == EXIT_OK) {
        cJSON_AddStringToObject(app->result, "state", status_word(&s, &reason));
        if (reason[0] != '\0')
            cJSON_AddStringToObject(app->result, "reason", reason);
        status_add_host(app->result, &s);
        add_pair(app, &s);
        add_radio(app, &dev, &s);
        status_add_slots(app, app->result, &dev, &s);
        add_trial(app->result, &s.record);
        add_download(app->result, &dev, &s.record);
        add_past(app, &s.record);
        add_trust(app, &s.record);
    }
    device_close(&dev);
    return status;
}
