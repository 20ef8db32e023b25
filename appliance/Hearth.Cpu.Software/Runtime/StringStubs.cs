using System.Numerics;

namespace Hearth.Cpu.Software;

/// <summary>The addresses of the stubs that <see cref="StringStubBuilder"/> emits.</summary>
internal sealed unsafe class StringStubs
{
    public const int SizeCount = 4;

    private readonly nint[] _addresses = new nint[2 * SizeCount * TlbMode.Count];

    /// <summary>The stub that repeats MOVS or STOS with elements of 1, 2, 4 or 8 bytes by the rights of a <see cref="TlbMode"/>.</summary>
    public byte* Of(StringKind kind, int elementSize, int tlbMode) =>
        (byte*)_addresses[Index(kind, BitOperations.Log2((uint)elementSize), tlbMode)];

    /// <param name="shift">The logarithm of the element's size.</param>
    public void Set(StringKind kind, int shift, int tlbMode, byte* stub) => _addresses[Index(kind, shift, tlbMode)] = (nint)stub;

    private static int Index(StringKind kind, int shift, int tlbMode) =>
        ((((kind == StringKind.Move ? 0 : 1) * SizeCount) + shift) * TlbMode.Count) + tlbMode;
}
