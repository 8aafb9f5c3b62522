# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, a polite kill and a kill in the middle of the work: what was there stays, and the next command goes on."""

import json
import signal
import subprocess

import pytest

from liar import HANG, liar  # noqa: F401  a fixture
from simulator import Simulator
from test_boot import Router, new, old, pack, plant  # noqa: F401  three are fixtures

STOPPED = 42


@pytest.fixture
def sim(sim_bin, tmp_path, old):  # noqa: F811
    """At line speed, so that there is a middle."""
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path, line_speed=True) as running:
        yield running


@pytest.fixture
def router(tmp_path, tandem, build_dir, sim):
    return Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)


def begin(tandem, router, *words):
    return subprocess.Popen([str(tandem), "--config", router.home / "tandem.conf", "--json", *words],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(process, phase, what):
    for line in process.stderr:
        event = json.loads(line)
        if (event.get("phase"), event.get("what")) == (phase, what):
            return
    pytest.fail(f"{what} was never told")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopped_while_flashing(tandem, router, samples, pack, old, number):  # noqa: F811
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    large = samples.build("esp32h2", "large", 2)
    router.tandem("ota", "download", "--no-reboot", pack(large), ok=True)
    assert router.states()["r0"] == "trial"

    process = begin(tandem, router, "boot")
    until(process, "flash", "write")
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    if number != signal.SIGKILL:
        answer = json.loads(out)
        assert (process.returncode, answer["exit"]) == (STOPPED, STOPPED)
        assert answer["error"]["code"] == "stopped_by_operator" and "`tandem boot`" in answer["error"]["message"]
        assert router.sim.control("state") not in ("ok loader", "ok reset")

    assert router.json("boot", ok=True)["state"] == "ok"
    assert router.radio_runs(large)
    assert router.states()["r0"] == "good"


def test_stopped_while_downloading(tandem, router, old, liar, certificate):  # noqa: F811
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    router.tandem("trust", "add", certificate.cert, ok=True)
    before = router.states()
    server = liar([b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"\xff\0\0\0", HANG])

    process = begin(tandem, router, "ota", "download", f"https://localhost:{server.port}/image")
    until(process, "fetch", "image")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    answer = json.loads(out)
    assert (process.returncode, answer["error"]["code"]) == (STOPPED, "stopped_by_operator")
    assert router.states() == before
    assert router.json("boot", ok=True)["state"] == "ok"


def test_nobody_reads_the_progress(tandem, router, samples, pack, old):  # noqa: F811
    """As in `tandem boot 2>&1 | head -1`: no reason to leave a radio half done."""
    large = samples.build("esp32h2", "large", 2)
    router.tandem("rcp", "adopt", large.dir, ok=True)
    process = begin(tandem, router, "boot")
    until(process, "flash", "write")
    process.stderr.close()
    assert json.loads(process.stdout.read())["state"] == "ok"
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    assert router.radio_runs(large)
