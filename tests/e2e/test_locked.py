# SPDX-License-Identifier: Apache-2.0
"""Locked radios, as their users meet them: what cannot be written, or cannot be proven, is refused and left running."""

import pytest

from simulator import Simulator
from test_boot import Router, new, old, plant  # noqa: F401  two are fixtures

LOCKS = [
    ("secure download mode", ["secure-download"], "secure_download"),
    ("secure download mode and secure boot", ["secure-download", "secure-boot"], "secure_download"),
    ("encrypted", ["encrypted"], "flash_encrypted"),
    ("encrypted and secure boot", ["encrypted", "secure-boot"], "flash_encrypted"),
]


@pytest.fixture
def locks(request):
    return request.param


@pytest.fixture
def router(locks, tmp_path, sim_bin, tandem, build_dir, old, new):  # noqa: F811
    """Its radio is locked like that and runs the old firmware; it should run the new one."""
    plant(tmp_path / "flash.bin", old)
    with Simulator(sim_bin, tmp_path, *(word for what in locks for word in ("--locked", what))) as sim:
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        router.tandem("rcp", "adopt", new.dir, ok=True)
        yield router


@pytest.mark.parametrize("locks,code", [row[1:] for row in LOCKS], ids=[row[0] for row in LOCKS], indirect=["locks"])
def test_a_locked_radio_is_left_as_it_is(router, old, code):  # noqa: F811
    flash = router.sim.flash.read_bytes()
    for words in (("rcp", "probe", "--reset"), ("rcp", "update", "--dry-run"), ("rcp", "update"), ("boot",)):
        said = router.json(*words)
        assert (said["error"]["code"], said["exit"] != 0) == (code, True), (words, said)
        assert "only its own firmware can update it" in said["error"]["message"], (words, said)
        assert router.sim.flash.read_bytes() == flash, words
        assert router.radio_runs(old), words


@pytest.mark.parametrize("locks", [["secure-boot"]], indirect=True)
def test_secure_boot_is_warned_of(router, new):  # noqa: F811
    done = router.tandem("rcp", "update", ok=True)
    assert "secure boot is on" in done.stderr
    assert router.radio_runs(new)  # byte for byte: nothing in a signed image's header is changed on the way
