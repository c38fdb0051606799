"""The program's functions as tools for agents, over the Model Context Protocol."""
