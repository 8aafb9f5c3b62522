# SPDX-License-Identifier: Apache-2.0
"""Parts of a file, from servers that know them, that have never heard of them, and that lie about them."""

import os
import random

import pytest

from http_parts import ask_port, sha256  # noqa: F401
from liar import CLOSE, HANG, NEXT, head, liar  # noqa: F401
from test_https import run_nginx, www  # noqa: F401

DATA = random.Random(6).randbytes(100_000)
LENGTH = len(DATA)


@pytest.fixture
def file(www):  # noqa: F811
    """Written long ago, so that its time is a validator."""
    (www / "image").write_bytes(DATA)
    os.utime(www / "image", (10 ** 9, 10 ** 9))
    return www / "image"


@pytest.fixture
def port(ask_port):  # noqa: F811
    return ask_port()


def expect(reply, start, end, of=DATA):
    assert (reply.cause, reply.code, reply.start, reply.got) == ("ok", "", start, end - start), reply
    assert reply.sha256 == sha256(of[start:end])
    assert not reply.is_changed


def expect_fault(reply, cause, code, got=0):
    assert (reply.cause, reply.code, reply.got) == (cause, code, got), reply


# ---- nginx: over HTTP/1.1 and HTTP/2, with tags and with times, compressing whatever it may --------------------------

SPEAKS = [  # name, listen, lines of the server
    ("HTTP/1.1", "ssl", 'if ($server_protocol != HTTP/1.1) { return 505; }'),
    ("HTTP/2", "ssl http2", 'if ($server_protocol != HTTP/2.0) { return 505; }'),
    ("times, no tags", "ssl", "etag off;"),
]


@pytest.fixture(params=SPEAKS, ids=[row[0] for row in SPEAKS])
def nginx(request, tmp_path, file, certificate):
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more=request.param[2], listen=request.param[1]) as url:
        yield url


def test_parts_from_nginx(nginx, port):
    whole = port.get(f"{nginx}/image")
    expect(whole, 0, LENGTH)
    assert whole.has_ranges and whole.length == LENGTH
    assert whole.validator.startswith('"') or whole.validator == "Sun, 09 Sep 2001 01:46:40 GMT"
    for path in ("image", "moved"):  # a redirect keeps what is asked
        for start, count in ((0, 1), (0, 16384), (5, 0), (16385, 16384), (LENGTH - 1, 0), (LENGTH - 10, 4096)):
            part = port.get(f"{nginx}/{path}", start, count, whole.validator, LENGTH)
            expect(part, start, min(start + count, LENGTH) if count else LENGTH)
            assert (part.status, part.length, part.has_ranges) == (206, LENGTH, True)
            assert part.validator == whole.validator


def test_a_file_that_was_replaced(nginx, port, file):
    """The other one may be shorter or longer, or differ in its time alone: all of it comes, from its beginning."""
    first = port.get(f"{nginx}/image", 0, 4096)
    for year, other in enumerate((bytes(LENGTH), bytes(LENGTH - 1), bytes(3), bytes(LENGTH + 1)), start=1):
        file.write_bytes(other)
        os.utime(file, (10 ** 9 + year, 10 ** 9 + year))
        reply = port.get(f"{nginx}/image", 4096, 0, first.validator, LENGTH)
        assert (reply.cause, reply.status, reply.start, reply.got) == ("ok", 200, 0, len(other)), reply
        assert reply.is_changed and reply.sha256 == sha256(other)


def test_a_file_that_was_cut_short(nginx, port, file):
    file.write_bytes(DATA[:4096])
    for length, is_changed in ((0, False), (LENGTH, True)):
        reply = port.get(f"{nginx}/image", 4096, 0, "", length)
        expect_fault(reply, "peer", "range_beyond_end")
        assert (reply.status, reply.length, reply.is_changed) == (416, 4096, is_changed)


def test_the_front_of_an_empty_file(nginx, port, file):
    file.write_bytes(b"")
    reply = port.get(f"{nginx}/image", 0, 4096)
    assert (reply.cause, reply.got, reply.length) == ("ok", 0, 0), reply


def test_a_young_time_is_no_validator(tmp_path, file, certificate, port):
    os.utime(file)
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more="etag off;") as url:
        assert port.get(f"{url}/image", 0, 10).validator == ""


def test_nginx_that_may_send_no_parts(tmp_path, file, certificate, port):
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more="max_ranges 0;") as url:
        reply = port.get(f"{url}/image", 5, 10)
        expect(reply, 0, LENGTH)
        assert not reply.has_ranges and reply.length == LENGTH


@pytest.mark.parametrize("listen", ["ssl", "ssl http2"])
def test_a_proxy_whose_server_breaks_off(tmp_path, file, certificate, port, liar, listen):
    """HTTP/2 ends the one stream then, and not the connection."""
    server = liar([head(LENGTH) + DATA[:50_000], CLOSE])
    more = f"location = /cut {{ proxy_pass https://127.0.0.1:{server.port}; proxy_buffering off; }}"
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more=more, listen=listen) as url:
        expect_fault(port.get(f"{url}/cut"), "unreachable", "connection_broke", 50_000)
        expect(port.get(f"{url}/image", 5, 10), 5, 15)


# ---- one connection --------------------------------------------------------------------------------------------------

# A location that is there only for who has asked before on the same connection.
AGAIN = """
location = /again { if ($connection_requests = 1) { return 404; } return 200 "again"; }
location = /wants { if ($connection_requests = 1) { return 404; } if ($ssl_client_verify != SUCCESS) { return 400; } }
"""


@pytest.mark.parametrize("listen", ["ssl", "ssl http2"])
def test_a_connection_is_used_again(tmp_path, file, certificate, port, listen):
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more=AGAIN, listen=listen) as url:
        assert port.get(f"{url}/again").status == 404
        for _ in range(3):
            expect(port.get(f"{url}/image", 7, 5000), 7, 5007)
            assert port.get(f"{url}/again").status == 200


def test_a_connection_is_used_again_after_a_redirect(tmp_path, file, certificate, port):
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more=AGAIN) as url:
        expect(port.get(f"{url}/moved", 7, 5000), 7, 5007)
        assert port.get(f"{url}/again").status == 200


def test_a_connection_that_was_ended_meanwhile(tmp_path, file, certificate, port):
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more="keepalive_requests 1;") as url:
        for start in (0, 50_000):
            expect(port.get(f"{url}/image", start, 10), start, start + 10)


def test_enough_costs_the_connection_and_nothing_else(tmp_path, file, certificate, port):
    file.write_bytes(bytes(8 << 20))
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more=AGAIN) as url:
        reply = port.get(f"{url}/image", enough=1000)
        assert (reply.cause, reply.code) == ("cancelled", "") and 1000 <= reply.got < 8 << 20
        expect(port.get(f"{url}/image", 5, 10), 5, 15, bytes(20))


def test_who_was_asked_for_a_certificate_is_told_so_later_too(tmp_path, file, certificate, port):
    """The handshake of the first request says so, and a later answer on that connection is about it."""
    more = AGAIN + f"ssl_verify_client optional; ssl_client_certificate {certificate.cert};"
    with run_nginx(tmp_path / "nginx", file.parent, certificate, more=more) as url:
        expect(port.get(f"{url}/image", 0, 10), 0, 10)
        expect(port.get(f"{url}/image", 0, 10), 0, 10)
        expect_fault(port.get(f"{url}/wants"), "trust", "client_certificate_needed")


def test_silence_on_a_connection_that_was_there(liar, ask_port):
    """That it is there already does not make it one that is not made yet."""
    server = liar([head(10, "200 OK", keep=True) + DATA[:10], NEXT, HANG])
    port = ask_port(patience_ms=1000)
    url = f"https://localhost:{server.port}/i"
    expect(port.get(url), 0, 10)
    expect_fault(port.get(url), "timeout", "first_byte_timeout")
    assert len(server.requests) == 2


# ---- openssl s_server: no parts, no lengths --------------------------------------------------------------------------

def test_parts_from_s_server(https_server, file, port):
    url = f"https://localhost:{https_server(file.parent)}/image"
    for start, count in ((0, 0), (0, 10), (5, 0)):
        reply = port.get(url, start, count, '"any"', LENGTH)
        expect(reply, 0, LENGTH)
        assert (reply.status, reply.length, reply.has_ranges, reply.validator) == (200, None, False, "")


@pytest.mark.parametrize("length", ["", f"Content-Length: {LENGTH}\r\n"])
def test_parts_from_s_server_with_heads_of_our_own(https_server, file, port, length):
    file.write_bytes(f'HTTP/1.0 200 ok\r\nETag: "x"\r\n{length}\r\n'.encode() + DATA)
    url = f"https://localhost:{https_server(file.parent, arguments=['-HTTP'])}/image"
    for validator, is_changed in (("", False), ('"x"', False), ('"y"', True)):
        reply = port.get(url, 5, 10, validator)
        assert (reply.cause, reply.start, reply.got, reply.sha256) == ("ok", 0, LENGTH, sha256(DATA)), reply
        assert (reply.has_ranges, reply.is_changed, reply.validator) == (False, is_changed, '"x"')


# ---- lies ------------------------------------------------------------------------------------------------------------

def part(content_range, *lines, length: int | None = 10) -> bytes:
    lines = [f"Content-Range: bytes {content_range}", *lines] if content_range else list(lines)
    return head(length, "206 Partial Content", *lines)


GOOD = f"50-59/{LENGTH}"
BODY = DATA[50:60]
MULTIPART = (f"\r\n--x\r\nContent-Range: bytes {GOOD}\r\n\r\n".encode() + BODY + b"\r\n--x--\r\n")

LIES = [  # name, the answer to "bytes 50 to 59 of 100000, which had the tag a", cause, code, bytes that are good
    ("another beginning", [part(f"49-58/{LENGTH}") + DATA[49:59]], "peer", "wrong_range", 0),
    ("from the beginning", [part(f"0-9/{LENGTH}") + DATA[:10]], "peer", "wrong_range", 0),
    ("more than was asked for", [part(f"50-60/{LENGTH}", length=11) + DATA[50:61]], "peer", "wrong_range", 0),
    ("all of it, as a part", [part(f"0-{LENGTH - 1}/{LENGTH}", length=LENGTH) + DATA], "peer", "wrong_range", 0),
    ("another length", [part(f"50-59/{LENGTH + 1}") + BODY], "peer", "range_of_other_file", 0),
    ("another tag", [part(GOOD, 'ETag: "b"') + BODY], "peer", "range_of_other_file", 0),
    ("no Content-Range", [part("") + BODY], "peer", "range_missing", 0),
    ("a Content-Range of items", [head(10, "206 Partial Content", "Content-Range: items 50-59/60") + BODY], "peer",
     "range_missing", 0),
    ("two of them", [part(GOOD, f"Content-Range: bytes 0-9/{LENGTH}") + BODY], "peer", "range_missing", 0),
    ("several parts", [head(len(MULTIPART), "206 Partial Content", "Content-Type: multipart/byteranges; boundary=x")
                       + MULTIPART], "peer", "multipart_range", 0),
    ("a body without an end", [part(GOOD, length=None) + DATA[50:], *[DATA] * 80], "peer", "long_range", 10),
    ("a body longer than the part", [part(GOOD, length=11) + DATA[50:61]], "peer", "long_range", 10),
    ("a body shorter than the part", [part(GOOD, length=9) + DATA[50:59]], "unreachable", "connection_broke", 9),
    ("a body cut off", [part(GOOD) + DATA[50:53], CLOSE], "unreachable", "connection_broke", 3),
    ("a body cut off, no length", [part(GOOD, length=None) + DATA[50:53], CLOSE], "unreachable", "connection_broke", 3),
    ("no body", [part(GOOD, length=None)], "unreachable", "connection_broke", 0),
    ("a smaller part", [part(f"50-52/{LENGTH}", length=3) + DATA[50:53]], "unreachable", "connection_broke", 3),
    ("a stall", [part(GOOD) + DATA[50:53], HANG], "timeout", "stall_timeout", 3),
    ("no such part", [head(0, "416 Range Not Satisfiable", "Content-Range: bytes */50")], "peer", "range_beyond_end", 0),
    ("no such part, and no length", [head(0, "416 Range Not Satisfiable")], "peer", "range_beyond_end", 0),
    ("no such part, although there is", [head(0, "416 Range Not Satisfiable", f"Content-Range: bytes */{LENGTH}")],
     "peer", "range_refused", 0),
    ("compressed", [part(GOOD, "Content-Encoding: gzip") + BODY], "peer", "encoded_body", 0),
    ("not modified", [head(None, "304 Not Modified")], "peer", "http_status", 0),
    ("gone", [head(0, "404 Not Found")], "peer", "http_status", 0),
]


@pytest.mark.parametrize("steps, cause, code, good", [row[1:] for row in LIES], ids=[row[0] for row in LIES])
def test_lies_about_parts(liar, ask_port, steps, cause, code, good):
    server = liar(steps, [part(GOOD, 'ETag: "a"') + BODY])
    port = ask_port(patience_ms=1000 if cause == "timeout" else 10000)
    url = f"https://localhost:{server.port}/image"
    reply = port.get(url, 50, 10, '"a"', LENGTH)
    expect_fault(reply, cause, code, good)
    assert reply.sha256 == sha256(BODY[:good])
    expect(port.get(url, 50, 10, '"a"', LENGTH), 50, 60)  # nothing of the lie is left


TRUTHS = [  # name, answer, start, bytes, is_changed
    ("the part", [part(GOOD, 'ETag: "a"') + BODY], 50, BODY, False),
    ("the part, no tag told", [part(GOOD) + BODY], 50, BODY, False),
    ("the part, length of the file not known", [part("50-59/*") + BODY], 50, BODY, False),
    ("the part in chunks", [head(None, "206 Partial Content", f"Content-Range: bytes {GOOD}", "Transfer-Encoding: chunked")
                            + b"4\r\n" + BODY[:4] + b"\r\n6\r\n" + BODY[4:] + b"\r\n0\r\n\r\n"], 50, BODY, False),
    ("the part, in small letters", [head(10, "206 ok", f"content-range:bytes {GOOD}") + BODY], 50, BODY, False),
    ("all of it", [head(LENGTH, "200 OK", 'ETag: "a"') + DATA], 0, DATA, False),
    ("all of it, nothing told", [head() + DATA], 0, DATA, False),
    ("all of another file", [head(LENGTH, "200 OK", 'ETag: "b"') + DATA], 0, DATA, True),
    ("all of a longer file", [head(LENGTH + 1) + DATA + b"!"], 0, DATA + b"!", True),
    ("a weak tag: no longer known", [head(LENGTH, "200 OK", 'ETag: W/"a"') + DATA], 0, DATA, False),
    ("a tag behind the body", [head(None, "200 OK", 'ETag: "a"', "Transfer-Encoding: chunked", "Trailer: ETag")
                               + b"186a0\r\n" + DATA + b"\r\n0\r\nETag: \"b\"\r\n\r\n"], 0, DATA, False),
]


@pytest.mark.parametrize("steps, start, data, is_changed", [row[1:] for row in TRUTHS], ids=[row[0] for row in TRUTHS])
def test_truths_about_parts(liar, port, steps, start, data, is_changed):
    reply = port.get(f"https://localhost:{liar(steps).port}/image", 50, 10, '"a"', LENGTH)
    assert (reply.cause, reply.start, reply.got, reply.sha256) == ("ok", start, len(data), sha256(data)), reply
    assert reply.is_changed == is_changed


def test_what_is_asked(liar, port):
    """Range with every part, If-Range with every validator, and both behind a redirect; neither for the whole file."""
    server = liar([head(0, "302 Found", "Location: /there")], [part(GOOD, 'ETag: "a"') + BODY], [part(GOOD) + BODY],
                  [head(LENGTH) + DATA])
    url = f"https://localhost:{server.port}/image"
    for count, validator in ((10, '"a"'), (10, ""), (0, "")):
        assert port.get(url, 50 if count else 0, count, validator).cause == "ok"
    asked = [{line.split(":")[0].lower(): line.split(": ", 1)[1] for line in request.decode().split("\r\n")[1:] if line}
             for request in server.requests]
    assert [(fields.get("range"), fields.get("if-range")) for fields in asked] == [
        ("bytes=50-59", '"a"'), ("bytes=50-59", '"a"'), ("bytes=50-59", None), (None, None)]
    assert server.requests[1].startswith(b"GET /there ")


def test_a_log_in_page_in_place_of_a_part(liar, port):
    page = b"<html><title>Welcome</title>"
    reply = port.get(f"https://localhost:{liar([head(len(page)) + page]).port}/image", 50, 10)
    expect_fault(reply, "peer", "captive_portal")
    assert reply.words == "Welcome"


def test_a_part_that_looks_like_a_page_is_none(liar, port):
    body = b"<html>1234"
    reply = port.get(f"https://localhost:{liar([part(GOOD) + body]).port}/image", 50, 10)
    assert (reply.cause, reply.got, reply.sha256) == ("ok", 10, sha256(body))
