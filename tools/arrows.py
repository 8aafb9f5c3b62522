#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that dependencies only go down.

    tools/arrows.py [ROOT]        prints every include or call that breaks a rule; ends with 1 when there is one
    tools/arrows.py --self-test   plants each kind of violation in a small tree and sees that it is found

The tables below are the rules. A file belongs to a room; a room has a layer; a file includes its own room and
lower layers. Rooms of one layer do not include each other.
"""

import re
import sys
import tempfile
from pathlib import Path

# Layer of a room in src/ and of a public header in include/tandem/. A name in both is one room.
LAYERS = {
    0: ("base", "err", "log", "sink"),
    1: ("hal", "flash", "host", "serial", "lines", "clock", "http", "crypto", "copies", "deflate", "health"),
    2: ("image", "slip", "hdlc"),
    3: ("fetch", "judge", "slot", "esprom", "spinel", "history"),
    4: ("install", "reconcile"),
}
PORT_LAYER = 1
# Public headers of a room that has another name.
ROOM_OF_HEADER = {"manifest": "image"}
# Files of an engine that only decide: they take no port, so they count as layer 2 whatever their room.
PURE_FILE = re.compile(r"_(frame|packet|record|state|chip)\.[ch]$")
# Headers of the C library that any freestanding or small embedded library has.
CORE_HEADERS = {"assert.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
                "stdnoreturn.h", "string.h"}
CORE_NEVER_CALLS = {"malloc", "calloc", "realloc", "free", "alloca", "printf", "fprintf", "puts", "abort", "exit",
                    "sprintf", "snprintf", "vsnprintf", "strcpy", "strcat", "strdup", "setjmp", "longjmp"}
# Highest layer that a part of the repository outside the core may see; None: everything. Tests see everything.
OUTSIDE = {"ports": 1, "sim": 2, "apps": None}
# What a part may include of the other parts outside the core.
OUTSIDE_SEES = {"ports": {"ports"}, "sim": {"sim", "ports"}, "apps": {"apps", "ports"}}

LAYER_OF = {room: layer for layer, rooms in LAYERS.items() for room in rooms}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CALL = re.compile(r"\b([a-z_]\w*)\s*\(")
PORT = re.compile(r"\bstruct (tdm_(?:flash|host|serial|lines|clock|http|crypto|deflate|health))\b")
COMMENT_OR_STRING = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


class File:
    """Where a file stands: its part of the repository, its room and its layer (None outside the core)."""

    def __init__(self, path: Path):
        parts = path.parts
        self.path, self.part = path, parts[0]
        self.room = parts[1] if self.part == "src" and len(parts) > 2 else None
        if self.part == "include":
            self.room = ROOM_OF_HEADER.get(path.stem, path.stem)
        self.layer = LAYER_OF.get(self.room)
        if self.part == "src" and self.layer is not None and PURE_FILE.search(path.name):
            self.layer = min(self.layer, 2)

    @property
    def is_core(self) -> bool:
        return self.part in ("src", "include")


def resolve(root: Path, source: Path, name: str) -> Path | None:
    """The repository's file that an include names, or None for a header of a library."""
    for folder in (source.parent, Path("src"), Path("include"), Path("ports"), Path("sim"), Path("apps/tandem"), Path(".")):
        candidate = root / folder / name
        if candidate.is_file():
            return candidate.resolve().relative_to(root.resolve())
    return None


def judge_core(source: File, target: File) -> str | None:
    """Why a core file may not include this file of ours, or None."""
    if not target.is_core:
        return "the core includes nothing outside src/ and include/"
    if source.part == "include" and target.part == "src":
        return "a public header includes only public headers"
    if target.layer is None:
        return f"no layer is known for {target.path}: add its room to tools/arrows.py"
    if source.room == target.room:
        if target.layer > source.layer and target.part == "src":
            return "the deciding files of a room do not include its doing files"
        return None
    if source.layer == 2 and target.layer == PORT_LAYER:
        return "layer 2 takes no port"
    if target.layer > source.layer:
        return f"the arrow goes up, from layer {source.layer} to layer {target.layer}"
    if target.layer == source.layer and source.layer >= 2:
        return f"siblings of layer {source.layer} do not include each other"
    return None


def judge_outside(source: File, target: File) -> str | None:
    """Why a file of ports/, sim/ or apps/ may not include this file of ours, or None."""
    if target.part == "tests":
        return "only tests include tests"
    if not target.is_core:
        return None if target.part in OUTSIDE_SEES[source.part] else f"{source.part}/ does not see {target.part}/"
    highest = OUTSIDE[source.part]
    if highest is not None and target.layer is not None and target.layer > highest:
        return f"{source.part}/ sees layers 0 to {highest}, this is layer {target.layer}"
    return None


def check_file(root: Path, path: Path) -> list[str]:
    source, found = File(path), []
    if source.is_core and source.layer is None:
        return [f"{path}:1: no layer is known for this room: add it to tools/arrows.py"]
    text = (root / path).read_text()
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match is None:
            continue
        reason = judge_include(root, source, match[1], match[2])
        if reason:
            found.append(f"{path}:{number}: includes {match[2]}: {reason}")
    return found + (judge_text(source, text) if source.is_core else [])


def judge_include(root: Path, source: File, bracket: str, name: str) -> str | None:
    target = resolve(root, source.path, name)
    if target is not None and name not in CORE_HEADERS:
        return judge_core(source, File(target)) if source.is_core else judge_outside(source, File(target))
    if source.is_core and (bracket == '"' or name not in CORE_HEADERS):
        return "the core uses no such header"
    return None


def judge_text(source: File, text: str) -> list[str]:
    """What a core file says that it must not say."""
    found = []
    plain = COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for number, line in enumerate(plain.splitlines(), 1):
        found += [f"{source.path}:{number}: calls {match[1]}(): the core has no heap, no streams, no unbounded strings, "
                  "no exit" for match in CALL.finditer(line) if match[1] in CORE_NEVER_CALLS]
        if source.layer == 2:
            found += [f"{source.path}:{number}: names struct {match[1]}: layer 2 takes no port"
                      for match in PORT.finditer(line)]
    return found


def check(root: Path) -> tuple[int, list[str]]:
    files = sorted(path.relative_to(root) for part in ("include", "src", "ports", "sim", "apps")
                   for path in (root / part).rglob("*.[ch]") if "esp-idf" not in path.parts)
    return len(files), [line for path in files for line in check_file(root, path)]


# Self-test: file, its text, and the words of the objection; None where there must be none.
PLANTED = [
    ("src/slot/slot_store.c", '#include <tandem/flash.h>\n#include "slot/slot_record.h"\n#include <string.h>', None),
    ("src/install/install.c", '#include <tandem/judge.h>\n#include "slot/slot_store.h"', None),
    ("src/slot/slot_writer.c", "/* malloc() is not for us */ const char *s = \"free(\";", None),
    ("sim/sim_radio.c", '#include "hdlc/hdlc.h"\n#include <stdio.h>', None),
    ("apps/tandem/main.c", '#include "linux/tandem_linux.h"\n#include <tandem/install.h>\n#include <stdio.h>', None),
    ("src/base/bytes.c", '#include "hal/hal.h"', "goes up, from layer 0 to layer 1"),
    ("src/judge/judge.c", "#include <tandem/install.h>", "goes up, from layer 3 to layer 4"),
    ("src/image/image_parser.c", "#include <tandem/flash.h>", "layer 2 takes no port"),
    ("src/slot/slot_record.c", "#include <tandem/flash.h>", "layer 2 takes no port"),
    ("src/slot/slot_state.c", '#include "slot/slot_store.h"', "deciding files"),
    ("src/slot/slot_record.c", "#include <tandem/slot.h>", None),
    ("src/slot/slot_record.c", "int slot_read(struct tdm_flash *f);", "names struct tdm_flash"),
    ("src/slip/slip.c", '#include "hdlc/hdlc.h"', "siblings of layer 2"),
    ("src/judge/judge.c", '#include "slot/slot_store.h"', "siblings of layer 3"),
    ("src/install/install.c", "#include <tandem/reconcile.h>", "siblings of layer 4"),
    ("include/tandem/slot.h", '#include "base/bytes.h"', "only public headers"),
    ("src/hal/hal.c", '#include "linux/tandem_linux.h"', "nothing outside"),
    ("src/fetch/fetch.c", "#include <unistd.h>", "no such header"),
    ("src/fetch/fetch.c", '#include "curl/curl.h"', "no such header"),
    ("src/fetch/fetch.c", "void *p = malloc(3);", "calls malloc()"),
    ("src/spinel/spinel_link.c", "int n = snprintf (b, 3, x);", "calls snprintf()"),
    ("src/novel/novel.c", "int x;", "no layer is known"),
    ("ports/linux/http_curl.c", '#include "image/image_parser.h"', "sees layers 0 to 1"),
    ("sim/sim_radio.c", "#include <tandem/esprom.h>", "sees layers 0 to 2"),
    ("apps/tandem/main.c", '#include "../../sim/sim_radio.h"', "does not see sim/"),
    ("sim/sim_radio.c", '#include "tests/support/fake.h"', "only tests"),
]
BYSTANDERS = ["include/tandem/flash.h", "include/tandem/judge.h", "include/tandem/install.h", "include/tandem/esprom.h",
              "include/tandem/reconcile.h", "include/tandem/slot.h", "src/base/bytes.h", "src/hal/hal.h", "src/hdlc/hdlc.h",
              "src/image/image_parser.h", "src/slot/slot_record.h", "src/slot/slot_store.h",
              "ports/linux/tandem_linux.h", "sim/sim_radio.h", "tests/support/fake.h"]


def self_test() -> list[str]:
    wrong = []
    for name, text, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for other in [*BYSTANDERS, name]:
                (root / other).parent.mkdir(parents=True, exist_ok=True)
                (root / other).write_text(text if other == name else "")
            found = check(root)[1]
        right = found == [] if expected is None else len(found) == 1 and expected in found[0]
        if not right:
            wrong.append(f"self-test: {name} with {text!r}: wanted {expected!r}, got {found}")
    return wrong


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        wrong = self_test()
        print("\n".join(wrong) or f"arrows: all {len(PLANTED)} planted cases judged rightly")
        return 1 if wrong else 0
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    count, found = check(root)
    if count == 0:
        found = [f"arrows: no C files below {root}"]
    print("\n".join(found) or f"arrows: {count} files, every include goes down")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
