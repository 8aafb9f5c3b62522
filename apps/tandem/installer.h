/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installer: what ota download and rcp adopt share: an install over this router's ports, and its failures in words.
 *
 * Used by   cmd_ota_download, cmd_rcp_adopt.   Uses  include/tandem/install.h, device.
 */
#ifndef TANDEM_INSTALLER_H
#define TANDEM_INSTALLER_H

#include <tandem/install.h>

#include "app.h"
#include "device.h"

/* source: where the image comes from; it must live as long as the install. */
void installer_init(struct install *in, struct app *app, struct device *dev, struct tdm_http *source);

/* The failure of an install as one sentence; where: URL, file or folder. Returns the exit number. */
int installer_fail(struct app *app, const struct install *in, const char *where);

/* What was fetched, and what was not; of a failure also what is left for the next time. */
void installer_add_transfer(struct app *app, const struct install *in, bool is_done);

/* What the image is and where it went. */
void installer_describe(struct app *app, const struct install *in);

#endif
