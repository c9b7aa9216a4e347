"""Sources in `effmon.toml`: what is refused, and where; every key has its words."""

import re
from pathlib import Path

import pytest

from efficiency_monitor.faults import ConfigurationError
from efficiency_monitor.workspace import source_settings
from efficiency_monitor.workspace.settings import parse
from tests.cli.command import ROOT

HTTP = '[sources.hall.http]\nbase_url = "https://hall.example"\ntables = {events = "/events"}\n'
SQL = '[sources.hall.sql]\nurl_env = "X"\n'


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[sources.hall]\nfreshness = '1 day'", "sources.hall.freshness", "unknown unit|no amount"),
        ("[sources.hall]\nfresh = '1'", "sources.hall", "did you mean 'freshness'"),
        ("[sources.'Hall 1']", "sources.Hall 1", "no name of a source"),
        ("[sources.'../hall']", "sources.../hall", "no name of a source"),
        (f"{HTTP}{SQL}tables = {{a = 'v'}}", "sources.hall", "one of http, sql, files"),
        ("[sources.hall]\nsnapshot = true", "sources.hall", "a full snapshot is pulled"),
        (
            f"[sources.hall]\nsnapshot = true\n{HTTP}since = {{column = 'x'}}",
            "sources.hall",
            "takes no `since`",
        ),
        (f"{HTTP}page = {{}}\nlink = {{}}", "sources.hall.http", "one of page, cursor, link"),
        (f"{HTTP}format = 'csv'\npage = {{}}", "sources.hall.http", "is one file"),
        (f"{HTTP}page = {{size = 5}}", "sources.hall.http.page", "go together"),
        (f"{HTTP}headers = {{'A:' = 'x'}}", "sources.hall.http.headers", "is no header"),
        (f"{HTTP}headers = {{A = '中'}}", "sources.hall.http.headers", "is no header"),
        (f'{HTTP}headers = {{A = "x\\ny"}}', "sources.hall.http.headers", "is no header"),
        (f"{HTTP}allow_networks = ['10.0.0.1/8']", "allow_networks", "write a network"),
        (f"{HTTP}since = {{column = 'x', overlap = '1 working_days'}}", "overlap", "an overlap is"),
        (f"{HTTP}attempts = 0", "sources.hall.http.attempts", "greater than or equal to 1"),
        (HTTP.replace("/events", "events"), "tables.events", "is no path"),
        (HTTP.replace("/events", "//other.example/x"), "tables.events", "is no path"),
        (HTTP.replace("events =", "'../x' ="), "tables", "no name of a table"),
        (HTTP.replace("hall.example", "hall.example?key=1"), "base_url", "end before"),
        (f"{SQL}tables = {{a = 'DROP TABLE x'}}", "tables.a", "begins with SELECT"),
        (f"{SQL}tables = {{a = 'SELECT 1; SELECT 2'}}", "tables.a", "one statement"),
        (f"{SQL}tables = {{a = 'SELECT 1 WHERE x > :since'}}", "sources.hall.sql", "needs a"),
        (
            f"{SQL}tables = {{a = 'SELECT 1'}}\nsince = {{column = 'x', first = '0'}}",
            "sources.hall.sql",
            "has no `:since`",
        ),
        (
            "[sources.hall.files]\nfolder = 'in'\npatterns = ['../*']",
            "sources.hall.files",
            "files of the folder itself",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(text: str, where: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse(text, "effmon.toml")
    said = raised.value.message
    assert said.startswith("effmon.toml: ")
    assert "\n" not in said
    assert where in said
    assert re.search(what, said), said


def test_a_cast_is_no_parameter() -> None:
    parse(f"{SQL}tables = {{a = 'SELECT now()::since'}}", "effmon.toml")


def test_every_key_has_its_words_in_the_reference() -> None:
    page = (ROOT / Path("docs/sources.md")).read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`[^`]+`|```.*?```", page, re.DOTALL))
    keys = {
        field.alias or name
        for model in vars(source_settings).values()
        if isinstance(model, type) and issubclass(model, source_settings.BaseModel)
        for name, field in model.model_fields.items()
    }
    assert len(keys) > 35
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", code)) == []
