"""groundup: machine learning from the ground up.

>>> import groundup as gu
>>> gu.__version__
'0.1.0'

Every name below is loaded on first use, so ``import groundup`` costs next to nothing.
"""

from groundup._lazy import attach
from groundup._version import __version__

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "tables": ["read"],
        "workbench": ["Project", "load"],
    },
    modules=["engine", "judge", "models", "ship", "tables", "testing", "workbench"],
)
__all__ += ["__version__"]
