/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagesign: what `image create` and `image sign` have in common: sign with the keys of the command line, and tell it.
 *
 * Used by   image create, image sign.   Uses  front, signing.
 * Failures  are reported here, as a command does; the exit number is returned. Every key is opened before one signs.
 */
#ifndef TANDEM_IMAGESIGN_H
#define TANDEM_IMAGESIGN_H

#include "app.h"
#include "front.h"

#define IMAGESIGN_KEYS MANIFEST_CELLS_MAX

/* Rows of a command's option table: --sign may be given once for each cell that an image can have. */
#define IMAGESIGN_OPTIONS(keys)                                                                                        \
    {"sign", &(keys)[0], NULL}, {"sign", &(keys)[1], NULL}, {"sign", &(keys)[2], NULL}, {"sign", &(keys)[3], NULL},    \
        {"sign", &(keys)[4], NULL}, {"sign", &(keys)[5], NULL}, {"sign", &(keys)[6], NULL},                            \
    {                                                                                                                  \
        "sign", &(keys)[7], NULL                                                                                       \
    }

/* places: those given, NULL for the others. `image`: for sentences. */
int imagesign_sign(struct app *app, struct front *f, const char *image, const char *const places[IMAGESIGN_KEYS]);

/* Image id, how much is signed, cells. */
void imagesign_describe(cJSON *result, const struct front *f);

#endif
