# SPDX-License-Identifier: Apache-2.0
"""scripts/bench flash --quick runs, and what it counts is right. Nothing here looks at times."""

import json
import subprocess
import sys
import zlib

import pytest

from test_boot import regions

BLOCK, FRAME = 1024, 26                  # of the plain flasher; its marks and two heads
TARGETS = ("limit", "line time", "esptool -z", "esptool:", "5 %", "unchanged", "peak memory", "engine's state")


@pytest.fixture(scope="module")
def measured_build(repo, build_dir):
    """The release programs where there are any: a sanitizer's memory is not the product's."""
    release = repo / "build"
    return release if (release / "tests/measured").exists() and (release / "bin/tandem").exists() else build_dir


@pytest.fixture(scope="module")
def bench(repo, measured_build, samples, tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "bench.json"
    done = subprocess.run([sys.executable, repo / "scripts/bench", "flash", "--quick", "--build-dir", measured_build,
                           "--samples", samples.root, "--json", out], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads(out.read_text())


@pytest.fixture(scope="module")
def parts(samples):
    return [data for _, data in regions(samples.build("esp32h2", "small", 2))]


def session(rate, who):
    return rate["full"][who]["runs"][0]["session"]


def test_table_and_targets(bench):
    said, result = bench
    for who in ("the limit", "Tandem  ", "esptool -z", "esptool  ", "plain flasher", "Tandem, 5 %"):
        assert f"460800  {who}" in said, said
    texts = [target["text"] for target in result["targets"]]
    assert len(texts) == len(TARGETS) and all(word in text for word, text in zip(TARGETS, texts)), texts


def test_bytes_on_the_wire(bench, parts):
    rate = bench[1]["rates"][0]
    total, packed = sum(map(len, parts)), sum(len(zlib.compress(data, 9)) for data in parts)
    blocks = sum(-(-len(data) // BLOCK) for data in parts)

    plain = session(rate, "plain flasher")
    assert plain["blocks"] == blocks
    assert blocks * (BLOCK + FRAME) < plain["to_radio"] < blocks * (BLOCK + FRAME) * 1.02 + 600
    tandem = session(rate, "Tandem")
    assert packed < tandem["to_radio"] < packed * 1.03 + 3000
    assert tandem["to_radio"] < session(rate, "esptool -z")["to_radio"] < session(rate, "esptool")["to_radio"]
    assert session(rate, "esptool")["to_radio"] > total
    for who in rate["full"]:
        seen = session(rate, who)
        assert seen["line"] <= seen["seconds"] and seen["writing"] <= seen["seconds"], who


def test_only_what_differs(bench, parts):
    result = bench[1]
    rate = result["rates"][0]
    full, share = rate["full"]["Tandem"]["runs"][0], rate["share"]["runs"][0]
    assert full["report"]["flash"]["rewritten"] == sum(-(-len(data) // 4096) for data in parts)
    assert share["report"]["flash"]["rewritten"] == result["changed"] == 2
    assert (full["resets"], share["resets"]) == (2, 2)       # into the loader and out
    assert [(run["resets"], run["session"]) for run in rate["same"]] == [(0, None)]


def test_memory(bench, measured_build):
    result = bench[1]
    assert result["engine"] < 14 * 1024
    if "TANDEM_SANITIZE:BOOL=ON" in (measured_build / "CMakeCache.txt").read_text():
        pytest.skip("only a build with sanitizers is there")
    assert max(run["peak_kib"] for run in result["rates"][0]["full"]["Tandem"]["runs"]) < 16 * 1024
