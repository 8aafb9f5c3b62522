# SPDX-License-Identifier: Apache-2.0
"""What could lose an update, or a router, is refused by name before anything is opened for writing; and a router without
host slots works end to end."""

import os
import shutil
import stat
import subprocess

import pytest

from router import image, router  # noqa: F401  (fixtures)
import test_boot
from test_boot import new, old, pack, sim  # noqa: F401  (fixtures)

PLACES = {"[slots] record": "record", "[slots] rcp-0": "rcp-0", "[slots] rcp-1": "rcp-1",
          "[host] boot-record": "boot", "[host] slot-a": "host-a", "[host] slot-b": "host-b"}
PAIRS = [(one, other) for one in PLACES for other in PLACES if one < other]


def option(key):
    section, name = key.strip("[]").split("] ")
    return f"--{section}-{name}"


@pytest.mark.parametrize("one, other", PAIRS, ids=lambda key: key.split()[1])
def test_no_two_places_are_one(router, one, other):  # noqa: F811
    before = sorted(path.name for path in router.dir.iterdir())
    answer = router.run("ota", "status", option(one), router.dir / PLACES[other])
    assert (answer.exit, answer.code) == (15, "storage_twice")
    assert one in answer.message and other in answer.message
    assert sorted(path.name for path in router.dir.iterdir()) == before     # nothing was made


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_nor_under_another_name(router, link):  # noqa: F811
    link(router.dir / "host-a", router.dir / "alias")
    answer = router.run("ota", "status", "--slots-rcp-1", router.dir / "alias")
    assert (answer.exit, answer.code) == (15, "storage_twice")


def test_a_history_of_its_own_place_counts_too(router):  # noqa: F811
    answer = router.run("ota", "status", "--slots-history", router.dir / "host-b")
    assert answer.code == "storage_twice" and "[slots] history" in answer.message


def test_a_host_image_that_is_too_big(router, image, tmp_path):  # noqa: F811
    router.adopted()
    (tmp_path / "image").write_bytes(image())
    before = router.everything()
    answer = router.run("ota", "download", tmp_path / "image", "--host-slot-size", "1M")
    assert (answer.exit, answer.code) == (14, "no_room")
    assert "nothing was changed" in answer.message
    assert router.everything() == before


def test_a_device_that_vanished_is_not_made_as_a_file(router):  # noqa: F811
    for key in ("--host-slot-b", "--slots-rcp-0", "--slots-record"):
        answer = router.run("ota", "status", key, "/dev/tandem-no-such-device")
        assert (answer.exit, answer.code) == (20, "storage_not_found")
        assert "/dev/tandem-no-such-device" in answer.message
        assert not os.path.exists("/dev/tandem-no-such-device")


@pytest.mark.skipif(os.geteuid() != 0, reason="making a device node takes root")
def test_a_name_with_no_device_behind_it(router, tmp_path):  # noqa: F811
    node = tmp_path / "gone"
    try:
        os.mknod(node, 0o600 | stat.S_IFBLK, os.makedev(259, 1048575))
    except PermissionError:
        pytest.skip("this machine lets nobody make device nodes")
    answer = router.run("ota", "status", "--host-slot-b", node)
    assert (answer.exit, answer.code) == (20, "storage_not_found")


@pytest.fixture
def loop(tmp_path):
    """loop(file) makes a loop device of it; loop.mount(device, folder) mounts it. Undone at the end."""
    undo = []

    def run(*words):
        return subprocess.run([str(word) for word in words], capture_output=True, text=True)

    def make(file):
        if not all(shutil.which(tool) for tool in ("losetup", "mkfs.ext4")):
            pytest.skip("no losetup or mkfs.ext4 here")
        done = run("losetup", "--find", "--show", file)
        if done.returncode != 0:
            pytest.skip(f"no loop devices here: {done.stderr.strip()}")
        device = done.stdout.strip()
        undo.append(("losetup", "--detach", device))
        return device

    def mount(device, folder):
        folder.mkdir()
        assert run("mkfs.ext4", "-q", device).returncode == 0
        assert run("mount", device, folder).returncode == 0
        undo.append(("umount", folder))
    make.mount = mount
    yield make
    for words in reversed(undo):
        assert run(*words).returncode == 0


def test_a_slot_that_is_mounted(router, image, loop, tmp_path):  # noqa: F811
    router.adopted()
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(8 << 20))
    device = loop(disk)
    (tmp_path / "image").write_bytes(image())
    # The file that the device was made of, before it is even mounted, and the device while it is.
    answer = router.run("ota", "download", tmp_path / "image", "--host-slot-b", disk)
    assert (answer.exit, answer.code) == (22, "storage_in_use")
    loop.mount(device, tmp_path / "mounted")
    before = disk.read_bytes()
    answer = router.run("ota", "download", tmp_path / "image", "--host-slot-b", device)
    assert (answer.exit, answer.code) == (22, "storage_in_use") and device in answer.message
    assert disk.read_bytes() == before


def test_a_record_inside_a_slot(router, loop, tmp_path):  # noqa: F811
    """As on a router whose running system keeps its record on its own root file system."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(8 << 20))
    device = loop(disk)
    loop.mount(device, tmp_path / "mounted")
    for slot in (device, disk):
        answer = router.run("ota", "status", "--host-slot-a", slot, "--slots-record", tmp_path / "mounted/record")
        assert (answer.exit, answer.code) == (15, "storage_twice")
        assert "[slots] record" in answer.message and "[host] slot-a" in answer.message
    assert not (tmp_path / "mounted/record").exists()
    assert router.run("ota", "status", "--slots-record", tmp_path / "mounted/record").exit == 0


# ---- a router whose system is updated by other means ----------------------------------------------------------------


class SlotlessRouter(test_boot.Router):
    def configure(self, reboot):
        super().configure(reboot)
        config = self.home / "tandem.conf"
        lines = [line for line in config.read_text().splitlines()
                 if line.split(" ")[0] not in ("slot-a", "slot-b", "slot-size", "boot-record", "running")]
        config.write_text("\n".join(lines).replace("[host]", "[host]\nslots = no") + "\n")

    def start(self):
        return "A"


@pytest.fixture
def slotless(tmp_path, tandem, build_dir, sim):  # noqa: F811
    router = SlotlessRouter(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)  # noqa: F811
    for name in ("host-a", "host-b", "boot"):
        (router.home / name).unlink(missing_ok=True)
    return router


def test_a_router_without_slots(slotless, pack, samples, old, new):  # noqa: F811
    """The record's commit is the switch: armed here, flashed and proven by the next start, and no host slot is made."""
    slotless.tandem("rcp", "adopt", old.dir, ok=True)
    assert slotless.json("boot", ok=True)["state"] == "ok"
    slotless.tandem("ota", "download", pack(new), "--no-reboot", ok=True)
    assert slotless.json("ota", "status", ok=True)["state"] == "trial"
    report = slotless.json("boot", ok=True)
    assert (report["state"], report["host"]["running"]) == ("ok", "A")
    assert slotless.radio_runs(new)
    assert sorted(slotless.states()) == ["host A", "r0", "r1"]
    assert not (slotless.home / "host-b").exists() and not (slotless.home / "boot").exists()

    pair = pack(new, "--br-firmware", samples.host("linux", 2), name="pair")
    assert slotless.json("ota", "download", pair)["error"]["code"] == "host_has_no_slots"


def test_a_router_without_slots_goes_back_by_its_record(slotless, pack, old, new):  # noqa: F811
    slotless.tandem("rcp", "adopt", old.dir, ok=True)
    assert slotless.json("boot", ok=True)["state"] == "ok"
    slotless.tandem("ota", "download", pack(new), "--no-reboot", ok=True)
    assert slotless.tandem("boot", "--radio-lines", "none").returncode != 0
    assert slotless.json("boot", ok=True)["state"] == "ok"
    assert slotless.radio_runs(old)
    assert len(slotless.json("ota", "status", ok=True)["refused"]) == 1
