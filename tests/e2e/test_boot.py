# SPDX-License-Identifier: Apache-2.0
"""A start of the router, from the boot loader to a proven pair: real processes, the simulated radio on a pty.

The router is a folder; tandem-sim-loader is its boot loader, `tandem boot` what its init system runs. What the radio
runs is asked of the simulator's flash and of the radio itself, never only of Tandem's own report.
"""

import fcntl
import json
import re
import subprocess

import pytest

from router_config import router_config
from simulator import Simulator


def regions(build):
    """What lies where in a radio that runs this build, read from flash_args."""
    for line in build.flash_args.read_text().splitlines()[1:]:
        offset, name = line.split()
        yield int(offset, 16), (build.dir / name).read_bytes()


class Router:
    def __init__(self, home, tandem, loader, sim):
        self.home, self.run, self.loader, self.sim = home, tandem, loader, sim
        home.mkdir()
        (home / "host-a").write_bytes(b"\xff" * 4 * 1024 * 1024)  # the running system's slot is there, whatever it holds
        self.configure("true")
        self.start()

    def configure(self, reboot):
        """reboot: the reboot command; "true" leaves the restart to the test."""
        (self.home / "tandem.conf").write_text(router_config(self.home, reboot, slot_size="4M", sim=self.sim))

    def start(self):
        """The machine starts: the boot loader chooses the slot."""
        subprocess.run([self.loader, "--boot-record", self.home / "boot", "--running", self.home / "running"],
                       check=True, capture_output=True, timeout=20)
        return (self.home / "running").read_text().strip()

    def tandem(self, *words, **options):
        return self.run("--config", self.home / "tandem.conf", *words, **options)

    def json(self, *words, **options):
        return json.loads(self.tandem("--json", *words, **options).stdout)

    def configure_script(self, command):
        """A command that is too long for a line of the configuration."""
        script = self.home / "restart"
        script.write_text(f"#!/bin/sh\n{command}\n")
        script.chmod(0o755)
        self.configure(script)

    def states(self):
        return {row["slot"]: row["state"] for row in self.json("ota", "status", ok=True)["slots"]}

    def radio_runs(self, build):
        """By its own word, and byte for byte in its flash."""
        says = self.json("rcp", "probe", ok=True)["radio"]["version"]
        flash = self.sim.flash.read_bytes()
        return says == build.version and all(flash[at:at + len(data)] == data for at, data in regions(build))


def plant(sim_flash, build, size=4 * 1024 * 1024):
    """For a simulator that does not run yet; one that does is told by overwrite()."""
    flash = bytearray(b"\xff" * size)
    for at, data in regions(build):
        flash[at:at + len(data)] = data
    sim_flash.write_bytes(flash)


@pytest.fixture
def old(samples):
    return samples.build("esp32h2", "small", 1)


@pytest.fixture
def new(samples):
    return samples.build("esp32h2", "small", 2)


@pytest.fixture
def pack(tandem, tmp_path):
    def image(build, *words, name="image"):
        tandem("image", "create", "--rcp-build-dir", build.dir, "--target-file", tmp_path / name, *words, ok=True)
        return tmp_path / name
    return image


@pytest.fixture
def sim(sim_bin, tmp_path, old):
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path) as running:
        yield running


@pytest.fixture
def router(tmp_path, tandem, build_dir, sim):
    return Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)


def test_a_router_never_updated_is_unmanaged(router, old):
    report = router.json("boot", ok=True)
    assert report["state"] == "unmanaged"
    assert report["radio"]["version"] == old.version
    assert report["done"] == []
    assert router.json("ota", "status", ok=True)["state"] == "unmanaged"


def test_a_pair_is_installed_booted_and_proven(router, pack, samples, new):
    image = pack(new, "--br-firmware", samples.host("linux", 2))
    router.tandem("ota", "download", image, ok=True)
    assert router.json("ota", "status", ok=True)["state"] == "pending restart"
    assert router.start() == "B"
    assert router.json("ota", "status", ok=True)["state"] == "trial"

    report = router.json("boot", ok=True)
    assert (report["state"], report["host"]["running"], report["radio"]["version"]) == ("ok", "B", new.version)
    assert report["done"] == ["radio flashed", "new pair proven and kept"]
    assert router.radio_runs(new)
    status = router.json("ota", "status", ok=True)
    assert (status["state"], status["last_result"]["result"]) == ("ok", "ok")
    assert (status["host"]["running"], status["host"]["next"], status["host"]["next_is_final"]) == ("B", "B", True)
    assert router.states()["host B"] == router.states()[status["radio"]["bundle"]] == "good"

    record, radio = (router.home / "record").read_bytes(), router.sim.flash.read_bytes()
    assert router.start() == "B"
    again = router.json("boot", ok=True)
    assert (again["state"], again["done"]) == ("ok", [])
    assert (router.home / "record").read_bytes() == record
    assert router.sim.flash.read_bytes() == radio


def test_an_image_without_host_firmware_is_proven_without_a_restart(router, pack, new):
    router.tandem("ota", "download", pack(new), ok=True)
    report = router.json("boot", ok=True)
    assert (report["state"], report["host"]["running"]) == ("ok", "A")
    assert router.radio_runs(new)


def test_an_empty_radio_gets_the_adopted_bundle(router, old):
    router.tandem("rcp", "adopt", old.dir, ok=True)
    assert router.json("boot", ok=True)["done"] == []  # it holds it already, as its digests say
    router.sim.erase()
    router.sim.reset()
    report = router.json("boot", ok=True)
    assert (report["state"], report["done"]) == ("ok", ["radio flashed"])
    assert router.radio_runs(old)


def test_a_radio_that_never_takes_the_flash(router, pack, samples, old, new):
    """Every attempt fails; the pair is refused in bounded time and the router goes back to what it was."""
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    image = pack(new, "--br-firmware", samples.host("linux", 2))
    router.tandem("ota", "download", image, ok=True)
    assert router.start() == "B"

    refused = router.tandem("boot", "--radio-lines", "none")
    assert refused.returncode not in (0, 1)
    assert re.search(r"^tandem: the update was refused: .+; .*`tandem", refused.stderr, re.M), refused.stderr
    assert router.start() == "A"
    assert router.json("boot", ok=True)["state"] == "ok"
    assert router.radio_runs(old)
    status = router.json("ota", "status", ok=True)
    assert (status["state"], status["last_result"]["result"]) == ("ok", "failed")
    assert status["last_result"]["reason"] and len(status["refused"]) == 1
    assert router.states()["host B"] == "bad"

    again = router.tandem("ota", "download", image)
    assert again.returncode == 15 and router.start() == "A"


def test_a_lost_radio_port_condemns_the_new_pair_alone(router, pack, samples, old, new):
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    nowhere = ["--radio-port", "/nonexistent/tty", "--radio-port-wait", "0"]
    starts, state = [], ""
    while state != "ok" and len(starts) < 12:  # when the boot loader goes back, the old host selects it again
        starts.append(router.start())
        if starts[-1] == "A":
            state = router.json("boot", ok=True)["state"]
            continue
        lost = router.tandem("boot", *nowhere)
        assert lost.returncode != 0 and "/nonexistent/tty" in lost.stderr
    assert starts.count("B") == 3 and starts[-1] == "A"  # all the starts that it is granted
    assert router.radio_runs(old)


def test_a_port_that_appears_late_is_waited_for(router, old):
    router.tandem("rcp", "adopt", old.dir, ok=True)
    late = router.home / "ttyLate"
    plug = router.home / "plug"
    plug.write_text(f"#!/bin/sh\nln -s {router.sim.tty} {late} &\n")
    plug.chmod(0o755)
    router.tandem("boot", "--radio-port", late, "--radio-stop-command", plug, ok=True)
    assert late.is_symlink()
    assert router.json("ota", "status", ok=True)["state"] == "ok"


def test_degraded_is_bounded_and_the_operator_repairs_it(router, old):
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    router.sim.erase()
    router.sim.reset()
    report = router.tandem("boot", "--radio-lines", "none")
    assert report.returncode != 0 and re.search(r"^tandem: the router is degraded: .+; .*`tandem", report.stderr, re.M)
    status = router.json("ota", "status", ok=True)
    assert status["state"] == "degraded" and status["reason"]
    assert status["radio"]["flashes_failed"] == 3
    report = router.json("rcp", "update", ok=True)
    assert (report["state"], report["done"]) == ("ok", ["radio flashed"])
    assert router.radio_runs(old)
    assert router.json("ota", "status", ok=True)["state"] == "ok"


def test_restart_by_the_configured_command(router, pack, samples, new):
    router.configure_script(f"exec {router.loader} --boot-record {router.home}/boot --running {router.home}/running")
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    assert (router.home / "running").read_text().strip() == "B"


def test_the_restart_command_finds_the_storage_free(router, pack, samples, old, new):
    """Also when it is `tandem boot` that restarts, after a refusal: the command may be anything, Tandem included."""
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    assert router.start() == "B"
    router.configure_script(f"exec flock --nonblock {router.home}/record touch {router.home}/restarted")
    refused = router.json("boot", "--radio-lines", "none")
    assert (router.home / "restarted").exists(), refused


def test_a_host_slot_that_somebody_looks_at_does_not_hold_up_a_start(router, pack, samples, new):
    router.tandem("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)), ok=True)
    assert router.start() == "B"
    with (router.home / "host-a").open("rb") as slot:
        fcntl.flock(slot, fcntl.LOCK_EX)
        assert router.json("boot", ok=True)["state"] == "ok"
    with (router.home / "record").open("rb") as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        assert router.json("boot")["error"]["code"] == "storage_in_use"


@pytest.mark.parametrize("name", ["host-b", "rcp-1", "record"])
def test_the_running_slot_under_another_name_is_never_written(router, pack, samples, new, name):
    before = (router.home / "host-a").read_bytes()
    (router.home / name).unlink(missing_ok=True)
    (router.home / name).symlink_to(router.home / "host-a")
    refused = router.json("ota", "download", pack(new, "--br-firmware", samples.host("linux", 2)))
    assert refused["error"]["code"] == "storage_twice", refused
    assert (router.home / "host-a").read_bytes() == before


def test_probe_changes_nothing(router, old):
    before = router.sim.flash.read_bytes()
    quiet = router.json("rcp", "probe", ok=True)
    assert [row["layer"] for row in quiet["layers"]] == ["port", "firmware"]
    assert quiet["radio"]["version"] == old.version
    deep = router.json("rcp", "probe", "--reset", ok=True)
    assert [row["layer"] for row in deep["layers"]] == ["port", "firmware", "loader", "firmware after reset"]
    assert deep["chip"]["name"] == "esp32h2"
    assert router.json("rcp", "reset", ok=True)["radio"]["version"] == old.version
    assert router.sim.flash.read_bytes() == before
    assert router.sim.booted() == "radio"
    assert not (router.home / "record").exists()


def test_probe_names_the_layer_that_fails(router):
    router.sim.erase()
    router.sim.reset()
    failed = router.tandem("rcp", "probe")
    assert failed.returncode not in (0, 1)
    assert "the chip is there, its firmware is not" in failed.stderr
    held = router.tandem("rcp", "probe", "--radio-lines", "command:/bin/true")
    assert held.returncode not in (0, 1) and "its firmware is not" not in held.stderr
