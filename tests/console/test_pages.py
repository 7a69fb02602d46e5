"""What every page shares: headers, no script, nothing from elsewhere, and no writing where something is only opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import console
from tests.console.house import House

TEMPLATES = sorted((Path(console.__file__).parent / "templates").glob("*.html"))
STYLE = Path(console.__file__).parent / "static" / "console.css"


async def _every_page(house: House) -> list[str]:
    """Make something to see on each page; return their paths."""
    await house.stage.holds("ann", "ann-1")
    await house.stage.publish()
    house.box.catch(house.stage, "ann@example.com")
    await house.enter()
    return [
        "/",
        "/defects/NOTES-4411",
        "/defects/NOTES-4411/told",
        "/mails",
        "/mails/1",
        "/mails/1/html",
        "/lanes",
        "/time-zone",
        "/sign-in",
        "/sign-in?code=x",
        await house.link("n"),
        await house.link("u"),
        "/console.css",
        "/icon.svg",
    ]


async def test_every_page_is_kept_from_scripts_strangers_and_caches(house: House) -> None:
    for path in (await _every_page(house))[:-2]:
        answer = await house.get(path)
        assert answer.status == 200, path
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src '")
        assert "script" not in policy.replace("allow-popups-to-escape", "")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == ("no-referrer" if path[:3] in {"/n/", "/u/"} else "same-origin")


async def test_opening_pages_writes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = await _every_page(house)

    async def refuse(*_: object) -> None:
        raise AssertionError("a page that was only opened has written")

    monkeypatch.setattr(house.stage.database, "call", refuse)
    for path in paths:
        assert (await house.get(path)).status == 200, path


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_script_no_style_of_its_own_and_nothing_from_elsewhere(template: Path) -> None:
    source = template.read_text("utf-8")

    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|\|\s*safe|autoescape", source)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", source)


async def test_the_style_sheet_is_kept_by_browsers_until_it_changes(house: House) -> None:
    page = (await house.get("/sign-in")).text
    address = re.search(r'href="(/console\.css\?[0-9a-f]{12})"', page)
    assert address is not None

    style = await house.get(address[1])

    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in style.headers["Cache-Control"]
    assert style.text == STYLE.read_text("utf-8")


def test_the_style_sheet_fetches_nothing_and_knows_the_dark() -> None:
    style = STYLE.read_text("utf-8")

    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def _colours() -> list[tuple[str, str, str]]:
    day, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))
        for part in STYLE.read_text("utf-8").split("prefers-color-scheme: dark")[:2]
    )
    pairs = [
        ("ink", "ground"),
        ("soft", "ground"),
        ("soft", "sheet"),
        ("ink", "grey-ground"),
        ("soft", "grey-ground"),
        ("ink", "amber-ground"),
        ("link", "ground"),
        ("button-ink", "button"),
        ("red", "red-ground"),
        ("amber", "amber-ground"),
        ("red", "ground"),
        ("amber", "ground"),
        ("blue", "ground"),
        ("before", "ground"),
    ]
    return [
        (f"{light} {text} on {ground}", colours[text], colours[ground])
        for light, colours in (("day", day), ("dark", dark))
        for text, ground in pairs
    ]


@pytest.mark.parametrize(("name", "text", "ground"), _colours(), ids=lambda value: value if " " in value else "")
def test_text_stands_out_from_its_ground(name: str, text: str, ground: str) -> None:
    """WCAG 2.2, success criterion 1.4.3: at least 4.5 to 1."""
    dark, bright = sorted((_luminance(text), _luminance(ground)))

    assert (bright + 0.05) / (dark + 0.05) >= 4.5, name


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
