"""The ways to write; each answers after the commit."""

from resolvers import administration, deletion, exports, recording
from schema.administration import (
    CreateApiKeyPayload,
    CreateProjectPayload,
    DeleteTracesPayload,
    RevokeApiKeyPayload,
    UpdateProjectPayload,
)
from schema.answers import root
from schema.export import CreateExportPayload
from schema.payloads import (
    CreateStepPayload,
    CreateTracePayload,
    IngestPayload,
    UpdateStepPayload,
    UpdateTracePayload,
)
from schema.row import of_row


@of_row
class Mutation:
    """Everything that can be written; an answer means that it is durable."""

    create_trace: CreateTracePayload = root(recording.create_trace)
    update_trace: UpdateTracePayload = root(recording.update_trace)
    create_step: CreateStepPayload = root(recording.create_step)
    update_step: UpdateStepPayload = root(recording.update_step)
    ingest: IngestPayload = root(recording.ingest)
    delete_traces: DeleteTracesPayload = root(deletion.delete_traces)
    create_project: CreateProjectPayload = root(administration.create_project)
    update_project: UpdateProjectPayload = root(administration.update_project)
    create_api_key: CreateApiKeyPayload = root(administration.create_api_key)
    revoke_api_key: RevokeApiKeyPayload = root(administration.revoke_api_key)
    create_export: CreateExportPayload = root(exports.create_export)
