/* SPDX-License-Identifier: Apache-2.0 */
#include "installer.h"

#include <inttypes.h>
#include <string.h>

#include "image/esp_chip.h"
#include "refusal.h"

void installer_init(struct install *in, struct app *app, struct device *dev, struct tdm_http *source)
{
    const struct install_config cfg = {
        .source = source,
        .crypto = &dev->crypto.port,
        .host = &dev->host.port,
        .rcp_slots = {&dev->rcp[SLOT_R0].port, &dev->rcp[SLOT_R1].port},
        .store = &dev->store,
        .log = app->log,
        .policy = dev->policy.install,
        .radio_chip = dev->chip,
        .buf = dev->buf,
        .buf_len = sizeof dev->buf,
        .journal = dev->journal.is_open ? &dev->journal.port : NULL,
    };
    install_init(in, &cfg);
}

/* Bytes that are no text stand in it as blanks. */
static bool is_text(const char *page)
{
    size_t blanks = 0;

    for (const char *c = page; *c != '\0'; c++)
        blanks += *c == ' ';
    return blanks * 4 <= strlen(page);
}

/* What the other side said about it, if anything; all of it is printable and bounded already. */
static const char *their_words(const struct install *in)
{
    if (in->page[0] != '\0')
        return is_text(in->page) ? in->page : "";
    return in->reply.fault.err != TDM_OK ? in->reply.detail : "";
}

static void tell_misfit(const struct install *in, char out[REFUSAL_MAX])
{
    const char *bad = slot_record_bad_reason(&in->record, in->judge.verdict.id);

    if (in->judge.fault.code == NULL || strcmp(in->judge.fault.code, in->fault.code) != 0)
        return;
    if (strcmp(in->fault.code, "known_bad") == 0 && bad != NULL && bad[0] != '\0')
        (void)snprintf(out, REFUSAL_MAX, ": %s", bad);
    else
        (void)refusal_words(&in->judge, out);
}

int installer_fail(struct app *app, const struct install *in, const char *where)
{
    char what[1024], misfit[REFUSAL_MAX] = "", attempts[32] = "", left[128] = "";
    struct tdm_fault fault = in->fault;
    const char *words = their_words(in);

    tell_misfit(in, misfit);

    if (in->attempts > 1)
        (void)snprintf(attempts, sizeof attempts, " in %" PRIu32 " attempts", in->attempts);
    if (in->left > 0)
        (void)snprintf(left, sizeof left,
                       "; %" PRIu64 " of %" PRIu64 " KiB are kept, and the same command goes on from there",
                       in->left / 1024, (in->total + 1023) / 1024);
    (void)snprintf(what, sizeof what, "%s%s%s%s%s (%s%s%s)", fault.what, misfit, words[0] != '\0' ? ": \"" : "", words,
                   words[0] != '\0' ? "\"" : "", in->has_freed ? "what runs was not touched" : "nothing was changed",
                   attempts, left);
    fault.what = what;
    if (strcmp(fault.code, "http_status") == 0)
        cJSON_AddNumberToObject(app->result, "http_status", in->reply.status);
    if (in->reply.fault.err != TDM_OK)
        fault.at = 0; /* a number that the quoted words tell better */
    return app_fail_fault(app, where, &fault);
}

void installer_add_transfer(struct app *app, const struct install *in, bool is_done)
{
    uint64_t wanted = in->total - in->had - in->copied;
    cJSON *transfer = cJSON_AddObjectToObject(app->result, "transfer");

    cJSON_AddNumberToObject(transfer, "fetched", (double)in->fetched);
    if (!is_done) {
        cJSON_AddNumberToObject(transfer, "left", (double)in->left);
        return;
    }
    cJSON_AddNumberToObject(transfer, "wanted", (double)wanted);
    cJSON_AddNumberToObject(transfer, "wasted", in->fetched > wanted ? (double)(in->fetched - wanted) : 0);
    cJSON_AddNumberToObject(transfer, "kept", (double)in->had);
    cJSON_AddNumberToObject(transfer, "copied", (double)in->copied);
}

/* What the image states and who has signed it. A plain one states nothing. */
static void describe_statement(cJSON *to, const struct judge_verdict *v)
{
    cJSON *signers = cJSON_AddArrayToObject(to, "signed_by");

    for (size_t i = 0; i < v->signer_count; i++) {
        char id[2 * MANIFEST_KEY_ID_LEN + 1];
        for (size_t k = 0; k < MANIFEST_KEY_ID_LEN; k++)
            (void)snprintf(id + 2 * k, 3, "%02x", v->signers[i][k]);
        cJSON_AddItemToArray(signers, cJSON_CreateString(id));
    }
    if (!v->has_manifest)
        return;
    cJSON_AddStringToObject(to, "pair_version", v->manifest.pair_version);
    cJSON_AddNumberToObject(to, "counter", v->manifest.counter);
}

void installer_describe(struct app *app, const struct install *in)
{
    static const char *const rcp_names[SLOT_RCP_SLOTS] = {"r0", "r1"}, *const host_names[TDM_HOST_SLOTS] = {"A", "B"};
    const struct judge_verdict *v = &in->verdict;
    const struct esp_chip *chip = esp_chip_by_id(v->radio_chip);
    bool has_host = in->plan.kind == SLOT_TRIAL_HOST, has_radio = !in->plan.is_host_alone;

    app_add_hex(app->result, "image_id", v->id, slot_id_is_zero(v->id) ? 0 : sizeof v->id); /* as the router was made */
    cJSON_AddStringToObject(app->result, "kind", !has_host ? "radio" : has_radio ? "pair" : "host");
    if (has_radio) {
        cJSON_AddStringToObject(app->result, "rcp_version", v->version);
        cJSON_AddStringToObject(app->result, "rcp_chip", chip != NULL ? chip->name : "unknown");
        cJSON_AddStringToObject(app->result, "rcp_slot", rcp_names[in->plan.rcp]);
        cJSON_AddNumberToObject(app->result, "bundle_size", v->layout.bundle_size);
    }
    if (has_host) {
        cJSON_AddStringToObject(app->result, "host_version", v->host_version);
        cJSON_AddStringToObject(app->result, "host_slot", host_names[in->plan.host]);
        cJSON_AddNumberToObject(app->result, "host_size", v->layout.host_size);
    }
    cJSON_AddBoolToObject(app->result, "signed", v->is_signed);
    describe_statement(app->result, v);
    cJSON_AddBoolToObject(app->result, "first_update", in->is_first);
    if (in->is_first)
        cJSON_AddStringToObject(
            app->result, "warning",
            "the radio firmware that runs now is not stored: if this update fails the host goes "
            "back, the radio keeps what answers (`tandem rcp adopt` stores a known-good build first)");
}
