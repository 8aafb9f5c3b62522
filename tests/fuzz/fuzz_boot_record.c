/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_boot_record: the boot record with any bytes in its two copies. A selection that is made is what is read back and
 * what the loader chooses, whatever lay there before, unless it is of a newer version: that is left alone.
 *
 *   mode (1): bits 0, 1 copy 0, 1 gets its frame and sum made right; bit 2 slot, bit 3 trial | 32 bytes each
 */
#include "fuzz_sealed.h"
#include "linux/tandem_linux.h"

#define BLOCK      4096u
#define RECORD_LEN 32u

const char *const fuzz_accepts[] = {"a selection that was made before", NULL};

static void select_slot(struct bootsel_record *boot, struct fake_flash *flash, uint8_t mode)
{
    enum tdm_host_slot slot = (mode & 4u) != 0 ? TDM_HOST_B : TDM_HOST_A;
    enum tdm_select how = (mode & 8u) != 0 ? TDM_SELECT_TRIAL : TDM_SELECT_FINAL;
    struct bootsel before, after;

    tdm_err err = boot->port.ops->load(&boot->port, &before);
    fuzz_must(flash->progs == 0 && flash->erases == 0);
    fuzz_must(err != TDM_OK || before.next == TDM_HOST_A || before.next == TDM_HOST_B);
    fuzz_must(boot->port.ops->select(&boot->port, slot, how) == err);
    if (err != TDM_OK) {
        fuzz_must(flash->progs == 0 && flash->erases == 0);
        return;
    }
    fuzz_must(boot->port.ops->load(&boot->port, &after) == TDM_OK);
    fuzz_must(after.next == slot && after.is_final == (how == TDM_SELECT_FINAL) && after.starts == 0);
    fuzz_must(after.limit == before.limit && bootsel_choice(&after) == slot);
    fuzz_must(memcmp(flash->durable, flash->durable + BLOCK, BOOTSEL_ROOM) == 0);
    if (before.limit > 0 && how == TDM_SELECT_TRIAL)
        fuzz_accept(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_reader in = bytes_reader_on(data, size);
    struct bootsel_record boot;
    struct fake_flash flash;

    uint8_t mode = bytes_get_u8(&in);
    fake_flash_open(&flash, NULL, 2 * (uint64_t)BLOCK, BLOCK, 512);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t room[BOOTSEL_ROOM];
        fuzz_take_record(&in, RECORD_LEN, room, sizeof room);
        if ((mode & 1u << i) != 0)
            fuzz_seal(room, "TdBt", RECORD_LEN);
        fake_flash_plant(&flash, (uint64_t)i * BLOCK, room, sizeof room);
    }
    bootsel_record_init(&boot, &flash.port);
    select_slot(&boot, &flash, mode);
    fake_flash_close(&flash);
    return 0;
}
