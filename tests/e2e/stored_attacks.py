# SPDX-License-Identifier: Apache-2.0
"""What tests of stored images and of floors have in common. The router is that of the attack table (test_attacks.py).

    stored, staged              download an image that lies on disk, as far as the words say; staged: and no further
    refused(answer, code)       it was, for this reason
    slot_files, change(path, at)   where it lies, and one bit of it
    no_keys(router)             with: its configuration names none
    floors(router)              counter and time, as the record has them
    forged                      fixture: forged(seconds) -> environment of a program for which it is so late
"""

import contextlib
import os
import re
import struct
import subprocess

import pytest

from conftest import REPO

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>
static time_t forged(void) { return (time_t)atoll(getenv("FORGED_TIME")); }
int clock_gettime(clockid_t id, struct timespec *t)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, t);
    if (id == CLOCK_REALTIME)
        t->tv_sec = forged();
    return result;
}
time_t time(time_t *t)
{
    if (t)
        *t = forged();
    return forged();
}
int adjtimex(struct timex *t) { *t = (struct timex){.status = STA_PLL}; return TIME_OK; }
int ntp_adjtime(struct timex *t) { return adjtimex(t); }
"""


@pytest.fixture(scope="session")
def forged(tmp_path_factory):
    """forged(seconds) -> environment of a program for which it is so late, synchronised."""
    folder = tmp_path_factory.mktemp("clock")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True)
    return lambda seconds: os.environ | {"LD_PRELOAD": str(folder / "shim.so"), "FORGED_TIME": str(seconds),
                                         "ASAN_OPTIONS": "verify_asan_link_order=0"}


def field(name: str) -> int:
    """Offset in the record."""
    text = (REPO / "docs/FORMAT.md").read_text().split("\n## Record\n")[1]
    return int(re.search(rf"^\| (\d+) \| \d+ \| {name}", text, re.M)[1])


def floors(router) -> tuple[int, int]:
    """Counter and time, from the newer copy of the record."""
    record = (router.home / "record").read_bytes()
    copies = [record[at:at + 2048] for at in range(0, len(record), 4096) if record[at:at + 4] == b"TdRc"]
    newest = max(copies, key=lambda copy: struct.unpack_from("<I", copy, 8))
    return (struct.unpack_from("<I", newest, field("counter floor"))[0],
            struct.unpack_from("<Q", newest, field("time floor"))[0])


def stored(router, image, *words):
    """On disk, not over the network: what comes after is what these tests are about."""
    (router.home / "image").write_bytes(image.bytes)
    return router.json("ota", "download", router.home / "image", *words)


def staged(router, image):
    answer = stored(router, image, "--stage-only")
    assert answer["exit"] == 0, answer
    return answer


def refused(answer, code):
    assert answer["exit"] != 0 and answer["error"]["code"] == code, answer


def change(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def slot_files(answer, router):
    return (router.home / answer["rcp_slot"].replace("r", "rcp-"), router.home / f"host-{answer['host_slot'].lower()}")


@contextlib.contextmanager
def no_keys(router):
    """Its configuration names none; no option can say that."""
    conf = router.home / "tandem.conf"
    text = conf.read_text()
    conf.write_text(re.sub(r"^(revoked-)?keys = .*\n", "", text, flags=re.M))
    yield
    conf.write_text(text)
