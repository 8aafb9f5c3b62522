/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioctl_request: the type of ioctl()'s second argument, which is not the same in every C library.
 *
 * Used by   whoever asks for a number with a size in it: such a number does not fit an int, and the kernel looks at its 32
 *           bits only.
 */
#ifndef TANDEM_IOCTL_REQUEST_H
#define TANDEM_IOCTL_REQUEST_H

#include <sys/ioctl.h>

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
#else
typedef int ioctl_request; /* POSIX's: musl, and with it OpenWrt */
#endif

#endif
