"""Which correction policy a gateway went by, and since when: steps of a dossier, in the sealed log. So a warning can be held against the rows behind it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from catseye.core.time import Stamp
from catseye.fleet.correction.policy import Policy
from catseye.vault.dossiers import Step
from catseye.vault.vault import Vault

DOSSIER, SUBJECT, IN_FORCE = "policy", "fleet", "in-force"
GATEWAY = "machine:gateway"


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """What a gateway went by from `since` on, until the next one."""

    since: Stamp
    sha256: str
    policy: dict[str, Any]


def note_policy(vault: Vault, policy: Policy, now: Stamp) -> None:
    """Write down what is gone by from now on; durable and logged on return. The same as before is not written again."""
    text = json.dumps(asdict(policy), sort_keys=True, ensure_ascii=False)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    steps = vault.dossiers.steps(DOSSIER, SUBJECT)
    if not steps or steps[-1].facts["sha256"] != sha256:
        facts = {"sha256": sha256, "policy": json.loads(text)}
        vault.dossiers.add(DOSSIER, SUBJECT, [Step(len(steps), IN_FORCE, now, GATEWAY, facts)])


def policies_in_force(vault: Vault) -> list[PolicyInForce]:
    """All that were ever gone by, the oldest first."""
    return [PolicyInForce(step.when, step.facts["sha256"], step.facts["policy"]) for step in vault.dossiers.steps(DOSSIER, SUBJECT)]
