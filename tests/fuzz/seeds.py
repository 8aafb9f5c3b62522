#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes first inputs for the fuzz targets, from tests/data and docs/FORMAT.md.   usage: tests/fuzz/seeds.py FOLDER

FOLDER/TARGET/ gets files in the shape that fuzz_TARGET.c describes at its head. Nothing here is needed to find something:
good inputs only save the fuzzer the time to make them up. What they are made from is looked for by name, so that they cannot
go stale unnoticed; that they are taken is a test (replay.c).
"""

import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
DATA = REPO / "tests" / "data"
CONFIG = REPO / "apps" / "tandem" / "config.c"
FORMAT = (REPO / "docs" / "FORMAT.md").read_text()


def examples() -> dict[str, bytes]:
    """The worked examples of docs/FORMAT.md that are written as bytes."""
    found = {}
    for name, block in re.findall(r"<!-- example: (.+?) -->\n```\n(.*?)```", FORMAT, re.S):
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


def longest(said: list[bytes]) -> list[bytes]:
    return sorted(said, key=len)[-20:]


def unslip(wire: bytes) -> list[bytes]:
    return [f.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb") for f in wire.split(b"\xc0") if f]


def unhdlc(wire: bytes) -> list[bytes]:
    frames = [re.sub(rb"\x7d(.)", lambda m: bytes([m[1][0] ^ 0x20]), f, flags=re.S) for f in wire.split(b"\x7e")]
    return [f[:-2] for f in frames if len(f) > 2]


def answers(kind: int, said: list[bytes]) -> bytes:
    return b"".join(bytes([kind, len(s)]) + s for s in said if len(s) < 256)


class Record:
    """A sealed record as its tables in docs/FORMAT.md lay it out, its contents all zero until they are set."""

    def __init__(self, title: str):
        chapter = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", FORMAT, re.S | re.M)[1]
        magic, version, length = re.search(r"frame: `([0-9a-f ]+)`, version (\d+), length (\d+)", chapter).groups()
        self.bytes = bytearray(bytes.fromhex(magic) + struct.pack("<HH", int(version), int(length)))
        self.bytes += bytes(int(length) - len(self.bytes))
        rows = re.findall(r"^\| (\d+) \| (\d+) \| ([^|]+) \|$", chapter, re.M)
        self.fields, inner = [(int(at), int(size), what) for at, size, what in rows], 0
        for n, (at, _, _) in enumerate(self.fields):
            inner = n if at == 0 else inner
        self.fields, self.inner = self.fields[:inner] or self.fields, self.fields[inner:]

    def place(self, name: str, of: str = "") -> tuple[int, int]:
        """Offset and size of the field whose words begin like that; `of` a field of slots: in its contents."""
        if of:
            at, _ = self.place(of)
            inner, size = find(self.inner, name)
            return at + inner, size
        return find(self.fields, name)

    def set(self, name: str, value: int | bytes, of: str = "") -> "Record":
        at, size = self.place(name, of)
        value = value.to_bytes(size, "little") if isinstance(value, int) else value.ljust(size, b"\0")
        assert len(value) == size, name
        self.bytes[at:at + size] = value
        return self

    def sealed(self, sequence: int) -> bytes:
        whole = bytes(self.bytes[:8]) + struct.pack("<I", sequence) + bytes(self.bytes[12:-4])
        return whole + struct.pack("<I", zlib.crc32(whole))


def find(fields: list[tuple[int, int, str]], name: str) -> tuple[int, int]:
    found = [(at, size) for at, size, what in fields if what.startswith(name)]
    assert len(found) == 1, f"docs/FORMAT.md: {len(found)} fields {name!r}"
    return found[0]


def slot_record() -> list[bytes]:
    """A router that was never updated, and one whose new pair waits to be switched to; as they are, and to be sealed."""
    first, staged = Record("Record"), Record("Record")
    for record in (first, staged):
        for name in ("host A: its bundle", "host B: its bundle", "pair to go back to: host", "pair to go back to: bundle"):
            record.set(name, 0xFF)
    first.set("state", 4, of="host A: contents")
    for slot, state in (("host A", 4), ("host B", 2), ("r0", 4), ("r1", 2)):
        of = f"{slot}: contents"
        staged.set("state", state, of).set("image id", slot.encode() * 4, of).set("version text", b"radio/1.0", of)
        staged.set("counter", 7, of).set("issued", 1_000_000_000, of).set("stored bytes", 4096, of)
        staged.set("SHA-256", bytes(range(32)), of).set("flag: signed", 1, of)
    for row, slot in enumerate("AB"):
        staged.set(f"host {slot}: its bundle", row).set(f"host {slot}: version", b"1.4.0").set(f"host {slot}: Spinel", 11)
    staged.set("counter floor", 5).set("time floor", 900_000_000).set("last result: 0 none", 1)
    staged.set("8 refused images", b"\x01" * 32 + b"condemned".ljust(48, b"\0"))
    a, b = first.sealed(1), staged.sealed(2)
    return [bytes([mode, 1, 2]) + x + y for mode in (0, 3, 5, 11) for x, y in ((a, a), (b, b))] + [bytes([0, 1, 2]) + b]


def journal() -> list[bytes]:
    """Claims that can be and cannot be, in all places, and beside one that is true."""
    claims = []
    for rcp, host, total, host_at, offset in ((0, 0, 20000, 9000, 4096), (1, 255, 9000, 9000, 8192), (255, 1, 9000, 400, 4496),
                                              (2, 0, 9, 9, 9), (0, 0, 2 ** 63, 1, 2 ** 62)):
        claim = Record("Download journal").set("RCP slot", rcp).set("host slot", host).set("length of the image", total)
        claims.append(claim.set("where its host part", host_at).set("how many of its first bytes", offset).sealed(1))
    return [bytes([seals]) + a + b + claims[0] for seals in (0x00, 0x07, 0x3F, 0x47) for a in claims for b in claims[:2]]


def history() -> list[bytes]:
    entries = []
    for number, (code, reason) in enumerate(((1, b""), (2, b"the radio stays silent"), (4, b"x")), 1):
        entry = Record("History").set("result", code).set("seconds", 1_700_000_000 + number).set("reason", reason)
        entries.append(entry.set("image id", bytes([number]) * 32).set("version", b"radio/1.0; esp32h2").sealed(number))
    return [bytes([seals]) + b"".join(entries) for seals in (0, 0x0F, 0x05)]


def boot_record() -> list[bytes]:
    record = Record("Boot record").set("host slot to boot", 1).set("starts that the trial", 1).set("starts that the loader", 2)
    return [bytes([mode]) + record.sealed(1) + record.sealed(2) for mode in (0, 3, 8, 13)]


def images(ex: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in ex.items() if data[:1] in (b"\xff", b"\xfe")}


def radio_only(pair: bytes) -> bytes:
    """The same parts without the host's: a table of 72 bytes, every offset 12 less."""
    rows = [struct.unpack_from("<III", pair, 12 * i) for i in range(6)]
    table = struct.pack("<III", 0xFF, 72, 0) + b"".join(struct.pack("<III", t, s, o - 12) for t, s, o in rows[1:])
    return table + pair[84:rows[5][1] + rows[5][2]]


def esprom_link() -> list[bytes]:
    """A ROM that answers aptly to its end, or up to a point; in what it does then, it is of all kinds."""
    heads = [bytes([chip, block]) + struct.pack("<H", size) for chip in (0, 1) for block in (0, 1) for size in (300, 1100)]
    others = (b"", b"\x04" * 9, b"\x05\x06", b"\x03" * 4, b"\x00\x01\xc0", b"\x01\x04abcd")
    return [head + b"\x06" * 80 for head in heads] + [heads[0] + b"\x06" * n + other + b"\x06" * 40
                                                       for n in (0, 1, 2, 6, 20, 30, 36, 40) for other in others]


def spinel_probe(value_frames: list[bytes]) -> list[bytes]:
    by_property = {f[2]: f[3:] for f in value_frames if len(f) > 3 and f[1] == 6 and f[2] < 0x80}
    version = b"RADIO/1.0; ESP32H2\0"
    caps = b"\x22\x81\x04\x40\x41"
    in_order = [by_property.get(1, b"\x04\x03"), by_property.get(2, version), by_property.get(5, caps),
                by_property.get(8, bytes(8)), b"\x0b", b"\x04", b"\x01"]
    whole = answers(2, in_order)
    return [bytes([effort]) + whole for effort in range(4)] + [b"\0" + answers(2, [b"\x04\x03", version, caps] + in_order[3:])]


POLICIES = ((0, 0), (0x01, 0), (0x01, 0x30), (0x39, 0x32), (0x79, 0x3D), (0xC3, 0x70))


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


def trust() -> list[bytes]:
    """Certificates with the names that people give them, and what is none. Made anew: nothing is kept but their form."""
    def make(*words: str) -> bytes:
        call = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null", "-days", "9"]
        return subprocess.run([*call, *words], capture_output=True, check=True).stdout
    one = make("-subj", "/CN=updates.example", "-addext", "subjectAltName=DNS:updates.example,IP:10.0.0.1,IP:fd00::1")
    two = make("-subj", "/O=A, B/CN=\u00e9\x07", "-utf8")
    return [one, one + b"\nplain text\n" + two, one + one, one[:200], two.replace(b"CERT", b"SHERT")]


def urls() -> list[bytes]:
    return [b"https://updates.example/a/image?x=1#y", b"http://User:pa%40ss@Host.Example:8080/%20a@b", b"https://[fe80::1%25eth0]:4433/",
            b"https://a@b@c/", b"file:///etc/passwd", b"https://x:99999/", b"//x/y", b"HTTPS://u@1.2.3/../../a"]


def http() -> list[bytes]:
    ok = b"HTTP/1.1 200 OK\r\n"
    return [b"\0" + answer for answer in (
        ok + b"Content-Length: 5\r\n\r\nhello", ok + b"\r\nno length", b"HTTP/1.0 404 No\r\n\r\n",
        ok + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
        ok + b"Content-Encoding: gzip\r\n\r\nx", b"HTTP/1.1 100 Continue\r\n\r\n" + ok + b"Content-Length: 9\r\n\r\nhell",
        b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-4/9\r\n\r\nhello")] + [bytes([ask]) + head + answer
            for ask in (1, 2, 3) for head in (b"HTTP/1.1 206 Partial\r\n", ok) for answer in (
                b"ETag: \"v1\"\r\nContent-Range: bytes 3-6/9\r\nContent-Length: 4\r\n\r\nloth",
                b"Content-Range: bytes 3-8/9\r\n\r\nlo the", b"Content-Range: bytes 0-3/*\r\nContent-Length: 4\r\n\r\nhell",
                b"Content-Type: multipart/byteranges; boundary=x\r\n\r\n--x")] + [
                    b"\1HTTP/1.1 416 No\r\nContent-Range: bytes */2\r\n\r\n", b"\3HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\n\r\n"]


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
    """Every key with the value it has without a file, and with others, which not all of them take."""
    table = re.search(r"^static const struct config_key keys\[\] = \{\n(.*?)^\};", CONFIG.read_text(), re.S | re.M)[1]
    keys = re.findall(r'^    \{"([a-z]+)", "([a-z0-9-]+)", .*?, "([^"]*)",', table, re.M)
    assert len(keys) == table.count("    {\"") > 50, f"{CONFIG}: {len(keys)} keys found"
    files = [b"[trust]\nuse-system = yes ; remark\n"]
    for other in (None, "1", "2M", "manual", "a b, c"):
        lines = [f"[{section}]\n{key} = {value if other is None else other}\n" for section, key, value in keys]
        files.append("".join(lines).encode())
        files += [line.encode() for line in lines[:: 7 if other is None else 5]]
    return files


def manifest_structs(signed: dict[str, bytes]) -> list[bytes]:
    """The statement of the pair as fuzz_manifest_write takes a struct, behind eight cells."""
    cells = b"".join(bytes([8 - i]) * 8 + b"\x01" + bytes([i + 1]) * 64 for i in range(8))
    pair = signed["pair"][153:]
    sides = b"".join(pair[at:at + 1] + pair[at + 2:at + 12] for at in (128, 140))
    return [cells + count + pair[8:128] + sides + b"\x05" + pair[152:312] + tail
            for tail in (b"\x03abc\0", b"\0\x02de\x03\0\x01\0f") for count in (pair[6:7], b"\x08")]


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
    apps = [data for data in ex.values() if data[:1] == b"\xe9"]
    seeds = {
        "image": [b"\x10" + data for data in whole.values()],
        "judge": [bytes([0x93, f, p, h]) + data for data in whole.values() for f in facts for p, h in POLICIES],
        "manifest": manifests(signed),
        "keys": keys(),
        "install": [bytes([mode, 40]) + data for data in whole.values() for mode in (0x80, 0xC0, 0x20, 0x90, 0xD0, 0x98)],
        "esp_app": [b"\x90" + data for data in apps + [data[:23] + b"\0" + data[24:-32] for data in apps]],
        "partition_table": [b"\x90" + data[:160] for data in ex.values() if data[:2] == b"\xaa\x50"],
        "flash_args": [
            b"\x01--flash-size 2MB\n0x0 bootloader/b.bin\n0x10000 a.bin\n0x8000 partition-table.bin\n",
            b"\0" + struct.pack("<10I", 0x200000, 80, 3072, 96, 2, 0x1000, 4, 0x10000, 3, 0x8000)],
        "framing": [b"\x20" + s for s in rom[:40] + radio[:40]],
        "esprom_packet": [bytes([n]) + f for s in rom[:60] + longest(rom) for f in unslip(s)[:1] for n in (0, 20, 32)] +
                         [b"\0" + s[:400] for s in captured("rom", "<") if b"boot:" in s],
        "esprom_link": esprom_link() + [b"\0\0\x10\0" + answers(0, rom[:12])],
        "spinel_frame": radio_frames[:60],
        "spinel_probe": spinel_probe(radio_frames) + [b"\x01" + answers(0, radio[:8]), b"\x02" + answers(1, radio_frames[:8])],
        "slot_record": slot_record(),
        "history": history(),
        "journal": journal(),
        "boot_record": boot_record(),
        "uboot": uboot(),
        "http": http(),
        "trust": trust(),
        "url": urls(),
        "config": config(),
        "manifest_write": manifest_structs(signed),
        "rfc2217": rfc2217(),
        "semver": semver(),
    }
    return seeds


def main() -> None:
    folder = Path(sys.argv[1])
    for target, inputs in collect().items():
        assert inputs, f"no seeds for {target}"
        (folder / target).mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(inputs):
            (folder / target / f"seed-{i}").write_bytes(data)


if __name__ == "__main__":
    main()
