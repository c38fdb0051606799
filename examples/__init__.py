"""Photos to try the program with, and tables of cases on which erasers are judged.

rows      the documents' tables and the stand-in cases, as data
remote    the documents' photos, fetched on the user's own machine
compose   makes cases whose true background is known, from anyone's photos
tables    runs a table with chosen erasers and reports on it
"""
