"""The demonstration cases, each drawn again from its seed."""
