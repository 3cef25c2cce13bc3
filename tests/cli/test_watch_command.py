"""``wellfit watch`` runs a script as Python does, to the bit, and has its say afterwards on stderr."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from cli_samples import run_command

# The command with a diagnosis that trains nothing and tells what it was given.
COMMAND = """
import sys, wellfit
def diagnose(*data, history=None, **options):
    from wellfit.records import Diagnosis, Verdict
    if history is None:
        model, x, y = data
        held = options["validation_data"]
        num_held = None if held is None else len(held[0])
        line = f"{model.name} {x.shape} {y.shape} {options['epochs']} {num_held}"
    else:
        line = "curves " + " ".join(f"{name} {len(values)}" for name, values in history.items())
    return Diagnosis(verdict=Verdict.HEALTHY, verdict_line=line + ".", confidence=0.5)
wellfit.diagnose = diagnose
from wellfit.cli import main
main()
"""

DATA = """
import os, sys
import keras, numpy as np
keras.utils.set_random_seed(5)
x = np.random.default_rng(0).normal(size=(60, 3)).astype("float32")
y = (x[:, 0] > 0).astype("float32")
def network(name):
    layers = [keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.3), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((3,)), *layers], name=name)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model
def save(*models):
    values = [np.array(keras.ops.convert_to_numpy(w.value)) for m in models for w in m.weights]
    np.savez("weights.npz", *values, np.random.random(3))
"""

TRAIN = f"""{DATA}
def batches():
    while True:
        rows = np.random.randint(0, 60, 16)
        yield x[rows], y[rows]
class Rows(keras.utils.PyDataset):
    def __len__(self):
        return 3
    def __getitem__(self, i):
        return x[i * 20 : i * 20 + 20], y[i * 20 : i * 20 + 20]
arrays, loop, stream, python = (network(name) for name in ("arrays", "loop", "stream", "python"))
print(arrays.fit(x, y, epochs=2, validation_split=0.25, verbose=0).history)
for _ in range(3):
    loop.fit(x, y, verbose=0)
print(stream.fit(batches(), steps_per_epoch=2, epochs=2, verbose=0).history)
print(python.fit(Rows(workers=2), validation_data=Rows(), epochs=2, verbose=0).history)
save(arrays, loop, stream, python)
os.chdir("/")
sys.exit(7)
"""


@dataclass(frozen=True)
class Run:
    """What one run of a script left."""

    status: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def arrays(self) -> list[np.ndarray]:
        """Weights of all networks, and what the random state gives next."""
        with np.load(self.folder / "weights.npz") as found:
            return [found[name] for name in found.files]


def run_both(folder: Path, source: str, *arguments: str, options: tuple[str, ...] = (), **environment: str):
    """Run a script by Python and by the command, each in the same new folder, and return both."""
    script = folder / "train.py"
    script.write_text(source)
    return [
        run_one(script, [*command, str(script), *arguments], environment)
        for command in ([], ["-c", COMMAND, "watch", *options])
    ]


def run_one(script: Path, arguments: list[str], environment: dict[str, str]) -> Run:
    """Run one of the two and put away the weights that it saved."""
    # Python notes the lines of a script in its tracebacks by the name that it was called by.
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=script.parent,
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONWARNINGS": "default", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    folder = script.parent / ("watched" if "watch" in arguments else "plain")
    folder.mkdir()
    if (script.parent / "weights.npz").exists():
        (script.parent / "weights.npz").rename(folder / "weights.npz")
    return Run(done.returncode, done.stdout, done.stderr, folder)


def said(plain: Run, watched: Run) -> str:
    """Check that a watched script printed what it prints, and return what was said after it."""
    assert watched.stdout == plain.stdout
    # TensorFlow's own log has the time and the process in each line.
    before, after = (re.sub(r"(?m)^([IWE])\d+ [\d:.]+ +\d+ ", r"\1 ", run.stderr) for run in (plain, watched))
    assert after.startswith(before), after
    return after[len(before) :]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Run, Run, Path]:
    """Run a script with four networks once each way."""
    folder = tmp_path_factory.mktemp("trained")
    plain, watched = run_both(folder, TRAIN, options=("--json", "found.json"))
    return plain, watched, folder / "found.json"


def test_weights_output_and_status_stay(trained):
    """Arrays, a loop, a generator and a PyDataset train to the same bit, and sys.exit(7) gives 7."""
    plain, watched, _ = trained
    assert (plain.status, watched.status) == (7, 7)
    assert len(plain.arrays) == 4 * 4 + 1
    assert all(np.array_equal(a, b) for a, b in zip(plain.arrays, watched.arrays, strict=True))
    said(plain, watched)


def test_every_network_gets_a_verdict(trained):
    """Each network's rows and epochs reach the diagnosis; of the first, only curves are judged."""
    text = said(*trained[:2])
    assert "wellfit watched train.py: 6 calls of fit, 4 networks; the script ended with status 7" in text
    assert "network 'arrays': 45 rows as arrays, 15 validation rows, 2 epochs, batch size 32" in text
    assert "curves accuracy 2 loss 2 val_accuracy 2 val_loss 2." in text
    assert "3 fits of this network that continue each other are taken as one" in text
    assert "loop (60, 3) (60,) 3 None." in text
    assert "stream (32, 3) (32,) 2 None." in text
    assert "python (60, 3) (60,) 2 60." in text


def test_json_lists_the_diagnoses(trained):
    """The file is found although the script has changed its folder, and holds facts and verdict of each."""
    found = json.loads(trained[2].read_text())
    assert [entry["fit"]["network"] for entry in found] == ["arrays", "loop", "stream", "python"]
    assert [entry["fit"]["basis"] for entry in found] == ["curves", *["experiments"] * 3]
    assert [entry["fit"]["data"] for entry in found] == ["arrays", "arrays", "generator", "PyDataset"]
    assert {entry["verdict"] for entry in found} == {"healthy"}


CRASH = f"""{DATA}
import atexit
atexit.register(lambda: print("left"))
class End(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            END
try:
    network("tried").fit(x, y[:5])
except ValueError:
    import traceback
    traceback.print_exc()
network("net").fit(x, y, epochs=9, verbose=0, callbacks=[End()])
"""


def test_a_crash_within_fit(tmp_path):
    """The traceback is Python's own, the status is 1, and the verdict is on what was seen."""
    plain, watched = run_both(tmp_path, CRASH.replace("END", "raise ArithmeticError('overflow')"))
    text = said(plain, watched)
    assert (plain.status, watched.status) == (1, 1)
    assert "ArithmeticError: overflow" in plain.stderr
    assert "the script ended by ArithmeticError" in text
    assert "the fit did not come to its end: ArithmeticError" in text
    assert "net (60, 3) (60,) 9 None." in text


def test_an_interrupt_within_fit(tmp_path):
    """After Ctrl-C the verdict comes, exit handlers run, and the process ends by the signal."""
    end = "import signal; os.kill(os.getpid(), signal.SIGINT)"
    plain, watched = run_both(tmp_path, CRASH.replace("END", end), options=("--no-diagnosis",))
    text = said(plain, watched)
    assert (plain.status, watched.status) == (-signal.SIGINT, -signal.SIGINT)
    assert plain.stdout == "left\n"
    assert "the script ended by KeyboardInterrupt" in text
    assert "curves accuracy 1 loss 1." in text


PLAIN_SCRIPTS = {
    "what a script finds": """
        import os, pickle, sys
        class Thing: pass
        print(__name__, __file__, sys.argv, sys.path[0], os.getcwd())
        print(__spec__, __package__, __doc__, sorted(globals()))
        print(sys.modules["__main__"].Thing is type(pickle.loads(pickle.dumps(Thing()))), sys.excepthook)
        """,
    "nothing is loaded before": """
        import os, sys
        print([name for name in ("numpy", "keras", "jax", "polars", "sklearn") if name in sys.modules])
        """,
    "text for sys.exit": "import sys; sys.exit('no data')",
    "a chain of errors": """
        def inner():
            raise KeyError("inner")
        try:
            inner()
        except KeyError as error:
            raise ValueError("outer") from error
        """,
    "not Python": "x = = 1",
    "an unknown backend": "import os; os.environ['KERAS_BACKEND'] = 'abacus'; import keras",
    "an excepthook": "import sys; sys.excepthook = lambda *error: print('hooked', error[0]); 1 / 0",
    "a child process": """
        import os, sys
        if os.fork() == 0:
            sys.exit(3)
        print(os.waitstatus_to_exitcode(os.wait()[1]))
        """,
}


@pytest.mark.parametrize("name", PLAIN_SCRIPTS)
def test_a_script_runs_as_by_python(tmp_path, name):
    """Arguments, names, paths, errors and statuses are those of ``python train.py``."""
    source = dedent(PLAIN_SCRIPTS[name])
    plain, watched = run_both(tmp_path, source, "--json", "x", "--", "-h")
    text = said(plain, watched)
    assert watched.status == plain.status
    assert plain.stdout + plain.stderr
    assert text.count("wellfit watched train.py: it did not import Keras") == 1


def test_without_a_fit(tmp_path):
    """A script that imports Keras and never fits is told so, and ends well."""
    plain, watched = run_both(tmp_path, "import keras; print(keras.config.backend())")
    assert (plain.status, watched.status) == (0, 0)
    assert said(plain, watched).strip() == "wellfit watched train.py: no call of keras.Model.fit"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.py"], "there is no script 'missing.py'"),
        (["."], "a folder"),
        (["--json", "-", "train.py"], "stdout is the script's own"),
        (["--json", "nowhere/found.json", "train.py"], "make the folder nowhere"),
        (["--jsno", "x", "train.py"], "--jsno"),
        ([], "SCRIPT"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, monkeypatch, capsys, arguments, words):
    """Wrong arguments end with status 2 before the script begins."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("raise SystemExit(9)")
    assert run_command(monkeypatch, "watch", *arguments) == 2
    assert words in capsys.readouterr().err


LOADER = f"""{DATA}
import torch
torch.manual_seed(1)
rows = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y[:, None]))
model = network("net")
held = torch.utils.data.DataLoader(rows, batch_size=25)
loader = torch.utils.data.DataLoader(rows, batch_size=16, shuffle=True)
print(model.fit(loader, validation_data=held, epochs=2, verbose=0, shuffle=False).history)
save(model)
print(torch.rand(3))
"""


@pytest.mark.torch
@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_loader_of_pytorch(tmp_path, backend):
    """A shuffled PyTorch loader is seen going by, and neither weights nor random states change."""
    plain, watched = run_both(tmp_path, LOADER, KERAS_BACKEND=backend)
    text = said(plain, watched)
    assert (plain.status, watched.status) == (0, 0), plain.stderr
    assert all(np.array_equal(a, b) for a, b in zip(plain.arrays, watched.arrays, strict=True))
    assert "network 'net': 60 rows as PyTorch loader, 60 validation rows, 2 epochs, batch size 16" in text
    assert "net (60, 3) (60, 1) 2 60." in text


DATASET = f"""
import tensorflow as tf
{DATA.replace("import keras, ", "keras = tf.keras; import ")}
rows = tf.data.Dataset.from_tensor_slices((x, y))
model = network("net")
train, held = rows.shuffle(60, seed=1).batch(16), rows.batch(25)
print(model.fit(train, validation_data=held, epochs=2, verbose=0, shuffle=False).history)
save(model)
"""


@pytest.mark.tensorflow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_dataset_of_tensorflow(tmp_path, backend):
    """A shuffled tf.data pipeline is read beside the fit or after it, and the weights do not change."""
    plain, watched = run_both(tmp_path, DATASET, KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3")
    text = said(plain, watched)
    assert (plain.status, watched.status) == (0, 0), plain.stderr
    assert all(np.array_equal(a, b) for a, b in zip(plain.arrays, watched.arrays, strict=True))
    assert "network 'net': 60 rows as tf.data, 60 validation rows, 2 epochs, batch size 16" in text
    assert "net (60, 3) (60,) 2 60." in text
