# SPDX-License-Identifier: Apache-2.0
"""Progress: a bar on a terminal of any width, JSON lines with --json, neither in a file; from a server that waits for the test."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import threading

import pytest

from liar import HANG, head, liar  # noqa: F401
from router import image, router  # noqa: F401

BAR = re.compile(r"\[(#* *)\] +(\d+)%")
SPEED = re.compile(r"([\d.]+) ([KM])iB/s")
LEFT = re.compile(r"\d:\d\d left")


class Gates(list):
    """Steps of a liar: the n-th piece goes when the test has called open() n times."""

    def __init__(self, first: bytes, pieces: list[bytes]):
        self.first, self.pieces, self.turns = first, pieces, threading.Semaphore(0)

    def open(self) -> None:
        self.turns.release()

    def __iter__(self):
        yield self.first
        for piece in self.pieces:
            self.turns.acquire(timeout=60)
            yield piece


class Terminal:
    """A program whose standard error, and with it its signals, are those of a terminal."""

    def __init__(self, words, columns: int):
        self.said, self.main = "", None
        self.main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen([str(word) for word in words], stdin=side, stdout=side, stderr=side,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                        env={**os.environ, "TERM": "xterm"})
        os.close(side)

    def read(self) -> bool:
        try:
            data = os.read(self.main, 65536)
        except OSError:  # the last one has closed the other end
            return False
        self.said += data.decode()
        return bool(data)

    def until(self, wanted) -> None:
        while not wanted(self.lines()):
            assert self.read(), f"the program ended: {self.said}"

    def type(self, keys: bytes) -> None:
        os.write(self.main, keys)

    def end(self) -> int:
        while self.read():
            pass
        os.close(self.main)
        return self.process.wait(timeout=60)

    def lines(self) -> list[str]:
        """What has stood on a line, one after the other, as a reader sees it."""
        return [line.removesuffix("\x1b[K") for line in re.split(r"\r\n|\r|\n", self.said)]


def words(router, url, *options):
    return [router.program, "--config", router.dir / "tandem.conf", "ota", "download", "--stage-only", *options, url]


def percents(lines) -> list[int]:
    return [int(match[2]) for line in lines if line.startswith("Downloading") and (match := BAR.search(line))]


def test_the_bar_follows_the_bytes(router, liar, certificate, image):
    """The server goes on only when the terminal shows what has come: also what came just before the silence."""
    data = image()
    step = len(data) // 4
    gates = Gates(head(len(data)) + data[:step], [data[at:at + step] for at in range(step, 3 * step, step)] + [data[3 * step:]])
    server = liar(gates)
    terminal = Terminal(words(router.adopted().trust(certificate.cert), f"https://localhost:{server.port}/i",
                              "--source-stall-timeout=60"), 80)
    for shown in (23, 48, 73):
        terminal.until(lambda lines: any(percent >= shown for percent in percents(lines)))
        assert max(percents(terminal.lines())) <= shown + 2  # no more was sent
        gates.open()
    assert terminal.end() == 0, terminal.said
    assert percents(terminal.lines())[-1] == 100
    assert any(line.startswith("Verifying slots [") for line in terminal.lines())
    for line in terminal.lines():
        if match := BAR.search(line):
            filled, percent = match[1].count("#") / len(match[1]), int(match[2]) / 100
            assert abs(filled - percent) < 0.06, line


@pytest.mark.parametrize("columns", [200, 80, 60, 40, 20])
def test_speed_and_time_left_in_any_width(router, liar, certificate, image, columns):
    data = image(host=False)
    server = liar([head(len(data)) + data])
    terminal = Terminal(words(router.adopted().trust(certificate.cert), f"https://localhost:{server.port}/i",
                              f"--source-max-speed={len(data)}"), columns)
    assert terminal.end() == 0, terminal.said
    lines = [line for line in terminal.lines() if line.startswith("Downloading image")]
    assert len(lines) > 3 and all(len(line) < columns for line in lines)
    assert any(BAR.search(line) for line in lines) == (columns >= 60)
    told = [SPEED.search(line) for line in lines if SPEED.search(line)]
    assert bool(told) == (columns >= 40)
    for speed in told:  # the limit, which a full buffer at the start may pass
        assert 0 < float(speed[1]) * {"K": 1 << 10, "M": 1 << 20}[speed[2]] < 2 * len(data)
    assert any(LEFT.search(line) for line in lines) == (columns >= 60)


def test_a_new_width_is_seen_at_once(router, liar, certificate, image):
    data = image()
    step = len(data) // 2
    gates = Gates(head(len(data)) + data[:step], [data[step:]])
    server = liar(gates)
    terminal = Terminal(words(router.adopted().trust(certificate.cert), f"https://localhost:{server.port}/i",
                              "--source-stall-timeout=60"), 80)
    terminal.until(lambda lines: max(percents(lines), default=0) >= 48)
    fcntl.ioctl(terminal.main, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    before = len(terminal.said)
    gates.open()
    assert terminal.end() == 0
    shown = [line for line in re.split(r"\r\n|\r|\n", terminal.said[before:]) if "%" in line]
    assert shown and all(len(line.removesuffix("\x1b[K")) < 30 for line in shown)


def test_ctrl_c_ends_the_bar_and_says_what_is_left(router, liar, certificate, image):
    data = image()
    server = liar([head(len(data)) + data[:len(data) // 2], HANG])
    terminal = Terminal(words(router.adopted().trust(certificate.cert), f"https://localhost:{server.port}/i",
                              "--source-stall-timeout=60"), 80)
    terminal.until(lambda lines: max(percents(lines), default=0) >= 48)
    terminal.type(b"\x03")
    assert terminal.end() == 42
    said = next(line for line in terminal.lines() if "stopped by the operator" in line)
    assert said.startswith("tandem: ") or said.startswith("error"), said
    assert "Downloading" not in said


# ---- not for a terminal ----------------------------------------------------------------------------------------------

def slow_download(router, liar, certificate, image, *before, **streams):
    data = image()
    server = liar([head(len(data)) + data])
    router.adopted().trust(certificate.cert)
    command = words(router, f"https://localhost:{server.port}/i", f"--source-max-speed={len(data) // 2}")
    return data, [str(word) for word in [command[0], *before, *command[1:]]]


def test_a_file_gets_one_line_a_phase(router, liar, certificate, image):
    _, command = slow_download(router, liar, certificate, image)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["Downloading image", "Verifying slots"]


def test_json_lines_say_the_same_even_on_a_terminal(router, liar, certificate, image):
    data, command = slow_download(router, liar, certificate, image, "--json")
    terminal = Terminal(command, 80)
    assert terminal.end() == 0
    assert "\x1b" not in terminal.said and not re.search(r"\r(?!\n)", terminal.said)
    events = [json.loads(line) for line in terminal.said.splitlines()[:-1]]
    fetched = [event for event in events if event.get("phase") == "fetch"]
    assert [event["done"] for event in fetched] == sorted(event["done"] for event in fetched)
    assert fetched[-1]["done"] == fetched[-1]["total"] == len(data)
    assert fetched[-1].get("seconds_left", 0) == 0
    under_way = [event for event in fetched if "rate" in event and event["done"] < event["total"]]
    assert under_way
    for event in under_way:
        left = event["total"] - event["done"]
        assert (event["seconds_left"] - 1) * event["rate"] < left <= event["seconds_left"] * event["rate"]


@pytest.mark.parametrize("kind, option", [("dumb", []), ("xterm", ["--quiet"])])
def test_no_bar(router, liar, certificate, image, kind, option, monkeypatch):
    _, command = slow_download(router, liar, certificate, image, *option)
    monkeypatch.setitem(os.environ, "TERM", kind)
    terminal = Terminal.__new__(Terminal)
    terminal.said = ""
    terminal.main, side = pty.openpty()
    terminal.process = subprocess.Popen(command, stdin=side, stdout=side, stderr=side)
    os.close(side)
    assert terminal.end() == 0
    assert "%" not in terminal.said and "\x1b" not in terminal.said
    assert ("Downloading image" in terminal.said) == (not option)
