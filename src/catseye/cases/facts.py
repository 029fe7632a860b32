"""What each kind of step says: a frozen noun a kind, written as plain JSON and read back strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import Field, TypeAdapter, ValidationError

from catseye.cases.errors import CaseError
from catseye.cases.opening import STRICT, MediaReference, Opening
from catseye.core.time import Stamp

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Sentence = Annotated[str, Field(pattern=r"\S", max_length=4000)]
Noun = TypeVar("Noun")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: of a confirmation, a dismissal, a closing, a reopening, a withdrawal."""

    __pydantic_config__ = STRICT

    reason: Sentence


@dataclass(frozen=True, slots=True)
class Character:
    """One character as the machine read it, and how sure it was."""

    __pydantic_config__ = STRICT

    text: str
    confidence_ratio: Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the machine thinks: of the plate, or of the review as a whole. It never changes a state. `basis` is what made it: a model's name."""

    __pydantic_config__ = STRICT

    about: Literal["plate", "review"]
    text: str
    basis: str
    characters: tuple[Character, ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """Media that came after the opening."""

    __pydantic_config__ = STRICT

    media: Annotated[tuple[MediaReference, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Plate:
    """The plate as a person read it; `reason` where it is not what the machine suggested, or not what was confirmed before."""

    __pydantic_config__ = STRICT

    text: Annotated[str, Field(pattern=r"^[^\W_](?:[^\W_]|[ .·-]){0,14}[^\W_]$")]
    reason: Annotated[str, Field(max_length=4000)] = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """To which authority, and exactly what: the SHA-256 of the package's manifest, which names the hash of all else.

    `root_sha256` is of the root certificate (DER) by which the package was checked: whoever checks with another one sees it.
    """

    __pydantic_config__ = STRICT

    authority: Sentence
    manifest_sha256: Sha256
    root_sha256: Sha256


Answers: TypeAlias = Literal["accepted", "rejected", "needs-more"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the authority said; `appeal_by` is the first moment that is too late for the owner."""

    __pydantic_config__ = STRICT

    outcome: Answers
    reason: Sentence
    appeal_by: Stamp


@dataclass(frozen=True, slots=True)
class Appeal:
    """What the owner says against it, handed on by the authority; `leave`: who allowed it although it came late, and why."""

    __pydantic_config__ = STRICT

    grounds: Sentence
    leave: Annotated[str, Field(max_length=4000)] = ""


@dataclass(frozen=True, slots=True)
class Hearing:
    """`upheld`: the decision stands; `overturned`: it falls, and the case with it."""

    __pydantic_config__ = STRICT

    outcome: Literal["upheld", "overturned"]
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Exported:
    """A report that left the house: what for, and the SHA-256 of each file, by its name. Reading a case is no hand in it."""

    __pydantic_config__ = STRICT

    reason: Sentence
    files: dict[str, Sha256]


Facts: TypeAlias = Opening | Suggestion | Attached | Reason | Plate | Submission | Answer | Appeal | Hearing | Exported


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {noun: TypeAdapter(noun) for noun in get_args(Facts)}


def as_facts(said: Facts) -> dict[str, Any]:
    """Plain JSON values, for a step."""
    facts: dict[str, Any] = _ADAPTERS[type(said)].dump_python(said, mode="json")
    return facts


def said_in(facts: Mapping[str, Any], noun: type[Noun], where: str) -> Noun:
    """The noun the facts were made of; CaseError for anything else, whoever wrote it."""
    try:
        said: Noun = _ADAPTERS[noun].validate_json(json.dumps(dict(facts), allow_nan=False), strict=True)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(map(str, first["loc"])) or "facts"
        raise CaseError(where, f"{place}: {first['msg'].lower()} (came {_short(first['input'])})", f"the facts of a {noun.__name__.lower()}") from None
    except (TypeError, ValueError, RecursionError) as fault:
        raise CaseError(where, f"facts that are no plain JSON ({fault})", f"the facts of a {noun.__name__.lower()}") from None
    return said


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
