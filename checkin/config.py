"""Every option of the service: one table, read from the environment and a TOML file."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from checkin.core.errors import BadInput

PREFIX = "CHECKIN_"
FILE_VARIABLE = "CHECKIN_CONFIG"
FILE_DEFAULT = "checkin.toml"

_CHAR = "|%[0-9A-Fa-f]{2}"
_HOST = rf"(?:\[[^\]@/]+\]|(?:[^:@/?#,\[\]%]{_CHAR})*)(?::\d+)?"
_POSTGRES = re.compile(
    rf"(postgres(?:ql)?://)(?:((?:[^:@/%]{_CHAR})*)(?::((?:[^@/%]{_CHAR})*))?@)?"
    rf"({_HOST}(?:,{_HOST})*)(/(?:[^/?@%]{_CHAR})*)?(\?(?:[^%]{_CHAR})*)?"
)
"""scheme, user, password, hosts, database, parameters. In a URL that fits, nothing but these holds a part of the
password: errors may name the host."""
_PASSWORD_GIVEN = re.compile(r"([?&](?:ssl)?password=)[^&]*")


class BadOption(BadInput):
    """An option, or the address of a database, that cannot be used: wrong use."""

    code = "option_invalid"


class Option(Struct, frozen=True):
    """`name` in the TOML file; in the environment it is `CHECKIN_` and the name in capitals."""

    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False


class Setting(Struct, frozen=True):
    """An option's value and where it came from."""

    option: Option
    value: Any
    source: str

    def shown(self) -> str:
        """The value as `checkin config` prints it: without passwords."""
        text = str(self.value)
        if not self.option.secret or not text or text.startswith("sqlite:"):
            return text
        parts = _POSTGRES.fullmatch(text)
        if parts is None:
            return "…, which cannot be read"
        scheme, user, password, hosts, database, parameters = parts.groups("")
        who = f"{user}:…@" if password else f"{user}@" if user else ""
        return scheme + who + hosts + database + _PASSWORD_GIVEN.sub(r"\1…", parameters)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise ValueError("a port is from 0 to 65535")
    return port


def _level(text: str) -> str:
    if text.lower() not in ("debug", "info", "warning", "error"):
        raise ValueError("one of debug, info, warning, error")
    return text.lower()


def _second_factor(text: str) -> str:
    if text.lower() not in ("required", "offered"):
        raise ValueError("one of required, offered")
    return text.lower()


def _truth(text: str) -> bool:
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in known:
        raise ValueError("one of yes, no")
    return known[text.lower()]


OPTIONS = (
    Option("database_url", str, "sqlite:///checkin.db", "sqlite:///FILE or postgresql://…", secret=True),
    Option(
        "database_listen_url",
        str,
        "",
        "postgresql://… past a pooler, for the news of other nodes; empty: as database_url",
        secret=True,
    ),
    Option("host", str, "127.0.0.1", "address to listen on; 0.0.0.0 for all"),
    Option("port", _port, "8000", "port to listen on; 0 takes a free one"),
    Option("proxies", str, "127.0.0.1", "reverse proxies whose X-Forwarded-… headers are believed, by comma"),
    Option("events_folder", Path, "events", "files of the events: EVENT/badges/FORMAT.typ is an own template"),
    Option(
        "second_factor",
        _second_factor,
        "required",
        "required: organiser and safety do nothing without one; offered: they may do without",
    ),
    Option(
        "webhooks_private",
        _truth,
        "no",
        "yes: webhooks may go to the house's own network and by http://; no: to the internet by https:// alone",
    ),
    Option("log_level", _level, "info", "debug, info, warning or error"),
)


def load_settings(environment: Mapping[str, str] = os.environ) -> dict[str, Setting]:
    """name → setting: from the environment, else the file, else the default.

    The file is `CHECKIN_CONFIG`, or `checkin.toml` in the working folder where there is one. Raises
    `BadOption` that names a wrong option and where it stands.
    """
    path, values = _file(environment)
    known = {option.name for option in OPTIONS}
    if unknown := values.keys() - known:
        raise BadOption(
            f"{path} has unknown options: {', '.join(sorted(unknown))}. Known are: {', '.join(sorted(known))}."
        )
    return {option.name: _setting(option, environment, values, path) for option in OPTIONS}


def _file(environment: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    named = environment.get(FILE_VARIABLE)
    path = Path(named or FILE_DEFAULT)
    if not named and not path.exists():
        return path, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadOption(f"The options in {path} cannot be read: {error}") from error


def _setting(option: Option, environment: Mapping[str, str], values: Mapping[str, Any], path: Path) -> Setting:
    variable = PREFIX + option.name.upper()
    if variable in environment:
        text, source = environment[variable], variable
    elif option.name in values:
        text, source = str(values[option.name]), str(path)
    else:
        text, source = option.default, "default"
    try:
        return Setting(option, option.parse(text), source)
    except ValueError as error:
        raise BadOption(f"{source} gives {option.name} a value that cannot be used: {error}.") from error


def is_postgres(url: str) -> bool:
    """Whether a database URL is one of PostgreSQL."""
    return url.startswith(("postgresql://", "postgres://"))


def check_database_url(url: str, named: str = "CHECKIN_DATABASE_URL") -> None:
    """Raises `BadOption` for what is no address of a database; it tells nothing of a password."""
    if is_postgres(url):
        if _POSTGRES.fullmatch(url) is None:
            raise BadOption(
                f"{named} cannot be read. Percent-encode what is special in the user's name and password"
                " (@ as %40, / as %2F, : as %3A, % as %25): postgresql://USER:PASSWORD@HOST/DATABASE.",
                code="database_url",
            )
    elif not url.startswith("sqlite:///") or url == "sqlite:///":
        driver = " Leave out the name of the driver." if url.startswith(("postgresql+", "postgres+")) else ""
        raise BadOption(
            f"{named} must be sqlite:///FILE (or sqlite:////ABSOLUTE/FILE), or for several nodes"
            f" postgresql://USER:PASSWORD@HOST/DATABASE.{driver}",
            code="database_url",
        )


def database_path(url: str) -> Path:
    """The file of a `sqlite:///` URL. Raises `BadOption` for another kind of URL."""
    check_database_url(url)
    return Path(url.removeprefix("sqlite:///"))
