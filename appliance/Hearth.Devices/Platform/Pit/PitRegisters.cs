namespace Hearth.Devices.Platform.Pit;

/// <summary>Ports and bits of the interval timer and of the system control port beside it.</summary>
internal static class PitRegisters
{
    public const ushort CounterPorts = 0x40;
    public const ushort SystemControlPort = 0x61;

    /// <summary>The offset of the control word from <see cref="CounterPorts"/>.</summary>
    public const ulong ControlWord = 3;

    public const int ReadBack = 3;
    public const byte ReadBackNoCount = 0x20;
    public const byte ReadBackNoStatus = 0x10;

    public const byte SpeakerGate = 0x01;
    public const byte SpeakerData = 0x02;

    /// <summary>Bits 0–3 are kept: gate, speaker, and the parity and channel check switches that have nothing behind them.</summary>
    public const byte SystemControlWritable = 0x0F;

    public const byte RefreshToggle = 0x10;
    public const byte Counter2Output = 0x20;

    /// <summary>Nanoseconds between two toggles of the refresh bit: counter 1 of the PC counts 18 ticks.</summary>
    public const long RefreshPeriod = 15_085;
}
