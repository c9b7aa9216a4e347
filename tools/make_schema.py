"""Write rules/schema.json, the JSON Schema that editors use, from the model of a rule."""

import json

from made import write_or_check

from efficiency_monitor.core.rules import Rule


def schema_text() -> str:
    """The schema as it is stored: sorted, indented, one newline at the end."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Rule.model_json_schema(by_alias=True, mode="validation"),
    }
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check("rules/schema.json", schema_text()))
