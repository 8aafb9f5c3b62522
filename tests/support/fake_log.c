/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void note(struct tdm_log *port, enum tdm_log_level level, const char *what, uint64_t value)
{
    struct fake_log *l = (struct fake_log *)port;

    assert_non_null(what);
    if (l->note_count == FAKE_LOG_NOTES)
        return;
    l->notes[l->note_count].level = level;
    l->notes[l->note_count].what = what;
    l->notes[l->note_count++].value = value;
}

static void progress(struct tdm_log *port, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    struct fake_log *l = (struct fake_log *)port;

    assert_true(total == 0 || done <= total);
    bool is_same = l->last.what && l->last.phase == phase && strcmp(l->last.what, what) == 0 && l->last.total == total;
    if (is_same && done != 0)
        assert_true(done >= l->last.done);
    l->phases_seen |= 1u << phase;
    l->last.phase = phase;
    l->last.what = what;
    l->last.done = done;
    l->last.total = total;
}

void fake_log_init(struct fake_log *l)
{
    memset(l, 0, sizeof *l);
    l->port = (struct tdm_log){.note = note, .progress = progress};
}

bool fake_log_has_note(const struct fake_log *l, const char *part)
{
    for (size_t i = 0; i < l->note_count; i++)
        if (strstr(l->notes[i].what, part))
            return true;
    return false;
}
