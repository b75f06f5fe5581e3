"""What tests of the schemas share: hypothesis without deadlines, for a test machine may have other work."""

from hypothesis import settings

settings.register_profile("schemas", deadline=None)
settings.load_profile("schemas")
