using System.Buffers.Binary;
using Hearth.Devices.Platform.FwCfg;
using Hearth.Testing;

namespace Hearth.Fuzz.Devices;

/// <summary>The firmware configuration interface, with files to read and one to write.</summary>
internal sealed class FwCfgTarget : BoardTarget
{
    private const int FirstFile = 0x20;

    public FwCfgTarget()
        : base(machine => [new FwCfgModule(Contents()).Create(machine.Context)])
    {
    }

    /// <summary>A request for a transfer, nearly right.</summary>
    protected override void ActAsDriver(Random random)
    {
        ulong at = (ulong)random.Next(GuardedMemory.End) & ~3UL;
        Span<byte> request = Ram(at, 16);
        uint control = (uint)random.Next(32) | (uint)(FirstFile + random.Next(-2, 4)) << 16;
        BinaryPrimitives.WriteUInt32BigEndian(request, random.Next(20) == 0 ? (uint)Hostile.Value(random) : control);
        BinaryPrimitives.WriteUInt32BigEndian(request[4..], random.Next(20) == 0 ? (uint)Hostile.Value(random) : (uint)random.Next(1 << random.Next(16)));
        BinaryPrimitives.WriteUInt64BigEndian(request[8..], random.Next(20) == 0 ? Hostile.Value(random) : (ulong)random.Next(GuardedMemory.End));
        Machine.OutDword(0x514, random.Next(50) == 0 ? (uint)Hostile.Value(random) : 0);
        Machine.OutDword(0x518, BinaryPrimitives.ReverseEndianness((uint)at));
        for (int i = random.Next(4); i > 0; i--)
            Machine.In(0x511);
    }

    private static FwCfgContents Contents()
    {
        var contents = new FwCfgContents();
        contents.AddFile("etc/table", new byte[10_000]);
        contents.AddFile("etc/address", new byte[100], writable: true);
        contents.AddFile("etc/nothing", []);
        return contents;
    }
}
