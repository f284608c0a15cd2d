"""Targets: kept as they were set, and refused with their name when nothing could reach them."""

import pytest

from models.errors import Invalid
from models.targets import Targets, check_targets, json_of_targets, targets_in
from models.values import Money


def test_targets_are_kept() -> None:
    """What was stored comes back, money with its digits."""
    targets = Targets(trace_duration_ms=1500.0, trace_cost=Money("0.0200"))

    check_targets(targets)
    assert targets_in(json_of_targets(targets)) == targets
    assert targets_in("{}") == Targets()


@pytest.mark.parametrize(
    ("targets", "called"),
    [
        (Targets(trace_duration_ms=0.0), "traceDurationMs"),
        (Targets(trace_cost=Money("-1")), "traceCost"),
        (Targets(step_duration_ms=float("nan")), "stepDurationMs"),
        (Targets(error_rate=1.5), "errorRate"),
        (Targets(cost_per_thousand_tokens=Money("cheap")), "costPerThousandTokens"),
        (Targets(output_tokens_per_second=1e13), "outputTokensPerSecond"),
    ],
)
def test_a_target_out_of_reach_is_refused(targets: Targets, called: str) -> None:
    """Nothing, less than nothing, no number, too much: the error names the target as the API does."""
    with pytest.raises(Invalid) as caught:
        check_targets(targets)

    assert caught.value.path == ("targets", called)
