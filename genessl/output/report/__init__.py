"""The report, one HTML file that loads no other file."""
