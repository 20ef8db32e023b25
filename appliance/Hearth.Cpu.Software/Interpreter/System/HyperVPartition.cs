using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Memory;

namespace Hearth.Cpu.Software;

/// <summary>
/// What all vCPUs of a machine have in common of Hyper-V's interface: the identity of the guest's system, the page of hypercalls, and the reference TSC page
/// (Hypervisor Top-Level Functional Specification, "Guest OS Identity MSR", "Establishing the Hypercall Interface", "Partition Reference TSC Mechanism").
/// </summary>
/// <remarks>
/// The pages are written into the guest's RAM, as KVM does, and do not lie over it. The lock also keeps the writes of a page in order; under it the
/// observer of code is told, which takes only its own lock.
/// </remarks>
internal sealed class HyperVPartition(GuestRam ram, ulong tscFrequency)
{
    private const ulong Enabled = 1;
    private const ulong AddressMask = ~0xFFFUL;

    // HV_REFERENCE_TSC_PAGE.
    private const int SequenceLength = 4;
    private const int ScaleOffset = 8;
    private const int OffsetOffset = 16;
    private const int PageLength = 24;

    /// <summary>No guest takes a page of this sequence for valid.</summary>
    private const uint NotValid = 0;

    /// <summary>Nor, in older versions of the specification, of this one.</summary>
    private const uint OnceNotValid = uint.MaxValue;

    private readonly Lock _lock = new();
    private ulong _guestOsId;
    private ulong _hypercall;
    private ulong _referenceTsc;

    // Of vCPU 0's line of the clock.
    private long _offset;

    public ReferenceScale Scale { get; } = new(tscFrequency);

    /// <summary>The guest has said what it is: hypercalls are Hyper-V's from now on.</summary>
    public bool IsGuestKnown => Volatile.Read(ref _guestOsId) != 0;

    /// <summary>VMCALL and RET. Both makes' instructions are the same under this engine; all models are Intel's.</summary>
    private static ReadOnlySpan<byte> HypercallCode => [0x0F, 0x01, 0xC1, 0xC3];

    public static bool Handles(uint msr) => msr is Msr.HyperVGuestOsId or Msr.HyperVHypercall or Msr.HyperVReferenceTsc;

    /// <summary>One of those that are handled here.</summary>
    public ulong Read(uint msr)
    {
        lock (_lock)
        {
            return msr switch
            {
                Msr.HyperVGuestOsId => _guestOsId,
                Msr.HyperVHypercall => _hypercall,
                _ => _referenceTsc,
            };
        }
    }

    /// <summary>One of those that are handled here.</summary>
    /// <returns>False when the register does not take the value: the page of hypercalls has to be RAM. That of the reference TSC is then kept, and written nowhere.</returns>
    public bool TryWrite(uint msr, ulong value)
    {
        lock (_lock)
        {
            switch (msr)
            {
                case Msr.HyperVGuestOsId:
                    Volatile.Write(ref _guestOsId, value);
                    if (value == 0)
                        _hypercall &= ~Enabled;
                    return true;
                case Msr.HyperVHypercall:
                    return _guestOsId == 0 || TrySetHypercallLocked(value);
                default:
                    _referenceTsc = value;
                    WriteReferenceLocked();
                    return true;
            }
        }
    }

    /// <summary>The same for a saved value, whatever the other registers are.</summary>
    public bool TryRestore(uint msr, ulong value)
    {
        if (msr != Msr.HyperVHypercall)
            return TryWrite(msr, value);
        lock (_lock)
            return TrySetHypercallLocked(_guestOsId == 0 ? value & ~Enabled : value);
    }

    public void Reset()
    {
        lock (_lock)
        {
            Volatile.Write(ref _guestOsId, 0);
            (_hypercall, _referenceTsc) = (0, 0);
        }
    }

    /// <summary>The clock's line has changed.</summary>
    /// <param name="offset">Units of 100 ns, see <see cref="ReferenceScale"/>.</param>
    public void SetOffset(long offset)
    {
        lock (_lock)
        {
            _offset = offset;
            WriteReferenceLocked();
        }
    }

    private bool TrySetHypercallLocked(ulong value)
    {
        if ((value & Enabled) != 0 && !ram.TryWrite(new GuestAddress(value & AddressMask), HypercallCode))
            return false;
        _hypercall = value;
        return true;
    }

    /// <summary>A guest that reads an invalid page, or one that changes under its eyes, asks the register of the reference time, or begins again.</summary>
    private void WriteReferenceLocked()
    {
        var start = new GuestAddress(_referenceTsc & AddressMask);
        Span<byte> page = stackalloc byte[PageLength];
        Span<byte> sequence = page[..SequenceLength];
        if ((_referenceTsc & Enabled) == 0 || !ram.Contains(start, PageLength) || !ram.TryRead(start, sequence))
            return;
        uint next = BinaryPrimitives.ReadUInt32LittleEndian(sequence) + 1;
        page.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(page[ScaleOffset..], Scale.Multiplier);
        BinaryPrimitives.WriteInt64LittleEndian(page[OffsetOffset..], _offset);
        BinaryPrimitives.WriteUInt32LittleEndian(sequence, NotValid);
        ram.TryWrite(start, sequence);
        ram.TryWrite(new GuestAddress(start.Value + SequenceLength), page[SequenceLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(sequence, next is NotValid or OnceNotValid ? 1 : next);
        ram.TryWrite(start, sequence);
    }
}
