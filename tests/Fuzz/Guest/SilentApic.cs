using Hearth.Machine;

namespace Hearth.Fuzz.Guest;

/// <summary>A local APIC that never has an interrupt.</summary>
internal sealed class SilentApic : ILocalApic
{
    public bool HasInterrupt => false;

    public uint TaskPriorityClass { get; set; }

    public ulong ApicBase => 0xFEE0_0900;

    public int Acknowledge() => -1;

    public bool TryReadMsr(uint msr, out ulong value)
    {
        value = 0;
        return false;
    }

    public bool TryWriteMsr(uint msr, ulong value) => false;
}
