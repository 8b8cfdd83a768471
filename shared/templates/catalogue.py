"""The catalogue of notifications: one JSON file a template, read strictly at the start.

The provider gives its codes when a template is created, so they are not in the files: they come
from a setting, and a template that has none cannot go out by SMS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import SettingsInvalid
from shared.template import ChannelName, Content, Template, TemplateKind, Variable, VariableKind
from shared.templates.segments import variables_of

FOLDER = Path(__file__).resolve().parent / "catalogue"
CONTENT_LIMIT = 500
OPT_OUT = "拒收请回复R"
"""How a mainland promotion has to end (template specifications, 108088)."""

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

_Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class _Variable(_Strict):
    # 1 to 25 characters, and 1 to 35 of value: the provider's rules for a notice.
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,24}$")
    kind: VariableKind
    min_length: int = Field(ge=1, le=35)
    max_length: int = Field(ge=1, le=35)


class _Content(_Strict):
    sms: str = Field(min_length=1, max_length=CONTENT_LIMIT)
    email_subject: str = Field(max_length=200)
    email_text: str = Field(max_length=10_000)


class _Limit(_Strict):
    limit: int = Field(ge=1)
    window_s: int = Field(ge=1, le=86_400)


class _QuietHours(_Strict):
    """`HH:MM` of the recipient's day; `from` is after `until` where they go over midnight."""

    start: str = Field(alias="from", pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    until: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


class _Entry(_Strict):
    name: _Name
    kind: TemplateKind
    owner: str = Field(min_length=1)
    cost_class: str = Field(min_length=1)
    channels: list[ChannelName] = Field(min_length=1)
    fallback_after_s: int = Field(ge=0)
    is_secret: bool
    per_phone: list[_Limit] = Field(min_length=1)
    when_limited: Literal["wait", "drop"]
    quiet_hours: _QuietHours | None
    consent: Literal["none", "opt_out", "opt_in"]
    # Absent: everywhere, at any cost.
    sms_countries: list[_Country] = Field(default=[])
    sms_cost_limit_milli: int = Field(default=0, ge=0)
    variables: list[_Variable]
    contents: dict[Literal["zh", "en"], _Content]


def load_catalogue(
    codes: Mapping[str, Mapping[str, str]], *, sign_name: str, folder: Path = FOLDER
) -> Mapping[str, Template]:
    """Every template of `folder` by its name; `codes`: the provider's, by name and destination.

    Raises SettingsInvalid, which names every bad file and field, and codes of no template.
    """
    read: dict[str, Template] = {}
    problems: list[str] = []
    for file in sorted(folder.glob("*.json")):
        try:
            entry = _Entry.model_validate_json(file.read_bytes())
        except ValidationError as error:
            problems += [
                f"{file.name}: {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            ]
            continue
        problems += [f"{file.name}: {flaw}" for flaw in _flaws(entry, file.stem)]
        read[file.stem] = _template(entry, codes.get(file.stem, {}), sign_name)
    if not problems:
        problems = [f"codes: {name}: no such template" for name in codes if name not in read]
    if problems:
        raise SettingsInvalid("; ".join(problems))
    return read


def _flaws(entry: _Entry, stem: str) -> Iterator[str]:
    """What no single field can know: each as `field: what`."""
    if entry.name != stem:
        yield "name: not that of the file"
    if len(set(entry.channels)) < len(entry.channels):
        yield "channels: one stands twice"
    if entry.kind == "promotion" and entry.consent == "none":
        yield "consent: a promotion needs opt_in or opt_out"
    if entry.quiet_hours and entry.quiet_hours.start == entry.quiet_hours.until:
        yield "quiet_hours: an empty span"
    for name, count in Counter(variable.name for variable in entry.variables).items():
        if count > 1:
            yield f"variables: {name} stands twice"
    for variable in entry.variables:
        if variable.min_length > variable.max_length:
            yield f"variables: {variable.name}: min_length is over max_length"
    yield from _content_flaws(entry)


def _content_flaws(entry: _Entry) -> Iterator[str]:
    names = {variable.name for variable in entry.variables}
    for locale in ("zh", "en"):
        content = entry.contents.get(locale)
        if content is None:
            yield f"contents.{locale}: missing"
            continue
        if set(variables_of(content.sms)) != names:
            yield f"contents.{locale}.sms: its variables are not those that are declared"
        for field in ("email_subject", "email_text"):
            if not set(variables_of(getattr(content, field))) <= names:
                yield f"contents.{locale}.{field}: a variable that is not declared"
            if "email" in entry.channels and not getattr(content, field):
                yield f"contents.{locale}.{field}: empty, but e-mail is a channel"
        if re.search(r"[\r\n]", content.email_subject):
            yield f"contents.{locale}.email_subject: a line break"
    domestic = entry.contents.get("zh")
    if entry.kind == "promotion" and domestic and not domestic.sms.endswith(OPT_OUT):
        yield f"contents.zh.sms: a promotion ends with {OPT_OUT}"


def _template(entry: _Entry, codes: Mapping[str, str], sign_name: str) -> Template:
    quiet = entry.quiet_hours
    return Template(
        name=entry.name,
        kind=entry.kind,
        owner=entry.owner,
        sign_name=sign_name,
        variables=tuple(
            Variable(each.name, each.kind, each.max_length, each.min_length)
            for each in entry.variables
        ),
        contents={
            locale: Content(each.sms, each.email_subject, each.email_text)
            for locale, each in entry.contents.items()
        },
        channels=tuple(each for each in entry.channels if codes or each != "sms"),
        codes=dict(codes),
        fallback_after_s=entry.fallback_after_s,
        is_secret=entry.is_secret,
        per_phone=tuple((each.limit, each.window_s) for each in entry.per_phone),
        when_limited=entry.when_limited,
        quiet_hours=(_minutes(quiet.start), _minutes(quiet.until)) if quiet else None,
        consent=entry.consent,
        cost_class=entry.cost_class,
        sms_countries=frozenset(entry.sms_countries),
        sms_cost_limit_milli=entry.sms_cost_limit_milli,
    )


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)
