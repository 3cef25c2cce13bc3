"""A run: pausing, dropping members, packing blocks, memory that runs out, chunks, stopping."""

from __future__ import annotations

import threading
from typing import Any

import keras
import numpy as np
import pytest
from population_samples import assert_same, dataset, members, network, population

from wellfit.population import Population
from wellfit.population._memory import free_bytes, member_bytes
from wellfit.records import RESULTS


def compiled() -> keras.Model:
    """Return the small network under Adam."""
    model = network()
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    return model


@pytest.fixture(scope="module")
def pop() -> Population:
    """Return a population of blocks of two."""
    return population(compiled(), dataset())


CHOSEN = {"dropout": 0.2, "learning_rate": 0.02, "epochs": 6}


def test_halving_equals_undisturbed_training(pop: Population) -> None:
    """Survivors of two rungs are to the bit what they are without rungs; others keep what they had."""
    chosen = members(9, **CHOSEN, restore_best=True)
    whole = pop.train(chosen)
    run = pop.start(chosen)
    run.advance(2)
    rung = run.curves()
    run.keep([0, 3, 4, 8])
    run.advance(4)
    run.keep([8, 3])
    assert len(run._blocks) == 1  # packed: two members, one block
    run.advance()
    found = run.curves()
    assert_same(found, whole, [3, 8], [3, 8])
    assert found.num_epochs.tolist() == [4, 2, 2, 6, 4, 2, 2, 2, 6]
    assert (found.results == RESULTS.halved).tolist() == [i not in (3, 8) for i in range(9)]
    for received, wanted in zip(found.weights, rung.weights, strict=True):
        np.testing.assert_array_equal(received[[1, 2, 5, 6, 7]], wanted[[1, 2, 5, 6, 7]])
    np.testing.assert_array_equal(found.train_loss[1, :2], whole.train_loss[1, :2])
    assert np.isnan(found.train_loss[1, 2:]).all()


def test_few_that_go_on_for_long_get_blocks_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle places are given up where they would cost more than compiling; the curves stay the same."""
    many = population(compiled(), dataset(), block_size=8)
    chosen = members(9, **CHOSEN).replace(epochs=[2] * 8 + [6])
    whole = many.train(chosen)
    monkeypatch.setattr("wellfit.population._run._COMPILE_FLOP", 0.0)
    run = many.start(chosen)
    run.advance(3)
    assert [len(block.numbers.seed) for block in run._blocks] == [1]
    run.advance()
    np.testing.assert_allclose(run.curves().train_loss, whole.train_loss, rtol=1e-4)


def test_curves_of_a_paused_run_are_interrupted(pop: Population) -> None:
    """What has not ended yet reads as interrupted, and can still go on."""
    run = pop.start(members(3, **CHOSEN))
    run.advance(1)
    assert run.curves().results.tolist() == [RESULTS.interrupted] * 3
    assert run.running.tolist() == [0, 1, 2]
    run.advance()
    assert run.curves().results.tolist() == [RESULTS.finished] * 3


def test_batch_sizes_mix(pop: Population) -> None:
    """Members of several batch sizes are each what they are alone."""
    chosen = members(4, **CHOSEN, batch_size=[8, 5, 8, 5])
    found = pop.train(chosen)
    for member in range(4):
        assert_same(found, pop.train(chosen.take([member])), [member], [0])


def test_backs_off_when_memory_runs_out(pop: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that do not fit are halved until they do, with the same results, and stay small after."""
    chosen = members(11, **CHOSEN)
    wanted = pop.train(chosen)
    big = population(compiled(), dataset(), block_size=8)
    failures = []

    def short(name: str, program: Any, state: Any, *arguments: Any) -> Any:
        size = len(state.status)
        if size <= 2:
            return pop.compiled(name, pop.program(program.traits), state, *arguments)

        def fails(*arguments: Any) -> Any:
            failures.append(size)
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1 bytes")

        return fails

    monkeypatch.setattr(big, "compiled", short)
    found = big.train(chosen)
    assert failures[:2] == [8, 8]
    assert set(failures) == {8, 4}
    assert big.block_size == 2
    assert_same(found, wanted, range(11), range(11))
    failures.clear()
    big.train(chosen)
    assert failures == []


def test_other_errors_are_not_swallowed(pop: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is not about memory ends the run."""

    def broken(*arguments: Any) -> Any:
        raise ValueError("something else")

    monkeypatch.setattr(pop, "compiled", lambda *arguments: broken)
    with pytest.raises(ValueError, match="something else"):
        pop.train(members(2, **CHOSEN))


def test_chunks_give_the_same(pop: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget for two members at a time trains seven in chunks, with the same numbers and progress."""
    chosen = members(7, **{**CHOSEN, "epochs": [6, 2, 6, 6, 3, 6, 6]}, batch_size=[8, 5, 8, 8, 8, 5, 8])
    wanted = pop.train(chosen)
    each = member_bytes(pop.network, pop.optimizer, 6)
    started, start = [], pop.start

    def counted(part: Any, **options: Any) -> Any:
        started.append(len(part))
        return start(part, **options)

    monkeypatch.setattr(pop, "start", counted)
    monkeypatch.setattr(pop, "memory_bytes", 2 * each + 1)
    seen = []
    found = pop.train(chosen, progress=lambda done, total: seen.append((done, total)))
    assert started == [2, 2, 2, 1]
    assert_same(found, wanted, range(7), range(7))
    assert seen[-1] == (7, 7)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_chunks_take_their_own_first_weights(pop: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights with a member axis are dealt out to the chunks."""
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(5, *v.shape)).astype(np.float32) for v in pop.network.trainable]
    chosen = members(5, **CHOSEN)
    wanted = pop.train(chosen, weights=weights, shuffle=False)
    monkeypatch.setattr(pop, "memory_bytes", 1)
    found = pop.train(chosen, weights=weights, shuffle=False)
    assert_same(found, wanted, range(5), range(5))


def test_memory_of_a_member(pop: Population) -> None:
    """Weights, best weights and two moments, twice, and the curves; free memory is a positive number."""
    parameters = 5 * 6 + 6 + 6 + 1
    floor = 2 * 4 * (2 * parameters + 2 * parameters)
    assert floor < member_bytes(pop.network, pop.optimizer, 10) < floor + 300
    assert free_bytes() > 2**20


def test_stops_soon_and_keeps_what_there_is(pop: Population) -> None:
    """When asked to stop, a run returns finished members as finished and the others as interrupted."""
    stop = threading.Event()
    chosen = members(6, epochs=[1, 1, 3000, 3000, 3000, 3000], dropout=0.2, learning_rate=0.01)
    found = pop.train(chosen, progress=lambda done, total: stop.set(), should_stop=stop.is_set)
    assert found.results[:2].tolist() == [RESULTS.finished] * 2
    assert RESULTS.interrupted in found.results.tolist()
    assert found.weights[0].shape == (6, 5, 6)
    assert np.isfinite(found.weights[0]).all()


def test_keeping_no_weights(pop: Population) -> None:
    """Curves without weights hold none, and are otherwise the same."""
    chosen = members(3, **CHOSEN)
    found, wanted = pop.train(chosen, keep_weights=False), pop.train(chosen)
    assert found.weights == ()
    np.testing.assert_array_equal(found.train_loss, wanted.train_loss)
