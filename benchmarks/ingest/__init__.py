"""How fast traces and steps become durable."""
