/* SPDX-License-Identifier: Apache-2.0 */
#include "exclusive.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/program.h"
#include "linux/tandem_linux.h"

#define ASK_MS  10000u
#define FDS_MAX 1024    /* a file that we open has the lowest number that is free, and we open a few dozen */
#define WORK_MS 120000u /* a unit may take 90 s to stop before systemd ends it */

/* ---- what is stopped and started ------------------------------------------------------------------------------------ */

static tdm_err shell(const char *command)
{
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};

    return command[0] == '\0' ? TDM_OK : program_run(argv, WORK_MS, NULL, 0);
}

static bool is_active(const char *unit)
{
    const char *const argv[] = {"systemctl", "is-active", "--quiet", unit, NULL};

    return program_run(argv, ASK_MS, NULL, 0) == TDM_OK;
}

/* It has failed, and systemd starts it once more in a moment: so does a stack whose radio is broken. */
static bool comes_again(const char *unit)
{
    static const char state[] = "auto-restart"; /* or auto-restart-queued */
    const char *const argv[] = {"systemctl", "show", "--property=SubState", "--value", unit, NULL};
    char said[64];

    return program_run(argv, ASK_MS, said, sizeof said) == TDM_OK && strncmp(said, state, strlen(state)) == 0;
}

static tdm_err systemctl(const struct exclusive *x, const char *verb)
{
    const char *argv[EXCLUSIVE_UNITS_MAX + 3] = {"systemctl", verb};

    memcpy(argv + 2, x->units, sizeof x->units);
    return x->unit_count == 0 ? TDM_OK : program_run(argv, WORK_MS, NULL, 0);
}

/* Of the configured units, those that run now or will in a moment. */
static int find_units(struct exclusive *x)
{
    char *rest = NULL;
    int named = 0;

    (void)snprintf(x->names, sizeof x->names, "%s", x->app->cfg.radio.units);
    for (char *unit = strtok_r(x->names, " ,", &rest); unit != NULL; unit = strtok_r(NULL, " ,", &rest)) {
        if (++named > EXCLUSIVE_UNITS_MAX)
            return app_fail(x->app, TDM_E_FORMAT, "bad_config", "[radio] units names more than %d units",
                            EXCLUSIVE_UNITS_MAX);
        if (is_active(unit) || comes_again(unit))
            x->units[x->unit_count++] = unit;
    }
    return EXIT_OK;
}

/* ---- the minder ----------------------------------------------------------------------------------------------------- */

/* 0 when everything was started, 1 when a unit was not, 2 when the command failed. */
static int start_again(const struct exclusive *x)
{
    int units = systemctl(x, "start") == TDM_OK ? 0 : 1;

    return shell(x->app->cfg.radio.start_command) == TDM_OK ? units : 2;
}

/* It holds nothing of ours: no lock on record, slots or radio outlives us because of it. */
static void mind(const struct exclusive *x, int wait_fd)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    char nothing;

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        (void)signal(signals[i], SIG_IGN); /* cannot fail for these */
    (void)setsid();                        /* fails only where it is not needed */
    if (dup2(wait_fd, STDIN_FILENO) < 0)
        _exit(3);
    for (int fd = STDERR_FILENO + 1; fd < FDS_MAX; fd++)
        (void)close(fd); /* most are not open */
    while (read(STDIN_FILENO, &nothing, 1) < 0 && errno == EINTR)
        ;
    _exit(start_again(x));
}

static bool start_minder(struct exclusive *x)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    x->minder = fork();
    if (x->minder == 0)
        mind(x, ends[0]);
    (void)close(ends[0]);
    x->pipe = ends[1];
    if (x->minder < 0)
        (void)close(ends[1]);
    return x->minder > 0;
}

/* ---- begin and end -------------------------------------------------------------------------------------------------- */

static uint32_t now_ms(void)
{
    struct clock_posix clock;

    clock_posix_init(&clock);
    return tdm_clock_now_ms(&clock.port);
}

static int stop(struct exclusive *x)
{
    const struct config *cfg = &x->app->cfg;

    x->app->off_air.was_stopped = x->unit_count > 0 || cfg->radio.stop_command[0] != '\0';
    x->app->off_air.since_ms = now_ms();

    if (systemctl(x, "stop") != TDM_OK)
        return app_fail(x->app, TDM_E_PEER, "stop_failed",
                        "[radio] units = \"%s\": not all could be stopped; `systemctl status` says why",
                        cfg->radio.units);
    if (shell(cfg->radio.stop_command) != TDM_OK)
        return app_fail(x->app, TDM_E_PEER, "stop_failed",
                        "[radio] stop-command \"%s\" failed; the radio was not touched", cfg->radio.stop_command);
    return EXIT_OK;
}

int exclusive_begin(struct exclusive *x, struct app *app)
{
    const struct config *cfg = &app->cfg;

    *x = (struct exclusive){.app = app};
    int status = find_units(x);
    bool has_work = x->unit_count > 0 || cfg->radio.stop_command[0] != '\0' || cfg->radio.start_command[0] != '\0';
    if (status == EXIT_OK && has_work) {
        x->has_begun = start_minder(x);
        status = x->has_begun
                     ? stop(x)
                     : app_fail(app, TDM_E_IO, "stop_failed", "the system takes no other process; nothing was stopped");
    }
    x->has_failed = status != EXIT_OK;
    return status;
}

/* The network is back when what uses the radio is. */
static void end_off_air(const struct app_off_air *o, bool has_started)
{
    if (!o->was_stopped || o->flash == NULL)
        return;
    cJSON_DeleteItemFromObject(o->flash, "off_air_seconds");
    if (has_started)
        cJSON_AddNumberToObject(o->flash, "off_air_seconds", (now_ms() - o->since_ms) / 1000.0);
}

void exclusive_end(struct exclusive *x)
{
    int result = 0;
    pid_t reaped;

    if (!x->has_begun)
        return;
    x->has_begun = false;
    (void)close(x->pipe); /* this is what the minder waits for */
    do
        reaped = waitpid(x->minder, &result, 0);
    while (reaped < 0 && errno == EINTR);
    bool has_started = reaped == x->minder && WIFEXITED(result) && WEXITSTATUS(result) == 0;
    end_off_air(&x->app->off_air, has_started);
    if (has_started)
        return;
    bool is_command = WIFEXITED(result) && WEXITSTATUS(result) == 2;
    x->app->late = app_fail(x->app, TDM_E_PEER, "start_failed", "[radio] %s \"%s\" failed; start it by hand",
                            is_command ? "start-command" : "units =",
                            is_command ? x->app->cfg.radio.start_command : x->app->cfg.radio.units);
}
