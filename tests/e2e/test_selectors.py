# SPDX-License-Identifier: Apache-2.0
"""The host's boot selectors in real processes: the U-Boot environment in a file, and a user's program.

The bootloader is played here: `UBoot` acts on the environment as U-Boot's boot counter does, through fw_printenv and fw_setenv,
and what Tandem has written is read a second time by a parser of this file.
"""

import json
import subprocess
import zlib

import pytest

from test_boot import Router, new, old, pack, sim  # noqa: F401  (fixtures)

COPY = 0x2000


def environment(path) -> dict[str, str]:
    """The newer valid copy: CRC-32 (LE) of the data, a counter, then NAME=VALUE with a NUL each."""
    found = []
    data = path.read_bytes()
    for at in (0, COPY):
        copy = data[at:at + COPY]
        if zlib.crc32(copy[5:]) == int.from_bytes(copy[:4], "little"):
            texts = copy[5:].split(b"\0\0")[0].split(b"\0")
            found.append((copy[4], dict(text.decode().split("=", 1) for text in texts)))
    return max(found, key=lambda copy: copy[0])[1]


class UBoot:
    """The environment, and what U-Boot does with it at a start."""

    def __init__(self, home, limit):
        self.env, self.config, self.running = home / "env", home / "fw_env.config", home / "running"
        self.config.write_text(f"{self.env} 0x0 {COPY:#x} 0x1000\n{self.env} {COPY:#x} {COPY:#x} 0x1000\n")
        self.env.write_bytes(bytes(2 * COPY))
        defaults = home / "defaults"
        defaults.write_text("bootdelay=2\n" + (f"bootlimit={limit}\n" if limit else ""))
        subprocess.run(["fw_setenv", "-c", self.config, "-f", defaults, "slot", "A"], check=True, capture_output=True)

    def get(self, name, otherwise=""):
        done = subprocess.run(["fw_printenv", "-c", self.config, "-n", name], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else otherwise

    def set(self, name, value):
        subprocess.run(["fw_setenv", "-c", self.config, name, value], check=True, capture_output=True)

    def start(self):
        slot = self.get("slot")
        if self.get("upgrade_available") == "1":
            self.set("bootcount", str(int(self.get("bootcount", "0")) + 1))
            limit = int(self.get("bootlimit", "0"))
            if limit and int(self.get("bootcount")) > limit:
                slot = "B" if slot == "A" else "A"
        self.set("booted", slot)
        self.running.write_text(slot)
        return slot


class URouter(Router):
    """A router whose bootloader is U-Boot."""
    limit, running = "1", "uboot:booted"

    def configure(self, reboot):
        super().configure(reboot)
        self.uboot = UBoot(self.home, self.limit)
        config = self.home / "tandem.conf"
        text = config.read_text().replace(f"boot-record = {self.home}/boot\n",
                                          f"selector = uboot\nuboot-config = {self.uboot.config}\n")
        config.write_text(text.replace(f"file:{self.home}/running", self.running))

    def start(self):
        return self.uboot.start()


class UncountedRouter(URouter):
    limit = ""


PROGRAM = """#!/bin/sh
home={home}
case $1 in
running) cat $home/running ;;
next) cat $home/choice ;;
select) echo "$2 $3" >$home/choice.new && mv $home/choice.new $home/choice ;;
*) exit 2 ;;
esac
"""


class CommandRouter(Router):
    """A router whose bootloader is reached by a program of its owner's."""

    def configure(self, reboot):
        super().configure(reboot)
        program, config = self.home / "selector", self.home / "tandem.conf"
        program.write_text(PROGRAM.format(home=self.home))
        program.chmod(0o755)
        (self.home / "choice").write_text("A final\n")
        text = config.read_text().replace(f"boot-record = {self.home}/boot\n",
                                          f"selector = command\nselector-command = {program}\n")
        config.write_text(text.replace(f"file:{self.home}/running", "command"))

    def start(self):
        slot = (self.home / "choice").read_text()[0]
        (self.home / "running").write_text(slot)
        return slot


@pytest.fixture
def make_router(tmp_path, tandem, build_dir, sim):  # noqa: F811
    return lambda kind: kind(tmp_path / "router", tandem, build_dir / "bin/tandem-sim-loader", sim)


@pytest.fixture
def image(pack, new, samples):  # noqa: F811
    return pack(new, "--br-firmware", samples.host("linux", 2))


def test_a_pair_through_the_u_boot_environment(make_router, image, new):  # noqa: F811
    router = make_router(URouter)
    router.tandem("ota", "download", image, ok=True)
    armed = {"bootdelay": "2", "bootlimit": "1", "booted": "A", "slot": "B", "upgrade_available": "1", "bootcount": "0"}
    assert environment(router.uboot.env) == armed
    assert {name: router.uboot.get(name) for name in armed} == armed
    assert router.json("ota", "status", ok=True)["state"] == "pending restart"

    assert router.start() == "B"
    host = router.json("ota", "status", ok=True)["host"]
    assert (host["running"], host["starts_are_counted"], "caution" in host) == ("B", True, False)
    report = router.json("boot", ok=True)
    assert (report["state"], report["host"]["running"], report["radio"]["version"]) == ("ok", "B", new.version)
    assert environment(router.uboot.env) == armed | {"booted": "B", "upgrade_available": "0", "bootcount": "0"}
    host = router.json("ota", "status", ok=True)["host"]
    assert (host["next"], host["next_is_final"]) == ("B", True)


def test_u_boot_falls_back_from_a_host_that_never_comes_up(make_router, image):
    """Three starts are granted to it; each is counted, by U-Boot and by Tandem, and then the old pair stays."""
    router = make_router(URouter)
    router.tandem("ota", "download", image, ok=True)
    started = []
    for _ in range(20):
        slot = router.start()
        started.append(slot)
        if slot == "B":
            continue    # it hangs, and the watchdog starts the machine again
        if router.json("boot")["state"] != "pending restart":
            break
    assert started == list("BABABA")
    status = router.json("ota", "status", ok=True)
    assert (status["last_result"]["result"], status["host"]["running"]) == ("failed", "A")
    assert environment(router.uboot.env)["upgrade_available"] == "0"
    assert router.start() == "A"
    assert router.states()["host B"] == "bad"


def test_status_says_when_nobody_counts_starts(make_router):
    router = make_router(UncountedRouter)
    host = router.json("ota", "status", ok=True)["host"]
    assert host["starts_are_counted"] is False and "`tandem boot`" in host["caution"]
    assert host["caution"] in router.tandem("ota", "status", ok=True).stdout


def test_a_pair_through_a_program(make_router, image, new):  # noqa: F811
    router = make_router(CommandRouter)
    router.tandem("ota", "download", image, ok=True)
    assert (router.home / "choice").read_text() == "B trial\n"
    assert router.start() == "B"
    report = router.json("boot", ok=True)
    assert (report["state"], report["host"]["running"], report["radio"]["version"]) == ("ok", "B", new.version)
    assert (router.home / "choice").read_text() == "B final\n"


def test_a_program_that_refuses_the_switch(make_router, image):
    """It names the failure, and the update is taken back: nothing is armed."""
    router = make_router(CommandRouter)
    program = router.home / "selector"
    program.write_text(program.read_text().replace("select)", "select) [ $3 = final ] || exit 1;"))
    refused = router.tandem("--json", "ota", "download", image)
    assert refused.returncode == 32
    assert json.loads(refused.stdout)["error"]["code"] == "select_failed"
    assert (router.home / "choice").read_text() == "A final\n"
    assert router.states()["host B"] == "empty"


WRONG = [
    ("a kind that does not exist", ["--host-selector", "grub"], 3, "bad_config", "grub"),
    ("no description", ["--host-uboot-config", "/nonexistent/config"], 20, "uboot_config", "/nonexistent/config"),
    ("equal values", ["--host-uboot-slots", "A A"], 10, "uboot_values", "[host] uboot-slots"),
    ("a variable of something else", ["--host-running", "uboot:bootdelay"], 10, "running_unknown", "uboot:bootdelay"),
    ("no such variable", ["--host-running", "uboot:nothing"], 20, "running_unknown", "uboot:nothing"),
    ("a question for another kind", ["--host-running", "command"], 41, "running_source", "[host] selector"),
    ("a root file system in neither slot", ["--host-running", "root"], 20, "running_unknown", "root"),
    ("no program", ["--host-selector", "command", "--host-selector-command", "/nonexistent/program"], 20,
     "selector_not_found", "/nonexistent/program"),
    ("a program that fails", ["--host-selector", "command", "--host-selector-command", "/bin/false",
                              "--host-running", "command"], 32, "running_unknown", "command"),
    ("a program that says nothing of use", ["--host-selector", "command", "--host-selector-command", "/bin/echo",
                                            "--host-running", "command"], 10, "running_unknown", "command"),
    ("a slot variable of something else", ["--host-uboot-slot", "bootdelay"], 10, "selector_unreadable",
     "fw_env.config"),
]


@pytest.mark.parametrize("words, status, code, named", [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_selector_that_cannot_work_is_named(make_router, words, status, code, named):
    router = make_router(URouter)
    done = router.tandem("--json", *words, "ota", "status")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (status, code)
    assert named in error["message"]


def test_an_environment_with_one_copy_is_refused(make_router):
    router = make_router(URouter)
    router.uboot.config.write_text(router.uboot.config.read_text().splitlines()[0] + "\n")
    done = router.tandem("--json", "ota", "status")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (41, "uboot_single")
