/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_uboot: any text in the two copies of a U-Boot environment. What is read names a slot and counts within its limit;
 * a selection that is stored is what is read afterwards.
 *
 *   mode (1): bits 0, 1 the copy's sum is right; bit 2 slot, bit 3 trial | serials (2) | variables, NUL between them
 */
#include "base/crc.h"
#include "fuzz.h"
#include "fuzz_memory_file.h"
#include "linux/tandem_linux.h"

#define ENV_SIZE 0x400u
#define ENV_HEAD 5u /* CRC-32 over what follows the serial; serial */

const char *const fuzz_accepts[] = {"an environment that a trial was selected in", NULL};

static struct fuzz_file environment, description;

static void fill(uint8_t *copy, const uint8_t *text, size_t len, uint8_t serial, bool is_sealed)
{
    memset(copy, 0, ENV_SIZE);
    if (len > 0)
        memcpy(copy + ENV_HEAD, text, len);
    copy[4] = serial;
    bytes_store_le32(copy, crc32_add(CRC32_START, copy + ENV_HEAD, ENV_SIZE - ENV_HEAD) ^ (is_sealed ? 0u : 1u));
}

static void describe(void)
{
    char text[160];

    if (description.fd != 0)
        return;
    (void)snprintf(text, sizeof text, "%s 0x0 0x%x\n%s 0x%x 0x%x\n", environment.name, ENV_SIZE, environment.name,
                   ENV_SIZE, ENV_SIZE);
    fuzz_file_fill(&description, text, strlen(text));
}

static void use(struct bootsel_uboot *u, uint8_t mode)
{
    enum tdm_host_slot slot = (mode & 4u) != 0 ? TDM_HOST_B : TDM_HOST_A;
    enum tdm_select how = (mode & 8u) != 0 ? TDM_SELECT_TRIAL : TDM_SELECT_FINAL;
    struct bootsel found;

    tdm_err err = u->port.ops->load(&u->port, &found);
    fuzz_must(err == TDM_OK || err == TDM_E_FORMAT);
    fuzz_must(err != TDM_OK || found.next == TDM_HOST_A || found.next == TDM_HOST_B);
    fuzz_must(found.starts <= found.limit);
    if (u->port.ops->select(&u->port, slot, how) != TDM_OK)
        return; /* no room for the variables: the copy that was read stands */
    fuzz_must(u->port.ops->load(&u->port, &found) == TDM_OK);
    fuzz_must(found.next == slot && found.is_final == (how == TDM_SELECT_FINAL));
    fuzz_must(found.limit == 0 || found.starts == 0);
    if (err == TDM_OK && how == TDM_SELECT_TRIAL)
        fuzz_accept(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t copies[2 * ENV_SIZE];
    struct bytes_reader in = bytes_reader_on(data, size);
    struct bootsel_uboot u;
    struct tdm_fault why;

    uint8_t mode = bytes_get_u8(&in), serials[2] = {bytes_get_u8(&in), bytes_get_u8(&in)};
    for (unsigned i = 0; i < 2; i++) {
        size_t len;
        const uint8_t *text = fuzz_take(&in, ENV_SIZE - ENV_HEAD - 2, &len); /* the end is two NULs */
        fill(copies + i * ENV_SIZE, text, len, serials[i], (mode & 1u << i) != 0);
    }
    fuzz_file_fill(&environment, copies, sizeof copies);
    describe();
    const struct bootsel_uboot_config cfg = {.file = description.name,
                                             .slot = "slot",
                                             .upgrade = "upgrade_available",
                                             .count = "bootcount",
                                             .limit = "bootlimit",
                                             .values = "A B"};
    tdm_err err = bootsel_uboot_open(&u, &cfg, &why);
    fuzz_told(err, &why);
    if (err == TDM_OK)
        use(&u, mode);
    return 0;
}
