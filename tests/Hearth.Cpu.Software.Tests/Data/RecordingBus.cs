using Hearth.Machine;

namespace Hearth.Cpu.Software.Tests.Data;

/// <summary>A bus whose ports and registers count up as they are read, and that remembers every access.</summary>
internal sealed class RecordingBus : IVcpuBus
{
    private ulong _next;

    public List<(ulong Address, int Size, ulong Value)> Reads { get; } = new(64);

    public List<(ulong Address, int Size, ulong Value)> Writes { get; } = new(64);

    public ulong ReadPort(ushort port, AccessWidth width) => Note(port, width);

    public void WritePort(ushort port, AccessWidth width, ulong value) => Writes.Add((port, (int)width, value));

    public ulong ReadMemory(ulong address, AccessWidth width) => Note(address, width);

    public void WriteMemory(ulong address, AccessWidth width, ulong value) => Writes.Add((address, (int)width, value));

    private ulong Note(ulong address, AccessWidth width)
    {
        ulong value = ++_next;
        Reads.Add((address, (int)width, value));
        return value;
    }
}
