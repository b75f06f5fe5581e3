"""Actions: everything the agent can do, made of what the platform says of itself and of what plugins bring.

A new domain needs nothing here: its commands and queries are actions as soon as the doors have them.
"""
