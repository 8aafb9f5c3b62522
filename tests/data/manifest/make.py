#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the signed images of this folder anew.   .venv/bin/python tests/data/manifest/make.py"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))
import small_images  # noqa: E402
from manifest import Key  # noqa: E402

# The key of RFC 6979, A.2.5: everybody has it, so nobody trusts it.
KEY = Key.of_number(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)
IMAGES = {"pair.bin": small_images.pair, "radio.bin": small_images.radio_only, "host.bin": small_images.host_only}

if __name__ == "__main__":
    for name, make in IMAGES.items():
        (HERE / name).write_bytes(make(KEY).bytes)
