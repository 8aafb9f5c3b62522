# SPDX-License-Identifier: Apache-2.0
"""tandem ota download over networks as they are: slow, endless, intercepted, led astray. Each row says what the user sees."""

import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from conftest import make_certificate, unused_port
from liar import CLOSE, HANG, head, liar  # noqa: F401
from router import image, router  # noqa: F401
from test_https import expect_pair, www  # noqa: F401

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
    ("a speed that nobody has", lambda d: [head(len(d)) + d[:30000], HANG], ("min-speed=4096M", "min-speed-time=1"),
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
    ("compressed, and not", lambda d: [head(len(d), "200 OK", "Content-Encoding: identity, gzip") + d], (),
     32, "encoded_body", "compress", True),
    ("compressed twice", lambda d: [head(len(d), "200 OK", "Content-Encoding: identity", "Content-Encoding: gzip") + d],
     (), 32, "encoded_body", "compress", True),
    ("a compressed page about a missing file", lambda d: [head(9, "404 Not Found", "Content-Encoding: gzip") + bytes(9)],
     (), 32, "http_status", "404", True),
    ("a long head", lambda d: [b"HTTP/1.1 200 OK\r\n" + (b"X-More: " + b"x" * 990 + b"\r\n") * 140, HANG],
     ("stall-timeout=5",), 32, "long_head", "nothing was changed", True),
    ("news without an end", lambda d: [(b"HTTP/1.1 103 Early Hints\r\nLink: </" + b"x" * 990 + b">\r\n\r\n") * 140, HANG],
     ("stall-timeout=5",), 32, "long_head", "nothing was changed", True),
    ("not modified, with an address", lambda d: [head(0, "304 Not Modified", "Location: /i")], (),
     32, "http_status", "304", True),
    ("use a proxy", lambda d: [head(0, "305 Use Proxy", "Location: https://localhost/")], (),
     32, "http_status", "305", True),
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
    ("an encoding behind the body", lambda d: [CHUNKED + chunked(d) + b"0\r\nContent-Encoding: gzip\r\n\r\n"]),
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


def test_a_redirect_with_a_compressed_page(router, liar, certificate, image):
    server = liar([head(9, "302 Found", "Location: /there", "Content-Encoding: gzip") + bytes(9)], whole(image()))
    expect_pair(router, get(router.trust(certificate.cert), server.port), image())


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


# ---- tried again -----------------------------------------------------------------------------------------------------

def whole(d: bytes) -> list[bytes]:
    return [head(len(d)) + d]


AGAIN = [  # name, the connections before the good one, how often more is asked
    ("a reset before an answer", lambda d: [[CLOSE]], 1),
    ("a reset in the bundle", lambda d: [[head(len(d)) + d[:9000], CLOSE]], 1),
    ("a reset in the host part", lambda d: [[head(len(d)) + d[:-5000], CLOSE]], 1),
    ("cut off, and no length told", lambda d: [[head() + d[:30000], CLOSE]], 1),
    ("a stall", lambda d: [[head(len(d)) + d[:30000], HANG]], 1),
    ("silence", lambda d: [[HANG]], 1),
    ("an overloaded server", lambda d: [[head(0, "503 Service Unavailable")]], 1),
    ("too many asked at once", lambda d: [[head(0, "429 Too Many Requests", "Retry-After: 0")]], 1),
    ("an overloaded server that compresses", lambda d: [[head(9, "503 Busy", "Content-Encoding: br") + bytes(9)]], 1),
    ("a wait that is over", lambda d: [[head(0, "503 Busy", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT")]], 1),
    ("a wait of less than nothing", lambda d: [[head(0, "503 Busy", "Retry-After: -5")]], 1),
    ("a bad gateway", lambda d: [[head(0, "502 Bad Gateway")]], 1),
    ("a wait that is asked for", lambda d: [[head(0, "503 Busy", "Retry-After: 1")]], 1),
    ("four of them", lambda d: [[CLOSE], [head(len(d)) + d[:9000], CLOSE], [head(0, "500 Oops")], [head() + d[:-1]]], 4),
]


@pytest.mark.parametrize("before, retries", [row[1:] for row in AGAIN], ids=[row[0] for row in AGAIN])
def test_tried_again_and_taken(router, liar, certificate, image, before, retries):
    server = liar(*before(image()), whole(image()))
    router.adopted().trust(certificate.cert)
    running = router.state()
    answer = get(router, server.port, f"--source-retries={retries}", "--source-stall-timeout=1",
                 "--source-first-byte-timeout=1")
    expect_pair(router, answer, image())
    assert len(server.requests) == retries + 1
    assert "trying again" in answer.stderr
    assert router.state("host-a", "rcp-1") == {name: running[name] for name in ("host-a", "rcp-1")}


NOT_AGAIN = [  # name, the only connection, exit, code
    ("a missing file", lambda d: [head(0, "404 Not Found")], 32, "http_status"),
    ("not for us", lambda d: [head(0, "403 Forbidden")], 32, "http_status"),
    ("a wait too long", lambda d: [head(0, "503 Busy", "Retry-After: 3600")], 32, "http_status"),
    ("a wait till the year 2099", lambda d: [head(0, "503 Busy", "Retry-After: Thu, 31 Dec 2099 23:59:59 GMT")], 32,
     "http_status"),
    ("a log-in page", lambda d: [head(len(PAGE)) + PAGE], 32, "captive_portal"),
    ("a body that is compressed", lambda d: [head(len(d), "200 OK", "Content-Encoding: gzip") + d], 32, "encoded_body"),
    ("a damaged image", lambda d: whole(d[:20000] + bytes([d[20000] ^ 1]) + d[20001:]), 10, "bad_checksum"),
    ("a short file", lambda d: whole(d[:-1]), 11, "truncated"),
    ("an image for nobody", lambda d: whole(bytes(5000)), 10, "not_image"),
]


@pytest.mark.parametrize("steps, exit, code", [row[1:] for row in NOT_AGAIN], ids=[row[0] for row in NOT_AGAIN])
def test_not_tried_again(router, liar, certificate, image, steps, exit, code):
    server = liar(steps(image()), whole(image()))
    answer = get(router.adopted().trust(certificate.cert), server.port, "--source-retries=4")
    assert (answer.exit, answer.code) == (exit, code), answer
    assert len(server.requests) == 1 and "attempts" not in answer.message


def test_given_up_after_so_many(router, liar, certificate):
    server = liar([CLOSE])
    answer = get(router.adopted().trust(certificate.cert), server.port, "--source-retries=2")
    assert (answer.exit, answer.code) == (30, "connection_broke")
    assert "nothing was changed in 3 attempts" in answer.message
    assert len(server.requests) == 3


def test_no_wait_beyond_the_deadline(router, liar, certificate):
    server = liar([head(0, "503 Busy", "Retry-After: 200")])
    answer = get(router.adopted().trust(certificate.cert), server.port, "--source-retries=4", "--source-deadline=100")
    assert (answer.exit, answer.code) == (32, "http_status")
    assert len(server.requests) == 1


@pytest.mark.parametrize("other", [{"release": 1}, {"host": False}])
def test_a_file_that_changes_between_two_attempts(router, liar, certificate, image, other):
    server = liar([head() + image()[:-5000], CLOSE], whole(image(**other)))
    router.adopted().trust(certificate.cert)
    before = router.state()
    answer = get(router, server.port, "--source-retries=4")
    assert (answer.exit, answer.code) == (16, "changed_on_server"), answer
    assert "what runs was not touched" in answer.message and len(server.requests) == 2
    assert router.state() == before


# ---- mirrors ---------------------------------------------------------------------------------------------------------

FAULTY = [  # name, what the first address does
    ("has no such file", lambda d: [head(0, "404 Not Found")]),
    ("breaks off", lambda d: [head(len(d)) + d[:30000], CLOSE]),
    ("is a log-in page", lambda d: [head(len(PAGE)) + PAGE]),
    ("has a damaged file", lambda d: whole(d[:20000] + bytes([d[20000] ^ 1]) + d[20001:])),
    ("wants to be left alone", lambda d: [head(0, "503 Busy", "Retry-After: 3600")]),
]


@pytest.mark.parametrize("steps", [row[1] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_the_next_address_is_asked(router, liar, certificate, image, steps):
    bad, good, spare = liar(steps(image())), liar(whole(image())), liar([CLOSE])
    router.adopted().trust(certificate.cert)
    answer = router.run("ota", "download", *(f"https://localhost:{one.port}/image" for one in (bad, good, spare)))
    expect_pair(router, answer, image())
    assert [len(one.requests) for one in (bad, good, spare)] == [1, 1, 0]
    assert "trying the next address" in answer.stderr


def test_an_address_that_does_not_prove_itself_is_passed_over(router, liar, certificate, image, tmp_path):
    stranger = liar(whole(image()), certificate=make_certificate(tmp_path, "stranger"))
    good = liar(whole(image()))
    router.trust(certificate.cert)
    answer = router.run("ota", "download", f"https://localhost:{stranger.port}/i", f"https://localhost:{good.port}/i")
    expect_pair(router, answer, image())
    assert not stranger.requests


def test_a_file_stands_in_for_a_server(router, certificate, image, www):
    (www / "image").write_bytes(image())
    answer = router.trust(certificate.cert).run("ota", "download", f"https://localhost:{unused_port()}/i", www / "image")
    expect_pair(router, answer, image())


def test_configured_mirrors_have_the_same_name(router, liar, certificate, image):
    server = liar([head(0, "404 Not Found")], [head(0, "404 Not Found")], whole(image()))
    base = f"https://localhost:{server.port}"
    answer = router.trust(certificate.cert).run("ota", "download", f"{base}/a/image-2?key=1", "--source-mirrors",
                                                f"{base}/b {base}/c/")
    expect_pair(router, answer, image())
    assert [r.split()[1] for r in server.requests] == [b"/a/image-2?key=1", b"/b/image-2", b"/c/image-2"]


def test_the_last_address_is_the_one_that_is_named(router, liar, certificate):
    first, last = liar([CLOSE]), liar([head(0, "404 Not Found")])
    answer = router.trust(certificate.cert).run("ota", "download", f"https://localhost:{first.port}/i",
                                                f"https://localhost:{last.port}/i")
    assert (answer.exit, answer.code) == (32, "http_status")
    assert f"localhost:{last.port}/i" in answer.message and "in 2 attempts" in answer.message


# ---- as fast as it may -----------------------------------------------------------------------------------------------

def test_a_speed_limit_holds(router, liar, certificate, image):
    """At 8 KiB a second the image would take minutes; so the deadline comes first."""
    server = liar(whole(image()))
    answer = get(router.trust(certificate.cert), server.port, "--source-max-speed=8K", "--source-deadline=1")
    assert (answer.exit, answer.code) == (31, "deadline")


def test_a_speed_limit_is_no_stall(router, liar, certificate, image):
    """One piece takes longer at this speed than the server may be silent."""
    server = liar(whole(image()))
    answer = get(router.trust(certificate.cert), server.port, "--source-max-speed=400", "--source-stall-timeout=1",
                 "--source-deadline=4")
    assert (answer.exit, answer.code) == (31, "deadline")


# ---- the same image from anywhere ------------------------------------------------------------------------------------

def from_input(router, data: bytes, *options):
    done = subprocess.run([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download", "-",
                           *options], input=data, capture_output=True)
    return done


@pytest.mark.parametrize("host", [True, False])
def test_from_standard_input(router, image, host):
    done = from_input(router.adopted(), image(host), "--stage-only")
    assert done.returncode == 0, done
    assert router.run("ota", "status").data["state"] == "staged"
    slot = router.read("rcp-0")
    assert slot[:5000] == image(host)[:5000]


@pytest.mark.parametrize("spoil, exit, code", [(lambda d: d[:-1], 11, "truncated"), (lambda d: b"", 11, "truncated"),
                                               (lambda d: b"<html>", 10, "not_image")])
def test_wrong_bytes_on_standard_input(router, image, spoil, exit, code):
    done = from_input(router.adopted(), spoil(image()), "--source-retries=4")
    assert done.returncode == exit and f'"{code}"' in done.stdout.decode()
    assert "standard input" in done.stdout.decode()


def test_a_file_on_standard_input_tells_its_length(router, image, www):
    (www / "image").write_bytes(image()[:-1])
    router.adopted()
    before = router.everything()
    with open(www / "image", "rb") as file:
        done = subprocess.run([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download", "-"],
                              stdin=file, capture_output=True)
    assert done.returncode == 11
    assert router.everything() == before


@pytest.mark.parametrize("name", [b"one\x1b[2J", b"one\xff", b"one\xc2\x9b2J"])
def test_names_of_files_are_shown_as_text(router, image, www, name):
    for each in (name, b"two"):
        Path(os.fsdecode(os.fsencode(www) + b"/" + each)).write_bytes(image())
    for options in ((), ("--json",)):
        done = subprocess.run([router.program, "--config", router.dir / "tandem.conf", *options, "ota", "download", www],
                              capture_output=True)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 15 and "/one?" in said
        assert all(c == "\n" or c.isprintable() for c in said)


def sealed(data: bytes) -> bytes:
    return data + struct.pack("<I", zlib.crc32(data))


def with_host_version(record: bytes, text: bytes) -> bytes:
    """Host A's version in both copies of a record (FORMAT.md, "Record")."""
    for at in (0, 4096):
        length = struct.unpack_from("<H", record, at + 6)[0]
        copy = record[at:at + 12 + 33] + text.ljust(32, b"\0") + record[at + 12 + 33 + 32:at + length - 4]
        record = record[:at] + sealed(copy) + record[at + length:]
    return record


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["table", "json"])
def test_what_results_show_is_text_wherever_it_comes_from(router, image, www, options):
    """Names of files, and texts in storage that others may have written to, do not steer a terminal."""
    evil = b"one\x1b]0;all is well\x07\x1b[2J\xff"
    name = os.fsencode(www) + b"/" + evil
    Path(os.fsdecode(name)).write_bytes(image())
    router.adopted()
    (router.dir / "record").write_bytes(with_host_version(router.read("record"), evil))
    entry = struct.pack("<4sHHIBQ32s48s48s", b"TdHy", 1, 153, 1, 1, 0, bytes(32), evil, evil)
    history = bytearray(router.read("record-history"))
    history[4096:4096 + 153] = sealed(entry)
    (router.dir / "record-history").write_bytes(history)
    for words in (["image", "info", name], ["image", "verify", name], ["ota", "status"], ["ota", "history"]):
        done = subprocess.run([router.program, "--config", router.dir / "tandem.conf", *options, *words],
                              capture_output=True)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0 and "one?]0;all is well" in said.replace("\\u001b", "?"), (words, said)
        assert all(c == "\n" or c.isprintable() for c in said), (words, said)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_whoever_starts_us_with_closed_streams_gets_no_words_into_slots(router, image, www, closed):
    """As `tandem ... <&- >&- 2>&-` does: the first files that are opened would have the numbers of the streams."""
    (www / "image").write_bytes(image())
    before = router.adopted().state("host-a", "rcp-1")
    subprocess.run([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download", www / "image",
                    "--stage-only"], capture_output=True, preexec_fn=lambda: [os.close(fd) for fd in closed])
    assert router.state("host-a", "rcp-1") == before
    for name in ("record", "record-journal", "record-history", "rcp-0", "rcp-1", "host-a", "host-b"):
        assert b'"event"' not in router.read(name) and b'"exit"' not in router.read(name), name
    assert router.run("ota", "status").data["state"] == "staged"
    assert router.run("ota", "apply", "--no-reboot").exit == 0


def test_a_folder_with_one_image(router, image, www):
    (www / "readme.txt").write_text("an image for you\n")
    (www / ".hidden").write_bytes(image())
    (www / "empty").touch()
    (www / "below").mkdir()
    (www / "below" / "image").write_bytes(image())
    (www / "any name").write_bytes(image())
    expect_pair(router, router.run("ota", "download", f"{www}/"), image())


def test_a_folder_with_one_image_and_another_address(router, certificate, image, www):
    (www / "any name").write_bytes(image())
    url = f"https://localhost:{unused_port()}/image"
    expect_pair(router, router.trust(certificate.cert).run("ota", "download", www, url), image())


def test_a_folder_without_an_image(router, www):
    (www / "page.html").write_bytes(PAGE)
    before = router.adopted().everything()
    answer = router.run("ota", "download", www)
    assert (answer.exit, answer.code) == (20, "no_image_in_folder") and str(www) in answer.message
    assert router.everything() == before


def test_a_folder_with_two_images(router, image, www):
    (www / "one").write_bytes(image())
    (www / "two").write_bytes(image(release=1))
    before = router.adopted().everything()
    answer = router.run("ota", "download", www)
    assert (answer.exit, answer.code) == (15, "several_images")
    assert f"{www}/one" in answer.message and f"{www}/two" in answer.message
    assert router.everything() == before


@pytest.mark.parametrize("words", [("-", "-"), ("image", "-"), ("https://localhost/i", "https://localhost/j",
                                                                "--insecure-tls"), tuple("abcdefghi")])
def test_words_that_make_no_sense(router, words):
    answer = router.run("ota", "download", *words)
    assert answer.exit == 2 and "usage: tandem ota download" in answer.message
