using System.Text;

namespace Hearth.Devices.Platform.Smbios;

/// <summary>One structure: a header, a formatted area, and the strings it refers to by number (DMTF DSP0134, section 6.1).</summary>
internal sealed class SmbiosStructure
{
    private const int HeaderSize = 4;

    private readonly TableWriter _area = new();
    private readonly List<string> _strings = [];
    private readonly byte _type;
    private readonly ushort _handle;

    public SmbiosStructure(byte type, ushort handle)
    {
        _type = type;
        _handle = handle;
    }

    public SmbiosStructure Byte(int value)
    {
        _area.Byte(value);
        return this;
    }

    public SmbiosStructure Word(int value)
    {
        _area.Word(value);
        return this;
    }

    public SmbiosStructure Dword(uint value)
    {
        _area.Dword(value);
        return this;
    }

    public SmbiosStructure Qword(ulong value)
    {
        _area.Qword(value);
        return this;
    }

    public SmbiosStructure Bytes(ReadOnlySpan<byte> bytes)
    {
        _area.Bytes(bytes);
        return this;
    }

    /// <summary>A reference to a string; an empty one is number zero, "not given".</summary>
    public SmbiosStructure Text(string text)
    {
        if (text.Length == 0)
            return Byte(0);
        _strings.Add(text);
        return Byte(_strings.Count);
    }

    public byte[] ToArray()
    {
        TableWriter table = new TableWriter()
            .Byte(_type).Byte(HeaderSize + _area.Length).Word(_handle).Bytes(_area.ToArray());
        foreach (string text in _strings)
            table.Bytes(Encoding.ASCII.GetBytes(text)).Byte(0);

        // A structure without strings still ends with two zeros.
        return table.Zeros(_strings.Count == 0 ? 2 : 1).ToArray();
    }
}
