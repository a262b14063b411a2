"""The loop: one file per phase, exits, schedule, control and service."""
