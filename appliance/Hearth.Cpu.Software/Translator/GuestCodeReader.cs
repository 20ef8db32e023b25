using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Feeds the decoder from guest memory.</summary>
internal sealed unsafe class GuestCodeReader : CodeReader
{
    private byte* _next;
    private byte* _end;

    public void Set(byte* next, byte* end)
    {
        _next = next;
        _end = end;
    }

    public override int ReadByte() => _next < _end ? *_next++ : -1;
}
