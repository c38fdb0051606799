"""Every sentence of the program, one catalogue a language, below everything else."""
