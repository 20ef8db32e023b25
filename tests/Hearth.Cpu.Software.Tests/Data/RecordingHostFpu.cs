namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>A host x87 unit that holds one control word and counts how often it is asked for its state.</summary>
internal sealed unsafe class RecordingHostFpu(VcpuState* state) : IHostFpu
{
    private readonly VcpuState* _state = state;

    public int Spills { get; private set; }

    /// <summary>What a spill puts into the image.</summary>
    public ushort ControlWord { get; set; } = 0x37F;

    public void Spill()
    {
        Spills++;
        *(ushort*)_state->X87 = ControlWord;
        _state->X87Loaded = 0;
    }
}
