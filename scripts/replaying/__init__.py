"""Replays of recorded agent runs: what an instrumented service sends, at the times of a real one."""
