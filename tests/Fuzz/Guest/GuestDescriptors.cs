using Hearth.Cpu;
using Hearth.Fuzz.Interop;
using Hearth.Fuzz.Oracle;
using Hearth.Fuzz.State;

namespace Hearth.Fuzz.Guest;

/// <summary>
/// The descriptor tables of the guest: Linux's GDT, as far as a user sees it, and <see cref="Selectors.Local"/>. A segment that
/// this host does not have is missing in the guest, too.
/// </summary>
internal sealed class GuestDescriptors
{
    public const ushort KernelData = 0x18;
    public const ushort TaskState = 0x40;
    public const ushort LocalTable = 0x50;

    /// <summary>Linux has 16 entries; selectors beyond them are faults on both sides.</summary>
    public const ushort GlobalLimit = (16 * 8) - 1;

    private const ushort FlatCode32 = 0xCFB;
    private const ushort FlatCode64 = 0xAFB;
    private const ushort FlatData = 0xCF3;
    private const ushort Kernel = 0x60;
    private const ushort SmallCode = 0xFB;
    private const ushort SmallData = 0xF3;
    private const ushort BusyTaskState = 0x8B;
    private const ushort LocalDescriptorTable = 0x82;

    /// <summary>Linux keeps the processor's number in the limit of this read-only expand-down segment.</summary>
    private const ushort ProcessorNumber = 0x78;
    private const ushort ProcessorNumberAttributes = 0x4F5;

    private readonly SortedDictionary<ushort, Descriptor> _global;

    public GuestDescriptors(GuestFlavour flavour, ulong taskState, ulong localTable)
    {
        KernelCode = flavour == GuestFlavour.Legacy ? (ushort)0x08 : (ushort)0x10;
        _global = new SortedDictionary<ushort, Descriptor>
        {
            [0x08] = new(0, uint.MaxValue, FlatCode32 & ~Kernel),
            [0x10] = new(0, uint.MaxValue, FlatCode64 & ~Kernel),
            [KernelData] = new(0, uint.MaxValue, FlatData & ~Kernel),
            [Selectors.Code32 & 0xFFF8] = new(0, uint.MaxValue, FlatCode32),
            [Selectors.Data & 0xFFF8] = new(0, uint.MaxValue, FlatData),
            [Selectors.Code64 & 0xFFF8] = new(0, uint.MaxValue, FlatCode64),
            [TaskState] = new(taskState, 0x67, BusyTaskState),
            [ProcessorNumber] = new(0, (uint)Libc.sched_getcpu(), ProcessorNumberAttributes),
            [LocalTable] = new(localTable, (uint)(Selectors.Local.Count * 8) - 1, LocalDescriptorTable),
        };
        if (!HostTraits.Current.HasSegment(Selectors.Code32))
            _global.Remove(Selectors.Code32 & 0xFFF8);
    }

    public ushort KernelCode { get; }

    /// <summary>The descriptors that a program can load from the local table.</summary>
    public static IEnumerable<Descriptor> Local =>
        Selectors.Local.Select(entry => new Descriptor(entry.Base, entry.Limit, entry.Code ? SmallCode : SmallData));

    /// <summary>The global table as bytes. In protected mode the halves above 4 GiB are null descriptors.</summary>
    public byte[] EncodeGlobal()
    {
        byte[] table = new byte[GlobalLimit + 1];
        foreach ((ushort selector, Descriptor descriptor) in _global)
        {
            BitConverter.TryWriteBytes(table.AsSpan(selector), descriptor.Encoded);
            if (selector is TaskState or LocalTable)
                BitConverter.TryWriteBytes(table.AsSpan(selector + 8), descriptor.Base >> 32);
        }

        return table;
    }

    public static byte[] EncodeLocal() => [.. Local.SelectMany((descriptor, index) => BitConverter.GetBytes(IsLocalPresent(index) ? descriptor.Encoded : 0))];

    private static bool IsLocalPresent(int index) => HostTraits.Current.HasSegment((ushort)((index * 8) | 7));

    /// <summary>What a segment register holds after a load of this selector.</summary>
    public SegmentRegister Load(ushort selector)
    {
        const ushort Unusable = 1 << 12;
        if ((selector & 0xFFFC) == 0)
            return new SegmentRegister(selector, 0, 0, Unusable);
        bool local = (selector & 4) != 0;
        return (local ? Local.ElementAt(selector >> 3) : _global[(ushort)(selector & 0xFFF8)]).Load(selector);
    }
}
