# SPDX-License-Identifier: Apache-2.0
"""What the documents say about tests, each other and the files here: each thing they name exists."""

import re
import subprocess
import sys
from collections import Counter


def test_tests_named_in_the_manual_exist(repo):
    section = (repo / "docs/TESTING.md").read_text().split("What a router must survive")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \|$", section, re.M)
    assert len(rows) == 20
    sources = "\n".join(path.read_text() for path in (repo / "tests").rglob("*") if path.suffix in (".c", ".py", ".txt"))
    for row in rows:
        for name in re.findall(r"`([\w.]+)`", row):
            assert re.search(rf"\b(?:def|void|int) {name}\(|add_(?:test|executable)\([^)]*{name}|^{name}", sources, re.M), name


def words_of(text: str, begin: str, end: str) -> list[str]:
    return re.findall(r"^\| `([a-z ]+)` \|", text.split(begin)[1].split(end)[0], re.M)


def test_every_state_has_its_advice(repo):
    meanings = words_of((repo / "docs/CLI.md").read_text(), "`state` of a router is one of", "`state` of a slot")
    advice = words_of((repo / "docs/OPERATING.md").read_text(), "<!-- states:", "<!-- end of states -->")
    assert len(advice) == 8 and advice == meanings


def test_every_history_result_is_explained(repo):
    results = re.findall(r'\[SLOT_RESULT_\w+\] = "(\w+)"', (repo / "apps/tandem/status.c").read_text())
    explained = words_of((repo / "docs/OPERATING.md").read_text(), "## 4.", "## 5.")
    assert len(results) == 7 and sorted(explained) == sorted(set(results) - {"none"})


def test_codes_named_in_the_text_are_codes(repo):
    """Outside the table; every word like a code."""
    text, table = (repo / "docs/OPERATING.md").read_text().split("<!-- codes:")
    codes = set(re.findall(r"^\| `(\w+)` \|", table, re.M))
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)) - {"image_id"}
    assert len(words) > 10 and words <= codes


def test_links_lead_somewhere(repo):
    for page in [*repo.glob("*.md"), *(repo / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"


def test_as_many_downloads_as_the_manual_says(repo):
    table = (repo / "docs/TESTING.md").read_text().split("Behaviours of servers and networks")[1]
    told = {name: int(rows) for name, rows in re.findall(r"^\| `(test_\w+\.py)` \| (\d+) \|", table, re.M)}
    done = subprocess.run([sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider",
                           *(repo / "tests/e2e" / name for name in told)], capture_output=True, text=True, cwd=repo)
    rows = Counter(re.findall(r"(test_\w+\.py)::", done.stdout))
    assert sum(told.values()) >= 60
    assert all(rows[name] >= count for name, count in told.items()), rows
