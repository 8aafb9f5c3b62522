# SPDX-License-Identifier: Apache-2.0
"""The command line's frame: options, configuration, and that docs/CLI.md and OPERATING.md say what the program does."""

import json
import re
import subprocess

import pytest


def run(tandem_bin, *words, **kw):
    return subprocess.run([str(tandem_bin), *map(str, words)], capture_output=True, text=True, timeout=60, **kw)


def documented_keys(repo):
    text = (repo / "docs/CLI.md").read_text()
    table = text.split("<!-- keys:")[1].split("<!-- end of keys -->")[0]
    return re.findall(r"^\| (\w+) \| `([\w-]+)` \| (?:`([^`]*)`|\(empty\)) \| (.*) \|$", table, re.M)


def programs_keys(tandem_bin):
    out = run(tandem_bin, "help", "config").stdout
    rows, section = [], None
    for block in re.findall(r"^\[(\w+)\]|^([\w-]+) = ?(.*)\n    --([\w-]+): (.*)$", out, re.M):
        if block[0]:
            section = block[0]
        else:
            assert block[3] == f"{section}-{block[1]}"
            rows.append((section, block[1], block[2], block[4]))
    return rows


def test_documented_keys_are_the_programs_keys(tandem_bin, repo):
    assert documented_keys(repo) == programs_keys(tandem_bin)


def test_documented_commands_are_the_programs_commands(tandem_bin, repo):
    documented = (repo / "docs/CLI.md").read_text().split("## Configuration")[0]
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?: |$)", run(tandem_bin, "help").stdout, re.M)
    assert len(commands) == 21
    for command in commands:
        assert f"`{command}" in documented, command


def test_exit_numbers_in_the_manual_are_those_in_the_code(repo):
    manual = dict(re.findall(r"^\| (\d+) \| (\w+) \|", (repo / "docs/CLI.md").read_text(), re.M))
    rows = re.findall(r"\{TDM_E_(\w+), (\d+)\}", (repo / "apps/tandem/app.c").read_text())
    assert len(rows) > 10
    for name, number in rows:
        assert manual[number] == name.lower()


# Where a failure's code stands in the sources: behind its cause, or first in a row of a table of failures.
CODE = re.compile(r"""(?:TDM_E_\w+|\b(?:err|reset)|\b(?:fail|refuse)\([at]|\.code = |\[(?:CONNECTING|ASKING|RECEIVING)\] = \{|report\(app, "usage")"""
                  r"""(?:,\s*)?"([a-z]+(?:_[a-z]+)*)\"""")
ADVICE = re.compile(r"""^    \{"(\w+)",((?:\s*"(?:[^"\\]|\\.)*")+)\},""", re.M)


def codes_in_the_sources(repo):
    return {code for part in ("src", "ports/linux", "apps") for file in (repo / part).rglob("*.[ch]")
            for code in CODE.findall(file.read_text())}


def documented_codes(repo):
    table = (repo / "docs/OPERATING.md").read_text().split("<!-- codes:")[1].split("<!-- end of codes -->")[0]
    return {code: advice for code, advice in re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", table, re.M)}


def test_documented_codes_are_those_in_the_sources(repo):
    documented = documented_codes(repo)
    assert len(documented) > 100
    assert sorted(documented) == sorted(codes_in_the_sources(repo))


def test_documented_advice_is_what_people_are_told(repo):
    source = (repo / "apps/tandem/advice.c").read_text()
    told = {code: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)) for code, text in ADVICE.findall(source)}
    assert len(told) > 100
    documented = documented_codes(repo)
    assert told == {code: documented.get(code) for code in told}


WRONG_WORDS = [
    ("no command", [], 2, "usage:"),
    ("unknown noun", ["frobnicate"], 2, "frobnicate"),
    ("unknown verb", ["image", "frobnicate"], 2, "frobnicate"),
    ("no verb", ["ota"], 2, 'such as "ota download"'),
    ("help on nothing known", ["help", "frobnicate"], 2, "frobnicate"),
    ("unknown option", ["image", "info", "--frobnicate", "x"], 2, "--frobnicate"),
    ("unknown general option", ["--jsn", "ota", "status"], 2, "there is no option --jsn;"),
    ("too little said of a long command", ["image", "create"], 2, "wanted; `tandem image create --help` lists"),
    ("missing file name", ["image", "info"], 2, "usage: tandem image info FILE"),
    ("one word too many", ["image", "info", "a", "b"], 2, '"b"'),
    ("option without value", ["ota", "status", "--radio-port"], 2, "--radio-port"),
    ("bad number", ["ota", "status", "--radio-baud", "fast"], 3, "fast"),
    ("a slow flash", ["rcp", "probe", "--radio-flash-baud", "57600"], 3, "below 115200"),
    ("bad block size", ["rcp", "probe", "--radio-block-size", "777"], 3, "1024, 2048 or 4096"),
    ("more seconds than a clock tells apart", ["ota", "status", "--source-deadline=1000001"], 3, "1000000 at most"),
    ("bad yes or no", ["ota", "status", "--host-slots=perhaps"], 3, "perhaps"),
    ("missing configuration", ["--config", "/nonexistent/tandem.conf", "ota", "status"], 3, "/nonexistent/tandem.conf"),
]


@pytest.mark.parametrize("words,status,says", [row[1:] for row in WRONG_WORDS], ids=[row[0] for row in WRONG_WORDS])
def test_wrong_words_are_answered_with_a_sentence(tandem_bin, words, status, says):
    p = run(tandem_bin, *words)
    assert p.returncode == status
    assert says in p.stderr


BAD_FILES = [
    ("unknown key", "[radio]\nprot = /dev/x\n", 2, "prot"),
    ("unknown section", "[raido]\nport = /dev/x\n", 2, "raido"),
    ("bad value", "[radio]\nport = /dev/x\n\nbaud = many\n", 4, "many"),
    ("not a line of the format", "[radio]\nport\n", 2, "key = value"),
]


@pytest.mark.parametrize("text,line,says", [row[1:] for row in BAD_FILES], ids=[row[0] for row in BAD_FILES])
def test_a_bad_configuration_names_file_and_line(tandem_bin, tmp_path, text, line, says):
    conf = tmp_path / "tandem.conf"
    conf.write_text(text)
    p = run(tandem_bin, "--config", conf, "--json", "ota", "status")
    error = json.loads(p.stdout)["error"]
    assert p.returncode == 3
    assert error["code"] == "bad_config"
    assert f"{conf}:{line}:" in error["message"] and says in error["message"]


def test_the_command_line_wins_over_the_file(tandem_bin, tmp_path):
    conf = tmp_path / "tandem.conf"
    conf.write_text("[radio]\nport = /nonexistent/from-file\n")
    p = run(tandem_bin, "--config", conf, "--radio-port", "/nonexistent/from-option", "rcp", "probe")
    assert "/nonexistent/from-option" in p.stderr and "from-file" not in p.stderr


@pytest.mark.parametrize("words,status", [([], 2), (["help"], 0), (["help", "config"], 0), (["--version"], 0),
                                          (["image", "info", "--help"], 0), (["frobnicate"], 2)])
def test_json_is_one_object_whatever_was_asked(tandem_bin, words, status):
    p = run(tandem_bin, "--json", *words)
    assert (p.returncode, json.loads(p.stdout)["exit"]) == (status, status)


HELP = [
    ("behind the command", ["image", "create", "--help"], "usage: tandem image create "),
    ("in front of it", ["help", "image", "create"], "usage: tandem image create "),
    ("in short", ["image", "create", "-h"], "usage: tandem image create "),
    ("behind other words", ["image", "create", "--target-file", "x", "--help"], "usage: tandem image create "),
    ("of a command of one word", ["boot", "--help"], "usage: tandem boot\n"),
    ("of a noun", ["ota", "--help"], "  ota download   URL"),
    ("of a noun, in front", ["help", "trust"], "  trust add      CERT\n"),
    ("of all", ["--help"], "Tandem "),
    ("of the keys", ["help", "config"], "[radio]\nport = "),
]


@pytest.mark.parametrize("words,begins", [row[1:] for row in HELP], ids=[row[0] for row in HELP])
def test_help_is_had_in_every_way_people_ask_for_it(tandem_bin, tmp_path, words, begins):
    """A configuration that cannot be read does not hide it: its sentence sends people to `help config`."""
    (tmp_path / "bad.conf").write_text("[raido]\n")
    p = run(tandem_bin, "--config", tmp_path / "bad.conf", *words)
    assert (p.returncode, p.stderr) == (0, "")
    assert p.stdout.startswith(begins)
    assert words[-1] == "config" or not re.search(r" $|^.{111}", p.stdout, re.M)


def test_every_option_of_a_command_is_explained(tandem_bin):
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?: |$)", run(tandem_bin, "help").stdout, re.M)
    asked = 0
    for command in commands:
        usage, _, options = run(tandem_bin, *command.split(), "--help").stdout.partition("\n\n")
        named = set(re.findall(r"--[a-z-]+", usage))
        assert named == set(re.findall(r"^  (--[a-z-]+) +\S", options, re.M)), command
        asked += len(named)
    assert asked > 30


def test_one_wide_row_stands_in_lines_and_labels_in_one_column(tandem_bin, certificate, tmp_path):
    """What people read fits a terminal: a single certificate is a list, several are a table."""
    trust = f"--trust-file={tmp_path / 'trust.pem'}"
    told = run(tandem_bin, "trust", "add", certificate.cert, trust)
    assert told.returncode == 0
    assert max(map(len, told.stdout.splitlines())) <= 120
    pin = re.search(r"^  pin +(sha256//\S+)$", told.stdout, re.M)
    labels = re.findall(r"^( *[a-z][a-z ]*?  +)\S", told.stdout, re.M)
    assert pin and len(labels) > 5 and {len(label) for label in labels} == {24}
