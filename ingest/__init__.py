"""The one way in: drafts are checked, merged and committed in groups."""
