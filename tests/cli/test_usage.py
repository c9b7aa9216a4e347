"""Wrong usage is one line that says what and one that says how to mend it, in both languages."""

from pathlib import Path

import pytest

from .command import effmon

WRONG = (
    (["cards", "issue", "A", "--level", "blue", "--basis", "x"], "--level 不能是 'blue'；可用："),
    (["cards", "issue", "A", "--level", "red"], "缺少选项 --basis"),
    (["orders", "open"], "缺少参数 CARD..."),
    (["cards", "list", "--nope"], "没有选项 --nope"),
    (["cards", "nope"], "没有命令 'nope'"),
    (["cards"], "没有写命令"),
    (["cards", "list", "--level"], "选项 --level 之后要写值"),
    (["cards", "list", "more"], "多出的参数：more"),
    (["ledger", "list", "--most", "x"], "--most 须为整数"),
    (["ledger", "list", "--most", "0"], "--most 不得小于 1"),
    (["forecast", "--days", "999"], "--days 不得大于 366"),
)


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_usage_is_said_in_chinese(arguments: list[str], said: str) -> None:
    ran = effmon(*arguments, EFFMON_LANG="zh")
    first, second = ran.err.splitlines()
    assert (ran.code, ran.out) == (2, "")
    assert first.startswith(f"错误：{said}")
    assert second.startswith("办法：见 effmon")
    assert second.endswith(" -h")


@pytest.mark.parametrize("arguments", [a for a, _ in WRONG], ids=[" ".join(a) for a, _ in WRONG])
def test_wrong_usage_is_two_lines_in_english(arguments: list[str]) -> None:
    ran = effmon(*arguments)
    first, second = ran.err.splitlines()
    assert (ran.code, ran.out) == (2, "")
    assert first.startswith("error: ")
    assert second.startswith("hint: see effmon")
    assert "Value error" not in first


def test_a_workspace_whose_database_is_refused_is_none(tmp_path: Path) -> None:
    """Its settings would name another database the next time, and nobody would see it."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing?connect_timeout=1"
    for folder in (tmp_path / "new", tmp_path):
        ran = effmon("init", folder, EFFMON_DATABASE_URL=url)
        assert ran.code in (2, 75)
        assert len(ran.err.splitlines()) == 2
        assert list(tmp_path.iterdir()) == []
    effmon("init", tmp_path).well()
    settings = (tmp_path / "effmon.toml").read_text(encoding="utf-8")
    assert effmon("init", tmp_path, EFFMON_DATABASE_URL=url).code in (2, 75)
    assert (tmp_path / "effmon.toml").read_text(encoding="utf-8") == settings
