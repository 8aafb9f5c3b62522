/* SPDX-License-Identifier: Apache-2.0 */
#include "stop.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t is_asked;

static void on_signal(int number)
{
    (void)number;
    is_asked = 1;
}

void stop_watch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction once = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction never = {.sa_handler = SIG_IGN};
    struct sigaction before;

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        /* What our caller ignores (nohup, a background job) stays ignored. */
        if (!is_asked && sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            (void)sigaction(signals[i], &once, NULL);
    }
    (void)sigaction(SIGPIPE, &never,
                    NULL); /* nobody reads our progress any more: no reason to leave a radio half done */
}

bool stop_is_asked(void)
{
    return is_asked != 0;
}

/* One process has one radio: its port as it was opened, and what to do at the end. */
static struct {
    struct app *app;
    struct device *dev;
    const struct tdm_serial_ops *serial;
    const struct tdm_lines_ops *lines;
    bool was_reset; /* by us: then it may be in its loader */
} guard;

static void end_if_asked(void)
{
    if (!stop_is_asked())
        return;
    guard.dev->lines.port.ops = guard.lines;
    bool is_released =
        !guard.was_reset || tdm_lines_reset(&guard.dev->lines.port, &guard.dev->clock.port, TDM_BOOT_APP) == TDM_OK;
    device_close(guard.dev);
    int status = app_fail(guard.app, TDM_E_CANCELLED, "stopped_by_operator", "stopped by the operator%s; %s",
                          is_released ? "" : ", and the RESET line could not be released",
                          "`tandem boot` goes on from here, whatever the radio holds now");
    status = app_end(guard.app, status);
    (void)fflush(NULL);
    _exit(status); /* as in a power cut: nothing above us may draw conclusions from a radio that was taken away */
}

static tdm_err guarded_read(struct tdm_serial *s, uint8_t *buf, size_t cap, uint32_t timeout_ms, size_t *got)
{
    end_if_asked();
    return guard.serial->read(s, buf, cap, timeout_ms, got);
}

static tdm_err guarded_write(struct tdm_serial *s, const uint8_t *data, size_t len, uint32_t timeout_ms)
{
    end_if_asked();
    return guard.serial->write(s, data, len, timeout_ms);
}

static tdm_err guarded_set_baud(struct tdm_serial *s, uint32_t baud)
{
    end_if_asked();
    return guard.serial->set_baud(s, baud);
}

static tdm_err guarded_drop_input(struct tdm_serial *s)
{
    end_if_asked();
    return guard.serial->drop_input(s);
}

static tdm_err guarded_set(struct tdm_lines *l, bool reset, bool boot)
{
    guard.was_reset = true;
    return guard.lines->set(l, reset, boot);
}

void stop_guard_radio(struct app *app, struct device *dev)
{
    static const struct tdm_serial_ops serial = {guarded_read, guarded_write, guarded_set_baud, guarded_drop_input};
    static const struct tdm_lines_ops lines = {guarded_set};

    guard.app = app;
    guard.dev = dev;
    guard.serial = dev->serial.port.ops;
    guard.lines = dev->lines.port.ops;
    guard.was_reset = false;
    dev->serial.port.ops = &serial;
    dev->lines.port.ops = &lines;
    stop_watch();
}
