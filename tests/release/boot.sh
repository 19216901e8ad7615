#!/bin/bash
# Boots systemd on a copy of this machine, in namespaces and a control group of its own, and runs DIRECTORY/script there.
# The copy is in memory and goes with it. Usage: boot.sh DIRECTORY; what the script prints is in DIRECTORY/output.
set -eu
directory=$1 group=craned-test-$$

if [ "${2:-}" = inside ]; then
  mount --make-rprivate /
  copy=$(mktemp -d)
  mount -t tmpfs tmpfs "$copy"
  cd "$copy"
  mkdir upper work root
  mount -t overlay overlay -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" root
  cd root
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount --rbind /dev dev
  if [ -e /sys/fs/cgroup/cgroup.procs ]; then
    mount -t cgroup2 cgroup2 sys/fs/cgroup
  else
    mount -t tmpfs tmpfs sys/fs/cgroup
    mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  fi
  mount -t tmpfs tmpfs tmp
  mount -t tmpfs tmpfs run
  mkdir run/test old
  mount --bind "$directory" run/test
  # PrivateUsers= can't be had in a chroot.
  pivot_root . old
  cd /
  {
    until systemctl is-active --quiet sysinit.target; do sleep 0.1; done 2> /dev/null
    bash /run/test/script > /run/test/output 2>&1
    systemctl --force --force poweroff
  } &
  export container=test
  exec /lib/systemd/systemd --system --unit=sysinit.target < /dev/null > /run/test/systemd.log 2>&1
fi

groups=()
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  if [ -e "$hierarchy/cgroup.procs" ]; then groups+=("$hierarchy/$group"); fi
done
mkdir "${groups[@]}"
(
  for each in "${groups[@]}"; do echo "$BASHPID" > "$each/cgroup.procs"; done
  exec timeout --signal=KILL 120 unshare --fork --pid --kill-child=KILL --mount --mount-proc --cgroup --ipc --uts --net \
    bash "$0" "$directory" inside
) || true
find "${groups[@]}" -depth -type d -exec rmdir {} \;
