"""`catseye check` tells of a site's `[fleet]` what `fleet listen` would stumble over."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from catseye.core.errors import SiteError
from catseye.core.time import Stamp
from catseye.station.cli import run
from catseye.station.fleet.media_doors import doors_of
from catseye.station.site import load_site
from catseye.station.verbs.check_fleet import of_fleet

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate_until(folder: Path, end: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(end - timedelta(days=365)).not_valid_after(end).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)


def found(folder: Path, *lines: str, evidence: bool = True) -> dict[str, tuple[bool | None, str]]:
    path = folder / "coaches.toml"
    text = [*("[site]", 'id = "coaches"', "[fleet]"), *lines, *(["[evidence]", f'recipients = ["{RECIPIENT}"]'] if evidence else [])]
    path.write_text("\n".join(text) + "\n", "utf-8")
    site = load_site(path)
    assert site.fleet is not None
    return {each.what: (each.is_right, each.detail) for each in of_fleet(site, site.fleet, Stamp.from_datetime(NOON))}


def test_a_door_that_is_free_is_right_and_one_that_is_taken_points_to_its_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        taken = other.getsockname()[1]
        seen = found(tmp_path, f'listen = "127.0.0.1:{free_port()}"', f'attachments = "127.0.0.1:{taken}"')
    assert seen["door listen"][0] is True
    assert seen["door attachments"][0] is False
    assert seen["door attachments"][1].startswith(f"{tmp_path}/coaches.toml:5: 127.0.0.1:{taken} is taken")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("192.0.2.7:7611", "192.0.2.7 without TLS"),
        ("gateway.local:7611", "'gateway.local'; wanted an address"),
        ("10.99.98.97:7611", "no address of this machine"),
    ],
    ids=["open", "a-name", "another-machine's"],
)
def test_a_door_that_may_or_can_not_be_opened_points_to_its_line(tmp_path: Path, address: str, words: str) -> None:
    is_right, detail = found(tmp_path, 'private_networks = ["10.99.0.0/16"]', f'listen = "{address}"')["door listen"]
    assert is_right is False
    assert detail.startswith(f"{tmp_path}/coaches.toml:5: ")
    assert words in detail


def test_two_doors_on_one_port_are_told(tmp_path: Path) -> None:
    seen = found(tmp_path, 'listen = "127.0.0.1:17611"', 'media = "127.0.0.1:17611"')
    assert seen["door media"] == (False, "127.0.0.1:17611 is the door listen already; each needs a port of its own")


@pytest.mark.parametrize(
    ("days", "is_right", "words"),
    [(200, True, "200 days"), (10, False, "10 days"), (-1, False, "is over since 2026-11-20")],
    ids=["good", "soon-over", "over"],
)
def test_a_certificate_is_told_before_it_is_over(tmp_path: Path, days: int, is_right: bool, words: str) -> None:
    certificate_until(tmp_path, NOON + timedelta(days=days))
    seen = found(tmp_path, f'listen = "127.0.0.1:{free_port()}"', 'tls_certificate = "cert.pem"', 'tls_key = "key.pem"')
    assert seen["certificate"][0] is is_right
    assert words in seen["certificate"][1]
    assert seen["door listen"][0] is True


def test_a_certificate_or_policy_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    lines = ('listen = "127.0.0.1:17611"', 'tls_certificate = "x.pem"', 'tls_key = "y.pem"', 'policy = "none.toml"')
    seen = found(tmp_path, *lines)
    assert [seen[what][0] for what in ("door listen", "certificate", "policy")] == [False, False, False]
    assert seen["policy"][1] == f"{tmp_path}/coaches.toml:7: none.toml cannot be read: No such file or directory; wanted a correction policy"


def test_doors_for_pictures_that_nobody_can_open_and_words_in_no_language_of_the_drivers_are_told(tmp_path: Path) -> None:
    doors = (f'listen = "127.0.0.1:{free_port()}"', f'attachments = "127.0.0.1:{free_port()}"')
    seen = found(tmp_path, *doors, 'language = "xx"', evidence=False)
    assert seen["pictures"][0] is False
    assert seen["language"][0] is False
    assert found(tmp_path, doors[0], evidence=False)["pictures"][0] is None


def test_it_says_how_many_may_report_and_exits_as_any_check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert found(tmp_path, f'listen = "127.0.0.1:{free_port()}"')["terminals"][0] is None
    assert run(["fleet", "enrol", "fleet", "13800138000", "--plate", "29B-12345", "--by", "Lan", "--site", "coaches.toml"]) == 0
    assert run(["check", "coaches.toml"]) == 0
    assert "1 may report" in capsys.readouterr().out


def test_listen_says_the_line_of_a_door_it_cannot_open(tmp_path: Path) -> None:
    found(tmp_path, 'private_networks = ["10.99.0.0/16"]', 'listen = "10.99.98.97:7611"')
    site = load_site(tmp_path / "coaches.toml")
    assert site.fleet is not None
    with pytest.raises(SiteError, match=r"toml:5: .* is no address of this machine"):
        doors_of(site, site.fleet, "listen")
