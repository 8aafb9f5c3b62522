/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest_text: what an image states, and its signature cells, as a result for people. Believes nothing, checks no signature.
 *
 * Used by   image info.   Uses  front, tandem/manifest.h.
 */
#ifndef TANDEM_MANIFEST_TEXT_H
#define TANDEM_MANIFEST_TEXT_H

#include <cjson/cJSON.h>

#include "front.h"

void manifest_text_describe(const struct front *f, const struct image_layout *layout, cJSON *result);

/* The manifest cannot be taken apart. */
void manifest_text_problem(const struct tdm_fault *why, cJSON *result);

#endif
