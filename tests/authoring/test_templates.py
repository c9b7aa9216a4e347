"""`rules new`, `rules own`, `rules use`: a rule of one's own that passes its examples at once."""

import re
import shlex
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from efficiency_monitor.catalogue.catalogue_files import read_rule_file, read_vocabulary

from ..cli.command import ROOT, effmon

TEMPLATES = sorted(path.stem for path in (ROOT / "rules" / "templates").glob("*.yaml"))
Own = Callable[[], Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a catalogue of its own."""
    folder = tmp_path_factory.mktemp("made") / "city"
    effmon("-C", folder, "init").well()
    effmon("-C", folder, "rules", "own").well()
    return folder


@pytest.fixture
def city(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "city"))


def _new(city: Path, rule_id: str, template: str, *more: str, language: str = "en") -> Path:
    ran = effmon(
        *("-C", city, "rules", "new", rule_id, "--pack", "town", "--from", template, *more),
        EFFMON_LANG=language,
    ).well()
    return (
        city / "rules" / "packs" / "town" / re.findall(r"[A-Z0-9-]+-[a-z0-9-]+\.yaml", ran.err)[0]
    )


def test_templates_are_listed(city: Path) -> None:
    listed = effmon("-C", city, "rules", "new", "--list", "-o", "json").well().json
    assert [one["name"] for one in listed] == TEMPLATES
    assert len(TEMPLATES) >= 9
    for language in ("zh", "en"):
        out = effmon("rules", "new", "--list", EFFMON_LANG=language).well().out
        assert len(out.splitlines()) == len(TEMPLATES) + 1


@pytest.mark.parametrize(
    ("template", "language"), [*((name, "zh") for name in TEMPLATES), ("promise-3", "en")]
)
def test_what_a_template_makes_passes_at_once(city: Path, template: str, language: str) -> None:
    """And has a silent, a near miss and a firing example for each of its levels."""
    told = ("--title", "标题 / A title", "--why", "理由", "--basis", "条例第一条：应当")
    path = _new(city, "TT-NEW", template, *told, language=language)
    ran = effmon("-C", city, "rules", "test", path).well()
    assert " 0 failed" in ran.err
    effmon("-C", city, "rules", "check", path.parent).well()
    rule = read_rule_file(path, read_vocabulary(city / "rules")).rule
    assert (rule.title.zh, rule.title.en, rule.status) == ("标题", "A title", "trial")
    for card in rule.cards:
        kinds = {example.kind for example in rule.examples if example.level == card.level}
        assert kinds == {"silent", "near_miss", "firing"}
    comments = re.findall(r"^\s*# (?!yaml-language)(.*)$", path.read_text("utf-8"), re.MULTILINE)
    assert comments
    for comment in comments:
        assert bool(re.search("[一-鿿]", comment)) == (language == "zh"), comment


@pytest.mark.parametrize(
    ("template", "settings", "last"),
    [
        # Counted by hand: 2026-01-04 is a make-up Sunday; 5-9 (5), 12-16 (10) January 2026.
        ("statutory", ["statutory=10 working_days"], {"red": "2026-01-16 23:59:59"}),
        ("near-due", ["promised=10 working_days"], {"red": "2026-01-16 23:59:59"}),
        (
            "promise-2",
            ["promised=3 working_days", "statutory=6 working_days"],
            {"yellow": "2026-01-07 23:59:59", "red": "2026-01-12 23:59:59"},
        ),
        ("statutory", ["statutory=9 calendar_days"], {"red": "2026-01-13 23:59:59"}),
        ("stage", ["limit=4 working_hours", "more=3 working_hours"], {
            "yellow": "2026-01-04 15:30:00", "red": "2026-01-05 10:00:00"}),
    ],
)  # fmt: skip
def test_near_miss_and_firing_are_one_second_apart(
    city: Path, template: str, settings: list[str], last: dict[str, str]
) -> None:
    given = [word for setting in settings for word in ("--set", setting)]
    path = _new(city, "TT-NEW", template, *given)
    examples = yaml.safe_load(path.read_text(encoding="utf-8"))["examples"]
    for level, instant in last.items():
        near, firing = (
            next(one for one in examples if (one["level"], one["kind"]) == (level, kind))
            for kind in ("near_miss", "firing")
        )
        times = [
            one["events"][-1]["at"] if len(one["events"]) > 1 else one["expect"][0]["as_of"]
            for one in (near, firing)
        ]
        assert times[0] == instant
        before, after = (datetime.fromisoformat(text) for text in times)
        assert (after - before).total_seconds() == 1


def test_nothing_is_overwritten(city: Path) -> None:
    path = _new(city, "TT-NEW", "statutory")
    readme = path.parent / "README.md"
    readme.write_text("own words\n", encoding="utf-8")
    before = path.read_bytes()
    for more in ((), ("--name", "another")):
        ran = effmon(
            *("-C", city, "rules", "new", "TT-NEW", "--pack", "town", "--from", "stage", *more)
        )
        assert ran.code == 2
        assert "TT-NEW" in ran.err.splitlines()[0]
        assert path.read_bytes() == before
    taken = path.with_name("TT-FREE-statutory.yaml")
    taken.write_bytes(before.replace(b"TT-NEW", b"TT-ELSE"))
    ran = effmon(*("-C", city, "rules", "new", "TT-FREE", "--pack", "town", "--from", "statutory"))
    assert ran.code == 2
    assert "exists and is not overwritten" in ran.err
    assert b"TT-ELSE" in taken.read_bytes()
    taken.unlink()
    _new(city, "TT-OTHER", "stage")
    assert readme.read_text(encoding="utf-8") == "own words\n"
    assert len(list(path.parent.iterdir())) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("TT-NEW --pack town", "ID, --pack and --from are needed"),
        ("TT-NEW --pack town --from stagge", "did you mean 'stage'"),
        ("TT-NEW --pack ../town --from stage", "no name of a pack"),
        ("'tt new' --pack town --from stage", "no id of a rule"),
        ("CN-DECIDE --pack town --from stage", "CN-DECIDE stands in packs/national"),
        ("TT-NEW --pack town --from stage --set limt=3", "did you mean 'limit'"),
        ("TT-NEW --pack town --from stage --set limit", "has no '='"),
        ("TT-NEW --pack town --from stage --set 'limit=3 days'", "'3 days'"),
        ("TT-NEW --pack town --from stage --set limit=3}", "cannot stand"),
        (
            "TT-NEW --pack town --from promise-2 --set 'promised=30 working_days'",
            "with these values",
        ),
        (
            "TT-NEW --pack town --from statutory --set start=acepted",
            "no event type 'acepted'; did you mean 'accepted'",
        ),
        ("TT-NEW --pack town --from stage --in-force 2026-12-31", "cn ends on 2026-12-31"),
        ("TT-NEW --pack town --from stage --in-force soon", "is no date"),
        ("TT-NEW --pack town --from stage --calendar c", "no calendar 'c'"),
        ("TT-NEW --pack town --from tally-yellow --set number=two", "should be a whole number"),
    ],
)
def test_what_cannot_be_meant_is_said_and_writes_nothing(city: Path, words: str, said: str) -> None:
    before = sorted((city / "rules").rglob("*"))
    ran = effmon("-C", city, "rules", "new", *shlex.split(words))
    assert ran.code in (2, 3)
    assert said in ran.err
    assert sorted((city / "rules").rglob("*")) == before


def test_hostile_words_stay_words(city: Path) -> None:
    title = 'a "quoted" \\ <b>: {x} # no / an "other" title'
    path = _new(city, "TT-NEW", "stage", "--title", title, "--basis", 'Art. 1: says "x": y')
    rule = read_rule_file(path, read_vocabulary(city / "rules")).rule
    assert (rule.title.zh, rule.title.en) == tuple(title.split(" / "))
    assert (rule.legal_basis[0].ref, rule.legal_basis[0].says) == ("Art. 1", 'says "x": y')


def test_the_installed_catalogue_is_not_written(tmp_path: Path) -> None:
    effmon("-C", tmp_path / "ws", "init").well()
    ran = effmon(
        *("-C", tmp_path / "ws", "rules", "new", "TT-X", "--pack", "town", "--from", "stage")
    )
    assert ran.code == 2
    assert "effmon rules own" in ran.err
    assert not (ROOT / "rules" / "packs" / "town").exists()


def test_an_own_catalogue_is_the_installed_one_until_it_is_changed(city: Path) -> None:
    installed = effmon("rules", "list", "--all", "-o", "json").well().json
    own = effmon("-C", city, "rules", "list", "--all", "-o", "json").well().json
    assert own == installed
    again = effmon("-C", city, "rules", "own").well()
    assert "its own catalogue" in again.err


def test_a_pack_is_put_in_use_and_nothing_else_changes(city: Path) -> None:
    settings = city / "effmon.toml"
    settings.chmod(0o640)
    before = settings.read_text(encoding="utf-8")
    _new(city, "TT-NEW", "statutory")
    path = city / "rules" / "packs" / "town" / "TT-NEW-statutory.yaml"
    text = path.read_text(encoding="utf-8").replace("status: trial", "status: stable")
    path.write_text(text, encoding="utf-8")
    effmon("-C", city, "rules", "use", "national", "town").well()
    after = settings.read_text(encoding="utf-8")
    assert after == before.replace('packs = ["national"]', 'packs = ["national", "town"]')
    assert settings.stat().st_mode & 0o777 == 0o640
    listed = effmon("-C", city, "rules", "list", "-o", "json").well().json
    assert "TT-NEW" in {one["id"] for one in listed}
    for wrong in (["nationl"], ["national", "x"]):
        ran = effmon("-C", city, "rules", "use", *wrong)
        assert ran.code == 2
        assert settings.read_text(encoding="utf-8") == after


@pytest.mark.parametrize(
    "written",
    [
        "workspace.packs = ['national']\n",
        "[ workspace ]\npacks = ['national']\n",
        "[workspace]\npacks = [\n  'national',\n]\n",
        "x = '''\n[workspace]\n'''\n[workspace]\npacks = ['national']\n",
        "[workspace]\nname = '''\npacks = 1\n'''\npacks = ['national']\n",
    ],
)
def test_settings_that_are_written_otherwise_are_left_alone(city: Path, written: str) -> None:
    settings = city / "effmon.toml"
    settings.write_text(written, encoding="utf-8")
    ran = effmon("-C", city, "rules", "use", "hunan")
    assert ran.code == 2, ran
    assert settings.read_text(encoding="utf-8") == written
