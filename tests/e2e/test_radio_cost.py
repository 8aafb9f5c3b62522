# SPDX-License-Identifier: Apache-2.0
"""What flashing costs: predicted without writing, told afterwards, and nothing at all for a radio that is right already."""

import json
import struct
import zlib

from simulator import Simulator
from test_boot import Router, new, old, pack, regions, router, sim  # noqa: F401  most are fixtures

SECTOR = 4096
BEGINS = (b"\x00\x02", b"\x00\x10")   # plain, compressed


def resets(router) -> int:
    """How often RESET was pulled, by the simulator's own log."""
    return (router.sim.flash.parent / "sim.log").read_text().count("# reset 1\n")


def differing(flash: bytes, build) -> list[bytes]:
    """The sectors of a build that the flash does not hold."""
    parts = [(at + i, data[i:i + SECTOR]) for at, data in regions(build) for i in range(0, len(data), SECTOR)]
    return [part for at, part in parts if flash[at:at + len(part)] != part]


def limit(cost: dict) -> float:
    """Seconds on the line, and to erase and program what was found to differ (docs/TESTING.md, section 12)."""
    return cost["bytes_sent"] * 10 / cost["baud"] + cost["rewritten"] * (0.030 + SECTOR / 256 * 0.0007)


def begun(router) -> list[int]:
    """Where the ROM was told to erase and write, in this order."""
    lines = [line.split() for line in (router.sim.flash.parent / "sim.log").read_text().splitlines()]
    frames = b"".join(bytes.fromhex("".join(line[2:])) for line in lines if line[1] == ">").split(b"\xc0")
    plain = [frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") for frame in frames]
    return [struct.unpack_from("<I", frame, 20)[0] for frame in plain if len(frame) == 28 and frame[:2] in BEGINS]


def test_a_dry_run_says_what_the_flash_then_costs(router, old, new):
    flash = router.sim.flash.read_bytes()
    missing = differing(flash, new)
    router.tandem("rcp", "adopt", new.dir, ok=True)
    record, before = (router.home / "record").read_bytes(), resets(router)

    dry = router.json("rcp", "update", "--dry-run", ok=True)
    assert router.sim.flash.read_bytes() == flash and (router.home / "record").read_bytes() == record
    assert resets(router) - before == 2  # into the loader and out
    assert dry["radio"]["version"] == old.version and dry["radio"]["wanted"] == new.version
    assert dry["prediction"]["rewritten"] == len(missing) < dry["prediction"]["sectors"]
    # Runs of sectors are compressed together: not worse than one by one, and not below what all at once would give.
    assert len(zlib.compress(b"".join(missing), 9)) * 0.9 < dry["prediction"]["bytes_sent"]
    assert dry["prediction"]["bytes_sent"] <= sum(len(zlib.compress(part, 9)) for part in missing)
    least = limit(dry["prediction"])
    assert least * 0.98 < dry["prediction"]["seconds"] < least * 1.05

    done = router.json("rcp", "update", ok=True)
    assert done["done"] == ["radio flashed"] and router.radio_runs(new)
    for field in ("sectors", "rewritten", "bytes_sent", "baud"):
        assert done["flash"][field] == dry["prediction"][field], field
    assert done["flash"]["recoveries"] == 0
    assert 0 < done["flash"]["seconds"] <= done["flash"]["off_air_seconds"]


def test_the_firmware_comes_first_and_what_is_right_is_left_alone(router, new):
    """The bootloader last: until then the old one stands. When the firmware alone differs, nothing else is begun."""
    router.tandem("rcp", "adopt", new.dir, ok=True)
    router.sim.erase()
    router.sim.reset()
    router.json("rcp", "update", ok=True)
    app = range(0x10000, 0x10000 + new.app.stat().st_size)
    order = [at if at not in app else app.start for at in begun(router)]
    assert [at for i, at in enumerate(order) if order[i - 1:i] != [at]] == [0x10000, 0x8000, 0]

    before = len(begun(router))
    router.sim.overwrite(bytes(16), app.start + SECTOR)
    router.sim.reset()
    router.json("rcp", "update", ok=True)
    assert begun(router)[before:] == [app.start + SECTOR] and router.radio_runs(new)


def test_a_radio_that_is_right_is_not_reset(router, old):
    router.tandem("rcp", "adopt", old.dir, ok=True)
    router.tandem("boot", ok=True)  # proven once, by its digests
    before = resets(router)
    for words in (("boot",), ("rcp", "update"), ("rcp", "update", "--dry-run"), ("rcp", "probe")):
        report = router.json(*words, ok=True)
        assert report.get("done", []) == [] and "flash" not in report, words
        assert report["radio"]["version"] == old.version
    assert report.get("prediction", {}).get("rewritten", 0) == 0
    assert resets(router) == before


def test_a_dry_run_without_a_bundle_says_so(router):
    before = resets(router)
    refused = router.tandem("rcp", "update", "--dry-run")
    assert "no bundle belongs to the running host" in refused.stderr and refused.returncode not in (0, 1)
    assert resets(router) == before


def test_a_radio_with_too_little_flash_is_not_erased(sim_bin, tandem, build_dir, tmp_path, old):
    """Its size is first known when its ROM says it. The partitions end at 0x110000, the three files below 1 MiB."""
    with Simulator(sim_bin, tmp_path, "--flash-size", "1MB") as sim:
        router = Router(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)
        router.tandem("rcp", "adopt", old.dir, ok=True)
        for words in (("rcp", "update", "--dry-run"), ("rcp", "update")):
            said = router.tandem("--json", *words)
            error = json.loads(said.stdout)["error"]
            assert said.returncode != 0 and error["code"] == "bundle_misfit", words
            assert "partitions reach beyond the radio's flash" in error["message"], words
            assert "install one for the chip that answers" in error["message"], words
            assert sim.flash.read_bytes() == b"\xff" * (1 << 20), words
