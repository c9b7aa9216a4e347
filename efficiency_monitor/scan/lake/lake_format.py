"""The form of a lake 数据湖: Parquet files of whole cases, and the manifest that says what counts.

A folder with `lake.json` and, for each part, one file under `cases`, `events` and `withdrawals`.
A part holds cases of one calendar, each with all of its events, in the order in which the kernel
takes them (`engine.encoding.ordered`). An export adds parts and never changes one: a case that was
exported before and has changed stands in a later part once more, and there alone it counts. Columns
named `k_…` are the kernel's own (`engine.columns.Frame`); the others are for people and programs.
"""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...documents.tabular import json_text, put_in_place
from ...engine.encoding import Signature
from ...faults import ConfigurationError
from ...i18n.messages import t

FORMAT: Final = 3
MANIFEST: Final = "lake.json"
TABLES: Final = ("cases", "events", "withdrawals")
#: Fields of a case that have a column of their own; persons are left out.
CASE_TEXTS: Final = (
    "item_code", "item_name", "item_kind", "item_version", "region", "department", "channel",
    "promised_limit", "statutory_limit", "promised_due", "statutory_due", "licence_expires",
)  # fmt: skip
#: Stands before the name of a further field.
ATTRIBUTE: Final = "a."
#: The kernel's columns of events and of cases, those of cases once for each of what they state.
EVENT_COLUMNS: Final = (
    "signature", "at", "coarse", "stage", "unit", "amount", "due", "due_coarse", "entered",
)  # fmt: skip
CASE_COLUMNS: Final = ("case_unit", "case_amount", "case_due", "case_due_coarse")
LIMITS: Final = ("promised", "statutory", "licence")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Part):
    """Three files of one number. `zone` is None where the calendar was not known."""

    number: int = Field(ge=1)
    run: int = Field(ge=1)
    calendar: str
    zone: str | None
    cases: int = Field(ge=0)
    events: int = Field(ge=0)
    #: Events of which only the date is known; whether an event names a department of its own.
    dated: int = Field(ge=0)
    departments: bool
    torn: int = Field(ge=0)
    attributes: tuple[str, ...] = ()


class SourceState(_Part):
    """Until when a source's data are fresh; as `intake.feeds.stale_sources` would have it."""

    data_as_of: int | None
    fresh_until: int | None
    half: bool = False


class Manifest(_Part):
    """What `lake.json` says."""

    format: int
    workspace: str
    zone: str
    #: When the newest part was exported, epoch seconds: nothing later is known.
    exported_at: int
    runs: int
    #: Digest of the vocabulary by which events were ordered.
    vocabulary: str
    signatures: tuple[tuple[str, str | None], ...]
    sources: dict[str, SourceState]
    #: Since when somebody has supervised in the workspace; None: nobody ever did.
    supervised_from: int | None = None
    parts: tuple[Part, ...]

    def codes(self) -> dict[Signature, int]:
        """Numbers of the signatures, as `k_signature` has them."""
        return {signature: code for code, signature in enumerate(self.signatures)}


def need_parquet() -> None:
    """ConfigurationError without the extra `parquet`."""
    if importlib.util.find_spec("pyarrow") is None:
        raise ConfigurationError(
            t("a lake takes pyarrow"),
            t("install the extra parquet (deploy/README.md)"),
        )


def file_of(folder: Path, table: str, part: Part) -> Path:
    """Where a part's file of a table is."""
    return folder / table / f"part-{part.number:06}.parquet"


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest, None where there is none; ConfigurationError where it cannot be read."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        found = Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, ValidationError, RecursionError) as fault:
        raise _unusable(path, str(fault).splitlines()[0]) from None
    if found.format != FORMAT:
        raise _unusable(path, t("format {format}", format=found.format))
    missing = [
        file
        for part in found.parts
        for table in TABLES
        if not (file := file_of(folder, table, part)).is_file()
    ]
    if missing:
        raise _unusable(path, t("{missing} is missing", missing=missing[0]))
    return found


def _unusable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        t("{path} cannot be used: {why}", path=path, why=why),
        t("export again into an empty folder: effmon export lake"),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest in place: from then on its parts count."""
    with put_in_place(folder / MANIFEST, overwrite=True) as file:
        file.write(json_text(manifest.model_dump(mode="json"), indent=2).encode() + b"\n")


def schemas(attributes: Sequence[str]) -> Mapping[str, Any]:
    """The Arrow schemas of the three tables, by name."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    instant, day = pa.int64(), pa.bool_()
    whole = {"signature": pa.int32(), "stage": pa.int32()}
    small = {"coarse", "unit", "due_coarse", "case_unit", "case_due_coarse"}

    def kernel(name: str) -> Any:
        return whole.get(name, pa.int8() if name in small else pa.int64())

    return {
        "cases": pa.schema(
            [
                ("case", pa.int64()),
                ("case_no", pa.string()),
                ("revision", pa.int64()),
                ("digest", pa.int64()),
                ("torn", pa.int8()),
                ("rowless", pa.int8()),
                ("source", text),
                ("calendar", text),
                ("events", pa.int32()),
                # What was told otherwise of its fields, and of which events when first, as JSON.
                ("versions", pa.string()),
                ("first_told", pa.string()),
                *((name, text) for name in CASE_TEXTS),
                *((ATTRIBUTE + name, text) for name in attributes),
                *((f"k_{name}_{limit}", kernel(name)) for name in CASE_COLUMNS for limit in LIMITS),
            ]
        ),
        "events": pa.schema(
            [
                ("case", pa.int64()),
                ("key", pa.string()),
                ("type", text),
                ("kind", text),
                ("occurred_at", instant),
                ("dated", day),
                ("recorded_at", instant),
                ("entered_at", instant),
                ("received_at", instant),
                ("stage", text),
                ("department", text),
                ("amount", text),
                ("due_at", instant),
                ("due_dated", day),
                ("source_key", pa.string()),
                ("attributes", text),
                *((f"k_{name}", kernel(name)) for name in EVENT_COLUMNS),
            ]
        ),
        "withdrawals": pa.schema(
            [
                ("case", pa.int64()),
                ("key", pa.string()),
                ("type", text),
                ("occurred_at", instant),
                ("received_at", instant),
                ("withdrawn_at", instant),
            ]
        ),
    }
