/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_radio: the radio application: answers Spinel over HDLC as an OpenThread RCP does.
 *
 * Used by   sim_chip.   Uses  hdlc, sim_image.
 * Who it is comes from the flashed firmware (version text) and from the chip (MAC, reset cause). There is no radio
 * traffic: properties keep what is set, frames to send are not taken.
 * Memory    the caller owns the struct; output stands in it until the next call.
 */
#ifndef TANDEM_SIM_RADIO_H
#define TANDEM_SIM_RADIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hdlc/hdlc.h"
#include "sim_flash.h"
#include "sim_image.h"

#define SIM_RADIO_BAUD        460800u
#define SIM_RADIO_VERSION_MAX 127
#define SIM_RADIO_FRAME_MAX   1300
#define SIM_RADIO_OUT_MAX     1024
#define SIM_RADIO_PROPS       32
#define SIM_RADIO_VALUE_MAX   16
/* So many bytes of a damaged frame are shown in the debug text about it. */
#define SIM_RADIO_SHOWN_MAX 41

struct sim_radio {
    uint8_t hwaddr[8];
    char version[SIM_RADIO_VERSION_MAX + 1];
    uint32_t last_status;
    uint64_t now_us;
    uint8_t values[SIM_RADIO_PROPS][SIM_RADIO_VALUE_MAX]; /* in the order of the property table */
    struct hdlc_decoder hdlc;
    uint8_t frame[SIM_RADIO_FRAME_MAX + 2];
    uint8_t shown[SIM_RADIO_SHOWN_MAX]; /* damaged frame that is to be told about */
    size_t shown_len;
    unsigned shown_error; /* 0: none */
    uint8_t out[SIM_RADIO_OUT_MAX];
    size_t out_len;
    bool wants_restart;
};

/* The version text inside a firmware: the first NUL-ended printable text in a segment that has "/" and "; esp32" in it.
 * False when there is none. */
bool sim_radio_find_version(const struct sim_image *app, const struct sim_flash *flash,
                            char version[SIM_RADIO_VERSION_MAX + 1]);

/* The application starts: out is the reset notice with this status. */
void sim_radio_start(struct sim_radio *r, const char *version, const uint8_t mac[6], uint32_t status);

/* True when r->out holds an answer, r->wants_restart is set, or sim_radio_tell() has something to say. */
bool sim_radio_push(struct sim_radio *r, uint64_t now_us, uint8_t byte);

/* Debug texts about a damaged frame; the application sends them when it has nothing better to do. */
void sim_radio_tell(struct sim_radio *r);

#endif
