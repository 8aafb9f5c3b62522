/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_trust: any PEM file as the certificates that a router is to believe, and what is said of them. A list that is taken
 * has certificates, each found again; what is shown of a stranger's is printable, and JSON that reads as what it was
 * made from.
 */
#include "trustfile.h"

#include "app.h"
#include "fuzz.h"
#include "fuzz_memory_file.h"

const char *const fuzz_accepts[] = {"a list of certificates", NULL};

static void must_be_printable(const char *text)
{
    for (; *text != '\0'; text++)
        fuzz_must(*text >= ' ' && *text <= '~');
}

static void check_shown(const X509 *cert)
{
    cJSON *shown = trust_describe(cert);
    char *text = cJSON_PrintUnformatted(shown);
    cJSON *read = cJSON_Parse(text);

    must_be_printable(text);
    fuzz_must(read != NULL && cJSON_Compare(shown, read, true));
    for (const cJSON *field = shown->child; field != NULL; field = field->next)
        if (cJSON_IsString(field))
            must_be_printable(field->valuestring);
    cJSON_Delete(read);
    cJSON_free(text);
    cJSON_Delete(shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    static struct trustlist list;

    fuzz_file_fill(&file, data, size);
    tdm_err err = trustlist_read(&list, file.name);
    fuzz_told(err, &list.fault);
    if (err == TDM_OK) {
        fuzz_must(list.count > 0 && list.count <= TRUST_MAX);
        for (size_t i = 0; i < list.count; i++) {
            int at = trustlist_find(&list, list.certs[i]);
            fuzz_must(at >= 0 && (size_t)at <= i);
            check_shown(list.certs[i]);
        }
        fuzz_accept(0);
    }
    trustlist_free(&list);
    return 0;
}
