# SPDX-License-Identifier: Apache-2.0
"""The commands about keys in the documents, run in their order in one folder; a line that ends in "# refused: CODE" must be."""

import os
import re
import subprocess

import pytest

import stated_builds
from conftest import make_certificate
from router_config import router_config

REFUSED = re.compile(r"^(.*?)\s+# refused: (\w+)$")


def blocks(page) -> list[list[str]]:
    """The indented lines behind each mark."""
    found = []
    for text in page.read_text().split("<!-- run -->\n")[1:]:
        found.append([line[4:] for line in re.match(r"(?:    .*\n)+", text)[0].splitlines()])
    return found


def script(lines: list[str]) -> str:
    """One shell runs them all; it names the line where it ends."""
    made = ["set -euo pipefail", "trap 'echo \"ended at: $BASH_COMMAND\" >&2' ERR",
            "refused() { local code=$1 out; shift; if out=$(\"$@\" --json); then echo \"taken: $*\" >&2; return 1; fi",
            "    grep -q \"\\\"code\\\":\\\"$code\\\"\" <<<\"$out\" || { echo \"$out\" >&2; return 1; }; }"]
    for line in lines:
        refusal = REFUSED.match(line)
        made.append(f"refused {refusal[2]} {refusal[1]}" if refusal else line)
    return "\n".join(made)


@pytest.fixture
def workshop(tmp_path, tandem_bin):
    """What the document takes for granted: a build, a router's configuration, the CA of today and that of tomorrow."""
    files = stated_builds.folder(tmp_path)
    (tmp_path / "build").mkdir()
    files.rcp.rename(tmp_path / "build/rcp")
    files.host.rename(tmp_path / "br.bin")
    for name in ("ca-1", "ca-2"):
        made = make_certificate(tmp_path, name)
        made.cert.rename(tmp_path / f"{name}.pem")
    (tmp_path / "tandem.conf").write_text(router_config(tmp_path, "true", slot_size="1M").replace(
        "[host]", "[host]\nkind = esp") + "[images]\nkeys = keys\n[device]\ncompatible = acme,router\n")
    (tmp_path / "running").write_text("A\n")
    (tmp_path / "host-a").write_bytes(b"the host that runs\n" * 1000)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/tandem"
    program.write_text(f'#!/bin/sh\nexec {tandem_bin} --config {tmp_path}/tandem.conf "$@"\n')
    program.chmod(0o755)
    subprocess.run([program, "trust", "add", tmp_path / "ca-1.pem"], check=True, capture_output=True)
    return tmp_path


@pytest.mark.parametrize("page, least, refusals", [("docs/SECURITY.md", 30, 6), ("README.md", 4, 0)])
def test_every_command_does_what_is_said(repo, workshop, page, least, refusals):
    lines = [line for block in blocks(repo / page) for line in block]
    assert len(lines) > least and sum("# refused: " in line for line in lines) >= refusals
    environment = os.environ | {"PATH": f"{workshop}/bin:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script(lines)], cwd=workshop, env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr


def test_no_command_is_shown_and_not_run(repo):
    """What is indented and not marked is a piece of a configuration."""
    text = (repo / "docs/SECURITY.md").read_text()
    shown = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    left = [line for line in shown if line not in {line for block in blocks(repo / "docs/SECURITY.md") for line in block}]
    assert left and all(re.match(r"\[\w+\]$|[\w-]+ = ", line) for line in left), left


def test_a_wrong_line_is_noticed(repo, workshop):
    environment = os.environ | {"PATH": f"{workshop}/bin:{os.environ['PATH']}"}
    for line in ("tandem image info none", "tandem trust list   # refused: no_such_file",
                 "tandem image info none   # refused: bad_header"):
        done = subprocess.run(["bash", "-c", script([line])], cwd=workshop, env=environment, capture_output=True)
        assert done.returncode != 0, line
