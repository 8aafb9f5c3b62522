/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux/tandem_linux.h"

extern char **environ; /* NOLINT(readability-redundant-declaration): only with _GNU_SOURCE a header has it */

struct listening {
    int fd; /* -1: nobody listens */
    char *said;
    size_t cap, len;
    bool is_too_much;
};

tdm_err program_start_err(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return TDM_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case ENOEXEC:
        return TDM_E_ACCESS;
    default:
        return TDM_E_IO;
    }
}

static int set_up(posix_spawn_file_actions_t *files, posix_spawnattr_t *attr, int out)
{
    sigset_t none, reset;

    int err = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (err == 0)
        err = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
    (void)sigemptyset(&none); /* cannot fail, like the others on a set of our own */
    (void)sigemptyset(&reset);
    (void)sigaddset(&reset, SIGPIPE);
    (void)sigaddset(&reset, SIGINT);
    (void)sigaddset(&reset, SIGTERM);
    (void)sigaddset(&reset, SIGHUP);
    if (err == 0)
        err = posix_spawnattr_setsigmask(attr, &none);
    if (err == 0)
        err = posix_spawnattr_setsigdefault(attr, &reset);
    if (err == 0)
        err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return err;
}

/* 0, or errno. */
static int start(const char *const argv[], int out, pid_t *child)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;

    int err = posix_spawn_file_actions_init(&files);
    if (err != 0)
        return err;
    err = posix_spawnattr_init(&attr);
    if (err == 0) {
        err = set_up(&files, &attr, out);
        if (err == 0)
            err = posix_spawnp(child, argv[0], &files, &attr, (char *const *)argv, environ);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return err;
}

/* What lies in the pipe now; false when nothing more can come. */
static bool hear(struct listening *l)
{
    char beyond[256];
    bool is_full = l->len + 1 >= l->cap;

    ssize_t n = is_full ? read(l->fd, beyond, sizeof beyond) : read(l->fd, l->said + l->len, l->cap - 1 - l->len);
    if (n > 0 && is_full)
        l->is_too_much = true;
    else if (n > 0)
        l->len += (size_t)n;
    return n > 0 || (n < 0 && errno == EINTR);
}

/* Until the program has ended; whoever it left behind with its output open is not waited for. */
static tdm_err await_exit(int pidfd, uint32_t timeout_ms, struct listening *l)
{
    struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = l->fd, .events = POLLIN}};
    struct clock_posix clock;

    clock_posix_init(&clock);
    struct tdm_deadline deadline = tdm_deadline_in(&clock.port, timeout_ms);
    for (;;) {
        p[0].revents = p[1].revents = 0;
        int n = poll(p, 2, (int)tdm_deadline_left_ms(&deadline));
        if (n < 0 && errno != EINTR)
            return TDM_E_IO;
        if (n > 0 && p[1].revents != 0 && !hear(l))
            p[1].fd = -1;
        if (n > 0 && p[0].revents != 0)
            break;
        if (tdm_deadline_passed(&deadline))
            return TDM_E_TIMEOUT;
    }
    while (l->fd >= 0 && !l->is_too_much && hear(l))
        ;
    return TDM_OK;
}

/* Whatever happened, no child is left behind. */
static tdm_err finish(pid_t child, uint32_t timeout_ms, struct listening *l)
{
    int status = 0;
    pid_t reaped;
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);

    tdm_err err = pidfd < 0 ? TDM_E_IO : await_exit(pidfd, timeout_ms, l);
    if (pidfd >= 0)
        (void)close(pidfd);
    if (err != TDM_OK)
        (void)kill(-child, SIGKILL); /* it may have ended this moment */
    do
        reaped = waitpid(child, &status, 0);
    while (reaped < 0 && errno == EINTR);
    if (err != TDM_OK)
        return err;
    if (reaped != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return TDM_E_PEER;
    return l->is_too_much ? TDM_E_NO_ROOM : TDM_OK;
}

/* Only our end may not block: the program's own writes wait as usual. */
static bool open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
        return true;
    (void)close(ends[0]);
    (void)close(ends[1]);
    return false;
}

tdm_err program_run(const char *const argv[], uint32_t timeout_ms, char *said, size_t cap)
{
    struct listening l = {.said = said, .cap = cap};
    int ends[2] = {-1, STDERR_FILENO};
    pid_t child = 0;

    if (said != NULL && (cap == 0 || !open_pipe(ends)))
        return cap == 0 ? TDM_E_BOUNDS : TDM_E_IO;
    l.fd = ends[0];
    int error = start(argv, ends[1], &child);
    if (said != NULL)
        (void)close(ends[1]); /* the child has its own */
    tdm_err err = error != 0 ? program_start_err(error) : finish(child, timeout_ms, &l);
    if (said != NULL) {
        (void)close(ends[0]);
        said[l.len] = '\0';
    }
    return err;
}
