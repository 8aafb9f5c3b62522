# SPDX-License-Identifier: Apache-2.0
"""Downloads into storage that is slower than any patience with a server: by the program's clock each sync takes 70 seconds."""

import subprocess

import pytest

from liar import liar, ranged  # noqa: F401
from router import image, router  # noqa: F401
from test_https import expect_pair

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
static time_t passed;
int fdatasync(int fd)
{
    int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
    passed += 70;
    return real(fd);
}
int clock_gettime(clockid_t id, struct timespec *t)
{
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, t);
    if (id == CLOCK_MONOTONIC)
        t->tv_sec += passed;
    return result;
}
"""


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c", "-ldl"], check=True)
    return {"LD_PRELOAD": str(folder / "shim.so"), "ASAN_OPTIONS": "verify_asan_link_order=0"}


@pytest.mark.parametrize("options", [(), ("--source-max-speed=4000000",)], ids=["as fast as it goes", "with a speed limit"])
def test_a_server_does_not_stall_while_storage_does(router, liar, certificate, image, shim, monkeypatch, options):  # noqa: F811
    data = image()
    server = liar([ranged(data)])
    router.adopted().trust(certificate.cert)
    for name, value in shim.items():
        monkeypatch.setenv(name, value)
    answer = router.run("ota", "download", f"https://localhost:{server.port}/image", "--source-retries=0", *options)
    expect_pair(router, answer, data)
    assert answer.data["transfer"]["wasted"] == 0
