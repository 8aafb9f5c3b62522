/* SPDX-License-Identifier: Apache-2.0 */
/* tandem image verify: would a router take this image? Asked of the judge that routers run. */
#include <stddef.h>

#include <tandem/judge.h>

#include "app.h"
#include "filework.h"
#include "image/esp_chip.h"
#include "linux/tandem_linux.h"

struct verification {
    struct tdm_sink sink;
    struct judge judge;
};

static tdm_err push(struct tdm_sink *sink, const uint8_t *data, size_t len)
{
    struct verification *v = (struct verification *)(void *)((char *)sink - offsetof(struct verification, sink));
    return judge_push(&v->judge, data, len);
}

static void describe(struct app *app, const char *path, const struct judge_verdict *verdict)
{
    static const char *const kinds[] = {"radio", "pair", "host"};
    const struct esp_chip *radio = esp_chip_by_id(verdict->radio_chip), *host = esp_chip_by_id(verdict->host_chip);
    bool has_host = verdict->layout.host_size > 0;

    cJSON_AddStringToObject(app->result, "file", path);
    cJSON_AddStringToObject(app->result, "verdict", "good");
    cJSON_AddStringToObject(app->result, "kind", kinds[verdict->layout.kind]);
    cJSON_AddStringToObject(app->result, "rcp_version", verdict->version);
    cJSON_AddStringToObject(app->result, "rcp_chip", radio ? radio->name : "unknown");
    cJSON_AddStringToObject(app->result, "rcp_project", verdict->rcp_project);
    if (has_host && !verdict->host_is_esp)
        cJSON_AddStringToObject(app->result, "host", "opaque file, carried as it is");
    if (verdict->host_is_esp) {
        cJSON_AddStringToObject(app->result, "host_chip", host ? host->name : "unknown");
        cJSON_AddStringToObject(app->result, "host_project", verdict->host_project);
        cJSON_AddStringToObject(app->result, "host_version", verdict->host_version);
    }
    cJSON_AddBoolToObject(app->result, "signed", verdict->is_signed);
    app_add_hex(app->result, "image_id", verdict->id, sizeof verdict->id);
}

/* A desk has no slots and no radio: every fact that only a device knows is left open. */
static int verify(struct app *app, struct verification *v, const char *path)
{
    const struct judge_facts facts = {.takes_host = true, .radio_chip = JUDGE_CHIP_UNKNOWN};
    struct judge_verdict verdict;
    struct crypto_openssl crypto;
    struct tdm_fault fault;

    tdm_fault_clear(&fault);
    crypto_openssl_init(&crypto);
    v->sink.push = push;
    judge_init(&v->judge, &crypto.port, &facts, NULL);
    tdm_err err = filework_push(path, &v->sink, &fault);
    if (err == TDM_OK)
        err = judge_end(&v->judge, &verdict);
    judge_drop(&v->judge);
    if (err != TDM_OK)
        return app_fail_fault(app, path, fault.err != TDM_OK ? &fault : &v->judge.fault);
    describe(app, path, &verdict);
    return EXIT_OK;
}

int cmd_image_verify(struct app *app, int argc, char **argv)
{
    const struct app_option options[] = {{NULL, NULL, NULL}};
    static struct verification v; /* large: keep it off the stack */
    int status = app_options(app, &argc, argv, options, 1);

    return status == EXIT_OK ? verify(app, &v, argv[0]) : status;
}
