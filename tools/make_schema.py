"""Write the JSON Schemas that editors use, from the models of a rule and of a ladder."""

import json

from made import write_or_check
from pydantic import BaseModel

from efficiency_monitor.rules.ladders import Ladder
from efficiency_monitor.rules.rules import Rule

SCHEMAS: dict[str, type[BaseModel]] = {
    "rules/schema.json": Rule,
    "rules/ladder-schema.json": Ladder,
}


def schema_text(model: type[BaseModel]) -> str:
    """The schema as it is stored: sorted, indented, one newline at the end."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    raise SystemExit(max(write_or_check(name, schema_text(SCHEMAS[name])) for name in SCHEMAS))
