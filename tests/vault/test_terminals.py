"""Who may report: let in and shut out by a named person, seen by every process; tokens kept as hashes; orders that only go forward."""

from collections.abc import Callable

import pytest
from tests.vault.kept import NOON, later
from tests.vault.test_retention import files_with

from catseye.core.terminal import Order, OrderState, Told
from catseye.vault.kept_for import KeptFor
from catseye.vault.terminals import (
    FINE,
    NO_TERMINAL,
    NO_VEHICLE,
    TERMINAL_THERE,
    VEHICLE_THERE,
    NobodyError,
    UnknownTerminalError,
    is_token_of,
    token_sha256,
)
from catseye.vault.vault import Vault

PHONE, PLATE = "13800138000", "51B-123.45"


def enrolled(vault: Vault, identity: str = PHONE, plate: str = PLATE) -> str:
    vault.terminals.enrol(identity, plate, 2, NOON, "vi", by="Lan")
    return identity


def test_a_terminal_is_let_in_registers_and_uses_its_token(vault: Vault) -> None:
    enrolled(vault)
    result, token = vault.terminals.register(PHONE, "51b 12345")
    assert result == FINE
    assert len(token.encode("ascii")) <= 32
    vault.terminals.authenticated(PHONE, "2019", "")
    vault.terminals.authenticated(PHONE, "2019", "su")
    vault.terminals.authenticated(PHONE, "", "")
    (enrolment,) = vault.terminals.enrolments()
    assert enrolment.token_sha256 == token_sha256(token)
    assert (enrolment.is_confirmed, enrolment.version, enrolment.dialect, enrolment.language) == (True, "2019", "su", "vi")
    assert is_token_of(enrolment, token)
    assert not is_token_of(enrolment, token[:-1])
    assert not is_token_of(enrolment, "")


def test_a_token_is_replaced_until_it_was_used_and_then_only_when_somebody_allows_it(vault: Vault) -> None:
    enrolled(vault)
    first, second = vault.terminals.register(PHONE, PLATE)[1], vault.terminals.register(PHONE, PLATE)[1]
    assert first != second
    vault.terminals.authenticated(PHONE, "2013", "")
    assert vault.terminals.register(PHONE, PLATE) == (TERMINAL_THERE, "")
    vault.terminals.allow_again(PHONE, later(1), "Lan", "the box was replaced")
    result, third = vault.terminals.register(PHONE, PLATE)
    assert result == FINE
    vault.terminals.authenticated(PHONE, "2013", "")
    assert vault.terminals.register(PHONE, PLATE) == (TERMINAL_THERE, ""), "once"
    assert is_token_of(vault.terminals.enrolments()[0], third)


def test_who_is_not_let_in_or_says_another_vehicle_gets_no_token(vault: Vault) -> None:
    assert vault.terminals.register(PHONE, PLATE) == (NO_TERMINAL, "")
    enrolled(vault)
    assert vault.terminals.register(PHONE, "51B-999.99") == (NO_VEHICLE, "")
    enrolled(vault, "13800138001")
    vault.terminals.register(PHONE, PLATE)
    vault.terminals.authenticated(PHONE, "2013", "")
    assert vault.terminals.register("13800138001", PLATE) == (VEHICLE_THERE, "")
    vault.terminals.revoke(PHONE, later(1), "Lan", "sold")
    assert vault.terminals.register("13800138001", PLATE)[0] == FINE
    assert vault.terminals.register(PHONE, PLATE) == (NO_TERMINAL, "")


def test_a_terminal_that_gave_its_token_back_may_register_again(vault: Vault) -> None:
    enrolled(vault)
    token = vault.terminals.register(PHONE, PLATE)[1]
    vault.terminals.authenticated(PHONE, "2013", "")
    vault.terminals.deregister(PHONE)
    vault.terminals.authenticated(PHONE, "2013", "")
    assert not is_token_of(vault.terminals.enrolments()[0], token)
    assert not vault.terminals.enrolments()[0].is_confirmed
    assert vault.terminals.register(PHONE, PLATE)[0] == FINE


def test_another_process_revokes_and_this_one_sees_it(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as gateway, open_vault() as desk:
        enrolled(gateway)
        gateway.terminals.register(PHONE, PLATE)
        seen = gateway.terminals.revision()
        assert desk.terminals.revision() == seen
        desk.terminals.revoke(PHONE, later(1), "Lan", "stolen")
        assert gateway.terminals.revision() > seen
        (enrolment,) = gateway.terminals.enrolments()
        assert enrolment.revoked == later(1)
        assert enrolment.token_sha256 == ""


def test_letting_in_and_shutting_out_are_by_a_named_person_for_a_reason_and_in_the_log(vault: Vault) -> None:
    with pytest.raises(NobodyError):
        vault.terminals.enrol(PHONE, PLATE, 2, NOON, by=" ")
    enrolled(vault)
    enrolled(vault)  # again: nothing
    with pytest.raises(NobodyError):
        vault.terminals.revoke(PHONE, later(1), "Lan", "")
    with pytest.raises(UnknownTerminalError):
        vault.terminals.revoke("1", later(1), "Lan", "stolen")
    vault.terminals.revoke(PHONE, later(1), "Minh", "stolen")
    vault.terminals.revoke(PHONE, later(2), "Minh", "stolen")
    vault.terminals.enrol(PHONE, PLATE, 2, later(3), by="Lan")
    assert [(step.kind, step.by) for step in vault.terminals.steps(PHONE)] == [("enrolled", "Lan"), ("revoked", "Minh"), ("enrolled", "Lan")]
    assert vault.terminals.enrolments()[0].revoked is None
    assert vault.log_faults() == []


def test_what_a_machine_does_changes_the_revision_only_when_it_is_new(vault: Vault) -> None:
    enrolled(vault)
    vault.terminals.register(PHONE, PLATE)
    vault.terminals.authenticated(PHONE, "2013", "yue")
    seen = vault.terminals.revision()
    vault.terminals.authenticated(PHONE, "2013", "yue")
    vault.terminals.authenticated("1", "2013", "yue")
    vault.terminals.deregister("1")
    enrolled(vault)
    assert vault.terminals.revision() == seen


def test_no_plate_and_no_token_lies_open(vault: Vault) -> None:
    enrolled(vault)
    token = vault.terminals.register(PHONE, PLATE)[1]
    vault.terminals.keep_orders([order("a")])
    assert files_with(vault, PLATE.encode(), token.encode(), token_sha256(token).encode(), b"keep your distance") == []


def order(name: str, identity: str = PHONE, days: float = 0.0) -> Order:
    return Order(name * 32, identity, 0x8300, b"keep your distance", later(days), 30.0, "warning", "event-1")


def told(name: str, state: OrderState, days: float = 0.1, result: int | None = None) -> Told:
    return Told(name * 32, PHONE, state, later(days), result)


def test_an_order_comes_back_equal_with_what_became_of_it(open_vault: Callable[..., Vault]) -> None:
    with open_vault() as vault:
        assert vault.terminals.keep_orders([order("a"), order("b"), order("a")]) == 2
        assert vault.terminals.keep_orders([order("a")]) == 0
        vault.terminals.told([told("a", OrderState.SENT), told("a", OrderState.ACKNOWLEDGED, 0.2, 0), told("c", OrderState.SENT)])
    with open_vault() as vault:
        assert vault.terminals.open_orders() == [order("b")]
        kept = vault.terminals.order("a" * 32)
        assert kept is not None
        assert kept.order == order("a")
        assert kept.state is OrderState.ACKNOWLEDGED
        assert [(each.state, each.result) for each in kept.told] == [(OrderState.QUEUED, None), (OrderState.SENT, None), (OrderState.ACKNOWLEDGED, 0)]
        assert vault.terminals.order("c" * 32) is None


def test_states_only_go_forward_and_a_late_answer_is_one(vault: Vault) -> None:
    vault.terminals.keep_orders([order("a"), order("b")])
    vault.terminals.told([told("a", OrderState.UNANSWERED), told("b", OrderState.REFUSED, result=1)])
    vault.terminals.told([told("a", OrderState.SENT), told("a", OrderState.EXPIRED), told("b", OrderState.ACKNOWLEDGED), told("b", OrderState.UNANSWERED)])
    states = [kept.state for kept in vault.terminals.orders(PHONE, NOON)]
    assert states == [OrderState.UNANSWERED, OrderState.REFUSED]
    vault.terminals.told([told("a", OrderState.ACKNOWLEDGED, 0.2)])
    assert vault.terminals.orders(PHONE, NOON)[0].state is OrderState.ACKNOWLEDGED


def test_orders_are_of_one_terminal_and_from_a_moment_on(vault: Vault) -> None:
    vault.terminals.keep_orders([order("a"), order("b", days=1), order("c", "1", 1)])
    assert [kept.order.id[0] for kept in vault.terminals.orders(PHONE, later(0.5))] == ["b"]


def test_orders_are_forgotten_with_the_positions_of_their_day(vault: Vault) -> None:
    vault.terminals.keep_orders([order("a"), order("b", days=5)])
    done = vault.retention.forget(later(9), KeptFor(), set())
    assert done.counts == {"positions": {"keys": 1, "orders": 1}}
    assert done.left == ()
    assert [each.id[0] for each in vault.terminals.open_orders()] == ["b"]
    assert vault.log_faults() == []


def test_the_id_of_an_order_follows_from_its_text_and_from_a_key_only_this_vault_has(vault: Vault) -> None:
    ids = vault.terminals.order_ids(NOON)
    assert ids("warning/1") == vault.terminals.order_ids(later(1))("warning/1")
    assert ids("warning/1") != ids("warning/2")
    assert len(bytes.fromhex(ids(""))) == 16
