# SPDX-License-Identifier: Apache-2.0
"""Download, judge, store in two slots, sync: beside what curl does with the same file, server and disk.

    scripts/bench download [--sizes 2M,256M,2G] [--runs 5] [--dir FOLDER] [--plain] [--check] [--quick]

Three ways take the same image from one nginx (TLS, loopback) in turn, run after run; medians are shown:

    tandem         `tandem ota download --stage-only`; the clock stops when both slots are synced, and the reading back
                   of them through the judge that follows is shown apart
    curl, digest   `curl URL | openssl dgst -sha256`
    curl, file     `curl -o FILE URL && sync FILE`

Then: what is fetched when the radio's half is unchanged, and when the image is installed already.

--plain takes images without manifest. --check ends with 1 when a target is missed. --quick takes small sizes and one run:
nothing is asked of its speeds. What is not a matter of time must hold in every run: the digest of the slots, the bytes
that the server sent, the memory.
Storage and image lie in FOLDER (a new one below TMPDIR), which needs four times the largest size.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

E2E = Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(E2E))
from conftest import REPO, make_certificate, make_samples  # noqa: E402
from manifest import Key  # noqa: E402
from router_config import router_config  # noqa: E402
from test_https import run_nginx  # noqa: E402

MIB = 1 << 20
WAYS = ("tandem", "curl, digest", "curl, file")
SLOWER, FASTER = 0.85, 0.70         # of the slower and of the faster of the other two
MEMORY_MAX = 20 * MIB
MEMORY_SAME = MIB                   # the sizes may differ by so much: pages are counted, not bytes
SENT_MORE = 16 * 1024               # than the image: its front may come twice
INSTALLED_MAX = 16 * 1024           # fetched of an image that runs already
UNCHANGED_MORE = 1.01               # of host part and front, when the radio's half is there
STATED = ["--compatible", "bench,router", "--pair-version", "1.0.0", "--counter", 1, "--radio-api", "11:4"]
HOST_STATED = ["--host-api", "11:4", "--host-kind", "opaque"]


class Wrong(Exception):
    """Not a matter of time, and not as it has to be."""


def must(condition, what: str) -> None:
    if not condition:
        raise Wrong(what)


def size_of(text: str) -> int:
    return int(text[:-1]) * {"K": 1 << 10, "M": MIB, "G": 1 << 30}[text[-1]]


@dataclass
class Row:
    """What one size took."""
    size: int
    seconds: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    reread: list[float] = field(default_factory=list)
    memory: int = 0

    def median(self, way: str) -> float:
        return statistics.median(self.seconds[way])

    def speed(self, way: str) -> float:
        return self.size / MIB / self.median(way)

    @property
    def ratios(self) -> tuple[float, float]:
        """Tandem's speed in parts of the slower and of the faster of the other two."""
        others = sorted(self.speed(way) for way in WAYS[1:])
        return self.speed("tandem") / others[0], self.speed("tandem") / others[1]


# ---- the router ------------------------------------------------------------------------------------------------------

def fill(path: Path, size: int) -> None:
    """A slot as a router has it: its blocks are there."""
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            file.write(b"\xff" * min(MIB, size - at))
        os.fsync(file.fileno())


class Bench:
    def __init__(self, folder: Path, build_dir: Path, is_plain: bool):
        self.folder, self.tandem, self.is_plain = folder, build_dir / "bin/tandem", is_plain
        self.router, self.www, self.log = folder / "router", folder / "www", folder / "access.log"
        for path in (self.router, self.www, folder / "keys"):
            path.mkdir()
        self.certificate = make_certificate(folder)
        self.rcp = make_samples(Path(os.environ.get("TANDEM_SAMPLES", REPO / "build/samples"))).build("esp32h2", "large").dir
        key = Key.new()
        (folder / "key.pem").write_bytes(key.private_pem)
        (folder / "keys/key.pem").write_bytes(key.public_pem)

    def command(self, *words) -> list[str]:
        return [str(word) for word in (self.tandem, "--config", self.router / "tandem.conf", "--json", *words)]

    def run(self, *words) -> dict:
        done = subprocess.run(self.command(*words), capture_output=True, text=True)
        must(done.returncode == 0, f"`{' '.join(map(str, words))}` fails: {done.stdout or done.stderr}")
        return json.loads(done.stdout)

    def configure(self, size: int, has_keys: bool) -> None:
        images = f"[images]\nkeys = {self.folder}/keys\n" if has_keys else ""
        (self.router / "tandem.conf").write_text(
            router_config(self.router, "true", slot_size=f"{-(-size // MIB)}M", rcp_size="2M") + images)

    def begin(self, size: int) -> None:
        """Image and router for this size: one that was never updated."""
        shutil.rmtree(self.router)
        self.router.mkdir()
        self.configure(size, not self.is_plain)
        (self.router / "running").write_text("A\n")
        (self.router / "host-a").write_bytes(b"the host that runs\n" * 1000)
        for name, length in (("host-b", -(-size // MIB) * MIB), ("rcp-0", 2 * MIB), ("rcp-1", 2 * MIB)):
            fill(self.router / name, length)
        self.run("trust", "add", self.certificate.cert)
        self.pack(size)

    def pack(self, size: int) -> None:
        host = self.folder / "host.img"
        bundle = sum(path.stat().st_size for path in self.rcp.rglob("*.bin"))
        with host.open("wb") as file:
            for at in range(0, size - bundle, MIB):
                file.write(os.urandom(min(MIB, size - bundle - at)))
        stated = [] if self.is_plain else [*STATED, *HOST_STATED, "--sign", self.folder / "key.pem"]
        self.run("image", "create", "--rcp-build-dir", self.rcp, "--br-firmware", host, "--target-file", self.www / "image", *stated)
        with host.open("rb") as file:
            self.host_size, self.host_digest = host.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
        host.unlink()

    # ---- what must hold whatever the time

    def check_slot(self) -> None:
        digest, left = hashlib.sha256(), self.host_size
        with (self.router / "host-b").open("rb") as file:
            while left > 0 and (data := file.read(min(MIB, left))):
                digest.update(data)
                left -= len(data)
        must(digest.hexdigest() == self.host_digest, "the host slot does not hold the host part")

    def sent(self, by: str = "") -> int:
        """Bytes of bodies that the server has sent since the last question. by: a file of a server that still runs. It is
        one thread and logs each answer before it begins the next: so one more answer says that the others are logged."""
        if by:
            subprocess.run(["curl", "-sSk", "-I", "-o", "/dev/null", by], check=True)
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return sum(int(line.split('" ')[1].split()[1]) for line in lines)

    # ---- the ways

    def take(self, way: str, url: str, row: Row) -> None:
        os.sync()
        if way == "tandem":
            self.stage(url, row)
        else:
            began = time.monotonic()
            fetch = f"curl -sS --fail --cacert {self.certificate.cert}"
            what = f"{fetch} {url} | openssl dgst -sha256 >/dev/null"
            if way == "curl, file":
                what = f"{fetch} -o {self.folder}/file {url} && sync {self.folder}/file"
            subprocess.run(["bash", "-c", "set -o pipefail; " + what], check=True)
            row.seconds[way].append(time.monotonic() - began)
        (self.folder / "file").unlink(missing_ok=True)

    def stage(self, url: str, row: Row) -> None:
        self.sent(by=url)
        began = time.monotonic()
        process = subprocess.Popen(self.command("ota", "download", "--stage-only", url), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        status, synced, memory, said = Path(f"/proc/{process.pid}/status"), 0.0, 0, []
        for line in process.stderr:
            now, event = time.monotonic(), json.loads(line)
            said.append(line)
            if event.get("phase") == "verify":
                synced = synced or now
                memory = max(memory, peak(status))
        out = process.stdout.read()
        ended = time.monotonic()
        must(process.wait() == 0 and synced > 0, f"the download fails: {out}{''.join(said)}")
        size = (self.www / "image").stat().st_size
        must(0 <= self.sent(by=url) - size <= SENT_MORE, "the server sent more than the image, or less")
        row.seconds["tandem"].append(synced - began)
        row.reread.append(ended - synced)
        row.memory = max(row.memory, memory)
        self.check_slot()
        self.run("ota", "cancel")

    def fetched(self, name: str, code: str = "") -> int:
        """By a download of this file, which ends so."""
        with run_nginx(self.folder / f"nginx-{name}-{code}", self.www, self.certificate, f"access_log {self.log};") as server:
            self.log.write_text("")
            done = subprocess.run(self.command("ota", "download", "--stage-only", f"{server}/{name}"), capture_output=True,
                                  text=True)
            said = json.loads(done.stdout).get("error", {}).get("code", "")
            must(said == code, f"the download of {name} ends with {said or 'success'}: {done.stdout}")
        return self.sent()

    def only_what_differs(self, size: int) -> list[tuple[str, int, int]]:
        """Rows: what, bytes that the server sent, at most."""
        self.begin(size)
        self.configure(size, has_keys=False)  # the build that the radio came with is not signed
        self.run("rcp", "adopt", self.rcp)
        self.configure(size, has_keys=True)
        front = self.run("image", "info", self.www / "image")["bundle_size"] - sum(
            path.stat().st_size for path in self.rcp.rglob("*.bin"))
        rows = [("radio's half unchanged", self.fetched("image"), int((self.host_size + front) * UNCHANGED_MORE))]
        self.check_slot()
        self.run("ota", "cancel")
        self.run("image", "create", "--rcp-build-dir", self.rcp, "--target-file", self.www / "radio", *STATED, "--sign",
                 self.folder / "key.pem")
        self.run("rcp", "adopt", self.www / "radio")
        return [*rows, ("installed already", self.fetched("radio", "already_installed"), INSTALLED_MAX)]

    def measure(self, size: int, runs: int) -> Row:
        self.begin(size)
        row = Row((self.www / "image").stat().st_size)
        self.log.touch()
        with run_nginx(self.folder / f"nginx-{size}", self.www, self.certificate, f"access_log {self.log};") as server:
            for way in WAYS:  # not counted: record and journal are made, the file is in the server's memory
                self.take(way, f"{server}/image", Row(row.size))
            for turn in range(runs):
                for i in range(len(WAYS)):
                    self.take(WAYS[(turn + i) % len(WAYS)], f"{server}/image", row)
        return row


def peak(status: Path) -> int:
    """Peak resident bytes; 0 for a process that has just gone."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


# ---- the tables ------------------------------------------------------------------------------------------------------

def show(row: Row) -> str:
    slower, faster = row.ratios
    speeds = "".join(f"{row.speed(way):>14.0f}" for way in WAYS)
    reread = row.size / MIB / statistics.median(row.reread)
    return f"{row.size / MIB:>9.1f}{speeds}{slower:>11.2f}{faster:>11.2f}{reread:>10.0f}{row.memory / MIB:>10.1f}"


def report(rows: list[Row], runs: int) -> None:
    print(f"download, judge, two slots, synced: MiB/s, medians of {runs}")
    print(f"{'image MiB':>9}" + "".join(f"{way:>14}" for way in WAYS) +
          f"{'of slower':>11}{'of faster':>11}{'re-read':>10}{'peak MiB':>10}")
    for row in rows:
        print(show(row))
    for row in rows:
        if not is_met(row):
            print(f"{row.size / MIB:.0f} MiB: below the aim, {SLOWER} of the slower and {FASTER} of the faster")


def report_bytes(rows: list[tuple[str, int, int]]) -> None:
    print(f"\n{'only what differs':<24}{'sent':>12}{'at most':>12}")
    for what, sent, most in rows:
        print(f"{what:<24}{sent:>12}{most:>12}")
    for what, sent, most in rows:
        must(sent <= most, f"{what}: {sent} bytes were sent")


def is_met(row: Row) -> bool:
    slower, faster = row.ratios
    return slower >= SLOWER and faster >= FASTER


def check_memory(rows: list[Row]) -> None:
    most, least = max(row.memory for row in rows), min(row.memory for row in rows)
    must(0 < least and most < MEMORY_MAX, f"{most / MIB:.1f} MiB of memory")
    must(most - least <= MEMORY_SAME, f"memory grows with the image, from {least / MIB:.1f} to {most / MIB:.1f} MiB")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench download")
    parser.add_argument("--sizes", default="2M,256M,2G")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--check", action="store_true", help="ends with 1 when a target is missed")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(words)
    if options.quick:
        options.sizes, options.runs = "2M,16M", 1
    build_dir = Path(os.environ.get("TANDEM_BUILD_DIR", REPO / "build")).resolve()
    folder = Path(tempfile.mkdtemp(prefix="tandem-bench-", dir=options.dir))
    try:
        bench = Bench(folder, build_dir, options.plain)
        rows = [bench.measure(size_of(text), options.runs) for text in options.sizes.split(",")]
        report(rows, options.runs)
        check_memory(rows)
        if not options.plain:
            report_bytes(bench.only_what_differs(4 * MIB))
    except Wrong as wrong:
        print(f"bench: {wrong}")
        return 1
    finally:
        shutil.rmtree(folder)
    return 0 if all(map(is_met, rows)) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
