/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz: what the targets share. A target is one file fuzz_NAME.c with LLVMFuzzerTestOneInput(); scripts/fuzz runs them
 * with libFuzzer, and the sanitized build replays tests/fuzz/corpus/NAME through them (replay.c).
 *
 * A target looks for more than crashes: fuzz_must() states what has to hold, whatever the bytes are. And it names in
 * fuzz_accepts[] how far good bytes get; the tests hold the seeds to it, so that none of them goes stale unnoticed.
 * Memory    pieces are handed over in heap blocks of exactly their size, so that the sanitizer sees a read past one.
 */
#ifndef TANDEM_TESTS_FUZZ_H
#define TANDEM_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/err.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const char *const fuzz_accepts[]; /* the target's, NULL at its end: what at least one seed each has to reach */
extern unsigned fuzz_accepted;           /* bit n: fuzz_accepts[n] was reached                                     */
__attribute__((weak)) unsigned fuzz_accepted;

static inline void fuzz_accept(unsigned n)
{
    fuzz_accepted |= 1u << n;
}

static inline _Noreturn void fuzz_broken(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

#define fuzz_must(is_so) ((is_so) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #is_so))

static inline void fuzz_same_fault(const struct tdm_fault *a, const struct tdm_fault *b)
{
    fuzz_must(a->err == b->err && a->at == b->at && strcmp(a->code, b->code) == 0 && strcmp(a->what, b->what) == 0);
}

/* A fault is there exactly when an error was answered, it is that error, and it has its two texts. */
static inline void fuzz_told(tdm_err err, const struct tdm_fault *fault)
{
    fuzz_must(fault->err == err);
    fuzz_must(err == TDM_OK || (fault->code[0] != '\0' && fault->what[0] != '\0'));
}

static inline uint8_t *fuzz_copy(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    fuzz_must(copy != NULL);
    if (len > 0)
        memcpy(copy, data, len);
    return copy;
}

typedef void (*fuzz_push)(void *engine, const uint8_t *data, size_t len);

/* seed 0: all at once; else in pieces that follow from the seed, single bytes and long ones. */
static inline void fuzz_feed(const uint8_t *data, size_t size, uint32_t seed, fuzz_push push, void *engine)
{
    for (size_t at = 0; at < size;) {
        size_t len = size - at;
        if (seed != 0) {
            seed = seed * 1664525u + 1013904223u;
            size_t piece = 1 + (seed >> 16) % ((seed >> 28) == 0 ? 700u : 23u);
            len = piece < len ? piece : len;
            seed |= 1u;
        }
        uint8_t *copy = fuzz_copy(data + at, len);
        push(engine, copy, len);
        free(copy);
        at += len;
    }
}

/* All that is left of the input, in place. */
static inline const uint8_t *fuzz_rest(struct bytes_reader *in, size_t *len)
{
    const uint8_t *rest = in->data + in->pos;

    *len = bytes_left(in);
    bytes_skip(in, *len);
    return rest;
}

/* At most `most` of what is left. */
static inline const uint8_t *fuzz_take(struct bytes_reader *in, size_t most, size_t *len)
{
    const uint8_t *at = in->data + in->pos;

    *len = bytes_left(in) < most ? bytes_left(in) : most;
    bytes_skip(in, *len);
    return at;
}

#endif
