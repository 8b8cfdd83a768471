"""What is changed in third-party sources as they are packaged, so that a cold start imports less.

None of it changes what a call does: an import comes later, at its first use, or a package finds
its names when they are asked for. CONFIRMED (slimming.py) says for which versions all of this was
checked; editing.py carries it out. The milliseconds are of CPython 3.11 on a machine of 2 cores.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFERRED_STUB = "deferred_module"
"""The package under stubs/ that edited sources import."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`old`, which stands once in the file, becomes `new`. file: inside the installed tree."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class DeferredImport:
    """`statement`, which binds `name`, becomes a module that is imported at its first use."""

    file: str
    statement: str
    name: str
    module: str


EDITS = (
    # Looks for plugins with importlib.metadata, unless PYDANTIC_DISABLE_PLUGINS says not to, as
    # s.yaml does: 8 ms for the import alone.
    Edit("pydantic/plugin/_loader.py", "from importlib.metadata import entry_points\n", ""),
    Edit(
        "pydantic/plugin/_loader.py",
        "            for entry_point in entry_points(",
        "            from importlib.metadata import entry_points\n\n"
        "            for entry_point in entry_points(",
    ),
    # Reads its own version from its metadata, and imports argparse for a command: 4 ms.
    Edit("crc32c/__init__.py", "from importlib.metadata import version\n", ""),
    Edit("crc32c/__init__.py", "from ._cli import main\n", ""),
    Edit(
        "crc32c/__init__.py",
        '__version__ = version("crc32c")\ndel version\n',
        "def __getattr__(name):\n"
        '    if name == "main":\n'
        "        from ._cli import main\n\n"
        "        return main\n"
        '    if name == "__version__":\n'
        "        from importlib.metadata import version\n\n"
        '        return version("crc32c")\n'
        "    raise AttributeError(name)\n",
    ),
    # Makes a TLS context for plain http as well, and gives each the system's authorities and then
    # certifi's: 30 ms, of which an https endpoint pays half even so. certifi's alone are trusted.
    Edit(
        "darabonba/core.py",
        "        context = ssl.create_default_context()\n"
        "        if ca_cert and prefix.upper() == 'HTTPS':\n",
        "        context = None\n"
        "        if prefix.upper() == 'HTTPS':\n"
        "            context = ssl.create_default_context(cafile=ca_cert)\n",
    ),
    Edit("darabonba/core.py", "            context.load_verify_locations(ca_cert)\n", ""),
    # Wants HTTP/2 only where it is asked for, and then looks for the version of h2: 6 ms.
    Edit("urllib3/http2/__init__.py", "from importlib.metadata import version\n", ""),
    Edit(
        "urllib3/http2/__init__.py",
        "    # First check if h2 version is valid\n",
        "    from importlib.metadata import version\n\n    # First check if h2 version is valid\n",
    ),
    # Runs the command `file` on the interpreter, where there is one: 4 ms and a process.
    Edit(
        "tablestore/plainbuffer/plain_buffer_consts.py",
        "const.SYS_BITS = int(platform.architecture()[0][:2])",
        "const.SYS_BITS = 64 if sys.maxsize > 2**32 else 32",
    ),
    # Describes the platform in a warning that the C++ codec, which is never shipped, is not there:
    # another run of `file`, and a search through the interpreter's binary.
    Edit(
        "tablestore/ots_sdk/__init__.py",
        "        f\"OTS C++ SDK extension 'ots_sdk' could not be imported: {exc}. \"\n"
        '        f"Platform: {platform.platform()}, Python: {sys.version}. "\n',
        "        f\"OTS C++ SDK extension 'ots_sdk' could not be imported: {exc}. \"\n",
    ),
    # Encodes and decodes time series and results of SQL, with flatbuffers: 4 ms.
    Edit(
        "tablestore/encoder.py",
        "from tablestore.flatbuffer.timeseries_flat_buffer_encoder import *\n",
        "",
    ),
    Edit(
        "tablestore/encoder.py",
        "        flat_buffer_data = get_column_val_by_tp(timeseries_table_name, timeseries_rows)\n"
        "        databytes = bytes(flat_buffer_data)\n",
        "        from tablestore.flatbuffer.timeseries_flat_buffer_encoder import (\n"
        "            get_column_val_by_tp,\n"
        "        )\n\n"
        "        flat_buffer_data = get_column_val_by_tp(timeseries_table_name, timeseries_rows)\n"
        "        databytes = bytes(flat_buffer_data)\n",
    ),
    Edit(
        "tablestore/decoder.py",
        "from tablestore.flatbuffer.dataprotocol.SQLResponseColumns import *\n"
        "from tablestore.flatbuffer.flat_buffer_decoder import *\n",
        "",
    ),
    Edit(
        "tablestore/decoder.py",
        "            columns = flat_buffer_decoder.format_flat_buffer_columns(\n"
        "                SQLResponseColumns",
        "            from tablestore.flatbuffer.dataprotocol.SQLResponseColumns import (\n"
        "                SQLResponseColumns,\n"
        "            )\n"
        "            from tablestore.flatbuffer.flat_buffer_decoder import flat_buffer_decoder\n\n"
        "            columns = flat_buffer_decoder.format_flat_buffer_columns(\n"
        "                SQLResponseColumns",
    ),
    # Typed dictionaries are for type checkers; as plain ones they cost 5 ms less.
    Edit(
        "pydantic_core/core_schema.py",
        "if sys.version_info < (3, 12):\n"
        "    from typing_extensions import TypedDict\n"
        "else:\n"
        "    from typing import TypedDict\n",
        "class TypedDict(dict):\n"
        "    def __init_subclass__(cls, total=True):\n"
        "        super().__init_subclass__()\n",
    ),
)

DEFERRED_IMPORTS = (
    # asyncio costs 8 ms; each of these uses it inside `async def` only, or in a thread for it.
    DeferredImport("tablestore/client.py", "import asyncio", "asyncio", "asyncio"),
    DeferredImport("Tea/core.py", "import asyncio", "asyncio", "asyncio"),
    DeferredImport("darabonba/core.py", "import asyncio", "asyncio", "asyncio"),
    DeferredImport("alibabacloud_tea_util/client.py", "import asyncio", "asyncio", "asyncio"),
    DeferredImport(
        "alibabacloud_credentials/provider/refreshable.py", "import asyncio", "asyncio", "asyncio"
    ),
    DeferredImport(
        "alibabacloud_credentials/provider/external.py", "import asyncio", "asyncio", "asyncio"
    ),
    # Writes requests into the log at level DEBUG: 4 ms.
    DeferredImport(
        "tablestore/protocol.py",
        "import google.protobuf.text_format as text_format",
        "text_format",
        "google.protobuf.text_format",
    ),
    DeferredImport(
        "tablestore/decoder.py",
        "import google.protobuf.text_format as text_format",
        "text_format",
        "google.protobuf.text_format",
    ),
    # The implementation in Python, where the compiled one is always there: 5 ms.
    DeferredImport(
        "google/protobuf/descriptor_pool.py",
        "from google.protobuf.internal import python_message",
        "python_message",
        "google.protobuf.internal.python_message",
    ),
    DeferredImport(
        "google/protobuf/internal/builder.py",
        "from google.protobuf.internal import python_message",
        "python_message",
        "google.protobuf.internal.python_message",
    ),
    # Answers in XML, of which Dysmsapi gives none: 3 ms.
    DeferredImport(
        "darabonba/utils/xml.py",
        "from xml.etree import ElementTree",
        "ElementTree",
        "xml.etree.ElementTree",
    ),
)

# Packages whose __init__ does little else than gather names from their modules: the names are
# found when they are asked for. Generated models (230 modules, 20 ms), guesses of a text's
# encoding (8 ms), formatting and finding of numbers in texts (5 ms).
LAZY_PACKAGES = (
    "alibabacloud_dysmsapi20170525/models/__init__.py",
    "alibabacloud_dm20151123/models/__init__.py",
    "charset_normalizer/__init__.py",
    "phonenumbers/__init__.py",
)

# Files of a few lines that are written anew. certifi asks importlib.resources for its bundle, in
# case it stands in a zip, which imports tempfile, zipfile and their codecs: 5 ms.
REWRITTEN = {
    "certifi/core.py": '''"""Where the bundle is: beside this file, as packages are unpacked."""

import os


def where() -> str:
    return os.path.join(os.path.dirname(__file__), "cacert.pem")


def contents() -> str:
    with open(where(), encoding="ascii") as bundle:
        return bundle.read()
''',
}

EDITED_FILES = frozenset(
    {each.file for each in (*EDITS, *DEFERRED_IMPORTS)} | {*LAZY_PACKAGES, *REWRITTEN}
)
