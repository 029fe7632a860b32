"""Rewards: what is due for a report, paid, lapsed or booked back. The ledger keeps the money right; here is who may ask for it, and when.

treasury → budget       the authority funds a scheme            key: as it says
budget → payable        a reward is due, within the month's cap key: reward/<case, or the report without one>
payable → paid out      somebody else pays it                   key: paid/<report>
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catseye.cases.citizen_reports import REPORT, Report, ReportStateError, next_step
from catseye.cases.duplicates import likeness, order
from catseye.cases.people import is_among, same_person
from catseye.cases.report_desk import decide, read, reports, scheme_of, settle
from catseye.cases.scheme import Money, Scheme
from catseye.core.grant import Grant
from catseye.core.time import NS_PER_S, Stamp
from catseye.vault.identities import CHANGED
from catseye.vault.ledger import Beside, Booking, Cap, CapReachedError, KeyReusedError, Transaction, moved

if TYPE_CHECKING:
    from catseye.vault.identities import Identities, Identity
    from catseye.vault.vault import Vault

TREASURY, PAID_OUT = "outside/treasury", "outside/paid-out"
_NS_PER_DAY = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class PayOut:
    """What a cashier needs, under the grant it was asked for. `is_again`: it was booked at an earlier asking; look before you send money twice.

    `payout_since` is when the payout details were told, None where nobody wrote it down; `payout_by` who changed them, empty when they stand as enrolled.
    """

    report: str
    amount_minor: int
    currency: str
    payee: "Identity"
    booked: Stamp
    is_again: bool
    payout_since: Stamp | None = None
    payout_by: str = ""


def fund(vault: "Vault", scheme: Scheme, amount_minor: int, key: str, when: Stamp, by: str) -> Transaction:
    """Put money into a scheme's budget; the same key again is told, not funded twice."""
    money = _money(scheme)
    booking = Booking(f"fund/{scheme.id}/{key}", money.currency, moved(amount_minor, TREASURY, money.account), f"budget of {scheme.id}")
    return vault.ledger.book(booking, when, by)


def approve(vault: "Vault", name: str, when: Stamp, by: str) -> Report:
    """Make the reward due, or credit without money: the first valid report is paid, as long as the month's cap lasts.

    ReportStateError while an earlier report of the same is undecided; BalanceError when the budget is empty: the report then waits as it was.
    """
    report = read(vault, name)
    if report.state in ("due", "credited"):
        return report  # asked again, since the answer was lost
    scheme = scheme_of(vault, report)
    next_step(report, "credited", when, by, {"why": ""})  # refuses what may get neither
    reward_minor = scheme.offence[report.claim.offence].reward_minor
    if scheme.money is None or not reward_minor:
        return decide(vault, name, "credited", when, by, why="no money for this")
    if _is_taken(vault, report, scheme):
        return decide(vault, name, "credited", when, by, why="reported before")
    account = _account(report)
    postings = moved(reward_minor, scheme.money.account, account)
    booking = Booking(_reward_key(report), scheme.money.currency, postings, f"reward for report {name}", scheme.month(when))
    due = next_step(report, "reward-due", when, by, {"amount_minor": reward_minor, "currency": scheme.money.currency, "key": booking.key})
    try:
        vault.ledger.book(booking, when, due.by, [Cap(account, scheme.money.month_most_minor)], [Beside(REPORT, name, (due,))])
    except CapReachedError:
        return decide(vault, name, "credited", when, by, why="the month's cap is reached")
    except KeyReusedError:  # the reward of this case was given to another report meanwhile
        return decide(vault, name, "credited", when, by, why="reported before")
    return read(vault, name)


def pay(vault: "Vault", identities: "Identities", name: str, grant: Grant, when: Stamp) -> PayOut:
    """Book the reward out and give the payee, whom the identity vault knows, to who holds the grant; that look is logged.

    Whoever decided on the report may not pay, nor may its reporter. Asked again by the same cashier: the same booking is told.
    ReportStateError, UnknownReporterError, GrantError.
    """
    grant.refuse_after(when)
    report = read(vault, name)
    money = _money(scheme_of(vault, report))
    key = f"paid/{name}"
    booked = vault.ledger.transaction(key) if report.state == "paid" else None
    payee = None
    if booked is None:
        paid = next_step(report, "paid", when, grant.who, {"key": key})
        identities.refuse_unknown(report.claim.reporter)
        if is_among(grant.who, tuple(step.by for step in identities.changes(report.claim.reporter))):
            came = f"{grant.who} would pay, and changed who is paid or where to"
            raise ReportStateError(f"report {name}", came, "another cashier: see `catseye looks`")
        payee = identities.look(report.claim.reporter, grant, when, f"to pay the reward of report {name}")
        if same_person(payee.name, grant.who):
            raise ReportStateError(f"report {name}", f"{grant.who} would pay somebody of the same name", "another cashier: nobody pays himself")
        booking = Booking(key, money.currency, moved(report.reward_minor, _account(report), PAID_OUT), f"reward for report {name} paid")
        booked = vault.ledger.book(booking, when, paid.by, beside=[Beside(REPORT, name, (paid,))])
    if not same_person(booked.by, grant.who):
        raise ReportStateError(f"report {name}", f"paid by {booked.by} on {booked.when.iso()}", "a reward that is due")
    settle(vault, name, booked.when)
    if payee is None:
        payee = identities.look(report.claim.reporter, grant, when, f"to pay the reward of report {name}")
    since = identities.payout_since(report.claim.reporter)
    told = (None, "") if since is None else (since.when, since.by if since.kind == CHANGED else "")
    return PayOut(name, report.reward_minor, money.currency, payee, booked.when, booked.when != when, *told)


def change_payee(vault: "Vault", identities: "Identities", identity: "Identity", grant: Grant, when: Stamp, why: str) -> str:
    """Another name, contact or payout of somebody enrolled, never by a person who pays. ReportStateError, UnknownReporterError, GrantError."""
    paid_by = tuple(each.by for each in vault.ledger.transactions(PAID_OUT) if each.reverses is None)
    if is_among(grant.who, paid_by):
        raise ReportStateError("identity", f"{grant.who} would change it, and pays rewards", "somebody who pays none")
    return identities.change(identity, grant, when, why)


def reverse(vault: "Vault", name: str, why: str, when: Stamp, by: str) -> Report:
    """Take a reward back, due or paid, by booking it back; what went out is claimed from the reporter by other means."""
    report = read(vault, name)
    if report.state == "reversed" and report.reason == why:
        return report
    step = next_step(report, "reversed", when, by, {"why": why})
    keys = [f"paid/{name}", _reward_key(report)] if report.state == "paid" else [_reward_key(report)]
    vault.ledger.reverse_all(keys, f"reversed: {why}", when, step.by, [Beside(REPORT, name, (step,))])
    return settle(vault, name, when)


def lapse(vault: "Vault", scheme: Scheme, now: Stamp, by: str) -> list[Report]:
    """Give back to the budget what has been due for longer than the scheme waits; which reports those were."""
    gone = [report for report in reports(vault, scheme.id) if report.state == "due" and _is_over(report, _money(scheme_of(vault, report)), now)]
    for report in gone:
        step = next_step(report, "lapsed", now, by)
        vault.ledger.reverse_all([_reward_key(report)], "lapsed", now, by, [Beside(REPORT, report.id, (step,))])
    return [settle(vault, report.id, now) for report in gone]


def _is_over(report: Report, money: Money, now: Stamp) -> bool:
    return report.due_since is not None and now.utc_ns - report.due_since.utc_ns > money.lapse_days * _NS_PER_DAY


def _is_taken(vault: "Vault", report: Report, scheme: Scheme) -> bool:
    """Whether another report of the same was first or is rewarded; ReportStateError while that is open."""
    for other in reports(vault, scheme.id):
        like = likeness(report, other, scheme.duplicates)
        is_one_case = bool(report.case) and report.case == other.case and report.id != other.id
        if not is_one_case and not (like and like.is_sure):
            continue
        if other.state in ("due", "paid") or (order(other) < order(report) and other.is_valid):
            return True
        if order(other) < order(report) and other.is_open:
            raise ReportStateError(f"report {report.id}", f"an earlier report of the same, {other.id}, is {other.state}", "that one decided first")
    return False


def _money(scheme: Scheme) -> Money:
    if scheme.money is None:
        raise ReportStateError(f"scheme {scheme.id}", "a payment, and it pays nothing", "a scheme with [money]")
    return scheme.money


def _account(report: Report) -> str:
    return f"payable/{report.claim.reporter}"


def _reward_key(report: Report) -> str:
    return f"reward/{report.scheme}/{report.case or report.id}"
