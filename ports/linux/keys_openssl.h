/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys_openssl: the keys whose signatures count, and those whose do not any more, from PEM files.
 *
 * Used by   apps/, tests.   Uses  OpenSSL, tandem/crypto.h.
 * Places    a place is one PEM file, or a folder: then every file in it whose name ends in .pem and does not begin with a
 *           dot; all others are ignored (what editors leave behind). A file holds one or more blocks BEGIN PUBLIC KEY;
 *           around them may stand blank lines and lines that begin with #.
 * Strict    what is not a public key of P-256 is refused and not skipped: a device that trusts fewer keys than its owner
 *           believes fails at the worst time, one that misses a revocation is worse. So is a file or folder that everybody
 *           may write to: who can put a key there is believed.
 * Memory    the caller owns the list; nothing is kept.
 * Failures  fill `why`, and list->file says which file or folder. Codes: key_is_private, key_wrong_kind, key_doubled,
 *           bad_key_file, too_many_keys, no_keys, key_file_missing, key_file_unreadable, keys_open.
 */
#ifndef LINUX_KEYS_OPENSSL_H
#define LINUX_KEYS_OPENSSL_H

#include <tandem/crypto.h>

#define KEYS_PATH_MAX 768 /* a folder and a name in it */

struct keys_list {
    struct tdm_key keys[TDM_KEYS_MAX];
    size_t count;
    char file[KEYS_PATH_MAX]; /* after a failure: what it is about */
};

/*
 * Both places, each NULL or "" when there is none. A key that stands in the revoked place is revoked, also when it is
 * trusted; a place that is given and holds no key is refused.
 */
TDM_MUST_USE tdm_err keys_load(const char *trusted, const char *revoked, struct keys_list *list, struct tdm_fault *why);

/* The id of the key with this public point. */
TDM_MUST_USE tdm_err keys_id(const uint8_t point[TDM_P256_LEN], uint8_t id[TDM_KEY_ID_LEN]);

#endif
