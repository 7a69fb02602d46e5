"""Where a mail may be sent and a webhook may lead."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from installs_registry.addresses import check_email, check_public_address, is_public_ip

#: Attack addresses of the shared data whose hosts are public by all that their text says: redirectors and cloud
#: consoles. Redirects are never followed, and what a name resolves to is looked at again.
PUBLIC_BY_TEXT = frozenset(
    {
        "fcm.googleapis.com.evil.example",
        "evilfcm.googleapis.com.evil.example",
        "307.r3dir.me",
        "62epax5fhvj3zzmzigyoe5ipkbn7fysllvges3a.302.r3dir.me",
        "example.com",
        "www.googleapis.com",
    }
)
OPENED = [ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("fd00::/8")]


def is_let_pass(url: str) -> bool:
    try:
        check_public_address(url)
    except ValueError:
        return False
    return True


def takes_mail(address: str) -> bool:
    try:
        check_email(address)
    except ValueError:
        return False
    return True


def test_every_attack_address_is_refused_and_every_legitimate_one_let_pass(data: Path) -> None:
    vectors = json.loads((data / "security/ssrf/ssrf_vectors.json").read_text())["vectors"]
    wrong = [
        vector["url"]
        for vector in vectors
        if is_let_pass(vector["url"]) is (vector["expect"] == "block")
        and not (vector["url"].startswith("https://") and URL(vector["url"]).host in PUBLIC_BY_TEXT)
    ]
    assert len(vectors) > 900
    assert wrong == []


@given(
    st.text(alphabet="htps:/@[]\\#?.%-_0123456789abcxX\t\n \u0131\u017f\u3002\u2460", max_size=40).map(
        lambda text: f"https://{text}"
    )
)
def test_what_is_let_pass_has_one_host_for_every_parser(url: str) -> None:
    if is_let_pass(url):
        authority = url.removeprefix("https://").split("/")[0].split("?")[0].split("#")[0]
        host = URL(url).host
        assert host is not None
        assert authority.split(":")[0].lower() == host
        assert not URL(url).user


@pytest.mark.parametrize(
    "ip",
    [
        "::ffff:8.8.8.8",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::808:808",
        "2002:808:808::1",
        "2001:0:4136:e378:8000:63bf:53ef:fffe",
        "fd00:ec2::254",
        "168.63.129.16",
        "192.88.99.1",
        "100.64.0.1",
        "::1",
        "fe80::1",
        "3fff::1",
    ],
)
def test_an_address_that_leads_inside_is_not_public(ip: str) -> None:
    assert not is_public_ip(ip_address(ip))


@pytest.mark.parametrize("ip", ["8.8.8.8", "2a00:1450:4001:82a::200e", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_internet_is_public(ip: str) -> None:
    assert is_public_ip(ip_address(ip))


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3:8080/hook",
        "http://127.0.0.1:25/",
        "https://[fd00::7]/",
        "http://hooks.lan/",
        "https://8.8.8.8/",
    ],
)
def test_networks_that_the_vendor_opened_are_let_pass(url: str) -> None:
    check_public_address(url, OPENED)
    assert is_public_ip(ip_address("10.1.2.3"), OPENED)


@pytest.mark.parametrize(
    "url", ["http://192.168.1.1/", "http://0x7f000001/", "http://2130706433/", "http://u:p@10.1.2.3/"]
)
def test_opening_one_network_opens_no_other(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        check_public_address(url, OPENED)
    assert not is_public_ip(ip_address("192.168.1.1"), OPENED)


def test_no_mail_address_that_would_inject_is_taken(data: Path) -> None:
    vectors = json.loads((data / "security/email/header_injection_vectors.json").read_text())
    taken = [address for address in vectors["addresses"] if takes_mail(address)]
    assert taken == ["a@xn--e1afmkfd.example"]


def test_only_mail_addresses_that_are_valid_everywhere_are_taken(data: Path) -> None:
    valid = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"}
    verdicts = {True: 0, False: 0}
    for file in ("tests.xml", "tests-original.xml"):
        for test in ET.parse(data / "security/email/test" / file).getroot().iter("test"):  # noqa: S314 - our own copy
            address = "".join(
                chr(ord(character) - 0x2400) if 0x2400 <= ord(character) <= 0x2420 else character
                for character in test.findtext("address") or ""
            )
            taken = takes_mail(address)
            verdicts[taken] += 1
            assert not taken or test.findtext("category") in valid, address
    assert verdicts[True] > 50
    assert verdicts[False] > 300


@pytest.mark.parametrize(
    "address", ["ada@b.example", "ada.l+notes@mail.b.example", "o'hara@b.example", "x" * 64 + "@b.example"]
)
def test_a_plain_mail_address_is_taken(address: str) -> None:
    check_email(address)


@pytest.mark.parametrize(
    "address", ["x" * 65 + "@b.example", "a@b.1", "a@" + "b." * 130 + "example", "=?utf-8?q?a?=@b.example"]
)
def test_a_mail_address_past_the_limits_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"mail address|domain name"):
        check_email(address)
