"""Packaging: what a function needs on Function Compute, and nothing else, as a folder and a zip.

The official SDKs install as 138 MB, most of which the synchronous paths never touch. The one
decision to know: versions come only from the hashed lock, and what is left out or replaced by a
placeholder is a table in `slimming.py`, each line with its reason.
"""

from infra.package.build import build
from infra.package.model import BuiltFunction, PackagingFailed, Report, ShippedDistribution

__all__ = ["BuiltFunction", "PackagingFailed", "Report", "ShippedDistribution", "build"]
