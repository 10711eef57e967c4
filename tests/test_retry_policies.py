"""Retry settings and policies as a user writes them; the reference is compared in parity/test_retry.py."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agentcell.retry import (
    ModelRetryAdvice,
    ModelRetryBackoffSettings,
    ModelRetryNormalizedError,
    ModelRetrySettings,
    RetryDecision,
    RetryPolicy,
    RetryPolicyContext,
    decide,
    retry_policies,
)


def context(**given: Any) -> RetryPolicyContext:
    facts = ModelRetryNormalizedError(**given.pop("facts", {}))
    return RetryPolicyContext(error=ValueError("x"), attempt=1, max_retries=2, stream=True, normalized=facts, **given)


async def says(policy: RetryPolicy, **given: Any) -> bool:
    return (await decide(policy, context(**given))).retry


async def test_the_readmes_policy() -> None:
    policy = retry_policies.any(
        retry_policies.provider_suggested(),
        retry_policies.retry_after(),
        retry_policies.network_error(),
        retry_policies.http_status([408, 409, 429, 500, 502, 503, 504]),
    )
    assert await says(policy, facts={"status_code": 503})
    assert await says(policy, facts={"is_network_error": True})
    assert not await says(policy, facts={"status_code": 400})
    decision = await decide(policy, context(facts={"status_code": 429, "retry_after": 3.0}))
    assert (decision.retry, decision.delay) == (True, 3.0)


async def test_a_providers_refusal_ends_an_any() -> None:
    asked: list[str] = []

    def yes(ctx: RetryPolicyContext) -> bool:
        asked.append("yes")
        return True

    policy = retry_policies.any(retry_policies.provider_suggested(), yes)
    assert not await says(policy, provider_advice=ModelRetryAdvice(suggested=False))
    assert asked == []
    assert await says(policy, provider_advice=ModelRetryAdvice(suggested=None))


async def test_all_stops_at_the_first_that_does_not_retry() -> None:
    async def unreachable(ctx: RetryPolicyContext) -> bool:
        raise AssertionError

    assert not await says(retry_policies.all(retry_policies.never(), unreachable))


@pytest.mark.parametrize("bad", [{"initial_delay": -1}, {"max_delay": "soon"}, {"multiplier": -0.5}])
def test_backoff_is_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ModelRetryBackoffSettings(**bad)
    with pytest.raises(ValidationError):
        ModelRetrySettings(backoff=bad)


def test_merging_keeps_what_is_not_said() -> None:
    base = ModelRetrySettings(
        max_retries=3, backoff={"initial_delay": 1, "max_delay": 9}, policy=retry_policies.never()
    )
    merged = base.merged(ModelRetrySettings(max_retries=0, backoff={"max_delay": 5}))
    assert merged.to_json_dict() == {
        "max_retries": 0,
        "backoff": {"initial_delay": 1.0, "max_delay": 5.0, "multiplier": None, "jitter": None},
    }
    assert merged.policy is base.policy
    assert base.max_retries == 3


def test_a_policy_is_not_shown_and_not_json() -> None:
    settings = ModelRetrySettings(max_retries=1, policy=retry_policies.never())
    assert "policy" not in repr(settings)
    assert TypeAdapter(ModelRetrySettings).dump_python(settings, mode="json") == {"max_retries": 1, "backoff": None}


def test_corrected_facts_take_what_was_explicitly_said() -> None:
    facts = ModelRetryNormalizedError(status_code=500, message="m", is_network_error=True)
    said = ModelRetryNormalizedError(message=None, is_network_error=False)
    corrected = facts.corrected(said)
    assert (corrected.status_code, corrected.message, corrected.is_network_error) == (500, None, False)
    assert facts.corrected(ModelRetryNormalizedError()) == facts


def test_plain_values_travel() -> None:
    for value in (
        ModelRetrySettings(max_retries=2, backoff=ModelRetryBackoffSettings(1, 2, 3, True)),
        ModelRetryNormalizedError(status_code=3),
        ModelRetryAdvice(suggested=True, normalized=ModelRetryNormalizedError(is_abort=True)),
        RetryDecision(True, 1.0, "why", True),
    ):
        assert pickle.loads(pickle.dumps(value)) == value
