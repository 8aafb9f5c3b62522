/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_place: where storage really lies. Two names may be one file; a partition lies on its disk, a mapped or loop
 * device on what is under it, a file on the device of its file system.
 *
 * Used by   host_running.c, apps/tandem/storage_check.c.   Uses  sysfs.
 * Limits    Up to four layers of mapped and loop devices. A file system of several devices, or laid over another one,
 *           does not say where it lies: what is on it counts as lying nowhere.
 */
#ifndef TANDEM_LINUX_BLOCK_PLACE_H
#define TANDEM_LINUX_BLOCK_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

/* A file or block device by its identity. */
struct block_place {
    bool is_there, is_device;
    dev_t dev;   /* of a device, itself; of a file, of its file system; of a missing file, that of its folder */
    ino_t inode; /* of a file */
};

struct block_place block_place_of(const char *path);

/* Does a device lie, wholly or partly, on this storage? sys: where sysfs is, "/sys". */
bool block_place_under(const char *sys, const struct block_place *storage, dev_t device);

/* The same for a path: is the file system or device `device` on what this path names? */
bool block_place_holds(const char *path, dev_t device);

/* One file, one device, or one inside the other. */
bool block_place_is_shared(const char *one, const char *other);

/* A file that a loop device was made of: writing to it changes what is mounted. */
bool block_place_is_looped(const char *sys, const struct block_place *file);

#endif
