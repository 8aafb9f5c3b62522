/* SPDX-License-Identifier: Apache-2.0 */
#include "trustfiles.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct trustlist list; /* large: keep it off the stack */

static tdm_err refuse(struct trustfiles *t, const char *path, const struct tdm_fault *fault)
{
    (void)snprintf(t->at_fault, sizeof t->at_fault, "%s", path);
    return tdm_fault_from(&t->fault, fault);
}

/* path lies in the room behind those that were kept. It is kept when there is a certificate in it. */
static tdm_err keep(struct trustfiles *t, const char *path)
{
    tdm_err err = trustlist_read_own(&list, path);
    bool is_empty = list.count == 0;

    trustlist_free(&list);
    if (err != TDM_OK)
        return refuse(t, path, &list.fault);
    if (!is_empty)
        t->paths[t->count++] = path;
    return TDM_OK;
}

static int is_certificate_name(const struct dirent *e)
{
    const char *end = strrchr(e->d_name, '.');
    return e->d_name[0] != '.' && end != NULL && (strcmp(end, ".pem") == 0 || strcmp(end, ".crt") == 0);
}

static tdm_err keep_named(struct trustfiles *t, const char *folder, const char *name)
{
    const struct tdm_fault full = {TDM_E_NO_ROOM, "too_many_files", "more than 64 files of certificates", 0};

    if (t->count == TRUST_FILES_MAX)
        return refuse(t, folder, &full);
    char *path = t->room[t->count];
    int n = snprintf(path, sizeof t->room[0], "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof t->room[0] ? keep(t, path) : refuse(t, folder, &full);
}

static tdm_err keep_folder(struct trustfiles *t, const char *folder)
{
    struct dirent **names = NULL;
    struct tdm_fault open;

    tdm_fault_clear(&open);
    if (trust_refuse_open(folder, &open) != TDM_OK)
        return refuse(t, folder, &open);
    int count = scandir(folder, &names, is_certificate_name, alphasort);
    const struct tdm_fault none = {TDM_E_NOT_FOUND, "no_such_folder", "the folder cannot be read", (uint64_t)errno};
    tdm_err err = count < 0 ? refuse(t, folder, &none) : TDM_OK;

    for (int i = 0; i < count; i++) {
        if (err == TDM_OK)
            err = keep_named(t, folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return err;
}

tdm_err trustfiles_find(struct trustfiles *t, const struct config *cfg)
{
    t->count = 0;
    tdm_fault_clear(&t->fault);
    (void)snprintf(t->room[0], sizeof t->room[0], "%s", cfg->trust.file);
    tdm_err err = keep(t, t->room[0]);
    return err == TDM_OK && cfg->trust.folder[0] != '\0' ? keep_folder(t, cfg->trust.folder) : err;
}
