# SPDX-License-Identifier: Apache-2.0
"""The program killed at its writes and run again: a sample of scripts/campaigns/kill."""

import pytest

import killing

# Of a scenario's calls to files, each how manyth: a few kills each.
EVERY = {"store a pair": 5, "radio update": 11, "apply": 4, "start of the new host": 9, "roll back": 5, "adopt": 29, "trust": 2}


@pytest.mark.skipif(not killing.has_strace(), reason="strace is missing, or tracing is not permitted here")
@pytest.mark.parametrize("name", EVERY)
def test_a_killed_command(name, tmp_path, build_dir, samples):
    with killing.World(tmp_path, build_dir, samples) as world:
        tally = world.campaign(killing.SCENARIOS[name], step=60, every=EVERY[name])
    assert tally.violations == []
    assert tally.kills >= 2
