"""What the board can be told: the section ``board`` of the settings."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from streams.settings import fields as f
from streams.settings.section import Section, setting

Way: TypeAlias = Literal["none", "oidc", "proxy", "tokens"]


class Role(Section):
    """What whoever has a role may see and do. Nothing by default."""

    sees_customers: f.Flag = setting(default=False, description="Whether they are shown who the customers are.")
    may_act: f.Flag = setting(default=False, description="Whether they may answer nudges.")
    all_teams: f.Flag = setting(default=False, description="Whether they see every team, and not only their own.")


class Oidc(Section):
    """Signing in by OpenID Connect. Files are looked for beside this one."""

    issuer: f.MaybeUrl = setting(None, "Address of the provider, exactly as its tokens say it.")
    client_id: f.MaybeName = setting(None, "What it knows the board by.")
    client_secret_file: f.MaybeName = setting(
        None,
        "The file that holds our secret; else OUTCOME_MONITOR__SECRETS__OIDC_CLIENT_SECRET. A public client has none.",
    )
    scopes: tuple[f.Name, ...] = setting(("openid", "profile"), "What it is asked for.")
    name_claim: f.Name = setting("name", "The claim that says who somebody is.")
    teams_claim: f.Name = setting("teams", "The claim that says which teams they lead.")
    roles_claim: f.Name = setting("roles", "The claim that says which roles they have.")
    ca_file: f.MaybeName = setting(None, "Who signs its certificate; null for those whom this machine trusts.")


class Proxy(Section):
    """Signing in at a reverse proxy, at one of the addresses of board.proxies, which says in headers who is there."""

    user_header: f.Name = setting("X-Forwarded-User", "Who it is.")
    teams_header: f.Name = setting("X-Forwarded-Teams", "Which teams they lead, with commas between them.")
    roles_header: f.Name = setting("X-Forwarded-Roles", "Which roles they have, with commas between them.")
    secret_header: f.Name = setting("X-Proxy-Secret", "Shows that it is the proxy.")
    secret_file: f.MaybeName = setting(
        None, "The file that holds that secret, beside this one; else OUTCOME_MONITOR__SECRETS__PROXY_SECRET does."
    )


class Tokens(Section):
    """Signing in with a token, for small sites."""

    file: f.MaybeName = setting(
        None, "The file of tokens, beside this one; `outcome-monitor board-token` makes its lines."
    )


class Board(Section):
    """Of the board: who may see what."""

    access: Way = setting("none", "How people sign in; none is for this machine alone.")
    url: f.Site = setting(
        None,
        "The board's address as browsers see it, such as https://board.example; beyond this machine oidc and tokens"
        " need one that begins so.",
    )
    proxies: f.Networks = setting((), "Where reverse proxies are, whose X-Forwarded-For and -Proto are believed.")
    session: f.Session = setting(
        "12h",
        "Whoever signed in is asked again after this time; by oidc, sooner if the provider says so.",
    )
    max_body: f.Size = setting("16 KiB", "Largest body of a request.")
    audit: f.MaybeName = setting(
        None, "File of the audit log, relative to the working folder; null is the standard error."
    )
    roles: Mapping[f.Name, Role] = setting(
        {}, "What each role may see and do, by name; what is missing grants nothing."
    )
    oidc: Oidc = Oidc()
    proxy: Proxy = Proxy()
    tokens: Tokens = Tokens()
