"""The guest as a machine: switched on, asked to do things, cut off from power."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.radios.image import Image

PAGE_PORT = 8050

# Debian boots in 5 s with KVM; emulated on a busy machine it has taken 100 s.
_BOOT_SECONDS = 300.0

# The guest agent answers in milliseconds.
_ANSWER_SECONDS = 60.0

_POLL_SECONDS = 0.2


class MachineError(Exception):
    """The guest did not do what it was asked; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a command in the guest ended with: its exit status, and what it printed, errors included."""

    status: int
    output: str


class Machine:
    """One guest, from power on to power off.

    Args:
        image: What it starts from.
        folder: Of the run; the guest sees it at /root/host. `disk.qcow2` in it holds all that the guest ever wrote, so
            that a new machine over the same folder finds what the one before left behind.
    """

    def __init__(self, image: Image, folder: Path) -> None:
        self._folder = folder
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._socket = folder / "agent.sock"
        self._numbers = itertools.count(1)
        disk = folder / "disk.qcow2"
        if not disk.exists():
            backing = ["-b", str(image.disk), "-F", "raw"]
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(disk)], check=True)
        with (folder / "qemu.log").open("ab") as log:
            command = ["nice", "-n", "1", *_qemu(image, folder, disk, self._socket, port)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._agent = self._connected()
            self._wait_for_agent()
        except MachineError:
            self._process.kill()
            raise

    def run(self, script: str, seconds: float = 60.0) -> Said:
        """Run a shell script as root to its end, and give what came of it."""
        arguments = {"path": "/bin/sh", "arg": ["-c", f"exec 2>&1; {script}"], "capture-output": True}
        process = self._ask("guest-exec", arguments)["pid"]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            told = self._ask("guest-exec-status", {"pid": process})
            if told["exited"]:
                output = base64.b64decode(told.get("out-data", "")).decode(errors="replace")
                return Said(told.get("exitcode", -1), output)
            time.sleep(_POLL_SECONDS)
        raise MachineError(f"not done in {seconds:g} s: {script}")

    def do(self, script: str, seconds: float = 60.0) -> str:
        """Run a shell script that must succeed, and give what it printed."""
        said = self.run(script, seconds)
        if said.status:
            raise MachineError(f"{script}\nended with {said.status}: {said.output}")
        return said.output

    def cut_power(self) -> None:
        """Kill it, as when a plug is pulled."""
        self._process.kill()
        self._process.wait()
        self._agent.close()

    def _ask(self, question: str, arguments: dict[str, object]) -> dict[str, Any]:
        self._agent.sendall(json.dumps({"execute": question, "arguments": arguments}).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if "error" in answer:
            raise MachineError(f"{question}: {answer['error']}")
        returned: dict[str, Any] = answer["return"]
        return returned

    def _connected(self) -> socket.socket:
        end = time.monotonic() + _BOOT_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise MachineError(f"QEMU ended: {(self._folder / 'qemu.log').read_text(errors='replace')}")
            agent = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                agent.connect(str(self._socket))
                return agent
            agent.close()
            time.sleep(_POLL_SECONDS)
        raise MachineError("QEMU offers no agent")

    def _wait_for_agent(self) -> None:
        """Ask until it answers: what is asked before the guest has started its agent is lost, or answered late."""
        self._agent.settimeout(1.0)
        end = time.monotonic() + _BOOT_SECONDS
        answered = b""
        while time.monotonic() < end:
            number = next(self._numbers)
            with contextlib.suppress(TimeoutError):
                self._agent.sendall(json.dumps({"execute": "guest-sync", "arguments": {"id": number}}).encode() + b"\n")
                while not answered.endswith(b"%d}\n" % number):
                    answered += self._agent.recv(4096)
                self._agent.settimeout(_ANSWER_SECONDS)
                self._lines = self._agent.makefile("rb")
                return
        raise MachineError(f"the guest does not come up: {(self._folder / 'console.log').read_text(errors='replace')}")


# mitigations=off spares the emulated processor a third of its time; no_timer_check lets a busy host be late.
_KERNEL_WORDS = "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet panic=1 mitigations=off no_timer_check audit=0"


def _accelerator() -> tuple[str, ...]:
    """Options for the host's own virtualisation where it runs Debian's kernel, else for emulation."""
    # kvm_pvm runs only kernels that were made for it: any other hangs before its first word.
    if os.access("/dev/kvm", os.W_OK) and not Path("/sys/module/kvm_pvm").exists():
        return ("-accel", "kvm", "-cpu", "host")
    # No AVX: numpy needs none, and what emulates it is slow.
    return ("-accel", "tcg,thread=multi,tb-size=256", "-cpu", "Nehalem,+rdrand,+rdtscp")


def _qemu(image: Image, folder: Path, disk: Path, agent: Path, port: int) -> list[str]:
    return [
        *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-machine", "q35", *_accelerator(), "-smp", "2", "-m", "1024"),  # as a Pi 3
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-append", _KERNEL_WORDS),
        *("-serial", f"file:{folder}/console.log", "-rtc", "base=utc"),
        *("-drive", f"file={disk},format=qcow2,if=virtio,discard=unmap"),
        *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
        *("-chardev", f"socket,id=agent,path={agent},server=on,wait=off"),
        *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
        *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:{PAGE_PORT}"),
        *("-device", "virtio-net-pci,netdev=net"),
        *("-fsdev", f"local,id=host,path={folder},security_model=none"),
        *("-device", "virtio-9p-pci,fsdev=host,mount_tag=host"),
    ]
