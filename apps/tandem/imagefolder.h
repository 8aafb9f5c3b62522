/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imagefolder: the one OTA image in a folder, such as a USB stick's.
 *
 * Used by   source.   Uses  image_header.
 * Looks     at the first bytes of each file in it, whatever its name; not into folders below, nor at names with a dot first.
 */
#ifndef TANDEM_IMAGEFOLDER_H
#define TANDEM_IMAGEFOLDER_H

#include <stddef.h>

#include "app.h"

bool imagefolder_is(const char *path);

/* The image's file name. EXIT_OK, or the number of what was reported: no_image_in_folder, several_images, not_permitted. */
int imagefolder_find(struct app *app, const char *folder, char *out, size_t room);

#endif
