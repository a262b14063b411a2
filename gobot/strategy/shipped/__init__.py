"""The strategies that gobot ships: one file each, imported when it is asked for."""
