/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_keys: any PEM file as the keys that a router trusts or revokes. A file that is taken has keys, each once and under
 * its own id; the same file in both places revokes every one of them.
 */
#include "fuzz.h"
#include "fuzz_memory_file.h"
#include "linux/keys_openssl.h"

const char *const fuzz_accepts[] = {"keys", NULL};

static void check_keys(const struct keys_list *list, bool is_revoked)
{
    fuzz_must(list->count > 0 && list->count <= TDM_KEYS_MAX);
    for (size_t i = 0; i < list->count; i++) {
        uint8_t id[TDM_KEY_ID_LEN];
        fuzz_must(keys_id(list->keys[i].point, id) == TDM_OK && memcmp(id, list->keys[i].id, sizeof id) == 0);
        fuzz_must(list->keys[i].is_revoked == is_revoked);
        for (size_t k = 0; k < i; k++)
            fuzz_must(memcmp(list->keys[k].id, list->keys[i].id, TDM_KEY_ID_LEN) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    static struct keys_list trusted, both;
    struct tdm_fault why;

    fuzz_file_fill(&file, data, size);
    tdm_fault_clear(&why);
    tdm_err err = keys_load(file.name, NULL, &trusted, &why);
    fuzz_told(err, &why);
    fuzz_must(err == TDM_OK || strcmp(trusted.file, file.name) == 0);
    if (err != TDM_OK)
        return 0;
    check_keys(&trusted, false);
    fuzz_must(keys_load(file.name, file.name, &both, &why) == TDM_OK && both.count == trusted.count);
    check_keys(&both, true);
    fuzz_accept(0);
    return 0;
}
