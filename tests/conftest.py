"""How hard hypothesis tries: quick while one works, thorough and repeatable in CI.

``HYPOTHESIS_PROFILE=ci make test`` does here what CI does; a failure found there is printed so that it can be replayed.
"""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))
