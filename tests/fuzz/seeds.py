#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes first inputs for the fuzz targets, from tests/data and docs/FORMAT.md.   usage: tests/fuzz/seeds.py FOLDER

FOLDER/TARGET/ gets files in the shape that fuzz_TARGET.c describes at its head. Nothing here is needed to find something:
good inputs only save the fuzzer the time to make them up.
"""

import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
DATA = REPO / "tests" / "data"


def examples() -> dict[str, bytes]:
    """The worked examples of docs/FORMAT.md that are written as bytes."""
    found = {}
    text = (REPO / "docs" / "FORMAT.md").read_text()
    for name, block in re.findall(r"<!-- example: (.+?) -->\n```\n(.*?)```", text, re.S):
        digits = "".join(re.sub(r"#.*", "", line) for line in block.splitlines())
        digits = re.sub(r"([0-9a-fA-F]{2})\*(\d+)", lambda m: m[1] * int(m[2]), digits)
        try:
            found[name] = bytes.fromhex(digits)
        except ValueError:
            continue  # an example of a text
    return found


def captured(folder: str, direction: str) -> list[bytes]:
    """What one side said in each step of the captured conversations."""
    said = []
    for path in sorted((DATA / folder).iterdir()):
        if path.suffix not in (".txt", ".hex"):
            continue
        for line in path.read_text(errors="replace").splitlines():
            if line.startswith(direction) and "..." not in line:
                said.append(bytes.fromhex(line[1:]))
    return sorted({s for s in said if 0 < len(s) <= 600})


def unslip(wire: bytes) -> list[bytes]:
    return [f.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") for f in wire.split(b"\xc0") if f]


def unhdlc(wire: bytes) -> list[bytes]:
    frames = [re.sub(rb"\x7d(.)", lambda m: bytes([m[1][0] ^ 0x20]), f, flags=re.S) for f in wire.split(b"\x7e")]
    return [f[:-2] for f in frames if len(f) > 2]


def answers(kind: int, said: list[bytes]) -> bytes:
    return b"".join(bytes([kind, len(s)]) + s for s in said if len(s) < 256)


def sealed(magic: bytes, sequence: int, contents: bytes) -> bytes:
    whole = magic + struct.pack("<HHI", 1, 16 + len(contents), sequence) + contents
    return whole + struct.pack("<I", zlib.crc32(whole))


def images(ex: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in ex.items() if data[:1] in (b"\xff", b"\xfe")}


def radio_only(pair: bytes) -> bytes:
    """The same parts without the host's: a table of 72 bytes, every offset 12 less."""
    rows = [struct.unpack_from("<III", pair, 12 * i) for i in range(6)]
    table = struct.pack("<III", 0xFF, 72, 0) + b"".join(struct.pack("<III", t, s, o - 12) for t, s, o in rows[1:])
    return table + pair[84:rows[5][1] + rows[5][2]]


def esprom_link() -> list[bytes]:
    """Syncs, asks for the chip and its flash, then writes a region: all answered as an ESP32-H2 would."""
    good = lambda value, data=b"": b"\x02" + struct.pack("<IB", value, len(data)) + data
    security = struct.pack("<IB7sII", 0, 0, bytes(7), 16, 0)
    sync, fine, digest = good(0x20120707), b"\x04", b"\x03"
    head = bytes([0, 0]) + struct.pack("<H", 300)
    start = head + sync + good(0, security)
    return [start + good(0x164020) * n + fine * m + digest * 3 for n in range(2, 18, 3) for m in (0, 4, 12)]


def spinel_probe(value_frames: list[bytes]) -> list[bytes]:
    by_property = {f[2]: f[3:] for f in value_frames if len(f) > 3 and f[1] == 6 and f[2] < 0x80}
    version = b"RADIO/1.0; ESP32H2\0"
    caps = b"\x22\x81\x04\x40\x41"
    in_order = [by_property.get(1, b"\x04\x03"), by_property.get(2, version), by_property.get(5, caps),
                by_property.get(8, bytes(8)), b"\x0b", b"\x04", b"\x01"]
    whole = answers(2, in_order)
    return [bytes([effort]) + whole for effort in range(4)] + [b"\0" + answers(2, [b"\x04\x03", version, caps] + in_order[3:])]


POLICIES = ((0, 0), (0x01, 0), (0x39, 0x32), (0x79, 0x3D), (0xC3, 0x70))


def manifests(signed: dict[str, bytes]) -> list[bytes]:
    """Part 0 of the signed images behind its text's NUL, and which parts it is about."""
    found = []
    for name, sides in (("pair", 0xC0), ("radio", 0x40), ("host", 0x80)):
        if name in signed:
            size, offset = struct.unpack_from("<II", signed[name], 16)
            part = signed[name][offset:offset + size]
            body = part[part.index(b"\x9aTDM"):]
            found += [bytes([sides, key]) + body for key in (1, 0x59)]
    return found


def keys() -> list[bytes]:
    """One key, two keys, and kinds that are refused. openssl makes them anew: nothing is kept of them but their form."""
    def make(*words: str) -> bytes:
        private = subprocess.run(["openssl", *words], capture_output=True).stdout
        return subprocess.run(["openssl", "pkey", "-pubout"], input=private, capture_output=True).stdout
    p256 = [make("ecparam", "-name", "prime256v1", "-genkey", "-noout") for _ in range(2)]
    other = make("ecparam", "-name", "secp384r1", "-genkey", "-noout")
    return [p256[0], b"# a remark\n\n" + p256[0] + p256[1], p256[0] * 2, other, p256[0] + other]


def http() -> list[bytes]:
    ok = b"HTTP/1.1 200 OK\r\n"
    return [b"\0" + answer for answer in (
        ok + b"Content-Length: 5\r\n\r\nhello", ok + b"\r\nno length", b"HTTP/1.0 404 No\r\n\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        ok + b"Content-Encoding: gzip\r\n\r\nx", b"HTTP/1.1 100 Continue\r\n\r\n" + ok + b"Content-Length: 9\r\n\r\nhell",
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-4/9\r\n\r\nhello")]


def uboot() -> list[bytes]:
    texts = [b"slot=B\0upgrade_available=1\0bootcount=1\0bootlimit=3\0", b"slot=A\0", b"bootlimit=300\0slot=C\0x=\0"]
    return [bytes([mode, 1, 2]) + text.ljust(1017, b"\0") + text for text in texts for mode in (3, 7, 15)]


def rfc2217() -> list[bytes]:
    """Servers that say what the client waits for, packet by packet, and some that do not."""
    def sub(command: int, value: bytes) -> bytes:
        return b"\xff\xfa\x2c" + bytes([command]) + value.replace(b"\xff", b"\xff\xff") + b"\xff\xf0"
    rate, faster = sub(101, struct.pack(">I", 115200)), sub(101, struct.pack(">I", 921600))
    lines = sub(105, b"\x08") + sub(105, b"\x0c")
    sessions = [[b"\xff\xfd\x2c", rate, b"old" + sub(112, b"\x01") + b"new" + lines, faster, b"\xc0\xff\xff\xc0"],
                [b"\xff\xfb\x2c\xff\xfb\x01\xff\xfd\x00\xff\xfb\x03", rate, sub(108, b""), sub(109, b""), lines],
                [b"\xff\xfe\x2c"], [b"\xff\xfd\x2c", sub(101, b"\0\0")], [b"\xff\xfa\x2c" + b"x" * 40 + b"\xff\xf0"]]
    return [b"\x07" + b"".join(bytes([len(packet)]) + packet for packet in session) for session in sessions]


def config() -> list[bytes]:
    text = (REPO / "docs" / "CLI.md").read_text()
    keys = re.findall(r"^\| `([a-z0-9-]+)` \|", text, re.M)
    whole = "[radio]\nport = /dev/ttyS1\nbaud = 115200\n[slots]\nrcp-size = 2M\n[host]\nslots = no\n[boot]\nconfirm = manual\n"
    return [whole.encode(), b"[trust]\nuse-system = yes ; remark\n", ("[radio]\n" + "".join(f"{k} = 1\n" for k in keys)).encode()]


def manifest_structs(signed: dict[str, bytes]) -> list[bytes]:
    """The statement of the pair as fuzz_manifest_write takes a struct, behind eight cells."""
    cells = b"".join(bytes([8 - i]) * 8 + b"\x01" + bytes([i + 1]) * 64 for i in range(8))
    pair = signed["pair"][153:]
    sides = b"".join(pair[at:at + 1] + pair[at + 2:at + 12] for at in (128, 140))
    return [cells + pair[6:7] + pair[8:128] + sides + b"\x05" + pair[152:312] + tail
            for tail in (b"\x03abc\0", b"\0\x02de\x03\0\x01\0f")]


def semver() -> list[bytes]:
    return [b"1.0.0-alpha\0" b"1.0.0-alpha.1\0" b"1.0.0-beta.11", b"1.2.3\0" b"1.2.3-0.a-b.7\0" b"1.10.0-01",
            b"999999999.0.1\0" b"1000000000.0.0\0" b"0.0.0-999999999"]


def collect() -> dict[str, list[bytes]]:
    ex = examples()
    rom, radio = captured("rom", "<"), captured("spinel", "<")
    whole = images(ex)
    if "pair" in whole:
        whole["radio only"] = radio_only(whole["pair"])
    signed = {path.stem: path.read_bytes() for path in sorted((DATA / "manifest").glob("*.bin"))}
    whole |= signed
    radio_frames = [f for wire in radio for f in unhdlc(wire)]
    facts = (0x00, 0x01, 0x03, 0x0F, 0x21)
    record = sealed(b"TdRc", 1, bytes(1400))
    seeds = {
        "image": [b"\x10" + data for data in whole.values()],
        "judge": [bytes([0x93, f, p, h]) + data for data in whole.values() for f in facts for p, h in POLICIES],
        "manifest": manifests(signed) + [b"\x80\0" + v for v in (b"1.4.0\0001.4.0-rc.1\0001.10.0", b"0.0.0-a.1\0000.0.0-a.b\0000.0.0-1")],
        "keys": keys(),
        "install": [bytes([mode, 40]) + data for data in whole.values() for mode in (0x80, 0xC0, 0x20)],
        "esp_app": [b"\x90" + data for data in ex.values() if data[:1] == b"\xe9"],
        "partition_table": [b"\x90" + data[:160] for data in ex.values() if data[:2] == b"\xaa\x50"],
        "flash_args": [
            b"\x01--flash-size 2MB\n0x0 bootloader/b.bin\n0x10000 a.bin\n0x8000 partition-table.bin\n",
            b"\0" + struct.pack("<10I", 0x200000, 80, 3072, 96, 2, 0x1000, 4, 0x10000, 3, 0x8000)],
        "framing": [b"\x20" + s for s in rom[:40] + radio[:40]],
        "esprom_packet": [bytes([n]) + f for s in rom[:60] for f in unslip(s)[:1] for n in (0, 20, 32)] +
                         [b"\0" + s[:400] for s in captured("rom", "<") if b"boot:" in s],
        "esprom_link": esprom_link() + [b"\0\0\x10\0" + answers(0, rom[:12])],
        "spinel_frame": radio_frames[:60],
        "spinel_probe": spinel_probe(radio_frames) + [b"\x01" + answers(0, radio[:8]), b"\x02" + answers(1, radio_frames[:8])],
        "slot_record": [bytes([mode, 1, 2]) + record * 2 for mode in (0, 3, 5, 11)],
        "history": [bytes([seals]) + bytes(range(153)) * 4 for seals in (0x0F, 0x05)],
        "boot_record": [bytes([mode]) + sealed(b"TdBt", 1, bytes([1, 0, 1, 2]) + bytes(12)) * 2 for mode in (0, 3, 13)],
        "uboot": uboot(),
        "http": http(),
        "config": config(),
        "manifest_write": manifest_structs(signed),
        "rfc2217": rfc2217(),
        "semver": semver(),
    }
    return seeds


def main() -> None:
    folder = Path(sys.argv[1])
    for target, inputs in collect().items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(inputs):
            (folder / target / f"seed-{i}").write_bytes(data)


if __name__ == "__main__":
    main()
