namespace Hearth.Cpu;

/// <summary>A segment register with its hidden part (Intel SDM Vol. 3, section 3.4.3).</summary>
/// <param name="Base">Linear address.</param>
/// <param name="Limit">The highest offset in bytes, granularity already applied.</param>
/// <param name="Attributes">
/// Bits 0–3 type, 4 S, 5–6 DPL, 7 P, 8 AVL, 9 L, 10 D/B, 11 G, 12 unusable (a null selector was loaded). That is the
/// descriptor's second doubleword, bits 8–15 and 20–23.
/// </param>
public readonly record struct SegmentRegister(ushort Selector, ulong Base, uint Limit, ushort Attributes);

/// <summary>GDTR or IDTR.</summary>
public readonly record struct DescriptorTable(ulong Base, ushort Limit);
