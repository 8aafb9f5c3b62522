/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filework: whole files in, and files out that appear whole or not at all.
 *
 * Used by   the image commands, rcp_build, imagefile.
 * Memory    filework_read() gives heap memory that the caller frees. An outfile that was begun is ended by exactly one
 *           of commit and drop.
 * Faults    codes not_found, not_a_file, access, no_room, too_large, io; `at` is errno where no other says more.
 * Power     after outfile_commit() the file is there under its name; if power goes before, the old one is, or none.
 */
#ifndef TANDEM_FILEWORK_H
#define TANDEM_FILEWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/err.h>
#include <tandem/sink.h>

#define FILEWORK_PATH_MAX 4096

/* The cause of a failed system call, by errno. what: said of a cause that has no words of its own. */
tdm_err filework_fault(struct tdm_fault *fault, const char *what);

/* A regular file of at most `limit` bytes. One byte more is allocated and is 0. */
TDM_MUST_USE tdm_err filework_read(const char *path, size_t limit, uint8_t **data, size_t *len,
                                   struct tdm_fault *fault);

/* Push a file into a sink, in pieces; "-" is not special. The sink's error is returned and sets no fault here. */
TDM_MUST_USE tdm_err filework_push(const char *path, struct tdm_sink *into, struct tdm_fault *fault);

struct outfile {
    struct tdm_sink sink;
    struct tdm_fault fault;
    int fd;
    bool is_open;
    char path[FILEWORK_PATH_MAX], temp[FILEWORK_PATH_MAX];
};

TDM_MUST_USE tdm_err outfile_begin(struct outfile *o, const char *path);
TDM_MUST_USE tdm_err outfile_commit(struct outfile *o);
void outfile_drop(struct outfile *o); /* one that is not open is fine */

#endif
