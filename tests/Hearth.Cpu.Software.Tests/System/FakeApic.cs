using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests;

/// <summary>A local APIC whose registers are what was written.</summary>
internal sealed class FakeApic : ILocalApic
{
    public Dictionary<uint, ulong> Registers { get; } = new() { [Msr.ApicBase] = 0xFEE0_0900, [Msr.TscDeadline] = 0 };

    public bool HasInterrupt => false;

    public uint TaskPriorityClass { get; set; }

    public ulong ApicBase => Registers[Msr.ApicBase];

    public int Acknowledge() => -1;

    public bool TryReadMsr(uint msr, out ulong value) => Registers.TryGetValue(msr, out value);

    public bool TryWriteMsr(uint msr, ulong value)
    {
        if (!Registers.ContainsKey(msr))
            return false;
        Registers[msr] = value;
        return true;
    }
}
