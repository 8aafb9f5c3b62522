# SPDX-License-Identifier: Apache-2.0
"""What a download says that it has cost. Of a server that nobody reaches: which of the waits ended it."""

import socket

import pytest

from liar import CLOSE, head, liar, ranged  # noqa: F401
from router import image, router  # noqa: F401
from test_https import expect_pair

FRONT, CUT = 8192, 50_000

COSTS = [  # name, what each address sends one connection after the other, bytes that came for nothing
    ("every byte once", lambda d: [[[ranged(d)]]], 0),
    ("a break is gone on with", lambda d: [[[ranged(d)], [ranged(d, cut=CUT), CLOSE], [ranged(d)]]], 0),
    ("a break, and no ranges", lambda d: [[[head(len(d)) + d[:CUT], CLOSE], [head(len(d)) + d]]], CUT),
    ("two breaks, and no ranges", lambda d: [[*[[head(len(d)) + d[:CUT], CLOSE]] * 2, [head(len(d)) + d]]], 2 * CUT),
    ("a plain image from another address", lambda d: [[[ranged(d)], [ranged(d, cut=CUT), CLOSE]], [[ranged(d)]]],
     FRONT + CUT),
]


@pytest.mark.parametrize("steps, wasted", [row[1:] for row in COSTS], ids=[row[0] for row in COSTS])
def test_what_it_has_cost(router, liar, certificate, image, steps, wasted):  # noqa: F811
    data = image()
    urls = [f"https://localhost:{liar(*one).port}/image" for one in steps(data)]
    answer = router.adopted().trust(certificate.cert).run("ota", "download", *urls, "--source-retries=2")
    expect_pair(router, answer, data)
    assert answer.data["transfer"] == {"fetched": len(data) + wasted, "wanted": len(data), "wasted": wasted, "kept": 0,
                                       "copied": 0}


def test_nobody_takes_the_connection(router, certificate):  # noqa: F811
    """A listener whose queue is full is silent: its system drops what knocks. The deadline would be another code."""
    router.adopted().trust(certificate.cert)
    before = router.everything()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        url = f"https://127.0.0.1:{full.getsockname()[1]}/i"
        answer = router.run("ota", "download", url, "--source-connect-timeout=1", "--source-deadline=9")
    assert (answer.exit, answer.code) == (31, "connect_timeout"), answer
    assert "[source] connect-timeout" in answer.message and "nothing was changed" in answer.message
    assert router.everything() == before
