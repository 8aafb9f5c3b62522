/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_journal: a download journal with any bytes in its places, in front of slots with an unfinished download. Whatever is
 * claimed, the next download ends with the image whole in its slots; a claim that is told has numbers that can be, and put
 * again is told again.
 *
 *   seals (1): which places get their frame and sum made right, bits 3 to 5 the front of this download too, bit 6 the first
 *   one a claim that is true | three claims
 */
#include "fuzz_sealed.h"
#include "install/install_journal.h"
#include "support/install_world.h"

#define BLOCK     4096u
#define CLAIM_LEN 170u
#define FRONT_AT  12u

const char *const fuzz_accepts[] = {"a claim", "a claim that the slots prove", NULL};

static struct install_world w;
static struct sample_image first, image;
static struct slot_record unfinished;
static struct install_claim sound;

static void prepare(void)
{
    static const struct sample_spec was = {.host_size = 100, .cells = 1},
                                    is = {.app_size = 8000, .host_size = 9000, .seed = 2, .cells = 1};
    uint32_t sequence;

    sample_image_build(&first, &was);
    sample_image_build(&image, &is);
    world_open(&w, true);
    world_install_good(&w, &first);
    w.has_journal = w.source.has_ranges = true;
    w.source.breaks_at = 16000;
    world_serve(&w, &image);
    world_begin(&w);
    fuzz_must(install_stage(&w.install, "test:image") == TDM_E_UNREACHABLE);
    fuzz_must(world_load(&w, &unfinished) == SLOT_STORE_OK);
    fuzz_must(install_journal_get(&w.journal.port, 0, &sequence, &sound) == TDM_OK);
    w.source.breaks_at = 0;
}

static void plant(struct bytes_reader *in, uint32_t place, uint8_t seals)
{
    uint8_t block[INSTALL_JOURNAL_LEN];

    fuzz_take_record(in, CLAIM_LEN, block, sizeof block);
    if ((seals & 8u << place) != 0)
        memcpy(block + FRONT_AT, sound.front, sizeof sound.front);
    if ((seals & 1u << place) != 0)
        fuzz_seal(block, "TdDj", CLAIM_LEN);
    fake_flash_plant(&w.journal, (uint64_t)place * BLOCK, block, sizeof block);
}

static void plant_truth(void)
{
    struct install_journal j = {.flash = &w.journal.port, .sequence = 9};

    fuzz_must(install_journal_put(&j, &sound, true) == TDM_OK);
}

static void check_claim(const struct install_claim *c)
{
    struct install_journal j;
    struct install_claim again;
    uint32_t sequence;

    fuzz_must(c->offset > 0 && c->offset < c->total && c->host_at <= c->total);
    fuzz_must(c->rcp < SLOT_RCP_SLOTS || c->rcp == SLOT_RCP_NONE);
    fuzz_must(c->host < TDM_HOST_SLOTS || c->host == SLOT_HOST_NONE);
    fuzz_accept(0);
    install_journal_open(&j, &w.journal.port, NULL);
    if (j.flash == NULL) /* another place is of a later version */
        return;
    uint8_t place = j.place;
    fuzz_must(install_journal_put(&j, c, true) == TDM_OK);
    fuzz_must(install_journal_get(&w.journal.port, place, &sequence, &again) == TDM_OK);
    fuzz_must(again.offset == c->offset && again.total == c->total && again.rcp == c->rcp && again.host == c->host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_ready;
    struct bytes_reader in = bytes_reader_on(data, size);
    struct install_claim c;
    uint32_t sequence;

    if (!is_ready)
        prepare();
    is_ready = true;
    uint8_t seals = bytes_get_u8(&in);
    for (uint32_t i = 0; i < INSTALL_JOURNAL_PLACES; i++)
        plant(&in, i, seals);
    for (uint32_t i = 0; i < INSTALL_JOURNAL_PLACES; i++) {
        if (install_journal_get(&w.journal.port, i, &sequence, &c) == TDM_OK)
            check_claim(&c);
    }
    if ((seals & 0x40u) != 0)
        plant_truth();
    world_store(&w, &unfinished);
    world_begin(&w);
    fuzz_must(install_stage(&w.install, "test:image") == TDM_OK);
    fuzz_must(w.install.kept < image.len);
    if (w.install.kept > 0)
        fuzz_accept(1);
    fuzz_must(memcmp(w.rcp[w.install.plan.rcp].durable, image.bytes, image.bundle_len) == 0);
    fuzz_must(memcmp(w.host_slots[w.install.plan.host].durable, image.bytes + image.bundle_len,
                     image.len - image.bundle_len) == 0);
    return 0;
}
