"""Backups of the whole site in a folder, and their restoration."""
