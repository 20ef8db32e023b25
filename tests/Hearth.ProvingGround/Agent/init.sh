# The end of the initial RAM disk's init: the root is the host's, with memory over it for what is written. @SHARE@ is the shared folder.
b=/bin/busybox
$b mkdir -p /lower /memory /root
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 root /lower || echo 'the host root cannot be mounted'
mount -t tmpfs -o mode=755 tmpfs /memory
mkdir /memory/upper /memory/work
mount -t overlay -o lowerdir=/lower,upperdir=/memory/upper,workdir=/memory/work overlay /root || echo 'no overlay'
mount -t devtmpfs dev /root/dev
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t tmpfs -o mode=755 tmpfs /root/run
mkdir -p /root/dev/pts /root/dev/shm /root/run/ground
mount -t devpts devpts /root/dev/pts
mount -t tmpfs tmpfs /root/dev/shm
mount -t 9p -o trans=virtio,version=9p2000.L,cache=none,msize=512000 share '/root@SHARE@' || echo 'the shared folder cannot be mounted'
ip link set lo up
cp $b /root/run/ground/busybox
# All the memory of a command that fails may be wanted.
echo 1 > /proc/sys/kernel/panic_on_oops
exec $b switch_root /root /run/ground/busybox sh '@SHARE@/agent.sh' '@SHARE@'
