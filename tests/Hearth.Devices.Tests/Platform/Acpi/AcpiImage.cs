using System.Buffers.Binary;
using System.Text;
using Hearth.Devices.Platform;

namespace Hearth.Devices.Tests.Platform.Acpi;

/// <summary>The first MiB of a guest's memory with tables in it, as a kernel searches it.</summary>
internal sealed class AcpiImage
{
    public AcpiImage(IEnumerable<FirmwareTable> tables)
    {
        foreach (FirmwareTable table in tables)
            table.Bytes.CopyTo(Bytes.AsMemory((int)table.Address.Value));
    }

    public byte[] Bytes { get; } = new byte[1 << 20];

    public uint Dword(int address) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(address));

    public ulong Qword(int address) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes.AsSpan(address));

    public ushort Word(int address) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.AsSpan(address));

    public string Text(int address, int length) => Encoding.ASCII.GetString(Bytes, address, length);

    public byte Sum(int address, int length) => (byte)Bytes.AsSpan(address, length).ToArray().Sum(value => value);

    /// <summary>Finds a signature on a boundary, from an address on.</summary>
    public int Find(string signature, int from, int boundary) => Enumerable
        .Range(0, (Bytes.Length - from) / boundary)
        .Select(step => from + (step * boundary))
        .First(address => Text(address, signature.Length) == signature);
}
