# SPDX-License-Identifier: Apache-2.0
"""tandem ota download from servers that send parts of files, well or badly. Each row says what the user sees, and what was asked."""

import os
import re

import pytest

from liar import CLOSE, HANG, head, liar, ranged  # noqa: F401
from router import image, router  # noqa: F401
from test_fetch import PAGE, redirect
from test_https import expect_pair, run_nginx, www  # noqa: F401
from test_ranges import SPEAKS, part

FRONT = 8192


def asked(server) -> list[tuple[str | None, str | None]]:
    """Of each request: Range and If-Range."""
    fields = [dict(line.lower().split(": ", 1) for line in request.decode().split("\r\n")[1:] if line)
              for request in server.requests]
    return [(one.get("range"), one.get("if-range")) for one in fields]


def get(router, certificate, server, *options):  # noqa: F811
    router.trust(certificate.cert)
    return router.run("ota", "download", f"https://localhost:{server.port}/image", "--source-stall-timeout=1", *options)


def wrong(d: bytes) -> list[bytes]:
    return [part(f"0-9/{len(d)}") + d[:10]]


TAKEN = [  # name, each connection's answer, retries, the asks (from, with If-Range) behind the front
    ("front, then the rest", lambda d: [[ranged(d)]], 0, [(FRONT, True)]),
    ("no ranges after all", lambda d: [[ranged(d)], [head(len(d), "200 OK", 'ETag: "a"') + d]], 0, [(FRONT, True)]),
    ("no ranges after all, and no tag", lambda d: [[ranged(d)], [head(len(d)) + d]], 0, [(FRONT, True)]),
    ("another tag for the same bytes", lambda d: [[ranged(d)], [ranged(d, '"b"')]], 0, [(FRONT, True)]),
    ("breaks off", lambda d: [[ranged(d)], [ranged(d, cut=50_000)], [ranged(d)]], 1,
     [(FRONT, True), (FRONT + 50_000, True)]),
    ("breaks off without a goodbye", lambda d: [[ranged(d)], [ranged(d, cut=50_000), CLOSE], [ranged(d)]], 1,
     [(FRONT, True), (FRONT + 50_000, True)]),
    ("stalls", lambda d: [[ranged(d)], [ranged(d, cut=50_000), HANG], [ranged(d)]], 1,
     [(FRONT, True), (FRONT + 50_000, True)]),
    ("breaks off again and again", lambda d: [[ranged(d)], *[[ranged(d, cut=9_999)]] * 3, [ranged(d)]], 3,
     [(FRONT + 9_999 * i, True) for i in range(4)]),
    ("is overloaded in between", lambda d: [[ranged(d)], [ranged(d, cut=50_000)], [head(0, "503 Busy")], [ranged(d)]], 2,
     [(FRONT, True), (FRONT + 50_000, True), (FRONT + 50_000, True)]),
    ("breaks off, then has no ranges", lambda d: [[ranged(d)], [ranged(d, cut=50_000)], [head(len(d)) + d]], 1,
     [(FRONT, True), (FRONT + 50_000, True)]),
    ("a front that breaks off", lambda d: [[ranged(d, cut=4_000)], [ranged(d)]], 1, [(4_000, True)]),
    ("another part", lambda d: [[ranged(d)], wrong(d), [ranged(d)]], 1, [(FRONT, True), None]),
    ("a part of nobody knows what", lambda d: [[ranged(d)], [part("") + d[:10]], [ranged(d)]], 1, [(FRONT, True), None]),
    ("several parts", lambda d: [[ranged(d)], [head(9, "206 ok", "Content-Type: multipart/byteranges; boundary=x") + b"--x--\r\n\r\n"],
                                 [ranged(d)]], 1, [(FRONT, True), None]),
    ("no such part", lambda d: [[ranged(d)], [head(0, "416 no", "Content-Range: bytes */100")], [ranged(d)]], 1,
     [(FRONT, True), None]),
    ("no part for anybody", lambda d: [[head(0, "416 no", f"Content-Range: bytes */{len(d)}")], [head(len(d)) + d]], 1,
     [None]),
    ("a part of a longer file", lambda d: [[ranged(d)], [part(f"{FRONT}-{FRONT + 9}/{len(d) + 1}") + d[:10]], [ranged(d)]],
     1, [(FRONT, True), None]),
    ("another front", lambda d: [[part(f"5-9/{len(d)}", length=5) + d[5:10]], [ranged(d)]], 1, [None]),
    ("all of it as the front", lambda d: [[part(f"0-{len(d) - 1}/{len(d)}", length=len(d)) + d], [ranged(d)]], 1, [None]),
]


@pytest.mark.parametrize("steps, retries, rest", [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_taken(router, liar, certificate, image, steps, retries, rest):  # noqa: F811
    """Whole, and no byte is asked for twice while the server can be believed. None: all of the file."""
    data = image()
    server = liar(*steps(data))
    expect_pair(router, get(router.adopted(), certificate, server, f"--source-retries={retries}"), data)
    ranges = []
    for ask in [(0, False), *rest]:
        start, has_validator = ask or (None, False)
        end = FRONT - 1 if start == 0 else len(data) - 1
        ranges.append((None if ask is None else f"bytes={start}-{end}", '"a"' if has_validator else None))
    assert asked(server) == ranges


@pytest.mark.parametrize("tag", [None, 'W/"a"'])
def test_a_file_that_is_not_known_again_is_never_gone_on_with(router, liar, certificate, image, tag):  # noqa: F811
    """A plain image says nothing about itself before its end, so without a validator nothing of it can be kept."""
    data = image()
    server = liar([ranged(data, tag)], [ranged(data, tag, cut=50_000)], [ranged(data, tag)])
    expect_pair(router, get(router.adopted(), certificate, server, "--source-retries=1"), data)
    assert not any(validator for _, validator in asked(server))
    assert all(wanted in (None, f"bytes=0-{FRONT - 1}") for wanted, _ in asked(server))


def test_another_file_with_the_same_front_is_taken_whole(router, liar, certificate, image):  # noqa: F811
    """Bytes of the first one are not among it, although nothing but the tag tells the two apart."""
    data = image()
    other = data[:50_000] + bytes([data[50_000] ^ 1]) + data[50_001:]  # in the host's part, which has no checksum
    server = liar([ranged(data)], [ranged(data, cut=50_000)], [ranged(other, '"b"')])
    expect_pair(router, get(router.adopted(), certificate, server, "--source-retries=1"), other)


GIVEN_UP = [  # name, each connection's answer, retries, exit, code, how often is asked
    ("another file behind the front", lambda d, o: [[ranged(d)], [ranged(o, '"b"')]], 4, 16, "changed_on_server", 2),
    ("another file after a break", lambda d, o: [[ranged(d)], [ranged(d, cut=50_000)], [ranged(o, '"b"')]], 4, 16,
     "changed_on_server", 3),
    ("another file each time", lambda d, o: [[ranged(d)], [ranged(o, '"b"')]] * 9, 4, 16, "changed_on_server", 2),
    ("a lie, and no further attempt", lambda d, o: [[ranged(d)], wrong(d)], 0, 32, "wrong_range", 2),
    ("breaks off, and no further attempt", lambda d, o: [[ranged(d)], [ranged(d, cut=9)]], 0, 30, "connection_broke", 2),
    ("breaks off each time", lambda d, o: [[ranged(d)], [ranged(d, cut=9)]], 2, 30, "connection_broke", 4),
    ("a log-in page in place of the rest", lambda d, o: [[ranged(d)], [head(len(PAGE)) + PAGE]], 4, 32, "captive_portal", 2),
    ("the file is gone", lambda d, o: [[ranged(d)], [head(0, "404 Not Found")]], 4, 32, "http_status", 2),
    ("the rest is compressed", lambda d, o: [[ranged(d)], [head(9, "206 ok", "Content-Encoding: gzip") + b"123456789"]], 4,
     32, "encoded_body", 2),
    ("a part, whatever is asked", lambda d, o: [[part("") + d[:10]]], 2, 32, "http_status", 2),
]


@pytest.mark.parametrize("steps, retries, exit, code, times", [row[1:] for row in GIVEN_UP],
                         ids=[row[0] for row in GIVEN_UP])
def test_given_up(router, liar, certificate, image, steps, retries, exit, code, times):  # noqa: F811
    server = liar(*steps(image(), image(release=1)))
    router.adopted()
    before = router.state()
    answer = get(router, certificate, server, f"--source-retries={retries}")
    assert (answer.exit, answer.code) == (exit, code), answer
    assert "nothing was changed" in answer.message or "what runs was not touched" in answer.message
    assert len(server.requests) == times
    assert router.state() == before


def test_signed_links_at_every_step(router, liar, certificate, image):  # noqa: F811
    """An object store's: five of 8 KB, for the front and for the rest again, as they may have expired in between."""
    data = image()
    chain = [redirect(f"/{i}?signature=" + "x" * 8000) for i in range(5)]
    server = liar(*chain, [ranged(data)], *chain, [ranged(data)])
    expect_pair(router, get(router, certificate, server), data)
    assert asked(server) == [(f"bytes=0-{FRONT - 1}", None)] * 6 + [(f"bytes={FRONT}-{len(data) - 1}", '"a"')] * 6


# ---- nginx -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("listen, more", [row[1:] for row in SPEAKS], ids=[row[0] for row in SPEAKS])
@pytest.mark.parametrize("path", ["image", "moved"])
def test_nginx_sends_every_byte_once(router, image, www, certificate, tmp_path, listen, more, path):  # noqa: F811
    data = image()
    (www / "image").write_bytes(data)
    os.utime(www / "image", (10 ** 9, 10 ** 9))
    log = tmp_path / "sent"
    with run_nginx(tmp_path / "nginx", www, certificate, f"{more} access_log {log};", listen) as url:
        expect_pair(router, router.trust(certificate.cert).run("ota", "download", f"{url}/{path}"), data)
    sent = re.findall(r'" (20\d) (\d+) "-" "tandem"', log.read_text())  # once the server has ended
    assert sent == [("206", str(FRONT)), ("206", str(len(data) - FRONT))]
