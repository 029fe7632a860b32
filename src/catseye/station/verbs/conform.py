"""`catseye fleet conform`: a terminal, or a recording of one, held against the standards; for people, for machines, and as a page for its maker."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from html import escape
from pathlib import Path
from typing import Any, TextIO

from catseye.core.errors import SiteError, StoreError
from catseye.fleet.conform.checks import BREAKS, BROKEN, NOT_SEEN, Verdict
from catseye.fleet.conform.hearing import Hearing, hearing_of
from catseye.fleet.conform.live import Doors, LiveTest
from catseye.fleet.conform.platform import Address
from catseye.fleet.conform.transcript import ATTACHMENTS, MEDIA, MOST_TRANSCRIPT_BYTES, Line, Transcript, as_text, transcript_of
from catseye.fleet.conform.verdicts import conforms, counts_of, verdicts_of
from catseye.station.outcome import RunOutcome
from catseye.station.verbs.tables import lines_of_table

_MOST_SHOWN_COUNT = 5
_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #bbb;padding:.3em .5em;text-align:left;vertical-align:top}th{background:#eee}code{overflow-wrap:anywhere}"
    ".broken{font-weight:bold}.not{color:#666}"
)


def judge_recording(file: Path, report: Path | None) -> RunOutcome:
    """A recording: JSON lines, lines of hex, or the bytes of one direction."""
    try:
        if file.stat().st_size > MOST_TRANSCRIPT_BYTES:
            raise SiteError(str(file), f"{file.stat().st_size} bytes", f"a recording of at most {MOST_TRANSCRIPT_BYTES} bytes")
        content = file.read_bytes()
    except OSError as fault:
        raise SiteError(str(file), fault.strerror or "cannot be read", "a recording") from None
    return _judged(transcript_of(content), file.name, report)


def judge_live(listen: str, ports: tuple[int | None, int | None], limit_s: float, record: Path | None, report: Path | None, *, is_quiet: bool) -> RunOutcome:
    """Wait for one terminal, lead it through the flows, judge what it said. `ports`: of attachments and of media."""
    doors = doors_of(listen, *ports)
    with ExitStack() as open_files:
        keep = _recorder(record, open_files)
        test = LiveTest(doors, keep)
        try:
            heard = asyncio.run(test.run(limit_s, _ready, _silent if is_quiet else _step))
        except OSError as fault:
            raise SiteError("--listen", f"{listen}: {fault.strerror or fault}", "an address of this machine that is free") from None
        except KeyboardInterrupt:
            heard = Transcript(tuple(test.lines))
    return _judged(heard, f"terminal at {listen}", report)


def doors_of(listen: str, attachments_port: int | None, media_port: int | None) -> Doors:
    """From `HOST:PORT`; SiteError where it is none, or where anybody could reach it."""
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or int(port) > 0xFFFF:
        raise SiteError("--listen", f"'{listen}'", "an address and a port, such as 127.0.0.1:7001")
    others = {ATTACHMENTS: attachments_port, MEDIA: media_port}
    return Doors(host.strip("[]"), int(port), {name: each for name, each in others.items() if each is not None})


def _recorder(record: Path | None, open_files: ExitStack) -> Callable[[Line], None]:
    """Each line is written at once: a recording that breaks off is one up to there."""
    if record is None:
        return lambda _: None
    try:
        handle = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # for this user alone: places and pictures are in it
    except OSError as fault:
        raise StoreError(str(record), fault.strerror or "cannot be written", "a new file for the recording") from None
    file = open_files.enter_context(os.fdopen(handle, "w", encoding="utf-8", buffering=1))
    return lambda line: _write(file, line)


def _write(file: TextIO, line: Line) -> None:
    file.write(as_text(line) + "\n")


def _ready(address: Address) -> None:
    sys.stderr.write(f"waiting for a terminal at {address.host}:{address.port}\n")
    sys.stderr.flush()


def _step(step: str) -> None:
    sys.stderr.write(f"  {step}\n")


def _silent(_: str) -> None:
    """Nothing."""


def _judged(transcript: Transcript, name: str, report: Path | None) -> RunOutcome:
    verdicts, said = verdicts_of(transcript), about(hearing_of(transcript))
    counts = counts_of(verdicts)
    summary = {
        "conforms": conforms(verdicts),
        "of": name,
        "terminal": said,
        "counts": counts,
        "unread_lines": transcript.unread_count,
        "checks": [_as_json(verdict) for verdict in verdicts],
    }
    if report is not None:
        try:
            report.write_text(page_of(verdicts, name, said), encoding="utf-8")
        except OSError as fault:
            raise StoreError(str(report), fault.strerror or "cannot be written", "a place for the report") from None
    return RunOutcome(0 if summary["conforms"] else 1, summary, _lines(verdicts, counts, transcript, said))


def about(heard: Hearing) -> dict[str, str]:
    """Who the terminal says it is, in its own words; nothing where it did not say."""
    registration = next((said for said in heard.messages(0x0100) if said.is_up and said.body_fault is None), None)
    first = next((said.header for said in heard.up if said.header is not None and said.fault is None), None)
    found = {"phone": first.phone, "version": first.version} if first is not None else {}
    names = ("maker", "model", "terminal_id")
    return found | ({name: str(registration.values[name]) for name in names} if registration is not None else {})


def _as_json(verdict: Verdict) -> dict[str, Any]:
    check = verdict.check
    faults = [{"line": each.number, "came": each.came, "offset": each.offset_bytes, "hex": each.data.hex()} for each in verdict.faults[:100]]
    told = {"id": check.id, "standard": check.standard, "clause": check.clause, "wanted": check.wanted, "severity": check.severity}
    return told | {"verdict": verdict.word, "seen": verdict.seen_count, "faults_count": len(verdict.faults), "faults": faults}


def _lines(verdicts: Sequence[Verdict], counts: dict[str, int], transcript: Transcript, said: dict[str, str]) -> list[str]:
    rows = [
        [each.check.id, each.word if not each.faults else f"{each.word} ({each.check.severity})", _where(each), _came(each), each.check.wanted]
        for each in verdicts
    ]
    table = lines_of_table(["check", "verdict", "clause", "came", "wanted"], rows, is_terminal=sys.stdout.isatty())
    unread = [f"{transcript.unread_count} lines could not be read"] if transcript.unread_count else []
    told = [", ".join(f"{name} {value}" for name, value in said.items())] if said else []
    return [*told, *table, *unread, _sum(verdicts, counts)]


def _sum(verdicts: Sequence[Verdict], counts: dict[str, int]) -> str:
    if not any(verdict.seen_count for verdict in verdicts):
        return "Nothing could be judged."
    what = "Nothing that was judged breaks a standard" if conforms(verdicts) else f"{counts[BREAKS]} clauses are broken"
    return f"{what}: {counts['holds']} hold, {counts[BROKEN]} do not, {counts[NOT_SEEN]} were not seen, which is no praise."


def _word(verdict: Verdict) -> str:
    return f"{verdict.word}, {verdict.check.severity}" if verdict.faults else verdict.word


def _where(verdict: Verdict) -> str:
    return f"{verdict.check.standard}: {verdict.check.clause}"


def _came(verdict: Verdict) -> str:
    if not verdict.faults:
        return f"seen {verdict.seen_count} times" if verdict.seen_count else "–"
    more = f" (+{len(verdict.faults) - 1})" if len(verdict.faults) > 1 else ""
    return verdict.faults[0].shown() + more


def page_of(verdicts: Sequence[Verdict], name: str, said: dict[str, str]) -> str:
    """One page without anything from elsewhere: broken clauses first, with the bytes; then what holds and what was not seen."""
    order = {BROKEN: 0, NOT_SEEN: 2}
    rows = "".join(_row(each) for each in sorted(verdicts, key=lambda each: (order.get(each.word, 1), not each.breaks)))
    facts = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in {"recording": name, **said}.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Conformance of a vehicle terminal</title><style>{_STYLE}</style></head><body>'
        f"<h1>Conformance of a vehicle terminal</h1><p>{escape(_sum(verdicts, counts_of(verdicts)))}</p>"
        "<p>The names are the terminal's own words. The same checks are made of every terminal. A clause that was not seen was not judged.</p>"
        f"<table>{facts}</table><h2>Clauses</h2><table><thead><tr><th>check</th><th>verdict</th><th>clause</th><th>wanted</th><th>came</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></body></html>\n"
    )


def _row(verdict: Verdict) -> str:
    check = verdict.check
    came = "<br>".join(f"<code>{escape(each.shown())}</code>" for each in verdict.faults[:_MOST_SHOWN_COUNT])
    more = len(verdict.faults) - _MOST_SHOWN_COUNT
    came += f"<br>and {more} more" if more > 0 else ""
    kind = {BROKEN: "broken", NOT_SEEN: "not"}.get(verdict.word, "")
    word = f"{verdict.word}, {check.severity}" if verdict.faults else verdict.word
    cells = (
        escape(check.id),
        escape(word),
        escape(_where(verdict)),
        escape(check.wanted),
        came or (f"seen {verdict.seen_count} times" if verdict.seen_count else ""),
    )
    return f'<tr class="{kind}">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
