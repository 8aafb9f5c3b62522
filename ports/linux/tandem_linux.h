/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tandem_linux: the ports on Linux, one struct and one open (or init) function each.
 *
 * Used by   apps/, tests.   Implements  include/tandem/{flash,host,serial,lines,clock,http,crypto,deflate}.h.
 * Memory    the caller owns every struct and the texts it hands in; what a port takes from the system (descriptors,
 *           library handles) its close function gives back. Closing what was never opened is fine: structs start as {0}.
 * Failures  fill `why` (may not be NULL): err, a stable code, a short text; `at` carries errno where the system said one.
 */
#ifndef TANDEM_LINUX_H
#define TANDEM_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tandem/clock.h>
#include <tandem/crypto.h>
#include <tandem/deflate.h>
#include <tandem/err.h>
#include <tandem/flash.h>
#include <tandem/health.h>
#include <tandem/host.h>
#include <tandem/http.h>
#include <tandem/lines.h>
#include <tandem/serial.h>

#include <zlib.h>

#include "linux/bootsel.h"
#include "linux/rfc2217.h"

#define LINUX_PATH_MAX   512
#define LINUX_HOLDER_MAX 64

/* ---- clock_posix.c ----------------------------------------------------------------------------------------------- */

struct clock_posix {
    struct tdm_clock port;
};

void clock_posix_init(struct clock_posix *c);

/* ---- crypto_openssl.c -------------------------------------------------------------------------------------------- */

struct crypto_openssl {
    struct tdm_crypto port;
};

void crypto_openssl_init(struct crypto_openssl *c);

/* ---- deflate_zlib.c: begin takes memory, end gives it back ------------------------------------------------------- */

struct deflate_zlib {
    struct tdm_deflate port;
    z_stream stream;
    bool is_open;
};

void deflate_zlib_init(struct deflate_zlib *z);

/* ---- flash_file.c: a file or block device as a flash region ------------------------------------------------------ */

struct flash_file {
    struct tdm_flash port;
    int fd;
    bool is_open, is_writable, is_device;
    uint64_t prog_end,
        early_from; /* of bytes written one after the other: their end, and what the medium has not been given */
};

enum flash_file_mode {
    FLASH_FILE_READ,
    FLASH_FILE_WRITE,
    FLASH_FILE_CREATE /* a missing file is made, filled with ff */
};

/*
 * size: bytes of a file; 0 takes the file's own. A block device has its own size, size is then only a minimum.
 * BUSY, for writing: a block device that is mounted, or a file or device that another one of us has open for writing;
 * so the running host's own device can only be opened with FLASH_FILE_READ. NO_ROOM: smaller than size.
 */
TDM_MUST_USE tdm_err flash_file_open(struct flash_file *f, const char *path, uint64_t size, enum flash_file_mode mode,
                                     struct tdm_fault *why);
void flash_file_close(struct flash_file *f);

/* ---- host_files.c: two slots in files or block devices, and what selects between them (bootsel.h) ----------------- */

struct host_files {
    struct tdm_host port;
    struct bootsel_port *selector;
    enum tdm_host_slot running;
};

/* running: what host_running_find() has told. */
void host_files_init(struct host_files *h, struct tdm_flash *slot_a, struct tdm_flash *slot_b,
                     struct bootsel_port *selector, enum tdm_host_slot running);
/* A host whose system is updated by other means: no slots, runs A. */
void host_none_init(struct host_files *h);

/* ---- serial_open.c: a tty path, socket://HOST:PORT or rfc2217://HOST:PORT ------------------------------------------- */

#define SERIAL_RFC2217_BUFFER 4096

struct serial_rfc2217 {
    struct rfc2217_decoder decoder;
    struct rfc2217_options options;
    uint8_t heard[SERIAL_RFC2217_BUFFER]; /* data that nobody has read yet */
    uint8_t out[SERIAL_RFC2217_BUFFER];   /* still to be sent; a command is never torn */
    size_t heard_pos, heard_len, out_pos, out_len;
    uint8_t awaited, answer[4]; /* the confirmation of a command, and its value */
    size_t answer_len;
    bool is_answered, is_suspended, control_is_silent, purge_is_silent;
    uint32_t purges; /* not confirmed yet */
    uint32_t purge_by_ms;
};

struct serial_linux {
    struct tdm_serial port;
    int fd;
    bool is_open, is_tty, is_rfc2217;
    struct serial_rfc2217 rfc2217;
    char holder[LINUX_HOLDER_MAX]; /* after port_busy: who has it, "NAME (process N)", or "" */
};

/*
 * Takes an exclusive lock on a tty, and no tty that another process has open. read and write answer CANCELLED once the
 * operator has asked for it (cancel.h). On socket:// the rate is the far end's business: set_baud does nothing there.
 * On rfc2217:// the server sets the rate, and its confirmation is awaited; what it had received before drop_input() is
 * dropped there and on the way, as its confirmation stands behind it in the stream; what it sends first and receives
 * later is not known to us, and stays. No call waits for a round trip that the next one does not need.
 * Codes: port_not_found, port_no_access, port_busy, port_not_a_tty, port_baud (the rate in at), port_bad_address,
 * port_unreachable, port_not_serial_server, port_io.
 */
TDM_MUST_USE tdm_err serial_linux_open(struct serial_linux *s, const char *where, uint32_t baud, struct tdm_fault *why);
void serial_linux_close(struct serial_linux *s);

/* ---- lines_open.c: "none", "modem...", "gpio:...", "command:PROGRAM", "control:SOCKET" ------------------------------ */

struct gpio_pin {
    void *chip, *line; /* libgpiod's */
    unsigned offset;
};

enum lines_modem_way { MODEM_ALTERNATE, MODEM_TOGETHER, MODEM_CLASSIC, MODEM_USB };

struct lines_modem {
    enum lines_modem_way way;
    bool is_direct, reset_inverted, boot_inverted;
    uint32_t attempts; /* resets into the loader so far */
};

/*
 * none     no lines.
 * modem    DTR and RTS of the serial port, usually behind two transistors (RTS asserted resets); modem-together,
 *          modem-classic, modem-usb and the options behind a colon: lines_modem_steps.h.
 * gpio     gpio:RESET=CHIP/LINE,BOOT=CHIP/LINE, through libgpiod: lines_gpio.h.
 * command  PROGRAM is run with two words, "reset=0|1" "boot=0|1", and sets both lines.
 * control  a Unix socket that takes the lines "reset 0|1" and "boot 0|1" and answers "ok": tandem-sim.
 * Codes    lines_bad_spec, lines_no_modem, lines_not_built, lines_not_found, lines_no_access, lines_busy, lines_refused,
 *          lines_unreachable, lines_failed.
 * set      PEER: the program ended with another status than 0, or the socket answered something else than "ok".
 *          TIMEOUT: the program ran longer than 5 s (it is ended then), or the socket gave no answer for 2 s.
 */
struct lines_linux {
    struct tdm_lines port;
    struct serial_linux *serial;
    struct lines_modem modem;
    struct gpio_pin reset, boot;
    int fd;
    char target[LINUX_PATH_MAX];
    bool is_open;
};

TDM_MUST_USE tdm_err lines_linux_open(struct lines_linux *l, const char *spec, struct serial_linux *serial,
                                      uint32_t reset_hold_ms, uint32_t boot_hold_ms, struct tdm_fault *why);
void lines_linux_close(struct lines_linux *l);

/* ---- health_command.c: the owner's check ---------------------------------------------------------------------------- */

/*
 * A command line for /bin/sh: 0 is healthy. Ended, with all that it started, when timeout_ms have passed.
 * Codes: unhealthy, check_timeout, check_not_run.
 */
struct health_command {
    struct tdm_health port;
    const char *command; /* borrowed */
    uint32_t timeout_ms;
};

void health_command_init(struct health_command *h, const char *command, uint32_t timeout_ms);

/* ---- http_curl.c and http_file.c ----------------------------------------------------------------------------------- */

struct http_curl_config {        /* set by the caller; texts are borrowed, NULL is as good as "" */
    const char *const *ca_files; /* PEM files; whoever stands in one is trusted, as a CA and as a server           */
    size_t ca_file_count;
    bool use_system;                             /* the system's certificates are trusted too                       */
    const char *pins;                            /* "sha256//BASE64", several with ';': a server has one of them    */
    const char *client_certificate, *client_key; /* PEM files; the key may stand in the file of the certificate    */
    const char *netrc;                           /* users and passwords of servers, as many programs read them     */
    const char *token_file, *token_host;         /* one token, and the HOST[:PORT] it is for                       */
    bool allow_http;                             /* plain http:// URLs                                              */
    bool insecure_tls; /* believe whoever answers at the host of the URL: for what is signed, alone    */
    uint32_t connect_ms, first_byte_ms, stall_ms;
    uint32_t deadline_ms;             /* for all that is fetched, from http_curl_init() on; 0: none             */
    uint32_t min_speed, min_speed_ms; /* bytes a second over each such span; 0: any                             */
    uint32_t max_speed;               /* bytes a second; 0: as fast as it goes                                  */
    bool (*is_stopped)(void); /* asked about once a second: has the operator had enough? NULL: never               */
};

struct http_curl {
    struct tdm_http port;
    struct http_curl_config cfg;
    uint64_t ends_ms;
    struct http_curl_line
        *line; /* the connection, kept from one get to the next for as long as they go to one server */
};

void http_curl_init(struct http_curl *h, const struct http_curl_config *cfg);
void http_curl_close(struct http_curl *h); /* of what was initialised; it can be used again */

/* A local file by its name, through the same port. */
struct http_file {
    struct tdm_http port;
    bool takes_input; /* set by the caller, after the init: "-" is standard input; it can be had once */
};

void http_file_init(struct http_file *h);

#endif
