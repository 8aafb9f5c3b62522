/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "out.h"

#define REFRESH_MS  100
#define TICK_MS     500 /* while nothing comes */
#define JSON_MS     1000
#define COLUMNS     80   /* of a terminal that does not say */
#define BYTES_LEAST 1024 /* a smaller total counts something else */
#define LINE_ROOM   256

static const char *const phase_keys[] = {"fetch", "verify", "switch", "ask", "connect", "flash", "prove"};
static const char *const level_words[] = {"error", "warning", "info", "debug"};

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static cJSON *new_event(const char *event, const char *name_key, const char *name, const char *what)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "event", event);
    cJSON_AddStringToObject(o, name_key, name);
    cJSON_AddStringToObject(o, "what", what);
    return o;
}

static void print_event(cJSON *o)
{
    out_json(stderr, o);
    cJSON_Delete(o);
}

static void print_progress(const struct progress_state *s, const char *phase)
{
    cJSON *o = new_event("progress", "phase", phase, s->what);

    cJSON_AddNumberToObject(o, "done", (double)s->done);
    cJSON_AddNumberToObject(o, "total", (double)s->total);
    if (s->rate > 0)
        cJSON_AddNumberToObject(o, "rate", (double)s->rate);
    if (s->rate > 0 && s->total > 0 && s->done <= s->total) {
        uint64_t seconds = (s->total - s->done + s->rate - 1) / s->rate;
        cJSON_AddNumberToObject(o, "seconds_left", (double)seconds);
    }
    print_event(o);
}

static int columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

static void print_bar(struct progress *p, const struct progress_state *s)
{
    char line[LINE_ROOM];

    progress_line(line, sizeof line, columns(), s);
    (void)fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    p->line_is_open = true;
}

/* Worth showing: something new, the end, or enough time since the last. */
static bool is_due(const struct progress *p, bool is_new, uint64_t now)
{
    if (is_new || (p->total > 0 && p->done >= p->total))
        return true;
    return (p->is_terminal || p->is_json) && now - p->shown_at_ms >= (p->is_json ? JSON_MS : REFRESH_MS);
}

static void show(struct progress *p, bool is_new, uint64_t now)
{
    bool is_bytes = p->total == 0 || p->total >= BYTES_LEAST;
    struct progress_state state = {NULL, p->what, p->done, p->total,
                                   is_bytes ? progress_rate_get(&p->rate, now, p->done) : 0};

    p->shown_at_ms = now;
    p->is_live = true;
    if (p->is_json) {
        print_progress(&state, phase_keys[p->phase]);
        return;
    }
    progress_words((enum tdm_phase)p->phase, p->what, &state);
    if (p->is_terminal)
        print_bar(p, &state);
    else if (is_new)
        (void)fprintf(stderr, "%s %s\n", state.word, state.what);
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
        progress_rate_begin(&p->rate, now, done);
    }
    p->done = done;
    p->total = total;
    progress_rate_note(&p->rate, now, done);
    if (!p->is_quiet && is_due(p, is_new, now))
        show(p, is_new, now);
}

void progress_tick(struct progress *p)
{
    uint64_t now = now_ms();

    if (!p->is_live || now - p->shown_at_ms < TICK_MS)
        return;
    progress_rate_note(&p->rate, now, p->done);
    if (is_due(p, false, now))
        show(p, false, now);
}

static void print_note(const char *level, const char *what, uint64_t value)
{
    cJSON *o = new_event("note", "level", level, what);

    cJSON_AddNumberToObject(o, "value", (double)value);
    print_event(o);
}

static void on_note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value)
{
    struct progress *p = (struct progress *)log;
    char text[LINE_ROOM];

    if (level == TDM_LOG_DEBUG && !p->is_verbose)
        return;
    if (level == TDM_LOG_INFO && p->is_quiet)
        return;
    progress_close(p);
    if (p->is_json)
        print_note(level_words[level], what, value);
    else
        (void)fprintf(stderr, "%s: %s\n", level_words[level], progress_note(text, sizeof text, what, value));
}

/* One that can go back to the start of a line. */
static bool has_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && (kind == NULL || strcmp(kind, "dumb") != 0);
}

void progress_init(struct progress *p, bool is_json, bool is_verbose, bool is_quiet)
{
    *p = (struct progress){
        .port = {.note = on_note, .progress = on_progress},
        .is_json = is_json,
        .is_terminal = has_terminal(),
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
    p->is_live = false;
}
