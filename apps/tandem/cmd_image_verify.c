/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image verify: would a router take this image, and whose signatures does it carry? Asked of the routers' judge. */
#include <string.h>

#include "app.h"
#include "deskjudge.h"
#include "image/esp_chip.h"
#include "imagefile.h"
#include "linux/keys_openssl.h"
#include "linux/tandem_linux.h"
#include "value.h"

struct verification {
    const char *keys, *revoked, *signatures, *compatible;
    struct crypto_openssl crypto;
    struct keys_list list;
    struct judge_trust trust;
    struct judge_verdict verdict;
    struct imagefile file;
    struct front front;
};

static void describe(struct app *app, const char *path, const struct judge_verdict *verdict)
{
    static const char *const kinds[] = {"radio", "pair", "host"};
    const struct esp_chip *radio = esp_chip_by_id(verdict->radio_chip), *host = esp_chip_by_id(verdict->host_chip);
    bool has_host = verdict->layout.host_size > 0;

    cJSON_AddStringToObject(app->result, "file", path);
    cJSON_AddStringToObject(app->result, "verdict", "good");
    cJSON_AddStringToObject(app->result, "kind", kinds[verdict->layout.kind]);
    if (verdict->layout.kind != IMAGE_KIND_HOST) {
        cJSON_AddStringToObject(app->result, "rcp_version", verdict->version);
        cJSON_AddStringToObject(app->result, "rcp_chip", radio ? radio->name : "unknown");
        cJSON_AddStringToObject(app->result, "rcp_project", verdict->rcp_project);
    }
    if (has_host && !verdict->host_is_esp)
        cJSON_AddStringToObject(app->result, "host", "opaque file, carried as it is");
    if (verdict->host_is_esp) {
        cJSON_AddStringToObject(app->result, "host_chip", host ? host->name : "unknown");
        cJSON_AddStringToObject(app->result, "host_project", verdict->host_project);
        cJSON_AddStringToObject(app->result, "host_version", verdict->host_version);
    }
    if (verdict->has_manifest) {
        cJSON_AddStringToObject(app->result, "pair_version", verdict->manifest.pair_version);
        cJSON_AddNumberToObject(app->result, "counter", verdict->manifest.counter);
        cJSON_AddStringToObject(app->result, "compatible", verdict->manifest.compatible);
    }
    cJSON_AddBoolToObject(app->result, "signed", verdict->is_signed);
    app_add_hex(app->result, "image_id", verdict->id, sizeof verdict->id);
}

/* ---- who signed ---- */

static bool is_good(const struct judge_verdict *verdict, const uint8_t *id)
{
    for (size_t i = 0; i < verdict->signer_count; i++) {
        if (memcmp(verdict->signers[i], id, MANIFEST_KEY_ID_LEN) == 0)
            return true;
    }
    return false;
}

static bool is_revoked(const struct keys_list *list, const uint8_t *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->keys[i].id, id, MANIFEST_KEY_ID_LEN) == 0)
            return list->keys[i].is_revoked;
    }
    return false;
}

static const char *result_of(const struct verification *v, const struct manifest_cell *cell)
{
    if (v->list.count == 0)
        return "not checked";
    if (is_good(&v->verdict, cell->key_id))
        return "good";
    return is_revoked(&v->list, cell->key_id) ? "revoked key" : "unknown key";
}

static int describe_signatures(struct app *app, struct verification *v, const char *path)
{
    cJSON *list = cJSON_AddArrayToObject(app->result, "signatures");
    struct tdm_fault why;

    if (!v->verdict.has_manifest)
        return EXIT_OK;
    if (imagefile_read(&v->file, path, &v->crypto.port, NULL, NULL) != TDM_OK)
        return app_fail_fault(app, path, &v->file.fault);
    if (imagefile_front(&v->file, &v->crypto.port, &v->front, &why) != TDM_OK)
        return app_fail_fault(app, path, &why);
    if (memcmp(v->front.id, v->verdict.id, sizeof v->front.id) != 0)
        return app_fail(app, TDM_E_CORRUPT, "file_changed", "%s: changed while it was read; try again", path);
    for (size_t i = 0; i < v->front.frame.used_cells; i++) {
        struct manifest_cell cell;
        cJSON *row = cJSON_CreateObject();
        manifest_cell_get(&v->front.frame, i, &cell);
        cJSON_AddItemToArray(list, row);
        app_add_hex(row, "key_id", cell.key_id, sizeof cell.key_id);
        cJSON_AddStringToObject(row, "result", result_of(v, &cell));
    }
    if (v->keys == NULL && v->front.frame.used_cells > 0)
        tdm_log_note(app->log, TDM_LOG_INFO, "no signature was checked: --key says whose are to be believed", 0);
    return EXIT_OK;
}

/* ---- the question ---- */

static int load_keys(struct app *app, struct verification *v)
{
    struct tdm_fault why;

    tdm_fault_clear(&why);
    if (keys_load(v->keys, v->revoked, &v->list, &why) != TDM_OK)
        return app_fail_fault(app, v->list.file, &why);
    v->trust.keys = v->list.keys;
    v->trust.count = v->list.count;
    return EXIT_OK;
}

static int verify(struct app *app, struct verification *v, const char *path)
{
    struct judge_facts facts = deskjudge_facts();
    int status = load_keys(app, v);

    crypto_openssl_init(&v->crypto);
    facts.trust = v->keys != NULL ? &v->trust : NULL;
    facts.compatible = &v->compatible;
    facts.compatible_count = v->compatible != NULL ? 1 : 0;
    if (status == EXIT_OK)
        status = deskjudge_ask(app, path, &v->crypto.port, &facts, &v->verdict);
    if (status != EXIT_OK)
        return status;
    describe(app, path, &v->verdict);
    return describe_signatures(app, v, path);
}

int cmd_image_verify(struct app *app, int argc, char **argv)
{
    static struct verification v; /* large: keep it off the stack */
    const struct app_option options[] = {{"key", &v.keys, NULL},
                                         {"revoked", &v.revoked, NULL},
                                         {"signatures", &v.signatures, NULL},
                                         {"compatible", &v.compatible, NULL},
                                         {NULL, NULL, NULL}};
    uint64_t wanted = 1;
    int status = app_options(app, &argc, argv, options, 1);

    if (status != EXIT_OK)
        return status;
    if (v.keys == NULL && (v.revoked != NULL || v.signatures != NULL))
        return app_usage(app, "--revoked and --signatures are said of keys that are trusted: --key is missing");
    if ((v.keys != NULL && v.keys[0] == '\0') || (v.revoked != NULL && v.revoked[0] == '\0'))
        return app_usage(app, "--key and --revoked take the name of a file or folder, and this one is empty");
    if (v.signatures != NULL && (!value_number(v.signatures, MANIFEST_CELLS_MAX, &wanted) || wanted == 0))
        return app_usage(app, "--signatures: \"%.100s\" is not a number from 1 to 8", v.signatures);
    v.trust.threshold = (uint8_t)wanted;
    return verify(app, &v, argv[0]);
}
