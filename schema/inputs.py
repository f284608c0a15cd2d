"""What comes in: dataclasses and enums of the lower floors, declared to the world under the names of the API."""

from ingest.drafts import StepCorrection, StepDraft, TraceCorrection, TraceDraft, Usage
from ingest.outcomes import Status
from models import comparisons
from models.enums import CostSource, EventType, Scope, StepKind, StepStatus, TraceStatus
from models.filters import StepFilter, TraceFilter
from models.targets import Targets
from resolvers.administration import KeyChoice, KeyDraft, ProjectChange, ProjectDraft
from resolvers.deletion import TraceChoice
from resolvers.pages import Direction
from resolvers.recording import Batch
from resolvers.steps import StepOrder, StepOrderField
from resolvers.traces import TraceOrder, TraceOrderField
from schema.described import enum_of, input_of

for enum in (TraceStatus, StepStatus, StepKind, CostSource, EventType, Scope, TraceOrderField, StepOrderField):
    enum_of(enum)
enum_of(Direction, name="OrderDirection")
enum_of(Status, name="IngestStatus")

input_of(Usage, name="TokenUsageInput")
input_of(TraceDraft, name="CreateTraceInput")
input_of(TraceCorrection, name="UpdateTraceInput")
input_of(StepDraft, name="CreateStepInput")
input_of(StepCorrection, name="UpdateStepInput")
input_of(Batch, name="IngestInput")
input_of(ProjectDraft, name="CreateProjectInput")
input_of(Targets, name="TargetsInput")
input_of(ProjectChange, name="UpdateProjectInput")
input_of(KeyDraft, name="CreateApiKeyInput")
input_of(KeyChoice, name="RevokeApiKeyInput")
input_of(TraceOrder)
input_of(StepOrder)

for comparison in (
    comparisons.IDFilter, comparisons.StringFilter, comparisons.IntFilter, comparisons.FloatFilter,
    comparisons.DecimalFilter, comparisons.DateTimeFilter, comparisons.TraceStatusFilter,
    comparisons.StepStatusFilter, comparisons.StepKindFilter, comparisons.TagsFilter, comparisons.JSONFilter,
):  # fmt: skip
    input_of(comparison)
input_of(StepFilter)
input_of(TraceFilter)
input_of(TraceChoice, name="DeleteTracesInput")
