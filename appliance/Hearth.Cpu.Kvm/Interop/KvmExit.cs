namespace Hearth.Cpu.Kvm.Interop;

/// <summary>Why KVM_RUN returned (KVM_EXIT_*).</summary>
internal enum KvmExit : uint
{
    Unknown = 0,
    Exception = 1,
    Io = 2,
    Hypercall = 3,
    Debug = 4,
    Halt = 5,
    Mmio = 6,
    InterruptWindowOpen = 7,
    Shutdown = 8,
    FailEntry = 9,
    Interrupted = 10,
    Nmi = 16,
    InternalError = 17,
    SystemEvent = 24,
    IoApicEndOfInterrupt = 26,
}
