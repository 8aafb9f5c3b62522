# SPDX-License-Identifier: Apache-2.0
"""The flashers that are compared, each run once over the simulated radio's line.

    bench = Workbench(build_dir, folder, times)     programs, a folder for this run's files, Times of the flash chip
    bench.esptool(build, baud, compress=True) -> Run
    bench.plain(build, baud) -> Run
    with bench.router(baud, holds) as router:       a router whose radio runs the build `holds`, or is blank (None)
        router.flash(build) -> Run                  `rcp adopt`, then `rcp update`, which alone is measured
        router.update() -> Run                      `rcp update` once more

Each run ends with a look at the simulated flash: a flasher that wrote something else ends the benchmark.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from line_log import BITS_PER_BYTE, PAGE, SECTOR, LineLog, Session, Times
from plain_flasher import flash_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from router_config import router_config  # noqa: E402
from simulator import Simulator  # noqa: E402

HERE = Path(__file__).resolve().parent
FLASH_SIZE = 4 << 20
LONGEST = 600                  # seconds for one run


def options(times: Times) -> tuple[str, ...]:
    return ("--erase-time", str(times.erase), "--program-time", str(times.program), "--boot-time", "200000")


def limit(times: Times, build: Path, baud: int) -> float:
    """Seconds that no flasher can beat: compressed bytes on the line, then erasing and programming."""
    parts = [data for _, data in flash_args(build)]
    packed = sum(len(zlib.compress(data, 9)) for data in parts)
    sectors = sum(-(-len(data) // SECTOR) for data in parts)
    pages = sum(-(-len(data) // PAGE) for data in parts)
    return packed * BITS_PER_BYTE / baud + (sectors * times.erase + pages * times.program) / 1e6


@dataclass(frozen=True)
class Run:
    seconds: float             # of the whole program
    peak_kib: int
    session: Session | None    # None: the loader was not asked
    resets: int
    report: dict               # Tandem's own, else empty


def stop(message: str):
    sys.exit(f"bench: {message}")


def check_flash(flash: Path, build: Path, who: str) -> None:
    holds = flash.read_bytes()
    for at, data in flash_args(build):
        if holds[at:at + len(data)] != data:
            stop(f"{who} left something else than {build} in the flash at {at:#x}")


class Workbench:
    def __init__(self, build_dir: Path, folder: Path, times: Times):
        self.build_dir, self.folder, self.times = build_dir, folder, times
        self.runs = 0

    def program(self, name: str) -> Path:
        path = self.build_dir / name
        if not path.exists():
            stop(f"{path} is not built: run scripts/build")
        return path

    def fresh_folder(self) -> Path:
        self.runs += 1
        folder = self.folder / f"run-{self.runs}"
        folder.mkdir()
        return folder

    def simulator(self, folder: Path, *arguments: str, holds: Path | None = None) -> Simulator:
        flash = bytearray(b"\xff" * FLASH_SIZE)
        for at, data in flash_args(holds) if holds else ():
            flash[at:at + len(data)] = data
        (folder / "flash.bin").write_bytes(flash)
        return Simulator(self.program("bin/tandem-sim"), folder, *options(self.times), *arguments, line_speed=True)

    def measure(self, folder: Path, *command, cwd: Path | None = None) -> tuple[dict, str]:
        """Runs the command; what it took, and its standard output."""
        result = folder / "measured.json"
        process = subprocess.Popen([self.program("tests/measured"), result, *map(str, command)], cwd=cwd, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            out, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stop(f"{command[0]} did not end within {LONGEST} s")
        if process.returncode != 0:
            stop(f"{' '.join(map(str, command))} ended with {process.returncode}\n{out}{err}")
        return json.loads(result.read_text()), out

    def on_waiting_loader(self, build: Path, who: str, command) -> Run:
        """command: sim -> words. The radio's loader waits already, so what a reset takes is not in the result."""
        folder = self.fresh_folder()
        with self.simulator(folder, "--boot-strap", "1") as sim:
            took, _ = self.measure(folder, *command(sim), cwd=build)
        return self.conclude(folder, build, who, took, {})

    def conclude(self, folder: Path, build: Path, who: str, took: dict, report: dict) -> Run:
        check_flash(folder / "flash.bin", build, who)
        log = LineLog.read(folder / "sim.log")
        run = Run(took["seconds"], took["peak_kib"], log.session(self.times), log.resets, report)
        shutil.rmtree(folder)
        return run

    def esptool(self, build: Path, baud: int, compress: bool) -> Run:
        way = "--compress" if compress else "--no-compress"
        return self.on_waiting_loader(build, "esptool", lambda sim: (
            sys.executable, "-m", "esptool", "--chip", "esp32h2", "--port", sim.tty, "--baud", baud, "--no-stub",
            "--before", "no-reset", "--after", "no-reset", "write-flash", way, "@flash_args"))

    def plain(self, build: Path, baud: int) -> Run:
        return self.on_waiting_loader(build, "the plain flasher", lambda sim: (
            sys.executable, HERE / "plain_flasher.py", sim.tty, baud, build))

    def router(self, baud: int, holds: Path | None) -> "Router":
        return Router(self, baud, holds)


class Router:
    def __init__(self, bench: Workbench, baud: int, holds: Path | None):
        self.bench, self.baud = bench, baud
        self.folder = bench.fresh_folder()
        self.sim = bench.simulator(self.folder, holds=holds)
        self.log, self.read = self.folder / "sim.log", 0

    def __enter__(self) -> "Router":
        self.sim.__enter__()
        config = router_config(self.folder, "true", slot_size="4M", sim=self.sim)
        config = config.replace("[slots]", f"flash-baud = {self.baud}\n[slots]", 1)
        (self.folder / "tandem.conf").write_text(config)
        (self.folder / "running").write_text("A\n")
        (self.folder / "host-a").write_bytes(b"\xff" * 4096)
        return self

    def __exit__(self, *error) -> None:
        self.sim.__exit__(*error)
        shutil.rmtree(self.folder)

    def tandem(self, *words) -> tuple:
        return (self.bench.program("bin/tandem"), "--config", self.folder / "tandem.conf", "--json", *words)

    def new_log(self) -> LineLog:
        """What came since; a line that is being written waits for the next time."""
        text = self.log.read_text()
        end = text.rfind("\n") + 1
        new, self.read = text[self.read:end], end
        return LineLog(new)

    def adopt(self, build: Path) -> None:
        self.bench.measure(self.folder, *self.tandem("rcp", "adopt", build))

    def update(self) -> Run:
        self.sim.booted()
        self.new_log()
        took, said = self.bench.measure(self.folder, *self.tandem("rcp", "update"))
        log, report = self.new_log(), json.loads(said)
        return Run(took["seconds"], took["peak_kib"], log.session(self.bench.times) if "flash" in report else None, log.resets, report)

    def flash(self, build: Path) -> Run:
        """Adopts the build and takes it to the radio."""
        self.adopt(build)
        run = self.update()
        check_flash(self.folder / "flash.bin", build, "Tandem")
        return run
