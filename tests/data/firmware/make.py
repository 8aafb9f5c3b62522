#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the sample firmware that the demo, the tests and the benchmarks use.

    .venv/bin/python tests/data/firmware/make.py build/samples

Leaves RCP build directories as ESP-IDF lays them out, two versions of each, and host images:

    OUT/<chip>/<size>-<n>/     chip esp32h2, esp32c6; size small (about 20 KB), large (about 250 KB); n 1 (older), 2
        bootloader/bootloader.bin  partition_table/partition-table.bin  esp_ot_rcp.bin  flash_args  rcp_version
    OUT/host/esp32s3-<n>.bin   an ESP32-S3 border router application, 1.5 MB
    OUT/host/linux-<n>.img     an opaque file of 1.5 MB
    OUT/samples.json           every build: directory, chip, version text, sizes, deflate ratios

The code is generated, compiled for rv32imac and converted by esptool, so it is machine code in valid ESP images; it
is the same at every run with the same tools. Version 1 spells its flash_args options with underscores, version 2
with dashes. Nothing is done when the tools and this recipe have not changed since the last run.
"""

import concurrent.futures
import datetime
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import codegen
import espfiles

HERE = Path(__file__).resolve().parent
GCC = "riscv64-unknown-elf-gcc"
CFLAGS = ("-march=rv32imac -mabi=ilp32 -Os -std=c11 -ffreestanding -fno-builtin -fno-common -ffunction-sections "
          "-fno-ident -w").split()
HOST_BYTES = 1536 * 1024
RATIO = (0.60, 0.70)          # deflated size / size of an application, as of real firmware


@dataclass(frozen=True)
class Chip:
    name: str
    flash_freq: str
    flash_size: str
    boot_code: int            # where the bootloader's code is loaded: high in RAM, out of the application's way


@dataclass(frozen=True)
class Size:
    name: str
    ram_modules: int          # modules whose code runs from RAM
    flash_modules: int
    low: int                  # accepted bytes of esp_ot_rcp.bin
    high: int


@dataclass(frozen=True)
class Release:
    number: int
    idf_hash: str
    ot_hash: str
    when: str
    idf: str
    dash: str                 # how flash_args spells its options


CHIPS = (Chip("esp32h2", "48m", "2MB", 0x40838000), Chip("esp32c6", "80m", "4MB", 0x40868000))
SIZES = (Size("small", 1, 1, 16 * 1024, 24 * 1024), Size("large", 6, 21, 225 * 1024, 275 * 1024))
RELEASES = (Release(1, "7a3f0c5", "2e8d41b", "2026-03-02 08:41:17", "v5.4.1", "_"),
            Release(2, "1021229", "b678a4f", "2026-07-23 13:06:47", "v5.4.2", "-"))
BOOT_MODULES = 2
PARTITIONS = [(1, 2, 0x9000, 0x6000, "nvs"), (1, 1, 0xF000, 0x1000, "phy_init"), (0, 0, 0x10000, 0x100000, "factory")]

APP_LD = """
ENTRY(call_start)
SECTIONS {{
    .iram0.text 0x40800000 : {{ *ram_*.o(.text .text.*) . = ALIGN(4); }}
    .dram0.data : {{ *(.data .data.* .sdata*) . = ALIGN(4); }}
    .dram0.bss (NOLOAD) : {{ *(.bss .bss.* .sbss*) }}
    {flash}
    /DISCARD/ : {{ *(.comment) *(.riscv.attributes) *(.eh_frame*) *(.note*) }}
}}
"""
# The large application has its constants on pages of their own, as ESP-IDF links it; the small one fits one page.
APP_FLASH = {
    "large": """.flash.text 0x42000020 : { *(.text .text.*) . = ALIGN(4); }
    .flash.appdesc 0x42040020 : { *(.rodata.descriptor) *(.rodata .rodata.* .srodata*) . = ALIGN(4); }""",
    "small": """.flash.appdesc 0x42000020 : { *(.rodata.descriptor) *(.rodata .rodata.* .srodata*)
        *(.text .text.*) . = ALIGN(4); }""",
}
BOOT_LD = """
ENTRY(call_start)
SECTIONS {{
    .dram0.bootdesc 0x{data:08x} : {{ *(.rodata.descriptor) }}
    .dram0.rodata : {{ *(.rodata .rodata.* .srodata* .data .data.* .sdata*) . = ALIGN(4); }}
    .dram0.bss (NOLOAD) : {{ *(.bss .bss.* .sbss*) }}
    .iram.text 0x{code:08x} : {{ *(.text .text.*) . = ALIGN(4); }}
    /DISCARD/ : {{ *(.comment) *(.riscv.attributes) *(.eh_frame*) *(.note*) }}
}}
"""


def run(command: list[str], cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"make.py: {' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def version_text(chip: Chip, size: Size, release: Release) -> str:
    """What the radio answers and rcp_version holds; two spaces before the date, as ESP-IDF writes it."""
    ot_hash = release.ot_hash if size.name == "large" else release.ot_hash[::-1]
    return f"openthread-esp32/{release.idf_hash}-{ot_hash}; {chip.name};  {release.when} UTC"


def c_bytes(name: str, data: bytes) -> str:
    return (f'const unsigned char {name}[{len(data)}] __attribute__((aligned(4), section(".rodata.{name}"))) = '
            f"{{{','.join(map(str, data))}}};\n")


class Workshop:
    """Generates and compiles C files below one folder, each only once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.pool = concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count())
        self.jobs: dict[str, concurrent.futures.Future] = {}

    def compile(self, name: str, text: str) -> str:
        if name not in self.jobs:
            (self.folder / f"{name}.c").write_text(text)
            command = [GCC, *CFLAGS, "-c", f"{name}.c", "-o", f"{name}.o"]
            self.jobs[name] = self.pool.submit(run, command, self.folder)
        return f"{name}.o"

    def modules(self, prefix: str, count: int, flavour) -> tuple[list[str], list[str]]:
        """Objects, and one function of each module. `flavour(i)` names what module i differs by."""
        objects, entries = [], []
        for index in range(count):
            name = f"{prefix}{index:02d}"
            module = codegen.Module(name, f"{name}/{flavour(index)}", entries[-3:])
            text = module.text()
            objects.append(self.compile(f"{name}_{flavour(index)}", text))
            entries.append(module.functions[-1])
        return objects, entries

    def link(self, name: str, script: str, objects: list[str]) -> Path:
        for job in self.jobs.values():
            job.result()
        (self.folder / f"{name}.ld").write_text(script)
        run([GCC, "-march=rv32imac", "-mabi=ilp32", "-nostdlib", "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments",
             "-T", f"{name}.ld", "-o", f"{name}.elf", *objects, "-lgcc"], self.folder)
        return self.folder / f"{name}.elf"


def convert(chip: Chip, elf: Path, out: Path, extra: list[str]) -> None:
    run([sys.executable, "-m", "esptool", "--chip", chip.name, "elf2image", "--flash-mode", "dio", "--flash-freq",
         chip.flash_freq, "--flash-size", chip.flash_size, "--min-rev-full", "0", "--max-rev-full", "99", *extra,
         "-o", str(out.resolve()), str(elf)], elf.parent)


def make_app(shop: Workshop, chip: Chip, size: Size, release: Release, out: Path) -> None:
    # An update changes some modules and leaves most as they were; each chip has a driver module of its own.
    def flavour(index: int) -> str:
        return f"r{release.number}" if index % 8 == 0 else "common"

    ram, ram_entries = shop.modules("ram_", size.ram_modules, lambda index: chip.name if index == 0 else "common")
    flash, entries = shop.modules("flash_", size.flash_modules, flavour)
    when = datetime.datetime.fromisoformat(release.when)
    text = version_text(chip, size, release)
    name = f"{chip.name}_{size.name}_{release.number}"
    descriptor = espfiles.app_descriptor("esp_ot_rcp", release.idf_hash, when, release.idf)
    data = c_bytes("descriptor", descriptor) + c_bytes("version_text", text.encode() + b"\0")
    objects = [shop.compile(f"{name}_descriptor", data),
               shop.compile(f"ram_start_{size.name}", codegen.startup(ram_entries + entries)), *ram, *flash]
    elf = shop.link(name, APP_LD.format(flash=APP_FLASH[size.name]), objects)
    convert(chip, elf, out, ["--elf-sha256-offset", "0xb0"])


def make_bootloader(shop: Workshop, chip: Chip, release: Release, out: Path) -> None:
    objects, entries = shop.modules(f"boot_{chip.name}_", BOOT_MODULES, lambda i: f"r{release.number}" if i else "common")
    name = f"boot_{chip.name}_{release.number}"
    descriptor = espfiles.bootloader_descriptor(1, release.idf, release.when)
    objects += [shop.compile(f"{name}_descriptor", c_bytes("descriptor", descriptor)),
                shop.compile(f"boot_{chip.name}_start", codegen.startup(entries))]
    elf = shop.link(name, BOOT_LD.format(data=chip.boot_code - 0x4000, code=chip.boot_code), objects)
    convert(chip, elf, out, [])


def flash_args(chip: Chip, release: Release) -> str:
    d = release.dash
    return (f"--flash{d}mode dio --flash{d}freq {chip.flash_freq} --flash{d}size {chip.flash_size}\n"
            "0x0 bootloader/bootloader.bin\n0x10000 esp_ot_rcp.bin\n0x8000 partition_table/partition-table.bin\n")


def ratio(path: Path) -> float:
    data = path.read_bytes()
    return len(zlib.compress(data, 9)) / len(data)


def judge(size: Size, build: Path) -> None:
    """Refuses a sample that is not like real firmware: such a sample would make every measurement wrong."""
    app = build / "esp_ot_rcp.bin"
    if not size.low <= app.stat().st_size <= size.high:
        sys.exit(f"make.py: {app} has {app.stat().st_size} bytes, wanted {size.low} to {size.high}: change the modules")
    if not RATIO[0] <= ratio(app) <= RATIO[1]:
        sys.exit(f"make.py: {app} deflates to {ratio(app):.1%}, wanted {RATIO[0]:.0%} to {RATIO[1]:.0%}: change codegen.py")
    if (build / "bootloader/bootloader.bin").stat().st_size > 0x8000:
        sys.exit(f"make.py: the bootloader in {build} is longer than its 32 KiB of flash")


def make_build(shop: Workshop, chip: Chip, size: Size, release: Release, out: Path) -> dict:
    """One RCP build directory. Returns its row of samples.json."""
    build = out / chip.name / f"{size.name}-{release.number}"
    (build / "bootloader").mkdir(parents=True)
    (build / "partition_table").mkdir()
    make_bootloader(shop, chip, release, build / "bootloader/bootloader.bin")
    make_app(shop, chip, size, release, build / "esp_ot_rcp.bin")
    (build / "partition_table/partition-table.bin").write_bytes(espfiles.partition_table(PARTITIONS))
    (build / "flash_args").write_text(flash_args(chip, release))
    (build / "rcp_version").write_text(version_text(chip, size, release))
    judge(size, build)
    files = ("bootloader/bootloader.bin", "partition_table/partition-table.bin", "esp_ot_rcp.bin")
    return {"dir": f"{chip.name}/{build.name}", "chip": chip.name, "size": size.name, "release": release.number,
            "version": version_text(chip, size, release),
            "bytes": {name: (build / name).stat().st_size for name in files},
            "deflate": {name: round(ratio(build / name), 3) for name in files}}


def make_hosts(out: Path) -> None:
    (out / "host").mkdir(parents=True)
    for number in (1, 2):
        image = espfiles.host_image(f"esp32s3-{number}", f"v1.{number}.0", HOST_BYTES)
        (out / f"host/esp32s3-{number}.bin").write_bytes(image)
        blob = b"hsqs" + espfiles.filler(f"linux-{number}", HOST_BYTES - 4)
        (out / f"host/linux-{number}.img").write_bytes(blob)


def recipe_key() -> str:
    """Changes with anything that may change a byte: this recipe, the compiler, esptool."""
    digest = hashlib.sha256()
    for path in sorted(HERE.glob("*.py")) + [HERE / "requirements.txt"]:
        digest.update(path.read_bytes())
    for command in ([GCC, "--version"], [sys.executable, "-m", "esptool", "version"]):
        digest.update(subprocess.run(command, capture_output=True, check=True).stdout)
    return digest.hexdigest()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: make.py OUTDIR")
    out = Path(sys.argv[1]).resolve()
    if shutil.which(GCC) is None:
        sys.exit(f"make.py: {GCC} is not installed: run scripts/setup")
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out.parent / f".{out.name}.lock", "w") as lock:      # two test runs may ask at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(out)


def make(out: Path) -> None:
    key, stamp = recipe_key(), out / ".stamp"
    if stamp.exists() and stamp.read_text() == key:
        return
    fresh = Path(tempfile.mkdtemp(prefix=out.name + ".", dir=out.parent))
    try:
        with tempfile.TemporaryDirectory() as work:
            shop = Workshop(Path(work))
            builds = [make_build(shop, chip, size, release, fresh)
                      for chip in CHIPS for size in SIZES for release in RELEASES]
        make_hosts(fresh)
        (fresh / "samples.json").write_text(json.dumps(builds, indent=1) + "\n")
        (fresh / ".stamp").write_text(key)
        fresh.chmod(0o755)
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


if __name__ == "__main__":
    main()
