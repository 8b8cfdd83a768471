"""A whole cloud with a project on it: what answers, what a reset undoes, what a restart keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tablestore

from infra.localcloud.core.wire import free_port
from infra.localcloud.run.ports import is_free
from infra.localcloud.run.refusal import StartRefused
from tests.localcloud.up.conftest import Started, Starter
from tests.localcloud.up.small import TABLE, SmallProject, client_of, write_function

FAULT = {"service": "sts", "operation": "*", "kind": "hang", "times": 1}
REPLY = {"phone": "+8613800138000", "content": "TD"}


def put_row(client: tablestore.OTSClient) -> None:
    client.put_row(TABLE, tablestore.Row([("key", "a")], [("value", 1)]))


def has_row(client: tablestore.OTSClient) -> bool:
    return client.get_row(TABLE, [("key", "a")])[1] is not None


def shown_on_the_page(cloud: Started) -> dict[str, object]:
    with cloud.http.stream("GET", f"{cloud.gateway}/_inbox/events") as stream:
        data = next(line for line in stream.iter_lines() if line.startswith("data: "))
    told: dict[str, object] = json.loads(data.removeprefix("data: "))
    return told


def test_gateway_reaches_the_functions_with_the_project_s_variables(start: Starter) -> None:
    cloud = start()
    assert cloud.http.get(f"{cloud.gateway}/v1/say").text == "hello!"
    (invocation,) = cloud.http.get(f"{cloud.control}/invocations").json()
    assert (invocation["function"], invocation["outcome"]) == ("say", "ok")
    assert invocation["cold_start"]


def test_gateway_shows_the_inbox_page_with_the_api_key(start: Starter) -> None:
    cloud = start()
    assert "Phone inbox" in cloud.http.get(f"{cloud.gateway}/").text
    session = cloud.http.get(f"{cloud.gateway}/_inbox/session").json()
    assert session["api_key"] == "first-key"


def test_ready_content_is_what_scripts_rely_on(start: Starter) -> None:
    cloud = start()
    ready = cloud.running.ready()
    around = cloud.running.surroundings
    assert ready == {
        "gateway": around.endpoints.gateway,
        "api_key": "first-key",
        "control": cloud.control,
        "tablestore": {"endpoint": around.endpoints.tablestore, "instance": "sesame"},
        "dysmsapi": {"endpoint": around.endpoints.dysmsapi},
        "sts": {"endpoint": around.endpoints.sts},
        "smq": {"endpoint": around.endpoints.smq},
        "directmail": {"endpoint": around.endpoints.directmail},
        "ram": {"endpoint": around.endpoints.ram},
        "sls": {"endpoint": around.endpoints.sls},
        "fc": {"endpoint": cloud.running.fc},
        "kms": {"endpoint": around.endpoints.kms},
        "access_key_id": around.access_key.access_key_id,
        "access_key_secret": around.access_key.access_key_secret,
        "api_keys": {"default": "first-key", "second": "second-key"},
    }


def test_meter_begins_after_the_preparations(start: Starter) -> None:
    cloud = start()
    assert cloud.http.get(f"{cloud.control}/meter").json() == {"operations": []}


def test_reset_undoes_everything_but_the_keys(start: Starter, small: SmallProject) -> None:
    cloud = start()
    client = client_of(cloud.running.surroundings)
    put_row(client)
    cloud.http.get(f"{cloud.gateway}/v1/say")
    cloud.http.post(f"{cloud.control}/faults", json=FAULT)
    cloud.http.post(f"{cloud.control}/inbox/reply", json=REPLY)
    cloud.http.post(f"{cloud.control}/phones", json={"phone": REPLY["phone"], "state": "off"})
    cloud.http.post(f"{cloud.control}/clock", json={"advance_s": 9000})
    assert "TD" in str(shown_on_the_page(cloud))

    assert cloud.http.post(f"{cloud.control}/reset").is_success

    assert cloud.http.get(f"{cloud.control}/clock").json()["offset_s"] == 0
    assert cloud.http.get(f"{cloud.control}/faults").json() == {"faults": []}
    assert not any(shown_on_the_page(cloud).values())
    assert cloud.http.get(f"{cloud.control}/invocations").json() == []
    assert cloud.http.get(f"{cloud.control}/meter").json() == {"operations": []}
    assert len(small.prepared) == 2
    assert not has_row(client)  # with the same key, in the table that was made anew


def test_function_starts_cold_after_a_reset(start: Starter) -> None:
    cloud = start()
    cloud.http.get(f"{cloud.gateway}/v1/say")
    cloud.http.post(f"{cloud.control}/reset")
    cloud.http.get(f"{cloud.gateway}/v1/say")
    (invocation,) = cloud.http.get(f"{cloud.control}/invocations").json()
    assert invocation["cold_start"]


def test_restart_with_the_same_folder_keeps_everything(start: Starter) -> None:
    first = start()
    put_row(client_of(first.running.surroundings))
    first.http.post(f"{first.control}/clock", json={"advance_s": 60})
    first_key = first.running.surroundings.access_key
    first.stop()

    second = start()
    assert second.running.surroundings.access_key == first_key
    assert has_row(client_of(second.running.surroundings))
    assert second.http.get(f"{second.control}/clock").json()["offset_s"] == 60


def test_second_cloud_on_the_same_folder_is_refused(start: Starter) -> None:
    start()
    with pytest.raises(StartRefused, match=r"data.* in use by another local cloud \(process \d+\)"):
        start()


def test_folder_is_free_again_after_a_refused_start(start: Starter, small: SmallProject) -> None:
    s_yaml = small.root / "s.yaml"
    good = s_yaml.read_text()
    s_yaml.write_text(good.replace("handler: index.handler", "handlr: index.handler"))
    with pytest.raises(StartRefused):
        start()
    s_yaml.write_text(good)
    assert start().running


def test_broken_s_yaml_is_refused_with_its_key(start: Starter, small: SmallProject) -> None:
    s_yaml = small.root / "s.yaml"
    s_yaml.write_text(s_yaml.read_text().replace("timeout: 10", "timeot: 10"))
    with pytest.raises(StartRefused, match=r"s\.yaml.*timeot"):
        start()


def test_taken_port_is_refused_before_anything_starts(start: Starter, tmp_path: Path) -> None:
    port = int(start().gateway.rpartition(":")[2])
    with pytest.raises(StartRefused, match=f"port {port} is taken; choose another with PORT="):
        start(port=port, data=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_fixed_port_brings_its_neighbours_where_they_are_free(start: Starter) -> None:
    port = next(p for p in iter(free_port, None) if all(is_free(p + d) for d in range(6)))
    cloud = start(port=port)
    around = cloud.running.surroundings.endpoints
    assert around.gateway == f"http://127.0.0.1:{port}"
    assert cloud.control == f"http://127.0.0.1:{port + 1}"
    assert around.smq == f"http://127.0.0.1:{port + 5}"


def test_packaged_functions_run_in_place_of_the_project_s_own(
    start: Starter, tmp_path: Path
) -> None:
    write_function(tmp_path / "packaged", mark="?")
    cloud = start(functions=tmp_path / "packaged")
    assert cloud.http.get(f"{cloud.gateway}/v1/say").text == "hello?"


def test_folder_without_the_packaged_function_is_refused(start: Starter, tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="say: there is no packaged function in"):
        start(functions=tmp_path)


def test_ready_file_of_an_earlier_run_is_gone_before_the_preparations(
    start: Starter, small: SmallProject, tmp_path: Path
) -> None:
    stale = tmp_path / "ready.json"
    stale.write_text("{}")
    seen: list[bool] = []
    small.before_prepare = lambda: seen.append(stale.exists())
    start(ready_file=stale)
    assert seen == [False]
