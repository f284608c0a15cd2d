"""Who is asking: projects, API keys and what a viewer may do."""
