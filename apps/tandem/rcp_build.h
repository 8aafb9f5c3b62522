/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rcp_build: an RCP build directory, host firmware, or both, read and checked as the parts of one image.
 *
 * Used by   image create, rcp adopt.   Uses  src/image, the crypto port.
 * Memory    the parts are on the heap; rcp_build_free() gives them back, also after a failed load.
 * Order     load checks everything that would make a router or a radio refuse the image; write then only copies.
 */
#ifndef TANDEM_RCP_BUILD_H
#define TANDEM_RCP_BUILD_H

#include <tandem/crypto.h>
#include <tandem/image.h>
#include <tandem/sink.h>

#include "filework.h"
#include "image/esp_app.h"
#include "image/flash_args.h"
#include "image/flash_args_text.h"

struct rcp_build_part { /* by tag */
    char path[FILEWORK_PATH_MAX];
    uint8_t *data;
    size_t len;
    bool is_esp; /* esp is filled */
    struct esp_app_info esp;
};

/* Why a build cannot be packed: one sentence that names the file, and the line where there is one. */
struct rcp_build_problem {
    tdm_err err;
    const char *code;
    char sentence[FILEWORK_PATH_MAX + 512];
};

struct rcp_build {
    struct rcp_build_problem problem;
    struct image_layout layout;
    struct rcp_build_part parts[IMAGE_PARTS_MAX];
    char flash_args_path[FILEWORK_PATH_MAX];
    uint8_t *flash_args_file; /* text that flash_args_text points into */
    struct flash_args_text text;
    struct flash_args args;
    bool has_version_inside; /* the version text stands in the RCP firmware, as it should */
};

/*
 * host_file NULL: a radio-only image; dir NULL: a host-only one, whose layout has no sizes yet, since its front needs a
 * manifest. The reason of a failure is in b->problem.
 */
TDM_MUST_USE tdm_err rcp_build_load(struct rcp_build *b, const char *dir, const char *host_file,
                                    struct tdm_crypto *crypto);

/* Do the radio's parts and partitions fit this flash? 0: any. */
TDM_MUST_USE tdm_err rcp_build_check_flash(struct rcp_build *b, uint32_t flash_size);

/* Header table and parts of a plain image, in order; the sink's error is returned. */
TDM_MUST_USE tdm_err rcp_build_write(const struct rcp_build *b, struct tdm_sink *into);

/* The parts behind part 0 alone. */
TDM_MUST_USE tdm_err rcp_build_write_parts(const struct rcp_build *b, struct tdm_sink *into);

void rcp_build_free(struct rcp_build *b);

#endif
