/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/open_to_all.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(const char *path)
{
    struct stat st;

    return lstat(path, &st) != 0 || st.st_uid == 0 || st.st_uid == geteuid();
}

/* May everybody take `entry` out of the folder it lies in? */
static bool is_replaceable(const char *folder, const char *entry)
{
    struct stat st;

    if (stat(folder, &st) != 0 || (st.st_mode & S_IWOTH) == 0)
        return false;
    return (st.st_mode & S_ISVTX) == 0 || !is_ours(entry);
}

/* Folder by folder, from the first one down. */
static bool is_replaceable_above(const char *path)
{
    char folder[PATH_MAX], entry[PATH_MAX];

    for (const char *at = path, *slash; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
        size_t up = slash == path ? 1 : (size_t)(slash - path), down = (size_t)(slash - path) + 1;
        down += strcspn(path + down, "/");
        memcpy(folder, path, up);
        memcpy(entry, path, down);
        folder[up] = entry[down] = '\0';
        if (is_replaceable(folder, entry))
            return true;
    }
    return false;
}

bool open_to_all(const char *path)
{
    char real[PATH_MAX];
    struct stat st;

    if (strlen(path) >= PATH_MAX || stat(path, &st) != 0)
        return false;
    return (st.st_mode & S_IWOTH) != 0 || is_replaceable_above(path) ||
           (realpath(path, real) != NULL && is_replaceable_above(real));
}
