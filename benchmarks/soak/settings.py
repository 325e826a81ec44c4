"""The product's own settings, in a hurry, with a queue that nothing else on this Redis shares."""

import os

from qualadmin.settings import *  # noqa: F403
from qualadmin.settings import CACHES, INSTALLED_APPS, Q_CLUSTER

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.soak"]
MARK = os.environ.get("SOAK", "soak")
Q_CLUSTER["name"] = MARK
if CACHES["default"]["BACKEND"].endswith("RedisCache"):
    CACHES["default"]["KEY_PREFIX"] = MARK
