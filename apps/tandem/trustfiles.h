/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trustfiles: every file with certificates this router trusts: its own ([trust] file), and those of [trust] folder.
 *
 * Used by   ota download, trust list.   Uses  trustfile.
 * Memory    in the struct. Files without a certificate are left out, files with anything else in them are refused.
 * Faults    those of trustfile, no_such_folder, too_many_files; `at_fault` is the name of what is meant.
 */
#ifndef TANDEM_TRUSTFILES_H
#define TANDEM_TRUSTFILES_H

#include "config.h"
#include "trustfile.h"

#define TRUST_FILES_MAX 64

struct trustfiles {
    struct tdm_fault fault;
    char at_fault[2 * CONFIG_TEXT_MAX];
    size_t count;
    const char *paths[TRUST_FILES_MAX]; /* the router's own first, if it has a certificate, then by name */
    char room[TRUST_FILES_MAX][2 * CONFIG_TEXT_MAX];
};

TDM_MUST_USE tdm_err trustfiles_find(struct trustfiles *t, const struct config *cfg);

#endif
