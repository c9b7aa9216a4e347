"""Write `demo/synthetic/`: the synthetic cases and a page that says which case shows what.

The output depends on nothing but these programs: the same bytes each time. Call it from the
project's folder: `python -m demo.make_synthetic`.
"""

from pathlib import Path

from .bureau import Bureau
from .layout import LATE, files
from .situations import AS_OF, fill

FOLDER = Path(__file__).resolve().parent / "synthetic"
PAGE = f"""# Synthetic cases (合成数据)

Everything here is invented by `demo/make_synthetic.py`: no person, organ, item or case in it \
exists. It is made with a fixed seed, the same bytes each time; change the programs in `demo/`, \
not the files, and call `python -m demo.make_synthetic`.

The tables follow GB/T 39046-2020 (`--mapping gbt39046`), with the standard's mixed time formats. \
Additions to it: `数据性质` marks every row, `特别程序期限` with its unit holds the days that were \
applied for, and table 申请 carries the item's limits. `{LATE}` is a further delivery of 特别程序, \
to be imported after a first scan.

Judged as of {AS_OF} (Asia/Shanghai) with the `hunan` pack and the calendar `cn`; `cards` are what \
a first scan issues, after the arrow what stands once the late evidence is in:

| 情形 | situation | cases | cards |
|---|---|---|---|
"""


def make() -> dict[str, str]:
    """The whole output, text by file name."""
    bureau = Bureau()
    fill(bureau)
    page = PAGE + "".join(
        f"| {one.zh} | {one.en} | {_range(one.numbers)} | {one.cards} |\n"
        for one in bureau.situations
    )
    return files(bureau) | {"README.md": page}


def _range(numbers: tuple[str, ...]) -> str:
    first, last = numbers[0], numbers[-1]
    return first if first == last else f"{first} … {last[-4:]}"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in make().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
