"""CreateFunction, GetFunction, ListFunctions, UpdateFunction, DeleteFunction."""

from __future__ import annotations

import asyncio
import base64
import binascii
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.fcapi.calls import Call, page
from infra.localcloud.fcapi.checks import check_function, check_name, check_qualifier
from infra.localcloud.fcapi.code import Package, unpack
from infra.localcloud.fcapi.deployment import Deployment, already_there
from infra.localcloud.fcapi.errors import invalid, json_reply
from infra.localcloud.fcapi.records import Document, Record
from infra.localcloud.fcapi.specs import new_function, settings
from infra.localcloud.fcapi.uploads import Uploads


class FunctionOperations:
    """The operations on functions themselves."""

    def __init__(self, deployment: Deployment, uploads: Uploads) -> None:
        self._deployment = deployment
        self._records = deployment.records
        self._uploads = uploads

    async def create_function(self, call: Call) -> WireAnswer:
        """Make a function from its code and settings, and run it."""
        asked = call.body()
        name = check_name(asked.get("functionName"))
        if self._records.find(name) is not None:
            raise already_there(name)
        function = new_function(name, asked, self._deployment.home)
        check_function(function)
        package = await self._package(name, asked.get("code"))
        if package is None:
            raise invalid("code is required")
        record = Record(_with_code(function, package), str(package.folder), resource=name)
        made = await self._deployment.create(record)
        return json_reply(200, made.function)

    async def get_function(self, call: Call) -> WireAnswer:
        """The function's settings."""
        check_qualifier(call.query.get("qualifier", ""))
        return json_reply(200, self._records.get(call.path["functionName"]).function)

    async def list_functions(self, call: Call) -> WireAnswer:
        """A page of all functions, those of s.yaml too."""
        records = [(name, self._records.get(name).function) for name in self._records.names()]
        for key in ("runtime", "functionName", "description"):
            if wanted := call.query.get(key):
                records = [each for each in records if each[1].get(key) == wanted]
        functions, token = page(records, call)
        return json_reply(200, {"functions": functions, **token})

    async def update_function(self, call: Call) -> WireAnswer:
        """Change what the request names, and run the new version; the rest stays."""
        asked, name = call.body(), call.path["functionName"]
        changed = {key: value for key, value in settings(asked).items() if key != "tags"}
        check_function({**self._records.get(name).function, **changed})
        package = await self._package(name, asked.get("code"))

        def change(record: Record) -> Record:
            now = self._deployment.home.now()
            function: Document = {**record.function, **changed, "lastModifiedTime": now}
            check_function(function)
            if package is None:
                return replace(record, function=function)
            coded = _with_code(function, package)
            return replace(record, function=coded, code_dir=str(package.folder))

        updated = await self._deployment.change(name, change)
        return json_reply(200, updated.function)

    async def delete_function(self, call: Call) -> WireAnswer:
        """Take the function away. Its triggers must be gone before."""
        name = call.path["functionName"]
        await self._deployment.remove(name)
        shutil.rmtree(self._records.code_folder(name), ignore_errors=True)
        return WireAnswer(204)

    async def _package(self, name: str, code: object) -> Package | None:
        """The unpacked code; None if the request brings none. Raises FcRefused."""
        if not code:
            return None
        if not isinstance(code, Mapping):
            raise invalid("code is not an object")
        content = self._content(code)
        if content is None:
            return None
        folder = self._records.code_folder(name)
        package = await asyncio.to_thread(unpack, content, folder)
        if code.get("checksum") not in (None, "", package.checksum):
            await asyncio.to_thread(_discard, package.folder)
            raise invalid("the checksum of the code package is not the one that was given")
        return package

    def _content(self, code: Mapping[str, object]) -> bytes | None:
        if zip_file := code.get("zipFile"):
            try:
                return base64.b64decode(str(zip_file), validate=True)
            except (binascii.Error, ValueError) as error:
                raise invalid("code.zipFile is not base64") from error
        bucket, key = code.get("ossBucketName"), code.get("ossObjectName")
        if not bucket and not key:
            return None
        content = self._uploads.get(str(key)) if bucket == self._uploads.bucket else None
        if content is None:
            raise invalid(f"the OSS object '{key}' of the bucket '{bucket}' does not exist")
        return content


def _with_code(function: Document, package: Package) -> Document:
    return {**function, "codeChecksum": package.checksum, "codeSize": package.size_bytes}


def _discard(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
