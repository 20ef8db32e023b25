# Runs commands for the host. Words come and go by a port of virtio-serial, everything long by files in the shared folder:
#   start N   runs N.sh in a session of its own; N.out and N.err are what it writes, "ended N CODE" goes back
#   type N K  hands N.K.in to the standard input of command N
#   kill N S  sends signal S to all of command N's session
# Nothing here is the host's but /bin/sh, which reads the commands, and perl.
share=$1
b=/run/ground/busybox

run() {
    # An end that stays open for writing: without one a command would wait for somebody to type before it starts.
    exec 4<> "/run/ground/$1"
    # A shell has its children ignore SIGINT where they run beside it, and what ignores a signal passes that on.
    $b setsid perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' /bin/sh "$share/$1.sh" < "/run/ground/$1" > "$share/$1.out" 2> "$share/$1.err" 3>&- 4>&- &
    echo $! > "/run/ground/$1.pid"
    wait $!
    echo "ended $1 $?" >&3
}

# Waits until what was typed before has been read: the pipe is not long, and this must not hold up the other commands.
type_in() {
    while [ -e "$share/$1.$(($2 - 1)).in" ]; do $b usleep 10000; done
    $b cat "$share/$1.$2.in" > "/run/ground/$1"
    $b rm "$share/$1.$2.in"
}

answer() {
    until port=$($b grep -lx hearth.agent /sys/class/virtio-ports/*/name 2> /dev/null); do $b usleep 20000; done
    port=${port%/name}
    exec 3<> "/dev/${port##*/}"
    echo ready >&3
    while read -r word number argument <&3; do
        case $word in
            start)
                $b mkfifo "/run/ground/$number"
                run "$number" &
                ;;
            type) type_in "$number" "$argument" & ;;
            kill)
                until [ -s "/run/ground/$number.pid" ]; do $b usleep 10000; done
                kill "-$argument" "-$($b cat "/run/ground/$number.pid")"
                ;;
            poweroff) $b sync; $b poweroff -f ;;
        esac
    done
    # The host has let go of the port: nobody is left to power this machine off.
    $b poweroff -f
}

. "$share/environment.sh"
cd /

# In QEMU every XRSTOR, of whatever processor, writes the first processor's flags without a lock, among them whether it is in a guest with nested paging.
# So no guest runs there (docs/proving-ground.md).
$b taskset -pc "1-$(($($b nproc) - 1))" $$ > /dev/null

# Linux patches jump labels when the first of a kind comes and when the last one goes: a virtual machine, a vCPU without a local APIC in the kernel, one whose
# local APIC is switched off. QEMU 7.2 may go on with the breakpoint of such a patch for ever, on every processor. One of each that stays (KVM_CREATE_VM,
# KVM_CREATE_VCPU, KVM_CREATE_IRQCHIP) leaves nothing to patch.
[ ! -e /dev/kvm ] || perl -e '
    open my $kvm, "+<", "/dev/kvm";
    for my $has_apic (0, 1) {
        open my $machine, "+<&=", ioctl($kvm, 0xAE01, 0);
        ioctl $machine, 0xAE60, 0 if $has_apic;
        my $vcpu = ioctl $machine, 0xAE41, 0;
        defined $vcpu or print STDERR "no vCPU stays: $!\n";
        push @stay, $machine;
    }
    sleep' &
answer &
# The first process waits for the children that nobody else does.
wait
$b poweroff -f
