"""`catseye fleet policy …`: the words of its verbs."""

from pathlib import Path
from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, examples, group, tell

app = group("Correction policies: which alarm is answered how.")
PolicyFile = Annotated[Path, typer.Argument(metavar="FILE", help="A correction policy, TOML.", show_default=False)]


@app.command("check", epilog=examples("catseye fleet policy check policy.toml"))
def policy_check(file: PolicyFile, *, as_json: AsJson = False) -> int:
    """Read a policy and say what it says; exit 2 when it cannot be meant."""
    from catseye.station.verbs.fleet_policy import check_policy

    return tell(check_policy(file), as_json)


@app.command("show", epilog=examples("catseye fleet policy show > policy.toml"))
def policy_show(*, as_json: AsJson = False) -> int:
    """Print the policy that comes with catseye, to begin one's own with."""
    from catseye.fleet.correction.policy_file import default_text
    from catseye.station.outcome import RunOutcome

    return tell(RunOutcome(0, {"policy": default_text()}, [default_text().rstrip("\n")]), as_json)


@app.command("try", epilog=examples("catseye fleet policy try policy.toml < frames.txt", "catseye fleet policy try policy.toml --language vi < frames.txt"))
def policy_try(
    file: PolicyFile,
    *,
    language: Annotated[str, typer.Option("--language", metavar="CODE", help="Of the drivers (default: the policy's).", show_default=False)] = "",
    as_json: AsJson = False,
) -> int:
    """Replay frames of terminals and print what would be sent when; nothing is sent."""
    from catseye.station.verbs.fleet_policy import try_policy

    return tell(try_policy(file, language), as_json)
