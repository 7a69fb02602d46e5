"""Each lint on what it looks for, and on what it must let be; on a real record where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from notifier.linting import offers, reach, wording
from tests.notifier.linting.cases import a_case, alerts, incident, openshift_risks, places

ADVISED: dict[str, Any] = {"summary": "Do not upgrade before the fix is out."}


def test_a_sound_report_is_let_be() -> None:
    lints = (
        wording.long_title,
        wording.no_summary,
        wording.summary_without_advice,
        wording.markup,
        wording.invisible_characters,
        offers.grave_without_remedy,
        offers.remedy_not_offered,
        offers.no_release_affected,
        offers.fixed_but_covered,
        reach.nobody_matches,
        reach.everybody_matches,
        reach.mostly_unknown,
    )
    assert [places(lint, a_case(**ADVISED)) for lint in lints] == [[]] * len(lints)


def test_the_real_titles_that_a_mail_client_cuts_off_are_named(data: Path) -> None:
    titles = {event["frontmatter"]["title"] for event in alerts(data) if "title" in event["frontmatter"]}
    long = {title for title in titles if places(wording.long_title, a_case(title=title))}
    assert {title.partition(" ")[0] for title in long} >= {"HomematicIP"}
    assert all(len(title) > 80 for title in long)


def test_no_summary_is_named() -> None:
    assert places(wording.no_summary, a_case(summary=" \n")) == ["/summary"]


def test_real_messages_that_only_say_what_happens_are_named(data: Path) -> None:
    risks = openshift_risks(data)
    silent = risks["AuthOAuthProxyLeakedConnections"]["message"]
    assert places(wording.summary_without_advice, a_case(summary=silent)) == ["/summary"]
    advised = incident(data, "standardnotes-mobile-3.5.0")["action"]
    assert places(wording.summary_without_advice, a_case(summary=f"{silent} {advised}")) == []


@pytest.mark.parametrize(
    "changes",
    [
        ADVISED,
        {"summary": "It drops the notes.", "remedies": [{"kind": "wait", "text": "Stay on 4.1."}]},
        {"summary": "Die Aktualisierung löscht Notizen."},
        {"summary": ""},
    ],
)
def test_advice_is_found_in_summary_or_remedy_and_not_looked_for_in_another_language(changes: dict[str, Any]) -> None:
    assert places(wording.summary_without_advice, a_case(**changes)) == []


def test_the_markup_of_a_real_alert_is_named(data: Path) -> None:
    [alert] = [event for event in alerts(data) if event["id"] == "uvloop_subprocess"]
    [warning] = wording.markup(a_case(summary=alert["body"]))
    assert warning.at == "/summary"
    assert "as it was typed" in warning.detail


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Do <b>not</b> upgrade.", "HTML"),
        ("Wait&nbsp;for 4.2.2.", "HTML"),
        ("See [the ticket](https://example.com/1).", "a Markdown link"),
        ("Run:\n```\nnotes export\n```", "a Markdown code block"),
        ("# Do not upgrade", "a Markdown heading"),
        ("Do **not** upgrade.", "Markdown emphasis"),
    ],
)
def test_markup_is_named_by_its_kind(text: str, what: str) -> None:
    [warning] = wording.markup(a_case(remedies=[{"kind": "wait"}, {"kind": "contact", "text": text}]))
    assert warning.at == "/remedies/1/text"
    assert what in warning.detail


@pytest.mark.parametrize("text", ["if a < b and c > d", "4 * 5 ** 2", "[1] is first (see 2)", "a_b__c", "#4411"])
def test_what_only_looks_like_markup_is_let_be(text: str) -> None:
    assert places(wording.markup, a_case(summary=text)) == []


@pytest.mark.parametrize("character", ["\u202e", "\u200b", "\ufffd", "\ue000", "\ufeff"])
def test_a_character_that_is_not_seen_is_named(character: str) -> None:
    [warning] = wording.invisible_characters(a_case(title=f"Notes{character} are lost"))
    assert (warning.at, f"U+{ord(character):04X}" in warning.detail) == ("/title", True)


@pytest.mark.parametrize("text", ["naïve 📓 notes", "مذكرات", "笔记"])
def test_letters_of_any_script_are_let_be(text: str) -> None:
    assert places(wording.invisible_characters, a_case(title=text)) == []


def test_a_real_incident_that_offers_nothing_is_named(data: Path) -> None:
    erased = incident(data, "modern-apps-notes-2.5.0")
    case = a_case(scheme=erased["scheme"], affected=erased["ranges"], title=erased["impact"], remedies=[])
    assert places(offers.grave_without_remedy, case) == ["/remedies"]
    assert places(offers.grave_without_remedy, a_case(severity="degraded", remedies=[])) == []


@pytest.mark.parametrize(
    ("status", "says"), [("held", "is held"), ("withdrawn", "is withdrawn"), (None, "not a registered release")]
)
def test_the_way_out_of_a_real_incident_is_named_where_nobody_can_get_it(
    data: Path, status: str | None, says: str
) -> None:
    ext4 = incident(data, "linux-ext4-6.1.64")
    fixed = ext4["ranges"][0]["fixed"]
    case = a_case(
        scheme=ext4["scheme"],
        affected=ext4["ranges"],
        releases={"6.1.64-1": "offered", **({fixed: status} if status else {})},
        remedies=[{"kind": "upgrade_to", "version": fixed}],
    )
    [warning] = offers.remedy_not_offered(case)
    assert warning.at == "/remedies/0/version"
    assert says in warning.detail


def test_a_real_range_without_a_release_is_named(data: Path) -> None:
    etcd = incident(data, "etcd-3.5-inconsistency")
    before = a_case(scheme="semver", affected=etcd["ranges"], releases=["3.4.0", "3.5.3"])
    assert places(offers.no_release_affected, before) == ["/affected"]
    after = a_case(scheme="semver", affected=etcd["ranges"], releases=["3.4.0", "3.5.0"])
    assert places(offers.no_release_affected, after) == []


def test_a_range_of_withdrawn_releases_is_named() -> None:
    case = a_case(releases={"4.1.0": "offered", "4.2.0": "withdrawn"})
    assert places(offers.no_release_affected, case) == ["/affected"]


def test_a_real_range_that_was_widened_over_its_own_fix_is_named(data: Path) -> None:
    zfs = incident(data, "openzfs-15526")
    both = [*zfs["ranges_revision_1"], *zfs["ranges_revision_2"]]
    assert places(offers.fixed_but_covered, a_case(affected=both)) == ["/affected/0/fixed"]
    for alone in (zfs["ranges_revision_1"], zfs["ranges_revision_2"]):
        assert places(offers.fixed_but_covered, a_case(affected=alone)) == []


def test_an_audience_of_nobody_is_named_where_installs_are_known() -> None:
    assert places(reach.nobody_matches, a_case(exposed=0)) == ["/condition"]
    assert places(reach.nobody_matches, a_case(exposed=0, condition=None)) == ["/affected"]
    assert places(reach.nobody_matches, a_case(exposed=0, not_concerned=0)) == []


def test_a_condition_that_leaves_nobody_out_is_named() -> None:
    assert places(reach.everybody_matches, a_case(not_concerned=0)) == ["/condition"]
    assert places(reach.everybody_matches, a_case(not_concerned=0, condition=None)) == []


def test_no_warning_about_an_audience_says_how_many_it_has() -> None:
    cases = (a_case(exposed=0), a_case(not_concerned=0), a_case(exposed=3, unsure=2))
    lints = (reach.nobody_matches, reach.everybody_matches, reach.mostly_unknown)
    said = [warning.detail for lint, case in zip(lints, cases, strict=True) for warning in lint(case)]
    assert len(said) == len(lints)
    assert not any(character.isdigit() for character in "".join(said))


def test_an_audience_that_is_mostly_a_guess_is_named() -> None:
    assert places(reach.mostly_unknown, a_case(exposed=3, unsure=2)) == ["/condition"]
    assert places(reach.mostly_unknown, a_case(exposed=3, unsure=3)) == ["/condition"]
    assert places(reach.mostly_unknown, a_case(exposed=4, unsure=2)) == []
