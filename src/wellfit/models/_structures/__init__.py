"""One change of a network's structure a file: each a function from a network to another one."""

from wellfit.models._structures._activation import with_activation
from wellfit.models._structures._convolutions import with_convolutions
from wellfit.models._structures._entrance import has_periodic, with_entrance
from wellfit.models._structures._facts import StructureFacts, structure_facts
from wellfit.models._structures._map_dropout import with_map_dropout
from wellfit.models._structures._normalization import with_normalization
from wellfit.models._structures._pooling import with_pooling
from wellfit.models._structures._skip import with_skip

__all__ = [
    "StructureFacts",
    "has_periodic",
    "structure_facts",
    "with_activation",
    "with_convolutions",
    "with_entrance",
    "with_map_dropout",
    "with_normalization",
    "with_pooling",
    "with_skip",
]
