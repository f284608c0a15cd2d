"""The public contract: Strawberry types, inputs and roots; declarations only."""
