/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "out.h"

#define BAR_WIDTH  30
#define REFRESH_MS 100

static const char *const phase_keys[] = {"fetch", "verify", "switch", "ask", "connect", "flash", "prove"};
static const char *const phase_words[] = {"Downloading", "Verifying", "Switching", "Asking",
                                          "Connecting",  "Flashing",  "Proving"};
static const char *const level_words[] = {"error", "warning", "info", "debug"};

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void print_event(const char *event, const char *name_key, const char *name, const char *what, uint64_t a,
                        const char *b_key, uint64_t b)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "event", event);
    cJSON_AddStringToObject(o, name_key, name);
    cJSON_AddStringToObject(o, "what", what);
    if (b_key != NULL) {
        cJSON_AddNumberToObject(o, "done", (double)a);
        cJSON_AddNumberToObject(o, b_key, (double)b);
    } else {
        cJSON_AddNumberToObject(o, "value", (double)a);
    }
    out_json(stderr, o);
    cJSON_Delete(o);
}

static void print_bar(struct progress *p, const char *what, uint64_t done, uint64_t total, uint64_t now)
{
    uint64_t seconds_100 = (now - p->began_at_ms) / 10;
    uint64_t rate = seconds_100 > 0 ? done * 100 / seconds_100 : 0;

    (void)fprintf(stderr, "\r\033[K%-12s %-16.16s ", phase_words[p->phase], what);
    if (total > 0) {
        int filled = (int)(done * BAR_WIDTH / total);
        (void)fprintf(stderr, "[%.*s%*s] %3" PRIu64 "%%", filled, "##############################", BAR_WIDTH - filled,
                      "", done * 100 / total);
    } else {
        (void)fprintf(stderr, "%" PRIu64 " KiB", done / 1024);
    }
    if (rate > 0 && done < total)
        (void)fprintf(stderr, " %" PRIu64 " KiB/s, %" PRIu64 " s left", rate / 1024, (total - done) / rate);
    (void)fflush(stderr);
    p->line_is_open = true;
}

/* Worth showing: something new, the end, or enough time since the last. */
static bool is_due(const struct progress *p, uint64_t done, uint64_t total, bool is_new, uint64_t now)
{
    if (is_new || (total > 0 && done >= total))
        return true;
    return (p->is_terminal || p->is_json) && now - p->shown_at_ms >= (p->is_json ? 10 * REFRESH_MS : REFRESH_MS);
}

static void on_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    struct progress *p = (struct progress *)log;
    uint64_t now = now_ms();
    bool is_new = (int)phase != p->phase || p->what == NULL || strcmp(what, p->what) != 0;

    if (is_new) {
        progress_close(p);
        p->phase = (int)phase;
        p->what = what;
        p->began_at_ms = now;
    }
    if (p->is_quiet || !is_due(p, done, total, is_new, now))
        return;
    p->shown_at_ms = now;
    if (p->is_json)
        print_event("progress", "phase", phase_keys[phase], what, done, "total", total);
    else if (p->is_terminal)
        print_bar(p, what, done, total, now);
    else if (is_new)
        (void)fprintf(stderr, "%s %s\n", phase_words[phase], what);
}

static void on_note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value)
{
    struct progress *p = (struct progress *)log;

    if (level == TDM_LOG_DEBUG && !p->is_verbose)
        return;
    if (level == TDM_LOG_INFO && p->is_quiet)
        return;
    progress_close(p);
    if (p->is_json)
        print_event("note", "level", level_words[level], what, value, NULL, 0);
    else if (value != 0)
        (void)fprintf(stderr, "%s: %s (%" PRIu64 ")\n", level_words[level], what, value);
    else
        (void)fprintf(stderr, "%s: %s\n", level_words[level], what);
}

void progress_init(struct progress *p, bool is_json, bool is_verbose, bool is_quiet)
{
    *p = (struct progress){
        .port = {.note = on_note, .progress = on_progress},
        .is_json = is_json,
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .is_verbose = is_verbose,
        .is_quiet = is_quiet,
        .phase = -1,
    };
}

void progress_close(struct progress *p)
{
    if (p->line_is_open)
        (void)fputc('\n', stderr);
    p->line_is_open = false;
}
