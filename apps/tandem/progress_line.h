/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress_line: how fast something goes, how long it will take, and the lines that say so to people.
 *
 * Used by   progress.   Pure: the time comes in, text goes out.
 * Units     milliseconds of any clock that never goes back, bytes, bytes a second.
 */
#ifndef TANDEM_PROGRESS_LINE_H
#define TANDEM_PROGRESS_LINE_H

#include <stddef.h>
#include <stdint.h>

#include <tandem/log.h>

#define PROGRESS_STEP_MS  500 /* between two samples                                                   */
#define PROGRESS_SAMPLES  9   /* so the speed is that of the last 4 seconds                            */
#define PROGRESS_LEAST_MS 200 /* less says nothing about a speed                                       */

struct progress_rate {
    struct {
        uint64_t at_ms, done;
    } samples[PROGRESS_SAMPLES]; /* oldest first */
    size_t count;
};

/* A new thing is counted: it stands at done. */
void progress_rate_begin(struct progress_rate *r, uint64_t now_ms, uint64_t done);
/* It has come to done. Less than before: a new beginning. */
void progress_rate_note(struct progress_rate *r, uint64_t now_ms, uint64_t done);
/* Over the last seconds, up to now; 0: not known yet, or nothing moves. */
uint64_t progress_rate_get(const struct progress_rate *r, uint64_t now_ms, uint64_t done);

struct progress_state {
    const char *word, *what; /* "Downloading", "image" */
    uint64_t done, total;    /* total 0: nobody knows  */
    uint64_t rate;           /* 0: not known           */
};

/* What people are told of a phase and its thing: "Flashing" and "radio" of the engine's "flash" and "write". */
void progress_words(enum tdm_phase phase, const char *what, struct progress_state *s);

/* An engine's remark with its number in its place: "writing the firmware (242512 bytes)". Returns out. */
const char *progress_note(char *out, size_t room, const char *what, uint64_t value);

/* One line of less than `columns` columns, without an end; what does not fit is left out: first the bar gets shorter. */
void progress_line(char *out, size_t room, int columns, const struct progress_state *s);

#endif
