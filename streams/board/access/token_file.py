"""The tokens of a small site: a file of one JSON object a line, which may be changed at any time."""

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from streams.board.access.config import AccessError
from streams.contracts.fields import MAX_TEXT, NO_CONTROLS
from streams.contracts.times import EPOCH
from streams.domain.units import Millis

_PREFIX: Final = "board_"
_TOKEN_BYTES: Final = 32
_Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=NO_CONTROLS)]


class TokenFileError(AccessError):
    """The file can't be used, so no token is taken."""


class TokenEntry(BaseModel):
    """A token: whose it is, what it allows, its hash, and when it expires, if it does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Text
    teams: tuple[_Text, ...] = ()
    roles: tuple[_Text, ...] = ()
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    expires: AwareDatetime | None = None

    @property
    def expires_at(self) -> Millis | None:
        """When it expires, in milliseconds."""
        return None if self.expires is None else int((self.expires - EPOCH).total_seconds() * 1_000)


def new_token() -> str:
    """Return a random token, which nobody can guess: its hash needs no salt."""
    return _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(token: str) -> str:
    """Return the hash of a token, as a file has it."""
    return sha256(token.encode(errors="replace")).hexdigest()


class TokenFile:
    """The file. It is read for each question: it is small, and a line that was taken out holds no longer at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, token_hash: str) -> TokenEntry | None:
        """Return the entry of a hash; takes as long whichever it is.

        Raises:
            TokenFileError: the file can't be read, or a line of it is none.
        """
        found = None
        for entry in self.entries():
            if hmac.compare_digest(entry.sha256, token_hash):
                found = entry
        return found

    def entries(self) -> list[TokenEntry]:
        """Return all entries.

        Raises:
            TokenFileError: the file can't be read, or a line of it is none.
        """
        try:
            lines = self._path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not a text in UTF-8"
            msg = (
                f"{self._path}: can't be read ({why}); name a file of lines that `outcome-monitor board-token` printed"
            )
            raise TokenFileError(msg) from error
        entries = []
        for number, line in enumerate(lines, start=1):
            if line and not line.isspace():
                entries.append(self._entry(number, line))
        return entries

    def _entry(self, number: int, line: str) -> TokenEntry:
        try:
            return TokenEntry.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "the line"
            msg = f"{self._path}:{number}: {place}: {first['msg']}; write it as `outcome-monitor board-token` does"
            raise TokenFileError(msg) from None
