"""What every part of a file is made of."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """Part of a file. A key that it does not know is an error, and so is a default that breaks its own rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def setting(default: Any, description: str) -> Any:  # noqa: ANN401 - text that the field's own validator reads
    """Return a field with a default that is written as it would be in the file."""
    return Field(default, description=description)
