namespace Hearth.Fuzz.State;

/// <summary>
/// The segments of a test program: Linux's user segments, and three 16-bit ones in the local descriptor table. The guest
/// gets the same table, so selectors mean the same on both sides.
/// </summary>
internal static class Selectors
{
    public const ushort Code32 = 0x23;
    public const ushort Data = 0x2B;
    public const ushort Code64 = 0x33;
    public const ushort Code16 = 0x07;
    public const ushort Data16 = 0x0F;
    public const ushort Stack16 = 0x17;

    /// <summary>The local descriptors by index, that is <see cref="Code16"/>, <see cref="Data16"/>, <see cref="Stack16"/>: base, limit, and whether code.</summary>
    public static IReadOnlyList<(ulong Base, uint Limit, bool Code)> Local { get; } =
    [
        (MemoryLayout.Code.Address, (uint)MemoryLayout.Code.Length - 1, true),
        (MemoryLayout.Data.Address, (uint)MemoryLayout.Data.Length - 1, false),
        (MemoryLayout.Stack.Address, (uint)MemoryLayout.Stack.Length - 1, false),
    ];
}
