/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/holder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN 64

/* Only links into /dev are followed: a stat elsewhere may hang on a file system whose server is gone. */
static bool is_open_as(int folder, const char *fd, dev_t device)
{
    char target[PATH_LEN];
    struct stat st;

    ssize_t n = folder >= 0 ? readlinkat(folder, fd, target, sizeof target) : -1;
    return n > 5 && strncmp(target, "/dev/", 5) == 0 && fstatat(folder, fd, &st, 0) == 0 && S_ISCHR(st.st_mode) &&
           st.st_rdev == device;
}

static bool has_open(long pid, dev_t device)
{
    char path[PATH_LEN];
    bool is_found = false;

    (void)snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    DIR *fds = opendir(path);
    if (fds == NULL)
        return false;
    for (const struct dirent *entry; !is_found && (entry = readdir(fds)) != NULL;)
        is_found = entry->d_name[0] != '.' && is_open_as(dirfd(fds), entry->d_name, device);
    (void)closedir(fds);
    return is_found;
}

static void describe(long pid, char *text, size_t cap)
{
    char path[PATH_LEN], name[32] = "a program";

    (void)snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *in = fopen(path, "re");
    if (in != NULL) {
        if (fgets(name, sizeof name, in) != NULL)
            name[strcspn(name, "\n")] = '\0';
        (void)fclose(in); /* only read */
    }
    (void)snprintf(text, cap, "%s (process %ld)", name, pid);
}

bool holder_find(dev_t device, dev_t except, char *text, size_t cap)
{
    DIR *processes = opendir("/proc");
    bool is_found = false;

    text[0] = '\0';
    if (processes == NULL)
        return false;
    for (const struct dirent *entry; !is_found && (entry = readdir(processes)) != NULL;) {
        long pid = strtol(entry->d_name, NULL, 10);
        is_found = pid > 0 && pid != (long)getpid() && has_open(pid, device) && (except == 0 || !has_open(pid, except));
        if (is_found)
            describe(pid, text, cap);
    }
    (void)closedir(processes);
    return is_found;
}
