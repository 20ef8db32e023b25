using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>Where a vCPU's port and memory-mapped accesses go. One per vCPU; called on its thread; nothing is allocated.</summary>
public interface IVcpuBus
{
    ulong ReadPort(ushort port, AccessWidth width);

    void WritePort(ushort port, AccessWidth width, ulong value);

    /// <param name="address">A guest-physical address outside RAM; the access does not cross a page.</param>
    ulong ReadMemory(ulong address, AccessWidth width);

    /// <inheritdoc cref="ReadMemory"/>
    void WriteMemory(ulong address, AccessWidth width, ulong value);
}
