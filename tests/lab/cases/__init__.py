"""The situations, a module for each area."""
