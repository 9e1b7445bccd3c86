"""What the errors of bleak, BlueZ and D-Bus mean for the owner of the box."""

from __future__ import annotations

from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)
from dbus_fast import AuthError, DBusError, InvalidAddressError

from presence.faults import Fault, FaultReason
from scans.address_text import without_addresses

_LONGEST_DETAIL = 160

_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: FaultReason.NO_ADAPTER,
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: FaultReason.NO_ADAPTER,
    BleakBluetoothNotAvailableReason.POWERED_OFF: FaultReason.POWERED_OFF,
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: FaultReason.NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: FaultReason.NO_PERMISSION,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: FaultReason.NO_PERMISSION,
}

# By the last part of the error's name: org.freedesktop.DBus.Error.…, org.freedesktop.systemd1.… and org.bluez.Error.…
# (D-Bus specification, and BlueZ doc/org.bluez.Adapter.rst).
_DBUS = {
    "ServiceUnknown": FaultReason.NO_BLUETOOTH_SERVICE,
    "NameHasNoOwner": FaultReason.NO_BLUETOOTH_SERVICE,
    "NoSuchUnit": FaultReason.NO_BLUETOOTH_SERVICE,
    "UnitMasked": FaultReason.NO_BLUETOOTH_SERVICE,
    "TimedOut": FaultReason.NO_BLUETOOTH_SERVICE,  # the bus says this of a service that it tried to start
    "NoReply": FaultReason.HUNG,
    "NoServer": FaultReason.NO_DBUS,
    "Disconnected": FaultReason.NO_DBUS,
    "AccessDenied": FaultReason.NO_PERMISSION,
    "AuthFailed": FaultReason.NO_PERMISSION,
    "NotAuthorized": FaultReason.NO_PERMISSION,
    "NotPermitted": FaultReason.NO_PERMISSION,
    "UnknownObject": FaultReason.NO_ADAPTER,
    "UnknownMethod": FaultReason.NO_ADAPTER,  # a path that is gone has no methods
    "UnknownInterface": FaultReason.NO_ADAPTER,
    "DoesNotExist": FaultReason.NO_ADAPTER,
    "NotReady": FaultReason.POWERED_OFF,
    "InProgress": FaultReason.BUSY,
    "Busy": FaultReason.BUSY,
    "Blocked": FaultReason.BLOCKED,
}


# The first that fits counts: a TimeoutError and a PermissionError are OSErrors too.
_BY_KIND: tuple[tuple[type[Exception], FaultReason], ...] = (
    (TimeoutError, FaultReason.HUNG),
    (PermissionError, FaultReason.NO_PERMISSION),
    (AuthError, FaultReason.NO_PERMISSION),
    (OSError, FaultReason.NO_DBUS),
    (EOFError, FaultReason.NO_DBUS),
    (InvalidAddressError, FaultReason.NO_DBUS),
)


def fault_of_error(error: Exception) -> Fault:
    """The fault that an error of the Bluetooth road stands for; one that is not known is unexpected."""
    return Fault(_reason_of(error), detail=detail_of(error))


def detail_of(error: Exception) -> str:
    """What an error says, in a line of bounded length and free of addresses."""
    if isinstance(error, TimeoutError):
        return "no answer"
    # dbus-fast keeps the name of an error apart from its arguments.
    named = [error.type] if isinstance(error, DBusError) else []
    said = " ".join([*named, *(argument for argument in error.args if isinstance(argument, str))])
    line = " ".join(f"{type(error).__name__}: {said}".split()) if said else type(error).__name__
    printable = "".join(letter for letter in line if letter.isprintable())
    return without_addresses(printable)[:_LONGEST_DETAIL]


def _reason_of(error: Exception) -> FaultReason:
    match error:
        case BleakBluetoothNotAvailableError():
            return _NOT_AVAILABLE.get(error.reason, FaultReason.UNEXPECTED)
        case BleakDBusError():
            return _reason_of_name(error.dbus_error)
        case DBusError():
            return _reason_of_name(error.type)
        case BleakError() if "not found" in str(error):  # "adapter 'hci1' not found"
            return FaultReason.NO_ADAPTER
    return next((reason for kind, reason in _BY_KIND if isinstance(error, kind)), FaultReason.UNEXPECTED)


def _reason_of_name(name: str) -> FaultReason:
    if ".DBus.Error.Spawn." in name:  # the bus could not start the service
        return FaultReason.NO_BLUETOOTH_SERVICE
    return _DBUS.get(name.rpartition(".")[2], FaultReason.UNEXPECTED)
