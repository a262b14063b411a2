"""gobot: an autonomous crypto-trading daemon that can be left alone with its owner's money."""

__version__ = "0.1.0"
