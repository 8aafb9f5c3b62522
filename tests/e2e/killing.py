# SPDX-License-Identifier: Apache-2.0
"""Kills the command line program at its system calls, and looks whether what is left can be lived with.

    with World(folder, build_dir, samples) as world:
        tally = world.campaign(SCENARIOS["apply"], step=1, part=0, parts=1)     -> Tally: points, kills, violations

A scenario's command runs once under strace, which lists the calls that change anything: files of the router, its serial
line, its radio's control socket. Then, from the same beginning each time, it runs again for each of them and is
killed (SIGKILL) instead of making that call; what holds then is asked of status, files and radio.
Power cuts are another matter: what a killed process has written stays written, synced or not.
"""

import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from conftest import REPO, Samples
from router_config import router_config
from simulator import Simulator

CALLS = ["openat", "write", "writev", "pwrite64", "sendto", "sendmsg", "fsync", "fdatasync", "ftruncate", "fallocate",
         "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "link", "chmod", "fchmod"]
WORDS = {"ok", "staged", "pending restart", "trial", "unmanaged", "substitute", "degraded"}  # of ota status
FILES = {"tandem.conf", "trust.pem", "record", "record-history", "record-journal", "boot", "running", "rcp-0", "rcp-1", "host-a", "host-b"}
LEFT_BEHIND = ["record.new", "boot.new", "rcp-?.new", "host-?.new", "record-history.new", "record-journal.new", "trust.pem.??????"]
STARTS = 12


class Violation(Exception):
    pass


def must(condition, what: str) -> None:
    if not condition:
        raise Violation(what)


def has_strace() -> bool:
    """Also false where tracing is not permitted."""
    words = ["strace", "-e", "inject=getpid:retval=1", "true"]
    return shutil.which("strace") is not None and subprocess.run(words, capture_output=True).returncode == 0


@dataclass(frozen=True)
class Point:
    call: str
    nth: int        # of its kind
    target: str
    is_wire: bool   # to the radio

    def __str__(self):
        return f"{self.call} {self.nth} ({self.target})"


@dataclass
class Tally:
    points: int = 0
    kills: int = 0
    late: int = 0   # the command was through before it came to that call
    violations: list[str] = field(default_factory=list)


def points_of(log: str, home: Path) -> list[Point]:
    """The calls of an strace log that change a file below home or go to the radio."""
    found, counts = [], {}
    for line in log.splitlines():
        match = re.match(r"(\w+)\((.*)", line)
        if not match:
            continue
        call, rest = match.groups()
        counts[call] = counts.get(call, 0) + 1
        is_wire = bool(re.match(r"\d+<(/dev/pts|UNIX|socket)", rest))
        is_ours = str(home) in rest and (call != "openat" or "O_CREAT" in rest)
        if is_wire or is_ours:
            target = "radio" if is_wire else re.search(re.escape(str(home)) + r"/?([^\s\"<>,]*)", rest)[1]
            found.append(Point(call, counts[call], target, is_wire))
    return found


class World:
    """A router in a folder, with its own simulated radio."""

    def __init__(self, folder: Path, build_dir: Path, samples):
        self.home, self.folder, self.bin = folder / "router", folder, build_dir / "bin"
        self.old, self.new = (samples.build("esp32h2", "small", release) for release in (1, 2))
        self.sim = Simulator(self.bin / "tandem-sim", folder)
        self.new_host = samples.host("linux", 2).read_bytes()[:50_000]
        self.certificates = [folder / "one.pem", folder / "two.pem"]

    def __enter__(self) -> "World":
        self.sim.flash.write_bytes(b"\xff" * 4 * 1024 * 1024)
        for path in self.certificates:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", f"/CN={path.stem}", "-keyout", self.folder / "key", "-out", path], check=True,
                           capture_output=True)
        self.sim.__enter__()
        try:
            self.fresh()
            (self.folder / "new-host").write_bytes(self.new_host)
            for name, words in (("pair", ["--br-firmware", self.folder / "new-host"]), ("radio", [])):
                self.run("image", "create", "--rcp-build-dir", self.new.dir, "--target-file", self.folder / name, *words)
        except BaseException:
            self.sim.__exit__()
            raise
        return self

    def __exit__(self, *reason) -> None:
        self.sim.__exit__(*reason)

    # ---- commands

    def command(self, *words, under=()) -> subprocess.CompletedProcess:
        # A traced process cannot be searched for leaks.
        options = os.environ.get("ASAN_OPTIONS", "") + (":detect_leaks=0" if under else "")
        return subprocess.run([*under, self.bin / "tandem", "--config", self.home / "tandem.conf", "--json",
                               *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
                              env={**os.environ, "ASAN_OPTIONS": options})

    def run(self, *words) -> dict:
        """A command that must succeed."""
        done = self.command(*words)
        must(done.returncode == 0, f"`{' '.join(map(str, words))}` fails: {done.stdout.strip() or done.stderr.strip()}")
        return json.loads(done.stdout)

    def start(self) -> str:
        """The machine starts: the boot loader chooses."""
        subprocess.run([self.bin / "tandem-sim-loader", "--boot-record", self.home / "boot", "--running",
                        self.home / "running"], check=True, capture_output=True, timeout=20)
        return (self.home / "running").read_text().strip()

    def rest(self) -> tuple[str, str]:
        """Starts until it rests: where, and what `tandem boot` says there."""
        for _ in range(STARTS):
            slot = self.start()
            state = json.loads(self.command("boot").stdout)["state"]
            if state != "pending restart":
                return slot, state
        raise Violation("it does not come to rest")

    def radio_is(self, build) -> bool:
        flash = self.sim.flash.read_bytes()
        lines = [line.split() for line in build.flash_args.read_text().splitlines()[1:]]
        parts = [(int(offset, 16), (build.dir / name).read_bytes()) for offset, name in lines]
        return (self.run("rcp", "probe")["radio"]["version"] == build.version and
                all(flash[at:at + len(data)] == data for at, data in parts))

    def rests_with_a_pair(self) -> str:
        slot, state = self.rest()
        must(state == "ok", f"it rests {state} on {slot}")
        must(self.radio_is(self.old if slot == "A" else self.new), f"host {slot} runs with the other one's radio firmware")
        return slot

    def rests_on(self, slot: str) -> None:
        must(self.rests_with_a_pair() == slot, f"it does not come to rest on {slot}")

    # ---- beginnings

    def fresh(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        (self.home / "tandem.conf").write_text(
            router_config(self.home, "true", slot_size="64K", rcp_size="64K", sim=self.sim))
        (self.home / "host-a").write_bytes(b"the host that came with the router\n".ljust(65536, b"\xff"))
        flash = bytearray(b"\xff" * 4 * 1024 * 1024)
        for line in self.old.flash_args.read_text().splitlines()[1:]:
            offset, name = line.split()
            data = (self.old.dir / name).read_bytes()
            flash[int(offset, 16):int(offset, 16) + len(data)] = data
        self.sim.overwrite(flash)
        self.sim.reset()
        self.start()

    def keep(self) -> None:
        self.kept = {path.name: path.read_bytes() for path in self.home.iterdir()}
        self.kept_flash = self.sim.flash.read_bytes()

    def restore(self) -> None:
        for path in self.home.iterdir():
            if path.name not in self.kept:
                path.unlink()
        for name, data in self.kept.items():
            path = self.home / name
            if not path.exists() or path.read_bytes() != data:
                path.write_bytes(data)
        if self.sim.flash.read_bytes() != self.kept_flash:
            self.sim.overwrite(self.kept_flash)
        self.sim.reset()

    # ---- kills

    def plan(self, scenario: "Scenario", step: int) -> list[Point]:
        """Every call to a file, every step-th to the radio."""
        log = self.folder / "strace.log"
        done = self.command(*scenario.words(self), under=["strace", "-y", "-o", log, "-e", "trace=" + ",".join(CALLS)])
        must(done.returncode == 0, f"fails without being killed: {done.stdout}{done.stderr}")
        points = points_of(log.read_text(errors="replace"), self.home)
        wire = [point for point in points if point.is_wire][::step]
        return [point for point in points if not point.is_wire or point in wire]

    def check(self, scenario: "Scenario", again: bool) -> None:
        for name in scenario.untouched:
            must((self.home / name).read_bytes() == self.kept[name], f"{name} is in use and was written")
        status = self.run("ota", "status")
        must(status["state"] in WORDS, f"status says {status['state']!r}")
        if again:
            self.command(*scenario.words(self))  # whether there is anything left to do is asked below
        scenario.ends(self)
        must(isinstance(self.run("ota", "history")["history"], list), "the history cannot be read")
        names = {path.name for path in self.home.iterdir()} - FILES
        strange = {name for name in names if not any(fnmatch.fnmatch(name, known) for known in LEFT_BEHIND)}
        must(not strange, f"left behind: {strange}")

    def campaign(self, scenario: "Scenario", step: int = 1, every: int = 1, part: int = 0, parts: int = 1) -> Tally:
        tally = Tally()
        self.fresh()
        scenario.begins(self)
        self.keep()
        points = self.plan(scenario, step)
        scenario.ends(self)
        tally.points = len(points)
        for i, point in enumerate(points):
            if i % every != 0 or i // every % parts != part:
                continue
            self.restore()
            inject = f"inject={point.call}:signal=KILL:when={point.nth}"
            done = self.command(*scenario.words(self), under=["strace", "-o", "/dev/null", "-e", "trace=" + point.call,
                                                              "-e", inject])
            if done.returncode != -9:
                tally.late += 1
                continue
            tally.kills += 1
            try:
                self.check(scenario, again=i // every // parts % 2 == 0)
            except Violation as violation:
                tally.violations.append(f"{scenario.name}, killed at {point}: {violation}")
        return tally


@dataclass(frozen=True)
class Scenario:
    name: str
    begins: Callable[[World], None]
    words: Callable[[World], list]
    untouched: tuple[str, ...]       # what the kill may not have changed
    ends: Callable[[World], None]    # leads to rest, then on to what was wanted


def adopted(world: World) -> None:
    world.run("rcp", "adopt", world.old.dir)
    world.rests_on("A")


def staged(world: World) -> None:
    adopted(world)
    world.run("ota", "download", "--stage-only", world.folder / "pair")


def armed(world: World) -> None:
    staged(world)
    world.run("ota", "apply", "--no-reboot")


def started(world: World) -> None:
    armed(world)
    must(world.start() == "B", "the boot loader does not start the new host")


def updated(world: World) -> None:
    started(world)
    world.rests_on("B")


def gets_the_pair(world: World) -> None:
    """At rest with either pair; then, if that is the old one, what was asked for still comes through."""
    if world.rests_with_a_pair() == "B":
        return
    is_staged = world.run("ota", "status")["state"] == "staged"
    world.run("ota", *(["apply"] if is_staged else ["download", world.folder / "pair"]), "--no-reboot")
    world.rests_on("B")


def proves_the_pair(world: World) -> None:
    world.rests_on("B")


def gets_the_radio(world: World) -> None:
    slot, state = world.rest()
    may_be = ("ok", "unmanaged") if "rcp-1" not in world.kept else ("ok",)  # nothing was stored before the first update
    must(slot == "A" and state in may_be, f"it rests {state} on {slot}")
    if world.radio_is(world.old):
        is_staged = world.run("ota", "status")["state"] == "staged"
        world.run("ota", *(["apply"] if is_staged else ["download", world.folder / "radio"]))
    must(world.radio_is(world.new), "the radio does not run the new firmware")
    must(world.run("ota", "status")["state"] == "ok", "status is not ok in the end")


def goes_back(world: World) -> None:
    if world.rests_with_a_pair() == "B":
        world.run("ota", "rollback", "--no-reboot")
        world.rests_on("A")


def has_cancelled(world: World) -> None:
    if world.rests_with_a_pair() == "A" and world.run("ota", "status")["state"] == "staged":
        world.run("ota", "cancel")
    gets_the_pair(world)


def has_adopted(world: World) -> None:
    slot, state = world.rest()
    must(slot == "A" and state in ("ok", "unmanaged"), f"it rests {state} on {slot}")
    if state == "unmanaged":
        world.run("rcp", "adopt", world.old.dir)
    world.rests_on("A")


def trusts_one(world: World) -> None:
    world.run("trust", "add", world.certificates[0])


def trusts_both(world: World) -> None:
    one, two = (path.read_bytes() for path in world.certificates)
    must((world.home / "trust.pem").read_bytes() in (one, one + two), "the trust file is not whole")
    world.run("trust", "add", world.certificates[1])
    must((world.home / "trust.pem").read_bytes() == one + two, "the trust file is not what was asked for")


IN_USE = ("host-a", "rcp-1")  # of a router that has adopted its radio firmware
SCENARIOS = {row.name: row for row in [
    Scenario("store a pair", adopted, lambda w: ["ota", "download", "--stage-only", w.folder / "pair"], IN_USE, gets_the_pair),
    Scenario("store and switch", adopted, lambda w: ["ota", "download", w.folder / "pair"], IN_USE, gets_the_pair),
    Scenario("first update", lambda w: None, lambda w: ["ota", "download", w.folder / "radio"], ("host-a",), gets_the_radio),
    Scenario("radio update", adopted, lambda w: ["ota", "download", w.folder / "radio"], IN_USE, gets_the_radio),
    Scenario("apply", staged, lambda w: ["ota", "apply"], (*IN_USE, "host-b", "rcp-0"), gets_the_pair),
    Scenario("start of the new host", started, lambda w: ["boot"], (*IN_USE, "host-b", "rcp-0"), proves_the_pair),
    Scenario("ordinary start", adopted, lambda w: ["boot"], IN_USE, gets_the_pair),
    Scenario("roll back", updated, lambda w: ["ota", "rollback"], (*IN_USE, "host-b", "rcp-0"), goes_back),
    Scenario("cancel", armed, lambda w: ["ota", "cancel"], IN_USE, has_cancelled),
    Scenario("adopt", lambda w: None, lambda w: ["rcp", "adopt", w.old.dir], ("host-a",), has_adopted),
    Scenario("trust", trusts_one, lambda w: ["trust", "add", w.certificates[1]], (), trusts_both),
]}


# ---- all of it, for scripts/campaigns/kill ----

PARTS = 4  # of each scenario, so that all cores are busy to the end


def run_part(name: str, part: int, step: int) -> tuple[str, Tally]:
    with tempfile.TemporaryDirectory(prefix="tandem-kill-") as folder:
        with World(Path(folder), REPO / "build", Samples(REPO / "build/samples")) as world:
            return name, world.campaign(SCENARIOS[name], step, part=part, parts=PARTS)


def main(names: list[str]) -> int:
    if not has_strace():
        print("kill: skipped: strace is missing, or tracing is not permitted here")
        return 0
    step, jobs = int(os.environ.get("KILL_STEP", 7)), int(os.environ.get("JOBS", os.cpu_count() or 1))
    rows = {name: Tally() for name in names or SCENARIOS}
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for done in [pool.submit(run_part, name, part, step) for name in rows for part in range(PARTS)]:
            name, tally = done.result()
            rows[name].points = tally.points
            rows[name].kills += tally.kills
            rows[name].late += tally.late
            rows[name].violations += tally.violations
    print(f"{'command killed in':<22} {'calls':>6} {'kills':>6}    every call to a file, each {step}th to the radio")
    for name, tally in rows.items():
        print(f"{name:<22} {tally.points:>6} {tally.kills:>6}", *tally.violations, sep="\n  ")
    kills, violations = (sum(values) for values in zip(*((t.kills, len(t.violations)) for t in rows.values())))
    late = sum(tally.late for tally in rows.values())
    print(f"{kills} kills, {violations} violations" + (f", {late} calls not reached again" if late else ""))
    return 0 if kills > 0 and violations == 0 and late * 20 <= kills else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
