using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Hearth.Cpu.Kvm.Interop;

/// <summary>An argument of an ioctl that ends in an array: a head, which counts, and the items behind it.</summary>
internal sealed class KvmList<THead, TItem>(int length)
    where THead : unmanaged
    where TItem : unmanaged
{
    private readonly byte[] _bytes = new byte[Unsafe.SizeOf<THead>() + (length * Unsafe.SizeOf<TItem>())];

    public ref THead Head => ref MemoryMarshal.Cast<byte, THead>(_bytes.AsSpan(0, Unsafe.SizeOf<THead>()))[0];

    public Span<TItem> Items => MemoryMarshal.Cast<byte, TItem>(_bytes.AsSpan(Unsafe.SizeOf<THead>()));

    /// <summary>All of it, for the kernel.</summary>
    public byte[] Bytes => _bytes;
}
