/* SPDX-License-Identifier: Apache-2.0 */
/* fake_log: remembers what was said; fails the test when progress runs backwards within one thing, or past its total. */
#ifndef TANDEM_TEST_FAKE_LOG_H
#define TANDEM_TEST_FAKE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include <tandem/log.h>

#define FAKE_LOG_NOTES 64

struct fake_log {
    struct tdm_log port;
    struct {
        enum tdm_log_level level;
        const char *what;
        uint64_t value;
    } notes[FAKE_LOG_NOTES];
    size_t note_count;
    struct {
        enum tdm_phase phase;
        const char *what;
        uint64_t done, total;
    } last;
    unsigned phases_seen; /* one bit each */
};

void fake_log_init(struct fake_log *l);
bool fake_log_has_note(const struct fake_log *l, const char *part);

#endif
