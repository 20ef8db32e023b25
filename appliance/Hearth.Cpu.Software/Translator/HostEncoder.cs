using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Encodes rewritten guest instructions as 64-bit host code at the emitter's position.</summary>
internal sealed class HostEncoder
{
    private readonly HostEmitter _emitter;
    private readonly Encoder _encoder;

    public HostEncoder(HostEmitter emitter)
    {
        _emitter = emitter;
        _encoder = Encoder.Create(64, new EmitterWriter(emitter));
    }

    /// <returns>False when 64-bit code has no such instruction; nothing was written then.</returns>
    public unsafe bool TryEncode(in Instruction instruction)
    {
        byte* start = _emitter.Position;
        if (_encoder.TryEncode(instruction, (ulong)start, out _, out _))
            return true;
        _emitter.Position = start;
        return false;
    }

    private sealed class EmitterWriter(HostEmitter emitter) : CodeWriter
    {
        public override void WriteByte(byte value) => emitter.Byte(value);
    }
}
