"""`forewarn mail`: making the keys that mails are signed with, and what the DNS must say of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands.dkim import zone_line
from notifier.mails.dkim_keys import DkimKey, KeyPlace
from tests.commands.conftest import Forewarn


@pytest.mark.parametrize(("kind", "begins"), [("rsa", "v=DKIM1; k=rsa; p=MII"), ("ed25519", "v=DKIM1; k=ed25519; p=")])
def test_a_key_is_written_for_its_owner_alone_and_its_record_is_printed(
    line: Forewarn, tmp_path: Path, kind: str, begins: str
) -> None:
    place = f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}"
    made = line("mail", "dkim-key", place, "--kind", kind)
    assert made.code == 0
    assert made.out.startswith(f'w1._domainkey.notes.example. IN TXT ( "{begins}')
    assert (tmp_path / "w1.pem").stat().st_mode & 0o777 == 0o600
    assert line("mail", "dkim-record", place).out == made.out


def test_a_long_record_is_in_strings_that_a_txt_record_can_hold(line: Forewarn, tmp_path: Path) -> None:
    place = KeyPlace.parse(f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}")
    line("mail", "dkim-key", f"{place.name}={place.file}")
    strings = zone_line(place, DkimKey.load(place)).split('"')[1::2]
    assert max(map(len, strings)) <= 255
    assert "".join(strings) == DkimKey.load(place).record()


def test_a_key_that_is_there_is_not_overwritten(line: Forewarn, tmp_path: Path) -> None:
    (tmp_path / "w1.pem").write_text("kept")
    made = line("mail", "dkim-key", f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}")
    assert made.code == 1
    assert (tmp_path / "w1.pem").read_text() == "kept"


def test_what_is_no_place_of_a_key_is_refused_in_a_sentence(line: Forewarn) -> None:
    made = line("mail", "dkim-key", "w1.pem")
    assert made.code == 1
    assert "SELECTOR._domainkey.DOMAIN=FILE" in made.err


def looked(
    line: Forewarn, monkeypatch: pytest.MonkeyPatch, url: str, place: str, sender: str = "a@notes.example"
) -> dict[str, object]:
    monkeypatch.setenv("FOREWARN_DKIM_KEYS", place)
    monkeypatch.setenv("FOREWARN_MAIL_FROM", f"Notes Ltd <{sender}>")
    found = json.loads(line("doctor", "--json", "--database", url).out)
    [dkim] = [each for each in found if each["what"].startswith("dkim")]
    return dict(dkim)


def test_doctor_says_what_the_dns_must_say(
    line: Forewarn, monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path
) -> None:
    place = f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}"
    record = line("mail", "dkim-key", place).out.strip()
    found = looked(line, monkeypatch, sqlite_url, place)
    assert found["good"] is True
    assert record in str(found["found"])


def test_doctor_finds_a_key_that_others_may_read(
    line: Forewarn, monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path
) -> None:
    place = f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}"
    line("mail", "dkim-key", place)
    (tmp_path / "w1.pem").chmod(0o644)
    assert looked(line, monkeypatch, sqlite_url, place)["good"] is False


def test_doctor_finds_a_key_of_a_domain_that_the_sender_is_not_of(
    line: Forewarn, monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path
) -> None:
    place = f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}"
    line("mail", "dkim-key", place)
    assert looked(line, monkeypatch, sqlite_url, place, "a@mail.notes.example")["good"] is True
    assert looked(line, monkeypatch, sqlite_url, place, "a@other.example")["good"] is False


@pytest.mark.parametrize("content", ["", "no key", None])
def test_doctor_finds_a_file_without_a_key(
    line: Forewarn, monkeypatch: pytest.MonkeyPatch, sqlite_url: str, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "w1.pem").write_text(content)
    place = f"w1._domainkey.notes.example={tmp_path / 'w1.pem'}"
    assert looked(line, monkeypatch, sqlite_url, place)["good"] is False
