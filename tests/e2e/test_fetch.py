# SPDX-License-Identifier: Apache-2.0
"""tandem ota download over networks as they are: slow, endless, intercepted, led astray. Each row says what the user sees."""

import pytest

from conftest import unused_port
from liar import HANG, head, liar  # noqa: F401
from router import image, router  # noqa: F401
from test_https import expect_pair

PAGE = b"<!DOCTYPE html>\n<html><head><title>Welcome to the hotel</title></head><body>Please log in</body></html>"


def get(router, port, *options, path="image", host="localhost"):
    return router.run("ota", "download", f"https://{host}:{port}/{path}", *options)


# ---- stalls and lies -------------------------------------------------------------------------------------------------

def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = head(None, "200 OK", "Transfer-Encoding: chunked")

BAD = [  # name, steps, options, exit, code, what the message says, is refused before anything is freed
    ("drops of bytes", lambda d: [head(len(d)) + d[:30000], HANG], ("min-speed=1M", "min-speed-time=1"),
     31, "too_slow", "[source] min-speed", False),
    ("a head without an end", lambda d: [b"HTTP/1.1 200 OK\r\nX-More: 1\r\n", HANG], ("min-speed=1", "min-speed-time=1"),
     31, "too_slow", "nothing was changed", True),
    ("a deadline in the body", lambda d: [head(len(d)) + d[:30000], HANG], ("deadline=1",),
     31, "deadline", "what runs was not touched", False),
    ("a deadline before an answer", lambda d: [HANG], ("deadline=1",), 31, "deadline", "[source] deadline", True),
    ("a body that goes on, no length", lambda d: [head() + d + bytes(8 << 20)], (), 10, "trailing_bytes", "", False),
    ("a body that goes on, told", lambda d: [head(len(d) + 9) + d + bytes(9)], (), 10, "trailing_bytes", "", True),
    ("a body longer than told", lambda d: [head(len(d) - 1) + d], (), 11, "truncated", "nothing was changed", True),
    ("a log-in page", lambda d: [head(len(PAGE), "200 OK", "Content-Type: text/html") + PAGE], (),
     32, "captive_portal", '"Welcome to the hotel"', True),
    ("a log-in page without an end", lambda d: [head() + PAGE + b" " * 100000, HANG], (),
     32, "captive_portal", "log in", True),
    ("a network that says so", lambda d: [head(0, "511 Network Authentication Required")], (),
     32, "captive_portal", "511", True),
    ("words that are no page", lambda d: [head() + b"Error opening 'image'"], (), 10, "not_image",
     "Error opening", True),
    ("XML is no log-in page", lambda d: [head() + b"<?xml version='1.0'?><Error>no</Error>"], (), 10, "not_image",
     "<Error>no", True),
    ("nothing", lambda d: [head(0)], (), 11, "truncated", "", True),
    ("204", lambda d: [head(None, "204 No Content")], (), 32, "http_status", "204", True),
    ("brotli although not asked to", lambda d: [head(len(d), "200 OK", "Content-Encoding: br") + d], (),
     32, "encoded_body", "compress", True),
    ("two encodings", lambda d: [head(len(d), "200 OK", "content-encoding:gzip, identity") + d], (),
     32, "encoded_body", "compress", True),
    ("a chunk cut off", lambda d: [CHUNKED + chunked(d[:30000])], (), 30, "connection_broke", "", False),
    ("a chunk of no number", lambda d: [CHUNKED + b"zz\r\n" + d], (), 30, "connection_broke", "chunk", True),
]


@pytest.mark.parametrize("steps, options, exit, code, says, is_early", [row[1:] for row in BAD],
                         ids=[row[0] for row in BAD])
def test_given_up(router, liar, certificate, image, steps, options, exit, code, says, is_early):
    server = liar(steps(image()))
    router.adopted().trust(certificate.cert)
    before, all_before = router.state(), router.everything()
    answer = get(router, server.port, *(f"--source-{option}" for option in options))
    assert (answer.exit, answer.code) == (exit, code), answer
    assert says in answer.message
    assert router.state() == before
    assert (router.everything() == all_before) == is_early


GOOD = [  # name, steps
    ("chunks and no length", lambda d: [CHUNKED + chunked(d[:1]) + chunked(d[1:]) + b"0\r\n\r\n"]),
    ("an encoding that is none", lambda d: [head(len(d), "200 OK", "Content-Encoding: identity") + d]),
    ("news before the answer", lambda d: [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + head(len(d)) + d]),
    ("HTTP/1.0 in small letters", lambda d: [b"HTTP/1.0 200 ok\r\ncontent-length: %d\r\n\r\n" % len(d) + d]),
    ("called a page, but none", lambda d: [head(len(d), "200 OK", "Content-Type: text/html") + d]),
    ("a byte at a time at first", lambda d: [head(len(d)), *(d[i:i + 1] for i in range(200)), d[200:]]),
]


@pytest.mark.parametrize("steps", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_taken(router, liar, certificate, image, steps):
    server = liar(steps(image()))
    expect_pair(router, get(router.trust(certificate.cert), server.port), image())


# ---- redirects -------------------------------------------------------------------------------------------------------

def redirect(to: str, status="302 Found") -> list[bytes]:
    return [head(0, status, f"Location: {to}")]


@pytest.mark.parametrize("length", [100, 2000, 4000, 8000])
def test_a_signed_link_is_followed(router, liar, certificate, image, length):
    link = "/bucket/image?signature=" + "x" * length
    server = liar(redirect(link), [head(len(image())) + image()])
    expect_pair(router, get(router.trust(certificate.cert), server.port), image())
    assert server.requests[1].split(b"\r\n")[0] == f"GET {link} HTTP/1.1".encode()


def test_a_link_longer_than_any_is_not_followed(router, liar, certificate):
    server = liar(redirect("/" + "x" * 9000))
    answer = get(router.adopted().trust(certificate.cert), server.port)
    assert (answer.exit, answer.code) == (32, "bad_redirect")
    assert "longer address" in answer.message and len(server.requests) == 1


def test_no_message_shows_the_signature_of_a_link(router, liar, certificate):
    secret = "signature=5a17"
    for to in (f"https://localhost:{unused_port()}/image?{secret}", f"http://localhost/image?{secret}"):
        answer = get(router.trust(certificate.cert), liar(redirect(to)).port)
        assert answer.code in ("no_connection", "bad_redirect")
        assert "localhost" in answer.message and "/image" in answer.message
        assert secret not in answer.message + answer.stderr


@pytest.mark.parametrize("status", ["301 Moved Permanently", "303 See Other", "307 Temporary Redirect",
                                    "308 Permanent Redirect"])
def test_every_kind_of_redirect(router, liar, certificate, image, status):
    server = liar(redirect("/there", status), [head(len(image())) + image()])
    expect_pair(router, get(router.trust(certificate.cert), server.port), image())


@pytest.mark.parametrize("steps, exit, code", [(5, 0, ""), (6, 32, "too_many_redirects")])
def test_a_chain_of_redirects(router, liar, certificate, image, steps, exit, code):
    chain = [redirect(f"/{i}") for i in range(steps)]
    server = liar(*chain, [head(len(image())) + image()])
    answer = get(router.trust(certificate.cert), server.port)
    assert (answer.exit, answer.code) == (exit, code), answer
    assert len(server.requests) == 6


def test_led_to_a_log_in_page(router, liar, certificate):
    portal = liar([head(len(PAGE)) + PAGE])
    server = liar(redirect(f"https://localhost:{portal.port}/login?from=you"))
    answer = get(router.adopted().trust(certificate.cert), server.port)
    assert (answer.exit, answer.code) == (32, "captive_portal")
    assert "Welcome to the hotel" in answer.message


# ---- two families of addresses: localhost is both --------------------------------------------------------------------

@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_other_address_is_dead(router, liar, certificate, image, address):
    server = liar([head(len(image())) + image()], address=address)
    expect_pair(router, get(router.trust(certificate.cert), server.port), image())
