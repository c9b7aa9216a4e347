"""Where we may connect to: the URL is checked, and every address its host stands for.

A people file, a setting or a feed's answer could name a service of this machine or of the inner
network (SSRF). So only public addresses are allowed, and those that the settings list.
`ipaddress.is_global` alone does not do: it calls a NAT64 or 6to4 address global that leads to a
private one.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: IANA special-purpose registry for IPv4, and multicast and reserved space.
_CLOSED_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
#: Of IPv6 only global unicast space is open, less its special-purpose parts (Teredo among them).
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6: Final = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "3fff::/20")
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Barred:
    """Nothing is sent there: somebody must mend a setting. The reason does not repeat the URL."""

    reason: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL taken apart. Its path and query may be a credential and are never shown."""

    scheme: str
    host: str
    port: int
    target: bytes = field(repr=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be logged."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def read_url(text: str, *, allow_http: bool) -> Endpoint | Barred:
    """The URL's parts, or why nothing is sent there. The reason does not repeat the URL."""
    try:
        url = httpx.URL(text)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return Barred("the address is not a URL")
    if url.scheme not in _DEFAULT_PORTS:
        return Barred("the address does not begin with https://")
    if url.scheme == "http" and not allow_http:
        return Barred("http is not allowed: use https, or set allow_http")
    if not host:
        return Barred("the address names no host")
    if "%" in host:
        # Characters that no name has were escaped: nothing can be looked up under it.
        return Barred("the address names a host with characters that no host has")
    if url.userinfo:
        return Barred("the address holds a user name: that is not supported")
    port = _DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        return Barred("the address names no usable port")
    return Endpoint(url.scheme, host, port, url.raw_path)


def check_addresses(
    endpoint: Endpoint, addresses: Iterable[str], allowed: Iterable[Network]
) -> tuple[str, ...] | Barred:
    """The addresses if every one of them may be reached; a single bad one refuses all."""
    allowed = tuple(allowed)
    checked: list[str] = []
    for text in addresses:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return Barred(f"{endpoint.host} resolves to something that is no address")
        if not is_open(address, allowed):
            return Barred(
                f"{endpoint.host} resolves to {text}, which is not public: "
                "list its network in allow_networks if it is meant"
            )
        checked.append(text)
    return tuple(dict.fromkeys(checked))


def is_open(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether we may connect to the address: it is public, or in a listed network.

    An IPv4 address wrapped in an IPv6 one (mapped, NAT64, 6to4) is judged as what it leads to.
    """
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        address = ipaddress.IPv6Address(int(address))
    inner = _unwrapped(address)
    if any(address in network or inner in network for network in allowed):
        return True
    if isinstance(inner, ipaddress.IPv4Address):
        return not any(inner in network for network in _CLOSED_V4)
    return inner in _GLOBAL_V6 and not any(inner in network for network in _CLOSED_V6)


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
