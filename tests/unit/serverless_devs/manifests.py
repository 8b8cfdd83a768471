"""A sound s.yaml to start from, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.serverless_devs import Manifest, ManifestInvalid, render

ACCOUNT_ID = "1234567890123456"

SOUND = """\
edition: 3.0.0
name: sample
access: default
vars:
  region: ${env('ALIYUN_REGION', 'cn-hangzhou')}
  stage: ${env('STAGE', 'dev')}
  numbers: { timeout_s: 20 }
template:
  base:
    region: ${vars.region}
    runtime: python3.10
    code: ./code
    cpu: 0.35
    memorySize: 512
    timeout: 30
    role: sample-${vars.stage}
    layers: [acs:fc:cn-hangzhou:official:layers/Python310/versions/3]
    environmentVariables:
      STAGE: ${vars.stage}
      PYTHONPATH: /code/python
    logConfig:
      project: sample-${vars.stage}
      logstore: function
      logBeginRule: None
resources:
  api:
    component: fc3
    extend: { name: base }
    actions:
      pre-${regex('deploy|plan')}:
        - run: python -m build_step
          path: ./
    props:
      functionName: api-${vars.stage}
      handler: api.handler
      environmentVariables: { QUEUE_NAME: sms-queue }
      instanceLifecycleConfig:
        initializer: { handler: api.initialize, timeout: 10 }
        preStop: { handler: api.pre_stop, timeout: 10 }
      customDomain:
        domainName: auto
        protocol: HTTP
        route: { path: /v1/* }
      triggers:
        - triggerName: http
          triggerType: http
          triggerConfig: { authType: anonymous, methods: [GET, POST] }
  worker:
    component: fc3
    extend: { name: base }
    props:
      functionName: worker-${vars.stage}
      handler: worker.handler
      asyncInvokeConfig: { maxAsyncRetryAttempts: 1 }
      triggers:
        - triggerName: sms-queue
          triggerType: eventbridge
          triggerConfig:
            triggerEnable: true
            asyncInvocationType: false
            eventRuleFilterPattern: '{}'
            eventSourceConfig:
              eventSourceType: MNS
              eventSourceParameters:
                sourceMNSParameters: { RegionId: cn-hangzhou, QueueName: q, IsBase64Decode: true }
            eventSinkConfig:
              deliveryOption: { eventSchema: CloudEvents }
            runOptions:
              mode: event-streaming
              errorsTolerance: ALL
              retryStrategy: { PushRetryStrategy: EXPONENTIAL_DECAY_RETRY }
              deadLetterQueue: { Arn: 'acs:mns:cn-hangzhou:1:/queues/dlq' }
              batchWindow: { CountBasedWindow: 10, TimeBasedWindow: 1 }
        - triggerName: tick
          triggerType: timer
          triggerConfig: { cronExpression: '@every 5m', enable: true, payload: '{}' }
        - triggerName: topic
          triggerType: mns_topic
          sourceArn: acs:mns:cn-hangzhou:1:/topics/t
          triggerConfig: { notifyContentFormat: JSON, notifyStrategy: BACKOFF_RETRY }
"""


def rendered(
    folder: Path,
    text: str = SOUND,
    *,
    environment: Mapping[str, str] | None = None,
    account_id: str | None = ACCOUNT_ID,
) -> Manifest:
    """The manifest of a text written to `folder`."""
    path = folder / "s.yaml"
    path.write_text(text)
    return render(path, environment=environment or {}, account_id=account_id)


def problems_of(folder: Path, text: str, **options: object) -> tuple[str, ...]:
    """The problems of a text; none if it is sound."""
    try:
        rendered(folder, text, **options)  # type: ignore[arg-type]
    except ManifestInvalid as invalid:
        return invalid.problems
    return ()


def spoiled(old: str, new: str) -> str:
    """The sound text with one spot changed."""
    assert old in SOUND
    return SOUND.replace(old, new, 1)


def with_prop(key: str, value: str) -> str:
    """The sound text with a prop of the resource `api` set to a YAML value."""
    return spoiled(
        "      handler: api.handler\n", f"      handler: api.handler\n      {key}: {value}\n"
    )
