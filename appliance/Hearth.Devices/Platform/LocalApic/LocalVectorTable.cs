using Hearth.Machine;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>The local vector table (Intel SDM Vol. 3, section 11.5.1). The APIC's lock guards it.</summary>
internal sealed class LocalVectorTable(bool hasTscDeadline)
{
    private const int Count = LocalApicState.VectorTableLength;
    private const uint ModeAndVector = 0x7FF;
    private const uint LintOnly = (1 << 13) | (1 << 15);
    private const uint ReadOnly = (1 << 12) | (1 << 14);
    private const uint VectorOnly = 0xFF;

    private readonly uint[] _entries = new uint[Count];

    public uint this[uint register] => _entries[IndexOf(register)];

    /// <summary>The timer's mode bits.</summary>
    public ApicTimerMode TimerMode => (ApicTimerMode)((_entries[0] & ApicRegisters.LvtTimerModeMask) >> 17);

    /// <summary>True when the PIC's requests pass LINT0.</summary>
    public bool IsExternalOpen => !IsMasked(ApicRegisters.LvtLint0) && Mode(ApicRegisters.LvtLint0) == InterruptDeliveryMode.ExtInt;

    public static bool Contains(uint register) => register is >= ApicRegisters.LvtTimer and <= ApicRegisters.LvtError;

    public bool IsMasked(uint register) => (this[register] & ApicRegisters.LvtMasked) != 0;

    public byte Vector(uint register) => (byte)this[register];

    /// <summary>The delivery mode; the timer and the error entry have none and are always fixed.</summary>
    public InterruptDeliveryMode Mode(uint register) => (InterruptDeliveryMode)((this[register] >> 8) & 7);

    public void Reset() => Array.Fill(_entries, ApicRegisters.LvtMasked);

    public void MaskAll()
    {
        foreach (ref uint entry in _entries.AsSpan())
            entry |= ApicRegisters.LvtMasked;
    }

    public void Write(uint register, uint value) => _entries[IndexOf(register)] = value & WritableBits(register);

    /// <summary>The bits a WRMSR may carry without #GP: the writable and the read-only ones.</summary>
    public uint DefinedBits(uint register) => WritableBits(register) | ReadOnly;

    public void Save(LocalApicState to) => _entries.CopyTo(to.VectorTable, 0);

    public void Restore(LocalApicState from)
    {
        for (uint i = 0; i < Count; i++)
            Write(ApicRegisters.LvtTimer + (i * ApicRegisters.Stride), from.VectorTable[i]);
    }

    private static uint IndexOf(uint register) => (register - ApicRegisters.LvtTimer) / ApicRegisters.Stride;

    private uint WritableBits(uint register) => ApicRegisters.LvtMasked | register switch
    {
        ApicRegisters.LvtTimer => VectorOnly | ApicRegisters.LvtTimerPeriodic | (hasTscDeadline ? ApicRegisters.LvtTimerDeadline : 0),
        ApicRegisters.LvtLint0 or ApicRegisters.LvtLint1 => ModeAndVector | LintOnly,
        ApicRegisters.LvtError => VectorOnly,
        _ => ModeAndVector,
    };
}
