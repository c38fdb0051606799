"""What runs the erasers: finding them, keeping them loaded, one job after the other."""
