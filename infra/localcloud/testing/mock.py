"""`mock_aliyun`: a local cloud for as long as a block or a test runs.

As a context manager it gives the cloud; as a decorator it hands it to a parameter named
`localcloud`, if the function has one. Each use is a cloud of its own: nested or side by side, two
share nothing but the process's environment, where the one entered last stands.
"""

from __future__ import annotations

import functools
import inspect
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from infra.localcloud.control.operations import OPERATIONS
from infra.localcloud.run.bare import BareCloud, BareOptions, bare_cloud
from infra.localcloud.run.fakes import TABLESTORE_INSTANCE
from infra.localcloud.testing.cloud import LocalCloud
from infra.localcloud.testing.loop import LoopThread

DEFAULT_SERVICES = ("tablestore", "dysmsapi", "sts", "smq", "directmail", "ram", "sls", "kms")
"""All but Function Compute, which runs functions only alone, or under `python -m
infra.localcloud up`.
"""
PARAMETER = "localcloud"
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")

Test = TypeVar("Test", bound=Callable[..., Any])  # Any: whatever the decorated function takes


class mock_aliyun:  # in lower case, as moto's `mock_aws`
    """A cloud with the named services, on free ports, in a thread of its own.

    services: a name or several; DEFAULT_SERVICES if none are given. data: a folder that outlives
    the cloud; a temporary one if None. sets_environment: False leaves os.environ alone.
    """

    def __init__(
        self,
        services: str | Sequence[str] = DEFAULT_SERVICES,
        *,
        data: Path | None = None,
        sets_environment: bool = True,
    ) -> None:
        self._services = (services,) if isinstance(services, str) else tuple(services)
        unknown = [name for name in self._services if name not in OPERATIONS]
        if unknown or not self._services:
            raise ValueError(f"services: must be some of {', '.join(OPERATIONS)}")
        self._data = data
        self._sets_environment = sets_environment
        self._stacks: list[ExitStack] = []

    def __enter__(self) -> LocalCloud:
        with ExitStack() as stack:
            cloud = self._start(stack)
            self._stacks.append(stack.pop_all())
        return cloud

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stacks.pop().close()

    def __call__(self, test: Test) -> Test:
        """Decorate a function, also a coroutine function: each call has a cloud of its own."""
        signature = inspect.signature(test)
        is_asked_for = PARAMETER in signature.parameters

        def given(cloud: LocalCloud) -> dict[str, LocalCloud]:
            return {PARAMETER: cloud} if is_asked_for else {}

        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def in_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self as cloud:
                    return await test(*args, **kwargs, **given(cloud))

            wrapped: Callable[..., Any] = in_coroutine
        else:

            @functools.wraps(test)
            def in_function(*args: Any, **kwargs: Any) -> Any:
                with self as cloud:
                    return test(*args, **kwargs, **given(cloud))

            wrapped = in_function
        # pytest must not take the parameter for a fixture.
        rest = [each for name, each in signature.parameters.items() if name != PARAMETER]
        vars(wrapped)["__signature__"] = signature.replace(parameters=rest)
        return wrapped  # type: ignore[return-value]  # as far as its caller can tell

    def _start(self, stack: ExitStack) -> LocalCloud:
        data = self._data
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="localcloud-")))
        loop = stack.enter_context(LoopThread())
        context = bare_cloud(BareOptions(self._services, data))
        bare = loop.run(context.__aenter__())
        stack.callback(lambda: loop.run(context.__aexit__(None, None, None)))
        cloud = _seen(bare)
        if self._sets_environment:
            stack.enter_context(_environment(cloud.environment))
        return cloud


def _seen(bare: BareCloud) -> LocalCloud:
    return LocalCloud(
        endpoints={name: told["endpoint"] for name, told in bare.described.items()},
        control=bare.control,
        access_key_id=bare.access_key.access_key_id,
        access_key_secret=bare.access_key.access_key_secret,
        instance=TABLESTORE_INSTANCE,
    )


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have the variables and no proxies; after the block all is as before.

    The SDKs send loopback requests through a proxy too, whatever NO_PROXY says.
    """
    proxies = [name for name in os.environ if name.lower() in _PROXIES]
    before = {name: os.environ.get(name) for name in (*variables, *proxies)}
    for name in proxies:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
