namespace Hearth.Doctor.Facts;

/// <summary>The host's processor, from /proc/cpuinfo.</summary>
/// <param name="Model">Its brand, for example <c>AMD Ryzen 7 5800X 8-Core Processor</c>.</param>
/// <param name="Vendor">For example <c>AuthenticAMD</c>.</param>
/// <param name="Threads">What the kernel schedules on.</param>
/// <param name="Virtualization">AMD-V or VT-x; null when the processor shows neither.</param>
/// <param name="IsVirtual">A hypervisor has made this processor: the host is itself a virtual machine.</param>
/// <param name="Features">By the names Linux has for them.</param>
internal sealed record ProcessorFacts(
    string? Model,
    string? Vendor,
    int Sockets,
    int Cores,
    int Threads,
    string? Virtualization,
    bool IsVirtual,
    IReadOnlyList<string> Features,
    string? Note);
