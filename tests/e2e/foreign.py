# SPDX-License-Identifier: Apache-2.0
"""A radio chip that is not tandem-sim: a ROM loader and a co-processor in plain Python, with other manners.

Made from the protocols' facts without a look at sim/, so that product and simulator cannot share a misreading.

    with Chip(tmp_path, Manners(latency=0.1)) as chip:
        chip.port       for [radio] port: socket://..., or a pty with Manners(pty=True)
        chip.lines      for [radio] lines: control:SOCKET
        chip.flash      bytearray of 4 MB; firmware in it answers with the version text found in it
        chip.heard      names of the loader's commands and of the radio's properties, in order
        chip.rates      {"loader": rates that data blocks came at, "radio": rates that questions came at}, on a pty

Manners are the freedoms that real chips take; each default is the polite one.
"""

import contextlib
import hashlib
import os
import re
import selectors
import socket
import struct
import termios
import threading
import time
import tty
from collections import deque
from dataclasses import dataclass

FLASH_SIZE = 4 << 20
SECTOR = 4096
RATES = {getattr(termios, name): int(name[1:]) for name in dir(termios) if re.fullmatch(r"B[1-9]\d+", name)}

CHIPS = {  # id, word at 0x40001000, eFuse words of the address, SPI controller, RDID
    "esp32h2": (16, 0xD7B73E80, 0x600B0844, 0x60003000, 0x1640C8),
    "esp32c6": (13, 0x2CE0806F, 0x600B0844, 0x60003000, 0x1640EF),
}
MAC_LOW, MAC_HIGH, EUI64 = 0xF9F72CA2, 0xFFFE6055, bytes.fromhex("6055f9fffef72ca2")

APP_TEXT = b"ESP-ROM:other\r\nrst:0x1 (POWERON),boot:0xc (SPI_FAST_FLASH_BOOT)\r\nload:0x408460e0,len:0x17ac\r\n"
LOADER_TEXT = b"ESP-ROM:other\r\nrst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n"
STALE = [b"\x05\xff\xff", b"\x06\x31\x64", b"\x00\x34\x32", b"\x00\x00\x00"]
ODD_PIECES = (1, 2, 3, 5, 8, 13, 21)


@dataclass
class Manners:
    chip: str = "esp32h2"
    pty: bool = False
    latency: float = 0.0           # seconds, each way
    pieces: tuple = (4096,)        # sizes of the writes that a reply comes in, in turn
    stale: bool = False            # leftovers in value words and behind the status byte
    marks: int = 1                 # C0 before and after each frame
    text_between: bytes = b""      # comes after the first reply to a SYNC
    knows_security: bool = True    # else GET_SECURITY_INFO is an unknown command, refused in another's name
    starts_in_loader: bool = False
    boot_is_wired: bool = True
    version: str = ""              # "": as in the flash
    protocol: tuple = (4, 3)       # of Spinel
    shell: bytes = b""             # the firmware is no radio's: whatever it hears, it prints this
    caps: tuple = (5, 12, 24, 34, 513, 64, 65, 518)
    refuses: tuple = ()            # properties that it does not know
    chatter: bool = False          # log frames, other interfaces' frames and line noise between answers
    notice: bool = True            # tells of its reset


def slip(packet: bytes, marks: int) -> bytes:
    body = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" * marks + body + b"\xc0" * marks


def fcs16(data: bytes) -> int:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF


def hdlc(payload: bytes) -> bytes:
    body = payload + struct.pack("<H", fcs16(payload))
    return b"\x7e" + b"".join(bytes([0x7D, b ^ 0x20]) if b in b"\x7e\x7d\x11\x13\xf8" else bytes([b])
                              for b in body) + b"\x7e"


def packed(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def unpacked(data: bytes) -> tuple[int, bytes]:
    number = shift = 0
    for used, byte in enumerate(data, 1):
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, data[used:]
    raise ValueError(data)


class Rom:
    """Commands in, replies out: a list of byte strings, each a frame or text."""

    def __init__(self, chip: "Chip"):
        self.chip, self.manners = chip, chip.manners
        self.id, self.magic, self.efuse, self.spi, self.rdid = CHIPS[self.manners.chip]
        self.regs, self.value, self.last, self.turn = {}, 0, 8, 0
        self.size, self.at, self.number = 2 << 20, 0, 0
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        out = []
        self.rest += data
        while (start := self.rest.find(b"\xc0")) >= 0 and (end := self.rest.find(b"\xc0", start + 1)) >= 0:
            body, self.rest = self.rest[start + 1:end], self.rest[end + (end > start + 1):]
            if body:
                out += self.command(body.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))
        return out

    def reply(self, op: int, reason: int = 0, data: bytes = b"") -> bytes:
        self.turn += 1
        left = STALE[self.turn % len(STALE)] if self.manners.stale else bytes(3)
        status = bytes([1, reason]) + left[1:] if reason else b"\0" + left
        return slip(struct.pack("<BBHI", 1, op, len(data) + 4, self.value) + data + status, self.manners.marks)

    def command(self, frame: bytes) -> list[bytes]:
        if len(frame) < 8 or frame[0] != 0:
            return [self.reply(self.last, 5)]
        op, check, data = frame[1], struct.unpack_from("<I", frame, 4)[0], frame[8:]
        run = getattr(self, f"op_{op:02x}", None)
        if run is None or (op == 0x14 and not self.manners.knows_security):
            return [self.reply(self.last, 5)]
        self.last = op
        self.chip.heard.append(run.__doc__)
        words = struct.unpack(f"<{len(data) // 4}I", data[:len(data) & ~3])
        answer = run(words, data, check)
        if op not in (0x08, 0x0A):
            self.value = self.value if self.manners.stale else 0
        return answer if isinstance(answer, list) else [self.reply(op, *answer)]

    def op_08(self, *_):
        "sync"
        self.value = 0x20120707
        replies = [self.reply(8) for _ in range(8)]
        return [replies[0], self.manners.text_between, *replies[1:]]

    def op_09(self, words, *_):
        "write_reg"
        for address, value, mask, _ in zip(*[iter(words)] * 4):
            self.regs[address] = self.regs.get(address, 0) & ~mask | value & mask
            if address == self.spi and self.regs[address] & 1 << 18:
                self.regs[address] &= ~(1 << 18)
                if self.regs.get(self.spi + 0x20, 0) & 0xFF == 0x9F:
                    self.regs[self.spi + 0x58] = self.rdid
        return (0,)

    def op_0a(self, words, *_):
        "read_reg"
        fixed = {0x40001000: self.magic, self.efuse: MAC_LOW, self.efuse + 4: MAC_HIGH}
        self.value = fixed.get(words[0], self.regs.get(words[0], 0))
        return (0,)

    def op_0b(self, words, *_):
        "spi_set_params"
        self.size = words[1]
        return (0,)

    def op_0d(self, words, data, *_):
        "spi_attach"
        return (0,) if len(data) == 8 else (5,)

    def op_0f(self, words, *_):
        "change_baudrate"
        return [self.reply(0x0F), b"\xc0\xc0"] if words[1] == 0 else [self.reply(0x0F, 5)]

    def op_13(self, words, *_):
        "md5"
        if words[0] + words[1] > self.size:
            return 9, bytes(32)
        return 0, hashlib.md5(self.chip.flash[words[0]:words[0] + words[1]]).hexdigest().encode()

    def op_14(self, *_):
        "security_info"
        return 0, struct.pack("<IB7xII", 0, 0, self.id, 0)

    def op_02(self, words, *_):
        "begin"
        if len(words) != 5 or words[2] > 4096:
            return (5,)
        size, _, _, self.at, _ = words
        self.number = 0
        if self.at % SECTOR or self.at + size > self.size:
            return (6,)
        end = (self.at + size + SECTOR - 1) // SECTOR * SECTOR
        self.chip.flash[self.at:end] = b"\xff" * (end - self.at)
        return (0,)

    def op_03(self, words, data, check):
        "data"
        length, number, block = words[0], words[1], data[16:]
        total = 0xEF
        for byte in block:
            total ^= byte
        if number != self.number or length != len(block) or length % 4:
            return (5,)
        self.number += 1
        if check != total:
            return (7,)
        for index, byte in enumerate(block):
            self.chip.flash[self.at + index] &= byte
        self.at += length
        self.chip.note_rate("loader")
        return (0,)


class Radio:
    def __init__(self, chip: "Chip"):
        self.chip, self.manners, self.rest = chip, chip.manners, b""
        found = re.search(rb"[ -~]*/[ -~]*; esp32[ -~]*(?=\0)", chip.flash[0x10000:])
        self.version = self.manners.version.encode() or (found.group() if found else b"")

    def start(self) -> list[bytes]:
        if not self.version:
            return [b"invalid header: 0xffffffff\r\n"]
        return [hdlc(b"\x80\x06\x00\x70")] if self.manners.notice else []

    def feed(self, data: bytes) -> list[bytes]:
        if self.manners.shell:
            return [self.manners.shell]
        out = []
        *frames, self.rest = (self.rest + data).split(b"\x7e")
        for frame in frames:
            plain = re.sub(rb"\x7d(.)", lambda m: bytes([m.group(1)[0] ^ 0x20]), frame, flags=re.DOTALL)
            if self.version and len(plain) > 3 and plain[-2:] == struct.pack("<H", fcs16(plain[:-2])):
                out += self.frame(plain[:-2])
        return out

    def value_of(self, number: int) -> bytes | None:
        values = {1: bytes(self.manners.protocol), 2: self.version + b"\0", 3: b"\x03",
                  5: b"".join(map(packed, self.manners.caps)), 8: EUI64, 176: b"\x0b", 177: b"\x04", 4619: packed(0xFF)}
        return None if number in self.manners.refuses else values.get(number)

    def frame(self, frame: bytes) -> list[bytes]:
        header = frame[0]
        if header & 0xC0 != 0x80 or header & 0x30:  # another interface's: not ours to answer
            return []
        command, rest = unpacked(frame[1:])
        self.chip.note_rate("radio")
        if command == 1:
            self.chip.heard.append("reset")
            return [hdlc(b"\x80\x06\x00\x70")]
        if command != 2:
            return [hdlc(bytes([header]) + b"\x06\x00" + packed(5))]
        number, _ = unpacked(rest)
        self.chip.heard.append(f"property {number}")
        value = self.value_of(number)
        answer = packed(number) + value if value is not None else b"\x00\x0d"
        return [*self.chatter(header, number), hdlc(bytes([header]) + b"\x06" + answer)]

    def chatter(self, header: int, number: int) -> list[bytes]:
        """In front of an answer: what hosts must pass over."""
        if not self.manners.chatter:
            return []
        return [b"\x00\xff~~",                                                   # noise, and empty frames
                hdlc(b"\x80\x06\x70" + b"[D] log text, " * 20),                  # STREAM_DEBUG
                hdlc(bytes([header | 0x30]) + b"\x06" + packed(number) + b"no"),  # the same question on interface 3
                hdlc(b"\x80\x06\x74" + b"metadata\0\x04\x00\x00"),               # STREAM_LOG
                hdlc(bytes([header]) + b"\x06" + packed(number) + b"bad")[:-2] + b"\x55\x7e",
                hdlc(b"\x80\x06" + packed(15372) + b"vendor")]                   # a notice of a vendor's


class Chip:
    def __init__(self, folder, manners: Manners, flash: bytes = b""):
        self.folder, self.manners = folder, manners
        self.flash = bytearray(flash.ljust(FLASH_SIZE, b"\xff"))
        self.heard, self.rates = [], {"loader": set(), "radio": set()}
        self.pins = {"reset": 0, "boot": int(manners.starts_in_loader)}
        self.mind, self.line, self.peers = None, None, selectors.DefaultSelector()
        self.incoming, self.outgoing = deque(), deque()

    def note_rate(self, who: str) -> None:
        if self.manners.pty:
            self.rates[who].add(RATES[termios.tcgetattr(self.slave)[4]])

    def boot(self) -> None:
        in_loader = self.pins["boot"] if self.manners.boot_is_wired else self.manners.starts_in_loader
        self.mind = Rom(self) if in_loader else Radio(self)
        self.say([LOADER_TEXT] if in_loader else [APP_TEXT, *self.mind.start()])

    def say(self, frames: list[bytes]) -> None:
        data, pieces, turn = b"".join(frames), self.manners.pieces, 0
        while data:
            size = pieces[turn % len(pieces)]
            self.outgoing.append((time.monotonic() + self.manners.latency, data[:size]))
            data, turn = data[size:], turn + 1

    def pin(self, line: bytes) -> bytes:
        name, level = line.decode().split()
        was, self.pins[name] = self.pins[name], int(level)
        if name == "reset" and level == "1":
            self.mind = None
            self.incoming.clear()
        if name == "reset" and was and level == "0":
            self.boot()
        return b"ok\n"

    def press(self, *lines: str) -> None:
        with socket.socket(socket.AF_UNIX) as hand:
            hand.connect(str(self.folder / "pins"))
            for line in lines:
                hand.sendall(line.encode() + b"\n")
                assert hand.recv(16) == b"ok\n"

    def __enter__(self) -> "Chip":
        self.control = socket.socket(socket.AF_UNIX)
        self.control.bind(str(self.folder / "pins"))
        self.control.listen()
        self.peers.register(self.control, selectors.EVENT_READ, self.accept_control)
        self.lines = f"control:{self.folder / 'pins'}"
        if self.manners.pty:
            self.master, self.slave = os.openpty()
            tty.setraw(self.slave)
            self.port, self.line = os.ttyname(self.slave), self.master
            self.peers.register(self.master, selectors.EVENT_READ, self.take_line)
        else:
            self.server = socket.create_server(("127.0.0.1", 0))
            self.port = f"socket://127.0.0.1:{self.server.getsockname()[1]}"
            self.peers.register(self.server, selectors.EVENT_READ, self.accept_line)
        self.stop_here, self.stop_there = socket.socketpair()
        self.peers.register(self.stop_there, selectors.EVENT_READ, None)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop_here.send(b"x")
        self.thread.join(timeout=10)
        for key in list(self.peers.get_map().values()):
            os.close(key.fd) if isinstance(key.fileobj, int) else key.fileobj.close()
        self.peers.close()
        self.stop_here.close()
        if self.manners.pty:
            os.close(self.slave)
        assert not self.thread.is_alive()

    def run(self) -> None:
        self.boot()
        while True:
            now = time.monotonic()
            while self.incoming and self.incoming[0][0] <= now:
                data = self.incoming.popleft()[1]
                self.say(self.mind.feed(data) if self.mind else [])
            while self.outgoing and self.outgoing[0][0] <= now:
                self.put(self.outgoing.popleft()[1])
            due = [queue[0][0] for queue in (self.incoming, self.outgoing) if queue]
            for key, _ in self.peers.select(max(0.0, min(due) - now) if due else None):
                if key.data is None:
                    return
                key.data(key.fileobj)

    def put(self, piece: bytes) -> None:
        with contextlib.suppress(OSError):
            if isinstance(self.line, int):
                os.write(self.line, piece)
            elif self.line:
                self.line.sendall(piece)

    def accept_line(self, server) -> None:
        if self.line:
            self.peers.unregister(self.line)
            self.line.close()
        self.line, _ = server.accept()
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers.register(self.line, selectors.EVENT_READ, self.take_line)

    def take_line(self, line) -> None:
        try:
            data = os.read(line, 4096) if isinstance(line, int) else line.recv(4096)
        except OSError:
            data = b""
        if data:
            self.incoming.append((time.monotonic() + self.manners.latency, data))
        elif not isinstance(line, int):
            self.peers.unregister(line)
            line.close()
            self.line = None

    def accept_control(self, server) -> None:
        peer, _ = server.accept()
        self.peers.register(peer, selectors.EVENT_READ, self.take_control)

    def take_control(self, peer) -> None:
        lines = peer.recv(256)
        if not lines:
            self.peers.unregister(peer)
            peer.close()
            return
        for line in lines.splitlines():
            peer.sendall(self.pin(line))
