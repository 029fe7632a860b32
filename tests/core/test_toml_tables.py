"""Tables of TOML become frozen values, or are refused by where, what came and what was wanted."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from catseye.core.errors import CatseyeError
from catseye.core.toml_tables import read_table


class MenuError(CatseyeError):
    """A menu nobody can cook."""


@dataclass(frozen=True, slots=True)
class Dish:
    name: str
    price: float = 1.0
    is_hot: bool | None = None


@dataclass(frozen=True, slots=True)
class Menu:
    dish: tuple[Dish, ...]
    words: Mapping[str, str] | None = None


def menu(text: str) -> Menu:
    return read_table(Menu, tomllib.loads(text), "menu", MenuError)


def test_tables_in_tables_become_values_and_a_whole_number_is_a_number() -> None:
    assert menu('[[dish]]\nname = "pho"\nprice = 3\nis_hot = true\n[words]\nen = "soup"\n') == Menu((Dish("pho", 3.0, True),), {"en": "soup"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dish = 3", "menu, dish: 3; wanted a list"),
        ("[[dish]]\nprice = 3.0", "menu, dish 1: no key 'name'; wanted name = …"),
        ('[[dish]]\nname = "a"\nprise = 3.0', "menu, dish 1: unknown key 'prise'; wanted 'price'"),
        ('[[dish]]\nname = "a"\nprice = nan', "menu, dish 1, price: nan; wanted a number"),
        ('[[dish]]\nname = "a"\nprice = true', "menu, dish 1, price: True; wanted a number"),
        ('words = "x"\ndish = []', "menu, words: 'x'; wanted a table"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_three_facts(text: str, said: str) -> None:
    with pytest.raises(MenuError) as fault:
        menu(text)
    assert str(fault.value) == said
