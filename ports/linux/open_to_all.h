/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_to_all: may everybody on this system change what a path leads to, or put something else in its place?
 *
 * Used by   keys_openssl, apps/ (certificates, the configuration).   Uses  nothing.
 * Asked     of the file or folder: may everybody write to it? Of each folder above it, by the path as given and by the one that
 *           links lead to: may everybody take away what lies in it? In one like /tmp only the owner may: then root or we
 *           have to be that owner. Who shares a group, or owns a folder, is trusted as its owner is.
 */
#ifndef LINUX_OPEN_TO_ALL_H
#define LINUX_OPEN_TO_ALL_H

#include <stdbool.h>

/* false also where nothing is: to open it will say so. */
bool open_to_all(const char *path);

#endif
