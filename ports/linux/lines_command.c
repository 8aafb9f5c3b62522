/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/lines_backend.h"

#define COMMAND_MS 5000u

extern char **environ;

static tdm_err start_err(int err)
{
    switch (err) {
    case ENOENT:
    case ENOTDIR:
        return TDM_E_NOT_FOUND;
    case EACCES:
    case EPERM:
        return TDM_E_ACCESS;
    default:
        return TDM_E_IO;
    }
}

/* Nothing to read, what it prints goes where errors go (our output may be JSON), a process group of its own so that all
 * of it can be ended. 0, or errno. */
static int start(const char *program, bool reset, bool boot, pid_t *child)
{
    char *const argv[] = {(char *)program, reset ? "reset=1" : "reset=0", boot ? "boot=1" : "boot=0", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;

    int err = posix_spawn_file_actions_init(&files);
    if (err != 0)
        return err;
    err = posix_spawnattr_init(&attr);
    if (err == 0) {
        err = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (err == 0)
            err = posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
        if (err == 0)
            err = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
        if (err == 0)
            err = posix_spawn(child, program, &files, &attr, argv, environ);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return err;
}

/* TIMEOUT when it still runs after COMMAND_MS. */
static tdm_err await_exit(pid_t child)
{
    int fd = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct clock_posix clock;
    int n = 0;

    if (fd < 0)
        return TDM_E_IO;
    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, COMMAND_MS);
    do
        n = poll(&p, 1, (int)tdm_deadline_left_ms(&deadline));
    while (n < 0 && errno == EINTR);
    (void)close(fd);
    if (n < 0)
        return TDM_E_IO;
    return n > 0 ? TDM_OK : TDM_E_TIMEOUT;
}

/* Whatever happened, no child is left behind. */
static tdm_err finish(pid_t child)
{
    int status = 0;
    pid_t reaped;

    tdm_err err = await_exit(child);
    if (err != TDM_OK)
        (void)kill(-child, SIGKILL); /* it may have ended this moment */
    do
        reaped = waitpid(child, &status, 0);
    while (reaped < 0 && errno == EINTR);
    if (err != TDM_OK)
        return err;
    return reaped == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? TDM_OK : TDM_E_PEER;
}

static tdm_err lines_command_set(struct tdm_lines *port, bool reset, bool boot)
{
    pid_t child = 0;
    int err = start(lines_linux_self(port)->target, reset, boot, &child);

    return err != 0 ? start_err(err) : finish(child);
}

static const struct tdm_lines_ops lines_command_ops = {.set = lines_command_set};

tdm_err lines_command_open(struct lines_linux *l, struct tdm_fault *why)
{
    if (access(l->target, X_OK) != 0) {
        bool is_missing = start_err(errno) == TDM_E_NOT_FOUND;
        return tdm_fault_set(why, start_err(errno), is_missing ? "lines_not_found" : "lines_no_access",
                             is_missing ? "the program for the lines does not exist"
                                        : "the program for the lines may not be run",
                             (uint64_t)errno);
    }
    l->port.ops = &lines_command_ops;
    return TDM_OK;
}
