/* SPDX-License-Identifier: Apache-2.0 */
#include "progress_line.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BAR_MOST   40
#define BAR_LEAST  5
#define PIECE_MAX  96
#define HOURS_MOST 99

/* ---- the speed ---- */

void progress_rate_begin(struct progress_rate *r, uint64_t now_ms, uint64_t done)
{
    r->samples[0].at_ms = now_ms;
    r->samples[0].done = done;
    r->count = 1;
}

void progress_rate_note(struct progress_rate *r, uint64_t now_ms, uint64_t done)
{
    size_t last = r->count - 1;

    if (r->count == 0 || done < r->samples[last].done) {
        progress_rate_begin(r, now_ms, done);
        return;
    }
    if (now_ms - r->samples[last].at_ms < PROGRESS_STEP_MS)
        return;
    if (r->count == PROGRESS_SAMPLES) {
        memmove(r->samples, r->samples + 1, last * sizeof r->samples[0]);
        r->count--;
    }
    r->samples[r->count].at_ms = now_ms;
    r->samples[r->count].done = done;
    r->count++;
}

uint64_t progress_rate_get(const struct progress_rate *r, uint64_t now_ms, uint64_t done)
{
    if (r->count == 0 || done < r->samples[0].done || now_ms - r->samples[0].at_ms < PROGRESS_LEAST_MS)
        return 0;
    return (done - r->samples[0].done) * 1000 / (now_ms - r->samples[0].at_ms);
}

/* ---- the words ---- */

void progress_words(enum tdm_phase phase, const char *what, struct progress_state *s)
{
    static const char *const words[] = {"Downloading", "Verifying", "Switching", "Asking",
                                        "Connecting",  "Flashing",  "Proving"};
    static const struct {
        enum tdm_phase phase;
        const char *what, *word, *thing;
    } others[] = {
        {TDM_PHASE_CONNECT, "loader", "Connecting to", "loader"},
        {TDM_PHASE_CONNECT, "buttons", "Waiting for", "buttons"},
        {TDM_PHASE_FLASH, "write", "Flashing", "radio"},
        {TDM_PHASE_PROVE, "digest", "Comparing", "flash"},
        {TDM_PHASE_PROVE, "regions", "Proving", "flash"},
        {TDM_PHASE_PROVE, "health", "Checking", "health"},
        {TDM_PHASE_SWITCH, "confirm", "Keeping", "new pair"},
    };

    s->word = words[phase];
    s->what = what;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i].phase == phase && strcmp(others[i].what, what) == 0) {
            s->word = others[i].word;
            s->what = others[i].thing;
        }
    }
}

/* How the number stands behind a remark that ends so. The first that fits counts. */
static const struct note_ending {
    const char *ending, *instead; /* instead of the ending; the number follows */
    const char *behind;
    bool is_time, is_letter;
} note_endings[] = {
    {", bytes", " (", " bytes)", false, false},
    {"; bytes that are there", ": ", " bytes are there", false, false},
    {"; milliseconds to wait", " in ", " s", true, false},
    {"; seconds to do it", "; there are ", " seconds to do it", false, false},
    {":", ": ", "", false, false},
    {"RCP slot", "RCP slot r", "", false, false},
    {" slot", " slot ", "", false, true},
};

static size_t ending_at(const char *what, const char *ending)
{
    size_t len = strlen(what), n = strlen(ending);
    return len >= n && strcmp(what + len - n, ending) == 0 ? len - n : len + 1;
}

const char *progress_note(char *out, size_t room, const char *what, uint64_t value)
{
    char number[32];

    for (size_t i = 0; i < sizeof note_endings / sizeof note_endings[0]; i++) {
        const struct note_ending *e = &note_endings[i];
        size_t at = ending_at(what, e->ending);
        if (at > strlen(what))
            continue;
        (void)snprintf(number, sizeof number, "%" PRIu64, value);
        if (e->is_time)
            (void)snprintf(number, sizeof number, "%" PRIu64 ".%" PRIu64, value / 1000, value % 1000 / 100);
        if (e->is_letter && value < 2)
            (void)snprintf(number, sizeof number, "%c", value == 0 ? 'A' : 'B');
        (void)snprintf(out, room, "%.*s%s%s%s", (int)at, what, e->instead, number, e->behind);
        return out;
    }
    (void)snprintf(out, room, value != 0 ? "%s (%" PRIu64 ")" : "%s", what, value);
    return out;
}

/* ---- the line ---- */

/* Three digits that count, and a unit. */
static void put_bytes(char *out, size_t room, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    for (; value >= 1000 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1024;
    (void)snprintf(out, room, value < 100 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void put_time(char *out, size_t room, uint64_t seconds)
{
    uint64_t hours = seconds / 3600, minutes = seconds / 60 % 60;

    if (hours > HOURS_MOST)
        (void)snprintf(out, room, "days");
    else if (hours > 0)
        (void)snprintf(out, room, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes, seconds % 60);
    else
        (void)snprintf(out, room, "%" PRIu64 ":%02" PRIu64, minutes, seconds % 60);
}

/* Behind the bar, of a steady width, so that the bar stands still. */
static void put_tail(char *out, size_t room, const struct progress_state *s)
{
    char much[16] = "", speed[16] = "", left[16] = "";

    if (s->total > 0)
        (void)snprintf(much, sizeof much, "%3u%%", (unsigned)((double)s->done * 100 / (double)s->total));
    else
        put_bytes(much, sizeof much, s->done);
    if (s->rate > 0)
        put_bytes(speed, sizeof speed, s->rate);
    if (s->rate > 0 && s->done < s->total)
        put_time(left, sizeof left, (s->total - s->done + s->rate - 1) / s->rate);
    (void)snprintf(out, room, "%s  %8s%-2s  %7s%s", much, speed, speed[0] != '\0' ? "/s" : "", left,
                   left[0] != '\0' ? " left" : "");
}

static void put_bar(char *out, size_t width, const struct progress_state *s)
{
    size_t filled = (size_t)((double)s->done * (double)width / (double)s->total);

    memset(out, ' ', width);
    memset(out, '#', filled < width ? filled : width);
    out[width] = '\0';
}

void progress_line(char *out, size_t room, int columns, const struct progress_state *s)
{
    char head[PIECE_MAX], tail[PIECE_MAX], bar[BAR_MOST + 1] = "";
    size_t most = columns > 1 && (size_t)columns <= room ? (size_t)columns : room; /* with its NUL */

    (void)snprintf(head, sizeof head, "%s %.24s", s->word, s->what);
    put_tail(tail, sizeof tail, s);
    size_t taken = strlen(head) + sizeof " [] 100%  1000 KiB/s  99:59:59 left";
    size_t width = taken < most ? most - taken : 0;
    width = width < BAR_MOST ? width : BAR_MOST;
    if (s->total > 0 && width >= BAR_LEAST)
        put_bar(bar, width, s);
    (void)snprintf(out, most, "%s %s%s%s%s", head, bar[0] != '\0' ? "[" : "", bar, bar[0] != '\0' ? "] " : "", tail);
    for (size_t n = strlen(out); n > 0 && out[n - 1] == ' '; n--)
        out[n - 1] = '\0';
}
