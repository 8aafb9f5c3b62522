/* SPDX-License-Identifier: Apache-2.0 */
#include "linux/block_place.h"

#include <dirent.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define LAYERS_MAX 4

/* ---- sysfs ------------------------------------------------------------------------------------------------------- */

static bool read_line(const char *path, char *line, size_t cap)
{
    FILE *in = fopen(path, "re");

    if (in == NULL)
        return false;
    bool is_read = fgets(line, (int)cap, in) != NULL;
    (void)fclose(in); /* only read */
    if (is_read)
        line[strcspn(line, "\n")] = '\0';
    return is_read;
}

static bool attribute(const char *folder, const char *name, char *line, size_t cap)
{
    char path[PATH_MAX];

    return (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) < sizeof path && read_line(path, line, cap);
}

static bool read_device(const char *folder, dev_t *device)
{
    unsigned major_number, minor_number;
    char line[32];

    /* NOLINTNEXTLINE(cert-err34-c): the kernel's own words, and a number that is none ends with count 0 or 1 */
    if (!attribute(folder, "dev", line, sizeof line) || sscanf(line, "%u:%u", &major_number, &minor_number) != 2)
        return false;
    *device = makedev(major_number, minor_number);
    return true;
}

static uint64_t read_number(const char *folder, const char *name, uint64_t otherwise)
{
    char line[32];

    return attribute(folder, name, line, sizeof line) ? strtoull(line, NULL, 10) : otherwise;
}

/* The device's own folder, links resolved: a partition's lies inside its disk's. */
static bool folder_of(const char *sys, dev_t device, char out[PATH_MAX])
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/dev/block/%u:%u", sys, major(device), minor(device));
    return realpath(path, out) != NULL;
}

/* ---- ranges of a disk -------------------------------------------------------------------------------------------- */

struct range {
    dev_t disk;
    uint64_t start, end; /* in sectors of 512 bytes */
};

static struct range range_of(const char *sys, dev_t device)
{
    struct range whole = {.disk = device, .end = UINT64_MAX};
    char folder[PATH_MAX], line[32];

    if (!folder_of(sys, device, folder) || !attribute(folder, "partition", line, sizeof line))
        return whole;
    struct range part = {.start = read_number(folder, "start", 0)};
    part.end = part.start + read_number(folder, "size", 0);
    return read_device(dirname(folder), &part.disk) ? part : whole;
}

static bool is_overlapping(const char *sys, dev_t one, dev_t other)
{
    struct range a = range_of(sys, one), b = range_of(sys, other);

    return one == other || (a.disk == b.disk && a.start < b.end && b.start < a.end);
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

/* They call each other at most LAYERS_MAX deep. NOLINTBEGIN(misc-no-recursion) */
static bool is_under(const char *sys, const struct block_place *storage, dev_t device, int layers);

/* A loop device lies on its file, and on whatever that lies on. */
static bool is_under_loop(const char *sys, const struct block_place *storage, const char *folder, int layers)
{
    char file[PATH_MAX];

    if (!attribute(folder, "loop/backing_file", file, sizeof file))
        return false;
    struct block_place backing = block_place_of(file);
    if (!storage->is_device && backing.is_there && backing.dev == storage->dev && backing.inode == storage->inode)
        return true;
    return is_under(sys, storage, backing.dev, layers - 1);
}

static bool is_under_slaves(const char *sys, const struct block_place *storage, const char *folder, int layers)
{
    char path[PATH_MAX], slave[PATH_MAX];
    bool is_found = false;
    dev_t device;

    if ((size_t)snprintf(path, sizeof path, "%s/slaves", folder) >= sizeof path)
        return false;
    DIR *slaves = opendir(path);
    if (slaves == NULL)
        return false;
    for (const struct dirent *entry; !is_found && (entry = readdir(slaves)) != NULL;) {
        if (entry->d_name[0] == '.' ||
            (size_t)snprintf(slave, sizeof slave, "%s/%s", path, entry->d_name) >= sizeof slave)
            continue;
        is_found = read_device(slave, &device) && is_under(sys, storage, device, layers - 1);
    }
    (void)closedir(slaves);
    return is_found;
}

/* Do the bytes of `device` lie on the storage? */
static bool is_under(const char *sys, const struct block_place *storage, dev_t device, int layers)
{
    char folder[PATH_MAX];

    if (storage->is_device && is_overlapping(sys, storage->dev, device))
        return true;
    if (layers == 0 || !folder_of(sys, device, folder))
        return false;
    return is_under_loop(sys, storage, folder, layers) || is_under_slaves(sys, storage, folder, layers);
}
/* NOLINTEND(misc-no-recursion) */

bool block_place_under(const char *sys, const struct block_place *storage, dev_t device)
{
    return storage->is_there && is_under(sys, storage, device, LAYERS_MAX);
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

struct block_place block_place_of(const char *path)
{
    struct block_place place = {.is_there = false};
    char copy[PATH_MAX];
    struct stat st;

    place.is_there = stat(path, &st) == 0;
    if (place.is_there) {
        place.is_device = S_ISBLK(st.st_mode);
        place.dev = place.is_device ? st.st_rdev : st.st_dev;
        place.inode = place.is_device ? 0 : st.st_ino;
    } else if ((size_t)snprintf(copy, sizeof copy, "%s", path) < sizeof copy && stat(dirname(copy), &st) == 0) {
        place.dev = st.st_dev;
    }
    return place;
}

bool block_place_holds(const char *path, dev_t device)
{
    struct block_place storage = block_place_of(path);

    return block_place_under("/sys", &storage, device);
}

/* Files that are not there yet: the same name in the same folder. */
static bool is_same_name(const char *one, const char *other)
{
    char a[PATH_MAX], b[PATH_MAX];
    struct stat sa, sb;

    (void)snprintf(a, sizeof a, "%s", one);
    (void)snprintf(b, sizeof b, "%s", other);
    if (strcmp(basename(a), basename(b)) != 0)
        return false;
    (void)snprintf(a, sizeof a, "%s", one);
    (void)snprintf(b, sizeof b, "%s", other);
    return stat(dirname(a), &sa) == 0 && stat(dirname(b), &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

bool block_place_is_shared(const char *one, const char *other)
{
    struct block_place a = block_place_of(one), b = block_place_of(other);

    if (!a.is_there && !b.is_there)
        return is_same_name(one, other);
    if (a.is_there && b.is_there && !a.is_device && !b.is_device && a.dev == b.dev && a.inode == b.inode)
        return true;
    return block_place_under("/sys", &a, b.dev) || block_place_under("/sys", &b, a.dev);
}

bool block_place_is_looped(const char *sys, const struct block_place *file)
{
    char path[PATH_MAX], backing[PATH_MAX];
    bool is_found = false;

    (void)snprintf(path, sizeof path, "%s/block", sys);
    DIR *devices = file->is_there && !file->is_device ? opendir(path) : NULL;
    if (devices == NULL)
        return false;
    for (const struct dirent *entry; !is_found && (entry = readdir(devices)) != NULL;) {
        if (strncmp(entry->d_name, "loop", 4) != 0 ||
            (size_t)snprintf(path, sizeof path, "%s/block/%s", sys, entry->d_name) >= sizeof path ||
            !attribute(path, "loop/backing_file", backing, sizeof backing))
            continue;
        struct block_place place = block_place_of(backing);
        is_found = place.is_there && place.dev == file->dev && place.inode == file->inode;
    }
    (void)closedir(devices);
    return is_found;
}
