"""
The tests.

Hypothesis tries the same examples in each run: what passed before passes again, and no change fails for what an older one let
through. With ``TXTOR_EXPLORE=1`` in the environment it tries new ones instead, which is how such things are looked for.
"""

import os

from hypothesis import HealthCheck, settings

#: Without a deadline: a loaded machine is slow, which says nothing of what is tested.
settings.register_profile(
    "txtor",
    derandomize=not os.environ.get("TXTOR_EXPLORE"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("txtor")
