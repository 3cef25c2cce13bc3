"""Members do not depend on each other: alone, in company, in another order, beside one that diverges."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from population_samples import assert_same, dataset, layers, members, population, split

from wellfit.population import Population
from wellfit.records import RESULTS, Members, SettingsError, Split, Task


def model() -> keras.Model:
    """Return 5-8-8-1 with dropout, noise and both normalizations."""
    built = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, activation="relu", name="first"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.GaussianNoise(0.1),
            layers.Dense(8, activation="tanh", name="second"),
            layers.LayerNormalization(),
            layers.Dense(1, activation="sigmoid", name="head"),
        ]
    )
    built.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return built


def varied() -> Members:
    """Return members that differ in every number, over two splits."""
    chosen = members(
        5,
        learning_rate=[0.01, 0.02, 0.005, 0.01, 0.03],
        l1=[0.0, 1e-3, 0.0, 0.0, 0.0],
        l2=[0.0, 0.0, 1e-2, 0.0, 0.0],
        weight_decay=[0.0, 0.0, 0.0, 0.1, 0.0],
        dropout=[np.nan, 0.5, 0.0, 0.1, np.nan],
        dropout_scale=[1.0, 1.0, 1.0, 1.0, 0.5],
        label_smoothing=[0.0, 0.1, 0.0, 0.0, 0.0],
        width=[1.0, 0.5, 1.0, 1.0, 0.7],
        depth=[0, 0, -1, 0, 0],
        split=[0, 1, 0, 1, 0],
        patience=[0, 2, 0, 1, 0],
        epochs=[4, 4, 5, 4, 3],
        restore_best=[True, True, False, True, False],
    )
    return replace(chosen, class_weight=np.array([[1, 1], [1, 1], [2, 0.5], [1, 1], [1, 1]], np.float32))


@pytest.fixture(scope="module")
def pop() -> Population:
    """Return a population of blocks of four, whose programs all tests of this file share."""
    rows = np.random.default_rng(0).permutation(64).astype(np.int32)
    data = dataset()
    splits = [split(data), Split(train=rows[:43], validation=rows[43:60])]
    vary = ("dropout", "width", "depth", "label_order", "smoothing", "class_weight")
    return population(model(), data, splits=splits, block_size=4, num_label_orders=3, vary=vary)


def test_equals_solo(pop: Population) -> None:
    """Each member of a population is to the bit what it is when it trains alone."""
    together = pop.train(varied())
    for member in range(5):
        alone = pop.train(varied().take([member]))
        assert_same(together, alone, [member], [0])


def test_smaller_programs_give_the_same(pop: Population) -> None:
    """A program that holds only what one member needs gives that member's numbers, to float tolerance."""
    together = pop.train(varied())
    small = population(model(), dataset(), splits=[Split(train=t, validation=v) for t, v in _rows(pop)])
    alone = small.train(varied().take([0]))
    np.testing.assert_allclose(alone.train_loss[0], together.train_loss[0, :4], rtol=1e-4)
    for received, wanted in zip(alone.weights, together.weights, strict=True):
        np.testing.assert_allclose(received[0], wanted[0], rtol=1e-3, atol=1e-5)
    assert small.num_compilations == 1
    small.train(varied().take([1]))
    assert small.num_compilations == 2


def _rows(pop: Population) -> list[tuple[np.ndarray, np.ndarray]]:
    shared = pop.shared
    counts = zip(np.asarray(shared.num_train), np.asarray(shared.num_validation), strict=True)
    return [
        (np.asarray(shared.train_rows)[i, :n], np.asarray(shared.validation_rows)[i, :m])
        for i, (n, m) in enumerate(counts)
    ]


def test_order_does_not_matter(pop: Population) -> None:
    """Members in another order give their results in that order, bit for bit."""
    order = [3, 0, 4, 2, 1]
    assert_same(pop.train(varied().take(order)), pop.train(varied()), range(5), order)


def test_one_that_diverges_harms_nobody(pop: Population) -> None:
    """A learning rate of 1e30 ends one member as nonfinite; its neighbors' bits stay."""
    bad = varied().learning_rate.copy()
    bad[2] = 1e30
    found, wanted = pop.train(varied().replace(learning_rate=bad)), pop.train(varied())
    assert found.results[2] == RESULTS.nonfinite
    assert found.num_epochs[2] < 5
    assert found.best_epoch[2] == -1
    others = [0, 1, 3, 4]
    assert_same(found, wanted, others, others)


def test_diverging_later_keeps_the_best() -> None:
    """A member that explodes after good epochs keeps its best weights and its curve up to there."""
    data = dataset(Task.REGRESSION)
    net = keras.Sequential([keras.Input((5,)), layers.Dense(4, activation="relu"), layers.Dense(1)])
    net.compile(
        keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([18], [0.01, 1e6])), "mse"
    )
    curves = population(net, data).train(members(learning_rate=0.01, epochs=9, restore_best=True))
    assert curves.results.tolist() == [RESULTS.nonfinite]
    assert 3 <= curves.num_epochs[0] < 9
    assert 0 <= curves.best_epoch[0] <= 3
    assert np.isfinite(curves.at_best(curves.validation_loss)).all()
    assert all(np.isfinite(value).all() for value in curves.weights)


def test_second_call_compiles_nothing(pop: Population) -> None:
    """Other strengths, rows, seeds and numbers of members run in the programs that there are."""
    pop.train(varied())
    before = pop.num_compilations
    pop.train(
        members(7, seeds=range(50, 57), learning_rate=0.3, l1=0.5, l2=0.1, dropout=0.7, split=1, epochs=2)
    )
    pop.train(varied().replace(width=0.3, depth=-1, schedule=2, label_order=2, num_visits=40))
    assert pop.num_compilations == before


def test_label_order_permutes_all_rows(pop: Population) -> None:
    """A permuted order trains on other labels, by its number alone, and leaves order 0 as it is."""
    orders = members(3, seeds=[1, 1, 1], label_order=[0, 1, 2])
    losses = pop.train(orders).train_loss[:, -1]
    assert len(set(losses.tolist())) == 3
    same = replace(dataset(), target=dataset().target[np.random.default_rng(1).permutation(64)])
    alone = population(model(), same, splits=[Split(train=t, validation=v) for t, v in _rows(pop)])
    np.testing.assert_allclose(alone.train(orders.take([0])).train_loss[0, -1], losses[1], rtol=1e-4)


def test_fewer_rows_take_as_many_updates() -> None:
    """Twenty rows visited 43 times are two rounds and three rows, with as many updates as 43 rows have."""
    data = dataset()
    rows = split(data).train
    net = keras.Sequential([keras.Input((5,)), layers.Dense(1, activation="sigmoid")])
    net.compile(keras.optimizers.SGD(0.1), "binary_crossentropy")
    few = Split(train=rows[:20], validation=rows[20:43])
    round_trip = Split(train=np.concatenate([rows[:20], rows[:20], rows[:3]]), validation=rows[20:43])
    weights = net.get_weights()
    pop = population(net, data, splits=[few, round_trip])
    chosen = members(2, split=[0, 1], num_visits=[43, 0], learning_rate=0.1)
    curves = pop.train(chosen, weights=weights, shuffle=False)
    for value in curves.weights:
        np.testing.assert_allclose(value[0], value[1], rtol=1e-5)
    assert curves.validation_loss[0, -1] == pytest.approx(curves.validation_loss[1, -1], rel=1e-5)
    assert curves.train_loss[0, -1] != curves.train_loss[1, -1]  # rows that come twice count twice


def test_no_validation_rows_keep_the_last_epoch(pop: Population) -> None:
    """Without validation rows the last epoch is kept, and early stopping never stops."""
    data = dataset()
    net = model()
    empty = Split(train=split(data).train, validation=np.zeros(0, np.int32))
    curves = population(net, data, splits=[empty]).train(members(patience=1, epochs=3, restore_best=True))
    assert curves.results.tolist() == [RESULTS.finished]
    assert curves.best_epoch.tolist() == [2]
    assert np.isnan(curves.validation_loss).all()
    assert np.isfinite(curves.train_loss).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("split", 2),
        ("label_order", 3),
        ("batch_size", 0),
        ("epochs", 0),
        ("width", 1.5),
        ("width", 0.0),
        ("depth", -9),
        ("depth", 1),
        ("dropout", 1.0),
        ("label_smoothing", -0.1),
        ("schedule", 99),
        ("warmup", 1.5),
        ("clip_norm", -1.0),
    ],
)
def test_refuses_what_means_nothing(pop: Population, name: str, value: float) -> None:
    """A number out of range is refused, and the message names it and the member."""
    chosen = members(3)
    getattr(chosen, name)[1] = value
    with pytest.raises(SettingsError, match=f"{name} of member 1") as caught:
        pop.start(chosen)
    assert caught.value.received.startswith(name)


def test_refuses_no_members(pop: Population) -> None:
    """An empty population is an error at once."""
    with pytest.raises(SettingsError, match="no member"):
        pop.train(members(2).take([]))
