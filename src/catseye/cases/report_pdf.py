"""The police report: the first page is read in a minute, the others say what it rests on. Equal cases give equal bytes, so it can be hashed."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image as Pixels
from reportlab.lib.colors import HexColor, white
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, Image, KeepTogether, PageTemplate, Paragraph, Spacer, Table, TableStyle

from catseye.cases.account import CustodyLine, in_time_until, measured_in_words
from catseye.cases.case import Case, State
from catseye.cases.errors import CaseError
from catseye.cases.lettering import PLAIN, STRONG, cut, make_fonts_known, marked
from catseye.cases.terms import clock
from catseye.cases.timeline import Told, timeline
from catseye.core.time import NS_PER_S, Stamp

_INK, _GREY, _RULE, _TINT, _ACCENT = (HexColor(code) for code in ("#18212d", "#5c6775", "#d5dbe3", "#f3f6f9", "#0f4c5c"))
_WAITS, _GOOD, _SENT, _OVER, _FELL = (HexColor(code) for code in ("#a05a00", "#1c6b45", "#1d549b", "#5c6775", "#9b1c31"))
_COLOUR = {State.DETECTED: _WAITS, State.CONFIRMED_ONCE: _WAITS, State.NEEDS_MORE: _WAITS, State.APPEALED: _WAITS, State.CONFIRMED: _GOOD}
_COLOUR |= {State.PLATE_CONFIRMED: _GOOD, State.SUBMITTED: _SENT, State.ANSWERED: _SENT, State.HEARD: _SENT}
_MARGIN_PT, _FOOT_PT = 17 * mm, 15 * mm
_WIDTH_PT = A4[0] - 2 * _MARGIN_PT
_WIDEST_PX, _MOST_PIXELS_COUNT = 1400, 60_000_000
_STILL_HEIGHT_PT = 58 * mm


def report_pdf(case: Case, stills: Sequence[bytes] = (), custody: tuple[CustodyLine, ...] = (), root_fingerprint: str = "") -> bytes:
    """The document. `stills` are redacted pictures, PNG or JPEG, of which the first two are shown; CaseError when one is no picture."""
    make_fonts_known()
    file = io.BytesIO()
    title = f"Case {case.id}: {case.opening.law.offence}"
    document = BaseDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN_PT,
        rightMargin=_MARGIN_PT,
        topMargin=_MARGIN_PT,
        bottomMargin=_FOOT_PT,
        title=title,
        author="catseye",
        invariant=1,
    )
    room = Frame(_MARGIN_PT, _FOOT_PT, _WIDTH_PT, A4[1] - _MARGIN_PT - _FOOT_PT, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0)
    document.addPageTemplates(PageTemplate(frames=[room]))
    story = [*_first_page(case, stills), *_grounds(case, custody, root_fingerprint)]
    document.build(story, canvasmaker=lambda *words, **wishes: _Numbered(f"Case {case.id}", *words, **wishes))
    return file.getvalue()


def _style(size: float, colour: Any = _INK, font: str = PLAIN, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(f"{font}-{size}", fontName=font, fontSize=size, leading=more.pop("leading", size * 1.27), textColor=colour, **more)


_BODY, _SMALL, _LABEL = _style(9.5), _style(8, _GREY), _style(7.5, _GREY, STRONG, leading=11)
_TITLE, _LEAD, _HEAD = (
    _style(22, _INK, STRONG, leading=25),
    _style(12.5, _INK, STRONG, leading=16),
    _style(12, _ACCENT, STRONG, spaceBefore=8, spaceAfter=1, keepWithNext=1),
)
_PLATE = _style(17, _INK, STRONG, leading=20)


def _p(text: str, style: ParagraphStyle = _BODY, most_chars: int = 400) -> Paragraph:
    """A paragraph, cut so that no single one can fill a page; what was cut stands whole in the JSON report."""
    return Paragraph(marked(cut(text, most_chars)), style)


def _first_page(case: Case, stills: Sequence[bytes]) -> list[Flowable]:
    o, law, zone = case.opening, case.opening.law, case.opening.law.timezone
    story: list[Flowable] = [_masthead(case), Spacer(1, 7), _facts(case), Spacer(1, 7), _measured(case), Spacer(1, 7), _stills(stills), Spacer(1, 9)]
    story += [_label("WHO DECIDED"), _decided(case), Spacer(1, 8), _label("WHAT HAPPENED"), *_timeline(timeline(case), zone), Spacer(1, 8)]
    said = [f"{law.statute or 'no law is named for this kind'} · {law.name}"]
    said += [f"To be submitted within {law.submit.in_words()}, until {in_time_until(law.submit_by, zone)} ({law.submit.source})"]
    said += [f"An appeal: within {law.appeal.in_words()} of the answer ({law.appeal.source})"]
    basis = [_label("LEGAL BASIS"), *(_p(line, _BODY if at == 0 else _SMALL) for at, line in enumerate(said)), *(_p(note, _SMALL) for note in law.notes)]
    if not o.event.trusted:
        basis.insert(0, _p("The camera said not to trust what it saw: this event may be looked at, never submitted.", _style(9.5, _FELL, STRONG)))
    return [*story, KeepTogether(basis)]


def _masthead(case: Case) -> Table:
    state, hearing = case.state, case.decided.hearing
    fell = hearing is not None and hearing.said == "overturned"
    word = "OVERTURNED" if fell else state.value.replace("-", " ").upper()
    pill = _Pill(word, _FELL if fell else _COLOUR.get(state, _OVER))
    left = [_p(f"CASE {case.id}   ·   EVENT {case.opening.event.id[:16]}…", _LABEL), _p(case.opening.law.offence, _TITLE, 120)]
    table = Table([[left, pill]], colWidths=[_WIDTH_PT - pill.width, pill.width])
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, 0), 1.6, _INK), ("BOTTOMPADDING", (0, 0), (-1, -1), 7)]
    table.setStyle(TableStyle([*_NO_PADDING, *style]))
    return table


def _facts(case: Case) -> Table:
    o, zone = case.opening, case.opening.law.timezone
    event, plate = o.event, case.decided.plate
    where: list[Flowable] = [_label("WHERE"), _p(o.place or o.site, _LEAD, 120), _p(f"site {o.site}, camera {event.camera}", _SMALL)]
    if o.position_deg is not None:
        where.append(_p(f"{o.position_deg[0]:.5f}, {o.position_deg[1]:.5f} (WGS-84)", _SMALL))
    when: list[Flowable] = [_label("WHEN"), _p("not known", _LEAD)]
    if event.when is not None:
        local = clock(event.when, zone)
        when = [_label("WHEN"), _p(local[:19], _LEAD), _p(f"{zone} ({local[20:]})", _SMALL)]
        when.append(_p(f"{event.when.iso()}, ± {2 * event.when.doubt_ms:.0f} ms", _SMALL))
    who = ", ".join(event.road_users) or "road user"
    seen: list[Flowable] = [_label(f"PLATE OF THE {who.upper()}"), _p(plate.said if plate else "not confirmed", _PLATE if plate else _LEAD)]
    seen.append(_p(f"read by {plate.by}" if plate else "no person has read it", _SMALL))
    table = Table([[where, when, seen]], colWidths=[_WIDTH_PT * share for share in (0.40, 0.32, 0.28)])
    table.setStyle(TableStyle([*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("RIGHTPADDING", (0, 0), (1, 0), 8)]))
    return table


def _measured(case: Case) -> Table:
    held = case.opening.measurement.calibration
    under = f"Doubts are two sigma. {f'Calibrated {held.made_on}, {held.issuer}.' if held else 'No calibration certificate.'}"
    table = Table([[[_label("MEASURED"), _p(measured_in_words(case) or "nothing", _LEAD), _p(under, _SMALL)]]], colWidths=[_WIDTH_PT])
    style = [("BACKGROUND", (0, 0), (-1, -1), _TINT), ("LINEBEFORE", (0, 0), (0, -1), 3, _ACCENT), ("LEFTPADDING", (0, 0), (-1, -1), 10)]
    table.setStyle(TableStyle([*style, ("TOPPADDING", (0, 0), (-1, -1), 5), ("BOTTOMPADDING", (0, 0), (-1, -1), 7)]))
    return table


def _stills(stills: Sequence[bytes]) -> Flowable:
    if not stills:
        return _p("No redacted still was handed over for this report.", _SMALL)
    gap = 8.0
    most = (_WIDTH_PT - gap) / 2
    shown = [_still(content, most) for content in stills[:2]]
    table = Table([[shown[0], "", shown[1] if len(shown) > 1 else ""]], colWidths=[most, gap, most])
    table.setStyle(TableStyle([*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _still(content: bytes, most_pt: float) -> Image:
    try:
        with Pixels.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            if picture.width * picture.height > _MOST_PIXELS_COUNT:
                raise CaseError("report", f"a still of {picture.width}×{picture.height} pixels", f"at most {_MOST_PIXELS_COUNT} pixels")
            rgb = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Pixels.DecompressionBombError) as fault:  # SyntaxError: Pillow's word for a broken PNG
        raise CaseError("report", f"a still of {len(content)} bytes that is no picture ({type(fault).__name__})", "PNG or JPEG") from None
    rgb.thumbnail((_WIDEST_PX, _WIDEST_PX))  # more than print can show; the still itself stays in the vault
    file = io.BytesIO()
    rgb.save(file, "PNG")
    file.seek(0)
    scale = min(most_pt / rgb.width, _STILL_HEIGHT_PT / rgb.height)
    return Image(file, rgb.width * scale, rgb.height * scale)


def _decided(case: Case) -> Table:
    d, zone = case.decided, case.opening.law.timezone
    rows: list[tuple[str, str, Stamp, str]] = []
    for at, each in enumerate(d.confirmations):
        rows.append(("Confirmed" if at == 0 else "Confirmed again", each.by, each.when, each.reason))
    told = (("Dismissed", d.dismissal), ("Plate", d.plate), ("Answer", d.answer), ("Appeal", d.appeal), ("Hearing", d.hearing), ("Withdrawn", d.withdrawal))
    for word, said in told:
        if said is not None:
            text = said.said.replace("-", " ") + (f": {said.reason}" if said.reason else "") if word in ("Answer", "Hearing", "Plate") else said.reason
            rows.append((word, said.by, said.when, said.said if word == "Plate" else text))
    if d.submission is not None:
        rows.append(("Submitted", d.submission.by, d.submission.when, f"to {d.submission.authority}, package {d.submission.manifest_sha256[:16]}…"))
    if not rows:
        return _plain_table([[_p("Nobody yet. What the machine saw is a suggestion.", _BODY)]], [_WIDTH_PT])
    rows.sort(key=lambda row: row[2].utc_ns)
    cells = [[_p(word, _style(9.5, _INK, STRONG)), _p(by), _p(why, most_chars=160), _p(clock(when, zone)[:16], _RIGHT)] for word, by, when, why in rows]
    return _plain_table(cells, [_WIDTH_PT * share for share in (0.16, 0.24, 0.43, 0.17)])


def _timeline(told: Sequence[Told], zone: str) -> list[Flowable]:
    cells = []
    for each in told:
        by, what = marked(cut(each.by, 130)), marked(cut(each.what, 400))
        said = f"{by} {what}" if each.by_machine else f"<b>{by}</b> {what}"
        if each.why and each.kind not in ("submitted",):
            said += f' <font color="{_GREY.hexval().replace("0x", "#")}">({marked(cut(each.why, 2500))})</font>'
        cells.append([_p(clock(each.when, zone)[:19], _SMALL), _Dot(is_person=not each.by_machine), Paragraph(said, _BODY)])
    table = Table(cells, colWidths=[82, 14, _WIDTH_PT - 96])
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 1.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2)]
    table.setStyle(TableStyle([*_NO_PADDING, *style, ("TOPPADDING", (0, 0), (0, -1), 2.6)]))
    key = [_Dot(is_person=True), _p("a person decided", _SMALL), _Dot(is_person=False), _p("the machine suggested, and decided nothing", _SMALL)]
    legend = Table([key], colWidths=[14, 78, 14, _WIDTH_PT - 202], hAlign="RIGHT")
    legend.setStyle(TableStyle([*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (-1, -1), 3)]))
    return [table, legend]


def _grounds(case: Case, custody: tuple[CustodyLine, ...], root_fingerprint: str) -> list[Flowable]:
    """The pages after the first."""
    o, zone = case.opening, case.opening.law.timezone
    m, event, device = o.measurement, o.event, o.device
    story: list[Flowable] = [_NextPage(), _p("What the first page rests on", _style(16, _INK, STRONG, spaceAfter=2)), _heading("Measurement")]
    rows = [[each.name, f"{each.value:.6g} {each.unit}", f"{each.doubt:.3g} {each.unit}"] for each in event.measures]
    story.append(_grid(["name", "value", "doubt (one sigma)"], rows, (0.4, 0.3, 0.3)))
    place = f"{event.ground_m[0]:.2f}, {event.ground_m[1]:.2f} m on the ground" if event.ground_m else ""
    place = place or (f"{event.px[0]:.1f}, {event.px[1]:.1f} px in the picture" if event.px else "")
    span = f"{event.time_ns / NS_PER_S:.3f} s to {event.end_time_ns / NS_PER_S:.3f} s of the source"
    facts = [("limit", _kmh(m.limit_kmh)), ("tolerance", _kmh(m.tolerance_kmh)), ("place", place), ("time", span), ("source", event.lineage)]
    facts += [(name, str(value)) for name, value in event.details.items()] + [("track", ", ".join(event.subjects)), ("judged by", m.version)]
    story += [_pairs([*facts, ("to get the same numbers", m.replay)]), _heading("Calibration")]
    held = m.calibration
    if held is None:
        story.append(_p("No certificate is named: this case cannot be submitted."))
    else:
        holds = "nothing says when it happened" if event.when is None else "yes" if held.holds_at(event.when) else "NO"
        span = f"{clock(held.valid_from, zone)} to {clock(held.valid_to, zone)}"
        story.append(
            _pairs(
                [
                    ("held when it happened", holds),
                    ("valid", span),
                    ("made", f"{held.made_on} by {held.issuer}"),
                    ("method", held.method),
                    ("SHA-256", held.sha256),
                ]
            )
        )
    story.append(_heading("Signal states"))
    states = [[s.signal, s.state, f"{s.begin_ns / NS_PER_S:.3f} s", f"{s.end_ns / NS_PER_S:.3f} s", s.source] for s in o.signals]
    story.append(_grid(["signal", "state", "from", "to", "known by"], states, (0.22, 0.14, 0.16, 0.16, 0.32)) if states else _p("None mattered."))
    story += [
        _heading("Device"),
        _pairs([("camera", device.camera), ("model", device.model), ("firmware", device.firmware), ("its own signatures", device.media_signing)]),
    ]
    story += [_p(note, _SMALL) for note in device.notes]
    story.append(_heading("Pictures and files"))
    files = [[each.role, each.media_type, f"{each.size_bytes:,}".replace(",", " "), each.sha256] for each in case.media]
    story.append(_grid(["role", "type", "bytes", "SHA-256"], files, (0.12, 0.15, 0.15, 0.58)) if files else _p("None are kept."))
    if files:
        story.append(_p("Originals are sealed to the authority's key; catseye itself cannot open them. Stills and clips are redacted.", _SMALL))
    story.append(_heading("Custody"))
    looks = [[clock(each.when, zone), each.who, each.what, each.why] for each in custody]
    looks += [[clock(told.when, zone), told.by, told.what, told.why] for told in timeline(case) if told.kind == "exported"]
    story.append(
        _grid(["when", "who", "what", "why"], sorted(looks), (0.24, 0.2, 0.28, 0.28))
        if looks
        else _p("Nobody has looked at its pictures, and no report was taken.")
    )
    return [*story, *_verification(case, root_fingerprint)]


def _verification(case: Case, root_fingerprint: str) -> list[Flowable]:
    sent, law = case.decided.submission, case.opening.law
    steps = [
        "Take the evidence package and the authority's root certificate; nothing else is needed, and no network.",
        "catseye verify PACKAGE --root root.pem",
        "Every check is numbered; one that fails names the file and the fact. How to do it without catseye: docs/how-to/verify-a-package-without-us.md.",
    ]
    facts = [("manifest of the package", sent.manifest_sha256 if sent else "not submitted yet"), ("fingerprint of the root key", root_fingerprint)]
    facts += [
        ("text of the law's data", f"{law.jurisdiction}, SHA-256 {law.sha256}"),
        ("two people", f"{law.reviewers_count} must confirm ({law.reviewers_source})"),
    ]
    return [KeepTogether([_heading("How to verify"), *(_p(f"{at}.  {text}") for at, text in enumerate(steps, 1)), Spacer(1, 4), _pairs(facts)])]


def _kmh(value: float | None) -> str:
    return "" if value is None else f"{value:g} km/h"


_NO_PADDING = [(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]
_RIGHT = _style(8, _GREY, alignment=TA_RIGHT)


def _label(text: str) -> Paragraph:
    return _p(text, _LABEL)


def _heading(text: str) -> Flowable:
    return _p(text, _HEAD)


def _plain_table(cells: list[list[Any]], widths: list[float]) -> Table:
    table = Table(cells, colWidths=widths)
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE), ("TOPPADDING", (0, 0), (-1, -1), 1.6)]
    table.setStyle(TableStyle([*_NO_PADDING, *style, ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2), ("RIGHTPADDING", (0, 0), (-2, -1), 6)]))
    return table


def _grid(headers: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float]) -> Table:
    cells = [[_p(header, _LABEL) for header in headers], *([_p(cell, _style(8.6)) for cell in row] for row in rows)]
    return _plain_table(cells, [_WIDTH_PT * share for share in shares])


def _pairs(facts: Sequence[tuple[str, str]]) -> Flowable:
    cells = [[_p(name, _SMALL), _p(value, _style(9))] for name, value in facts if value]
    if not cells:
        return Spacer(1, 1)
    table = Table(cells, colWidths=[_WIDTH_PT * 0.24, _WIDTH_PT * 0.76])
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("TOPPADDING", (0, 0), (0, -1), 0.8), ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2)]
    table.setStyle(TableStyle([*_NO_PADDING, *style, ("RIGHTPADDING", (0, 0), (0, -1), 6)]))
    return table


class _NextPage(CondPageBreak):  # type: ignore[misc] # reportlab has no types
    """A new page, unless this one is still empty."""

    def __init__(self) -> None:
        super().__init__(A4[1])


class _Pill(Flowable):  # type: ignore[misc] # reportlab has no types
    """The state, white on its colour."""

    def __init__(self, word: str, colour: Any) -> None:
        super().__init__()
        self._word, self._colour = word, colour
        from reportlab.pdfbase.pdfmetrics import stringWidth

        self.width, self.height = stringWidth(word, STRONG, 9) + 20, 20

    def wrap(self, *_room: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        self.canv.setFillColor(self._colour)
        self.canv.roundRect(0, 0, self.width, self.height, 10, stroke=0, fill=1)
        self.canv.setFillColor(white)
        self.canv.setFont(STRONG, 9)
        self.canv.drawCentredString(self.width / 2, 6.6, self._word)


class _Dot(Flowable):  # type: ignore[misc] # reportlab has no types
    """Filled: a person; hollow: the machine."""

    def __init__(self, *, is_person: bool) -> None:
        super().__init__()
        self._is_person = is_person

    def wrap(self, *_room: float) -> tuple[float, float]:
        return 10, 11

    def draw(self) -> None:
        self.canv.setStrokeColor(_ACCENT if self._is_person else _GREY)
        self.canv.setFillColor(_ACCENT if self._is_person else white)
        self.canv.setLineWidth(0.9)
        self.canv.circle(4, 4.2, 2.7, stroke=1, fill=1)


class _Numbered(Canvas):  # type: ignore[misc] # reportlab has no types
    """Pages that know how many they are."""

    def __init__(self, name: str, *words: Any, **wishes: Any) -> None:
        super().__init__(*words, **wishes)
        self._name = name
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 reportlab's own name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for number, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setStrokeColor(_RULE)
            self.setLineWidth(0.4)
            self.line(_MARGIN_PT, _FOOT_PT - 6, A4[0] - _MARGIN_PT, _FOOT_PT - 6)
            self.setFont(PLAIN, 7.5)
            self.setFillColor(_GREY)
            self.drawString(_MARGIN_PT, _FOOT_PT - 16, f"{self._name}   ·   made by catseye; a person decides, the machine suggests")
            self.drawRightString(A4[0] - _MARGIN_PT, _FOOT_PT - 16, f"{number} / {len(self._pages)}")
            super().showPage()
        super().save()
