"""The questions one can ask."""

from resolvers import analytics, comparison, steps, traces, viewer
from schema.analytics import Analytics
from schema.answers import root
from schema.comparison import ModelComparison
from schema.project import Viewer
from schema.row import of_row
from schema.trace import Step, StepConnection, Trace, TraceConnection


@of_row
class Query:
    """Everything that can be asked; all of it within the project of the request."""

    viewer: Viewer = root(viewer.viewer)
    trace: Trace | None = root(traces.one)
    traces: TraceConnection = root(traces.page)
    step: Step | None = root(steps.one)
    steps: StepConnection = root(steps.page)
    analytics: Analytics = root(analytics.analytics)
    compare_models: ModelComparison = root(comparison.compare_models)
