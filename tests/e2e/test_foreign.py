# SPDX-License-Identifier: Apache-2.0
"""Tandem at radios that are not tandem-sim: loaders and co-processors with other manners (foreign.py)."""

import json
import subprocess

import pytest

from foreign import EUI64, ODD_PIECES, Chip, Manners
from router import router  # noqa: F401

OLD, NEW = "openthread-esp32/old; esp32h2; 2025", "vendor/1.2-3; esp32h2;  2026-07-23 13:06:47 UTC"


@pytest.fixture
def at(tandem_bin, tmp_path):
    def run(chip: Chip, *words, lines=None, timeout=30) -> tuple[int, dict]:
        done = subprocess.run([tandem_bin, "--json", "--radio-port", chip.port, "--radio-lines", lines or chip.lines,
                               *words], capture_output=True, text=True, timeout=timeout, cwd=tmp_path)
        return done.returncode, json.loads(done.stdout)
    return run


RADIOS = {
    "polite": Manners(version=NEW),
    "text of 99": Manners(version="v/1; esp32h2; " + "x" * 85),
    "text of 127": Manners(version="v/1; esp32h2; " + "x" * 113),
    "other order and unknown capabilities": Manners(version=NEW, caps=(16383, 518, 513, 65, 64, 34, 24, 12, 5, 66, 67)),
    "unknown properties refused": Manners(version=NEW, refuses=(4619,)),
    "no API versions": Manners(version=NEW, caps=(34, 513), refuses=(176, 177)),
    "chatter": Manners(version=NEW, chatter=True),
    "chatter in odd pieces": Manners(version=NEW, chatter=True, pieces=ODD_PIECES),
    "on a pty": Manners(version=NEW, chatter=True, pty=True),
}


@pytest.mark.parametrize("name", RADIOS)
def test_radio(at, tmp_path, name):
    with Chip(tmp_path, RADIOS[name]) as chip:
        code, said = at(chip, "rcp", "probe", "--reset")
    assert code == 0, said
    assert said["radio"]["version"] == RADIOS[name].version
    assert said["radio"]["eui64"] == EUI64.hex()
    assert said["chip"] == {"name": "esp32h2", "flash_size": 4 << 20, "mac": EUI64.hex()}
    assert said["radio"]["api"] == (1 if 176 in RADIOS[name].refuses else 11)
    assert not {"begin", "data"} & set(chip.heard)


@pytest.mark.parametrize("name,manners,code", [
    ("text of 128", Manners(version="v/1; esp32h2; " + "x" * 114), "bad_reply"),
    ("no MAC_RAW", Manners(version=NEW, caps=(5, 34, 64)), "not_an_rcp"),
    ("no address", Manners(version=NEW, refuses=(8,)), "radio_refused"),
], ids=lambda value: value if isinstance(value, str) and " " in value else "")
def test_radio_that_will_not_do(at, tmp_path, name, manners, code):
    with Chip(tmp_path, manners) as chip:
        exit_number, said = at(chip, "rcp", "probe", lines="none")
    assert (said["error"]["code"], exit_number != 0) == (code, True), said


def test_boot_strap_without_a_wire(at, tmp_path):
    with Chip(tmp_path, Manners(version=NEW, boot_is_wired=False)) as chip:
        exit_number, said = at(chip, "rcp", "probe", "--reset")
    assert (exit_number, said["error"]["code"]) == (40, "not_in_loader"), said
    assert "BOOT" in said["error"]["message"]
    assert "SPI_FAST_FLASH_BOOT" in said["boot_text"]


LOADERS = {
    "polite": Manners(),
    "stale words": Manners(stale=True),
    "doubled marks": Manners(marks=2, stale=True),
    "odd pieces": Manners(pieces=ODD_PIECES, stale=True, marks=3),
    "text between replies": Manners(text_between=b"ESP-ROM:other\r\nwaiting for download\r\n"),
    "no security command": Manners(knows_security=False, stale=True),
    "without a notice": Manners(notice=False),
    "late": Manners(latency=0.05, stale=True),
    "C6": Manners(chip="esp32c6", stale=True),
    "chatter": Manners(chatter=True, pieces=(7,), marks=2, stale=True),
}


def merged(build) -> bytes:
    flash = bytearray()
    for offset, path in ((0, build.bootloader), (0x8000, build.table), (0x10000, build.app)):
        flash += b"\xff" * (offset - len(flash)) + path.read_bytes()
    return bytes(flash)


@pytest.mark.parametrize("name", LOADERS)
def test_flash(router, samples, tmp_path, name):
    manners = LOADERS[name]
    build = samples.build(manners.chip, "small", 2)
    assert router.run("rcp", "adopt", build.dir).exit == 0
    with Chip(tmp_path, manners, merged(samples.build(manners.chip, "large", 1))) as chip:
        answer = router.run("--radio-port", chip.port, "--radio-lines", chip.lines, "rcp", "update")
        assert answer.exit == 0, (answer, chip.heard[-20:])
        info = router.run("--radio-port", chip.port, "--radio-lines", chip.lines, "rcp", "info")
    content = merged(build)
    assert chip.flash[:len(content)] == content
    assert info.data["radio"]["version"] == build.version and info.data["wanted"]["version_fits"] is True


@pytest.mark.parametrize("flash,app", [(115200, 115200), (921600, 460800), (460800, 1000000)])
def test_rates(router, samples, tmp_path, flash, app):
    build = samples.build("esp32h2", "small", 2)
    assert router.run("rcp", "adopt", build.dir).exit == 0
    with Chip(tmp_path, Manners(pty=True, stale=True), merged(samples.build("esp32h2", "small", 1))) as chip:
        answer = router.run("--radio-port", chip.port, "--radio-lines", chip.lines, "--radio-flash-baud", flash,
                            "--radio-baud", app, "rcp", "update")
    assert answer.exit == 0, answer
    assert chip.rates == {"loader": {flash}, "radio": {app}}
    assert ("change_baudrate" in chip.heard) == (flash != 115200)


def test_a_hand_instead_of_lines(router, samples, tmp_path):
    """The button was held when power came; when Tandem asks for it, somebody resets the radio."""
    build = samples.build("esp32h2", "small", 2)
    assert router.run("rcp", "adopt", build.dir).exit == 0
    with Chip(tmp_path, Manners(starts_in_loader=True)) as chip:
        command = [router.program, "--config", router.dir / "tandem.conf", "--json", "--radio-port", chip.port, "rcp",
                   "update"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tandem:
            for line in tandem.stderr:
                if "by hand" in line:
                    chip.press("boot 0", "reset 1", "reset 0")
            answer = json.loads(tandem.stdout.read())
    assert (answer["exit"], answer["radio"]["version"]) == (0, build.version), answer
    content = merged(build)
    assert chip.flash[:len(content)] == content
