using Hearth.Machine;

namespace Hearth.Testing;

/// <summary>A vCPU's ear: counts what its local APIC tells it.</summary>
public sealed class RecordingSignals : IVcpuSignals
{
    public int InterruptChanges { get; private set; }

    public int NonMaskableInterrupts { get; private set; }

    public int Inits { get; private set; }

    public int StartUps { get; private set; }

    public byte LastStartUpVector { get; private set; }

    public void InterruptChanged() => InterruptChanges++;

    public void NonMaskableInterrupt() => NonMaskableInterrupts++;

    public void Init() => Inits++;

    public void StartUp(byte vector)
    {
        StartUps++;
        LastStartUpVector = vector;
    }
}
