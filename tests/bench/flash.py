#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flashing a radio: Tandem beside esptool and a plain flasher, over the simulator's line, in one run.

docs/TESTING.md, "Benchmarks", says what the tables mean. Ends with 1 when --check is given and a target is missed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import calibration
import firmware
from flashers import Run, Workbench, limit
from line_log import SECTOR, Times
from plain_flasher import flash_args

REPO = Path(__file__).resolve().parents[2]
BAUDS = (115200, 460800, 921600, 2000000)
LIMIT_BAUD = 460800
SHARE = 0.05
PEAK_LIMIT, ENGINE_LIMIT = 16 * 1024, 14 * 1024    # KiB; bytes
TANDEM, ESPTOOL, ESPTOOL_PACKED, PLAIN = "Tandem", "esptool", "esptool -z", "plain flasher"


@dataclass
class Row:
    """One flasher at one rate."""
    who: str
    baud: int
    runs: list[Run]

    @property
    def run(self) -> Run:
        """The one in the middle, by the time for writing."""
        return sorted(self.runs, key=lambda run: run.session.writing)[(len(self.runs) - 1) // 2]


@dataclass
class Rate:
    """Everything measured at one rate."""
    baud: int
    limit: float
    full: dict[str, Row]
    share: Row
    same: list[Run]


class Bench:
    def __init__(self, bench: Workbench, build: Path, bauds: list[int], rounds: int):
        self.bench, self.build, self.bauds, self.rounds = bench, build, bauds, rounds
        self.other, self.similar = bench.folder / "other", bench.folder / "similar"
        firmware.all_other(build, self.other)
        self.changed = firmware.share_other(build, self.similar, SHARE)

    def tandem(self, rate: Rate) -> None:
        """A radio with other firmware, then the same radio, which is right now; and one that differs in few sectors."""
        with self.bench.router(rate.baud, self.other) as router:
            rate.full[TANDEM].runs.append(router.flash(self.build))
            rate.same.append(router.update())
        with self.bench.router(rate.baud, self.similar) as router:
            rate.share.runs.append(router.flash(self.build))

    def at(self, baud: int) -> Rate:
        names = (TANDEM, ESPTOOL_PACKED, ESPTOOL, PLAIN)
        rate = Rate(baud, limit(self.bench.times, self.build, baud), {name: Row(name, baud, []) for name in names},
                    Row("Tandem, 5 %", baud, []), [])
        for _ in range(self.rounds):           # in turn, so that what else the machine does meets all of them
            self.tandem(rate)
            rate.full[ESPTOOL_PACKED].runs.append(self.bench.esptool(self.build, baud, compress=True))
            rate.full[PLAIN].runs.append(self.bench.plain(self.build, baud))
            rate.full[ESPTOOL].runs.append(self.bench.esptool(self.build, baud, compress=False))
        return rate


# ---- tables ------------------------------------------------------------------------------------------------------------

COLUMNS = ("   baud  flasher         to radio  from radio   line s  x plain  writing s  x limit  model s  x limit  session s"
           "  program s")


def print_row(row: Row, rate: Rate) -> None:
    run, session = row.run, row.run.session
    plain = rate.full[PLAIN].run.session.line
    print(f"{row.baud:7}  {row.who:14}  {session.to_radio:8}  {session.from_radio:10}  {session.line:7.3f}  "
          f"{session.line / plain:7.2f}  {session.writing:9.3f}  {session.writing / rate.limit:7.3f}  "
          f"{session.model:7.3f}  {session.model / rate.limit:7.3f}  "
          f"{session.seconds:9.3f}  {run.seconds:9.3f}")


def print_calibration(bench: Workbench, bauds: list[int]) -> None:
    def of(pair: tuple[float, float]) -> str:
        return f"{pair[0] * 1e3:9.1f} ms ({(pair[0] / pair[1] - 1) * 100:+5.1f} %)"

    print("The line itself: the time that a stream takes, beside the time of its bits; a command's answer, median")
    print("   baud  towards the radio       from the radio          command and answer, beyond its bits")
    for baud in bauds:
        c = calibration.measure(bench, baud)
        print(f"{baud:7}  {of(c.out)}  {of(c.back)}  {(c.trip[0] - c.trip[1]) * 1e6:6.0f} us", flush=True)


def describe(build: Path, times: Times) -> None:
    parts = [data for _, data in flash_args(build)]
    total, packed = sum(map(len, parts)), sum(len(zlib.compress(data, 9)) for data in parts)
    print(f"{build.parent.name}/{build.name}: {total} bytes in {sum(len(firmware.pieces(part)) for part in parts)} sectors, deflated {packed} "
          f"({packed / total:.1%})")
    print(f"Flash of the radio: {times.erase / 1000:g} ms to erase a sector of {SECTOR} bytes, {times.program / 1000:g} ms to "
          "program a page of 256. Line: 8N1, a byte takes ten bits.\n")


# ---- targets -----------------------------------------------------------------------------------------------------------

def targets(rates: list[Rate], engine: int) -> list[tuple[bool, str]]:
    found = []
    for rate in rates:
        tandem, share = rate.full[TANDEM].run, rate.share.run
        if rate.baud == LIMIT_BAUD:
            ratio = tandem.session.writing / rate.limit
            model = tandem.session.model / rate.limit
            found.append((ratio <= 1.05, f"{rate.baud}: full flash at most 1.05 of the limit: {ratio:.3f} "
                          f"({model:.3f} with a host that takes no time)"))
        ratio = tandem.session.line / rate.full[PLAIN].run.session.line
        found.append((ratio <= 0.70, f"{rate.baud}: at most 0.70 of the plain flasher's line time: {ratio:.3f}"))
        for other in (ESPTOOL_PACKED, ESPTOOL):
            theirs = rate.full[other].run
            found.append((tandem.session.seconds <= theirs.session.seconds,
                          f"{rate.baud}: not slower than {other}: session {tandem.session.seconds:.3f} to "
                          f"{theirs.session.seconds:.3f} s"))
        ratio = share.session.writing / tandem.session.writing
        found.append((ratio <= 0.15, f"{rate.baud}: 5 % of the sectors at most 0.15 of a full flash: {ratio:.3f}"))
        same = max(rate.same, key=lambda run: run.seconds)
        resets = sum(run.resets for run in rate.same)
        found.append((resets == 0 and same.seconds < 0.3,
                      f"{rate.baud}: unchanged radio without reset in less than 0.3 s: {resets} resets, {same.seconds:.3f} s"))
    peak = max(run.peak_kib for rate in rates for run in (*rate.full[TANDEM].runs, *rate.share.runs, *rate.same))
    found.append((peak < PEAK_LIMIT, f"peak memory of the program below {PEAK_LIMIT} KiB: {peak} KiB"))
    found.append((engine < ENGINE_LIMIT, f"the engine's state below {ENGINE_LIMIT} bytes: {engine} bytes"))
    return found


def print_targets(found: list[tuple[bool, str]]) -> bool:
    print("\nTargets")
    for is_met, text in found:
        print(f"  {'met    ' if is_met else 'NOT MET'}  {text}")
    return all(is_met for is_met, _ in found)


# ---- the program -------------------------------------------------------------------------------------------------------

def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench flash", description=__doc__.splitlines()[0])
    parser.add_argument("--bauds", default=",".join(map(str, BAUDS)), help="rates, with commas between (%(default)s)")
    parser.add_argument("--size", choices=("small", "large"), default="large", help="of the sample firmware (%(default)s)")
    parser.add_argument("--rounds", type=int, default=1, help="the middle one of so many runs is shown (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="small firmware at one rate")
    parser.add_argument("--erase-time", type=int, default=Times.erase, help="microseconds for a sector (%(default)s)")
    parser.add_argument("--program-time", type=int, default=Times.program, help="microseconds for a page (%(default)s)")
    parser.add_argument("--build-dir", type=Path, default=REPO / "build", help="programs to measure (build)")
    parser.add_argument("--samples", type=Path, default=REPO / "build/samples", help="sample firmware (build/samples)")
    parser.add_argument("--json", type=Path, help="also writes every run into this file")
    parser.add_argument("--check", action="store_true", help="ends with 1 when a target is missed")
    given = parser.parse_args()
    if given.quick:
        given.bauds, given.size = str(LIMIT_BAUD), "small"
    given.bauds = [int(baud) for baud in given.bauds.split(",")]
    return given




def main() -> int:
    given = arguments()
    subprocess.run([sys.executable, REPO / "tests/data/firmware/make.py", given.samples], check=True)
    build, times = given.samples / "esp32h2" / f"{given.size}-2", Times(given.erase_time, given.program_time)
    rates = []
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        workbench = Workbench(given.build_dir, Path(folder), times)
        bench = Bench(workbench, build, given.bauds, given.rounds)
        describe(build, times)
        print_calibration(workbench, given.bauds)
        print(f"\n{COLUMNS}")
        for baud in given.bauds:
            rate = bench.at(baud)
            rates.append(rate)
            print(f"{baud:7}  the limit{'':48}  {rate.limit:9.3f}    1.000")
            for row in (*rate.full.values(), rate.share):
                print_row(row, rate)
            sys.stdout.flush()
        engine = int(subprocess.run([workbench.program("tests/engine_size")], check=True, capture_output=True).stdout)
    found = targets(rates, engine)
    is_good = print_targets(found)
    if given.json:
        given.json.write_text(json.dumps({"build": str(build), "changed": bench.changed, "engine": engine,
                                          "rates": [asdict(rate) for rate in rates],
                                          "targets": [{"met": met, "text": text} for met, text in found]}, indent=1))
    return 1 if given.check and not is_good else 0


if __name__ == "__main__":
    sys.exit(main())
