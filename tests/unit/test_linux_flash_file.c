/* SPDX-License-Identifier: Apache-2.0 */
/* Regions in real files and, where the machine allows it, on a loop device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linux/tandem_linux.h"
#include "support/temp_dir.h"

static char path[128];

static int make_dir(void **state)
{
    if (temp_dir_make(state) != 0)
        return -1;
    return snprintf(path, sizeof path, "%s/region", temp_dir) < 0;
}

static void make_file(const char *name, size_t size)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        assert_int_not_equal(fputc('a' + (int)(i % 26), file), EOF);
    assert_int_equal(fclose(file), 0);
}

static struct flash_file open_good(const char *name, uint64_t size, enum flash_file_mode mode)
{
    struct flash_file f;
    struct tdm_fault why;

    if (flash_file_open(&f, name, size, mode, &why) != TDM_OK)
        fail_msg("open: %s %s (%llu)", why.code, why.what, (unsigned long long)why.at);
    return f;
}

static void a_missing_file_is_made(void **state)
{
    struct flash_file f = open_good(path, 3 * 4096, FLASH_FILE_CREATE);
    uint8_t bytes[3 * 4096];
    char fresh[160];

    (void)state;
    assert_int_equal(f.port.size, sizeof bytes);
    assert_int_equal(f.port.erase_size, 4096);
    assert_int_equal(f.port.prog_size, 1);
    assert_int_equal(tdm_flash_read(&f.port, 0, bytes, sizeof bytes), TDM_OK);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0xff);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    assert_int_not_equal(access(fresh, F_OK), 0);
    flash_file_close(&f);
    flash_file_close(&f); /* closing twice is fine */
}

/* What a cut has left under the other name is replaced; what somebody else has put there is not written through. */
static void the_name_a_file_is_made_under_leads_nowhere(void **state)
{
    char fresh[160], victim[160];
    struct stat st;

    (void)state;
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(victim, sizeof victim, "%s.victim", path);
    make_file(victim, 5);
    assert_int_equal(symlink(victim, fresh), 0);
    struct flash_file f = open_good(path, 2 * 4096, FLASH_FILE_CREATE);
    flash_file_close(&f);
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(unlink(path), 0);
    make_file(fresh, 5);
    f = open_good(path, 2 * 4096, FLASH_FILE_CREATE);
    assert_int_equal(f.port.size, 2 * 4096);
    flash_file_close(&f);
}

static void what_is_written_is_read_again(void **state)
{
    struct flash_file f = open_good(path, 2 * 4096, FLASH_FILE_CREATE);
    uint8_t got[8] = {0};

    (void)state;
    assert_int_equal(tdm_flash_erase(&f.port, 0, 4096), TDM_OK);
    assert_int_equal(tdm_flash_prog(&f.port, 4093, "tandem", 6), TDM_OK);
    assert_int_equal(tdm_flash_sync(&f.port), TDM_OK);
    assert_int_equal(tdm_flash_reread(&f.port), TDM_OK);
    assert_int_equal(tdm_flash_read(&f.port, 4092, got, 8), TDM_OK);
    assert_memory_equal(got, "\xfftandem\xff", 8);
    flash_file_close(&f);

    f = open_good(path, 0, FLASH_FILE_READ);
    assert_int_equal(tdm_flash_read(&f.port, 4092, got, 8), TDM_OK);
    assert_memory_equal(got, "\xfftandem\xff", 8);
    assert_int_equal(tdm_flash_prog(&f.port, 0, "x", 1), TDM_E_ACCESS);
    assert_int_equal(tdm_flash_erase(&f.port, 0, 4096), TDM_E_ACCESS);
    flash_file_close(&f);
}

static void sizes_of_files_that_exist(void **state)
{
    static const struct {
        const char *name;
        size_t has;
        uint64_t wants;
        tdm_err err;
        uint64_t size;
    } rows[] = {
        {"its own size", 8192, 0, TDM_OK, 8192},
        {"its own size, whole blocks", 10000, 0, TDM_OK, 8192},
        {"exactly", 8192, 8192, TDM_OK, 8192},
        {"larger than wanted", 12288, 8192, TDM_OK, 8192},
        {"too small by one byte", 8191, 8192, TDM_E_NO_ROOM, 0},
        {"less than a block", 4095, 0, TDM_E_NO_ROOM, 0},
        {"empty", 0, 0, TDM_E_NO_ROOM, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int mode = FLASH_FILE_READ; mode <= FLASH_FILE_CREATE; mode++) {
            struct flash_file f;
            struct tdm_fault why;
            make_file(path, rows[i].has);
            tdm_err err = flash_file_open(&f, path, rows[i].wants, (enum flash_file_mode)mode, &why);
            if (err != rows[i].err || f.port.size != rows[i].size)
                fail_msg("%s, mode %d: %s, %d bytes", rows[i].name, mode, tdm_err_name(err), (int)f.port.size);
            flash_file_close(&f);
        }
    }
}

static void refusals(void **state)
{
    char in_missing_dir[160], too_long[LINUX_PATH_MAX + 8];
    memset(too_long, 'x', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    snprintf(in_missing_dir, sizeof in_missing_dir, "%s/missing/region", temp_dir);
    const struct {
        const char *name, *where;
        enum flash_file_mode mode;
        uint64_t size;
        tdm_err err;
        const char *code;
    } rows[] = {
        {"missing, to read", path, FLASH_FILE_READ, 4096, TDM_E_NOT_FOUND, "storage_not_found"},
        {"missing, to write", path, FLASH_FILE_WRITE, 4096, TDM_E_NOT_FOUND, "storage_not_found"},
        {"missing directory", in_missing_dir, FLASH_FILE_CREATE, 4096, TDM_E_NOT_FOUND, "storage_not_found"},
        {"missing, no size", path, FLASH_FILE_CREATE, 0, TDM_E_BUG, "storage_size"},
        {"a directory", temp_dir, FLASH_FILE_READ, 0, TDM_E_UNSUPPORTED, "storage_kind"},
        {"a terminal or the like", "/dev/null", FLASH_FILE_CREATE, 4096, TDM_E_UNSUPPORTED, "storage_kind"},
        {"path too long", too_long, FLASH_FILE_READ, 0, TDM_E_BOUNDS, "storage_path"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct flash_file f;
        struct tdm_fault why;
        tdm_err err = flash_file_open(&f, rows[i].where, rows[i].size, rows[i].mode, &why);
        if (err != rows[i].err || why.err != err || strcmp(why.code, rows[i].code) != 0 || f.is_open)
            fail_msg("%s: %s %s", rows[i].name, tdm_err_name(err), why.code);
    }
}

static void one_writer_at_a_time(void **state)
{
    struct flash_file first = open_good(path, 4096, FLASH_FILE_CREATE), second;
    struct tdm_fault why;

    (void)state;
    assert_int_equal(flash_file_open(&second, path, 0, FLASH_FILE_WRITE, &why), TDM_E_BUSY);
    assert_string_equal(why.code, "storage_in_use");
    second = open_good(path, 0, FLASH_FILE_READ);
    flash_file_close(&second);
    flash_file_close(&first);
    second = open_good(path, 0, FLASH_FILE_WRITE);
    flash_file_close(&second);
}

static void a_file_that_shrinks(void **state)
{
    struct flash_file f = open_good(path, 8192, FLASH_FILE_CREATE);
    uint8_t got[100];

    (void)state;
    assert_int_equal(truncate(path, 4096 + 50), 0);
    assert_int_equal(tdm_flash_read(&f.port, 4096, got, 50), TDM_OK);
    assert_int_equal(tdm_flash_read(&f.port, 4096, got, 51), TDM_E_IO);
    flash_file_close(&f);
}

/* A limit on the size of files stands for a full disk: the system writes a part and then no more. */
static void no_room_for_the_file(void **state)
{
    struct rlimit before, small = {.rlim_cur = 6000, .rlim_max = RLIM_INFINITY};
    struct flash_file f;
    struct tdm_fault why;
    char fresh[160];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    tdm_err err = flash_file_open(&f, path, 16384, FLASH_FILE_CREATE, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, TDM_E_NO_ROOM);
    assert_string_equal(why.code, "storage_full");
    snprintf(fresh, sizeof fresh, "%s.new", path);
    assert_int_not_equal(access(fresh, F_OK), 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- a block device ---------------------------------------------------------------------------------------------- */

/* A loop device over a file of ours, or -1 where that is not permitted. */
static int attach_loop(char *name, size_t cap, int backing)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);

    if (control >= 0)
        close(control);
    if (number < 0)
        return -1;
    snprintf(name, cap, "/dev/loop%d", number);
    int loop = open(name, O_RDWR | O_CLOEXEC);
    if (loop >= 0 && ioctl(loop, LOOP_SET_FD, backing) != 0) {
        close(loop);
        return -1;
    }
    return loop;
}

static void check_device(const char *name)
{
    uint8_t sector[512], got[512];
    struct flash_file f = open_good(name, 8192, FLASH_FILE_WRITE), second;
    struct tdm_fault why;

    memset(sector, 0x5a, sizeof sector);
    assert_int_equal(f.port.size, 65536); /* its own, whatever was asked for */
    assert_int_equal(f.port.prog_size, 512);
    assert_int_equal(tdm_flash_prog(&f.port, 1024, sector, sizeof sector), TDM_OK);
    assert_int_equal(tdm_flash_prog(&f.port, 1, sector, sizeof sector), TDM_E_BOUNDS);
    assert_int_equal(tdm_flash_reread(&f.port), TDM_OK);
    assert_int_equal(tdm_flash_read(&f.port, 1024, got, sizeof got), TDM_OK);
    assert_memory_equal(got, sector, sizeof got);
    /* Held exclusively, as a mounted device is: no second writer, but a reader. */
    assert_int_equal(flash_file_open(&second, name, 0, FLASH_FILE_WRITE, &why), TDM_E_BUSY);
    second = open_good(name, 0, FLASH_FILE_READ);
    flash_file_close(&second);
    flash_file_close(&f);
    assert_int_equal(flash_file_open(&f, name, 65537, FLASH_FILE_WRITE, &why), TDM_E_NO_ROOM);
    assert_int_equal(why.at, 65536);
}

static void block_device(void **state)
{
    char name[32];

    (void)state;
    make_file(path, 65536);
    int backing = open(path, O_RDWR | O_CLOEXEC);
    assert_true(backing >= 0);
    int loop = attach_loop(name, sizeof name, backing);
    close(backing);
    if (loop < 0)
        skip(); /* not root, or no loop devices here */
    check_device(name);
    assert_int_equal(ioctl(loop, LOOP_CLR_FD, 0), 0);
    close(loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_dir, temp_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_file_is_made),    TEST(the_name_a_file_is_made_under_leads_nowhere),
        TEST(a_missing_file_is_made),    TEST(what_is_written_is_read_again),
        TEST(sizes_of_files_that_exist), TEST(refusals),
        TEST(one_writer_at_a_time),      TEST(a_file_that_shrinks),
        TEST(no_room_for_the_file),      TEST(block_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
