/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: the two things that did not fit when a judge refused an image: what the image states, and what this router is.
 *
 * Used by   installer, deskjudge.   Uses  judge, value, image/esp_chip.
 * Pure; nothing is kept.
 */
#ifndef TANDEM_REFUSAL_H
#define TANDEM_REFUSAL_H

#include <stddef.h>

#include <tandem/judge.h>

#define REFUSAL_MAX 256

/* ": it is for acme,lamp, this router is acme,router"; "" when the judge's fault says all that is known. Returns out. */
const char *refusal_words(const struct judge *j, char out[REFUSAL_MAX]);

#endif
