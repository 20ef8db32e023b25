namespace Hearth.Cpu;

/// <summary>What a guest is offered beside the processor's own: the interface at CPUID leaf 0x40000000. Part of the guest's configuration, for life. See docs/paravirtual.md.</summary>
public enum ParavirtualInterface
{
    /// <summary>KVM's, for Linux and the BSDs.</summary>
    Kvm,

    /// <summary>Hyper-V's, for Windows.</summary>
    HyperV,

    /// <summary>None: a plain processor.</summary>
    None,
}
