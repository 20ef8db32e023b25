namespace Hearth.Devices.Platform.Acpi.Aml;

/// <summary>Resource descriptors and the template that holds them (ACPI 6.5, section 6.4).</summary>
internal static class AmlResource
{
    private const byte IoDescriptor = 0x47;
    private const byte IrqDescriptor = 0x22;
    private const byte EndTag = 0x79;
    private const byte FixedMemory32Descriptor = 0x86;
    private const byte DwordAddressDescriptor = 0x87;
    private const byte WordAddressDescriptor = 0x88;
    private const byte QwordAddressDescriptor = 0x8A;

    private const byte Decode16 = 1;
    private const byte MemoryRange = 0;
    private const byte IoRange = 1;
    private const byte BusNumberRange = 2;

    // A producer hands the range down to its children; both ends are fixed; positive decode.
    private const byte FixedProducer = 0x0C;
    private const byte EntireRange = 0x03;
    private const byte ReadWrite = 0x01;
    private const byte ReadWriteCacheable = 0x03;

    /// <summary>A buffer with the descriptors, closed by an end tag whose checksum of zero means "not checked".</summary>
    public static AmlTerm Template(params ReadOnlySpan<AmlTerm> descriptors) =>
        AmlData.Buffer([.. AmlTerm.Join(descriptors), EndTag, 0]);

    /// <summary>Fixed I/O ports, all 16 address bits decoded.</summary>
    public static AmlTerm Io(int start, int length) => new(new TableWriter()
        .Byte(IoDescriptor).Byte(Decode16).Word(start).Word(start).Byte(1).Byte(length).ToArray());

    /// <summary>An ISA interrupt: edge-triggered, active high, not shared.</summary>
    public static AmlTerm Irq(int number) => new(new TableWriter().Byte(IrqDescriptor).Word(1 << number).ToArray());

    /// <summary>A fixed range of memory below 4 GiB.</summary>
    public static AmlTerm Memory32(uint start, uint length) => new(new TableWriter()
        .Byte(FixedMemory32Descriptor).Word(9).Byte(ReadWrite).Dword(start).Dword(length).ToArray());

    /// <summary>The bus numbers a host bridge hands down.</summary>
    public static AmlTerm BusNumbers(int first, int last) => WordAddress(BusNumberRange, 0, first, last);

    /// <summary>I/O ports a host bridge hands down.</summary>
    public static AmlTerm IoWindow(int first, int last) => WordAddress(IoRange, EntireRange, first, last);

    /// <summary>Memory a host bridge hands down, below 4 GiB.</summary>
    public static AmlTerm MemoryWindow32(uint first, uint last, bool cacheable) => new(new TableWriter()
        .Byte(DwordAddressDescriptor).Word(23).Byte(MemoryRange).Byte(FixedProducer).Byte(cacheable ? ReadWriteCacheable : ReadWrite)
        .Dword(0).Dword(first).Dword(last).Dword(0).Dword(last - first + 1).ToArray());

    /// <summary>Memory a host bridge hands down, anywhere.</summary>
    public static AmlTerm MemoryWindow64(ulong first, ulong last, bool cacheable) => new(new TableWriter()
        .Byte(QwordAddressDescriptor).Word(43).Byte(MemoryRange).Byte(FixedProducer).Byte(cacheable ? ReadWriteCacheable : ReadWrite)
        .Qword(0).Qword(first).Qword(last).Qword(0).Qword(last - first + 1).ToArray());

    private static AmlTerm WordAddress(byte kind, byte flags, int first, int last) => new(new TableWriter()
        .Byte(WordAddressDescriptor).Word(13).Byte(kind).Byte(FixedProducer).Byte(flags)
        .Word(0).Word(first).Word(last).Word(0).Word(last - first + 1).ToArray());
}
