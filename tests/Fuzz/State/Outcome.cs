namespace Hearth.Fuzz.State;

/// <summary>All that a program's run left behind. One object is used again for every run.</summary>
internal sealed class Outcome
{
    public EndKind End { get; set; }

    /// <summary>The exception vector, for <see cref="EndKind.Exception"/>.</summary>
    public byte Vector { get; set; }

    /// <summary>The error code, 0 for vectors without one.</summary>
    public uint ErrorCode { get; set; }

    /// <summary>CR2 after #PF; 0 otherwise.</summary>
    public ulong FaultAddress { get; set; }

    public string Detail { get; set; } = "";

    public ProcessorState State { get; } = new();

    public byte[] Memory { get; } = new byte[MemoryLayout.ImageLength];
}
