using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests.Runtime;

/// <summary>A local APIC that has one vector to deliver at a time.</summary>
internal sealed class TestApic(SoftwareVcpu vcpu) : ILocalApic
{
    private int _vector = -1;

    public bool HasInterrupt => Volatile.Read(ref _vector) >= 0;

    public uint TaskPriorityClass { get; set; }

    public ulong ApicBase => 0xFEE0_0900;

    public void Raise(int vector)
    {
        Volatile.Write(ref _vector, vector);
        vcpu.InterruptChanged();
    }

    public int Acknowledge() => Interlocked.Exchange(ref _vector, -1);

    public bool TryReadMsr(uint msr, out ulong value)
    {
        value = 0;
        return false;
    }

    public bool TryWriteMsr(uint msr, ulong value) => false;
}
