/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tandem-sim: the simulated chip in real time, for any program that speaks to a serial line.
 *
 * One loop: let the chip do what is due, carry bytes both ways, obey the control socket, sleep until the next event.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "sim_chip.h"
#include "sim_control.h"
#include "sim_ends.h"
#include "sim_options.h"

static volatile sig_atomic_t is_ended;

struct program {
    struct sim_options options;
    struct sim_ends ends;
    struct sim_flash flash;
    struct sim_chip chip;
    FILE *log;
    uint64_t started_us;
};

static void on_signal(int number)
{
    (void)number;
    is_ended = 1;
}

static uint64_t clock_us(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        abort(); /* a Linux without a monotonic clock */
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void log_bytes(const struct program *p, uint64_t now, char direction, const uint8_t *data, size_t len)
{
    if (p->log == NULL || len == 0)
        return;
    (void)fprintf(p->log, "%" PRIu64 " %c", now - p->started_us, direction);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(p->log, " %02x", data[i]);
    (void)fputc('\n', p->log);
    (void)fflush(p->log);
}

/* ---- the loop ------------------------------------------------------------------------------------------------------- */

/* What came over the line before takes effect before. */
static void act_for_server(struct program *p, uint64_t now, enum sim_rfc2217_act act)
{
    const struct sim_rfc2217 *server = &p->ends.server;
    uint8_t buf[SIM_UART_HEARD_MAX];

    (void)sim_chip_run(&p->chip, now);
    if (act == SIM_RFC2217_LINES) {
        if (p->log != NULL)
            (void)fprintf(p->log, "%" PRIu64 " # reset %d boot %d\n", now - p->started_us, server->reset, server->boot);
        sim_chip_lines(&p->chip, now, server->reset, server->boot);
    }
    while (act == SIM_RFC2217_PURGE && sim_chip_read(&p->chip, now, server->baud, buf, sizeof buf) > 0) {
    }
}

static void carry_to_chip(struct program *p, uint64_t now)
{
    bool was_open = p->ends.pty_is_open;
    uint8_t buf[4096];
    uint32_t baud = 0;

    for (;;) {
        enum sim_rfc2217_act act;
        size_t n = sim_ends_receive(&p->ends, buf, sizeof buf, &baud, &act);
        if (n == 0 && act == SIM_RFC2217_NOTHING)
            break;
        log_bytes(p, now, '>', buf, n);
        if (n > 0)
            sim_chip_write(&p->chip, now, baud, buf, n);
        else
            act_for_server(p, now, act);
    }
    if (was_open && !p->ends.pty_is_open)
        sim_chip_line_closed(&p->chip);
}

static void carry_to_host(struct program *p, uint64_t now)
{
    uint8_t buf[4096];
    size_t n;

    while ((n = sim_chip_read(&p->chip, now, sim_ends_listen_baud(&p->ends), buf, sizeof buf)) > 0) {
        log_bytes(p, now, '<', buf, n);
        sim_ends_send(&p->ends, buf, n);
    }
}

static void obey(struct program *p, uint64_t now)
{
    char line[SIM_CONTROL_LINE_MAX], answer[SIM_CONTROL_LINE_MAX];
    size_t client;

    while (!is_ended && sim_ends_control_line(&p->ends, line, &client)) {
        if (p->log != NULL)
            (void)fprintf(p->log, "%" PRIu64 " # %s\n", now - p->started_us, line);
        if (!sim_control_line(&p->chip, now, line, answer))
            is_ended = 1;
        sim_ends_control_answer(&p->ends, client, answer);
    }
}

static void sleep_until(struct program *p, uint64_t due, const sigset_t *waiting_mask)
{
    struct pollfd set[SIM_ENDS_POLL_MAX];
    size_t n = sim_ends_poll_set(&p->ends, set);
    uint64_t now = clock_us(), most = UINT64_MAX;
    struct timespec t;

    if (p->ends.pty >= 0 && !p->ends.pty_is_open)
        most = (uint64_t)SIM_ENDS_LOOK_MS * 1000;
    if (due != SIM_NEVER && (due <= now || due - now < most))
        most = due <= now ? 0 : due - now;
    t = (struct timespec){.tv_sec = (time_t)(most / 1000000), .tv_nsec = (long)(most % 1000000) * 1000};
    if (ppoll(set, n, most == UINT64_MAX ? NULL : &t, waiting_mask) < 0 && errno != EINTR) {
        perror("tandem-sim: poll");
        is_ended = 1;
    }
}

static void run(struct program *p, const sigset_t *waiting_mask)
{
    while (!is_ended) {
        uint64_t now = clock_us(), due;

        carry_to_chip(p, now);
        (void)sim_chip_run(&p->chip, now); /* what happened before a pin moves */
        carry_to_host(p, now);
        obey(p, now);
        due = sim_chip_run(&p->chip, now);
        if (due > now)
            sleep_until(p, due, waiting_mask);
    }
}

/* ---- setting up ----------------------------------------------------------------------------------------------------- */

/* Signals arrive only while the loop sleeps, so none is missed between its test and its sleep. */
static void catch_signals(sigset_t *waiting_mask)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    if (sigprocmask(SIG_BLOCK, &blocked, waiting_mask) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
        sigaction(SIGINT, &action, NULL) != 0)
        abort(); /* constant arguments: cannot fail */
    sigdelset(waiting_mask, SIGTERM);
    sigdelset(waiting_mask, SIGINT);
}

static bool open_log(struct program *p)
{
    const char *name = p->options.log_file;

    p->log = NULL;
    if (name == NULL)
        return true;
    if (strcmp(name, "-") == 0) {
        p->log = stderr;
        return true;
    }
    p->log = fopen(name, "w");
    if (p->log == NULL)
        (void)fprintf(stderr, "tandem-sim: cannot write %s: %s\n", name, strerror(errno));
    return p->log != NULL;
}

static void say_ready(const struct program *p)
{
    const struct sim_options *o = &p->options;

    (void)printf("{\"ready\":true,\"chip\":\"%s\"", o->chip.part->name);
    if (o->pty_link != NULL)
        (void)printf(",\"pty\":\"%s\"", o->pty_link);
    if (o->tcp_port >= 0)
        (void)printf(",\"tcp\":%d", p->ends.tcp_port);
    if (o->rfc2217_port >= 0)
        (void)printf(",\"rfc2217\":%d", p->ends.rfc2217_port);
    if (o->control != NULL)
        (void)printf(",\"control\":\"%s\"", o->control);
    (void)printf("}\n");
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct program p;
    struct sim_options *o = &p.options;
    sigset_t waiting_mask;
    uint8_t *mem;

    if (!sim_options_read(o, argc, argv))
        return o->exit_status;
    mem = sim_ends_map_flash(o->flash_file, o->flash_size);
    if (mem == NULL || !open_log(&p))
        return EXIT_FAILURE;
    catch_signals(&waiting_mask);
    if (!sim_ends_open(&p.ends, o->pty_link, o->tcp_port, o->rfc2217_port, o->control)) {
        sim_ends_close(&p.ends);
        return EXIT_FAILURE;
    }
    sim_flash_init(&p.flash, mem, o->flash_size);
    o->chip.flash = &p.flash;
    sim_chip_init(&p.chip, &o->chip);
    p.started_us = clock_us();
    sim_chip_lines(&p.chip, p.started_us, false, o->boot_strap);
    sim_chip_power(&p.chip, p.started_us, true);
    say_ready(&p);
    run(&p, &waiting_mask);
    sim_chip_deinit(&p.chip);
    sim_ends_close(&p.ends);
    if (munmap(mem, o->flash_size) != 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
