/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semver: pair versions, MAJOR.MINOR.PATCH[-PRE] as in Semantic Versioning 2.0.0.
 *
 * Used by   image/manifest (grammar), judge (order).
 * Only what a manifest may say: numbers up to 999999999 without leading zero, no build part. So versions of equal rank
 * are equal texts.
 */
#ifndef TANDEM_BASE_SEMVER_H
#define TANDEM_BASE_SEMVER_H

#include <stdbool.h>

/* Keeps to the grammar above. */
bool semver_is_valid(const char *text);
/* Rank: below 0, 0 or above 0, as strcmp. Both must be valid. */
int semver_compare(const char *a, const char *b);

#endif
