# SPDX-License-Identifier: Apache-2.0
"""A running tandem-sim for end to end tests.

    with Simulator(sim_bin, folder, "--boot-strap", "1", chip="esp32c6") as sim:
        sim.tty         Path of the serial line (a link to the pty)
        sim.tcp_port    the same line on a loopback port
        sim.socket      Path of the control socket
        sim.flash       Path of the flash file; 4 MB, kept when it is there already
        sim.control("reset 1") -> "ok"; "state" -> "ok loader"
        sim.reset(boot=False)     pulls and releases RESET
        sim.booted() -> "radio"   what runs once the boot that is under way has ended

Bytes take no time on the line unless line_speed=True; erase, program and boot take none unless an argument says so.
"""

import json
import socket
import subprocess
import time
from pathlib import Path

QUICK = ("--erase-time", "0", "--program-time", "0", "--boot-time", "0")


class Simulator:
    def __init__(self, sim_bin: Path, folder: Path, *arguments: str, chip: str = "esp32h2", line_speed: bool = False):
        self.tty, self.socket, self.flash = folder / "tty", folder / "control", folder / "flash.bin"
        speed = () if line_speed else ("--no-line-speed",)
        self.command = [sim_bin, "--chip", chip, "--flash", self.flash, "--pty", self.tty, "--tcp", "0",
                        "--control", self.socket, "--log", folder / "sim.log", *QUICK, *speed, *arguments]

    def __enter__(self) -> "Simulator":
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.ready = json.loads(self.process.stdout.readline())
        self.tcp_port = self.ready["tcp"]
        self.pins = socket.socket(socket.AF_UNIX)
        self.pins.connect(str(self.socket))
        self.answers = self.pins.makefile("r")
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.pins.close()
        self.process.terminate()
        assert self.process.wait(timeout=10) == 0
        self.process.stdout.close()
        assert not self.socket.exists() and not self.tty.is_symlink()

    def control(self, line: str) -> str:
        self.pins.sendall(line.encode() + b"\n")
        return self.answers.readline().strip()

    def overwrite(self, data: bytes, at: int = 0) -> None:
        """In place: the running chip has this file mapped, and would die of a moment without bytes."""
        with self.flash.open("r+b") as flash:
            flash.seek(at)
            flash.write(data)

    def erase(self) -> None:
        self.overwrite(b"\xff" * self.flash.stat().st_size)

    def reset(self, boot: bool = False) -> None:
        for line in (f"boot {int(boot)}", "reset 1", "reset 0", "boot 0"):
            assert self.control(line) == "ok"

    def booted(self) -> str:
        deadline = time.monotonic() + 20
        while (answer := self.control("state")) == "ok boot":
            assert time.monotonic() < deadline, "the chip does not end its boot"
        return answer.removeprefix("ok ")
