# SPDX-License-Identifier: Apache-2.0
"""What the simulated line really does at a rate: the benchmark's own error.

    measure(bench, baud) -> Calibration     seconds measured and seconds that the bytes take, for a stream in each
                                            direction, and for a command with its answer

A stream towards the radio is bytes that its loader ignores and a SYNC behind them; one from the radio is what many SYNCs
are answered with.
"""

import statistics
import time
from dataclasses import dataclass

from flashers import Workbench
from line_log import BITS_PER_BYTE
from plain_flasher import Loader, slip

STREAM = 24_000                # bytes, below what the simulator has room for
SYNC_FRAME = slip(bytes.fromhex("000824000000000007071220") + b"\x55" * 32, 1)
SYNC_ANSWER, ANSWERS = 14, 8   # bytes; to each SYNC
ROUND_TRIPS = 200
READ_REG = 0x0A
READ_REG_BYTES = 14 + 14       # the command and its answer
MAGIC_REG = 0x40001000


@dataclass(frozen=True)
class Calibration:
    out: tuple[float, float]           # measured, and what the bytes take
    back: tuple[float, float]
    trip: tuple[float, float]          # the median of many


def timed(line, stream: bytes, expected: int) -> float:
    began = time.perf_counter()
    line.write(stream)
    while expected > 0:
        got = line.read(min(line.in_waiting or 1, expected))
        if not got:
            raise TimeoutError("the simulated loader does not answer")
        expected -= len(got)
    return time.perf_counter() - began


def measure(bench: Workbench, baud: int) -> Calibration:
    with bench.simulator(bench.fresh_folder(), "--boot-strap", "1") as sim:
        loader = Loader(str(sim.tty))
        loader.connect(baud)
        byte = BITS_PER_BYTE / baud
        stream = b"\x55" * (STREAM - len(SYNC_FRAME)) + SYNC_FRAME
        out = timed(loader.line, stream, SYNC_ANSWER * ANSWERS)
        count = STREAM // (SYNC_ANSWER * ANSWERS)
        back = timed(loader.line, SYNC_FRAME * count, SYNC_ANSWER * ANSWERS * count)
        trips = []
        for _ in range(ROUND_TRIPS):
            began = time.perf_counter()
            loader.words(READ_REG, MAGIC_REG)
            trips.append(time.perf_counter() - began)
        loader.line.close()
    answers = SYNC_ANSWER * ANSWERS
    return Calibration((out, (STREAM + answers) * byte), (back, (len(SYNC_FRAME) + count * answers) * byte),
                       (statistics.median(trips), READ_REG_BYTES * byte))
