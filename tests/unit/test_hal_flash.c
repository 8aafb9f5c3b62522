/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where ranges and alignment are checked: what reaches a port, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tandem/flash.h>

#define SIZE  (4 * 4096u)
#define ERASE 4096u
#define PROG  256u

struct recorder {
    struct tdm_flash port;
    char last; /* 'r' 'p' 'e' 's' 'R', or 0: nothing reached the port */
    uint64_t off, len;
};

static tdm_err note(struct tdm_flash *f, char what, uint64_t off, uint64_t len)
{
    struct recorder *r = (struct recorder *)(void *)f;

    r->last = what;
    r->off = off;
    r->len = len;
    return TDM_E_PEER; /* an answer that no check gives, so that it is seen to come from here */
}

static tdm_err note_read(struct tdm_flash *f, uint64_t off, void *buf, uint32_t len)
{
    (void)buf;
    return note(f, 'r', off, len);
}

static tdm_err note_prog(struct tdm_flash *f, uint64_t off, const void *buf, uint32_t len)
{
    (void)buf;
    return note(f, 'p', off, len);
}

static tdm_err note_erase(struct tdm_flash *f, uint64_t off, uint64_t len)
{
    return note(f, 'e', off, len);
}

static tdm_err note_sync(struct tdm_flash *f)
{
    return note(f, 's', 0, 0);
}

static tdm_err note_reread(struct tdm_flash *f)
{
    return note(f, 'R', 0, 0);
}

static const struct tdm_flash_ops ops = {note_read, note_prog, note_erase, note_sync, note_reread};

static const struct {
    const char *name;
    char what;
    uint64_t off, len;
    tdm_err err; /* TDM_E_PEER: the port was asked */
} rows[] = {
    {"read any byte", 'r', 1, 1, TDM_E_PEER},
    {"read all", 'r', 0, SIZE, TDM_E_PEER},
    {"read nothing at the end", 'r', SIZE, 0, TDM_OK},
    {"read nothing past the end", 'r', SIZE + 1, 0, TDM_E_BOUNDS},
    {"read one byte past the end", 'r', SIZE - 1, 2, TDM_E_BOUNDS},
    {"read at the end", 'r', SIZE, 1, TDM_E_BOUNDS},
    {"read where offset and length wrap", 'r', UINT64_MAX, 2, TDM_E_BOUNDS},
    {"read 4 GiB", 'r', 1, UINT32_MAX, TDM_E_BOUNDS},
    {"program a unit", 'p', PROG, PROG, TDM_E_PEER},
    {"program the last unit", 'p', SIZE - PROG, PROG, TDM_E_PEER},
    {"program nothing", 'p', 0, 0, TDM_OK},
    {"program at an odd offset", 'p', 1, PROG, TDM_E_BOUNDS},
    {"program an odd length", 'p', 0, PROG - 1, TDM_E_BOUNDS},
    {"program past the end", 'p', SIZE - PROG, 2 * PROG, TDM_E_BOUNDS},
    {"erase a block", 'e', ERASE, ERASE, TDM_E_PEER},
    {"erase all", 'e', 0, SIZE, TDM_E_PEER},
    {"erase nothing", 'e', ERASE, 0, TDM_OK},
    {"erase at a program unit", 'e', PROG, ERASE, TDM_E_BOUNDS},
    {"erase half a block", 'e', 0, ERASE / 2, TDM_E_BOUNDS},
    {"erase past the end", 'e', SIZE, ERASE, TDM_E_BOUNDS},
    {"erase where offset and length wrap", 'e', UINT64_MAX - ERASE + 1, 2 * ERASE, TDM_E_BOUNDS},
    {"sync", 's', 0, 0, TDM_E_PEER},
    {"reread", 'R', 0, 0, TDM_E_PEER},
};

static tdm_err call(struct tdm_flash *f, char what, uint64_t off, uint64_t len)
{
    static uint8_t none;

    switch (what) {
    case 'r':
        return tdm_flash_read(f, off, &none, (uint32_t)len);
    case 'p':
        return tdm_flash_prog(f, off, &none, (uint32_t)len);
    case 'e':
        return tdm_flash_erase(f, off, len);
    case 's':
        return tdm_flash_sync(f);
    default:
        return tdm_flash_reread(f);
    }
}

static void ranges_and_alignment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct recorder r = {.port = {.ops = &ops, .size = SIZE, .erase_size = ERASE, .prog_size = PROG}};
        tdm_err err = call(&r.port, rows[i].what, rows[i].off, rows[i].len);
        char reached = rows[i].err == TDM_E_PEER ? rows[i].what : '\0';
        if (err != rows[i].err || r.last != reached)
            fail_msg("%s: %s, port saw %d", rows[i].name, tdm_err_name(err), r.last);
        if (reached != '\0' && (r.off != rows[i].off || r.len != rows[i].len))
            fail_msg("%s: another range reached the port", rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges_and_alignment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
