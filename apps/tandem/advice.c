/* SPDX-License-Identifier: Apache-2.0 */
#include "advice.h"

#include <stddef.h>
#include <string.h>

/* In alphabetical order of codes, so that two people adding rows seldom meet. */
static const struct advice_row {
    const char *code, *advice;
} advice_rows[] = {
    {"running_unknown", "set [host] running to where this router says which slot it booted"},
    {"storage_access", "run as root, or give this user the file"},
    {"storage_in_use", "unmount it, or wait until the other tandem has ended"},
    {"storage_not_found", "make the folder, or name another place in the configuration"},
    {"untrusted_certificate", "add the server's certificate with `tandem trust add CERT`"},
};

const char *advice_for(const char *code)
{
    for (size_t i = 0; i < sizeof advice_rows / sizeof advice_rows[0]; i++) {
        if (code != NULL && strcmp(advice_rows[i].code, code) == 0)
            return advice_rows[i].advice;
    }
    return NULL;
}
