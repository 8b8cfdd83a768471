"""Triggers and custom domains that are deployed call the functions."""

from __future__ import annotations

import json

import pytest
from alibabacloud_fc20230330 import models as fc
from mns.queue import Message

from tests.localcloud.fcapi.account import PAGE, Account, error_of, refused, until, zipped

HTTP = {"authType": "anonymous", "disableURLInternet": False, "methods": ["GET", "POST"]}
QUEUE = {
    "triggerEnable": True,
    "asyncInvocationType": False,
    "eventRuleFilterPattern": "{}",
    "eventSourceConfig": {
        "eventSourceType": "MNS",
        "eventSourceParameters": {
            "sourceMNSParameters": {"RegionId": "cn-hangzhou", "QueueName": "jobs"}
        },
    },
    "runOptions": {"mode": "event-streaming", "errorsTolerance": "ALL"},
}
TIMER = {"cronExpression": "@every 1m", "enable": True, "payload": "tick"}


def _update(account: Account, name: str, config: object):
    body = fc.UpdateTriggerInput(trigger_config=json.dumps(config))
    return account.sdk.update_trigger("hello", name, fc.UpdateTriggerRequest(body=body)).body


def test_http_trigger_serves_at_its_address(account: Account) -> None:
    account.create(code=PAGE)
    address = account.trigger("http", "http", HTTP).http_trigger.url_internet
    answer = account.http.post(f"{address}/a%20b?x=1", content="body")
    event = answer.json()
    assert (answer.status_code, answer.headers["x-kind"]) == (200, "page")
    assert (event["version"], event["rawPath"], event["body"]) == ("v1", "/a%20b", "body")
    assert event["requestContext"]["http"]["path"] == "/a b"
    assert event["queryParameters"] == {"x": "1"}
    assert account.http.get(address).json()["rawPath"] == "/"
    assert answer.headers["content-disposition"] == "attachment"


def test_http_trigger_is_closed_to_what_it_does_not_take(account: Account) -> None:
    account.create(code=PAGE)
    address = account.trigger("http", "http", HTTP).http_trigger.url_internet
    assert account.http.put(address).status_code == 403
    for closed in ({"disableURLInternet": True}, {"authType": "function"}):
        _update(account, "http", {**HTTP, **closed})
        assert account.http.get(address).status_code == 403
    account.sdk.delete_trigger("hello", "http")
    assert account.http.get(address).status_code == 404


def test_http_trigger_survives_a_restart_at_the_new_address(account: Account) -> None:
    account.create(code=PAGE)
    account.trigger("http", "http", HTTP)
    account.restart()
    trigger = account.sdk.get_trigger("hello", "http").body
    assert trigger.http_trigger.url_internet.startswith(account.gateway)
    assert account.http.get(trigger.http_trigger.url_internet).status_code == 200


def test_timer_calls_the_function_until_it_is_deleted(account: Account) -> None:
    account.create()
    account.create("other")
    account.trigger("tick", "timer", TIMER)
    account.trigger("tick", "timer", TIMER, function="other")
    _pass_minutes(account, 1)
    assert _ran(account, 2) == ["hello", "other"]
    account.sdk.delete_trigger("hello", "tick")
    for count in (3, 4):
        _pass_minutes(account, 1)
        _ran(account, count)
    assert _ran(account, 4) == ["hello", "other", "other", "other"]


def test_queue_trigger_brings_messages_to_the_newestzipped(account: Account) -> None:
    account.create(code="def handler(e, c): print('old')")
    account.trigger("jobs", "eventbridge", QUEUE)
    account.update(
        code=fc.InputCodeLocation(zip_file=zipped("def handler(e, c): print(e.decode())"))
    )
    account.queue("jobs").send_message(Message("a job"))
    ran = until(account.invocations)
    assert '"messageBody": "a job"' in ran[0]["log"][0]


def test_trigger_is_answered_as_it_was_made(account: Account) -> None:
    account.create()
    made = account.trigger("tick", "timer", TIMER, description="every minute")
    assert json.loads(made.trigger_config) == TIMER
    assert (made.status, made.qualifier, made.description) == ("OK", "LATEST", "every minute")
    assert account.sdk.get_trigger("hello", "tick").body.to_map() == made.to_map()
    listed = account.sdk.list_triggers("hello", fc.ListTriggersRequest()).body.triggers
    assert [trigger.trigger_name for trigger in listed] == ["tick"]
    changed = _update(account, "tick", {**TIMER, "enable": False})
    assert json.loads(changed.trigger_config)["enable"] is False
    assert (changed.trigger_id, changed.description) == (made.trigger_id, "every minute")


def test_triggers_of_s_yaml_are_listed(account: Account) -> None:
    (http,) = account.sdk.list_triggers("say", fc.ListTriggersRequest()).body.triggers
    assert account.http.get(http.http_trigger.url_internet).text == "hello!"


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("http", {"authType": "anonymous", "methods": []}),
        ("http", {"authType": "nobody", "methods": ["GET"]}),
        ("http", {"authType": "anonymous", "methods": ["FETCH"]}),
        ("timer", {"cronExpression": "often"}),
        ("mns_topic", {"notifyContentFormat": "JSON"}),
        ("eventbridge", {**QUEUE, "runOptions": {"mode": "sometimes"}}),
        ("carrier_pigeon", {}),
        ("timer", ["not", "an", "object"]),
    ],
)
def test_wrong_triggers_are_refused(account: Account, kind: str, config: object) -> None:
    account.create()
    assert refused(lambda: account.trigger("it", kind, config)) == (400, "InvalidArgument")
    assert account.sdk.list_triggers("hello", fc.ListTriggersRequest()).body.triggers == []


def test_codes_of_trigger_refusals(account: Account) -> None:
    account.create()
    account.trigger("http", "http", HTTP)
    assert refused(lambda: account.trigger("http", "http", HTTP)) == (409, "TriggerAlreadyExists")
    assert "HTTP trigger" in error_of(lambda: account.trigger("second", "http", HTTP)).message
    assert refused(lambda: account.sdk.get_trigger("hello", "no")) == (404, "TriggerNotFound")
    assert refused(lambda: account.sdk.delete_trigger("no", "no")) == (404, "FunctionNotFound")


def test_custom_domain_leads_to_functions_by_host(account: Account) -> None:
    account.create(code=PAGE)
    routes = [fc.PathConfig(path="/shop/*", function_name="hello", methods=["GET"])]
    _create_domain(account, routes)
    host = {"Host": "shop.example.com"}
    answer = account.http.get(f"{account.gateway}/shop/cart", headers=host)
    assert answer.json()["requestContext"]["domainName"] == "shop.example.com"
    assert "content-disposition" not in answer.headers
    assert account.http.post(f"{account.gateway}/shop/cart", headers=host).status_code == 405
    assert account.http.get(f"{account.gateway}/v1/say", headers=host).status_code == 404
    assert account.http.get(f"{account.gateway}/shop/cart").headers.get("x-kind") is None
    account.restart()
    assert account.http.get(f"{account.gateway}/shop/x", headers=host).status_code == 200
    account.sdk.delete_custom_domain("shop.example.com")
    assert account.sdk.list_custom_domains(fc.ListCustomDomainsRequest()).body.custom_domains == []


def test_codes_of_domain_refusals(account: Account) -> None:
    _create_domain(account, [])
    assert refused(lambda: _create_domain(account, [])) == (409, "DomainNameAlreadyExists")
    assert refused(lambda: account.sdk.get_custom_domain("a.b")) == (404, "DomainNameNotFound")
    body = fc.UpdateCustomDomainInput(
        route_config=fc.RouteConfig(routes=[fc.PathConfig(path="/x", function_name="nobody")])
    )
    asked = fc.UpdateCustomDomainRequest(body=body)
    update = account.sdk.update_custom_domain
    assert refused(lambda: update("shop.example.com", asked)) == (404, "FunctionNotFound")


def _create_domain(account: Account, routes: list[fc.PathConfig]) -> None:
    body = fc.CreateCustomDomainInput(
        domain_name="shop.example.com",
        protocol="HTTP",
        route_config=fc.RouteConfig(routes=routes),
    )
    account.sdk.create_custom_domain(fc.CreateCustomDomainRequest(body=body))


def _ran(account: Account, count: int) -> list[str]:
    """The functions that were called asynchronously, once that many calls have ended."""
    until(lambda: len(account.invocations()) >= count)
    ran = account.invocations()
    assert {each["invocation_type"] for each in ran} == {"async"}
    return sorted(each["function"] for each in ran)


def _pass_minutes(account: Account, count: int) -> None:
    advance = {"advance_s": 60 * count + 1}
    account.http.post(f"{account.running.control}/clock", json=advance).raise_for_status()
