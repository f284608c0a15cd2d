"""Following live, against Mercurius and against limits."""
