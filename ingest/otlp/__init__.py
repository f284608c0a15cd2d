"""From OpenTelemetry to drafts: what spans say, whichever conventions they follow."""
