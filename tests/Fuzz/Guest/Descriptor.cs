using Hearth.Cpu;

namespace Hearth.Fuzz.Guest;

/// <summary>A segment descriptor (Intel SDM Vol. 3, section 3.4.5).</summary>
/// <param name="Limit">In bytes, granularity already applied.</param>
/// <param name="Attributes">As in <see cref="SegmentRegister.Attributes"/>.</param>
internal readonly record struct Descriptor(ulong Base, uint Limit, ushort Attributes)
{
    private const ushort Granularity = 1 << 11;

    /// <summary>The eight bytes in the table; the second half of a 16-byte descriptor is <c>Base &gt;&gt; 32</c>.</summary>
    public ulong Encoded
    {
        get
        {
            ulong limit = (Attributes & Granularity) != 0 ? Limit >> 12 : Limit;
            return (limit & 0xFFFF) | ((Base & 0xFF_FFFF) << 16) | ((ulong)(Attributes & 0xFF) << 40)
                | (((limit >> 16) & 0xF) << 48) | ((ulong)(Attributes >> 8) << 52) | (((Base >> 24) & 0xFF) << 56);
        }
    }

    public SegmentRegister Load(ushort selector) => new(selector, Base, Limit, Attributes);
}
