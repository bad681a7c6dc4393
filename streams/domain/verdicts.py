"""The verdicts of a contact in a window; while none of them holds it is pending."""

from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["recurred", "exited", "confirmed", "resolved"]
"""``recurred``: failure demand came back. ``exited``: the customer left. ``confirmed``: the customer said that it is
solved. ``resolved``: presumed, since the window passed and nothing happened."""
