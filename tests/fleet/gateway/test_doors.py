"""The port opens to a declared private network, or under TLS, or not at all."""

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.fleet.gateway.device import IDENTITY, QUICK, Device, gateway_of, location
from tests.fleet.gateway.keeper_in_memory import KeeperInMemory

from catseye.core.errors import SiteError
from catseye.fleet.gateway.admission import Admission
from catseye.fleet.gateway.doors import Doors, Limits, lets_in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    return folder / "certificate.pem", folder / "key.pem"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "10.8.3.1"])
def test_an_address_in_a_private_network_is_opened(host: str) -> None:
    assert Doors(host, 0, ("10.8.0.0/16",)).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.9.0.1", "203.0.113.5", "localhost", ""])
def test_any_other_address_is_refused_without_tls(host: str) -> None:
    with pytest.raises(SiteError):
        Doors(host, 0, ("10.8.0.0/16",))


@pytest.mark.parametrize("network", ["0.0.0.0/0", "8.0.0.0/8", "2000::/3", "10.8.0.1/16", "private"])
def test_what_is_no_private_network_cannot_be_declared_one(network: str) -> None:
    with pytest.raises(SiteError):
        Doors("127.0.0.1", 0, (network,))


def test_under_tls_any_address_may_be_opened() -> None:
    assert Doors("0.0.0.0", 0, tls_certificate=Path("c"), tls_key=Path("k")).is_tls
    with pytest.raises(SiteError):
        Doors("127.0.0.1", 0, tls_certificate=Path("c"))


def test_a_peer_from_outside_is_let_in_only_under_tls() -> None:
    networks = Doors("127.0.0.1", 0, ("10.8.0.0/16",)).networks()
    assert lets_in(networks, "10.8.255.1", is_tls=False)
    assert lets_in(networks, "::ffff:10.8.255.1", is_tls=False)
    assert not lets_in(networks, "10.9.0.1", is_tls=False)
    assert lets_in(networks, "10.9.0.1", is_tls=True)
    assert Admission(Doors("127.0.0.1", 0)).refuses("10.9.0.1") == "outside the private networks"


def test_limits_count_links_strangers_and_addresses() -> None:
    limits = Limits(most_connections_count=4, most_unauthenticated_count=3, most_per_address_count=3, most_unauthenticated_per_address_count=2)
    admission = Admission(Doors("127.0.0.1", 0, limits=limits))
    for _ in range(2):
        assert admission.refuses("127.0.0.1") == ""
        admission.enters("127.0.0.1")
    assert admission.refuses("127.0.0.1") == "too many strangers of one address"
    admission.becomes_known("127.0.0.1")
    admission.enters("127.0.0.1")
    assert admission.refuses("127.0.0.1") == "too many links of one address"
    admission.enters("127.0.0.2")
    assert admission.refuses("127.0.0.3") == "too many links"
    admission.leaves("127.0.0.1", is_known=True)
    assert admission.refuses("127.0.0.3") == "too many strangers"
    for address in ("127.0.0.1", "127.0.0.1", "127.0.0.2"):
        admission.leaves(address, is_known=False)
    assert admission.links_count == 0


def test_a_terminal_reports_under_tls_and_nobody_speaks_plainly_there(certificate: tuple[Path, Path]) -> None:
    async def journey() -> None:
        keeper = KeeperInMemory()
        keeper.enrol(IDENTITY, "t")
        async with gateway_of(keeper, doors=Doors("127.0.0.1", 0, (), *certificate, limits=QUICK)) as gateway:
            context = ssl.create_default_context(cafile=str(certificate[0]))
            device = await Device.connect(gateway, tls=context)
            assert device.writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")
            assert await device.authenticate("t") == 0
            assert await device.answer_to(device.say(0x0200, location())) == 0
            plain = await Device.connect(gateway)
            plain.write(plain.frame(0x0002, b""))
            assert await plain.is_cut()
            old = ssl.create_default_context(cafile=str(certificate[0]))
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            assert await (await Device.connect(gateway, tls=old)).authenticate("t") == 0
            assert gateway.counters.connected_count == 1

    asyncio.run(journey())


def test_no_certificate_is_no_server(tmp_path: Path) -> None:
    async def journey() -> None:
        (tmp_path / "x.pem").write_text("none")
        with pytest.raises(SiteError, match="TLS"):
            async with gateway_of(KeeperInMemory(), doors=Doors("127.0.0.1", 0, (), tmp_path / "x.pem", tmp_path / "x.pem")):
                pass

    asyncio.run(journey())


def test_a_port_that_is_taken_is_told(dead_port: int) -> None:
    async def journey() -> None:
        with pytest.raises(SiteError, match="a free port"):
            async with gateway_of(KeeperInMemory(), doors=Doors("127.0.0.1", dead_port)):
                pass

    asyncio.run(journey())
