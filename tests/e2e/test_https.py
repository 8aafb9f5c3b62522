# SPDX-License-Identifier: Apache-2.0
"""tandem ota download from real servers and from one that lies: what is taken, what is refused, what stays untouched."""

import hashlib
import random
import struct
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from conftest import make_certificate, unused_port
from liar import CLOSE, HANG, head, liar  # noqa: F401
from router import dated_certificate, image, router  # noqa: F401
from simulator import Simulator


@pytest.fixture
def www(tmp_path) -> Path:
    folder = tmp_path / "www"
    folder.mkdir()
    return folder


# ---- what is taken ---------------------------------------------------------------------------------------------------

def expect_pair(router, answer, data):
    bundle = len(data) - struct.unpack_from("<I", data, 76)[0]  # size of part 5
    assert answer.exit == 0, answer
    assert answer.data["kind"] == "pair"
    assert answer.data["image_id"] == hashlib.sha256(data).hexdigest()
    assert answer.data["needs_restart"] is True
    slot = "rcp-0" if answer.data["rcp_slot"] == "r0" else "rcp-1"
    assert router.read(slot)[:bundle] == data[:bundle]
    assert router.read("host-b")[:len(data) - bundle] == data[bundle:]


def test_pair_from_s_server(router, https_server, certificate, image, www):
    (www / "ota_with_rcp_image").write_bytes(image())
    port = https_server(www)
    router.adopted().trust(certificate.cert)
    before = router.state("host-a", "rcp-1")
    answer = router.run("ota", "download", f"https://localhost:{port}/ota_with_rcp_image")
    expect_pair(router, answer, image())
    assert answer.data["rcp_slot"] == "r0" and answer.data["host_slot"] == "B"
    assert router.was_restarted
    assert router.state("host-a", "rcp-1") == before

    again = router.run("ota", "download", f"https://localhost:{port}/ota_with_rcp_image")
    assert (again.exit, again.code) == (40, "trial_pending")
    assert router.state("host-a", "rcp-1") == before


@pytest.mark.parametrize("length", ["", "Content-Length: {}\r\n"], ids=["no length", "a length"])
def test_pair_from_s_server_whose_file_has_its_own_head(router, https_server, certificate, image, www, length):
    (www / "image").write_bytes(f"HTTP/1.0 200 ok\r\n{length.format(len(image()))}\r\n".encode() + image())
    port = https_server(www, arguments=["-HTTP"])
    router.adopted().trust(certificate.cert)
    before = router.state("host-a", "rcp-1")
    expect_pair(router, router.run("ota", "download", f"https://localhost:{port}/image"), image())
    assert router.was_restarted and router.state("host-a", "rcp-1") == before


def test_no_reboot_leaves_the_restart_to_the_operator(router, image, www):
    (www / "image").write_bytes(image())
    answer = router.run("ota", "download", www / "image", "--no-reboot")
    expect_pair(router, answer, image())
    assert "restart" in answer.data["next_step"]
    assert not router.was_restarted
    assert "no radio firmware is stored to go back to" in answer.stderr


def expect_radio(answer, data):
    assert answer.data["kind"] == "radio" and answer.data["needs_restart"] is False
    assert answer.data["image_id"] == hashlib.sha256(data).hexdigest()


def test_radio_only_waits_for_boot(router, image, www):
    (www / "image").write_bytes(image(host=False) + b"filler that existing readers ignore")
    answer = router.adopted().run("ota", "download", www / "image", "--no-reboot")
    assert answer.exit == 0, answer
    expect_radio(answer, image(host=False))
    assert "tandem boot" in answer.data["next_step"]
    assert not router.was_restarted


def test_radio_only_without_a_radio_is_not_condemned(router, image, www):
    (www / "image").write_bytes(image(host=False))
    answer = router.adopted().run("ota", "download", www / "image")
    assert answer.exit != 0 and "no-radio" in answer.message
    expect_radio(answer, image(host=False))
    assert "tandem boot" in answer.data["next_step"]
    assert router.run("ota", "status").data["state"] == "trial"


def test_radio_only_is_flashed_and_proven_at_once(router, samples, sim_bin, image, www, tmp_path):
    new = samples.build("esp32h2", "small", 2)
    (www / "image").write_bytes(image(host=False))
    with Simulator(sim_bin, tmp_path) as sim:  # an empty radio
        radio = ("--radio-port", sim.tty, "--radio-lines", f"control:{sim.socket}")
        answer = router.adopted().run(*radio, "ota", "download", www / "image")
        assert answer.exit == 0, answer
        expect_radio(answer, image(host=False))
        assert answer.data["state"] == "ok" and "radio flashed" in answer.data["done"]
        assert router.run(*radio, "rcp", "probe").data["radio"]["version"] == new.version
    assert not router.was_restarted


NGINX = """
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr error;
events {{}}
http {{
    access_log off;
    client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3; uwsgi_temp_path {dir}/t4;
    scgi_temp_path {dir}/t5;
    gzip on; gzip_types *;
    server {{
        listen 127.0.0.1:{port} {listen};
        ssl_certificate {certificate.cert};
        ssl_certificate_key {certificate.key};
        ssl_protocols TLSv1.2 TLSv1.3;
        {more}
        root {www};
        location = /moved {{ return 302 https://localhost:{port}/image; }}
        location = /plain {{ return 302 http://localhost:{port}/image; }}
        location = /round {{ return 302 https://localhost:{port}/round; }}
    }}
}}
"""


@contextmanager
def run_nginx(folder, www, certificate, more="", listen="ssl"):
    """more: lines of the server's block; listen: "ssl http2" for HTTP/2. Gives the server's address once it answers."""
    port = unused_port()
    folder.mkdir()
    (folder / "nginx.conf").write_text(NGINX.format(dir=folder, port=port, certificate=certificate, www=www, more=more,
                                                      listen=listen))
    server = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"], stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    try:
        subprocess.run(["curl", "-s", "-k", "-o", "/dev/null", "--retry", "50", "--retry-connrefused", "--retry-delay", "0",
                        "--retry-max-time", "20", f"https://localhost:{port}/"], check=True)
        yield f"https://localhost:{port}"
    finally:
        server.terminate()
        server.wait()
        server.stderr.close()


@pytest.fixture
def nginx(tmp_path, www, certificate):
    with run_nginx(tmp_path / "nginx", www, certificate) as url:
        yield url


@pytest.mark.parametrize("path", ["image", "moved"])
def test_pair_from_nginx(router, nginx, certificate, image, www, path):
    (www / "image").write_bytes(image())
    expect_pair(router, router.trust(certificate.cert).run("ota", "download", f"{nginx}/{path}"), image())


@pytest.mark.parametrize("path, exit, code", [("nope", 32, "http_status"), ("plain", 15, "bad_redirect"),
                                              ("round", 32, "too_many_redirects")])
def test_refused_from_nginx(router, nginx, certificate, path, exit, code):
    router.adopted().trust(certificate.cert)
    before = router.everything()
    answer = router.run("ota", "download", f"{nginx}/{path}")
    assert (answer.exit, answer.code) == (exit, code), answer
    assert "nothing was changed" in answer.message
    assert router.everything() == before
    if code == "http_status":
        assert answer.data["http_status"] == 404 and "404 Not Found" in answer.message


def test_slow_nginx(router, certificate, image, www, tmp_path):
    """As slow as it likes while it is not slower than the operator wants; what came then is gone on with."""
    data = image()
    (www / "image").write_bytes(data)
    router.trust(certificate.cert)
    with run_nginx(tmp_path / "nginx", www, certificate, "limit_rate 256k;") as url:
        answer = router.run("ota", "download", f"{url}/image", "--source-min-speed=1M", "--source-min-speed-time=2",
                            "--source-retries=0")
        assert (answer.exit, answer.code) == (31, "too_slow"), answer
        assert "[source] min-speed" in answer.message and answer.data["transfer"]["left"] > 0
        answer = router.run("ota", "download", f"{url}/image")
        expect_pair(router, answer, data)
        assert answer.data["transfer"]["kept"] > 0


# ---- whom we believe -------------------------------------------------------------------------------------------------

def refused(router, url, exit, code, *texts, **environment):
    before = router.everything()
    answer = router.run("ota", "download", url, **environment)
    assert (answer.exit, answer.code) == (exit, code), answer
    for text in texts:
        assert text in answer.message
    assert router.everything() == before
    return answer


def test_nothing_trusted_connects_to_nobody(router):
    refused(router.adopted(), f"https://localhost:{unused_port()}/image", 17, "nothing_trusted", "tandem trust add")


def test_unknown_certificate(router, https_server, tmp_path, image, www):
    (www / "image").write_bytes(image())
    other = make_certificate(tmp_path, "other")
    refused(router.adopted().trust(other.cert), f"https://localhost:{https_server(www)}/image", 17,
            "untrusted_certificate", "tandem trust add")


def test_another_key_under_the_same_name(router, https_server, certificate, tmp_path, image, www):
    (www / "image").write_bytes(image())
    impostor = make_certificate(tmp_path, "localhost")
    port = https_server(www, certificate=impostor)
    refused(router.adopted().trust(certificate.cert), f"https://localhost:{port}/image", 17, "untrusted_certificate")


def test_wrong_name(router, https_server, tmp_path, image, www):
    (www / "image").write_bytes(image())
    other = make_certificate(tmp_path, "update.example")
    port = https_server(www, certificate=other)
    refused(router.adopted().trust(other.cert), f"https://localhost:{port}/image", 17, "wrong_name",
            "localhost", "tandem trust list")


@pytest.mark.parametrize("start, end, code", [
    ("20200101000000Z", "20200102000000Z", "certificate_expired"),
    ("20980101000000Z", "20990101000000Z", "certificate_not_yet_valid"),
])
def test_certificate_outside_its_time(router, https_server, dated_certificate, www, start, end, code):
    certificate = dated_certificate(start, end)
    port = https_server(www, certificate=certificate)
    answer = router.adopted().run("trust", "add", certificate.cert)
    assert answer.exit == 0
    refused(router, f"https://localhost:{port}/image", 17, code, "clock")


def test_plain_http(router, certificate):
    refused(router.adopted().trust(certificate.cert), f"http://localhost:{unused_port()}/image", 15, "plain_http",
            "https://")


# ---- what a server sends ---------------------------------------------------------------------------------------------

def with_entry(data: bytes, row: int, field: int, value: int) -> bytes:
    at = 12 * row + 4 * field
    return data[:at] + struct.pack("<I", value) + data[at + 4:]


def swapped(data: bytes) -> bytes:
    return data[:24] + data[36:48] + data[24:36] + data[48:]


def too_large(data: bytes) -> bytes:
    return with_entry(data, 6, 1, 3 << 20)  # the host part; its slot has 2 MiB


def spoiled(data: bytes) -> bytes:
    at = struct.unpack_from("<I", data, 12 * 5 + 8)[0] + 5000  # inside the RCP firmware
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


BODIES = [  # name, body from a good pair, exit, code, is refused before anything is freed
    ("truncated by one byte", lambda d: d[:-1], 11, "truncated", False),
    ("truncated in the bundle", lambda d: d[:9000], 11, "truncated", False),
    ("truncated in the header", lambda d: d[:50], 11, "truncated", True),
    ("empty", lambda d: b"", 11, "truncated", True),
    ("a page", lambda d: b"<html>Please log in</html>", 32, "captive_portal", True),
    ("an ELF file", lambda d: b"\x7fELF" + d, 10, "not_image", True),
    ("parts out of order", swapped, 10, "bad_header", True),
    ("parts that overlap", lambda d: with_entry(d, 3, 2, 100), 10, "bad_header", True),
    ("larger than the slot", too_large, 14, "no_room", True),
    ("trailing garbage", lambda d: d + b"!", 10, "trailing_bytes", False),
    ("a flipped bit in the firmware", spoiled, 10, "bad_checksum", False),
]


@pytest.mark.parametrize("name, spoil, exit, code, is_early", BODIES, ids=[row[0] for row in BODIES])
def test_wrong_body_from_s_server(router, https_server, certificate, image, www, name, spoil, exit, code, is_early):
    """s_server tells no length, so each answer comes from the bytes alone."""
    (www / "image").write_bytes(spoil(image()))
    router.adopted().trust(certificate.cert)
    before, all_before = router.state(), router.everything()
    answer = router.run("ota", "download", f"https://localhost:{https_server(www)}/image")
    assert (answer.exit, answer.code) == (exit, code), answer
    assert router.state() == before
    assert (router.everything() == all_before) == is_early
    assert ("nothing was changed" if is_early else "what runs was not touched") in answer.message
    assert not router.was_restarted

    (www / "image").write_bytes(image())  # and the next download is as good as any
    expect_pair(router, router.run("ota", "download", www / "image"), image())


def test_error_page_with_status_200(router, https_server, certificate, www):
    port = https_server(www)
    answer = refused(router.adopted().trust(certificate.cert), f"https://localhost:{port}/nope", 10, "not_image",
                     "Error opening 'nope'")
    assert all(" " <= c <= "~" for c in answer.message)


def test_bytes_that_are_no_text_are_not_quoted(router, https_server, certificate, www):
    (www / "noise").write_bytes(random.Random(1).randbytes(4096))
    port = https_server(www)
    answer = refused(router.adopted().trust(certificate.cert), f"https://localhost:{port}/noise", 10, "not_image", "")
    assert '"' not in answer.message, answer.message


def test_image_for_another_chip_costs_nothing(router, image, www):
    (www / "image").write_bytes(image(chip="esp32c6"))
    router.adopted()
    before = router.everything()
    answer = router.run("--radio-chip", "esp32h2", "ota", "download", www / "image")
    assert (answer.exit, answer.code) == (16, "wrong_radio"), answer
    assert router.everything() == before


LIES = [  # name, steps, exit, code
    ("told longer than sent", lambda d: [head(len(d)) + d[:30000]], 30, "connection_broke"),
    ("told shorter than the image", lambda d: [head(len(d) - 9) + d[:-9]], 11, "truncated"),
    ("cut off, no length", lambda d: [head() + d[:30000], CLOSE], 11, "truncated"),
    ("cut off before an answer", lambda d: [CLOSE], 30, "connection_broke"),
    ("no HTTP", lambda d: [b"SSH-2.0-example\r\n" + d], 32, "not_http"),
    ("the bare image", lambda d: [d], 32, "not_http"),
    ("compressed although not asked to", lambda d: [head(len(d), "200 OK", "Content-Encoding: gzip") + d], 32,
     "encoded_body"),
    ("a part, and nobody says which", lambda d: [head(len(d), "206 Partial Content") + d], 32, "range_missing"),
    ("redirect without an address", lambda d: [head(0, "302 Found")], 32, "http_status"),
    ("silence", lambda d: [HANG], 31, "first_byte_timeout"),
    ("a stall", lambda d: [head(len(d)) + d[:30000], HANG], 31, "stall_timeout"),
]


@pytest.mark.parametrize("name, steps, exit, code", LIES, ids=[row[0] for row in LIES])
def test_lies(router, liar, certificate, image, name, steps, exit, code):
    server = liar(steps(image()))
    router.adopted().trust(certificate.cert)
    before = router.state()
    patience = ("--source-first-byte-timeout", 1, "--source-stall-timeout", 1) if exit == 31 else ()
    answer = router.run("ota", "download", f"https://localhost:{server.port}/image", *patience)
    assert (answer.exit, answer.code) == (exit, code), answer
    assert router.state() == before


def test_killed_in_mid_transfer(router, liar, certificate, image):
    data = image()
    server = liar([head(len(data)) + data[:30000], HANG], [head(len(data)) + data])
    router.adopted().trust(certificate.cert)
    before = router.state()
    url = f"https://localhost:{server.port}/image"
    running = subprocess.Popen([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download",
                                url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert "progress" in running.stderr.readline()  # bytes have come, and the server says no more
    running.kill()
    running.wait()
    running.stderr.close()
    assert router.state() == before
    states = {row["slot"]: row["state"] for row in router.run("ota", "status").data["slots"]}
    assert states["host A"] == "good" and states["r1"] == "good"
    assert "trial" not in states.values() and "staged" not in states.values()
    expect_pair(router, router.run("ota", "download", url), data)


def test_what_we_ask_for(router, liar, certificate, image):
    data = image()
    server = liar([head(len(data)) + data])
    expect_pair(router, router.trust(certificate.cert).run("ota", "download", f"https://localhost:{server.port}/a?b=c"),
                data)
    lines = server.requests[0].decode().split("\r\n")
    assert len(server.requests) == 1
    assert lines[0] == "GET /a?b=c HTTP/1.1"
    assert "Accept-Encoding: identity" in lines
    assert "Range: bytes=0-8191" in lines  # the front decides what else is wanted; a server without ranges sends it all
    assert not any(line.lower().startswith(("if-range:", "expect:", "authorization:")) for line in lines)


def test_missing_goodbye_is_no_harm_when_the_image_is_whole(router, liar, certificate, image):
    data = image()
    server = liar([head() + data, CLOSE])
    expect_pair(router, router.trust(certificate.cert).run("ota", "download", f"https://localhost:{server.port}/i"),
                data)


# ---- files -----------------------------------------------------------------------------------------------------------

def test_missing_file(router, tmp_path):
    answer = router.run("ota", "download", tmp_path / "nope")
    assert (answer.exit, answer.code) == (20, "no_such_file")


def test_told_length_refuses_a_short_file_before_anything_is_freed(router, image, www):
    (www / "image").write_bytes(image()[:-1])
    router.adopted()
    before = router.everything()
    answer = router.run("ota", "download", www / "image")
    assert (answer.exit, answer.code) == (11, "truncated")
    assert router.everything() == before
