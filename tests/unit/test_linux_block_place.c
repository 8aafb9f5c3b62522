/* SPDX-License-Identifier: Apache-2.0 */
/* Which device lies on which storage, by a sysfs that is built here: disks, partitions, mapped and loop devices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "linux/block_place.h"

static char sys[64], file[128];

static void text(const char *path, const char *content)
{
    char full[256];

    snprintf(full, sizeof full, "%s/%s", sys, path);
    FILE *out = fopen(full, "w");
    assert_non_null(out);
    assert_true(fputs(content, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void folder(const char *path)
{
    char full[256];

    snprintf(full, sizeof full, "%s/%s", sys, path);
    assert_int_equal(mkdir(full, 0700), 0);
}

/* A device's folder with its number, and the link that leads to it by number. */
static void device(const char *path, const char *number)
{
    char attribute[128], from[256], to[256];

    folder(path);
    snprintf(attribute, sizeof attribute, "%s/dev", path);
    text(attribute, number);
    snprintf(from, sizeof from, "%s/%s", sys, path);
    snprintf(to, sizeof to, "%s/dev/block/%.*s", sys, (int)strcspn(number, "\n"), number);
    assert_int_equal(symlink(from, to), 0);
}

static void partition(const char *path, const char *number, const char *start, const char *size)
{
    char attribute[128];

    device(path, number);
    snprintf(attribute, sizeof attribute, "%s/partition", path);
    text(attribute, "1\n");
    snprintf(attribute, sizeof attribute, "%s/start", path);
    text(attribute, start);
    snprintf(attribute, sizeof attribute, "%s/size", path);
    text(attribute, size);
}

static void slave(const char *path, const char *of)
{
    char from[256], to[256];

    snprintf(from, sizeof from, "%s/%s", sys, of);
    snprintf(to, sizeof to, "%s/%s", sys, path);
    assert_int_equal(symlink(from, to), 0);
}

/* disk 8:0 with 8:1 (0..100), 8:2 (100..200), 8:3 (150..250); 8:16 another; 253:0 mapped on 8:2; 253:1 on 253:0; 7:0 loop */
static int build(void **state)
{
    char content[160];

    (void)state;
    snprintf(sys, sizeof sys, "/tmp/tandem-sysfs-XXXXXX");
    if (mkdtemp(sys) == NULL)
        return 1;
    static const char *const folders[] = {"dev", "dev/block", "block"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        folder(folders[i]);
    device("block/sda", "8:0\n");
    partition("block/sda/sda1", "8:1\n", "0\n", "100\n");
    partition("block/sda/sda2", "8:2\n", "100\n", "100\n");
    partition("block/sda/sda3", "8:3\n", "150\n", "100\n");
    device("block/sdb", "8:16\n");
    device("block/dm-0", "253:0\n");
    folder("block/dm-0/slaves");
    slave("block/dm-0/slaves/sda2", "block/sda/sda2");
    device("block/dm-1", "253:1\n");
    folder("block/dm-1/slaves");
    slave("block/dm-1/slaves/dm-0", "block/dm-0");
    device("block/loop0", "7:0\n");
    folder("block/loop0/loop");
    snprintf(file, sizeof file, "%s/image", sys);
    text("image", "content");
    snprintf(content, sizeof content, "%s\n", file);
    text("block/loop0/loop/backing_file", content);
    return 0;
}

static int remove_all(void **state)
{
    char order[128];

    (void)state;
    snprintf(order, sizeof order, "rm -rf '%s'", sys);
    return system(order);
}

static void what_lies_on_what(void **state)
{
    static const struct {
        const char *name;
        unsigned storage[2], device[2];
        bool is_under;
    } rows[] = {
        {"itself", {8, 2}, {8, 2}, true},
        {"a partition on its disk", {8, 0}, {8, 2}, true},
        {"a disk on its partition", {8, 2}, {8, 0}, true},
        {"two partitions side by side", {8, 1}, {8, 2}, false},
        {"two partitions that overlap", {8, 2}, {8, 3}, true},
        {"a partition of another disk", {8, 16}, {8, 1}, false},
        {"mapped", {8, 2}, {253, 0}, true},
        {"mapped, the disk below", {8, 0}, {253, 0}, true},
        {"mapped on another partition", {8, 1}, {253, 0}, false},
        {"mapped twice", {8, 2}, {253, 1}, true},
        {"not the other way", {253, 0}, {8, 2}, false},
        {"a number that nobody knows", {8, 2}, {9, 9}, false},
        {"a loop device on another disk", {8, 2}, {7, 0}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct block_place storage = {
            .is_there = true, .is_device = true, .dev = makedev(rows[i].storage[0], rows[i].storage[1])};
        dev_t dev = makedev(rows[i].device[0], rows[i].device[1]);
        if (block_place_under(sys, &storage, dev) != rows[i].is_under)
            fail_msg("%s", rows[i].name);
        storage.is_there = false;
        assert_false(block_place_under(sys, &storage, dev));
    }
}

static void a_loop_device_lies_on_its_file(void **state)
{
    struct block_place image = block_place_of(file), other;
    char path[160];

    (void)state;
    assert_true(image.is_there && !image.is_device);
    assert_true(block_place_under(sys, &image, makedev(7, 0)));
    assert_true(block_place_is_looped(sys, &image));
    snprintf(path, sizeof path, "%s/other", sys);
    text("other", "content");
    other = block_place_of(path);
    assert_false(block_place_under(sys, &other, makedev(7, 0)));
    assert_false(block_place_is_looped(sys, &other));
}

static void names_of_files(void **state)
{
    char link_path[160], missing[160], same[192];

    (void)state;
    snprintf(link_path, sizeof link_path, "%s/alias", sys);
    snprintf(missing, sizeof missing, "%s/missing", sys);
    snprintf(same, sizeof same, "%s/block/../missing", sys);
    assert_int_equal(link(file, link_path), 0);
    assert_true(block_place_is_shared(file, file));
    assert_true(block_place_is_shared(file, link_path));
    assert_false(block_place_is_shared(file, missing));
    assert_true(block_place_is_shared(missing, same));
    assert_false(block_place_is_shared(missing, "/nonexistent/missing"));
    assert_false(block_place_of(missing).is_there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_on_what),
        cmocka_unit_test(a_loop_device_lies_on_its_file),
        cmocka_unit_test(names_of_files),
    };
    return cmocka_run_group_tests(tests, build, remove_all);
}
