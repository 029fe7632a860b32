"""Which policy led to a warning can be shown: a gateway writes down what it goes by."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from catseye.core.time import NS_PER_S, Stamp
from catseye.fleet.correction.policy_file import default_policy
from catseye.station.cli import run
from catseye.station.fleet.policy_record import note_policy, policies_in_force
from catseye.station.vaults import made_vault, vault_of

BEGUN = Stamp(1_790_000_000 * NS_PER_S)


def test_a_policy_is_written_down_once_and_another_one_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = default_policy()
    other = replace(mine, row=mine.row[:1])
    with made_vault(tmp_path) as vault:
        for number, policy in enumerate((mine, mine, other, other, mine)):
            note_policy(vault, policy, BEGUN.plus_ns(number * NS_PER_S))
        assert [each.since.utc_ns - BEGUN.utc_ns for each in policies_in_force(vault)] == [0, 2 * NS_PER_S, 4 * NS_PER_S]
    with vault_of(tmp_path) as vault:
        first, second, third = policies_in_force(vault)
        assert first.sha256 == third.sha256 != second.sha256
        assert [row["name"] for row in second.policy["row"]] == [mine.row[0].name]
        assert first.policy["texts"]["vi"]
        assert vault.log_faults() == []
    assert run(["fleet", "policy", "used", str(tmp_path), "--json"]) == 0
    assert [each["sha256"] for each in json.loads(capsys.readouterr().out)["policies"]] == [first.sha256, second.sha256, third.sha256]
