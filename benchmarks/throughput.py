"""How fast the population trains, beside `keras.Model.fit` and KerasTuner in the same run.

``python benchmarks/throughput.py [--quick] [--json FILE]``. Needs ``pip install '.[bench]'``.

Populations and peers take turns, and a ratio is formed within a turn, so that a machine which is slow for
a while slows both sides of it. Medians over the turns are reported, with the smallest and the largest.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jax

import _tasks as tasks
from _figures import Figure, machine, median_figure, print_table, write_json
from _isolated import measure_isolated
from _peak import peak_flops_per_s
from _peers import fit_times, tuner_trial_times
from wellfit.population import Population
from wellfit.records import Members

SMALL, LARGE, CROWD = 128, 1024, 8192
PACKAGES = ("wellfit", "keras", "jax", "jaxlib", "numpy", "keras-tuner")


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Seconds of one turn: a member of either population, a fit, a trial; and the machine's peak."""

    small_s: float
    large_s: float
    cold_fit_s: float
    warm_fit_s: float
    trial_s: float
    peak_flops_per_s: float


def measure(quick: bool) -> list[Figure]:
    """Return all figures."""
    trainer, members = tasks.population(tasks.REFERENCE, LARGE)
    few = members.take(range(0, LARGE, LARGE // SMALL))
    first_study_s = _timed(trainer, members)  # compiling included
    turns = [_turn(trainer, members, few, quick, seed) for seed in range(2 if quick else 7)]
    figures = _compared(turns, trainer.measured_rows)
    figures += [
        Figure(name="first_1024_members_s", value=first_study_s, unit="s"),
        Figure(name="first_1024_ratio_keras_tuner", value=_trial_s(turns) * LARGE / first_study_s),
    ]
    figures += _accelerator_figures()
    return figures + _isolated_figures(quick) + _other_tables(quick)


def _turn(trainer: Population, members: Members, few: Members, quick: bool, seed: int) -> Turn:
    small_s = _timed(trainer, few) / SMALL
    cold, warm = fit_times(tasks.REFERENCE, 3)
    trials = tuner_trial_times(tasks.REFERENCE, 1 if quick else 3, seed)
    large_s = _timed(trainer, members) / LARGE
    small_s = statistics.mean((small_s, _timed(trainer, few) / SMALL))  # before and after, against drift
    return Turn(
        small_s=small_s,
        large_s=large_s,
        cold_fit_s=cold,
        warm_fit_s=warm,
        trial_s=statistics.median(trials),
        peak_flops_per_s=peak_flops_per_s(),
    )


def _timed(trainer: Population, members: Members) -> float:
    """Return seconds from settings to curves and best weights of all members."""
    began = time.perf_counter()
    trainer.train(members)
    return time.perf_counter() - began


def _trial_s(turns: Sequence[Turn]) -> float:
    return statistics.median(turn.trial_s for turn in turns)


def _compared(turns: Sequence[Turn], measured_rows: int) -> list[Figure]:
    flops = tasks.matmul_flops(tasks.REFERENCE, measured_rows)
    # The machine's best is the best that was seen in any turn: other work can only slow it down.
    peak = max(turn.peak_flops_per_s for turn in turns)
    figures = [
        median_figure("ratio_keras_tuner", [t.trial_s / t.small_s for t in turns], goal=">= 150"),
        median_figure("ratio_warm_fit", [t.warm_fit_s / t.small_s for t in turns], goal=">= 30"),
        median_figure("ratio_cold_fit", [t.cold_fit_s / t.small_s for t in turns]),
        median_figure("fraction_of_peak", [flops / t.large_s / peak for t in turns], goal=">= 0.3"),
        median_figure("member_cost_1024_over_128", [t.large_s / t.small_s for t in turns], goal="<= 1.1"),
        median_figure("members_per_s", [1 / t.large_s for t in turns], "1/s"),
        median_figure("member_128_ms", [t.small_s * 1e3 for t in turns], "ms"),
        median_figure("member_1024_ms", [t.large_s * 1e3 for t in turns], "ms"),
        median_figure("warm_fit_s", [t.warm_fit_s for t in turns], "s"),
        median_figure("cold_fit_s", [t.cold_fit_s for t in turns], "s"),
        median_figure("keras_tuner_trial_s", [t.trial_s for t in turns], "s"),
        median_figure("peak_gflops", [t.peak_flops_per_s / 1e9 for t in turns], "GF/s"),
        Figure(name="member_gflop", value=flops / 1e9, unit="GF"),
    ]
    return figures


def _accelerator_figures() -> list[Figure]:
    """Members a second where JAX has an accelerator, in a population large enough to fill one."""
    if jax.default_backend() == "cpu":
        return []
    trainer, members = tasks.population(tasks.REFERENCE, CROWD)
    trainer.train(members)
    rates = [CROWD / _timed(trainer, members) for _ in range(3)]
    goal = ">= 5000" if "H200" in jax.devices()[0].device_kind else ""
    return [median_figure("members_per_s_accelerator", rates, "1/s", goal=goal)]


def _isolated_figures(quick: bool) -> list[Figure]:
    """Compile times from an empty and from a filled cache, and memory, each in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        cold, cached = [], []
        for index in range(1 if quick else 3):
            cache = str(Path(folder, str(index)))
            cold.append(measure_isolated("compile", cache)["compile_s"])
            cached.append(measure_isolated("compile", cache)["compile_s"])
        growth = measure_isolated("growth", str(Path(folder, "growth")))
    memory = measure_isolated("training", "reference", str(LARGE), "1" if quick else "20")
    return [
        median_figure("compile_s", cold, "s", goal="<= 4"),
        median_figure("compile_cached_s", cached, "s", goal="<= 1"),
        Figure(name="memory_growth_mb", value=growth["growth_mb"], unit="MB"),
        Figure(name="peak_memory_mb", value=memory["peak_mb"], unit="MB"),
    ]


def _other_tables(quick: bool) -> list[Figure]:
    """A wide table, a long one and ten classes: time a member, share of the peak, memory."""
    peak = peak_flops_per_s()
    figures: list[Figure] = []
    plan = {
        "wide": (tasks.WIDE, 16, 4 if quick else 20),
        "long": (tasks.LONG, 16, 1 if quick else 4),
        "classes": (tasks.CLASSES, 32 if quick else 128, 20),
    }
    for name, (size, num_members, epochs) in plan.items():
        found = measure_isolated("training", name, str(num_members), str(epochs))
        flops = tasks.matmul_flops(replace(size, epochs=epochs), measured_rows=2048)
        goal = "<= 4096" if name == "long" else ""
        figures += [
            Figure(name=f"{name}_member_epoch_ms", value=found["member_s"] / epochs * 1e3, unit="ms"),
            Figure(name=f"{name}_fraction_of_peak", value=flops / found["member_s"] / peak),
            Figure(name=f"{name}_compile_s", value=found["compile_s"], unit="s"),
            Figure(name=f"{name}_peak_memory_mb", value=found["peak_mb"], unit="MB", goal=goal),
        ]
    return figures


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less of each, same figures, under 2 minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    options = parser.parse_args()
    began = time.perf_counter()
    figures = measure(options.quick)
    figures.append(Figure(name="benchmark_s", value=time.perf_counter() - began, unit="s"))
    described = machine()
    device = jax.devices()[0].device_kind
    print_table(f"{described['processor']}, {described['cores']} cores, device {device}", figures)
    write_json(options.json, figures, PACKAGES)


if __name__ == "__main__":
    main()
