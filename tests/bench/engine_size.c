/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_size: bytes that the flashing engine takes, frame buffers included: all of its state, since it has no variables of
 * its own and no heap. With 64-bit pointers, so a microcontroller needs somewhat less.
 */
#include <stdio.h>

#include <tandem/esprom.h>

int main(void)
{
    return printf("%zu\n", sizeof(struct esprom)) > 0 ? 0 : 1;
}
