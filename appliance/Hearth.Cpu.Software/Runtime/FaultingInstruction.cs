using Iced.Intel;

namespace Hearth.Cpu.Software;

/// <summary>Decodes the instruction at CS:RIP once more, after the host raised a floating-point signal for its translation.</summary>
internal sealed unsafe class FaultingInstruction
{
    private const int MaxLength = 15;

    private readonly VcpuState* _state;
    private readonly GuestAccess _access;
    private readonly byte[] _bytes = new byte[MaxLength];
    private readonly ByteArrayCodeReader _reader;
    private readonly Decoder _decoder16;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder64;

    public FaultingInstruction(VcpuState* state, GuestAccess access)
    {
        _state = state;
        _access = access;
        _reader = new ByteArrayCodeReader(_bytes);
        _decoder16 = Decoder.Create(16, _reader);
        _decoder32 = Decoder.Create(32, _reader);
        _decoder64 = Decoder.Create(64, _reader);
    }

    /// <summary>Whether it belongs to the x87 unit, which MMX shares: its exceptions are #MF, all others #XM.</summary>
    /// <remarks>A conversion between MMX and XMM registers can raise both; what is pending in the x87 unit comes first.</remarks>
    /// <param name="pending">The x87 unit has an unmasked exception pending.</param>
    public bool IsX87(bool pending)
    {
        if (!_access.TryFetch(_bytes, out _))
        {
            _state->FaultPending = 0;
            return false;
        }

        _reader.Position = 0;
        Instruction instruction = CurrentDecoder().Decode();
        if (instruction.Code == Code.Wait)
            return true;
        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (feature is CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387 or CpuidFeature.MMX)
                return true;
        }

        return pending && (instruction.Op0Register.IsMM() || instruction.Op1Register.IsMM());
    }

    private Decoder CurrentDecoder()
    {
        var mode = (ModeFlags)_state->Mode;
        if ((mode & ModeFlags.Long) != 0)
            return _decoder64;
        return (mode & ModeFlags.Code32) != 0 ? _decoder32 : _decoder16;
    }
}
