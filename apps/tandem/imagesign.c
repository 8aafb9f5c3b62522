/* SPDX-License-Identifier: Apache-2.0 */
#include "imagesign.h"

#include <string.h>

struct signer {
    const char *place;
    struct signing_key key;
};

/* A URI may hold a PIN: it is not repeated. */
static const char *name_of(const char *place)
{
    return strncmp(place, "pkcs11:", 7) == 0 ? "pkcs11: key" : place;
}

static int open_all(struct app *app, struct signer *signers, const char *const places[IMAGESIGN_KEYS])
{
    struct tdm_fault why;

    for (size_t i = 0; i < IMAGESIGN_KEYS && places[i] != NULL; i++) {
        signers[i].place = places[i];
        if (signing_open(&signers[i].key, places[i], &why) != TDM_OK)
            return app_fail_fault(app, name_of(places[i]), &why);
    }
    return EXIT_OK;
}

static void describe(struct app *app, cJSON *list, const struct signer *s)
{
    cJSON *row = cJSON_CreateObject();

    cJSON_AddItemToArray(list, row);
    app_add_hex(row, "key_id", s->key.id, sizeof s->key.id);
    cJSON_AddStringToObject(row, "key", name_of(s->place));
    cJSON_AddStringToObject(row, "nonce", s->key.is_deterministic ? "deterministic" : "random");
    if (!s->key.is_deterministic)
        tdm_log_note(app->log, TDM_LOG_INFO,
                     "signed with a random nonce: the next signature of the same image will have other bytes", 0);
}

static int sign_all(struct app *app, struct front *f, const char *image, struct signer *signers)
{
    cJSON *list = cJSON_AddArrayToObject(app->result, "signatures");
    struct tdm_fault why;

    for (size_t i = 0; i < IMAGESIGN_KEYS && signers[i].place != NULL; i++) {
        tdm_fault_clear(&why);
        if (front_sign(f, &signers[i].key, &why) != TDM_OK)
            return app_fail(app, why.err, why.code, "%s: %s: %s (nothing was written)", image,
                            name_of(signers[i].place), why.what);
        describe(app, list, &signers[i]);
    }
    return EXIT_OK;
}

int imagesign_sign(struct app *app, struct front *f, const char *image, const char *const places[IMAGESIGN_KEYS])
{
    struct signer signers[IMAGESIGN_KEYS] = {{NULL, {0}}};
    int status = open_all(app, signers, places);

    if (status == EXIT_OK)
        status = sign_all(app, f, image, signers);
    for (size_t i = 0; i < IMAGESIGN_KEYS; i++)
        signing_close(&signers[i].key);
    return status;
}

void imagesign_describe(cJSON *result, const struct front *f)
{
    cJSON *signatures = cJSON_DetachItemFromObject(result, "signatures"); /* made first, shown last */

    app_add_hex(result, "image_id", f->id, sizeof f->id);
    cJSON_AddNumberToObject(result, "signed_length", (double)f->signed_len);
    cJSON_AddNumberToObject(result, "cells_used", f->frame.used_cells);
    cJSON_AddNumberToObject(result, "cells_free", f->frame.cell_count - f->frame.used_cells);
    if (signatures != NULL)
        (void)cJSON_AddItemToObject(result, "signatures", signatures);
}
