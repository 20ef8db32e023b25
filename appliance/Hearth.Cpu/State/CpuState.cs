using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>The architectural state of one vCPU, in a form both engines take and give.</summary>
public sealed class CpuState
{
    /// <summary>x87, SSE and AVX in the standard XSAVE format: 512 bytes legacy, 64 header, 256 upper YMM halves (Intel SDM Vol. 1, section 13.4).</summary>
    public const int XsaveLength = 832;

    private const ushort Version = 1;

    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8–R15.</summary>
    public ulong[] Registers { get; } = new ulong[16];

    public ulong Rip { get; set; }

    public ulong Rflags { get; set; } = 2;

    /// <summary>Indexed by <see cref="SegmentName"/>.</summary>
    public SegmentRegister[] Segments { get; } = new SegmentRegister[8];

    public DescriptorTable Gdtr { get; set; }

    public DescriptorTable Idtr { get; set; }

    public ulong Cr0 { get; set; }

    public ulong Cr2 { get; set; }

    public ulong Cr3 { get; set; }

    public ulong Cr4 { get; set; }

    /// <summary>IA32_EFER.</summary>
    public ulong Efer { get; set; }

    public ulong Xcr0 { get; set; } = 1;

    /// <summary>DR0–DR3, DR6 at index 4, DR7 at index 5.</summary>
    public ulong[] DebugRegisters { get; } = new ulong[6];

    public byte[] Xsave { get; } = new byte[XsaveLength];

    /// <summary>Every other model-specific register of the model, by index.</summary>
    public SortedDictionary<uint, ulong> Msrs { get; } = [];

    /// <summary>The time-stamp counter at the instant of the save.</summary>
    public ulong Tsc { get; set; }

    public VcpuActivity Activity { get; set; }

    /// <summary>The last instruction was STI or a load of SS: interrupts wait for one more instruction.</summary>
    public bool InterruptShadow { get; set; }

    /// <summary>An NMI is being handled; further ones wait for IRET.</summary>
    public bool NmiBlocked { get; set; }

    public bool NmiPending { get; set; }

    public ref SegmentRegister this[SegmentName name] => ref Segments[(int)name];

    public void Save(IStateWriter to)
    {
        ArgumentNullException.ThrowIfNull(to);
        to.WriteUInt16(Version);
        foreach (ulong register in Registers)
            to.WriteUInt64(register);
        to.WriteUInt64(Rip);
        to.WriteUInt64(Rflags);
        foreach (SegmentRegister segment in Segments)
        {
            to.WriteUInt16(segment.Selector);
            to.WriteUInt64(segment.Base);
            to.WriteUInt32(segment.Limit);
            to.WriteUInt16(segment.Attributes);
        }

        WriteTable(to, Gdtr);
        WriteTable(to, Idtr);
        foreach (ulong value in (ReadOnlySpan<ulong>)[Cr0, Cr2, Cr3, Cr4, Efer, Xcr0])
            to.WriteUInt64(value);
        foreach (ulong register in DebugRegisters)
            to.WriteUInt64(register);
        to.WriteBytes(Xsave);
        to.WriteUInt32((uint)Msrs.Count);
        foreach ((uint index, ulong value) in Msrs)
        {
            to.WriteUInt32(index);
            to.WriteUInt64(value);
        }

        to.WriteUInt64(Tsc);
        to.WriteByte((byte)Activity);
        to.WriteBoolean(InterruptShadow);
        to.WriteBoolean(NmiBlocked);
        to.WriteBoolean(NmiPending);
    }

    /// <exception cref="SavedStateException">The state is damaged or of another version.</exception>
    public static CpuState Load(IStateReader from)
    {
        ArgumentNullException.ThrowIfNull(from);
        ushort version = from.ReadUInt16();
        if (version != Version)
            throw new SavedStateException($"the vCPU state has version {version}; this Hearth reads version {Version}");

        var state = new CpuState();
        for (int i = 0; i < state.Registers.Length; i++)
            state.Registers[i] = from.ReadUInt64();
        state.Rip = from.ReadUInt64();
        state.Rflags = from.ReadUInt64();
        for (int i = 0; i < state.Segments.Length; i++)
            state.Segments[i] = new SegmentRegister(from.ReadUInt16(), from.ReadUInt64(), from.ReadUInt32(), from.ReadUInt16());
        state.Gdtr = ReadTable(from);
        state.Idtr = ReadTable(from);
        state.Cr0 = from.ReadUInt64();
        state.Cr2 = from.ReadUInt64();
        state.Cr3 = from.ReadUInt64();
        state.Cr4 = from.ReadUInt64();
        state.Efer = from.ReadUInt64();
        state.Xcr0 = from.ReadUInt64();
        for (int i = 0; i < state.DebugRegisters.Length; i++)
            state.DebugRegisters[i] = from.ReadUInt64();
        from.ReadBytes(state.Xsave);
        uint count = from.ReadUInt32();
        if (count > 1024)
            throw new SavedStateException($"the vCPU state names {count} model-specific registers");
        for (uint i = 0; i < count; i++)
            state.Msrs[from.ReadUInt32()] = from.ReadUInt64();
        state.Tsc = from.ReadUInt64();
        state.Activity = (VcpuActivity)from.ReadByte();
        if (!Enum.IsDefined(state.Activity))
            throw new SavedStateException("the vCPU state has an unknown activity");
        state.InterruptShadow = from.ReadBoolean();
        state.NmiBlocked = from.ReadBoolean();
        state.NmiPending = from.ReadBoolean();
        return state;
    }

    private static void WriteTable(IStateWriter to, DescriptorTable table)
    {
        to.WriteUInt64(table.Base);
        to.WriteUInt16(table.Limit);
    }

    private static DescriptorTable ReadTable(IStateReader from) => new(from.ReadUInt64(), from.ReadUInt16());
}
