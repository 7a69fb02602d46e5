"""Settings: four places, one order, every fault told at once with the place it came from."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from commands import raw_settings
from commands.raw_settings import Raw, SettingsError
from commands.settings import Settings, load
from commands.settings_page import page
from risk import Severity

ROOT = Path(__file__).parents[2]


def a_file(folder: Path, text: str) -> Path:
    path = folder / "forewarn.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(flags: Raw, environment: dict[str, str], config: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(flags, environment, config)
    return caught.value.faults


def test_nothing_given_gives_the_defaults() -> None:
    assert load(Raw(), {}) == Settings(
        database="sqlite:///forewarn.db",
        host="127.0.0.1",
        port=8080,
        workers=1,
        smtp=None,
        mail_from="Forewarn <forewarn@localhost>",
        public_url=None,
        secret=None,
        admin_key=None,
        signatures_needed=None,
        longest_pause_hours=None,
        escalate_after_hours=None,
        publish_after_hours=None,
        dkim_keys=(),
        bounces_to=None,
        repeat_in_doubt=frozenset({Severity.DATA_LOSS, Severity.DATA_CORRUPTION}),
        allowed_networks=(),
        small_audience=5,
        page_cache=64,
        lease_seconds=45,
        keep_history_days=730,
        keep_checks_days=730,
        keep_installs_days=0,
        log_level="info",
    )


def test_a_flag_goes_before_a_variable_before_the_file_before_the_default(tmp_path: Path) -> None:
    file = a_file(tmp_path, "port = 1\nworkers = 2\nhost = '::1'\n")
    settings = load(Raw(port="3"), {"FOREWARN_PORT": "4", "FOREWARN_WORKERS": "5"}, file)
    assert (settings.port, settings.workers, settings.host, settings.log_level) == (3, 5, "::1", "info")


def test_a_variable_names_the_file_and_a_flag_names_another(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    environment = {"FOREWARN_CONFIG": str(a_file(tmp_path, "port = 1"))}
    other = a_file(tmp_path / "other", "port = 2")
    assert load(Raw(), environment).port == 1
    assert load(Raw(), environment, other).port == 2


@pytest.mark.parametrize("key", ["correct horse battery staple and more", "ключ" * 8, "\"'\\%{}<>;," * 4])
def test_an_admin_key_may_be_any_text_of_32_characters(key: str) -> None:
    assert load(Raw(), {"FOREWARN_ADMIN_KEY": key}).admin_key == key


def test_an_empty_variable_gives_nothing() -> None:
    assert load(Raw(), {"FOREWARN_SMTP": ""}).smtp is None


@pytest.mark.parametrize("name", raw_settings.names())
def test_every_setting_can_be_given_in_every_place(name: str, tmp_path: Path) -> None:
    text = {
        "database": "postgresql://db.example/forewarn",
        "host": "::",
        "port": "0",
        "workers": "64",
        "smtp": "smtps://user:pass@mail.example:465",
        "mail_from": "Notes Ltd <warnings@notes.example>",
        "public_url": "https://notes.example/warnings/",
        "secret": "s" * 32,
        "admin_key": "k" * 32,
        "signatures_needed": "1",
        "longest_pause_hours": "4",
        "escalate_after_hours": "12",
        "publish_after_hours": "0",
        "allowed_networks": "10.1.0.0/16, fd00::/8",
        "small_audience": "0",
        "page_cache": "32",
        "dkim_keys": "w1._domainkey.notes.example=w1.pem, w2._domainkey.notes.example=w2.pem",
        "bounces_to": "bounces@notes.example",
        "repeat_in_doubt": "none",
        "lease_seconds": "2",
        "keep_history_days": "30",
        "keep_checks_days": "0",
        "keep_installs_days": "1095",
        "log_level": "DEBUG",
    }[name]
    from_flag = load(Raw(**{name: text}), {})
    from_variable = load(Raw(), {raw_settings.variable(name): text})
    from_file = load(Raw(), {}, a_file(tmp_path, f"{name} = '{text}'"))
    assert from_flag == from_variable == from_file != load(Raw(), {})


def test_the_file_may_hold_a_list_and_a_number(tmp_path: Path) -> None:
    settings = load(Raw(), {}, a_file(tmp_path, 'allowed_networks = ["10.1.0.0/16", "fd00::/8"]\nport = 81'))
    assert settings.allowed_networks == (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))
    assert settings.port == 81


def test_the_last_slash_of_the_public_address_is_taken_off() -> None:
    assert load(Raw(public_url="https://notes.example/warnings/"), {}).public_url == "https://notes.example/warnings"


def test_all_wrong_values_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    file = a_file(tmp_path, "signatures_needed = 3")
    assert faults_of(Raw(port="http"), {"FOREWARN_WORKERS": "0"}, file) == (
        "port (from --port): must be a whole number from 0 to 65535",
        "workers (from FOREWARN_WORKERS): must be a whole number from 1 to 64",
        f"signatures_needed (from signatures_needed in {file}): must be a whole number from 1 to 2",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("database", "mysql://db.example/forewarn"),
        ("database", "sqlite:///"),
        ("host", "a b"),
        ("port", "65536"),
        ("port", "٣"),
        ("port", "9" * 5000),
        ("smtp", "mail.example:25"),
        ("smtp", "smtp://mail.example:99999"),
        ("smtp", "smtp://"),
        ("mail_from", "nobody"),
        ("mail_from", "A <a@b.example>\r\nBcc: c@d.example"),
        ("public_url", "notes.example"),
        ("public_url", "https://notes.example/?a=b"),
        ("secret", "short"),
        ("admin_key", "k" * 31),
        ("admin_key", "k" * 1_001),
        ("admin_key", " " + "k" * 40),
        ("admin_key", "k" * 20 + "\x07" + "k" * 20),
        ("allowed_networks", "10.1.0.1/16"),
        ("small_audience", "-1"),
        ("lease_seconds", "1"),
        ("lease_seconds", "46"),
        ("keep_history_days", "-1"),
        ("keep_installs_days", "36501"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, text: str) -> None:
    (fault,) = faults_of(Raw(), {raw_settings.variable(name): text})
    assert fault.startswith(f"{name} (from {raw_settings.variable(name)}): ")


@pytest.mark.parametrize("name", ["secret", "admin_key", "smtp"])
def test_a_fault_does_not_repeat_what_is_secret(name: str) -> None:
    (fault,) = faults_of(Raw(), {raw_settings.variable(name): "hunter2 hunter2"})
    assert "hunter2" not in fault


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    file = a_file(tmp_path, "prot = 1")
    assert faults_of(Raw(), {}, file) == (f"prot in {file} is no setting; did you mean port?",)


def test_a_variable_that_is_nearly_a_setting_is_refused_and_a_foreign_one_is_not() -> None:
    assert faults_of(Raw(), {"FOREWARN_WORKER": "2"}) == (
        "FOREWARN_WORKER is no setting; did you mean FOREWARN_WORKERS?",
    )
    assert load(Raw(), {"FOREWARN_DATA": "/data"}) == load(Raw(), {})


@pytest.mark.parametrize("text", ["port = ", "port = '\udcff'"])
def test_a_file_that_is_not_toml_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "forewarn.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert faults_of(Raw(), {}, path)[0].startswith(f"{path} is not TOML: ")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert faults_of(Raw(), {}, tmp_path / "none") == (
        f"{tmp_path / 'none'} cannot be read: No such file or directory",
    )


def test_the_page_of_the_settings_is_in_step_with_the_program() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == page()
