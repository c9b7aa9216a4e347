"""`make audit` is green only if every locked package was looked up, in a source to be believed."""

import importlib
import json
import re
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.house.tree import ROOT

from .checkout import LOCKS, copy_of_the_tools, run

PROBES = ("jinja2", "pyyaml", "requests", "setuptools", "urllib3")
DIGEST = "0" * 64
LOCK = f"""\
alpha==1.4.0 \\
    --hash=sha256:{DIGEST}
    # via efficiency-monitor (pyproject.toml)
beta-two==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:{DIGEST}
    # via alpha
"""


def ago(days: int) -> str:
    """The date that many days before today, as OSV writes it."""
    today = datetime.now(UTC)  # noqa: TID251  the audit goes by the real clock
    return (today - timedelta(days=days)).strftime("%Y-%m-%dT00:00:00Z")


def advisory(name: str, number: str = "PYSEC-1", **more: Any) -> dict[str, Any]:
    """An advisory about every version of a package below 1.5."""
    events = [{"introduced": "0"}, {"fixed": more.pop("fixed", "1.5")}]
    affected = {
        "package": {"ecosystem": more.pop("ecosystem", "PyPI"), "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return {"id": number, "modified": ago(1), "summary": "s", "affected": [affected], **more}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Two locked packages, and a source that knows every probe and nothing else."""
    folder = copy_of_the_tools(tmp_path / "checkout")
    for purpose in LOCKS:
        (folder / f"requirements/{purpose}.txt").write_text(LOCK, encoding="utf-8")
    (folder / "osv").mkdir()
    for name in PROBES:
        put(folder, advisory(name, f"PROBE-{name}", fixed="99"))
    return folder


def put(checkout: Path, content: Any) -> None:
    """Add an advisory to the source, under its id."""
    name = content["id"] if isinstance(content, dict) and "id" in content else "other"
    (checkout / f"osv/{name}.json").write_text(json.dumps(content), encoding="utf-8")


def audit(checkout: Path, source: str = "osv") -> subprocess.CompletedProcess[str]:
    """Run the audit; whatever it says, it says without a traceback."""
    result = run(checkout, "audit.py", source)
    assert "Traceback" not in result.stderr
    return result


def refused(checkout: Path, words: str, source: str = "osv") -> None:
    """The audit says that it is none."""
    result = audit(checkout, source)
    assert (result.returncode, result.stdout.count("looked up")) == (2, 0), result.stdout
    assert words in result.stderr
    assert "ADVISORIES=" in result.stderr


def allow(checkout: Path, **entry: str) -> None:
    """Add an entry to the allow-list."""
    lines = {"id": '"PYSEC-1"', "package": '"alpha"', "until": ago(-30)[:10], "reason": '"r"'}
    text = "".join(f"{key} = {value}\n" for key, value in {**lines, **entry}.items() if value)
    with (checkout / "requirements/audit.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[[allowed]]\n{text}")


def test_all_looked_up_and_nothing_known(checkout: Path) -> None:
    """Also a package that this platform does not install is looked up."""
    result = audit(checkout)
    assert result.returncode == 0, result.stderr
    assert "osv: 5 advisories" in result.stdout
    assert "2 of 2 locked packages looked up, 0 open advisories" in result.stdout


@pytest.mark.parametrize(
    "content",
    [
        advisory("beta-two", ecosystem="npm", fixed="3"),
        advisory("alpha", fixed="1.4"),
        advisory("alpha-more"),
        advisory("alpha", withdrawn=ago(1)),
    ],
    ids=["another ecosystem", "fixed here", "another package", "withdrawn"],
)
def test_what_does_not_concern_us(checkout: Path, content: dict[str, Any]) -> None:
    put(checkout, content)
    result = audit(checkout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "6 advisories" in result.stdout


RANGES = [
    ("1.4.0", [], ["1.4"], True),
    ("1.4.0", [], ["1.3", "not a version", "1.5"], False),
    ("1.4.0", [("introduced", "0"), ("last_affected", "1.4")], [], True),
    ("1.4.1", [("introduced", "0"), ("last_affected", "1.4")], [], False),
    ("1.4.0", [("fixed", "1.2"), ("introduced", "0")], [], False),
    ("1.4.0", [("introduced", "0"), ("fixed", "1.2"), ("introduced", "1.3")], [], True),
    ("1.4.0", [("introduced", "1.4.1")], [], False),
    ("1.4.0", [("introduced", "1.4.1"), ("fixed", "1.5")], [], False),
    ("1.4.0", [("introduced", "1.4")], [], True),
    ("1.4.0", [("introduced", "0"), ("fixed", "1.2")], ["1.4.0"], True),
    ("1.4.0rc1", [("introduced", "0"), ("fixed", "1.4")], [], True),
    ("1.10", [("introduced", "0"), ("fixed", "1.9")], [], False),
    ("1.4.0", [("introduced", "0"), ("limit", "1.4")], [], False),
]


@pytest.mark.parametrize(("version", "events", "versions", "concerned"), RANGES)
def test_ranges_are_read_as_osv_says(
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    events: list[Any],
    versions: list[str],
    concerned: bool,
) -> None:
    content = advisory("Alpha")
    content["affected"][0]["ranges"][0]["events"] = [{kind: value} for kind, value in events]
    content["affected"][0]["versions"] = versions
    put(checkout, content)
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    source = importlib.import_module("advisories").read(checkout / "osv")
    assert [hit.id for hit in source.look_up("alpha", version)] == ["PYSEC-1"] * concerned


def test_a_hit_is_named(checkout: Path) -> None:
    put(checkout, advisory("Beta_Two", fixed="2.1", summary="bad\nthing"))
    result = audit(checkout)
    assert result.returncode == 1
    assert "beta-two 2.0: PYSEC-1: bad thing" in result.stdout
    assert "2 of 2 locked packages looked up, 1 open advisories" in result.stdout


def test_an_advisory_that_names_no_versions_stands_open(checkout: Path) -> None:
    """Versions in a repository's commits cannot be compared with a lock: somebody must read it."""
    content = advisory("alpha")
    content["affected"][0]["ranges"] = [{"type": "GIT", "events": [{"introduced": "0"}]}]
    put(checkout, content)
    result = audit(checkout)
    assert result.returncode == 1
    assert "which versions it does not say" in result.stdout


def test_a_zip_is_as_good_as_a_folder(checkout: Path) -> None:
    put(checkout, advisory("alpha"))
    with zipfile.ZipFile(checkout / "all.zip", "w") as archive:
        for path in (checkout / "osv").iterdir():
            archive.write(path, path.name)
    assert audit(checkout, "all.zip").returncode == 1
    (checkout / "all.zip").write_bytes((checkout / "all.zip").read_bytes()[:300])
    refused(checkout, "all.zip: File is not a zip file", "all.zip")


def test_without_a_source_there_is_no_audit(checkout: Path) -> None:
    refused(checkout, "no such folder or zip", "nowhere")
    (checkout / "empty").mkdir()
    refused(checkout, "holds no advisories", "empty")


def test_a_stale_source_proves_nothing(checkout: Path) -> None:
    for name in PROBES:
        put(checkout, advisory(name, f"PROBE-{name}", fixed="99", modified=ago(32)))
    refused(checkout, "over 30 days old")
    put(checkout, advisory("other", "NEW"))
    assert audit(checkout).returncode == 0


def test_a_source_from_the_future_is_not_believed(checkout: Path) -> None:
    put(checkout, advisory("other", modified=ago(-3)))
    refused(checkout, "is the clock wrong?")


@pytest.mark.parametrize("name", PROBES)
def test_a_source_that_lacks_a_probe_is_only_a_part(checkout: Path, name: str) -> None:
    (checkout / f"osv/PROBE-{name}.json").unlink()
    refused(checkout, f"knows nothing of {name} ")


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"id": "X"},
        {"id": "X", "modified": "yesterday", "affected": []},
        advisory("alpha", affected=[{"package": {"ecosystem": "PyPI"}}]),
        advisory("alpha", affected=[{"package": {"ecosystem": "PyPI", "name": "a"}, "ranges": 1}]),
        advisory("alpha", affected=7),
    ],
    ids=["list", "no date", "no such date", "no name", "no ranges", "no list"],
)
def test_a_malformed_advisory_ends_the_audit(checkout: Path, content: Any) -> None:
    put(checkout, content)
    refused(checkout, "no advisory in OSV's format")


def test_a_file_that_is_cut_off_ends_the_audit(checkout: Path) -> None:
    (checkout / "osv/cut.json").write_text('{"id": "X", "mod', encoding="utf-8")
    refused(checkout, "cut.json: no advisory in OSV's format")


def test_an_advisory_may_be_borne_for_a_while(checkout: Path) -> None:
    put(checkout, advisory("alpha", "GHSA-x", aliases=["PYSEC-1"]))
    allow(checkout)
    result = audit(checkout)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "allowed until" in result.stdout
    put(checkout, advisory("alpha", "PYSEC-2"))
    assert audit(checkout).returncode == 1


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"until": ago(2)[:10]}, "that is over"),
        ({"until": ago(-300)[:10]}, "more than 180 days"),
        ({"until": '"soon"'}, "requirements/audit.toml"),
        ({"until": ""}, "until"),
        ({"reason": '" "'}, "reason"),
        ({"package": "3"}, "requirements/audit.toml"),
    ],
    ids=["expired", "too long", "no date", "no end", "no reason", "no name"],
)
def test_an_allowance_that_is_none(checkout: Path, entry: dict[str, str], words: str) -> None:
    allow(checkout, **entry)
    refused(checkout, words)


def test_it_allows_its_own_package_alone(checkout: Path) -> None:
    put(checkout, advisory("beta-two", fixed="3"))
    allow(checkout)
    assert audit(checkout).returncode == 1


@pytest.mark.parametrize("change", [("probes", "props"), ("max_age_days = 30", "")])
def test_settings_that_are_none(checkout: Path, change: tuple[str, str]) -> None:
    path = checkout / "requirements/audit.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    refused(checkout, "requirements/audit.toml")


@pytest.mark.full
@pytest.mark.parametrize(
    ("known", "code", "words"),
    [
        (PROBES, 0, "2 of 2 locked packages looked up, 0 open"),
        ((*PROBES, "alpha"), 1, "alpha 1.4.0: PYSEC-9"),
        ((), 2, "knows nothing of jinja2 2.11.2, pyyaml 5.3"),
    ],
    ids=["nothing known", "hit", "a service without advisories"],
)
def test_a_service_is_asked_by_pip_audit(
    checkout: Path, httpserver: HTTPServer, known: tuple[str, ...], code: int, words: str
) -> None:
    """The real pip-audit, a service on this machine."""
    asked = set()

    def answer(request: Request) -> Response:
        name = json.loads(request.get_data())["package"]["name"]
        asked.add(name)
        vulns = [advisory(name, "PYSEC-9")] if name in known else []
        return Response(json.dumps({"vulns": vulns} if vulns else {}))

    httpserver.expect_request("/v1/query").respond_with_handler(answer)
    result = audit(checkout, httpserver.url_for("/v1/query"))
    assert result.returncode == code, result.stdout + result.stderr
    assert words in result.stdout + result.stderr
    assert asked == {*PROBES, "alpha", "beta-two"}


@pytest.mark.full
def test_a_service_that_fails_is_no_source(checkout: Path, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/query").respond_with_data("no", status=503)
    refused(checkout, "the service of advisories", httpserver.url_for("/v1/query"))


#: What pip-audit 2.10.1 printed behind a mirror, saying "No known vulnerabilities found", exit 0.
SKIPPED = """{"dependencies": [{"name": "six", "skip_reason": "Dependency not found on the index and
could not be audited: six (1.16.0)"}, {"name": "Alpha", "version": "1.4.0", "vulns": []},
{"name": "jinja2", "version": "2.11.2", "vulns": [{"id": "PYSEC-2021-66", "fix_versions": [],
"aliases": ["CVE-2020-28493"], "description": "slow"}]}], "fixes": []}"""
JUDGE = """
import json, sys
sys.path.insert(0, "tools")
import audit
found = audit.answers(json.loads(sys.argv[1], strict=False))
rules = audit.Settings(30, (("jinja2", "2.11.2"),), ())
try:
    print(audit.judge(found, {("alpha", "1.4.0"), ("six", "1.16.0")}, rules))
except audit.NoAudit as fault:
    print(fault)
"""


def test_a_skipped_package_was_not_looked_up(checkout: Path) -> None:
    (checkout / "judge.py").write_text(JUDGE, encoding="utf-8")
    said = run(checkout, "../judge.py", SKIPPED).stdout
    assert "1 of 2 packages were looked up; skipped: six 1.16.0" in said
    whole = re.sub(r'"skip_reason".*?"}', '"version": "1.16.0", "vulns": []}', SKIPPED, flags=re.S)
    assert run(checkout, "../judge.py", whole).stdout == "[]\n"
