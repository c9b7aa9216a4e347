"""The benchmark of a night watches functions of the product by name: a small run finds them all."""

from benchmarks import bureau, night
from benchmarks.measure import Section


def test_a_small_night_is_measured_whole() -> None:
    section: Section = night.run(bureau.Size(cases=2_000, due=200), seed=1)
    phases = {figure.what.removeprefix("– "): figure.note for figure in section.figures}
    assert phases.keys() >= {phase for _, _, phase in night.PLACES}
    assert {
        phases[phase] for phase in ("judge them", "write cards and what happens to them")
    }.isdisjoint({"", "0.0% of the scan"})
