"""Analytics over millions of steps."""
