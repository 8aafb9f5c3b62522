/* SPDX-License-Identifier: Apache-2.0 */
#include "support/temp_dir.h"

#include <stdio.h>
#include <stdlib.h>

char temp_dir[64];

int temp_dir_make(void **state)
{
    (void)state;
    (void)snprintf(temp_dir, sizeof temp_dir, "/tmp/tandem-test-XXXXXX");
    return mkdtemp(temp_dir) == NULL;
}

int temp_dir_remove(void **state)
{
    char order[128];

    (void)state;
    (void)snprintf(order, sizeof order, "rm -rf '%s'", temp_dir);
    return system(order);
}
