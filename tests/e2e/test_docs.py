# SPDX-License-Identifier: Apache-2.0
"""What the documents say about tests: each one they name exists."""

import re


def test_tests_named_in_the_manual_exist(repo):
    section = (repo / "docs/TESTING.md").read_text().split("## What a router must survive")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \|$", section, re.M)
    assert len(rows) == 15
    sources = "\n".join(path.read_text() for path in (repo / "tests").rglob("*") if path.suffix in (".c", ".py", ".txt"))
    for row in rows:
        for name in re.findall(r"`([\w.]+)`", row):
            assert re.search(rf"\b(?:def|void|int) {name}\(|add_(?:test|executable)\([^)]*{name}|^{name}", sources, re.M), name
