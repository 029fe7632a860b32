"""Where terminals come in, and how much of whoever comes is borne: the port is open to a declared private network, or under TLS, or not at all."""

import ssl
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from catseye.core.errors import SiteError

Network = IPv4Network | IPv6Network
# RFC 1918, 6598 (carriers), 3927, 1122; RFC 4193, 4291
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128"))
)
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one terminal, one address and all together may take. A terminal that behaves as the standard says comes near none of them."""

    most_connections_count: int = 20_000
    most_unauthenticated_count: int = 8_192
    most_per_address_count: int = 20_000  # behind a carrier's translation of addresses, thousands have one
    most_unauthenticated_per_address_count: int = 4_096
    silence_s: float = 180.0
    authenticate_within_s: float = 30.0
    frame_within_s: float = 15.0
    refusals_before_closing_count: int = 3
    faults_before_closing_count: int = 20
    messages_per_s: float = 50.0
    burst_messages_count: float = 500.0
    bytes_per_s: float = 262_144.0
    burst_bytes: float = 2_097_152.0
    throttled_before_closing_s: float = 300.0
    most_waiting_count: int = 20_000
    most_waiting_bytes: int = 33_554_432
    most_batch_count: int = 2_000
    gather_s: float = 0.025
    most_joinings_count: int = 4
    most_joining_bytes: int = 8_388_608  # of media; what is read and judged holds up the others meanwhile, so far less of that
    most_message_bytes: int = 65_536
    most_joining_of_all_bytes: int = 134_217_728
    ask_again_after_s: float = 10.0
    ask_again_count: int = 3
    most_orders_count: int = 64
    most_sent_orders_count: int = 8
    answer_within_s: float = 5.0
    send_again_count: int = 3
    retry_after_s: float = 1.0
    sweep_every_s: float = 0.5
    revision_every_s: float = 1.0
    remembered_s: float = 300.0
    most_changes_count: float = 10.0  # of a driver, a version or a dialect, at once: each is a transaction of its own
    changes_per_s: float = 0.1
    most_media_at_once_count: int = 8
    most_media_of_one_count: int = 2


@dataclass(frozen=True, slots=True)
class Doors:
    """The address to listen on, and who may come. `private_networks`: in the notation 10.8.0.0/16; loopback needs no word."""

    listen_host: str
    listen_port: int = 7611
    private_networks: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """SiteError unless the port would be in a declared private network, or under TLS."""
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SiteError("terminals' port", "a certificate or a key", "both for TLS, or none")
        networks = self.networks()
        try:
            address = ip_address(self.listen_host)
        except ValueError:
            raise SiteError("terminals' port", f"'{self.listen_host}'", "an address, not a name") from None
        if not self.is_tls and not any(address in network for network in networks):
            raise SiteError("terminals' port", f"{address} without TLS", "an address inside a declared private network, or a certificate and its key")

    @property
    def host(self) -> str:
        """Address to listen on."""
        return self.listen_host

    @property
    def port(self) -> int:
        """TCP port; 0: any free one."""
        return self.listen_port

    def refuse_open(self) -> None:
        """Nothing to refuse: doors that stand open to strangers cannot be made."""

    def admits(self, peer: str) -> bool:
        """Whether a peer's address may talk at all."""
        try:
            return lets_in(self.networks(), peer, is_tls=self.is_tls)
        except ValueError:  # gone before it was looked at: nobody's address
            return False

    @property
    def is_tls(self) -> bool:
        """Whether links are under TLS."""
        return self.tls_certificate is not None

    def networks(self) -> tuple[Network, ...]:
        """The declared ones and loopback; SiteError where one is no private network."""
        declared = []
        for text in self.private_networks:
            try:
                network = ip_network(text)
            except ValueError:
                raise SiteError("private networks of terminals", f"'{text}'", "a network such as 10.8.0.0/16") from None
            # the versions are compared first, which a type checker cannot follow into `subnet_of`
            if not any(network.version == each.version and network.subnet_of(each) for each in _PRIVATE):  # type: ignore[arg-type]
                raise SiteError("private networks of terminals", text, "a part of a private range (10.0.0.0/8, 100.64.0.0/10, fc00::/7 and their like), or TLS")
            declared.append(network)
        return (*_LOOPBACK, *declared)

    def ssl_context(self) -> ssl.SSLContext | None:
        """TLS 1.2 at least; SiteError when the certificate and the key are none."""
        if self.tls_certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_certificate, self.tls_key)
        except (OSError, ssl.SSLError) as fault:
            raise SiteError("terminals' port, TLS", (fault.strerror or str(fault)).lower(), "a certificate and its key, as PEM files") from None
        return context


def lets_in(networks: tuple[Network, ...], peer: str, *, is_tls: bool) -> bool:
    """Whether a peer may talk at all: under TLS any, else those inside the networks."""
    if is_tls:
        return True
    address = ip_address(peer.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
