"""Everything that this project's s.yaml names and that is made elsewhere: code, roles, queues,
settings, environment variables. The names must be those, and none may be left out.

The reader itself knows none of this: the local cloud runs any project's file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from infra.foundation.role import Role
from infra.foundation.roles import roles
from infra.queues import DEAD, QUEUES, TOPICS
from infra.serverless_devs.problems import Problems, Where
from infra.serverless_devs.source import ENV_CALL
from shared import console_wiring, notification_wiring, rollup_wiring, settings, wiring
from shared.abuse.setting import parse_abuse
from shared.budget.setting import parse_budgets
from shared.errors import SettingsInvalid
from shared.otp.policy_file import load_policies
from shared.secret_source import PREFIX
from shared.templates.prices import read_prices
from shared.throttle.setting import parse_limits, parse_rules
from shared.webhooks.endpoints import read_endpoints

ROOT = Path(__file__).resolve().parents[2]
_BUILT = "build/functions/"
_NOT_SETTINGS = {"PYTHONPATH", "PYDANTIC_DISABLE_PLUGINS", "KMS_ENDPOINT"}
"""Read by Python, by pydantic, and before the settings are."""
_WIRINGS = (wiring, notification_wiring, console_wiring, rollup_wiring)
_READERS: Mapping[str, Callable[[str], object]] = {
    "OTP_POLICIES": load_policies,
    "OTP_LIMITS": parse_limits,
    "OTP_RULES": parse_rules,
    "OTP_ABUSE": parse_abuse,
    "BUDGETS": parse_budgets,
    "SMS_PRICES": read_prices,
    "WEBHOOKS": read_endpoints,
}
"""What rooms read of a setting's text once a function starts."""
_VARIABLE = re.compile(r"^#?\s?(?:export )?(SESAME_\w+|STAGE|ALIYUN_REGION)=", re.MULTILINE)


class References:
    """One look at what a file names, for one stage."""

    def __init__(self, path: Path, *, stage: str, account_id: str, env_example: Path) -> None:
        self._path = path
        self._stage = stage
        self._env_example = env_example
        self._roles: dict[str, Role] = {
            role.name: role
            for role in roles(
                stage=stage, account_id=account_id, region="cn-hangzhou", instance="instance"
            )
        }

    def check(self, functions: Mapping[str, dict[str, object]], problems: Problems) -> None:
        """Note every name that leads nowhere, and every one that is missing."""
        for resource, props in functions.items():
            where = ("resources", resource, "props")
            folder = self._check_code(props, where, problems)
            self._check_role(props, where, problems, folder)
            self._check_targets(props, where, problems)
            if folder:
                _check_settings(folder, props, where, problems)
        sources = {path.parent.name for path in (ROOT / "functions").glob("*/index.py")}
        for name in sorted(sources - {_folder(props) for props in functions.values()}):
            problems.add(("resources",), f"lacks functions/{name}")
        self._check_variables(problems)

    def _check_code(self, props: Mapping[str, object], where: Where, problems: Problems) -> str:
        folder = _folder(props)
        if not (ROOT / "functions" / folder / "index.py").is_file() or not folder:
            problems.add((*where, "code"), f"{props.get('code')!r} is built from no functions/*/")
            return ""
        hooks = props.get("instanceLifecycleConfig")
        spots: list[tuple[Where, object]] = [(("handler",), props.get("handler"))]
        for name, hook in (hooks if isinstance(hooks, dict) else {}).items():
            if isinstance(hook, dict):
                spots.append((("instanceLifecycleConfig", name, "handler"), hook.get("handler")))
        for place, handler in spots:
            module, _, function = str(handler).partition(".")
            file = ROOT / "functions" / folder / f"{module}.py"
            if not file.is_file():
                problems.add((*where, *place), f"there is no functions/{folder}/{module}.py")
            elif function not in _names_in(file):
                problems.add(
                    (*where, *place), f"functions/{folder}/{module}.py has no {function!r}"
                )
        return folder

    def _check_role(
        self, props: Mapping[str, object], where: Where, problems: Problems, folder: str
    ) -> None:
        name = str(props.get("role", ""))
        if name not in self._roles:
            problems.add((*where, "role"), f"{name!r} is none of infra/foundation/roles.py")
        elif folder and self._roles[name].function != folder:
            owner = self._roles[name].function or "people"
            problems.add((*where, "role"), f"{name!r} is for {owner}")

    def _check_targets(self, props: Mapping[str, object], where: Where, problems: Problems) -> None:
        queues = {spec.name_in(self._stage) for spec in QUEUES}
        topics = {f"{name}-{self._stage}" for name in TOPICS}
        dead = {DEAD.name_in(self._stage)}
        known = {
            "QueueName": ("queue", queues, r"(.*)"),
            "Arn": ("dead-letter queue", dead, r".*:/queues/([^/]*)"),
            "destination": ("dead-letter queue", dead, r".*:/queues/([^/]*)/messages"),
            "sourceArn": ("topic", topics, r".*:/topics/([^/]*)"),
        }
        for place, key, value in _texts(props):
            if key not in known or "environmentVariables" in place:
                continue
            kind, names, form = known[key]
            found = re.fullmatch(form, value)
            if not found or found[1] not in names:
                problems.add(
                    (*where, *place),
                    f"{value!r} is no {kind} of infra/queues.py: {', '.join(sorted(names))}",
                )
            elif key == "destination" and not self._may_send(props, found[1]):
                problems.add(
                    (*where, *place), f"{props.get('role')} may not mns:SendMessage to {found[1]}"
                )

    def _may_send(self, props: Mapping[str, object], queue: str) -> bool:
        role = self._roles.get(str(props.get("role")))
        return role is None or any(
            "mns:SendMessage" in statement.actions
            and any(each.endswith(f":/queues/{queue}/messages") for each in statement.resources)
            for statement in role.statements
        )

    def _check_variables(self, problems: Problems) -> None:
        named = set(_VARIABLE.findall(self._env_example.read_text(encoding="utf-8")))
        used: dict[str, int] = {}
        for number, line in enumerate(self._path.read_text(encoding="utf-8").splitlines(), 1):
            for name in ENV_CALL.findall(line):
                used.setdefault(name, number)
        for name in sorted(used.keys() - named):
            problems.add(
                (f"env('{name}')",),
                f"is not in {self._env_example.name} (line {used[name]})",
            )
        for name in sorted(named - used.keys() - _read_by_commands(frozenset(named))):
            problems.add((f"env('{name}')",), f"is in {self._env_example.name}, and nowhere here")


@cache
def _read_by_commands(names: frozenset[str]) -> frozenset[str]:
    """Those of the names that stand in a command of infra/."""
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "infra").rglob("*.py")]
    return frozenset(name for name in names if any(f'"{name}"' in text for text in sources))


def _folder(props: Mapping[str, object]) -> str:
    """The folder below functions/ that the code is built from; empty if it is none."""
    code = str(props.get("code", "")).removeprefix("./")
    return code.removeprefix(_BUILT) if code.startswith(_BUILT) else ""


@cache
def _names_in(file: Path) -> frozenset[str]:
    """What a module binds at its top."""
    names: set[str] = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(each.id for each in node.targets if isinstance(each, ast.Name))
    return frozenset(names)


def _texts(value: object, place: Where = ()) -> Iterator[tuple[Where, str, str]]:
    """Every text below a value: its path, its key, itself."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, str(index)))
    elif isinstance(value, str) and place:
        yield place, place[-1], value


def _check_settings(
    folder: str, props: Mapping[str, object], where: Where, problems: Problems
) -> None:
    """The environment against the settings that the function's wiring reads: none missing, none
    that is read by nothing, and each of a form that the function accepts.
    """
    environment = props.get("environmentVariables")
    given = environment if isinstance(environment, dict) else {}
    kinds, here = _kinds_read_by(folder), (*where, "environmentVariables")
    read = {
        str(field.alias): field.is_required()
        for kind in kinds
        for field in kind.model_fields.values()
    }
    for name in sorted(given.keys() - read.keys() - _NOT_SETTINGS):
        problems.add((*here, str(name)), f"is read by nothing in {folder}")
    for name in sorted(name for name, is_required in read.items() if is_required):
        if name not in given:
            problems.add((*here, name), f"is missing, and {folder} reads it")
    if not all(isinstance(value, str) for value in given.values()):
        return
    present = [
        kind
        for kind in kinds
        if all(
            not str(given.get(str(field.alias), "")).startswith(PREFIX)  # KMS has the value
            and (str(field.alias) in given or not field.is_required())
            for field in kind.model_fields.values()
        )
    ]
    checks: list[Callable[[], object]] = [lambda: settings.read_settings(given, *present)]
    for name, parse in _READERS.items():
        text = given.get(name, "")
        if text and not text.startswith(PREFIX):
            checks.append(partial(parse, text))
    for check in checks:
        try:
            check()
        except SettingsInvalid as invalid:
            # The text names keys and what is wrong, never values.
            problems.add(here, str(invalid))


class _Read(Exception):
    """What a wiring wanted to read. Ends it before it builds anything."""

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self.kinds = kinds
        super().__init__()


@cache
def _kinds_read_by(folder: str) -> tuple[Any, ...]:  # Any: pydantic models of settings.py
    """The kinds of settings that the wiring of that name reads."""
    made = (getattr(module, folder, None) for module in _WIRINGS)
    make: Callable[[], object] | None = next(filter(None, made), None)
    if make is None:
        return ()

    def note(_: Mapping[str, str], *kinds: object) -> tuple[Any, ...]:
        raise _Read(kinds)

    modules = [module for module in (settings, *_WIRINGS) if hasattr(module, "read_settings")]
    patches = [patch.object(module, "read_settings", note) for module in modules]
    for each in patches:
        each.start()
    try:
        make()
    except _Read as read:
        return read.kinds
    except OSError:
        return ()  # it reads no settings, and wants a file that only a package has
    finally:
        for each in patches:
            each.stop()
    return ()
