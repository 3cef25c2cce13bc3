"""What training does to rows of a batch, as code: augmentation by layers of Keras, mixing by NumPy."""

from __future__ import annotations

from wellfit.api._code._recipe import Recipe

_DEVIATION = 0.25  # of pixels, as a share of their range, in usual pictures


def augmentation(recipe: Recipe) -> list[tuple[str, str]]:
    """Return layers that change pictures in training, each with what is not the same in it (or nothing)."""
    s = recipe.settings
    low, high = recipe.pixel_range
    span = high - low
    pixels = "" if (low, high) == (0.0, 255.0) else f", value_range=({low!r}, {high!r})"
    near = 'fill_mode="nearest"'
    erased = round(s.random_erasing**2, 6)
    rounded = round(_DEVIATION * s.random_brightness, 4)
    table: dict[str, tuple[str | list[str], str]] = {
        "random_flip": (
            'RandomFlip("horizontal")',
            ""
            if s.random_flip == 0.5
            else f"wellfit exchanged left and right with probability {s.random_flip:g}",
        ),
        "random_translation": (
            f"RandomTranslation({s.random_translation!r}, {s.random_translation!r}, {near})",
            "",
        ),
        "random_rotation": (f"RandomRotation({s.random_rotation!r}, {near})", ""),
        "random_zoom": (f"RandomZoom({s.random_zoom!r}, {near})", ""),
        "random_shear": (
            f"RandomShear({s.random_shear!r}, {s.random_shear!r}, {near})",
            "about the corner; wellfit sheared about the middle, both ways",
        ),
        "random_crop": (
            f"RandomZoom((-{s.random_crop!r}, 0.0), {near})",
            "wellfit cut anywhere, not only round the middle, for which Keras has no layer",
        ),
        "rand_augment": (
            f"RandAugment(value_range=({low!r}, {high!r}), num_ops=2, factor={s.rand_augment!r})",
            "wellfit drew from rotation, shears, shifts, brightness, contrast and saturation",
        ),
        "random_brightness": (
            f"RandomBrightness({rounded!r}{pixels})",
            f"about: wellfit added up to {s.random_brightness:g} deviations of the picture's own pixels",
        ),
        "random_contrast": (
            f"RandomContrast({s.random_contrast!r}{pixels})",
            "" if s.random_contrast < 1 else "wellfit turned contrast round beyond a factor of 1",
        ),
        "random_saturation": (
            f"RandomSaturation(({0.5 - s.random_saturation!r}, {0.5 + s.random_saturation!r}){pixels})",
            "",
        ),
        "random_hue": (f"RandomHue({s.random_hue!r}{pixels})", ""),
        "random_noise": (
            _noise(round(_DEVIATION * s.random_noise, 6), span),
            f"about: wellfit's noise had {s.random_noise:g} deviations of the picture's own pixels",
        ),
        "random_erasing": (
            f"RandomErasing(1.0, scale=({erased!r}, {erased!r}), fill_value=0.0{pixels})",
            "wellfit filled the part with the picture's mean, and let it reach over the edge",
        ),
    }
    layers = [
        ([codes] if isinstance(codes, str) else codes, said)
        for name, (codes, said) in table.items()
        if getattr(s, name)
    ]
    return [
        (f"keras.layers.{code}", said if place == 0 else "")
        for codes, said in layers
        for place, code in enumerate(codes)
    ]


def _noise(share: float, span: float) -> list[str]:
    """Return layers that add noise of a share of the range of pixels; Keras adds deviations up to 1 only."""
    if share * span <= 1:
        return [f"GaussianNoise({round(share * span, 6)!r})"]
    return [f"Rescaling({1 / span!r})", f"GaussianNoise({share!r})", f"Rescaling({span!r})"]


def mixing_class(recipe: Recipe) -> str:
    """Return the class ``Mixed``: batches whose rows are mixed; empty where none are."""
    settings = recipe.settings
    if not recipe.is_mixed:
        return ""
    steps = [_MIXUP.format(a=repr(settings.mixup))] if settings.mixup else []
    steps += [_CUTMIX.format(a=repr(settings.cutmix))] if settings.cutmix else []
    what = " and ".join(name for name in ("mixup", "cutmix") if getattr(settings, name))
    return _CLASS.format(what=what, size=settings.batch_size, steps="\n".join(steps))


_CLASS = '''class Mixed(keras.utils.PyDataset):
    """Batches in random order whose rows are mixed with one another, targets alike: {what}."""

    def __init__(self, x, y, weight, seed=0):
        super().__init__()
        self.x, self.y, self.weight = x, y, weight
        self.random = np.random.default_rng(seed)
        self.order = self.random.permutation(len(y))

    def __len__(self):
        return -(-len(self.y) // {size})

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.y))

    def __getitem__(self, index):
        rows = self.order[index * {size} : (index + 1) * {size}]
        x = keras.tree.map_structure(lambda values: values[rows], self.x)
        y, weight = self.y[rows], self.weight[rows]
{steps}
        return x, y, weight'''

_MIXUP = """        share = self.random.beta({a}, {a}, len(rows)).astype("float32")

        def mixed(values):
            part = share.reshape(-1, *[1] * (values.ndim - 1))
            if np.issubdtype(values.dtype, np.floating):
                return part * values + (1.0 - part) * values[::-1]
            return np.where(part >= 0.5, values, values[::-1])

        x = keras.tree.map_structure(mixed, x)
        y, weight = mixed(y), mixed(weight)"""

_CUTMIX = """        share = self.random.beta({a}, {a}, len(rows)).astype("float32")
        stays = []

        def cut(values):
            if values.ndim == 4:  # a rectangle of each picture comes from another one
                inside = np.ones((len(values), 1, 1, 1), bool)
                for axis in (1, 2):
                    size = values.shape[axis]
                    middle = self.random.uniform(0, size, (len(values), 1))
                    half = 0.5 * size * np.sqrt(1.0 - share)[:, None]
                    near = np.abs(np.arange(size) + 0.5 - middle) < half
                    inside = inside & np.expand_dims(near, (2, 3) if axis == 1 else (1, 3))
                kept = np.broadcast_to(~inside, values.shape)
            else:
                part = share.reshape(-1, *[1] * (values.ndim - 1))
                kept = self.random.uniform(size=values.shape) < part
            stays.append(kept.reshape(len(values), -1))
            return np.where(kept, values, values[::-1])

        x = keras.tree.map_structure(cut, x)
        actual = np.concatenate(stays, axis=1).mean(axis=1).astype("float32")
        y = actual[:, None] * y + (1.0 - actual[:, None]) * y[::-1]
        weight = actual * weight + (1.0 - actual) * weight[::-1]"""
