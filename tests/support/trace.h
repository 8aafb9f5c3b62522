/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace: reader of the captured conversations under tests/data (their format: tests/data/rom/README.md).
 *
 * Used by   unit tests.   A file that cannot be read, or a line that is not hex, fails the running test.
 */
#ifndef TANDEM_TEST_TRACE_H
#define TANDEM_TEST_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_NOTES_MAX 40

struct trace_step {
    char direction;      /* '>' host, '<' the other side                         */
    const char *section; /* text of the "## " line above it, "" before the first */
    unsigned line;       /* in the file, for messages                            */
    uint8_t *data;
    size_t len;
    bool is_cut;                        /* the file leaves bytes out (" ..."): data holds those before */
    const char *notes[TRACE_NOTES_MAX]; /* "# " lines below it, without the mark and leading blanks */
    size_t note_count;
};

struct trace {
    char *text; /* the whole file, cut into strings in place */
    struct trace_step *steps;
    size_t count;
};

/* name is relative to tests/data. */
void trace_load(struct trace *t, const char *name);
void trace_free(struct trace *t);

/* The first step of a section in one direction; fails the test when there is none. */
const struct trace_step *trace_find(const struct trace *t, const char *section, char direction);

/* Whether the step is exactly one frame: whole, with the mark at both ends and nowhere else. */
bool trace_is_one_frame(const struct trace_step *s, uint8_t mark);

#endif
