"""URLs and addresses that a webhook may reach, and the many ways to write one that it may not."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from efficiency_monitor.notify.channels.channel import Message, Refused, Sent
from efficiency_monitor.outbound.endpoint import (
    Barred,
    Endpoint,
    check_addresses,
    is_open,
    read_url,
)
from tests.notify.conftest import MakeWebhook
from tests.notify.receivers import answering, receiver

INWARD = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0x7f000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::10.0.0.1]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://169.254.169.254/latest/meta-data",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
]
NO_URL = [
    "",
    "hooks.example",
    "//hooks.example/",
    "ftp://hooks.example/",
    "file:///etc/passwd",
    "http://",
    "https:///hook",
    "https://user:pass@hooks.example/",
    "https://hooks.example:0/",
    "https://hooks.example:99999/",
    "https://hooks.example\r\nX: 1/",
    "https://[::1",
    "https://0177.0.0.1/",
    "https://127.0.0.1.\x00/",
    "https://" + "a" * 70_000,
]


@pytest.mark.parametrize("url", INWARD)
def test_nothing_is_sent_inwards(make_webhook: MakeWebhook, message: Message, url: str) -> None:
    result = make_webhook(url, allowed_networks=()).send(message)
    assert isinstance(result, Refused), result
    assert "not public" in result.reason


@pytest.mark.parametrize("url", NO_URL)
def test_what_is_no_usable_url_is_refused(
    make_webhook: MakeWebhook, message: Message, url: str
) -> None:
    own = Message(
        message_id="m", recipient="p", address=url, subject="", text="", notices=message.notices
    )
    result = make_webhook(None).send(own)
    assert isinstance(result, Refused), result
    assert not url or url not in result.reason


def test_http_needs_leave() -> None:
    assert isinstance(read_url("http://hooks.example/", allow_http=False), Barred)
    assert isinstance(read_url("http://hooks.example/", allow_http=True), Endpoint)


def test_an_endpoint_shows_its_origin_and_hides_its_path() -> None:
    endpoint = read_url("https://办事.example:8443/cgi?key=s3cret", allow_http=False)
    assert isinstance(endpoint, Endpoint)
    assert endpoint.origin == "https://xn--3kq12h.example:8443"
    assert endpoint.target == b"/cgi?key=s3cret"
    assert "s3cret" not in repr(endpoint)
    plain = read_url("https://[2606:4700::1]/", allow_http=False)
    assert isinstance(plain, Endpoint)
    assert plain.origin == "https://[2606:4700::1]"


@given(st.text() | st.text(max_size=30).map(lambda tail: "https://" + tail))
@example("https://[fe80::1%25eth0]/")
@example("https://a:b/")
def test_any_text_is_an_endpoint_or_refused(text: str) -> None:
    endpoint = read_url(text, allow_http=True)
    if isinstance(endpoint, Endpoint):
        assert endpoint.host
        again = read_url(endpoint.origin, allow_http=True)
        assert isinstance(again, Endpoint)
        assert (again.host, again.port) == (endpoint.host, endpoint.port)


V4 = st.ip_addresses(v=4)


@given(V4)
def test_no_address_is_open_that_the_registry_calls_special(
    address: ipaddress.IPv4Address,
) -> None:
    if is_open(address, ()):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


@given(V4, st.integers(0, 2**80 - 1))
def test_a_wrapped_address_is_judged_as_what_it_leads_to(
    address: ipaddress.IPv4Address, rest: int
) -> None:
    number = int(address)
    wrapped = (
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80) | rest),
    )
    inner = ipaddress.IPv4Network(address)
    for outer in wrapped:
        assert is_open(outer, ()) == is_open(address, ())
        assert is_open(outer, (inner,))


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_space_is_open(address: ipaddress.IPv6Address) -> None:
    wrapped = address.ipv4_mapped or address.sixtofour
    wrapped = wrapped or address in ipaddress.IPv6Network("64:ff9b::/96")
    if is_open(address, ()) and not wrapped:
        assert address in ipaddress.IPv6Network("2000::/3")
        assert not address.is_private
        assert not address.is_link_local
        assert address.teredo is None


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_open(text: str) -> None:
    assert is_open(ipaddress.ip_address(text), ())


def test_a_listed_network_opens_itself_alone() -> None:
    intranet = (ipaddress.ip_network("10.20.0.0/16"), ipaddress.ip_network("fe80::/10"))
    endpoint = Endpoint("https", "oa.example", 443, b"/")
    assert check_addresses(endpoint, ["10.20.3.4", "10.20.3.4"], intranet) == ("10.20.3.4",)
    assert check_addresses(endpoint, ["fe80::1%lo"], intranet) == ("fe80::1%lo",)
    assert isinstance(check_addresses(endpoint, ["10.21.3.4"], intranet), Barred)
    assert isinstance(check_addresses(endpoint, ["not an address"], intranet), Barred)


def test_a_host_that_is_a_number_is_reached_when_its_network_is_listed(
    make_webhook: MakeWebhook, message: Message
) -> None:
    """The check looks at the address and not at how it is written."""
    with receiver(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as running:
        result = make_webhook(f"http://2130706433:{running.port}/").send(message)
    assert isinstance(result, Sent)
