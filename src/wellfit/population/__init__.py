"""The compiled program that trains many members at once, and the executors that run it."""

from wellfit.population._device import enable_compilation_cache, num_workers
from wellfit.population._population import Population, TargetScaling
from wellfit.population._run import Run

__all__ = ["Population", "Run", "TargetScaling", "enable_compilation_cache", "num_workers"]
