using Hearth.Memory;

namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>Remembers the writes to code pages.</summary>
internal sealed class RecordingCodeObserver : ICodeObserver
{
    public List<(ulong Physical, int Length)> Writes { get; } = [];

    public void CodeWritten(ulong physical, int length) => Writes.Add((physical, length));
}
