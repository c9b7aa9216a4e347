#!/bin/sh
# tools/lint.sh PYTHON: format, lint, types and import contracts, all of them before giving up.
set -u
python=${1:?the interpreter of a test environment}
cd "$(dirname -- "$0")/.." || exit 2
failed=
run() {
  name=$1
  shift
  if ! output=$("$@" 2>&1); then
    printf '%s\n%s: failed\n' "$output" "$name" >&2
    failed="$failed $name"
  fi
}
run format "$python" -m ruff format --check .
run lint "$python" -m ruff check --output-format concise .
run types "$python" -m mypy --strict efficiency_monitor cli
run imports "$python" -c 'from importlinter.cli import lint_imports_command as run; run()'
if [ -n "$failed" ]; then
  printf 'lint failed:%s\n' "$failed" >&2
  exit 1
fi
echo "lint passed: format, lint, types, imports"
