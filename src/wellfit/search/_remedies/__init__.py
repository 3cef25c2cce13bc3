"""Every remedy that is tried alone. A new one is a new file here and a line in `FAMILIES`."""

from __future__ import annotations

from wellfit.records import Settings
from wellfit.search._candidate import Candidate, Situation, candidates_of
from wellfit.search._remedies import (
    activation,
    activity_l2,
    adversarial,
    augmentation,
    averaging,
    batch_size,
    category_embedding,
    class_weights,
    convolutions,
    cutmix,
    depth,
    dropout,
    dropout_kind,
    dropout_where,
    early_stopping,
    elastic_net,
    epochs,
    feature_creation,
    feature_extraction,
    feature_selection,
    frozen_stages,
    gradient_clipping,
    input_dropout,
    input_noise,
    input_scale,
    l1,
    l2,
    l2_sp,
    label_smoothing,
    learning_rate,
    map_dropout,
    max_norm,
    missing,
    mixup,
    normalization,
    numeric_embedding,
    orthogonality,
    outliers,
    own_penalties,
    penalty_where,
    pooling,
    rate_decay,
    resampling,
    scaling,
    schedule,
    skip,
    stochastic_depth,
    suspects,
    synthetic_pictures,
    synthetic_rows,
    temperature,
    test_time_augmentation,
    weight_decay,
    width,
)

# Where time is short, the first of them are tried and the last are not: what gains most often comes first.
FAMILIES = (
    frozen_stages.FAMILY,
    augmentation.FAMILY,
    weight_decay.FAMILY,
    dropout.FAMILY,
    learning_rate.FAMILY,
    label_smoothing.FAMILY,
    mixup.FAMILY,
    map_dropout.FAMILY,
    early_stopping.FAMILY,
    l1.FAMILY,
    l2.FAMILY,
    elastic_net.FAMILY,
    own_penalties.FAMILY,
    schedule.FAMILY,
    gradient_clipping.FAMILY,
    batch_size.FAMILY,
    width.FAMILY,
    depth.FAMILY,
    class_weights.FAMILY,
    epochs.FAMILY,
    temperature.FAMILY,
    test_time_augmentation.FAMILY,
    normalization.FAMILY,
    activation.FAMILY,
    skip.FAMILY,
    pooling.FAMILY,
    convolutions.FAMILY,
    stochastic_depth.FAMILY,
    input_scale.FAMILY,
    numeric_embedding.FAMILY,
    category_embedding.FAMILY,
    scaling.FAMILY,
    outliers.FAMILY,
    missing.FAMILY,
    feature_selection.FAMILY,
    feature_extraction.FAMILY,
    feature_creation.FAMILY,
    resampling.FAMILY,
    synthetic_rows.FAMILY,
    synthetic_pictures.FAMILY,
    suspects.FAMILY,
    orthogonality.FAMILY,
    max_norm.FAMILY,
    activity_l2.FAMILY,
    penalty_where.FAMILY,
    dropout_where.FAMILY,
    dropout_kind.FAMILY,
    input_noise.FAMILY,
    input_dropout.FAMILY,
    cutmix.FAMILY,
    adversarial.FAMILY,
    averaging.FAMILY,
    l2_sp.FAMILY,
    rate_decay.FAMILY,
)


def remedies(baseline: Settings, situation: Situation) -> tuple[Candidate, ...]:
    """Return every remedy that makes sense here, each alone against the baseline.

    Args:
        baseline: how the network is trained now.
        situation: what network and data allow.

    Returns:
        Candidates with unique names and unique settings, none equal to the baseline, by family.

    Example:
        >>> from wellfit.records import Task
        >>> names = [one.name for one in remedies(Settings(), Situation(task=Task.REGRESSION))]
        >>> names[:4]
        ['weight-decay-0.03', 'weight-decay-0.3', 'dropout-0.1', 'dropout-0.25']
        >>> any(name.startswith("label-smoothing") for name in names)
        False
    """
    found: dict[Settings, Candidate] = {}
    for family in FAMILIES:
        for candidate in candidates_of(family, baseline, situation):
            found.setdefault(candidate.settings, candidate)
    return tuple(found.values())
