"""How a child of root becomes an ordinary user who still may look into root's directories."""

import ctypes
import os
import pwd
import sys

_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


def ordinary_user() -> pwd.struct_passwd:
    """The user made for PostgreSQL if the machine has one, else nobody."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def become(uid: int, gid: int) -> None:
    """Give up root between fork and exec.

    A clone below /root or a fresh temporary directory is closed to every other user. Opening it for all would change
    the machine; the one capability to pass closed directories, kept by this process alone, changes nothing.
    """
    linux = sys.platform == "linux"
    if linux:
        _libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if linux:
        wanted = 1 << _CAP_DAC_OVERRIDE
        # capset(2): header of version and process (0 is this one), then effective, permitted, inheritable, twice.
        _libc.capset((ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)(wanted, wanted, wanted))
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
