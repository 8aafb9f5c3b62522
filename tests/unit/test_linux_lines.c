/* SPDX-License-Identifier: Apache-2.0 */
/* RESET and BOOT through a real program, a real Unix socket and the bits of a modem port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux/lines_backend.h"
#include "linux/tandem_linux.h"
#include "support/temp_dir.h"

static void path_in_dir(char *out, size_t cap, const char *prefix, const char *name)
{
    assert_true((size_t)snprintf(out, cap, "%s%s/%s", prefix, temp_dir, name) < cap);
}

static struct lines_linux open_good(const char *spec)
{
    struct lines_linux l;
    struct tdm_fault why;
    tdm_fault_clear(&why);
    if (lines_linux_open(&l, spec, NULL, 100, 50, &why) != TDM_OK)
        fail_msg("open %s: %s %s (%llu)", spec, why.code, why.what, (unsigned long long)why.at);
    return l;
}

static void test_modem_needs_a_port_that_has_lines(void **state)
{
    struct serial_linux pty = {.fd = posix_openpt(O_RDWR | O_NOCTTY), .is_open = true, .is_tty = true};
    struct serial_linux socket_port = {.fd = 0, .is_open = true, .is_tty = false};
    struct serial_linux closed = {.fd = -1};
    struct serial_linux *const ports[] = {NULL, &closed, &socket_port, &pty};
    (void)state;
    assert_true(pty.fd >= 0);
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        struct lines_linux l;
        struct tdm_fault why;
        tdm_fault_clear(&why);
        assert_int_equal(lines_linux_open(&l, "modem", ports[i], 100, 50, &why), TDM_E_UNSUPPORTED);
        assert_string_equal(why.code, "lines_no_modem");
        assert_false(l.is_open || l.port.is_wired);
    }
    close(pty.fd);
}

static void test_none_is_not_wired(void **state)
{
    (void)state;
    struct lines_linux l = open_good("none");
    assert_false(l.port.is_wired);
    assert_int_equal(l.port.ops->set(&l.port, true, true), TDM_OK);
    lines_linux_close(&l);
    lines_linux_close(&l);
    struct lines_linux never_opened = {0};
    lines_linux_close(&never_opened);
}

static void test_open_names_the_cause(void **state)
{
    char plain[128], long_command[LINUX_PATH_MAX + 32], long_socket[200], dead_socket[128];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)state;

    path_in_dir(plain, sizeof plain, "command:", "not-executable");
    int fd = creat(plain + strlen("command:"), 0600);
    assert_true(fd >= 0);
    close(fd);
    memset(long_command, 'x', sizeof long_command);
    memcpy(long_command, "command:", 8);
    long_command[sizeof long_command - 1] = '\0';
    memset(long_socket, 'x', sizeof long_socket);
    memcpy(long_socket, "control:", 8);
    long_socket[sizeof long_socket - 1] = '\0';
    path_in_dir(dead_socket, sizeof dead_socket, "control:", "dead");
    memcpy(at.sun_path, dead_socket + 8, strlen(dead_socket + 8) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    close(fd);

    const struct {
        const char *spec;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"", TDM_E_FORMAT, "lines_bad_spec"},
        {"nones", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem:", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem:x", TDM_E_FORMAT, "lines_bad_spec"},
        {"modems", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem-", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem-classical", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem:direct,", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem:direct,direct", TDM_E_FORMAT, "lines_bad_spec"},
        {"modem-usb:direct", TDM_E_FORMAT, "lines_bad_spec"},
        {"command:", TDM_E_FORMAT, "lines_bad_spec"},
        {"command:true", TDM_E_FORMAT, "lines_bad_spec"},
        {"control:", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=0/7,BOOT=gpiochip0/7:high", TDM_E_FORMAT, "lines_bad_spec"},
        {"gpio:RESET=RADIO,BOOT=RADIO", TDM_E_FORMAT, "lines_bad_spec"},
        {long_command, TDM_E_FORMAT, "lines_bad_spec"},
        {long_socket, TDM_E_FORMAT, "lines_bad_spec"},
        {"command:/nonexistent/program", TDM_E_NOT_FOUND, "lines_not_found"},
        {plain, TDM_E_ACCESS, "lines_no_access"},
        {"control:/nonexistent/socket", TDM_E_NOT_FOUND, "lines_not_found"},
        {dead_socket, TDM_E_UNREACHABLE, "lines_unreachable"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct lines_linux l;
        struct tdm_fault why;
        tdm_fault_clear(&why);
        tdm_err err = lines_linux_open(&l, rows[i].spec, NULL, 100, 50, &why);
        if (err != rows[i].err || strcmp(why.code, rows[i].code) != 0 || l.is_open)
            fail_msg("%s: %s, %s", rows[i].spec, tdm_err_name(err), why.code);
    }
}

/* ---- command ------------------------------------------------------------------------------------------------------ */

static void write_script(char *spec, size_t cap, const char *body)
{
    path_in_dir(spec, cap, "command:", "lines.sh");
    FILE *f = fopen(spec + strlen("command:"), "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(spec + strlen("command:"), 0700), 0);
}

/* The whole reset into the loader, as the program saw it. The dollar must not reach a shell of ours. */
static void test_command_sees_both_words_of_each_step(void **state)
{
    char spec[128], log_path[96], body[256], seen[512] = "";
    struct clock_posix clock;
    (void)state;

    path_in_dir(log_path, sizeof log_path, "", "seen");
    snprintf(body, sizeof body, "echo \"$# $1 $2\" >> '%s'", log_path);
    write_script(spec, sizeof spec, body);
    clock_posix_init(&clock);
    struct lines_linux l = open_good(spec);
    assert_true(l.port.is_wired);
    assert_int_equal(l.port.reset_hold_ms, 100);
    assert_int_equal(l.port.boot_hold_ms, 50);
    l.port.reset_hold_ms = l.port.boot_hold_ms = 0;
    assert_int_equal(tdm_lines_reset(&l.port, &clock.port, TDM_BOOT_LOADER), TDM_OK);
    assert_int_equal(tdm_lines_reset(&l.port, &clock.port, TDM_BOOT_APP), TDM_OK);
    lines_linux_close(&l);

    FILE *f = fopen(log_path, "r");
    assert_non_null(f);
    seen[fread(seen, 1, sizeof seen - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(seen, "2 reset=1 boot=1\n2 reset=0 boot=1\n2 reset=0 boot=0\n"
                              "2 reset=1 boot=0\n2 reset=0 boot=0\n2 reset=0 boot=0\n");
}

static void test_command_that_fails_is_told(void **state)
{
    static const struct {
        const char *body;
        tdm_err err;
    } rows[] = {{"exit 0", TDM_OK}, {"exit 3", TDM_E_PEER}, {"kill -9 $$", TDM_E_PEER}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char spec[128];
        write_script(spec, sizeof spec, rows[i].body);
        struct lines_linux l = open_good(spec);
        tdm_err err = l.port.ops->set(&l.port, true, false);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].body, tdm_err_name(err));
        lines_linux_close(&l);
    }
}

static void test_command_that_went_away(void **state)
{
    char spec[128];
    (void)state;
    write_script(spec, sizeof spec, "exit 0");
    struct lines_linux l = open_good(spec);
    assert_int_equal(unlink(spec + strlen("command:")), 0);
    assert_int_equal(l.port.ops->set(&l.port, true, false), TDM_E_NOT_FOUND);
    lines_linux_close(&l);
}

/* ---- control ------------------------------------------------------------------------------------------------------ */

/* A server on its own thread: writes down what it is told, answers each line with the next answer, then closes. */
struct control_server {
    int listener;
    const char *const *answers;
    char told[256];
    pthread_t thread;
};

static void *serve(void *arg)
{
    struct control_server *c = arg;
    int fd = accept(c->listener, NULL, NULL);
    size_t len = 0;
    for (size_t i = 0; fd >= 0 && c->answers[i] != NULL; i++) {
        char byte = 0;
        while (byte != '\n' && len + 1 < sizeof c->told && recv(fd, &byte, 1, 0) == 1)
            c->told[len++] = byte;
        if (byte != '\n' || send(fd, c->answers[i], strlen(c->answers[i]), MSG_NOSIGNAL) < 0)
            break;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void server_start(struct control_server *c, const char *const *answers, char *spec, size_t cap)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *c = (struct control_server){.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .answers = answers};
    path_in_dir(spec, cap, "control:", "control");
    memcpy(at.sun_path, spec + 8, strlen(spec + 8) + 1);
    (void)unlink(at.sun_path);
    assert_int_equal(bind(c->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(c->listener, 1), 0);
    assert_int_equal(pthread_create(&c->thread, NULL, serve, c), 0);
}

static void server_stop(struct control_server *c)
{
    assert_int_equal(pthread_join(c->thread, NULL), 0);
    close(c->listener);
}

static void test_control_sets_the_strap_before_it_releases_reset(void **state)
{
    static const char *const answers[] = {"ok\n", "ok\n", "ok\n", "ok\n", "ok\n", "ok\n", NULL};
    struct control_server server;
    struct clock_posix clock;
    char spec[128];
    (void)state;

    clock_posix_init(&clock);
    server_start(&server, answers, spec, sizeof spec);
    struct lines_linux l = open_good(spec);
    assert_true(l.port.is_wired);
    l.port.reset_hold_ms = l.port.boot_hold_ms = 0;
    assert_int_equal(tdm_lines_reset(&l.port, &clock.port, TDM_BOOT_LOADER), TDM_OK);
    lines_linux_close(&l);
    server_stop(&server);
    assert_string_equal(server.told, "boot 1\nreset 1\nboot 1\nreset 0\nboot 0\nreset 0\n");
}

static void test_control_answers(void **state)
{
    static const char long_line[] = "okokokokokokokokokokokokokokokokokokokokokokokokokokokokokokokokok"
                                    "okokokokokokokokokokokokokokokokokokokokokokokokokokokokokokokokokok\n";
    static const struct {
        const char *name;
        const char *answers[3];
        tdm_err err;
    } rows[] = {
        {"both taken", {"ok\n", "ok\n", NULL}, TDM_OK},
        {"strap refused", {"error no such pin\n", NULL}, TDM_E_PEER},
        {"reset refused", {"ok\n", "error held by another\n", NULL}, TDM_E_PEER},
        {"word that only begins well", {"okay\n", NULL}, TDM_E_PEER},
        {"empty line", {"\n", NULL}, TDM_E_PEER},
        {"line without an end", {"ok", NULL}, TDM_E_UNREACHABLE},
        {"closed without an answer", {NULL}, TDM_E_UNREACHABLE},
        {"line too long", {long_line, NULL}, TDM_E_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct control_server server;
        char spec[128];
        server_start(&server, rows[i].answers, spec, sizeof spec);
        struct lines_linux l = open_good(spec);
        tdm_err err = l.port.ops->set(&l.port, true, true);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].name, tdm_err_name(err));
        lines_linux_close(&l);
        server_stop(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modem_needs_a_port_that_has_lines),
        cmocka_unit_test(test_none_is_not_wired),
        cmocka_unit_test(test_open_names_the_cause),
        cmocka_unit_test(test_command_sees_both_words_of_each_step),
        cmocka_unit_test(test_command_that_fails_is_told),
        cmocka_unit_test(test_command_that_went_away),
        cmocka_unit_test(test_control_sets_the_strap_before_it_releases_reset),
        cmocka_unit_test(test_control_answers),
    };
    return cmocka_run_group_tests(tests, temp_dir_make, temp_dir_remove);
}
