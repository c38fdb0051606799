"""The machine: its devices, the lock that guards them, its memory, its packages' versions."""
