"""Gives every command, with arguments that work, to a demonstration's workspace.

    python every_command.py FOLDER DATA [OWNER'S-URL APPLICATION AUDITOR]

FOLDER is new; DATA holds files of every input format (test_lowest_python.py writes them). It is run
by the interpreter that is on trial, which has no pytest: it prints what failed and ends with 1.
"""

import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from efficiency_monitor.cli import command_audit as given
from efficiency_monitor.cli import demo_stage
from efficiency_monitor.cli.main import app
from efficiency_monitor.cli.state import State
from sqlalchemy import Engine, event

from efficiency_monitor.faults import EffmonError

FORMATS = ("table", "json", "jsonl", "csv")
#: Commands that a process of its own is asked for: they do not end, or make their own State.
BY_ITSELF = {"serve", "demo"}
#: The demonstration ends before this.
AFTER = "2026-11-30 12:00"
ZONE = "Asia/Shanghai"


class Updates:
    """Which columns of which tables the program changes, as SQL says it."""

    _PLAIN = re.compile(r'UPDATE "?(\w+)"? SET (.*?)(?: FROM | WHERE |$)', re.DOTALL)
    _ELSE = re.compile(
        r'INSERT INTO "?(\w+)"?.* DO UPDATE SET (.*?)(?: WHERE | RETURNING |$)', re.DOTALL
    )
    _COLUMN = re.compile(r'(?:^|, ?)\s*"?(\w+)"?\s*=')

    def __init__(self) -> None:
        self.columns: dict[str, set[str]] = {}
        event.listen(Engine, "before_cursor_execute", self._see)

    def _see(self, _c: object, _u: object, statement: str, *_more: object) -> None:
        found = self._PLAIN.match(statement) or self._ELSE.match(statement)
        if found is not None:
            self.columns.setdefault(found[1], set()).update(self._COLUMN.findall(found[2]))

    def save(self, path: Path) -> None:
        """Keep them for whoever compares."""
        kept = {name: sorted(columns) for name, columns in sorted(self.columns.items())}
        path.write_text(json.dumps(kept, indent=1), encoding="utf-8")


class Trial:
    """Gives commands in this process, on a clock that stands, and keeps what failed."""

    def __init__(self, clock: demo_stage.Clock) -> None:
        self.clock = clock
        self.command = typer.main.get_command(app)
        self.given: set[str] = set()
        self.failed: list[str] = []
        self._turn = 0

    def __call__(
        self, workspace: Path | None, *words: object, code: int = 0, said: str = ""
    ) -> str:
        """What the command printed; a code other than `code` or a fault is kept as a failure."""
        place = [] if workspace is None else ["-C", str(workspace)]
        arguments = [*place, *map(str, words)]
        found = given.read(arguments, self.command)
        self.given.add(found.path)
        out, stdout = io.StringIO(), sys.stdout
        sys.stdout = out
        try:
            state = State(clock=self.clock)
            ended = app(arguments, "effmon", standalone_mode=False, obj=state) or 0
            if ended != code:
                self.failed.append(f"{arguments}: {ended}, not {code}: {out.getvalue()[:4000]}")
        except EffmonError as fault:
            self.failed.append(f"{arguments}: {fault.exit_code}: {fault.message}")
        except BaseException:  # noqa: BLE001 - whatever it is, the next command is given
            self.failed.append(f"{arguments}: {traceback.format_exc()}")
        finally:
            sys.stdout = stdout
        text = out.getvalue()
        if said not in text:
            self.failed.append(f"{arguments}: no {said!r} in {text[:300]!r}")
        return text

    def data(self, workspace: Path | None, *words: object, code: int = 0) -> Any:
        """What it gives as JSON."""
        text = self(workspace, *words, "-o", "json", code=code)
        try:
            return json.loads(text)
        except ValueError:
            self.failed.append(f"{words}: no JSON: {text[:300]!r}")
            raise

    def every_form(self, workspace: Path | None, *words: object, code: int = 0) -> None:
        """A command that only reads, in every form of output."""
        for form in FORMATS:
            self(workspace, *words, "-o", form, code=code)

    def in_turn(self, workspace: Path | None, *words: object, code: int = 0) -> None:
        """A command that writes, in the form that is next."""
        self._turn += 1
        self(workspace, *words, "-o", FORMATS[self._turn % len(FORMATS)], code=code)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command that there is, from the parser itself."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(path)
        return
    for name, one in inner.items():
        yield from leaves(one, (*path, name))


def reads(trial: Trial, ws: Path) -> None:
    """Whatever only reads."""
    red = trial.data(ws, "cards", "list", "--level", "red", "--state", "all")[0]
    appeal = trial.data(ws, "appeals", "list", "--state", "all")[0]["appeal_no"]
    order = trial.data(ws, "orders", "list", "--state", "all")[0]["order_no"]
    row = trial.data(ws, "quarantine", "list", "--all")[0]["id"]
    held = trial.data(ws, "accountability", "list", "--all")[0]["card_no"]
    synthetic = demo_stage.data_folder() / "synthetic"
    for words in (
        ("version",),
        ("doctor", "--quick"),
        ("forecast", "--days", 366),
        ("quarantine", "list", "--all"),
        ("quarantine", "show", row),
        ("mappings", "list"),
        ("mappings", "check", "gbt39046", synthetic / "synthetic_受理.csv", "--rows", 1),
        ("cases", "list", "--all"),
        ("cases", "show", red["case_no"]),
        ("cases", "explain", red["case_no"]),
        ("cards", "list", "--state", "all"),
        ("cards", "show", red["card_no"]),
        ("notices", "list"),
        ("silences", "list", "--all"),
        ("appeals", "list", "--state", "all"),
        ("appeals", "show", appeal),
        ("orders", "list", "--state", "all"),
        ("orders", "show", order),
        ("accountability", "list", "--all", "--organs"),
        ("accountability", "show", held),
        ("ladders", "list"),
        ("ladders", "show", "standard"),
        ("ladders", "show", red["card_no"]),
        ("ladders", "check"),
        ("people", "list"),
        ("people", "check"),
        ("people", "disclosures"),
        ("people", "key", "list"),
        ("ledger", "list", "--most", 500),
        ("ledger", "verify", "--rebuild"),
        ("ledger", "key", "show"),
        ("rules", "list", "--all"),
        ("rules", "show", "HN-CASE"),
        ("rules", "check"),
        ("rules", "test"),
        ("rules", "changes"),
        ("rules", "diff", "HN-CASE", "HN-SPECIAL"),
        ("rules", "new", "--list"),
        ("calendar", "list"),
        ("calendar", "show", "cn", "--year", 2026),
        ("calendar", "due", "2026-11-02", "5 working_days", "--pause", "2026-11-03/2026-11-04"),
        ("calendar", "elapsed", "2026-11-02 09:00", "2026-11-06 17:00", "--unit", "working_hours"),
        ("sources", "list"),
        ("sources", "history"),
        ("jobs", "list"),
        ("jobs", "history"),
        ("audit", "list"),
    ):
        trial.every_form(ws, *words)
    trial(ws, "doctor")
    trial(ws, "metrics", said="effmon_")
    trial(ws, "metrics", "--out", ws.parent / "effmon.prom")


def files_out(trial: Trial, ws: Path) -> None:
    """Every file that a command writes, and what reads it again."""
    out = ws.parent / "out"
    out.mkdir()
    for ending in ("csv", "xlsx", "jsonl"):
        trial(ws, "accountability", "export", "--out", out / f"records.{ending}", "--all")
    for ending in ("html", "md"):
        trial(ws, "rules", "doc", "hunan", "--out", out / f"rules.{ending}")
    period = ("--from", "2026-09-01", "--to", "2026-11-30", "--as-if-in-force")
    trial(
        *(ws, "rules", "backtest", "chengdu", *period, "--page", out / "backtest.html"), "-o", "csv"
    )
    card = trial.data(ws, "cards", "list", "--level", "yellow")[0]["card_no"]
    trial.in_turn(ws, "ledger", "slip", card, "--out", out / "card.slip")
    trial(ws, "ledger", "slip", "--show", out / "card.slip")
    export = out / "ledger"
    trial.in_turn(ws, "ledger", "export", "--out", export)
    trial.every_form(ws, "ledger", "verify", export)
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(export / "verify.py"), str(export)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode or "RESULT: 通过 OK" not in ended.stdout:
        trial.failed.append(f"verify.py: {ended.stdout[-500:]}{ended.stderr}")
    note = next(iter(sorted((export / "checkpoints").glob("*-sha256.note"))))
    trial.every_form(ws, "ledger", "compare", note)
    paper = out / "paper.txt"
    rows = trial(ws, "ledger", "key", "show").splitlines()[3:]
    paper.write_text("\n".join(rows), encoding="utf-8")
    trial(ws, "ledger", "key", "read", paper)
    trial.in_turn(ws, "export", "lake", "--out", out / "lake")
    lake = ("--lake", out / "lake", "--page", out / "lake.html")
    trial(ws, "rules", "backtest", "chengdu", *period, *lake, "-o", "json")
    questions = out / "questions.jsonl"
    asked = {"op": "due", "start": "2026-11-02", "limit": "1 working_days"}
    questions.write_text(json.dumps(asked), encoding="utf-8")
    trial(None, "calendar", "batch", questions, said='{"due":')
    for name in ("records.xlsx", "rules.html", "backtest.html", "lake.html"):
        if not (out / name).is_file() or not (out / name).stat().st_size:
            trial.failed.append(f"{name}: nothing was written")


def matters(trial: Trial, ws: Path) -> None:
    """What people do about cards: they answer, appeal, order, verify and excuse."""
    office = ("--as", "SYN-P06")
    sign = ("--as", "SYN-P12", "--key", ws / "SYN-P12.key")
    cards = trial.data(ws, "cards", "list", "--department", "示例市审批一科", "--state", "open")
    red, yellow = (
        [card["card_no"] for card in cards if card["level"] == level] for level in ("red", "yellow")
    )
    trial.in_turn(ws, *office, "cards", "acknowledge", red[0])
    trial.in_turn(ws, *office, "cards", "reply", red[0], "--text", "补齐材料")
    trial.in_turn(ws, *sign, "cards", "close", red[0], "--text", "属实")
    trial.in_turn(ws, *sign, "orders", "open", red[1], "--text", "请说明")
    trial.in_turn(ws, "notices", "deliver")
    order = trial.data(ws, "orders", "list")[0]["order_no"]
    trial.in_turn(ws, *office, "orders", "reply", order, "--text", "已办")
    trial.in_turn(ws, *sign, "orders", "return", order, "--text", "不全")
    trial.in_turn(ws, *office, "orders", "reply", order, "--text", "补充")
    trial.in_turn(ws, *sign, "orders", "close", order, "--text", "同意")
    trial.in_turn(ws, *office, "appeals", "file", red[1], "--text", "不服")
    appeal = trial.data(ws, "appeals", "list")[0]["appeal_no"]
    decided = ("--decision", "return", "--text", "不成立")
    trial.in_turn(ws, *sign, "appeals", "decide", appeal, *decided)
    lifted = ("--reason", "issued_in_error", "--text", "有误")
    trial.in_turn(ws, *sign, "cards", "lift", yellow[0], *lifted)
    basis = ("--basis", "第一条", "--text", "由人发出")
    trial.in_turn(ws, *sign, "cards", "issue", "SYN-2026-0040", "--level", "warning", *basis)
    held = trial.data(ws, "accountability", "list", "--level", "red", "--status", "to_verify")
    number, excused = sorted({row["card_no"] for row in held})[:2]
    trial.in_turn(ws, *sign, "accountability", "verify", number, "--text", "属实")
    trial.in_turn(
        ws, *sign, "accountability", "record", number, "--measure", "talk", "--text", "决定"
    )
    asked = ("accountability", "exempt", excused)
    trial.in_turn(ws, *sign, *asked, "--ground", "force_majeure", "--text", "停电")
    until = ("--until", "2026-12-05", "--reason", "搬迁")
    trial.in_turn(ws, *sign, "silences", "add", "--case", "SYN-2026-0040", *until)
    silence = trial.data(ws, "silences", "list")[0]["silence_no"]
    trial.in_turn(ws, *sign, "silences", "end", silence, "--reason", "搬完")


def dead_letters(trial: Trial, ws: Path) -> None:
    """A notice that nobody could be given: the channel's folder is a file for three days."""
    settings = ws / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    (ws / "no-folder").touch()
    settings.write_text(text.replace('"outbox"', '"no-folder"'), encoding="utf-8")
    trial.in_turn(ws, "notices", "deliver")
    trial.clock.set("2026-12-03 18:00")
    trial.in_turn(ws, "notices", "deliver")
    settings.write_text(text, encoding="utf-8")
    dead = [row["notice_id"] for row in trial.data(ws, "notices", "list", "--state", "dead")]
    sign = ("--as", "SYN-P12", "--key", ws / "SYN-P12.key")
    trial.in_turn(ws, *sign, "notices", "dismiss", dead[0], "--reason", "已当面告知")
    trial.in_turn(ws, "notices", "retry")
    trial.in_turn(ws, "notices", "deliver", "--strict")
    trial.in_turn(ws, "jobs", "run")


def keys_and_people(trial: Trial, ws: Path) -> None:
    """Keys of people and of the ledger; what is erased."""
    out = ws.parent
    first = ("--as", "SYN-P12", "--key", ws / "SYN-P12.key")
    public = trial(ws, "people", "key", "new", "--out", out / "third.key")
    (out / "third.pub").write_text(public, encoding="utf-8")
    trial.in_turn(ws, *first, "people", "key", "enrol", "SYN-P11", f"@{out / 'third.pub'}")
    trial.in_turn(ws, *first, "people", "key", "revoke", "SYN-P13", "--text", "遗失")
    trial(ws, "ledger", "key", "new", "--out", out / "ledger-2.key")
    trial(ws, "ledger", "key", "rotate", out / "ledger-2.key")
    trial.in_turn(ws, "ledger", "checkpoint")
    trial.in_turn(ws, "people", "import", demo_stage.data_folder() / "people.csv", "--dry-run")
    trial.in_turn(ws, "people", "import", demo_stage.data_folder() / "people.csv")
    shown = ("--unmask", "--reason", "核对")
    trial.in_turn(ws, "--as", "SYN-P12", "people", "list", *shown)
    trial.in_turn(ws, *first, "cases", "erase-applicant", "SYN-2026-0022", "--reason", "申请")
    trial.in_turn(ws, *first, "people", "erase", "SYN-P02", "--reason", "离职")


def intake(trial: Trial, ws: Path, data: Path) -> None:
    """Every format of input, by hand, on trial and from a folder; scans in between."""
    for path in sorted(data.iterdir()):
        trial.in_turn(ws, "import", path, "--strict", "--dry-run")
        trial.in_turn(ws, "import", path, "--strict")
    trial.in_turn(ws, "quarantine", "retry")
    inbox = ws / "inbox"
    inbox.mkdir()
    # A case of the source's own: the others belong to who has given them by hand.
    text = (data / "utf8.csv").read_text(encoding="utf-8").replace("A1", "B1")
    (inbox / "events-1.csv").write_text(text, encoding="utf-8")
    with (ws / "effmon.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[sources.hall.files]\nfolder = "inbox"\npatterns = ["events-*.csv"]\n')
    trial.in_turn(ws, "pull", "hall", "--dry-run")
    trial.in_turn(ws, "pull", "--all", "--strict")
    trial.every_form(ws, "scan", "--dry-run")
    trial.in_turn(ws, "scan")
    pending = trial.data(ws, "cards", "list", "--rule", "CON-REFUSED", "--state", "pending")
    sign = ("--as", "SYN-P12", "--key", ws / "SYN-P12.key")
    trial.in_turn(ws, *sign, "cards", "confirm", pending[0]["card_no"], "--text", "属实")


def rules(trial: Trial, folder: Path) -> None:
    """An own catalogue: it is set up, added to, proposed and approved."""
    ws = folder / "own"
    trial(None, "init", ws, "--zone", ZONE, "--pack", "hunan")
    trial(ws, "rules", "own")
    trial(ws, "rules", "use", "hunan", "conduct")
    told = ("--title", "标题 / A title", "--why", "理由", "--basis", "条例第一条：应当")
    new = ("rules", "new", "OWN-1", "--pack", "hunan", "--from", "promise-3", *told)
    trial.in_turn(ws, *new, "--in-force", "2026-01-01")
    trial(ws, "scan")
    trial.every_form(ws, "rules", "trial", "OWN-1")
    trial.in_turn(ws, "people", "import", demo_stage.data_folder() / "people.csv")
    for person in ("SYN-P12", "SYN-P13"):
        public = trial(ws, "people", "key", "new", "--out", folder / f"{person}.key")
        trial(ws, "--as", person, "people", "key", "enrol", person, public.strip())
    by = {
        person: ("--as", person, "--key", folder / f"{person}.key")
        for person in ("SYN-P12", "SYN-P13")
    }
    trial.in_turn(ws, *by["SYN-P12"], "rules", "propose", "--reason", "局务会")
    number = trial.data(ws, "rules", "changes")[0]["change_no"]
    trial.in_turn(ws, *by["SYN-P12"], "rules", "withdraw", number, "--text", "有误")
    trial.in_turn(ws, *by["SYN-P12"], "rules", "propose", "--reason", "局务会")
    number = trial.data(ws, "rules", "changes")[-1]["change_no"]
    trial.in_turn(ws, *by["SYN-P13"], "rules", "approve", number, "--text", "同意")
    trial.every_form(ws, "rules", "changes")
    notice = folder / "notice.txt"
    notice.write_text(
        "关于2026年纪念日放假安排的通知\n一、纪念日：3月4日（周三）放假1天，不调休。\n",
        encoding="utf-8",
    )
    trial.in_turn(ws, "calendar", "import", notice, "--notice", "1号", "--published", "2026-11-01")


def evidence(trial: Trial, folder: Path) -> None:
    """Lines by hand that come after red cards: accepted by two persons, rejected by one."""
    ws, late = folder / "own", folder / "late.csv"
    signs = [("--as", one, "--key", folder / f"{one}.key") for one in ("SYN-P12", "SYN-P13")]
    cases, begun = folder / "held.csv", folder / "begun.csv"
    bounds = "promised,示例市审批一科,5 working_days,10 working_days"
    cases.write_text(
        "case_no,item_kind,department,promised_limit,statutory_limit\n"
        + "".join(f"E{n},{bounds}\n" for n in (1, 2)),
        encoding="utf-8",
    )
    for path, kind, at in ((begun, "accepted", "2026-11-02"), (late, "decided", "2026-11-04")):
        rows = "".join(f"E{n},{kind},{at} 10:00\n" for n in (1, 2))
        path.write_text(f"case_no,event,occurred_at\n{rows}", encoding="utf-8")
    trial.in_turn(ws, "import", cases, begun)
    trial.in_turn(ws, "scan")
    trial.clock.set("2026-12-04 09:00")
    trial.in_turn(ws, "import", late)
    trial.in_turn(ws, "scan")
    trial.every_form(ws, "evidence", "list")
    numbers = [one["evidence"] for one in trial.data(ws, "evidence", "list")]
    # To accept takes two where a card would fall; to reject takes one, for the cards stand.
    for number, act, by in zip(numbers, ("accept", "reject"), (signs, signs[:1]), strict=True):
        trial.every_form(ws, "evidence", "show", number)
        for sign in by:
            trial.in_turn(ws, *sign, "evidence", act, number, "--text", "核对过原件")
    trial.in_turn(ws, "scan")
    fallen = trial.data(ws, "evidence", "list", "--fallen")[0]["card_no"]
    trial.in_turn(ws, *signs[0], "evidence", "seen", "--card", fallen)


def repairs(trial: Trial, folder: Path) -> None:
    """A clock that ran a month ahead for one scan."""
    ws = folder / "own"
    runs, begun = folder / "runs.csv", folder / "runs_begun.csv"
    runs.write_text(
        "case_no,item_kind,department,promised_limit,statutory_limit\n"
        "R1,promised,示例市审批一科,5 working_days,10 working_days\n",
        encoding="utf-8",
    )
    begun.write_text("case_no,event,occurred_at\nR1,accepted,2026-12-03 10:00\n", encoding="utf-8")
    trial.in_turn(ws, "import", runs, begun)
    trial.clock.set("2027-01-04 09:00")
    trial.in_turn(ws, "scan")
    trial.clock.set("2026-12-04 10:00")
    for one in ("SYN-P12", "SYN-P13"):
        sign = ("--as", one, "--key", folder / f"{one}.key")
        words = ("repair", "clock", "--after", "2026-12-04 09:00", "--text", "时钟快了一个月")
        trial.in_turn(ws, *sign, *words)
    trial.in_turn(ws, "scan")
    with sqlite3.connect(ws / "effmon.db") as database:
        database.execute(
            "INSERT INTO case_fact (case_id, digest, fields, received_at, import_id, source)"
            " SELECT id, 'x', '{}', 0, 'nobody', source FROM case_file LIMIT 1"
        )
    database.close()
    sign = ("--as", "SYN-P12", "--key", folder / "SYN-P12.key")
    trial.in_turn(ws, *sign, "repair", "input", "--text", "查实为绕过系统写入")
    settings = ws / "effmon.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f'{text}\n[sources.later]\nmapping = "canonical"\n', encoding="utf-8")
    for one in ("SYN-P12", "SYN-P13"):
        sign = ("--as", one, "--key", folder / f"{one}.key")
        words = ("sources", "hand-over", "by-hand", "later", "--text", "新系统上线")
        trial.in_turn(ws, *sign, *words)


def kept(trial: Trial, ws: Path) -> None:
    """A backup, and what is made of it."""
    file = ws.parent / "all.tar.gz"
    made = trial.data(ws, "backup", file)
    trial.in_turn(ws.parent / "again", "restore", file, "--manifest", made["manifest"])
    trial(ws.parent / "again", "ledger", "verify")
    trial.in_turn(ws, "restore", file, "--drill", ws.parent / "drills")


def on_postgresql(trial: Trial, folder: Path, url: str, application: str, auditor: str) -> None:
    """What there is on PostgreSQL alone."""
    os.environ["EFFMON_DATABASE_URL"] = url
    trial(None, "init", folder / "server", "--zone", ZONE)
    words = ("database", "roles", "--app", application, "--auditor", auditor)
    trial.every_form(folder / "server", *words, "--dry-run")
    trial(folder / "server", *words)
    trial.in_turn(folder / "server", "doctor", "--quick")
    del os.environ["EFFMON_DATABASE_URL"]


def main(folder: Path, data: Path, *server: str) -> int:
    """Exit code: 1 if a command failed or was never given."""
    clock = demo_stage.Clock(AFTER, ZONE)
    updates = Updates()
    trial = Trial(clock)
    app(["demo", str(folder)], "effmon", standalone_mode=False)
    ws = folder / "bureau"
    for part in (
        lambda: reads(trial, ws),
        lambda: files_out(trial, ws),
        lambda: matters(trial, ws),
        lambda: keys_and_people(trial, ws),
        lambda: intake(trial, ws, data),
        lambda: dead_letters(trial, ws),
        lambda: rules(trial, folder),
        lambda: evidence(trial, folder),
        lambda: repairs(trial, folder),
        lambda: kept(trial, ws),
        lambda: on_postgresql(trial, folder, *server) if server else None,
    ):
        try:
            part()
        except Exception:  # noqa: BLE001 - kept, and the next part is tried
            trial.failed.append(traceback.format_exc())
    updates.save(folder / "updates.json")
    never = sorted(set(leaves(trial.command)) - trial.given - BY_ITSELF)
    print(*trial.failed, sep="\n")
    print("never given:", never)
    return 1 if trial.failed or never else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
