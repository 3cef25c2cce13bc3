"""The numbers that describe one way of training, apart from rows and seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

Schedule = Literal[
    "constant", "exponential", "cosine", "plateau", "warm-restarts", "one-cycle", "flat-cosine"
]
ClassWeight = Literal["none", "balanced"]
Where = Literal["all", "first", "last"]
DropoutKind = Literal["dropout", "gaussian", "alpha"]
Averaging = Literal["none", "ema", "swa", "lookahead"]
Normalization = Literal["own", "none", "batch", "layer"]
Activation = Literal["own", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh"]
Switch = Literal["own", "on", "off"]
Pooling = Literal["own", "average"]
Convolutions = Literal["own", "small", "separable"]
Embedding = Literal["own", "periodic", "none"]
ScalingChoice = Literal["own", "none", "standard", "minmax01", "minmax11", "robust", "quantile"]
OutlierChoice = Literal["own", "report", "clip", "drop"]
MissingChoice = Literal["own", "median", "mean", "most_frequent"]
Selection = Literal["none", "chi2", "mutual-information", "l1"]
Extraction = Literal["none", "pca", "factor-analysis"]
Creation = Literal["none", "products", "ratios", "logs", "bins"]
Resampling = Literal[
    "none", "oversample", "undersample", "smote", "borderline-smote", "adasyn", "copula", "diffusion"
]
Suspects = Literal["keep", "remove", "down-weight"]
TestViews = Literal["none", "flip", "shift", "flip-shift"]


AUGMENTATION_FIELDS = (
    "random_flip",
    "random_translation",
    "random_brightness",
    "random_contrast",
    "random_erasing",
    "random_rotation",
    "random_zoom",
    "random_shear",
    "random_crop",
    "random_saturation",
    "random_hue",
    "random_noise",
    "rand_augment",
)
"""Fields of `Settings` that change each picture by itself in training, and leave its label; 0 is off."""

ROW_FIELDS = ("input_noise", "input_dropout", "mixup", "cutmix", "adversarial", *AUGMENTATION_FIELDS)
"""Fields of `Settings` by which training sees other rows than those of the data; 0 is off."""

OUTPUT_FIELDS = ("temperature", "test_time_augmentation")
"""Fields of `Settings` that change what a trained network puts out, and nothing of how it is trained."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One variant of a network's training; a member is settings, a split and a seed.

    Attributes:
        learning_rate: initial learning rate of the optimiser, above 0.
        schedule: how the learning rate decays over the epochs.
        warmup: share of all updates over which the learning rate rises to its value in equal steps.
        clip_norm: largest norm of all gradients of an update together, beyond which they are scaled down;
            0 for none.
        l1: strength times the sum of absolute kernel weights, added to the network's own penalties.
        l2: strength times the sum of squared kernel weights (Keras' `L2`), added likewise.
        weight_decay: decoupled decay of kernels: w -= learning_rate * weight_decay * w.
        penalty_scale: factor on the penalties that the network itself declares; 0 turns them off.
        dropout: rate at every dropout point (after hidden layers), or None for the network's own rates.
        dropout_scale: factor on the network's own rates; used where `dropout` is None.
        label_smoothing: share of the target spread evenly over the classes, 0 to 1.
        class_weight: "balanced" weighs training rows by the inverse frequency of their class.
        width: units of hidden layers relative to the network's own; 0.5 is half of them.
        depth: hidden layers (or residual blocks) more or fewer than the network has; -1 is one fewer.
        batch_size: rows in an update.
        epochs: passes over the training rows at most.
        patience: epochs without a better validation loss before stopping; 0 means no early stopping.
        orthogonality: strength of Keras' `OrthogonalRegularizer` on hidden kernels of two axes.
        max_norm: largest norm of the weights into a unit of a hidden layer (Keras' `MaxNorm`); 0 for none.
        activity_l2: strength times the sum of squared outputs of hidden layers, a row.
        l2_sp: strength times the sum of squared distances of kernels from the weights that training starts
            from, the head's left out; for networks that start from given weights alone.
        rate_decay: factor on the learning rate from each layer with a kernel to the one before it: the head
            has the full rate, the first layer the smallest; 1 for one rate.
        penalty_where: which kernels `l1`, `l2` and `weight_decay` reach: all, those of the first layer with
            weights, or those of the last.
        dropout_where: which dropout points `dropout` reaches; the others keep the network's own rates.
        dropout_kind: what happens at a dropout point: zeros, Gaussian factors, or SELU's alpha dropout.
        input_noise: standard deviation of Gaussian noise on the inputs, in their scaled unit.
        input_dropout: share of the inputs that are zero in a training row, the rest scaled up.
        stochastic_depth: share of the training rows that go past the last residual branch; past those before
            it ever fewer do, in equal steps to none at the input.
        mixup: both parameters of the Beta distribution that rows and labels are mixed by; 0 for none.
        cutmix: likewise, where the share of features comes from another row; labels are mixed alike.
        adversarial: size of the step along the sign of the gradient by the inputs (FGSM); half of the loss
            is that of the moved rows. 0 for none.
        random_flip: probability of exchanging left and right of a picture in training; 0 for none.
        random_translation: largest shift of a picture in training, as a share of its sides; 0 for none.
        random_brightness: largest change of a picture's brightness, in deviations of pixels; 0 for none.
        random_contrast: largest relative change of a picture's contrast in training; 0 for none.
        random_erasing: sides of the part of a picture that is erased in training, as a share; 0 for none.
        random_rotation: largest angle by which a picture is turned in training, as a share of a whole turn.
        random_zoom: largest relative change of a picture's scale in training, in or out; 0 for none.
        random_shear: largest shear of a picture along both axes, as a share of its sides; 0 for none.
        random_crop: largest share of a picture's sides that is cut away before the rest is brought to its
            whole size; 0 for none.
        random_saturation: largest change of Keras' saturation factor, which is 0.5 for none; up to 0.5.
        random_hue: Keras' hue factor: colors move round their circle by up to half of it; 0 for none.
        random_noise: deviation of noise on a picture, in deviations of its own pixels; 0 for none.
        rand_augment: magnitude of two operations drawn for each picture in training, 0 to 1; 0 for none.
        averaging: which mean of its weights a network is judged by.
        normalization: between hidden layers; "own" leaves the network as it is, "none" takes it out.
        activation: of hidden layers.
        skip: whether hidden layers of equal width are bridged by a sum.
        pooling: "average" takes the mean of each map where the network flattens maps of a convolution.
        convolutions: "small" gives square kernels of convolutions 3 by 3 places where they have more,
            "separable" makes a depthwise and a pointwise part of each; "own" leaves the network as it is.
        map_dropout: rate at which whole maps of convolutions are dropped where they are not yet; 0 for none.
        input_scale: whether each input is multiplied by a learned factor first.
        embedding: whether periodic features stand beside numeric inputs; "own" leaves the network as it is.
        category_embedding: whether one-hot columns of a category pass a dense layer of their own first.
        frozen_stages: of a network that starts from learned weights, the stages from the input on that do not
            learn (see `wellfit.stages`); -1 leaves the network as it is.
        scaling: of the inputs, in place of the study's own.
        outliers: what becomes of outlying cells (or rows).
        missing: what fills missing numbers.
        selection: by what the best features are selected, on the training rows.
        selected_share: share of the features that is kept.
        extraction: linear features of the scaled inputs that take their place.
        extracted_share: how many of them, as a share of the features.
        creation: features that are added to the inputs.
        resampling: how rows of rare classes (or all rows: by "copula", and pictures by "diffusion") are
            multiplied; training rows only.
        suspects: what becomes of training rows whose label other rows contradict.
        temperature: whether probabilities are calibrated by one factor on the logits.
        test_time_augmentation: views of a picture whose mean output is the prediction: itself and mirrored,
            itself and shifted to four corners, or all of these mirrored too.
    """

    learning_rate: float = 1e-3
    schedule: Schedule = "constant"
    warmup: float = 0.0
    clip_norm: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    penalty_scale: float = 1.0
    dropout: float | None = None
    dropout_scale: float = 1.0
    label_smoothing: float = 0.0
    class_weight: ClassWeight = "none"
    width: float = 1.0
    depth: int = 0
    batch_size: int = 32
    epochs: int = 100
    patience: int = 0
    orthogonality: float = 0.0
    max_norm: float = 0.0
    activity_l2: float = 0.0
    l2_sp: float = 0.0
    rate_decay: float = 1.0
    penalty_where: Where = "all"
    dropout_where: Where = "all"
    dropout_kind: DropoutKind = "dropout"
    input_noise: float = 0.0
    input_dropout: float = 0.0
    stochastic_depth: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    adversarial: float = 0.0
    random_flip: float = 0.0
    random_translation: float = 0.0
    random_brightness: float = 0.0
    random_contrast: float = 0.0
    random_erasing: float = 0.0
    random_rotation: float = 0.0
    random_zoom: float = 0.0
    random_shear: float = 0.0
    random_crop: float = 0.0
    random_saturation: float = 0.0
    random_hue: float = 0.0
    random_noise: float = 0.0
    rand_augment: float = 0.0
    averaging: Averaging = "none"
    normalization: Normalization = "own"
    activation: Activation = "own"
    skip: Switch = "own"
    pooling: Pooling = "own"
    convolutions: Convolutions = "own"
    map_dropout: float = 0.0
    input_scale: bool = False
    embedding: Embedding = "own"
    category_embedding: bool = False
    frozen_stages: int = -1
    scaling: ScalingChoice = "own"
    outliers: OutlierChoice = "own"
    missing: MissingChoice = "own"
    selection: Selection = "none"
    selected_share: float = 0.5
    extraction: Extraction = "none"
    extracted_share: float = 0.5
    creation: Creation = "none"
    resampling: Resampling = "none"
    suspects: Suspects = "keep"
    temperature: bool = False
    test_time_augmentation: TestViews = "none"

    def changed_from(self, other: Settings) -> dict[str, object]:
        """Return the fields in which these settings differ from `other`, with their values here.

        Example:
            >>> Settings(l2=1e-4).changed_from(Settings())
            {'l2': 0.0001}
        """
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return {name: value for name, value in mine.items() if value != theirs[name]}


@dataclass(frozen=True, kw_only=True)
class Structure:
    """The settings that need another network than the one that is given; see `Settings`.

    Attributes:
        width: factor on hidden units, 1 at least: fewer units are a mask.
        depth: hidden layers more or fewer, where gates cannot do it.
        normalization: likewise named in `Settings`, as all that follow.
        activation: of hidden layers.
        skip: sums that bridge hidden layers.
        pooling: means of maps in place of flattened maps.
        convolutions: kernels of convolutions.
        map_dropout: spatial dropout after convolutions.
        input_scale: learned factors on the inputs.
        embedding: of numeric inputs.
        category_embedding: of one-hot columns.
        frozen_stages: stages that do not learn.
    """

    width: float = 1.0
    depth: int = 0
    normalization: Normalization = "own"
    activation: Activation = "own"
    skip: Switch = "own"
    pooling: Pooling = "own"
    convolutions: Convolutions = "own"
    map_dropout: float = 0.0
    input_scale: bool = False
    embedding: Embedding = "own"
    category_embedding: bool = False
    frozen_stages: int = -1


@dataclass(frozen=True, kw_only=True)
class DataChoice:
    """The settings that need other inputs or other training rows; fields as in `Settings`."""

    scaling: ScalingChoice = "own"
    outliers: OutlierChoice = "own"
    missing: MissingChoice = "own"
    selection: Selection = "none"
    selected_share: float = 0.5
    extraction: Extraction = "none"
    extracted_share: float = 0.5
    creation: Creation = "none"
    resampling: Resampling = "none"
    suspects: Suspects = "keep"


def as_trained(settings: Settings) -> Settings:
    """Return settings without what is done to outputs afterwards: equal ones train the same network.

    Example:
        >>> as_trained(Settings(l2=1e-4, temperature=True)) == Settings(l2=1e-4)
        True
    """
    off: dict[str, Any] = {name: getattr(Settings(), name) for name in OUTPUT_FIELDS}
    return dataclasses.replace(settings, **off)


def data_choice(settings: Settings) -> DataChoice:
    """Return the part of settings that inputs and training rows depend on.

    Shares that nothing uses do not count.

    Example:
        >>> data_choice(Settings(selected_share=0.25)) == DataChoice()
        True
    """
    chosen = {field.name: getattr(settings, field.name) for field in dataclasses.fields(DataChoice)}
    for share, method in (("selected_share", "selection"), ("extracted_share", "extraction")):
        if chosen[method] == "none":
            chosen[share] = 0.5
    return DataChoice(**chosen)
