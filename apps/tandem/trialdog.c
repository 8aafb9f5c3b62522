/* SPDX-License-Identifier: Apache-2.0 */
#include "trialdog.h"

#define PATIENCE_S 90 /* beside the health check: no step of a trial takes as long without telling */

static void on_note(struct tdm_log *log, enum tdm_log_level level, const char *what, uint64_t value)
{
    struct trialdog *t = (struct trialdog *)(void *)log;

    watchdog_alive(&t->dog);
    t->to->note(t->to, level, what, value);
}

static void on_progress(struct tdm_log *log, enum tdm_phase phase, const char *what, uint64_t done, uint64_t total)
{
    struct trialdog *t = (struct trialdog *)(void *)log;

    watchdog_alive(&t->dog);
    t->to->progress(t->to, phase, what, done, total);
}

/* A look at the record; the flow reads it again. */
static bool is_trial(struct device *dev)
{
    static struct slot_store store; /* large, both: keep them off the stack */
    static struct slot_record rec;
    enum slot_store_state state;
    enum tdm_host_slot running;

    slot_store_init(&store, &dev->record.port);
    if (slot_store_peek(&store, &rec, &state) != TDM_OK || state != SLOT_STORE_OK ||
        tdm_host_running(&dev->host.port, &running) != TDM_OK)
        return false;
    return rec.trial.kind != SLOT_TRIAL_NONE || rec.host[running].content.state == SLOT_STAGED;
}

struct tdm_log *trialdog_begin(struct trialdog *t, struct app *app, struct device *dev)
{
    const char *path = app->cfg.boot.watchdog;
    uint32_t patience_s = PATIENCE_S + (uint32_t)(app->cfg.boot.check_timeout_ms / 1000);

    t->to = app->log;
    if (path[0] == '\0' || !is_trial(dev))
        return app->log;
    if (watchdog_open(&t->dog, path, patience_s) != TDM_OK) {
        tdm_log_note(app->log, TDM_LOG_WARNING, "the watchdog cannot be opened; the trial goes on without it", 0);
        return app->log;
    }
    t->port = (struct tdm_log){.note = on_note, .progress = on_progress};
    return &t->port;
}

void trialdog_end(struct trialdog *t, bool restarts)
{
    if (restarts)
        watchdog_leave(&t->dog);
    else
        watchdog_close(&t->dog);
}
