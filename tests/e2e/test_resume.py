# SPDX-License-Identifier: Apache-2.0
"""tandem ota download after a cut: what is kept, what people are told of it, and what is asked for then."""

import signal
import subprocess

import pytest

from gates import CLOSE, GateServer
from router import image, router  # noqa: F401
from test_https import expect_pair
from tls_world import Proxy, serve  # noqa: F401

FRONT, CLAIM, RECORD = 8192, 32 * 1024, 16 * 1024


@pytest.fixture
def server(certificate, image):  # noqa: F811
    gate = GateServer(certificate, image())
    yield gate
    gate.stop()


def cut(router, server, at: int):  # noqa: F811
    """Ctrl-C while the server is silent at this byte -> the answer in words."""
    server.stops = [at]
    running = subprocess.Popen([router.program, "--config", router.dir / "tandem.conf", "ota", "download", server.url],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert server.held.wait(30)
    running.send_signal(signal.SIGINT)
    said = running.communicate(timeout=30)[1]
    server.held.clear()
    assert running.returncode == 42
    return said


def test_ctrl_c_says_what_is_kept_and_the_same_command_goes_on(router, server, certificate):
    size, at = len(server.data), 1_000_000
    said = cut(router.adopted().trust(certificate.cert), server, at)
    download = router.run("ota", "status").data["download"]
    assert download["total"] == size and 0 <= at - download["kept"] < CLAIM + RECORD
    assert f"{download['kept'] // 1024} of {-(-size // 1024)} KiB are kept, and the same command goes on from there" in said
    assert "what runs was not touched" in said
    sent = server.sent
    answer = router.run("ota", "download", server.url)
    expect_pair(router, answer, server.data)
    transfer = answer.data["transfer"]
    assert transfer == {"fetched": server.sent - sent, "wanted": size - download["kept"], "wasted": FRONT,
                        "kept": download["kept"], "copied": 0}
    assert "download" not in router.run("ota", "status").data


def test_a_broken_transfer_tells_the_same(router, server, certificate):
    server.stops, server.act = [700_000], CLOSE
    answer = router.trust(certificate.cert).run("ota", "download", server.url)
    assert (answer.exit, answer.code) == (30, "connection_broke")
    left = answer.data["transfer"]["left"]
    assert 0 <= 700_000 - left < CLAIM + RECORD and f"{left // 1024} of " in answer.message
    expect_pair(router, router.run("ota", "download", server.url), server.data)


def test_it_goes_on_through_a_proxy(router, server, certificate, serve):  # noqa: F811
    proxy = serve(Proxy())
    server.stops, server.act = [700_000], CLOSE
    answer = router.trust(certificate.cert).run("ota", "download", server.url, "--source-retries=1",
                                                https_proxy=f"http://127.0.0.1:{proxy.port}")
    expect_pair(router, answer, server.data)
    assert server.wasted == 0 and "bytes=700000-" in server.requests[-1]
    assert len(proxy.requests) == len(server.clients) == 2


def test_cancel_drops_what_is_kept(router, server, certificate):
    cut(router.trust(certificate.cert), server, 500_000)
    answer = router.run("ota", "cancel")
    assert answer.exit == 0 and "begins anew" in answer.data["done"]
    assert "download" not in router.run("ota", "status").data
    assert router.run("ota", "cancel").code == "nothing_staged"
    answer = router.run("ota", "download", server.url)
    expect_pair(router, answer, server.data)
    assert answer.data["transfer"]["kept"] == 0


def test_without_a_journal_it_begins_anew(router, server, certificate):
    with (router.dir / "tandem.conf").open("a") as config:
        config.write("[slots]\njournal = none\n")
    assert "are kept" not in cut(router.trust(certificate.cert), server, 500_000)
    answer = router.run("ota", "download", server.url)
    expect_pair(router, answer, server.data)
    assert answer.data["transfer"]["kept"] == 0 and not (router.dir / "record-journal").exists()


def test_another_file_under_the_same_name_is_not_mixed_in(router, server, certificate, image):  # noqa: F811
    cut(router.trust(certificate.cert), server, 500_000)
    server.data, server.validator = image()[:-1] + b"!", '"two"'
    answer = router.run("ota", "download", server.url)
    expect_pair(router, answer, server.data)
    assert answer.data["transfer"]["kept"] == 0


def test_a_journal_on_another_storage_is_refused(router):  # noqa: F811
    answer = router.run("ota", "status", "--slots-journal", router.dir / "host-b")
    assert answer.code == "storage_twice" and "[slots] journal" in answer.message
