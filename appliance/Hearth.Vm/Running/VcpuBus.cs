using Hearth.Cpu;
using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;

namespace Hearth.Vm.Running;

/// <summary>One vCPU's way to the buses: its own local APIC lies over the memory bus, at the address the guest gave it.</summary>
internal sealed class VcpuBus : IVcpuBus
{
    private const ulong PageMask = LocalApicDevice.PageLength - 1;

    private readonly Bus _memory;
    private readonly Bus _ports;
    private readonly LocalApicDevice? _apic;

    /// <param name="apic">Null where the CPU engine has it built in.</param>
    public VcpuBus(Bus memory, Bus ports, LocalApicDevice? apic)
    {
        _memory = memory;
        _ports = ports;
        _apic = apic;
    }

    /// <summary>The last accesses, for a report.</summary>
    public AccessTrace Trace { get; } = new();

    public ulong ReadPort(ushort port, AccessWidth width)
    {
        ulong value = _ports.Read(port, width);
        Trace.Add(AccessKind.PortRead, port, width, value);
        return value;
    }

    public void WritePort(ushort port, AccessWidth width, ulong value)
    {
        Trace.Add(AccessKind.PortWrite, port, width, value);
        _ports.Write(port, width, value);
    }

    public ulong ReadMemory(ulong address, AccessWidth width)
    {
        ulong value = _apic is not null && _apic.IsPageAt(address) ? _apic.Read(address & PageMask, width) : _memory.Read(address, width);
        Trace.Add(AccessKind.MemoryRead, address, width, value);
        return value;
    }

    public void WriteMemory(ulong address, AccessWidth width, ulong value)
    {
        Trace.Add(AccessKind.MemoryWrite, address, width, value);
        if (_apic is not null && _apic.IsPageAt(address))
            _apic.Write(address & PageMask, width, value);
        else
            _memory.Write(address, width, value);
    }
}
