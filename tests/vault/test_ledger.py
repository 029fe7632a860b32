"""The books balance, whatever is asked of them, by however many at once. On both databases."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support.postgres import fresh_database
from tests.support.properties import examples

from catseye.core.errors import StoreError
from catseye.core.time import Stamp
from catseye.vault.dossiers import DossierMovedError, Step
from catseye.vault.ledger import (
    BalanceError,
    Beside,
    Booking,
    Cap,
    CapReachedError,
    KeyReusedError,
    LedgerError,
    Posting,
    ReversalError,
    Transaction,
    moved,
)
from catseye.vault.vault import Vault

NOON = Stamp(1_790_000_000_000_000_000, 20.0)
LATER = NOON.plus_ns(10**9)
TREASURY, BUDGET = "outside/treasury", "budget/jinan"


def grant(amount_minor: int, key: str = "grant") -> Booking:
    return Booking(key, "CNY", moved(amount_minor, TREASURY, BUDGET), "the year's budget")


def reward(amount_minor: int, key: str, to: str = "payable/p1", period: str = "2026-09") -> Booking:
    return Booking(key, "CNY", moved(amount_minor, BUDGET, to), "reward", period)


def folded(vault: Vault) -> Counter[str]:
    held: Counter[str] = Counter()
    for booked in vault.ledger.transactions():
        assert sum(posting.amount_minor for posting in booked.booking.postings) == 0
        for posting in booked.booking.postings:
            held[posting.account] += posting.amount_minor
    return held


def test_a_booking_comes_back_as_it_was_booked(vault: Vault) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    booked = vault.ledger.book(reward(20_00, "r-1"), LATER, "officer Ly")
    assert vault.ledger.transactions() == [vault.ledger.transaction("grant"), booked]
    assert (booked.number, booked.by, booked.when, booked.reverses) == (1, "officer Ly", LATER, None)
    assert vault.ledger.balance_minor(BUDGET, "CNY") == 80_00
    assert vault.ledger.balance_minor("payable/p1", "CNY") == 20_00 == vault.ledger.in_period_minor("payable/p1", "CNY", "2026-09")
    assert vault.ledger.balance_minor(TREASURY, "CNY") == -100_00
    assert vault.ledger.balance_minor(BUDGET, "GBP") == 0
    assert vault.ledger.transactions("payable/p1") == [booked]


def test_the_same_claim_again_is_told_and_not_paid_twice(vault: Vault) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    first = vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly", [Cap("payable/p1", 20_00)])
    again = vault.ledger.book(reward(20_00, "r-1"), LATER, "officer Tan", [Cap("payable/p1", 20_00)])
    assert again == first
    assert vault.ledger.balance_minor("payable/p1", "CNY") == 20_00
    assert vault.log_size_count() == 2


def test_a_key_with_another_content_is_refused(vault: Vault) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly")
    for other in (reward(21_00, "r-1"), reward(20_00, "r-1", to="payable/p2"), reward(20_00, "r-1", period="2026-10"), reward(20_00, "grant")):
        with pytest.raises(KeyReusedError, match="another booking under a key that is taken"):
            vault.ledger.book(other, NOON, "officer Ly")
    assert len(vault.ledger.transactions()) == 2


def test_an_empty_budget_pays_nobody_and_nothing_is_written(vault: Vault) -> None:
    vault.ledger.book(grant(10_00), NOON, "treasurer Mai")
    with pytest.raises(BalanceError, match=r"account budget/jinan: 1001 CNY minor units to be taken from 1000; wanted enough"):
        vault.ledger.book(reward(10_01, "r-1"), NOON, "officer Ly", beside=[Beside("report", "r-1", (Step(0, "due", NOON, "officer Ly", {}),))])
    assert vault.dossiers.steps("report", "r-1") == []
    assert len(vault.ledger.transactions()) == vault.log_size_count() == 1


def test_a_cap_holds_within_its_month_and_reversals_make_room(vault: Vault) -> None:
    vault.ledger.book(grant(9000_00), NOON, "treasurer Mai")
    caps = [Cap("payable/p1", 1500_00)]
    vault.ledger.book(reward(1000_00, "r-1"), NOON, "officer Ly", caps)
    with pytest.raises(CapReachedError, match="100000 CNY minor units in 2026-09, and 50001 more; wanted at most 150000"):
        vault.ledger.book(reward(500_01, "r-2"), NOON, "officer Ly", caps)
    vault.ledger.book(reward(1500_00, "r-3", period="2026-10"), NOON, "officer Ly", caps)
    vault.ledger.reverse("r-1", "the photograph was of another day", LATER, "officer Ly")
    vault.ledger.book(reward(500_01, "r-2"), LATER, "officer Ly", caps)
    assert vault.ledger.in_period_minor("payable/p1", "CNY", "2026-09") == 500_01


def test_a_reversal_is_a_new_transaction_and_happens_once(vault: Vault) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly")
    back = vault.ledger.reverse("r-1", "mistaken", LATER, "officer Tan")
    assert back.reverses == 1
    assert back.booking.postings == (Posting(BUDGET, 20_00), Posting("payable/p1", -20_00))
    assert vault.ledger.reverse("r-1", "mistaken", LATER.plus_ns(1), "officer Ly") == back
    with pytest.raises(KeyReusedError):
        vault.ledger.reverse("r-1", "another reason", LATER, "officer Tan")
    with pytest.raises(ReversalError, match="it is a reversal itself"):
        vault.ledger.reverse(back.booking.key, "twice back", LATER, "officer Tan")
    with pytest.raises(ReversalError, match="no such transaction"):
        vault.ledger.reverse("r-2", "mistaken", LATER, "officer Tan")
    with pytest.raises(LedgerError, match="a key of a reversal"):
        vault.ledger.book(reward(1, "reversal of r-9"), NOON, "officer Ly")
    assert vault.ledger.balance_minor(BUDGET, "CNY") == 100_00


def test_what_was_handed_out_cannot_be_booked_back_from_an_empty_account(vault: Vault) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly")
    vault.ledger.book(Booking("paid r-1", "CNY", moved(20_00, "payable/p1", "outside/paid"), "paid"), NOON, "cashier Hoa")
    with pytest.raises(BalanceError):
        vault.ledger.reverse("r-1", "mistaken", LATER, "officer Tan")
    vault.ledger.reverse("paid r-1", "the money came back", LATER, "cashier Hoa")
    vault.ledger.reverse("r-1", "mistaken", LATER, "officer Tan")
    assert folded(vault) == Counter({TREASURY: -100_00, BUDGET: 100_00})


def test_steps_and_money_become_true_together_or_not_at_all(vault: Vault) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly", beside=[Beside("report", "r-1", (Step(0, "due", NOON, "officer Ly", {}),))])
    with pytest.raises(DossierMovedError):
        vault.ledger.book(reward(20_00, "r-2"), NOON, "officer Ly", beside=[Beside("report", "r-1", (Step(0, "due", NOON, "officer Ly", {}),))])
    assert vault.ledger.balance_minor("payable/p1", "CNY") == 20_00
    assert vault.ledger.transaction("r-2") is None
    assert vault.log_faults() == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Posting("budget", 1), "account 'budget'; wanted kind/name"),
        (lambda: Posting("budget/a", 0), "amount 0; wanted whole minor units"),
        (lambda: Posting("budget/a", 1.5), "amount 1.5; wanted whole minor units"),
        (lambda: Posting("budget/a", True), "amount True"),
        (lambda: Posting("budget/a", 10**18), "amount 10"),
        (lambda: Booking("k", "cny", moved(1, "outside/a", "budget/a"), "p"), "currency 'cny'"),
        (lambda: Booking("k", "CNY", (Posting("budget/a", 1), Posting("outside/a", -2)), "p"), "2 postings that come to -1"),
        (lambda: Booking("k", "CNY", (), "p"), "0 postings"),
        (lambda: Booking("k", "CNY", (Posting("budget/a", 1), Posting("budget/a", -1)), "p"), "an account twice"),
        (lambda: Booking(" ", "CNY", moved(1, "outside/a", "budget/a"), "p"), "wanted a key and a purpose"),
    ],
)
def test_what_cannot_be_booked_says_so(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        wrong()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_postings SET amount_minor = 1 WHERE account = 'payable/p1'",
        "UPDATE ledger_transactions SET purpose = 'gift' WHERE number = 1",
        "DELETE FROM ledger_postings WHERE number = 1",
        "DELETE FROM ledger_transactions WHERE number = 1",
        "INSERT INTO ledger_postings VALUES (1, 'payable/thief', 'CNY', 5, 5)",
        "INSERT INTO ledger_postings VALUES (2, 'payable/p1', 'CNY', 5, 999)",
        "INSERT INTO ledger_postings VALUES (2, 'payable/p9', 'CNY', -5, -5)",
        "INSERT INTO ledger_postings VALUES (2, 'payable/p9', 'CNY', 0, 0)",
        "INSERT INTO ledger_transactions VALUES (2, 'k', 'CNY', 'p', '', NULL, 1, '{}')",
        "INSERT INTO ledger_transactions VALUES (2, 'r-1', 'CNY', 'p', '', NULL, 1, '{}')",
    ],
)
def test_the_database_itself_refuses_to_unbalance_or_rewrite(vault: Vault, statement: str) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly")
    with pytest.raises((StoreError, DBAPIError)), vault._database.writing() as connection:
        connection.execute(text(statement))
    assert vault.log_faults() == []


def test_replacing_and_emptying_are_refused_too(vault: Vault, database_url: str) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    tricks = (
        ["TRUNCATE ledger_postings", "TRUNCATE ledger_transactions CASCADE"]
        if database_url
        else [
            "REPLACE INTO ledger_transactions VALUES (0, 'grant', 'CNY', 'gift', '', NULL, 1, '{}')",
            "REPLACE INTO ledger_postings VALUES (0, 'budget/jinan', 'CNY', 5, 5)",
        ]
    )
    for trick in tricks:
        with pytest.raises(StoreError, match="ledger: "), vault._database.writing() as connection:
            connection.execute(text(trick))


def test_a_thief_who_drops_the_triggers_is_told(vault: Vault, database_url: str) -> None:
    vault.ledger.book(grant(100_00), NOON, "treasurer Mai")
    vault.ledger.book(reward(20_00, "r-1"), NOON, "officer Ly")
    names = ("ledger_postings_no_change ON ledger_postings", "ledger_postings_kept ON ledger_postings", "ledger_transactions_kept ON ledger_transactions")
    embedded = ("ledger_postings_no_UPDATE", "ledger_postings_closed", "ledger_transactions_sum")
    with vault._database.writing() as connection:
        for name in names if database_url else embedded:
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text("UPDATE ledger_postings SET amount_minor = 3000, balance_minor = 3000 WHERE account = 'payable/p1'"))
        connection.execute(text("INSERT INTO ledger_postings VALUES (7, 'payable/thief', 'CNY', 5, 5)"))
        connection.execute(text("INSERT INTO ledger_transactions VALUES (9, 'k', 'CNY', 'p', '', NULL, 1, '{}')"))
    told = vault.log_faults()
    assert "entry 1: posting 1 was changed after it was logged" in told
    assert "ledger transaction 1: its postings come to 1000" in told
    assert "ledger transaction 7: its postings come to 5, and it was never closed" in told
    assert "the ledger has 3 transactions, and 2 were logged" in told


def test_many_claims_at_once_pay_each_once_keep_the_cap_and_the_budget(open_vault: Callable[..., Vault]) -> None:
    """Eight claimants with connections of their own, each of them asking for the same twelve rewards of three reporters."""
    told: list[Counter[str]] = []

    def claim(seat: int) -> None:
        seen: Counter[str] = Counter()
        with open_vault() as own:
            for nth in range(12):
                number = (nth * 5 + seat) % 12
                who = f"payable/p{number % 3}"
                try:
                    own.ledger.book(reward(40_00, f"r-{number}", to=who), NOON, f"officer {seat}", [Cap(who, 120_00)])
                    seen[f"r-{number}"] += 1
                except (CapReachedError, BalanceError) as refused:
                    seen[type(refused).__name__] += 1
        told.append(seen)

    with open_vault() as vault:
        vault.ledger.book(grant(330_00), NOON, "treasurer Mai")
        threads = [threading.Thread(target=claim, args=(seat,)) for seat in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 8
        held = folded(vault)
        assert held[BUDGET] == 10_00
        assert sorted(held[f"payable/p{who}"] for who in range(3)) == [80_00, 120_00, 120_00]
        assert len({booked.booking.key for booked in vault.ledger.transactions()}) == len(vault.ledger.transactions()) == 9
        assert vault.log_faults() == []


class Books(RuleBasedStateMachine):
    """Claims, retries, reversals and payments by two connections and by pairs of threads, against a plain model of the same books."""

    postgres = False
    CAP_MINOR = 60

    @initialize()
    def open(self) -> None:
        self._folder = TemporaryDirectory()
        self._scope = fresh_database() if self.postgres else _embedded()
        url = self._scope.__enter__()
        self.vaults = [Vault.open(Path(self._folder.name) / "vault", database_url=url) for _ in range(2)]
        self.booked: dict[str, Booking] = {}
        self.reversed: set[str] = set()
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "vaults"):
            assert self.vaults[0].log_faults() == []
            for vault in self.vaults:
                vault.close()
            self._scope.__exit__(None, None, None)
            self._folder.cleanup()

    def held(self) -> Counter[str]:
        held: Counter[str] = Counter()
        for key, booking in self.booked.items():
            for posting in booking.postings:
                held[posting.account] += 0 if key in self.reversed else posting.amount_minor
        return held

    def got(self, account: str, period: str) -> int:
        mine = [booking for key, booking in self.booked.items() if booking.period == period and key not in self.reversed]
        return sum(posting.amount_minor for booking in mine for posting in booking.postings if posting.account == account)

    def expected(self, booking: Booking, capped: bool) -> type[LedgerError] | None:
        if booking.key in self.booked:
            return None if self.booked[booking.key] == booking else KeyReusedError
        giver, taker = booking.postings
        if capped and self.got(taker.account, booking.period) + taker.amount_minor > self.CAP_MINOR:
            return CapReachedError
        return BalanceError if giver.account != TREASURY and self.held()[giver.account] + giver.amount_minor < 0 else None

    def ask(self, seat: int, booking: Booking, capped: bool) -> object:
        try:
            caps = [Cap(booking.postings[1].account, self.CAP_MINOR)] if capped else []
            return self.vaults[seat].ledger.book(booking, NOON.plus_ns(self.count), f"officer {seat}", caps)
        except LedgerError as refused:
            return type(refused)

    def claim(self, booking: Booking, capped: bool, seats: tuple[int, ...]) -> None:
        self.count += 1
        wanted = self.expected(booking, capped)
        found: list[Any] = []
        threads = [threading.Thread(target=lambda seat=seat: found.append(self.ask(seat, booking, capped))) for seat in seats]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == len(seats)
        if wanted is None:
            assert {type(each) for each in found} == {Transaction}, found
            assert {_content(each.booking) for each in found} == {_content(booking)}
            assert len({each.number for each in found}) == 1
            self.booked[booking.key] = booking
        else:
            assert found == [wanted] * len(seats)

    @rule(amount=st.integers(1, 200), nth=st.integers(0, 3), seats=st.sampled_from([(0,), (1,), (0, 1)]))
    def fund(self, amount: int, nth: int, seats: tuple[int, ...]) -> None:
        self.claim(grant(amount, f"grant {nth}"), False, seats)

    @rule(
        amount=st.sampled_from([10, 25, 60]),
        nth=st.integers(0, 9),
        who=st.integers(0, 1),
        period=st.sampled_from(["2026-09", "2026-10"]),
        seats=st.sampled_from([(0,), (1,), (0, 1)]),
    )
    def reward(self, amount: int, nth: int, who: int, period: str, seats: tuple[int, ...]) -> None:
        self.claim(reward(amount, f"r-{nth}", f"payable/p{who}", period), True, seats)

    @rule(amount=st.sampled_from([10, 25, 60]), nth=st.integers(0, 9), who=st.integers(0, 1), seats=st.sampled_from([(0,), (0, 1)]))
    def pay(self, amount: int, nth: int, who: int, seats: tuple[int, ...]) -> None:
        self.claim(Booking(f"paid {nth}", "CNY", moved(amount, f"payable/p{who}", "outside/paid"), "paid"), False, seats)

    @precondition(lambda self: self.booked)
    @rule(draw=st.data(), seats=st.sampled_from([(0,), (1,), (0, 1)]))
    def reverse(self, draw: st.DataObject, seats: tuple[int, ...]) -> None:
        key = draw.draw(st.sampled_from(sorted(self.booked)))
        held, booking = self.held(), self.booked[key]
        stands = key in self.reversed or all(held[p.account] - p.amount_minor >= 0 for p in booking.postings if not p.account.startswith("outside/"))
        found: list[object] = []

        def ask(seat: int) -> None:
            try:
                found.append(self.vaults[seat].ledger.reverse(key, "mistaken", NOON, f"officer {seat}").number)
            except BalanceError:
                found.append(BalanceError)

        threads = [threading.Thread(target=ask, args=(seat,)) for seat in seats]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(found)) == 1
        assert len(found) == len(seats)
        assert (found[0] is BalanceError) != stands
        if stands:
            self.reversed.add(key)

    @invariant()
    def the_books_are_those_of_the_model(self) -> None:
        if not hasattr(self, "vaults"):
            return
        wanted = {account: amount for account, amount in self.held().items() if amount}
        assert {account: amount for account, amount in folded(self.vaults[0]).items() if amount} == wanted
        for account, amount in wanted.items():
            assert self.vaults[1].ledger.balance_minor(account, "CNY") == amount
        assert all(amount >= 0 for account, amount in wanted.items() if not account.startswith("outside/"))
        assert all(
            self.vaults[0].ledger.in_period_minor(f"payable/p{who}", "CNY", period) <= self.CAP_MINOR for who in (0, 1) for period in ("2026-09", "2026-10")
        )
        assert len(self.vaults[0].ledger.transactions()) == len(self.booked) + len(self.reversed)


def _content(booking: Booking) -> tuple[object, ...]:
    return booking.key, booking.currency, booking.purpose, booking.period, frozenset(booking.postings)


@contextmanager
def _embedded() -> Iterator[str]:
    yield ""


class BooksOnPostgres(Books):
    postgres = True


TestBooksEmbedded = Books.TestCase
TestBooksEmbedded.settings = settings(max_examples=examples(12), stateful_step_count=20)


@pytest.mark.usefixtures("postgresql")
class TestBooksOnPostgres(BooksOnPostgres.TestCase):
    settings = settings(max_examples=examples(5), stateful_step_count=20)
