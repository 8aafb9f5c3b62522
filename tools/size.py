#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds the core alone for two microcontrollers and prints how much code and RAM each room takes.

    tools/size.py [BUILD_DIR]     default build-size; ends with 1 when an object has RAM of its own (.data or .bss),
                                  or needs more of the C library than memory and string functions

Code is what lies in flash: instructions and constants, before the linker drops what a product does not use. The
stack column is the largest frame of one function (callees not added).
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
TARGETS = {"rv32imac": "riscv64-unknown-elf-", "cortex-m4": "arm-none-eabi-"}
CODE, CONSTANTS, RAM = "code", "constants", "ram"
SECTION = re.compile(r"^(\.(?:text|rodata|srodata|data|sdata|bss|sbss)\S*)\s+(\d+)\s", re.MULTILINE)


# What the core may ask the C library and the compiler's own library for.
LIBRARY = re.compile(r"^(mem(cpy|move|set|cmp|chr)|str(n?len|n?cmp|r?chr|str|spn|cspn)|__\w+)$")


def kind_of(section: str) -> str:
    if section.startswith(".text"):
        return CODE
    return CONSTANTS if "rodata" in section else RAM


def run(*command) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"size: {' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(target: str, folder: Path) -> list[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    run("cmake", "-S", REPO, "-B", folder, "-G", "Ninja", "-DTANDEM_CORE_ONLY=ON", "-DTANDEM_WERROR=ON",
        "-DCMAKE_BUILD_TYPE=MinSizeRel", f"-DCMAKE_TOOLCHAIN_FILE={REPO}/cmake/toolchain-{target}.cmake")
    run("cmake", "--build", folder, "-j", os.cpu_count())
    return sorted((folder / "src").rglob("*.obj"))


def room_of(obj: Path) -> str:
    """CMake names an object after its source, below the library's folder: .../tandem_core.dir/<room>/<file>."""
    return obj.parent.name


def worst_frame(obj: Path) -> int:
    lines = obj.with_suffix(".su").read_text().splitlines() if obj.with_suffix(".su").exists() else []
    return max((int(line.split("\t")[1]) for line in lines), default=0)


def measure(objects: list[Path], prefix: str) -> tuple[dict, list[str]]:
    rooms, guilty = defaultdict(lambda: defaultdict(int)), []
    for obj in objects:
        room = rooms[room_of(obj)]
        for section, size in SECTION.findall(run(prefix + "size", "-A", obj)):
            room[kind_of(section)] += int(size)
            if kind_of(section) == RAM and int(size) > 0:
                guilty.append(f"{obj.name}: {section} takes {size} bytes of RAM: the core has no variables of its own")
        room["stack"] = max(room["stack"], worst_frame(obj))
    return rooms, guilty


def foreign_symbols(objects: list[Path], prefix: str) -> list[str]:
    """Names that the core needs and does not define."""
    defined, needed = set(), set()
    for line in run(prefix + "nm", *objects).splitlines():
        fields = line.split()
        if len(fields) >= 2:
            (needed if fields[-2] == "U" else defined).add(fields[-1])
    return sorted(needed - defined)


def print_table(target: str, rooms: dict) -> None:
    print(f"{target:12}{'code':>8}{'constants':>11}{'RAM':>6}{'stack':>7}")
    for name in sorted(rooms):
        room = rooms[name]
        print(f"  {name:10}{room[CODE]:8}{room[CONSTANTS]:11}{room[RAM]:6}{room['stack']:7}")
    total = {key: sum(room[key] for room in rooms.values()) for key in (CODE, CONSTANTS, RAM)}
    print(f"  {'all':10}{total[CODE]:8}{total[CONSTANTS]:11}{total[RAM]:6}{max(r['stack'] for r in rooms.values()):7}")


def main() -> int:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else REPO / "build-size")
    guilty = []
    for target, prefix in TARGETS.items():
        objects = build(target, folder / target)
        if not objects:
            sys.exit(f"size: no object files for {target} below {folder}")
        rooms, found = measure(objects, prefix)
        foreign = foreign_symbols(objects, prefix)
        found += [f"{name}() is asked of the C library" for name in foreign if not LIBRARY.match(name)]
        print_table(target, rooms)
        print(f"  from the C and compiler libraries: {' '.join(foreign)}\n")
        guilty += [f"{target}: {line}" for line in found]
    print("\n".join(guilty) or "size: the core has no variables of its own and needs no operating system")
    return 1 if guilty else 0


if __name__ == "__main__":
    sys.exit(main())
