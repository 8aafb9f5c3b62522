/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_memory_file: a file in memory with a name, for code that opens its input by name.
 *
 * Used by   fuzz_config, fuzz_uboot.   One file a place in the program, filled anew for each input; libFuzzer ends without
 * calling atexit() after a finding, so a file of a few kilobytes may then stay in /dev/shm.
 */
#ifndef TANDEM_TESTS_FUZZ_MEMORY_FILE_H
#define TANDEM_TESTS_FUZZ_MEMORY_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

struct fuzz_file {
    int fd; /* 0: not open yet */
    char name[64];
};

static struct fuzz_file *fuzz_files[2];

static inline void fuzz_file_remove(void)
{
    for (size_t i = 0; i < 2 && fuzz_files[i] != NULL; i++)
        (void)unlink(fuzz_files[i]->name); /* at the end of the program */
}

static inline void fuzz_file_open(struct fuzz_file *f)
{
    size_t n = fuzz_files[0] == NULL ? 0 : 1;

    (void)snprintf(f->name, sizeof f->name, "/dev/shm/tandem-fuzz-XXXXXX");
    f->fd = mkstemp(f->name);
    fuzz_must(f->fd > 0 && fuzz_files[n] == NULL);
    if (n == 0)
        fuzz_must(atexit(fuzz_file_remove) == 0);
    fuzz_files[n] = f;
}

static inline void fuzz_file_fill(struct fuzz_file *f, const void *data, size_t len)
{
    if (f->fd == 0)
        fuzz_file_open(f);
    fuzz_must(ftruncate(f->fd, 0) == 0);
    fuzz_must(len == 0 || pwrite(f->fd, data, len, 0) == (ssize_t)len);
}

#endif
