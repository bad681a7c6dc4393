"""The few pages that are shown to whoever is not in, without scripts; and words for pages to show."""

from collections.abc import Mapping
from html import escape
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from streams.board.access.port import SIGN_IN_PATH, Refused


def _page(title: str, body: str, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/board.css">'
        f'<title>{escape(title)}</title></head><body class="message">'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(text, status, dict(headers or {}))


def is_asked_by_page(request: Request) -> bool:
    """Say whether a page of ours sends a request, to show in itself what is answered."""
    return "hx-request" in request.headers


def words(text: str, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> Response:
    """Return a text for a page to show in itself."""
    return HTMLResponse(escape(text), status, headers)


def refusal(request: Request, refused: Refused) -> Response:
    """Return what says why somebody gets no further, in so far as it is theirs to know."""
    if is_asked_by_page(request):
        return words(refused.says, refused.status, refused.headers)
    body = f'<p>{escape(refused.says)}</p><p><a href="/">Back to the board</a></p>'
    return _page(refused.status.phrase, body, refused.status, refused.headers)


def token_form(action: str) -> Response:
    """Return the page that asks for a token."""
    body = (
        f'<form method="post" action="{escape(action)}"><p><label for="token">Your token</label></p>'
        '<p><input id="token" name="token" type="password" autocomplete="current-password" required autofocus></p>'
        '<p><button type="submit">Sign in</button></p></form>'
    )
    return _page("Sign in", body, HTTPStatus.OK)


def signed_out() -> Response:
    """Return the page that says so."""
    return _page("Signed out", f'<p><a href="{SIGN_IN_PATH}">Sign in again</a></p>', HTTPStatus.OK)
