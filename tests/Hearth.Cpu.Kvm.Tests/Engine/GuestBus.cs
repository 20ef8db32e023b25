using Hearth.Devices.Platform.LocalApic;
using Hearth.Machine;

namespace Hearth.Cpu.Kvm.Tests.Engine;

/// <summary>A vCPU's bus: notes what is written, answers reads by a rule, and stops the vCPU when the guest asks for it.</summary>
internal sealed class GuestBus(Bus memory, Bus ports, LocalApicDevice? apic) : IVcpuBus
{
    /// <summary>A write here stops the vCPU.</summary>
    public const ushort StopPort = 0xF4;

    /// <summary>Where tests write to and read from; nothing else is there.</summary>
    public const ushort Port = 0x2F0;
    public const ulong Register = 0xD000_0000;

    /// <summary>What was written to <see cref="Port"/> and <see cref="Register"/>, in order.</summary>
    public List<(AccessWidth Width, ulong Value)> Written { get; } = new(4096);

    /// <summary>What a read of <see cref="Port"/> or <see cref="Register"/> gives.</summary>
    public ulong Answer { get; set; }

    /// <summary>Asked in place of <see cref="Answer"/> where there is one.</summary>
    public Func<ulong>? Answers { get; set; }

    public Action Stop { get; set; } = () => { };

    public ulong ReadPort(ushort port, AccessWidth width) => port == Port ? Answer : ports.Read(port, width);

    public void WritePort(ushort port, AccessWidth width, ulong value)
    {
        if (port == StopPort)
            Stop();
        else if (port == Port)
            Written.Add((width, value));
        else
            ports.Write(port, width, value);
    }

    public ulong ReadMemory(ulong address, AccessWidth width)
    {
        if (address - Register < 0x1000)
            return Answers?.Invoke() ?? Answer;
        return apic is not null && apic.IsPageAt(address) ? apic.Read(address & 0xFFF, width) : memory.Read(address, width);
    }

    public void WriteMemory(ulong address, AccessWidth width, ulong value)
    {
        if (address - Register < 0x1000)
            Written.Add((width, value));
        else if (apic is not null && apic.IsPageAt(address))
            apic.Write(address & 0xFFF, width, value);
        else
            memory.Write(address, width, value);
    }
}
