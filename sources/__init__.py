"""From delivered bytes to canonical rows, or a reason. Knows `identity` and no other room."""
