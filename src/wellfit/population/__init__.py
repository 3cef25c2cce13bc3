"""The compiled program that trains many members at once, and the executors that run it."""

from wellfit.population._augmented import PICTURE_FIELDS, augmented
from wellfit.population._choose import ExecutorChoice, choose_executor, open_executor
from wellfit.population._convolution import convolving_times, use_convolving_times
from wellfit.population._device import device_name, enable_compilation_cache, num_workers
from wellfit.population._diffusion import StoppedError, drawn_pictures, num_drawing_products
from wellfit.population._executor import Executor, MemberRun
from wellfit.population._initial import biased_weights, initial_weights, standard_weights
from wellfit.population._mechanisms import FREE, mechanism_groups
from wellfit.population._memory import free_bytes
from wellfit.population._population import Population
from wellfit.population._run import Run
from wellfit.population._running_curves import Watch
from wellfit.population._sequential import FitExecutor
from wellfit.population._shared import TargetScaling
from wellfit.population._worker import WorkerExecutor

__all__ = [
    "FREE",
    "PICTURE_FIELDS",
    "Executor",
    "ExecutorChoice",
    "FitExecutor",
    "MemberRun",
    "Population",
    "Run",
    "StoppedError",
    "TargetScaling",
    "Watch",
    "WorkerExecutor",
    "augmented",
    "biased_weights",
    "choose_executor",
    "convolving_times",
    "device_name",
    "drawn_pictures",
    "enable_compilation_cache",
    "free_bytes",
    "initial_weights",
    "mechanism_groups",
    "num_drawing_products",
    "num_workers",
    "open_executor",
    "standard_weights",
    "use_convolving_times",
]
