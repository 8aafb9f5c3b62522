/* SPDX-License-Identifier: Apache-2.0 */
/*
 * install_world: a router in memory with everything an install needs: record, RCP slots, host slots, boot selection, and
 * a source that serves one image as a test wishes.
 *
 * Used by   unit tests of install.   Uses  fake_flash, fake_host, sample_image, the OpenSSL port.
 */
#ifndef SUPPORT_INSTALL_WORLD_H
#define SUPPORT_INSTALL_WORLD_H

#include <tandem/install.h>

#include "linux/tandem_linux.h"
#include "support/fake_flash.h"
#include "support/fake_host.h"
#include "support/sample_image.h"

#define WORLD_SLOT_SIZE 16384

struct world_source {
    struct tdm_http port;
    const uint8_t *bytes;
    size_t len, chunk;
    bool tells_length, has_ranges;
    const char *validator; /* of these bytes, or NULL */
    size_t breaks_at;      /* after so many bytes the connection breaks; 0: never */
    unsigned gets;
    bool has_no_middle;  /* says that it has ranges, and sends only first ones */
    unsigned changes_at; /* with this get its validator is another one; 0: never */
    uint64_t sent;       /* bytes, in all gets */
};

struct install_world {
    struct fake_power power;
    struct fake_flash record, journal, rcp[SLOT_RCP_SLOTS], host_slots[TDM_HOST_SLOTS];
    struct fake_host host;
    struct slot_store store;
    struct crypto_openssl crypto;
    struct world_source source;
    struct tdm_log log;
    unsigned warnings;
    uint8_t buf[4096];
    bool has_journal;             /* downloads are gone on with: claims every 4 KiB, synced every 8 */
    struct install_policy policy; /* keeps what the test puts there */
    struct install install;
};

/* A router that was never updated, running slot A, which is filled with bytes of its own. */
void world_open(struct install_world *w, bool has_slots);
void world_close(struct install_world *w);

/* The power comes back: what is on the medium is what is there; the bootloader starts what is selected. */
void world_reboot(struct install_world *w);

void world_serve(struct install_world *w, const struct sample_image *image);
void world_begin(struct install_world *w); /* a fresh struct install, as a new process has it */

/* The record as the next boot finds it. Fails the test when it is unreadable. */
enum slot_store_state world_load(struct install_world *w, struct slot_record *out);
void world_store(struct install_world *w, const struct slot_record *rec);

/* Is this slot's content, as the record states it, really there? */
bool world_is_whole(const struct fake_flash *f, const struct slot_content *c);

/* Stage, arm, and settle as a successful boot would: the image is GOOD and runs afterwards. */
void world_install_good(struct install_world *w, const struct sample_image *image);

#endif
