"""`catseye models …`: the words of its verbs."""

from typing import Annotated

import typer

from catseye.station.commands.shared import AsJson, examples, group, tell, wants_progress

app = group("The networks that find road users: list, fetch, test.")


@app.command("list", epilog=examples("catseye models list", "catseye models list --json"))
def models_list(as_json: AsJson = False) -> int:
    """List every model, and whether it is here."""
    from catseye.station.verbs.models import list_models

    return tell(list_models(), as_json)


@app.command("pull", epilog=examples("catseye models pull", "catseye models pull picodet-s-416"))
def models_pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: the default detector and the redactors.", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Fetch models; each must have its SHA-256."""
    from catseye.station.verbs.models import pull_models

    return tell(pull_models(names or (), progress=wants_progress(as_json)), as_json)


@app.command("test", epilog=examples("catseye models test", "catseye models test yolox-nano --json"))
def models_test(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: every model that is here.", show_default=False)] = None,
    as_json: AsJson = False,
) -> int:
    """Check hash and self-test of models."""
    from catseye.station.verbs.models import test_models

    return tell(test_models(names or ()), as_json)
