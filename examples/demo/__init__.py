"""The story of ten real incidents, told on a virtual clock against the real service.

`run` tells it; `composition.py` hands over how the service is composed.
"""

from __future__ import annotations

from examples.demo.running import Options, Serve, run

__all__ = ["Options", "Serve", "run"]
