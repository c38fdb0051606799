"""What looks at photos and at results, in a process of its own where there is one."""
