# SPDX-License-Identifier: Apache-2.0
"""`tandem rcp probe` names the layer that fails, and the wire to look at: one broken thing a row, on a simulated board.

All layers have a row here: port, permission, busy; lines, strap, second strap, ROM at another speed, no SYNC, wrong chip, flash; firmware
that runs, its version, and what it is if it is no co-processor's.
"""

import json
import os
import subprocess
import sys

import pytest

from foreign import Chip, Manners
from simulator import Simulator
from test_boot import Router, old, plant  # noqa: F401  old is a fixture
from test_exclusive import LINES, holder  # noqa: F401  holder is a fixture

NOBODY = 65534

# Broken in the simulator, words of the command, code, a word of the hint. The radio's firmware is whole in each.
BOARDS = [
    ("a sound board", [], ["--reset"], "", ""),
    ("RESET not connected", ["reset"], ["--reset"], "lines_no_effect", "RESET wire"),
    ("BOOT not connected", ["boot"], ["--reset"], "not_in_loader", "GPIO9"),
    ("nothing reaches the radio", ["rx"], [], "no_sync", "this port's TX"),
    ("nothing comes from the radio", ["tx"], [], "no_answer", "power and ground"),
    ("second strap low", ["second-strap"], ["--reset"], "usb_download_only", "GPIO8"),
    ("flash silent", ["flash"], ["--reset"], "flash_not_found", "flash chip"),
    ("another chip than configured", [], ["--reset", "--radio-chip", "esp32c6"], "wrong_chip", "it is an esp32h2"),
    ("a crystal of 26 MHz", ["clock"], ["--reset"], "", ""),
    ("a crystal of 26 MHz, and nothing reaches the radio", ["clock", "rx"], [], "rom_other_speed", "(74880 baud)"),
    ("a crystal of 26 MHz, BOOT not connected", ["clock", "boot"], ["--reset"], "not_in_loader", "GPIO9"),
]


@pytest.mark.parametrize("broken,words,code,hint", [row[1:] for row in BOARDS], ids=[row[0] for row in BOARDS])
def test_each_broken_layer_has_its_name(tmp_path, sim_bin, tandem, build_dir, old, broken, words, code, hint):  # noqa: F811
    plant(tmp_path / "flash.bin", old)
    faults = [word for what in broken for word in ("--broken", what)]
    with Simulator(sim_bin, tmp_path, *faults) as sim:
        sim.booted()
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        before = sim.flash.read_bytes()
        done = router.tandem("--json", "rcp", "probe", *words)
        said = json.loads(done.stdout)
        assert (said.get("error", {}).get("code", ""), said["exit"] == 0) == (code, code == ""), said
        message = said.get("error", {}).get("message", "")
        assert hint in message and "rcp probe" not in message, said
        assert done.returncode == said["exit"] and sim.flash.read_bytes() == before
        if not code:
            assert said["radio"]["version"] == old.version


@pytest.mark.parametrize("broken,words,code,hint", [row[1:] for row in BOARDS[1:3]], ids=[row[0] for row in BOARDS[1:3]])
def test_an_update_names_the_same_layer(tmp_path, sim_bin, tandem, build_dir, samples, old, broken, words, code, hint):  # noqa: F811
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path, "--broken", *broken) as sim:
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        router.tandem("rcp", "adopt", samples.build("esp32h2", "small", 2).dir, ok=True)
        said = router.json("rcp", "update", "--dry-run")
    assert said["error"]["code"] == code and hint in said["error"]["message"] and said["radio"]["answers"], said


# Is something stored, words of the command, code, a word of the hint; whether the radio was asked.
UPDATES = [
    ("nothing stored", False, ["--dry-run"], "no_bundle", "`tandem rcp adopt`", False),
    ("bundle for another chip", True, ["--dry-run", "--radio-chip", "esp32c6"], "wrong_radio", "correct [radio] chip", False),
    ("bundle for another chip, for good", True, ["--radio-chip", "esp32c6"], "wrong_radio", "correct [radio] chip", True),
    ("chip that does not exist", True, ["--radio-chip", "esp33"], "bad_config", "esp32c61, ", False),
    ("half an address", True, ["--radio-port", "rfc2217://host"], "port_bad_address", "rfc2217://HOST:PORT", False),
]


@pytest.mark.parametrize("is_stored,words,code,hint,is_asked", [row[1:] for row in UPDATES], ids=[row[0] for row in UPDATES])
def test_updates_that_cannot_be(router, samples, is_stored, words, code, hint, is_asked):
    if is_stored:
        router.tandem("rcp", "adopt", samples.build("esp32h2", "small", 2).dir, ok=True)
    said = router.json("rcp", "update", *words)
    assert said["error"]["code"] == code and hint in said["error"]["message"], said
    assert said.get("radio", {}).get("answers", False) == is_asked and ("radio" in said) == is_asked


def test_an_update_of_nothing_says_so(router):
    said = router.json("rcp", "update", ok=True)
    assert said["state"] == "unmanaged" and "`tandem rcp adopt`" in said["next_step"]


# What runs on the radio, code, its version as the answer tells it, the hint.
VERSION = "vendor/1.2-3; esp32h2;  2026-07-23 13:06:47 UTC"
FIRMWARES = [
    ("a whole Thread device", Manners(version=VERSION, caps=(5, 32, 129, 4)), "not_an_rcp", VERSION, "`tandem rcp update`"),
    ("another Spinel", Manners(version=VERSION, protocol=(5, 0)), "radio_protocol", None, "Thread stack"),
    ("a command line", Manners(version="none", shell=b"> unknown command\r\n"), "radio_noise", None, "[radio] baud"),
]


@pytest.mark.parametrize("reset", [False, True], ids=["", "--reset"])
@pytest.mark.parametrize("manners,code,version,hint", [row[1:] for row in FIRMWARES], ids=[row[0] for row in FIRMWARES])
def test_firmware_of_another_kind(tmp_path, tandem, manners, code, version, hint, reset):
    """Reset when it gives no answer, or on the operator's word: what answers, however oddly, goes on running."""
    with Chip(tmp_path, manners) as chip:
        done = tandem("--json", "--radio-port", chip.port, "--radio-lines", chip.lines, "rcp", "probe", *["--reset"] * reset)
        said = json.loads(done.stdout)
        heard = list(chip.heard)
    assert (said["error"]["code"], said.get("radio", {}).get("version")) == (code, version), said
    assert hint in said["error"]["message"] and said["error"]["message"].startswith(chip.port), said
    was_reset = reset or code == "radio_noise"
    assert ("sync" in heard) == was_reset == ("chip" in said), (said, heard)
    assert not {"begin", "data"} & set(heard)


def test_firmware_of_another_kind_and_lines_without_effect(tmp_path, tandem):
    with Chip(tmp_path, FIRMWARES[0][1]) as chip:
        done = tandem("--json", "--radio-port", chip.port, "--radio-lines", "command:/bin/true", "rcp", "probe", "--reset")
    said = json.loads(done.stdout)
    assert said["error"]["code"] == "lines_no_effect" and "RESET wire" in said["error"]["message"], said


def test_firmware_at_another_speed(tmp_path, sim_bin, tandem, build_dir, old):  # noqa: F811
    """Its ROM answers, its firmware is noise at best. An update finds the right bytes there, and erases none of them."""
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path, "--app-baud", "115200") as sim:
        sim.booted()
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        before = sim.flash.read_bytes()
        said = router.json("rcp", "probe")
        assert said["error"]["code"] in ("radio_noise", "radio_silent") and said["chip"]["name"] == "esp32h2", said
        assert "check [radio] baud" in said["error"]["message"], said
        router.tandem("rcp", "adopt", old.dir, ok=True)
        said = router.json("rcp", "update")
        assert said["exit"] != 0 and said["error"]["code"] in ("radio_noise", "radio_silent"), said
        assert said.get("flash", {}).get("rewritten", 0) == 0 and sim.flash.read_bytes() == before
        right = router.json("rcp", "probe", "--radio-baud", "115200", ok=True)
    assert right["radio"]["version"] == old.version


@pytest.fixture
def router(tmp_path, tandem, build_dir, sim_bin, old):  # noqa: F811
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path) as sim:
        yield Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)


def test_ports_that_are_none(router, tmp_path):
    missing = router.json("rcp", "probe", "--radio-port", tmp_path / "nothing")
    assert missing["error"]["code"] == "port_not_found" and "correct [radio] port" in missing["error"]["message"]
    plain = router.json("rcp", "probe", "--radio-port", router.sim.flash)
    assert plain["error"]["code"] == "port_not_a_tty" and "correct [radio] port" in plain["error"]["message"]


def test_a_reset_line_that_fails_on_the_way_out(router, tmp_path):
    """The loader answers, and then cannot be left: its layer says so."""
    lines = tmp_path / "lines"
    lines.write_text(LINES.format(python=sys.executable, log=tmp_path / "lines.log", sim=router.sim) +
                     "sys.exit(levels == {'reset': '1', 'boot': '0'})\n")
    lines.chmod(0o755)
    said = router.json("rcp", "probe", "--reset", "--radio-lines", f"command:{lines}")
    assert said["error"]["code"] == "lines_failed", said
    loader = next(row for row in said["layers"] if row["layer"] == "loader")
    assert loader["result"] == "lines_failed" and loader["detail"], said


def test_busy_port(router, holder):  # noqa: F811
    other = holder(router.sim.tty)
    busy = router.json("rcp", "probe")
    assert busy["error"]["code"] == "port_busy" and "[radio] units" in busy["error"]["message"]
    assert f"process {other.pid}" in busy["error"]["message"]


def test_port_of_somebody_else(router, tandem_bin):
    """The program is given as an open file: an unprivileged user need not reach the folders of this checkout."""
    port = router.sim.tty.resolve()
    port.chmod(0o600 if os.geteuid() == 0 else 0)
    program = os.open(tandem_bin, os.O_RDONLY)
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run([f"/proc/self/fd/{program}", "--json", "--radio-port", port, "rcp", "probe"], cwd="/",
                          pass_fds=[program], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **user)
    os.close(program)
    said = json.loads(done.stdout)
    assert (done.returncode, said["error"]["code"]) == (21, "port_no_access"), said
    assert said["error"]["message"].startswith(f"{port}: ") and "dialout" in said["error"]["message"]
