/* SPDX-License-Identifier: Apache-2.0 */
/* Stands for a border router's firmware. */
#include <stdio.h>

int main(void)
{
    return puts("border router") < 0;
}
