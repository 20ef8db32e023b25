using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Cpu;

/// <summary>The architectural state of one vCPU, in a form both engines take and give.</summary>
public sealed class CpuState
{
    /// <summary>x87, SSE and AVX in the standard XSAVE format: 512 bytes legacy, 64 header, 256 upper YMM halves (Intel SDM Vol. 1, section 13.4).</summary>
    public const int XsaveLength = 832;

    private const ushort Version = 3;

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

    /// <summary>Nanoseconds of the paravirtual clock (kvmclock, or Hyper-V's reference time) at the same instant; that of vCPU 0 is the machine's.</summary>
    public ulong Clock { get; set; }

    public VcpuActivity Activity { get; set; }

    /// <summary>The last instruction was STI or a load of SS: interrupts wait for one more instruction.</summary>
    public bool InterruptShadow { get; set; }

    /// <summary>An NMI is being handled; further ones wait for IRET.</summary>
    public bool NmiBlocked { get; set; }

    public bool NmiPending { get; set; }

    /// <summary>What was taken from the local APIC, or found by the processor, and is to be delivered before the next instruction.</summary>
    public PendingEvent Pending { get; set; }

    public ref SegmentRegister this[SegmentName name] => ref Segments[(int)name];

    /// <summary>The state after RESET (Intel SDM Vol. 3, table 9-1), at TSC and clock 0.</summary>
    /// <param name="bootstrap">The bootstrap processor runs, the others wait for SIPI.</param>
    /// <param name="paravirtual">Which model-specific registers there are besides the model's.</param>
    public static CpuState AtReset(CpuModel model, bool bootstrap, ParavirtualInterface paravirtual)
    {
        ArgumentNullException.ThrowIfNull(model);
        const ushort DataSegment = 0x93;
        const ushort CodeSegment = 0x9B;
        const ushort LocalTable = 0x82;
        const ushort BusyTask = 0x8B;
        const uint InitialMxcsr = 0x1F80;
        var state = new CpuState
        {
            Rip = 0xFFF0,
            Cr0 = 0x6000_0010,
            Gdtr = new DescriptorTable(0, 0xFFFF),
            Idtr = new DescriptorTable(0, 0xFFFF),
            Activity = bootstrap ? VcpuActivity.Running : VcpuActivity.WaitForSipi,
        };
        state.Registers[2] = model.Signature.Eax;
        Array.Fill(state.Segments, new SegmentRegister(0, 0, 0xFFFF, DataSegment));
        state[SegmentName.CS] = new SegmentRegister(0xF000, 0xFFFF_0000, 0xFFFF, CodeSegment);
        state[SegmentName.Ldtr] = new SegmentRegister(0, 0, 0xFFFF, LocalTable);
        state[SegmentName.Tr] = new SegmentRegister(0, 0, 0xFFFF, BusyTask);
        (state.DebugRegisters[4], state.DebugRegisters[5]) = (0xFFFF_0FF0, 0x400);
        BinaryPrimitives.WriteUInt16LittleEndian(state.Xsave, 0x37F);
        BinaryPrimitives.WriteUInt32LittleEndian(state.Xsave.AsSpan(24), InitialMxcsr);
        BinaryPrimitives.WriteUInt32LittleEndian(state.Xsave.AsSpan(28), 0xFFFF);
        BinaryPrimitives.WriteUInt64LittleEndian(state.Xsave.AsSpan(512), 3);
        foreach ((uint index, ulong value) in Msr.ResetValues(paravirtual))
            state.Msrs[index] = value;
        return state;
    }

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
        to.WriteUInt64(Clock);
        to.WriteByte((byte)Activity);
        to.WriteBoolean(InterruptShadow);
        to.WriteBoolean(NmiBlocked);
        to.WriteBoolean(NmiPending);
        to.WriteByte((byte)Pending.Kind);
        to.WriteByte(Pending.Vector);
        to.WriteBoolean(Pending.HasErrorCode);
        to.WriteUInt32(Pending.ErrorCode);
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
        state.Clock = from.ReadUInt64();
        state.Activity = (VcpuActivity)from.ReadByte();
        if (!Enum.IsDefined(state.Activity))
            throw new SavedStateException("the vCPU state has an unknown activity");
        state.InterruptShadow = from.ReadBoolean();
        state.NmiBlocked = from.ReadBoolean();
        state.NmiPending = from.ReadBoolean();
        state.Pending = new PendingEvent((PendingEventKind)from.ReadByte(), from.ReadByte(), from.ReadBoolean(), from.ReadUInt32());
        if (!Enum.IsDefined(state.Pending.Kind))
            throw new SavedStateException("the vCPU state has an unknown kind of pending event");
        return state;
    }

    private static void WriteTable(IStateWriter to, DescriptorTable table)
    {
        to.WriteUInt64(table.Base);
        to.WriteUInt16(table.Limit);
    }

    private static DescriptorTable ReadTable(IStateReader from) => new(from.ReadUInt64(), from.ReadUInt16());
}
