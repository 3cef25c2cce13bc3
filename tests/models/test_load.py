"""Networks from files, functions and names, and every way in which there is none."""

import json
import sys
import textwrap
import zipfile

import h5py
import keras
import numpy as np
import pytest
from model_samples import layers, outputs, plain_chain, rows, shuffle_weights

from wellfit.models import NetworkShape, load_model
from wellfit.records import ModelLoadError, SettingsError, Task

SHAPE = NetworkShape(num_features=20, task=Task.BINARY, num_rows=1000)


def _saved(tmp_path, model: keras.Model | None = None, name: str = "model.keras"):
    path = tmp_path / name
    (model or plain_chain()).save(path)
    return path


def _with_config(path, change):
    """Write the file again with a changed config."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_a_model_is_returned_as_it_is():
    """Nothing is copied."""
    model = plain_chain()
    assert load_model(model) is model


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_file(name, tmp_path):
    """Weights and compile settings are read."""
    model = plain_chain()
    shuffle_weights(model)
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
    model.fit(rows(model), np.ones((16, 1)), verbose=0)
    loaded = load_model(_saved(tmp_path, model, name))
    np.testing.assert_allclose(outputs(loaded, rows(model)), outputs(model, rows(model)), rtol=1e-5)
    assert float(loaded.optimizer.learning_rate) == 0.5


def test_a_compiled_network_that_was_never_fitted(tmp_path):
    """Its optimizer has no state: no warning reaches the user."""
    model = plain_chain()
    model.compile("adam", "binary_crossentropy")
    assert load_model(_saved(tmp_path, model)).compiled


def test_a_missing_file(tmp_path):
    """A file with a similar name beside it is guessed."""
    _saved(tmp_path)
    with pytest.raises(ModelLoadError, match=r"did you mean 'model\.keras'"):
        load_model(tmp_path / "modle.keras")
    with pytest.raises(ModelLoadError, match="does not exist"):
        load_model(tmp_path / "absent" / "x.keras")


def test_a_folder(tmp_path):
    """A folder with such a name is no file."""
    (tmp_path / "model.keras").mkdir()
    with pytest.raises(ModelLoadError, match="a folder"):
        load_model(tmp_path / "model.keras")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(50)])
def test_a_file_that_is_no_archive(content, tmp_path):
    """Empty, text, or a zip's first bytes only."""
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ModelLoadError, match="not a Keras model file"):
        load_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off(share, tmp_path):
    """A zip's table of contents is at its end."""
    path = _saved(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ModelLoadError, match="damaged"):
        load_model(path)


def test_a_file_with_a_flipped_byte(tmp_path):
    """The archive's checksums are looked at."""
    path = _saved(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(ModelLoadError, match="damaged"):
        load_model(path)


def test_an_archive_without_a_network(tmp_path):
    """A zip of something else."""
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(ModelLoadError, match="without a network"):
        load_model(path)


@pytest.mark.parametrize(
    "text", ["{", "[" * 100_000, "[]", "{}", '{"class_name": "Dense", "config": {}}', "null"]
)
def test_a_config_that_makes_no_network(text, tmp_path):
    """Broken JSON, JSON nested to exhaust the stack, or JSON of something else."""
    path = _saved(tmp_path)
    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", text)
        archive.writestr("model.weights.h5", weights)
    with pytest.raises(ModelLoadError):
        load_model(path)


def test_a_file_without_weights(tmp_path):
    """The config alone is not enough."""
    path = _saved(tmp_path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
    with pytest.raises(ModelLoadError, match="cannot load"):
        load_model(path)


def test_weights_of_another_network(tmp_path):
    """Shapes that do not agree are an error, not a half-loaded network."""
    path = _saved(tmp_path)
    other = _saved(tmp_path, keras.Sequential([keras.Input((2,)), layers.Dense(1)]), "other.keras")
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(other) as archive:
        weights = archive.read("model.weights.h5")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", weights)
    with pytest.raises(ModelLoadError, match="cannot load"):
        load_model(path)


def test_hdf5_files_without_a_network(tmp_path):
    """Text, a cut-off file, and weights only."""
    path = tmp_path / "model.h5"
    path.write_bytes(b"not hdf5")
    with pytest.raises(ModelLoadError, match="not an HDF5 file"):
        load_model(path)
    weights = tmp_path / "model.weights.h5"
    plain_chain().save_weights(weights)
    with pytest.raises(ModelLoadError, match="weights only"):
        load_model(weights)
    path.write_bytes(weights.read_bytes()[:3000])
    with pytest.raises(ModelLoadError, match="not an HDF5 file"):
        load_model(path)


def _marker_lambda(marker):
    """Return a network with a Lambda layer that leaves a file where it runs."""
    function = eval(f"lambda x: (__import__('pathlib').Path({str(marker)!r}).touch(), x)[1]")
    inputs = keras.Input((3,))
    return keras.Model(inputs, layers.Dense(1)(layers.Lambda(function, output_shape=(3,))(inputs)))


class TestFilesThatBringCode:
    """Nothing of them runs before the user has decided."""

    @pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
    @pytest.mark.parametrize("name", ["model.keras", "model.h5"])
    def test_lambda_layers(self, name, tmp_path, monkeypatch):
        """Refused, without a trace that it ran; loaded when allowed."""
        marker = tmp_path / "marker"
        # Keras reads the source of a lambda for its warning; an evaluated one has none.
        monkeypatch.setattr("inspect.getsource", lambda function: "lambda")
        path = _saved(tmp_path, _marker_lambda(marker), name)
        marker.unlink(missing_ok=True)
        with pytest.raises(ModelLoadError, match="Lambda") as caught:
            load_model(path)
        assert "--allow-unsafe" in caught.value.fix
        assert not marker.exists()
        model = load_model(path, unsafe=True)
        model(np.ones((1, 3), np.float32))
        assert marker.exists()

    @pytest.mark.parametrize(
        "part",
        [
            {"module": "keras.layers", "class_name": "Lambda", "config": {}},
            {"class_name": "__lambda__", "config": {"value": "4wAAAA"}},
            {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/x"}},
            {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {}},
            {"module": "keras.layers", "class_name": "JaxLayer", "config": {}},
            {"module": "os", "class_name": "system", "config": {}},
            {"module": "builtins", "class_name": "function", "config": "eval"},
            {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
            {"module": "keras.utils", "class_name": "function", "config": "get_file"},
            {"module": "keras.src.utils.file_utils", "class_name": "get_file", "config": {}},
            {"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"},
            {"module": "kerasmalware.layers", "class_name": "Dense", "config": {}},
            {"module": None, "class_name": "Mine", "config": {}, "registered_name": "package>Mine"},
            {"module": "keras.layers", "class_name": "Dense", "registered_name": "package>Mine"},
            {"class_name": "Mine", "config": {}},
            {"class_name": "__builtins__", "config": {}},
            {"module": "keras.models", "class_name": "load_model", "config": {}},
            {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
        ],
    )
    def test_suspicious_parts_anywhere(self, part, tmp_path):
        """Deep inside a config, each is found before Keras reads the file."""
        path = _saved(tmp_path)
        _with_config(path, lambda config: config["config"].update(extra=[{"deep": [part]}]))
        with pytest.raises(ModelLoadError, match="code of its own"):
            load_model(path)

    def test_registered_classes_need_permission(self, tmp_path):
        """A class that this process knows is loaded if allowed."""

        @keras.saving.register_keras_serializable(package="tests")
        class Twice(layers.Layer):
            def call(self, inputs):
                return 2 * inputs

        path = _saved(tmp_path, keras.Sequential([keras.Input((3,)), Twice(), layers.Dense(1)]))
        with pytest.raises(ModelLoadError, match="tests>Twice"):
            load_model(path)
        assert type(load_model(path, unsafe=True).layers[0]) is Twice

    def test_a_class_that_nobody_knows(self, tmp_path):
        """Even if allowed it cannot be loaded; the message says how."""
        path = _saved(tmp_path)
        strange = {"module": "strange", "class_name": "Strange", "config": {}, "registered_name": "s>Strange"}

        def add(config):
            config["config"]["layers"].append(strange)

        with pytest.raises(ModelLoadError, match="Strange") as caught:
            load_model(_with_config(path, add), unsafe=True)
        assert "file.py:function" in caught.value.fix

    def test_a_custom_loss_in_the_compile_settings(self, tmp_path):
        """Compile settings are looked at as well."""

        @keras.saving.register_keras_serializable(package="tests")
        def cubed(y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) ** 3)

        model = plain_chain()
        model.compile("sgd", cubed)
        with pytest.raises(ModelLoadError, match="cubed"):
            load_model(_saved(tmp_path, model))

    def test_ordinary_networks_are_not_suspected(self, tmp_path):
        """Layers, operations, schedules, metrics, initializers and dtype policies of Keras are its own."""
        codes, numbers = keras.Input((4,), dtype="int32", name="codes"), keras.Input((3,), name="numbers")
        x = layers.Embedding(5, 4, embeddings_initializer=keras.initializers.HeUniform(1))(codes)
        x = layers.Bidirectional(layers.LSTM(2))(x) + layers.Dense(4, dtype="mixed_bfloat16")(numbers)
        x = keras.ops.relu(layers.Concatenate()([x, layers.Dropout(0.1, seed=1)(numbers)]) * 2.0)
        x = keras.Sequential([keras.Input((7,)), layers.Dense(4, kernel_constraint="max_norm")])(x)
        model = keras.Model({"codes": codes, "numbers": numbers}, layers.Dense(1, activation="gelu")(x))
        schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
        metrics = ["mae", keras.metrics.RootMeanSquaredError()]
        model.compile(keras.optimizers.AdamW(schedule), keras.losses.Huber(), metrics=metrics)
        assert load_model(_saved(tmp_path, model)).count_params() == model.count_params()


class TestFilesThatUnpackToTooMuch:
    """Refused by what they declare, before they are unpacked."""

    def test_a_zip_bomb(self, tmp_path):
        """400 MB of zeros in a small member."""
        path = _saved(tmp_path)
        with (
            zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
            archive.open("assets/zeros", "w", force_zip64=True) as member,
        ):
            for _ in range(400):
                member.write(bytes(1 << 20))
        assert path.stat().st_size < 1 << 20
        with pytest.raises(ModelLoadError, match="far more than its size"):
            load_model(path)

    def test_a_dataset_that_declares_too_much(self, tmp_path):
        """An HDF5 dataset of 4 TB that stores nothing."""
        path = tmp_path / "model.h5"
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {}})
            file.create_dataset("weights/huge", shape=(1 << 40,), dtype="float32", chunks=(1 << 20,))
        with pytest.raises(ModelLoadError, match="far more than its size"):
            load_model(path)

    def test_such_a_dataset_inside_an_archive(self, tmp_path):
        """The weights of a .keras file are looked at likewise."""
        path = _saved(tmp_path)
        with zipfile.ZipFile(path) as archive:
            config, weights = archive.read("config.json"), archive.read("model.weights.h5")
        (tmp_path / "w.h5").write_bytes(weights)
        with h5py.File(tmp_path / "w.h5", "a") as file:
            file.create_dataset("huge", shape=(1 << 40,), dtype="float32", chunks=(1 << 20,))
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", config)
            archive.write(tmp_path / "w.h5", "model.weights.h5")
        with pytest.raises(ModelLoadError, match="far more than its size"):
            load_model(path)

    def test_links_to_other_files(self, tmp_path):
        """Weights must be in the file itself."""
        path = tmp_path / "model.h5"
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = "{}"
            file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
        with pytest.raises(ModelLoadError, match="another place"):
            load_model(path)

    def test_names_that_lead_outside(self, tmp_path):
        """An archive that would write beside its folder."""
        path = _saved(tmp_path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("../outside.txt", "x")
        with pytest.raises(ModelLoadError, match="outside its folder"):
            load_model(path)


@pytest.fixture
def script(tmp_path):
    """Return a file with functions that make, or fail to make, a network."""
    path = tmp_path / "user_nets.py"
    path.write_text(
        textwrap.dedent(
            """
            import keras
            import user_helper

            number = 3

            def build():
                return keras.Sequential([keras.Input((user_helper.WIDTH,)), keras.layers.Dense(1)])

            def build_for(num_features, task, num_outputs=7):
                assert task == "binary"
                return keras.Sequential([keras.Input((num_features,)), keras.layers.Dense(num_outputs)])

            def broken():
                raise RuntimeError("no such luck")

            def leaves():
                raise SystemExit(3)

            def nothing():
                pass

            def greedy(secret):
                return None
            """
        )
    )
    (tmp_path / "user_helper.py").write_text("WIDTH = 5\n")
    yield path
    sys.modules.pop("user_helper", None)
    sys.modules.pop("user_nets", None)


class TestFunctions:
    """Networks made by the user's own code."""

    def test_a_file(self, script):
        """Modules beside it can be imported; the search path is as before afterwards."""
        before = list(sys.path)
        assert load_model(f"{script}:build").input_shape == (None, 5)
        assert sys.path == before

    def test_a_module(self, script, monkeypatch):
        """Found from the current folder."""
        monkeypatch.chdir(script.parent)
        assert load_model("user_nets:build").input_shape == (None, 5)

    def test_a_function_itself(self):
        """No name needed."""
        assert load_model(plain_chain).name == "plain"

    def test_the_shape_of_the_data_is_given_by_name(self, script):
        """Only what the function has arguments for."""
        model = load_model(f"{script}:build_for", shape=SHAPE)
        assert (model.input_shape, model.output_shape) == ((None, 20), (None, 1))

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("biuld", "did you mean 'build'"),
            ("number", "which is a int"),
            ("broken", "no such luck"),
            ("leaves", "SystemExit"),
            ("nothing", "did not give a network"),
            ("greedy", "secret"),
        ],
    )
    def test_functions_that_give_no_network(self, name, message, script):
        """Each says what went wrong."""
        with pytest.raises(ModelLoadError, match=message):
            load_model(f"{script}:{name}", shape=SHAPE)

    def test_code_that_cannot_be_imported(self, tmp_path):
        """Missing files and modules, code that raises, code that needs what is not there."""
        with pytest.raises(ModelLoadError, match="no file"):
            load_model(f"{tmp_path}/absent.py:build")
        with pytest.raises(ModelLoadError, match="no module 'absent_module_x'"):
            load_model("absent_module_x:build")
        for code, message in [
            ("1 / 0", "ZeroDivisionError"),
            ("import absent_module_y", "absent_module_y"),
            ("def (", "SyntaxError"),
            ("raise SystemExit", "SystemExit"),
        ]:
            (tmp_path / "bad.py").write_text(code)
            with pytest.raises(ModelLoadError, match=message):
                load_model(f"{tmp_path}/bad.py:build")
        assert "wellfit_user_bad" not in sys.modules


class TestBuiltIn:
    """Networks that need a shape only."""

    @pytest.mark.parametrize(
        ("spec", "parameters"),
        [
            ("mlp", 20 * 64 + 64 + 2 * (2 * 64 + 2 * (64 * 64 + 64)) + 65),
            ("mlp:8", 20 * 8 + 8 + 2 * (2 * 8 + 2 * (8 * 8 + 8)) + 9),
            ("dense", 20 * 64 + 64 + 64 * 32 + 32 + 33),
            ("dense:8", 20 * 8 + 8 + 9),
            ("dense:8-4:0.2", 20 * 8 + 8 + 8 * 4 + 4 + 5),
        ],
    )
    def test_names(self, spec, parameters):
        """Units as asked for."""
        assert load_model(spec, shape=SHAPE).count_params() == parameters

    def test_a_dropout_rate(self):
        """After every hidden layer."""
        model = load_model("dense:8-4:0.2", shape=SHAPE)
        assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.2, 0.2]

    @pytest.mark.parametrize(
        "spec", ["mlp:x", "mlp:8-4", "mlp:0", "dense:8-", "dense:8--4", "dense:8:2", "dense:8:x"]
    )
    def test_options_that_are_not_there(self, spec):
        """The message says what there is."""
        with pytest.raises(SettingsError, match="mlp:WIDTH"):
            load_model(spec, shape=SHAPE)

    def test_no_shape(self):
        """A built-in network has to know the data."""
        with pytest.raises(SettingsError, match="shape"):
            load_model("mlp")


@pytest.mark.parametrize(
    ("spec", "fix"), [("desne", "dense"), ("train.py", "build_model"), ("", "build_model")]
)
def test_what_is_no_network(spec, fix):
    """A guess, or what to write."""
    with pytest.raises(ModelLoadError, match=fix):
        load_model(spec)


def test_a_group_that_holds_itself_ends_nowhere(tmp_path):
    """A weights file is walked once, however its groups refer to each other."""
    path = _saved(tmp_path, name="model.h5")
    with h5py.File(path, "a") as file:
        file.create_group("again")["root"] = file["/"]
    with pytest.raises(ModelLoadError, match="holds a group twice"):
        load_model(path)


@pytest.mark.parametrize("field", [16, 24, 42], ids=["checksum", "size", "place"])
def test_an_archive_that_lies_about_its_members(tmp_path, field):
    """Whatever zipfile and zlib raise becomes an error that names the file."""
    path = _saved(tmp_path)
    data = bytearray(path.read_bytes())
    start = data.find(b"PK\x01\x02") + field
    data[start : start + 4] = b"\xff\xff\xff\x7f"
    path.write_bytes(bytes(data))
    with pytest.raises(ModelLoadError):
        load_model(path)
