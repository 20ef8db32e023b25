using Iced.Intel;

namespace Hearth.Fuzz.Forms;

/// <summary>Collects what an encoder writes.</summary>
internal sealed class ByteWriter : CodeWriter
{
    private readonly List<byte> _bytes = [];

    public override void WriteByte(byte value) => _bytes.Add(value);

    public byte[] ToArray() => [.. _bytes];
}
