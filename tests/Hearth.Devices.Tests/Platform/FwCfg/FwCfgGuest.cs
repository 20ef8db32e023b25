using System.Buffers.Binary;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.FwCfg;

/// <summary>A firmware's view of the interface: DMA requests.</summary>
internal static class FwCfgGuest
{
    public const uint Error = 1;
    public const uint Read = 2;
    public const uint Skip = 4;
    public const uint Select = 8;
    public const uint Write = 16;

    private const uint RequestAddress = 0x1000;

    /// <returns>The control word after the request: zero when it was carried out.</returns>
    public static uint Request(TestMachine machine, uint control, ulong address, uint length)
    {
        Span<byte> request = machine.Ram.Bytes.AsSpan((int)RequestAddress, 16);
        BinaryPrimitives.WriteUInt32BigEndian(request, control);
        BinaryPrimitives.WriteUInt32BigEndian(request[4..], length);
        BinaryPrimitives.WriteUInt64BigEndian(request[8..], address);
        Start(machine, RequestAddress);
        return BinaryPrimitives.ReadUInt32BigEndian(request);
    }

    public static void Start(TestMachine machine, ulong requestAddress)
    {
        machine.OutDword(0x514, BinaryPrimitives.ReverseEndianness((uint)(requestAddress >> 32)));
        machine.OutDword(0x518, BinaryPrimitives.ReverseEndianness((uint)requestAddress));
    }
}
