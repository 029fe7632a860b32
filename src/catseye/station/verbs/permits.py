"""`catseye fleet permits`: tables in, conflicts told, the register listed and exported. Nothing here tells of terminals: decision 0020."""

import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from catseye import __version__
from catseye.core.errors import SiteError, SourceError
from catseye.core.time import Stamp
from catseye.fleet.permits.areas import Area, read_areas
from catseye.fleet.permits.export import COLUMNS, export_csv, refuse_tied
from catseye.fleet.permits.plates import normal_plate
from catseye.fleet.permits.reading import Reading, read_permits
from catseye.fleet.permits.records import Conflict, Permit
from catseye.fleet.permits.taking import Taken, take
from catseye.station.fleet.register import PERMIT, keys_of, rows_in
from catseye.station.outcome import RunOutcome
from catseye.station.site import load_site
from catseye.station.vaults import VAULT, vault_of
from catseye.station.verbs.tables import lines_of_table
from catseye.vault.files import make_folder, whole_file
from catseye.vault.vault import Vault

RUN = "fleet"
_SHOWN_COUNT = 20


def import_permits(
    out: Path, file: Path, by: str, now: Stamp, *, areas: Path | None = None, report: Path | None = None, site: Path | None = None, is_dry: bool = False
) -> RunOutcome:
    """Read, hold against the register, keep what is new or changed, tell the conflicts."""
    if not by.strip():
        raise SiteError("--by", "nobody", "the name of who answers for it")
    reading, named = _reading(file), _areas(areas)
    if not is_dry or (out / VAULT).is_dir():
        with _vault(out, site) as vault:
            revision, known, known_areas = rows_in(vault)
            taken = take(reading, known, {*known_areas, *(area.name for area in named)})
            if not is_dry:
                vault.permits.keep(keys_of(taken.permits, named), by, now, revision)
    else:
        taken = take(reading, {}, {area.name for area in named})
    if report is not None:
        _write_report(report, file, by, now, reading, taken, is_dry=is_dry)
    return RunOutcome(1 if taken.conflicts else 0, _summary(reading, taken, is_dry=is_dry), _lines(reading, taken, report, is_dry=is_dry))


def list_permits(out: Path, site: Path | None = None) -> RunOutcome:
    """A row a permit, by plate."""
    with vault_of(out, site) as vault:
        permits = [permit for _, permit in sorted(rows_in(vault)[1].items())]
    names = ("plate", "permit", "scope", "state", "valid_from", "valid_until", "operator")
    rows = [[COLUMNS[name](permit) for name in names] for permit in permits]
    lines = lines_of_table(names, rows, is_terminal=sys.stdout.isatty()) if rows else []
    return RunOutcome(0, {"permits": [_shown(permit) for permit in permits]}, [*lines, f"{len(permits)} permits"])


def show_permits(out: Path, plate: str, site: Path | None = None) -> RunOutcome:
    """All permits a plate has and had, version by version; versions that say the same of the permit are one."""
    wanted = normal_plate(plate)
    with vault_of(out, site) as vault:
        keys = [key for key, permit in sorted(rows_in(vault)[1].items()) if permit.vehicle.plate == wanted]
        histories = {key: vault.permits.history(PERMIT + key) for key in keys}
    if not keys:
        raise SiteError("permits show", f"no permit of '{wanted}'", "a plate of `permits list`")
    told, lines = [], []
    for versions in histories.values():
        before: dict[str, str] = {}
        steps = []
        for version in versions:
            said = _shown(Permit.of_facts(version.facts))
            if said == before:
                continue
            changed = {name: value for name, value in said.items() if before.get(name, "") != value}
            steps.append({"time_utc": version.when.iso(), "by": version.by, "says": changed})
            lines.append(f"{version.when.iso()}  {version.by}  {'changed' if before else 'entered'}: " + ", ".join(f"{n} {v}" for n, v in changed.items()))
            before = said
        told.append({"now": before, "history": steps})
    return RunOutcome(0, {"plate": wanted, "permits": told}, lines)


def export_permits(out: Path, columns: str, where: Sequence[str], to: Path | None = None, site: Path | None = None) -> RunOutcome:
    """CSV of what permits say. OneWayTieError for whatever would tell of terminals."""
    asked = [name.strip() for name in columns.split(",") if name.strip()]
    filters = dict(_pair(each) for each in where)
    refuse_tied([*asked, *filters])  # before anything is opened
    with vault_of(out, site) as vault:
        text = export_csv(rows_in(vault)[1].values(), asked, filters)
    count = len(text.splitlines()) - 1
    if to is None:
        return RunOutcome(0, {"csv": text, "rows_count": count}, text.splitlines())
    make_folder(to.absolute().parent)
    with whole_file(to, secrets.token_hex(4)) as written:
        written.write(text.encode())
    return RunOutcome(0, {"file": str(to), "rows_count": count}, [f"written: {to} ({count} permits)"])


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise SiteError("--where", f"'{text}'", "NAME=VALUE")
    return name.strip(), value.strip()


def _shown(permit: Permit) -> dict[str, str]:
    return {name: tell(permit) for name, tell in COLUMNS.items()}


def _reading(file: Path) -> Reading:
    try:
        with file.open("rb") as stream:
            return read_permits(stream)
    except OSError as error:
        raise SourceError(str(file), (error.strerror or "it cannot be read").lower(), "a table of permits in CSV") from error


def _areas(file: Path | None) -> list[Area]:
    if file is None:
        return []
    try:
        with file.open("rb") as stream:
            return read_areas(stream)
    except OSError as error:
        raise SourceError(str(file), (error.strerror or "it cannot be read").lower(), "areas in GeoJSON") from error


def _vault(out: Path, site: Path | None) -> Vault:
    """The vault of the folder, made where there is none."""
    if not (out / VAULT).is_dir():
        loaded = load_site(site) if site is not None else None
        url, keys = (loaded.database_url, loaded.keys) if loaded is not None else ("", None)
        Vault.open(make_folder(out) / VAULT, RUN, database_url=url, keys=keys).close()
    return vault_of(out, site)


def _summary(reading: Reading, taken: Taken, *, is_dry: bool) -> dict[str, Any]:
    return {
        "dry_run": is_dry,
        "encoding": reading.encoding,
        "delimiter": reading.delimiter,
        "ignored_columns": list(reading.ignored),
        "left_out_columns": list(reading.left_out),
        "new_count": len(taken.new),
        "changed_count": len(taken.changed),
        "same_count": taken.same_count,
        "refused_count": taken.refused_count,
        "conflicts": [asdict(conflict) for conflict in taken.conflicts],
    }


def _lines(reading: Reading, taken: Taken, report: Path | None, *, is_dry: bool) -> list[str]:
    lines = [f"read as {reading.encoding}, columns divided by {reading.delimiter!r}"]
    lines += [f"not known, ignored: {', '.join(reading.ignored)}"] if reading.ignored else []
    lines += [f"left out on purpose, no permit may depend on whose terminal it is: {', '.join(reading.left_out)}"] if reading.left_out else []
    lines.append(
        f"{'would be ' if is_dry else ''}new {len(taken.new)}, changed {len(taken.changed)}, same {taken.same_count}, refused lines {taken.refused_count}"
    )
    rows = [[str(each.line), each.plate, each.kind, "refused" if each.is_refused else "look", each.came, each.wanted] for each in taken.conflicts]
    if rows:
        lines += lines_of_table(["line", "plate", "conflict", "", "what came", "wanted"], rows[:_SHOWN_COUNT], is_terminal=sys.stdout.isatty())
        lines += [f"and {len(rows) - _SHOWN_COUNT} more: --report or --json shows all"] if len(rows) > _SHOWN_COUNT else []
    return lines + ([f"written: {report}"] if report else [])


def _write_report(report: Path, file: Path, by: str, now: Stamp, reading: Reading, taken: Taken, *, is_dry: bool) -> None:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("catseye.station", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    counts = Counter(each.kind for each in taken.conflicts)
    by_kind: dict[str, list[Conflict]] = {}
    for each in sorted(taken.conflicts, key=lambda each: (not each.is_refused, each.kind, each.line)):
        by_kind.setdefault(each.kind, []).append(each)
    text = environment.get_template("permits.html").render(
        file=file.name, by=by, now=now.iso(), reading=reading, taken=taken, counts=counts, by_kind=by_kind, is_dry=is_dry, version=__version__
    )
    make_folder(report.absolute().parent)
    with whole_file(report, secrets.token_hex(4)) as written:
        written.write(text.encode())
