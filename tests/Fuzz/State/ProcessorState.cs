using System.Buffers.Binary;

namespace Hearth.Fuzz.State;

/// <summary>What a user-mode program can see of a processor.</summary>
internal sealed class ProcessorState
{
    /// <summary>The standard XSAVE format with x87, SSE and AVX (Intel SDM Vol. 1, section 13.4).</summary>
    public const int XsaveLength = 832;

    public const int MxcsrOffset = 24;
    public const int X87Offset = 32;
    public const int XmmOffset = 160;
    public const int HeaderOffset = 512;
    public const int YmmHighOffset = 576;

    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8–R15.</summary>
    public ulong[] Registers { get; } = new ulong[16];

    public ulong Rip { get; set; }

    public ulong Rflags { get; set; } = 0x202;

    public ulong FsBase { get; set; }

    public ulong GsBase { get; set; }

    /// <summary>ES, CS, SS, DS, FS, GS.</summary>
    public ushort[] Segments { get; } = new ushort[6];

    public byte[] Xsave { get; } = new byte[XsaveLength];

    public uint Mxcsr
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(Xsave.AsSpan(MxcsrOffset));
        set => BinaryPrimitives.WriteUInt32LittleEndian(Xsave.AsSpan(MxcsrOffset), value);
    }

    public ushort X87Control
    {
        get => BinaryPrimitives.ReadUInt16LittleEndian(Xsave);
        set => BinaryPrimitives.WriteUInt16LittleEndian(Xsave, value);
    }

    public ushort X87Status
    {
        get => BinaryPrimitives.ReadUInt16LittleEndian(Xsave.AsSpan(2));
        set => BinaryPrimitives.WriteUInt16LittleEndian(Xsave.AsSpan(2), value);
    }

    /// <summary>The abridged tag word: a bit is set where the physical register is not empty.</summary>
    public byte X87Tags
    {
        get => Xsave[4];
        set => Xsave[4] = value;
    }

    /// <summary>One 128-bit register.</summary>
    public Span<byte> Xmm(int index) => Xsave.AsSpan(XmmOffset + (index * 16), 16);

    /// <summary>The upper half of one 256-bit register.</summary>
    public Span<byte> YmmHigh(int index) => Xsave.AsSpan(YmmHighOffset + (index * 16), 16);

    /// <summary>ST(i), 10 bytes.</summary>
    public Span<byte> X87(int index) => Xsave.AsSpan(X87Offset + (index * 16), 10);

    /// <summary>All general registers zero, segments flat for the mode, x87 and SSE as after FNINIT and reset.</summary>
    public static ProcessorState Initial(CodeMode mode)
    {
        var state = new ProcessorState { Rip = mode == CodeMode.Protected16 ? 0 : MemoryLayout.Code.Address };
        (ushort code, ushort data, ushort stack) = mode switch
        {
            CodeMode.Long => (Selectors.Code64, Selectors.Data, Selectors.Data),
            CodeMode.Protected32 => (Selectors.Code32, Selectors.Data, Selectors.Data),
            _ => (Selectors.Code16, Selectors.Data16, Selectors.Stack16),
        };
        ((ReadOnlySpan<ushort>)[data, code, stack, data, data, data]).CopyTo(state.Segments);
        if (mode == CodeMode.Long)
            state.Segments[4] = state.Segments[5] = 0;
        else if (mode == CodeMode.Protected16)
            state.FsBase = state.GsBase = MemoryLayout.Data.Address;
        state.Registers[4] = (mode == CodeMode.Protected16 ? 0 : MemoryLayout.Stack.Address) + 0x1000;
        state.X87Control = 0x37F;
        state.Mxcsr = 0x1F80;
        state.Xsave[HeaderOffset] = 7;
        return state;
    }

    public void CopyFrom(ProcessorState other)
    {
        ArgumentNullException.ThrowIfNull(other);
        other.Registers.CopyTo(Registers, 0);
        other.Segments.CopyTo(Segments, 0);
        other.Xsave.CopyTo(Xsave, 0);
        (Rip, Rflags, FsBase, GsBase) = (other.Rip, other.Rflags, other.FsBase, other.GsBase);
    }
}
