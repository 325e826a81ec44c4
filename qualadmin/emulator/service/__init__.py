"""The emulator as a moto service, in moto's own layout; `qualadmin.emulator.register` makes moto find it."""

from qualadmin.emulator.service.models import mturk_backends

__all__ = ["mturk_backends"]
