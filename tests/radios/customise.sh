#!/bin/sh
# Run by mmdebstrap with the guest's root folder, when all packages are in it: what makes a Debian a Pi on a shelf.
# CHECKOUT (a tar archive) and WHEELS (a folder) are what `./run` is to install, here and now: what takes this machine a
# minute takes an emulated one half an hour.
set -eu
root=$1

echo raspberrypi >"$root/etc/hostname"
printf '127.0.0.1 localhost raspberrypi\n' >"$root/etc/hosts"
chroot "$root" useradd --create-home --shell /bin/bash --groups sudo pi
echo 'pi ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/pi"  # as Raspberry Pi OS has it
chmod 440 "$root/etc/sudoers.d/pi"

# The clients' programs are started by whoever plays them; the rest is what an emulated machine would lose time with.
chroot "$root" systemctl mask --quiet wpa_supplicant hostapd apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_reap.service systemd-networkd.service getty@tty1.service serial-getty@ttyS0.service

# The disk's own modules alone: the initial RAM disk of all others takes 10 s to unpack.
echo MODULES=list >"$root/etc/initramfs-tools/conf.d/modules"
printf 'virtio_pci\nvirtio_blk\next4\n' >>"$root/etc/initramfs-tools/modules"
chroot "$root" update-initramfs -u -k all
mkdir -p "$root/root/host" "$root/wheels" "$root/home/pi/tracking"

cp "$WHEELS"/* "$root/wheels/"
tar -xf "$CHECKOUT" -C "$root/home/pi/tracking"
: >"$root/home/pi/tracking/app.py"  # the programme itself comes later: what is kept must not hang on each change of it
chroot "$root" chown -R pi:pi /home/pi/tracking
chroot "$root" su pi -c 'PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels /home/pi/tracking/run --help' >/dev/null
rm -r "$root/wheels"
