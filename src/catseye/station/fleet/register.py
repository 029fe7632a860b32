"""The register of permits between the vault, which keeps plain facts, and `fleet`, which knows what they mean."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo

from catseye.core.terminal import Enrolment
from catseye.fleet.permits.areas import Area
from catseye.fleet.permits.records import Permit
from catseye.fleet.permits.register import Register
from catseye.vault.vault import Vault

PERMIT, AREA = "permit/", "area/"  # how keys of rows begin


def rows_in(vault: Vault) -> tuple[int, dict[str, Permit], dict[str, Area]]:
    """The register's revision, its permits by `Permit.key` and its areas by name."""
    revision, facts = vault.permits.current()
    permits = {key.removeprefix(PERMIT): Permit.of_facts(each) for key, each in facts.items() if key.startswith(PERMIT)}
    areas = {key.removeprefix(AREA): Area.of_facts(each) for key, each in facts.items() if key.startswith(AREA)}
    return revision, permits, areas


def keys_of(permits: Iterable[Permit], areas: Iterable[Area]) -> dict[str, Mapping[str, object]]:
    """Rows as the vault keeps them."""
    rows: dict[str, Mapping[str, object]] = {PERMIT + permit.key: permit.as_facts() for permit in permits}
    return rows | {AREA + area.name: area.as_facts() for area in areas}


def register_of(vault: Vault, enrolments: Iterable[Enrolment], zone: tzinfo) -> Register:
    """What `FleetWatch` judges by, as it is now; load it anew when `vault.permits.revision()` is no longer its `revision`, or an enrolment changed."""
    revision, permits, areas = rows_in(vault)
    return Register.of(permits.values(), areas.values(), enrolments, zone, revision)
