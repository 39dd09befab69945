"""A module that fails when it is imported, for a reason of its own."""

import os

KEY = os.environ["UNSET_KEY"]
