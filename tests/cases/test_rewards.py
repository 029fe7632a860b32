"""Money for reports: the first valid one is paid, once, by somebody else, within cap and budget. On both databases."""

import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from tests.cases.told import NOON, SALT, adopted, claim, photo, received, upheld
from tests.support.postgres import told

from catseye.cases.citizen_reports import ReportRefusedError, ReportStateError
from catseye.cases.report_desk import alike, decide, mark_duplicate, publish, read, receive, reopen, reports, review, scheme_of
from catseye.cases.rewards import approve, change_payee, fund, lapse, pay, reverse
from catseye.cases.scheme import Adopted, adopt, example_schemes
from catseye.core.errors import StoreError
from catseye.core.grant import Grant
from catseye.core.time import NS_PER_S
from catseye.vault.dossiers import DossierMovedError
from catseye.vault.identities import Identities, Identity, UnknownReporterError
from catseye.vault.kept_for import KeptFor
from catseye.vault.ledger import BalanceError
from catseye.vault.vault import Vault

DAY_NS = 86_400 * NS_PER_S
LATER = NOON.plus_ns(DAY_NS)
LAN = Identity("Nguyen Thi Lan", "CN-1234 5678", "lan@example.org", "bank 42")
CASHIER = Grant("cashier Hoa", "paying rewards", NOON.plus_ns(400 * DAY_NS))


@pytest.fixture
def scheme(vault: Vault) -> Adopted:
    found = adopted(vault)
    fund(vault, found.scheme, 500_000, "2026", NOON, "treasurer Mai")
    return found


@pytest.fixture
def identities(vault: Vault, tmp_path: Path) -> Identities:
    return Identities(tmp_path / "people", tmp_path / "people-keys", vault)


@pytest.fixture
def lan(identities: Identities) -> str:
    return identities.enrol(LAN, NOON)


def balance(vault: Vault, account: str) -> int:
    return vault.ledger.balance_minor(account, "CNY")


def test_a_valid_report_is_paid_once_and_the_payee_comes_from_the_identity_vault(vault: Vault, scheme: Adopted, identities: Identities, lan: str) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    assert approve(vault, report.id, NOON, "officer Chi").state == "due"
    assert balance(vault, f"payable/{lan}") == 2000
    paid = pay(vault, identities, report.id, CASHIER, LATER)
    assert (paid.payee, paid.amount_minor, paid.currency, paid.is_again) == (LAN, 2000, "CNY", False)
    again = pay(vault, identities, report.id, CASHIER, LATER.plus_ns(1))
    assert (again.is_again, again.booked) == (True, LATER)
    assert read(vault, report.id).state == "paid"
    assert (balance(vault, f"payable/{lan}"), balance(vault, "outside/paid-out"), balance(vault, "budget/jinan-like")) == (0, 2000, 498_000)
    looks = [(look.who, look.why) for look in vault.looks(subject=f"identity/{lan}")]
    assert looks == [("cashier Hoa", f"to pay the reward of report {report.id}")] * 2
    assert vault.log_faults() == []


def test_another_cashier_is_told_who_paid_and_learns_no_name(vault: Vault, scheme: Adopted, identities: Identities, lan: str) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    pay(vault, identities, report.id, CASHIER, LATER)
    with pytest.raises(ReportStateError, match="paid by cashier Hoa"):
        pay(vault, identities, report.id, Grant("cashier Tuan", "paying rewards", CASHIER.until), LATER)
    assert [look.who for look in vault.looks(subject=f"identity/{lan}")] == ["cashier Hoa"]


def test_nobody_pays_himself_however_he_spells_it(vault: Vault, scheme: Adopted, identities: Identities, lan: str) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    with pytest.raises(ReportStateError, match="wanted another cashier: nobody pays himself"):
        pay(vault, identities, report.id, Grant(f" {LAN.name.upper()}.", "paying rewards", CASHIER.until), LATER)
    assert (balance(vault, f"payable/{lan}"), read(vault, report.id).state) == (2000, "due")
    assert not pay(vault, identities, report.id, CASHIER, LATER).is_again


def test_who_changes_the_payout_does_not_pay_and_who_pays_does_not_change_it(vault: Vault, scheme: Adopted, identities: Identities, lan: str) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    insider, mine = Grant("clerk Vu", "changing", CASHIER.until), replace(LAN, payout="bank 666")
    change_payee(vault, identities, mine, insider, LATER, "asked by telephone")
    with pytest.raises(ReportStateError, match="Clerk VU would pay, and changed who is paid or where to"):
        pay(vault, identities, report.id, Grant("Clerk VU", "paying rewards", CASHIER.until), LATER)
    paid = pay(vault, identities, report.id, CASHIER, LATER)
    assert (paid.payee.payout, paid.payout_since, paid.payout_by) == ("bank 666", LATER, "clerk Vu")
    with pytest.raises(ReportStateError, match="Cashier hoa would change it, and pays rewards"):
        change_payee(vault, identities, LAN, Grant("Cashier hoa", "changing", CASHIER.until), LATER, "back")
    assert vault.log_faults() == []


@pytest.mark.parametrize("decider", ["officer An", "officer Binh", "officer Chi"])
def test_a_payer_who_approved_is_refused_and_nothing_moves(vault: Vault, scheme: Adopted, identities: Identities, lan: str, decider: str) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    with pytest.raises(ReportStateError, match=f"{decider} would pay, and decided on it"):
        pay(vault, identities, report.id, Grant(decider, "paying rewards", CASHIER.until), LATER)
    assert balance(vault, f"payable/{lan}") == 2000
    assert list(vault.looks(subject=f"identity/{lan}")) == []


def test_an_empty_budget_leaves_the_report_waiting_until_it_is_filled(vault: Vault) -> None:
    scheme = adopted(vault)
    report = received(vault, scheme)
    upheld(vault, report.id)
    with pytest.raises(BalanceError, match="account budget/jinan-like: 2000 CNY minor units to be taken from 0"):
        approve(vault, report.id, NOON, "officer Chi")
    assert read(vault, report.id).state == "published"
    fund(vault, scheme.scheme, 2000, "2026", NOON, "treasurer Mai")
    fund(vault, scheme.scheme, 2000, "2026", LATER, "treasurer Mai")
    assert approve(vault, report.id, NOON, "officer Chi").state == "due"
    assert balance(vault, "budget/jinan-like") == 0


def test_the_cap_of_a_month_turns_money_into_credit_and_the_next_month_pays_again(vault: Vault, scheme: Adopted) -> None:
    big = received(vault, scheme, 0, offence="hit-and-run")
    small = received(vault, scheme, 1, NOON.plus_ns(2000 * NS_PER_S), plate="鲁B22222")
    next_month = NOON.plus_ns(10 * DAY_NS)
    later = received(vault, scheme, 2, next_month, plate="鲁C33333")
    for report in (big, small, later):
        upheld(vault, report.id, next_month)
    assert approve(vault, big.id, NOON, "officer Chi").state == "due"
    capped = approve(vault, small.id, NOON, "officer Chi")
    assert (capped.state, capped.credit) == ("credited", "the month's cap is reached")
    assert approve(vault, later.id, next_month, "officer Chi").state == "due"
    assert vault.ledger.in_period_minor("payable/00000000000000a1", "CNY", "2026-09") == 150_000
    assert vault.ledger.in_period_minor("payable/00000000000000a1", "CNY", "2026-10") == 2000


def test_the_first_valid_report_is_rewarded_and_the_rest_get_credit(vault: Vault, scheme: Adopted) -> None:
    first = received(vault, scheme, 0, reporter="00000000000000a1")
    second = received(vault, scheme, 1, NOON.plus_ns(60 * NS_PER_S), reporter="00000000000000a2")
    third = received(vault, scheme, 2, NOON.plus_ns(90 * NS_PER_S), reporter="00000000000000a3")
    assert [found.report for found in alike(vault, third.id)] == [first.id, second.id]
    decide(vault, second.id, "triaged", NOON, "officer An")
    with pytest.raises(ReportStateError, match="which is later"):
        mark_duplicate(vault, second.id, third.id, NOON, "officer An")
    mark_duplicate(vault, second.id, first.id, NOON, "officer An")
    upheld(vault, third.id)  # nobody saw that it is one more of the same
    with pytest.raises(ReportStateError, match=f"an earlier report of the same, {first.id}, is received"):
        approve(vault, third.id, NOON, "officer Chi")
    upheld(vault, first.id)
    assert (credited := publish(vault, second.id, NOON, "officer Binh")).state == "credited"
    assert credited.credit == "reported before"
    assert approve(vault, third.id, NOON, "officer Chi").credit == "reported before"
    assert approve(vault, first.id, NOON, "officer Chi").state == "due"
    assert [balance(vault, f"payable/{0xA0 + number:016x}") for number in (1, 2, 3)] == [2000, 0, 0]


def test_when_the_first_report_comes_to_nothing_the_next_is_taken_up_again(vault: Vault, scheme: Adopted) -> None:
    first, second = received(vault, scheme, 0), received(vault, scheme, 1, NOON.plus_ns(60 * NS_PER_S), reporter="00000000000000a2")
    decide(vault, second.id, "triaged", NOON, "officer An")
    mark_duplicate(vault, second.id, first.id, NOON, "officer An")
    with pytest.raises(ReportStateError, match="which is received; wanted one whose first report came to nothing"):
        reopen(vault, second.id, NOON, "officer An")
    decide(vault, first.id, "triaged", NOON, "officer An")
    decide(vault, first.id, "rejected", NOON, "officer An", reason="unreadable")
    assert reopen(vault, second.id, NOON, "officer An").state == "triaged"
    decide(vault, second.id, "accepted", NOON, "officer An")
    review(vault, second.id, "upheld", "clear", NOON, "officer Binh", SALT)
    publish(vault, second.id, NOON, "officer Binh")
    assert approve(vault, second.id, NOON, "officer Chi").state == "due"


def test_one_case_is_rewarded_once_whoever_reported_it(vault: Vault, scheme: Adopted) -> None:
    one, other = received(vault, scheme, 0), received(vault, scheme, 1, reporter="00000000000000a2", plate="鲁B22222")
    for report in (one, other):
        upheld(vault, report.id, case="case-7")
    states = sorted(approve(vault, report.id, NOON, "officer Chi").state for report in (one, other))
    assert states == ["credited", "due"]
    assert balance(vault, "budget/jinan-like") == 498_000


def test_what_was_not_upheld_gets_neither_money_nor_credit(vault: Vault, scheme: Adopted) -> None:
    report = received(vault, scheme)
    upheld(vault, report.id, finding="not-upheld")
    with pytest.raises(ReportStateError, match="not upheld"):
        approve(vault, report.id, NOON, "officer Chi")


def test_a_hazard_is_rewardable_too(vault: Vault, scheme: Adopted) -> None:
    report = received(vault, scheme, offence="spilled-load", plate="")
    assert report.routed_to == ("Road authority, night and day desk",)
    upheld(vault, report.id)
    assert approve(vault, report.id, NOON, "officer Chi").reward_minor == 1000


def test_a_scheme_without_money_credits(vault: Vault) -> None:
    scheme = adopt(vault, example_schemes()["uk-like"].replace("again_ratio = 0.1", "again_ratio = 0.0"), "uk", NOON, "chief Van")
    report = receive(vault, scheme, claim(plate="AB12 CDE"), [photo(1), photo(2)], NOON)
    upheld(vault, report.id)
    assert approve(vault, report.id, NOON, "officer Chi").credit == "no money for this"
    with pytest.raises(ReportStateError, match="it pays nothing"):
        fund(vault, scheme.scheme, 1, "2026", NOON, "treasurer Mai")


def test_what_nobody_fetches_lapses_after_ninety_days_and_goes_back(vault: Vault, scheme: Adopted, identities: Identities, lan: str) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    assert lapse(vault, scheme.scheme, NOON.plus_ns(90 * DAY_NS), "clock") == []
    assert [gone.id for gone in lapse(vault, scheme.scheme, NOON.plus_ns(90 * DAY_NS + 1), "clock")] == [report.id]
    assert lapse(vault, scheme.scheme, NOON.plus_ns(91 * DAY_NS), "clock") == []
    assert (balance(vault, "budget/jinan-like"), balance(vault, f"payable/{lan}")) == (500_000, 0)
    with pytest.raises(ReportStateError, match="paid while it is lapsed"):
        pay(vault, identities, report.id, CASHIER, NOON.plus_ns(91 * DAY_NS))


@pytest.mark.parametrize("was_paid", [False, True])
def test_a_reward_is_taken_back_by_booking_it_back(vault: Vault, scheme: Adopted, identities: Identities, lan: str, was_paid: bool) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    if was_paid:
        pay(vault, identities, report.id, CASHIER, LATER)
    assert reverse(vault, report.id, "the video was edited", LATER, "chief Van").state == "reversed"
    assert reverse(vault, report.id, "the video was edited", LATER, "chief Van").state == "reversed"
    with pytest.raises(ReportStateError):
        reverse(vault, report.id, "another reason", LATER, "chief Van")
    assert {account: balance(vault, account) for account in ("budget/jinan-like", f"payable/{lan}", "outside/paid-out")} == {
        "budget/jinan-like": 500_000,
        f"payable/{lan}": 0,
        "outside/paid-out": 0,
    }
    assert len(vault.ledger.transactions()) == (5 if was_paid else 3)
    assert vault.log_faults() == []


def test_blind_review_again_by_lot(vault: Vault) -> None:
    scheme = adopted(vault, again_ratio="1.0")
    report = received(vault, scheme)
    decide(vault, report.id, "triaged", NOON, "officer An")
    decide(vault, report.id, "accepted", NOON, "officer An")
    assert review(vault, report.id, "upheld", "clear", NOON, "officer Binh", SALT).state == "accepted"
    with pytest.raises(ReportStateError, match="outcome-published while it is accepted"):
        publish(vault, report.id, NOON, "officer Binh")
    assert review(vault, report.id, "upheld", "clear", NOON, "officer Dung", SALT).state == "reviewed"


def test_a_report_sent_twice_at_once_is_one(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        scheme = adopted(vault)
    found: list[Any] = []

    def send() -> None:
        with open_vault() as own:
            found.append(receive(own, scheme, claim(), [photo(1), photo(2)], NOON))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({report.id for report in found}) == 1
    with open_vault() as vault:
        assert len(list(reports(vault))) == 1


def _claim_in_a_process(folder: Path, url: str, name: str, cashier: str, results: Any) -> None:
    """A cashier of its own process, who knocks until the door is settled."""
    with Vault.open(folder / "vault", database_url=url) as vault:
        identities = Identities(folder / "people", folder / "people-keys", vault)
        grant = Grant(cashier, "paying rewards", CASHIER.until)
        for nth in range(4):
            try:
                paid = pay(vault, identities, name, grant, LATER.plus_ns(nth))
                results.put((cashier, "again" if paid.is_again else "paid"))
            except (ReportStateError, DossierMovedError) as refused:
                results.put((cashier, type(refused).__name__))


def test_the_same_claim_from_two_processes_at_once_is_paid_once(
    vault: Vault, scheme: Adopted, identities: Identities, lan: str, tmp_path: Path, database_url: str
) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    context = get_context("spawn")
    results = context.Queue()
    cashiers = ("cashier Hoa", "cashier Tuan")
    desks = [context.Process(target=_claim_in_a_process, args=(tmp_path, database_url, report.id, cashier, results)) for cashier in cashiers]
    for desk in desks:
        desk.start()
    told = [results.get(timeout=60) for _ in range(8)]
    for desk in desks:
        desk.join(60)
    payers = {who for who, what in told if what in ("paid", "again")}
    assert len(payers) == 1
    assert [what for _, what in told].count("paid") == 1
    assert {look.who for look in vault.looks(subject=f"identity/{lan}")} >= payers  # who was a moment too late looked for nothing, and that is logged as well
    assert balance(vault, "outside/paid-out") == 2000
    assert vault.log_faults() == []


def test_with_the_database_away_nothing_is_said_to_be_done(
    vault: Vault, scheme: Adopted, identities: Identities, lan: str, open_vault: Callable[..., Vault]
) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    size_count = vault.log_size_count()
    with open_vault(patience_s=0.2) as hasty:
        people = Identities(identities._folder, identities._keys.folder, hasty)
        with vault._database.writing() as connection:
            vault._database.lock(connection)
            for attempt in (lambda: pay(hasty, people, report.id, CASHIER, LATER), lambda: reverse(hasty, report.id, "x", LATER, "chief Van")):
                with pytest.raises(StoreError, match=r"another writer has held it for 0\.2 s"):
                    attempt()
        assert vault.log_size_count() == size_count
        assert read(vault, report.id).state == "due"
        assert len(vault.ledger.transactions()) == 2
        assert not pay(hasty, identities, report.id, CASHIER, LATER).is_again


def test_rules_are_those_of_the_day_a_report_came_in(vault: Vault, scheme: Adopted) -> None:
    report = received(vault, scheme)
    adopt(vault, example_schemes()["jinan-like"].replace("reward_minor = 2000", "reward_minor = 9000"), "x", LATER, "chief Van")
    upheld(vault, report.id)
    assert scheme_of(vault, report).offence["red-light"].reward_minor == 2000
    assert approve(vault, report.id, LATER, "officer Chi").reward_minor == 2000


def test_a_refused_report_leaves_nothing(vault: Vault, scheme: Adopted) -> None:
    size_count = vault.log_size_count()
    with pytest.raises(ReportRefusedError):
        receive(vault, scheme, claim(), [photo(1)], NOON)
    assert (list(reports(vault)), vault.log_size_count()) == ([], size_count)


def test_no_byte_of_an_identity_lies_open_anywhere(vault: Vault, scheme: Adopted, lan: str, tmp_path: Path) -> None:
    received(vault, scheme, reporter=lan)
    vault.flush()
    for path in tmp_path.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(word.encode() in content for word in ("Lan", "1234 5678", "12345678", "lan@example", "bank 42")), path


def test_a_forgotten_identity_leaves_ledger_and_log_whole_and_is_paid_no_more(
    vault: Vault, scheme: Adopted, identities: Identities, lan: str, tmp_path: Path
) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    secret = (tmp_path / "people-keys" / f"identity-{lan}.key").read_bytes()
    identities.forget(lan, CASHIER, LATER, "on request")
    with pytest.raises(UnknownReporterError, match="never enrolled here, or forgotten"):
        pay(vault, identities, report.id, CASHIER, LATER)
    with pytest.raises(UnknownReporterError):
        identities.look(lan, CASHIER, LATER, "curious")
    assert read(vault, report.id).state == "due"
    assert balance(vault, f"payable/{lan}") == 2000
    assert not any(secret.split()[3] in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert list((tmp_path / "people").glob("*.identity")) == list((tmp_path / "people").glob("*.finder")) == []
    assert identities.enrol(LAN, NOON) != lan
    assert vault.log_faults() == []


def test_a_report_that_is_over_is_forgotten_in_time_and_the_books_stay(vault: Vault, scheme: Adopted, identities: Identities, lan: str) -> None:
    paid, waiting = received(vault, scheme, reporter=lan), received(vault, scheme, 1, plate="鲁B22222")
    upheld(vault, paid.id)
    approve(vault, paid.id, NOON, "officer Chi")
    pay(vault, identities, paid.id, CASHIER, LATER)
    done = vault.retention.forget(LATER.plus_ns(3000 * DAY_NS), KeptFor(), ())
    assert done.left == ()
    assert [report.id for report in reports(vault)] == [waiting.id]
    assert balance(vault, "outside/paid-out") == 2000
    assert len(vault.ledger.transactions()) == 3
    assert vault.log_faults() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_goes_away_half_way_pays_nothing_and_one_that_comes_back_pays_once(
    vault: Vault, scheme: Adopted, identities: Identities, lan: str, database_url: str
) -> None:
    report = received(vault, scheme, reporter=lan)
    upheld(vault, report.id)
    approve(vault, report.id, NOON, "officer Chi")
    name = database_url.rpartition("/")[2]
    told(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
    told(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    with pytest.raises(StoreError, match="not currently accepting connections"):
        pay(vault, identities, report.id, CASHIER, LATER)
    told(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
    assert not pay(vault, identities, report.id, CASHIER, LATER).is_again
    assert balance(vault, "outside/paid-out") == 2000


@pytest.mark.parametrize("hand", ["officer An", "officer Ly", "officer Binh", " OFFICER  binh."])
def test_who_triaged_accepted_or_reviewed_a_report_does_not_approve_its_reward(vault: Vault, scheme: Adopted, hand: str) -> None:
    report = received(vault, scheme)
    decide(vault, report.id, "triaged", NOON, "officer An")
    decide(vault, report.id, "accepted", NOON, "officer Ly")
    review(vault, report.id, "upheld", "seen on the video", NOON, "officer Binh", SALT)
    publish(vault, report.id, NOON, "officer Binh")
    with pytest.raises(ReportStateError, match="would approve, and triaged, accepted or reviewed it; wanted somebody who had no hand in it"):
        approve(vault, report.id, NOON, hand)
    assert (read(vault, report.id).state, balance(vault, "budget/jinan-like")) == ("published", 500_000)
    assert approve(vault, report.id, NOON, "officer Chi").state == "due"
