# SPDX-License-Identifier: Apache-2.0
"""A radio without RESET and BOOT lines: Tandem says which buttons to press, and goes on as soon as somebody has."""

import json
import subprocess

import pytest

from test_boot import new, old, pack, router, sim  # noqa: F401  most are fixtures


@pytest.fixture
def by_hand(router):  # noqa: F811
    """Runs a command beside somebody who reads the notes and does what they ask for."""
    def run(*words) -> dict:
        pressed = []
        with subprocess.Popen([str(router.run), "--config", router.home / "tandem.conf", "--json", "--radio-lines", "none", *words],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr:
                note = json.loads(line).get("what", "")
                if "BOOT button" in note:
                    router.sim.reset(boot=True)
                    pressed.append("BOOT and RESET")
                if "reset the radio by hand" in note:
                    router.sim.reset()
                    pressed.append("RESET")
            said = json.loads(process.stdout.read())
        return {**said, "pressed": pressed}
    return run


def test_update(router, by_hand, new):  # noqa: F811
    router.tandem("rcp", "adopt", new.dir, ok=True)
    said = by_hand("rcp", "update")
    assert said["exit"] == 0 and said["done"] == ["radio flashed"] and said["radio"]["version"] == new.version, said
    assert said["pressed"] == ["BOOT and RESET", "RESET"] and router.radio_runs(new)


def test_dry_run(router, by_hand, new):  # noqa: F811
    router.tandem("rcp", "adopt", new.dir, ok=True)
    said = by_hand("rcp", "update", "--dry-run")
    assert said["exit"] == 0 and said["prediction"]["rewritten"] > 0, said
    assert said["pressed"] == ["BOOT and RESET", "RESET"]


def test_dry_run_that_nobody_ends(router, new):  # noqa: F811
    """The prediction is there, and so is a radio that nothing but its button brings back."""
    router.tandem("rcp", "adopt", new.dir, ok=True)
    router.sim.reset(boot=True)
    said = router.json("rcp", "update", "--dry-run", "--radio-lines", "none")
    assert said["exit"] == 0 and said["prediction"]["rewritten"] > 0 and not said["radio"]["answers"], said
    assert "RESET button" in said["next_step"] and router.sim.control("state") == "ok loader"


def test_probe(router, by_hand, old):  # noqa: F811
    answers = by_hand("rcp", "probe")
    assert answers["radio"]["version"] == old.version and answers["pressed"] == []
    asked = by_hand("rcp", "probe", "--reset")
    assert asked["exit"] == 0 and asked["radio"]["version"] == old.version, asked
    assert asked["chip"]["name"] == "esp32h2" and asked["pressed"] == ["BOOT and RESET", "RESET"]


def test_probe_of_a_silent_radio(router, by_hand):  # noqa: F811
    router.sim.reset(boot=True)  # in its loader it is as silent as without firmware
    assert router.sim.booted() == "loader"
    said = by_hand("rcp", "probe")
    assert said["error"]["code"] == "radio_silent" and said["chip"]["name"] == "esp32h2", said
    assert said["pressed"] == ["RESET"] and "RESET" in said["next_step"]


def test_nobody_comes(router, new):  # noqa: F811
    """The radio answers all the while: neither its power nor its TX is to blame."""
    router.tandem("rcp", "adopt", new.dir, ok=True)
    said = router.json("boot", "--radio-lines", "none")
    assert said["radio"]["answers"] and said["error"]["code"] == "no_hand", said
    assert "hold BOOT" in said["error"]["message"] and "[radio] lines" in said["error"]["message"]
