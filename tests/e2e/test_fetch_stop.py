# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM and SIGHUP in whatever a download waits for: it ends, says so, and nothing was changed."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from liar import HANG, head, liar  # noqa: F401
from router import image, router  # noqa: F401
from test_fetch import whole


def begin(router, *words):
    return subprocess.Popen([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download",
                             *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stop(running, number=signal.SIGINT) -> dict:
    running.send_signal(number)
    said, _ = running.communicate()
    assert running.returncode == 42, said
    return json.loads(said)["error"]


def test_ctrl_c_ends_a_wait(router, liar, certificate):
    server = liar([head(0, "503 Busy", "Retry-After: 200")])
    router.adopted().trust(certificate.cert)
    before = router.everything()
    running = begin(router, f"https://localhost:{server.port}/image", "--source-retries=1")
    while "milliseconds to wait" not in running.stderr.readline():
        assert running.poll() is None
    assert stop(running)["code"] == "stopped_by_operator"
    assert router.everything() == before


WAITS = [  # name, steps
    ("an answer", [HANG]),
    ("the rest of a head", [b"HTTP/1.1 200 OK\r\nX-More: 1\r\n", HANG]),
    ("a redirect's page", [head(9, "302 Found", "Location: /there"), HANG]),
]


@pytest.mark.parametrize("steps", [row[1] for row in WAITS], ids=[row[0] for row in WAITS])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_wait_for(router, liar, certificate, steps, number):
    server = liar(steps)
    before = router.adopted().trust(certificate.cert).everything()
    running = begin(router, f"https://localhost:{server.port}/image")
    while not server.requests:
        assert running.poll() is None
    error = stop(running, number)
    assert error["code"] == "stopped_by_operator" and "nothing was changed" in error["message"]
    assert router.everything() == before


def test_ctrl_c_ends_a_handshake(router, certificate):
    before = router.adopted().trust(certificate.cert).everything()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        running = begin(router, f"https://localhost:{mute.getsockname()[1]}/image")
        with mute.accept()[0] as client:
            assert client.recv(1) == b"\x16"
            error = stop(running)
    assert error["code"] == "stopped_by_operator"
    assert router.everything() == before


def test_the_wait_in_a_handshake_counts_to_the_answer(router, certificate):
    """A server of one client at a time lets others wait in it, longer than any connection takes."""
    before = router.adopted().trust(certificate.cert).everything()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        answer = router.run("ota", "download", f"https://localhost:{mute.getsockname()[1]}/image", "--source-retries=0",
                            "--source-connect-timeout=1", "--source-first-byte-timeout=3")
    assert (answer.exit, answer.code) == (31, "first_byte_timeout"), answer
    assert "connected, but no answer in time" in answer.message
    assert router.everything() == before


def test_ctrl_c_while_the_speed_limit_holds_back(router, liar, certificate, image):
    server = liar(whole(image()))
    router.adopted().trust(certificate.cert)
    running = begin(router, f"https://localhost:{server.port}/image", "--source-max-speed=4")
    assert "progress" in running.stderr.readline()  # from here on it waits for minutes
    assert stop(running)["code"] == "stopped_by_operator"


def test_ctrl_c_ends_the_wait_for_a_pipe(router, image):
    router.adopted()
    running = subprocess.Popen([router.program, "--config", router.dir / "tandem.conf", "--json", "ota", "download", "-"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdin.write(image()[:100000])
    running.stdin.flush()
    assert b"progress" in running.stderr.readline()
    running.terminate()
    assert running.wait() == 42
    for pipe in (running.stdin, running.stdout, running.stderr):
        pipe.close()


def catches(pid: int, number: int) -> bool:
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return int(lines["SigCgt"], 16) >> number - 1 & 1 == 1


def test_ctrl_c_ends_the_wait_for_a_writer(router, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = router.adopted().everything()
    running = begin(router, tmp_path / "pipe")
    while not catches(running.pid, signal.SIGINT):
        assert running.poll() is None
    while running.poll() is None:  # the first one may come before the wait
        running.send_signal(signal.SIGINT)
    said, _ = running.communicate()
    assert running.returncode == 42 and "stopped_by_operator" in said
    assert router.everything() == before
