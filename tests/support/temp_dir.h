/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temp_dir: one directory for a test program's files. cmocka calls make and remove as setup and teardown, of each test or
 * of the group.
 */
#ifndef TANDEM_TESTS_TEMP_DIR_H
#define TANDEM_TESTS_TEMP_DIR_H

extern char temp_dir[64];

int temp_dir_make(void **state);
int temp_dir_remove(void **state); /* with all that is in it */

#endif
