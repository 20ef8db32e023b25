using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm;

/// <summary>Between <see cref="SegmentRegister"/> and KVM's form of one.</summary>
internal static class SegmentImage
{
    private const int System = 4;
    private const int Privilege = 5;
    private const int Present = 7;
    private const int Available = 8;
    private const int Long = 9;
    private const int Big = 10;
    private const int Granularity = 11;
    private const int Unusable = 12;

    public static SegmentRegister Load(in kvm_segment from)
    {
        int attributes = (from.type & 15) | (from.s << System) | ((from.dpl & 3) << Privilege) | (from.present << Present) | (from.avl << Available)
            | (from.l << Long) | (from.db << Big) | (from.g << Granularity) | (from.unusable << Unusable);
        return new SegmentRegister(from.selector, from.@base, from.limit, (ushort)attributes);
    }

    public static kvm_segment Store(SegmentRegister from) => new()
    {
        @base = from.Base,
        limit = from.Limit,
        selector = from.Selector,
        type = (byte)(from.Attributes & 15),
        s = Bit(from, System),
        dpl = (byte)((from.Attributes >> Privilege) & 3),
        present = Bit(from, Present),
        avl = Bit(from, Available),
        l = Bit(from, Long),
        db = Bit(from, Big),
        g = Bit(from, Granularity),
        unusable = Bit(from, Unusable),
    };

    private static byte Bit(SegmentRegister from, int bit) => (byte)((from.Attributes >> bit) & 1);
}
