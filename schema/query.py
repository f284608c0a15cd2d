"""The questions one can ask."""

from resolvers import analytics, comparison, nodes, projects, sessions, steps, traces, viewer
from schema.analytics import Analytics
from schema.answers import root
from schema.comparison import ModelComparison
from schema.node import Node
from schema.project import Project, Viewer
from schema.row import of_row
from schema.session import SessionConnection
from schema.trace import Step, StepConnection, Trace, TraceConnection


@of_row
class Query:
    """Everything that can be asked; all of it within the project of the request."""

    viewer: Viewer = root(viewer.viewer)
    node: Node | None = root(nodes.one)
    nodes: list[Node | None] = root(nodes.several)
    trace: Trace | None = root(traces.one)
    traces: TraceConnection = root(traces.page)
    step: Step | None = root(steps.one)
    steps: StepConnection = root(steps.page)
    sessions: SessionConnection = root(sessions.page)
    project: Project | None = root(projects.one)
    projects: list[Project] = root(projects.every)
    analytics: Analytics = root(analytics.analytics)
    compare_models: ModelComparison = root(comparison.compare_models)
