"""`catseye log relay`: a run's events on a message bus."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catseye.core.errors import SourceError
from catseye.core.secrets import masked, spells_out_a_secret
from catseye.station.outcome import RunOutcome
from catseye.station.references import resolved
from catseye.station.relay import RelayError, RelayOrder, run_relay
from catseye.station.site import load_site
from catseye.station.vaults import vault_of
from catseye.station.watch import ending_on_interrupt


def relay_log(out: Path, to: str, site: Path | None, *, once: bool, progress: bool) -> RunOutcome:
    """Tell until Ctrl-C, or `once` until nothing is left."""
    if spells_out_a_secret(to):
        raise RelayError("--to", f"{masked(to)} spells out a password", "a reference, as in nats://${env:NATS_LOGIN}@host:4222")
    address = resolved(to, Path(), "--to", "the address")
    order = RelayOrder(address, load_site(site).id if site is not None else _site_of(out))
    with ending_on_interrupt() as stopper, vault_of(out, site) as vault, _counter(vault.log_size_count, shown=progress) as tell:
        told_count = run_relay(vault.outbox, order, once=once, is_over=stopper.flag.is_set, tell=tell)
        next_seq = vault.outbox.next_seq(order.relay)
    summary = {"told": told_count, "next": next_seq, "stream": order.stream, "to": masked(to)}
    return RunOutcome(0, summary, [f"{told_count} events told to stream {order.stream} at {masked(to)}; entry {next_seq} is next"])


def _site_of(out: Path) -> str:
    try:
        return str(json.loads((out / "run.json").read_text("utf-8"))["site"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SourceError(str(out), "no run.json that names the site", "a finished run, or --site SITE.toml") from fault


@contextmanager
def _counter(size_count: Callable[[], int], *, shown: bool) -> Iterator[Callable[[int], None]]:
    if not shown:
        yield lambda next_seq: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(TextColumn("entries read"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True)) as bars:
        task = bars.add_task("", total=size_count())
        yield lambda next_seq: bars.update(task, completed=next_seq, total=max(size_count(), next_seq))
