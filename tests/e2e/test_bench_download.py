# SPDX-License-Identifier: Apache-2.0
"""scripts/bench download --quick runs, and what is no matter of time is right: bytes, memory, contents. It fails otherwise."""

import os
import re
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def release_build(repo, build_dir):
    """A sanitizer's memory is not the product's."""
    for build in (build_dir, repo / "build"):
        cache = build / "CMakeCache.txt"
        if (build / "bin/tandem").exists() and cache.exists() and "TANDEM_SANITIZE:BOOL=ON" not in cache.read_text():
            return build
    pytest.skip("only a build with sanitizers is there")


def test_tables(repo, release_build, samples, tmp_path):
    done = subprocess.run([sys.executable, repo / "scripts/bench", "download", "--quick", "--dir", tmp_path],
                          capture_output=True, text=True, timeout=240,
                          env={**os.environ, "TANDEM_BUILD_DIR": str(release_build), "TANDEM_SAMPLES": str(samples.root)})
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if re.match(r" +\d", line)]
    assert [float(row[0]) for row in rows] == [2.0, 16.0] and all(len(row) == 8 for row in rows)
    assert all(float(cell) > 0 for row in rows for cell in row)
    sent = {line[:24].strip(): [int(cell) for cell in line[24:].split()]
            for line in done.stdout.split("only what differs")[1].splitlines()[1:]}
    assert set(sent) == {"radio's half unchanged", "installed already"}
    assert all(0 < was <= most for was, most in sent.values())
    assert list(tmp_path.iterdir()) == []
