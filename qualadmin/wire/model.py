"""Amazon's own description of the API (2017-01-17), read from the file that botocore brings along.

Only the file is read: botocore itself is not imported, so the server starts without it.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

_FOLDER = Path("data", "mturk", "2017-01-17")


class ModelMissing(RuntimeError):
    """botocore is not installed, or keeps its descriptions elsewhere."""


class ServiceModel(NamedTuple):
    """Operation name to the name of its input shape, and all shapes in the form of service-2.json."""

    inputs: dict[str, str]
    shapes: dict[str, dict[str, Any]]


@cache
def service_model() -> ServiceModel:
    """The description, read once a process. Raises ModelMissing."""
    content = json.loads(_text())
    return ServiceModel(
        {name: operation["input"]["shape"] for name, operation in content["operations"].items()},
        content["shapes"],
    )


def _text() -> bytes:
    spec = find_spec("botocore")
    for place in spec.submodule_search_locations or () if spec else ():
        packed, plain = (Path(place, _FOLDER, name) for name in ("service-2.json.gz", "service-2.json"))
        if packed.exists():
            return gzip.decompress(packed.read_bytes())
        if plain.exists():
            return plain.read_bytes()
    raise ModelMissing(
        "Amazon's description of Mechanical Turk was not found in botocore. Install boto3; if it is there, "
        "adapt qualadmin/wire/model.py to where it keeps service-2.json now."
    )
