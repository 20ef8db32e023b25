using System.Buffers.Binary;
using Hearth.Machine;

namespace Hearth.Vm.Saving;

/// <summary>A saved guest without its memory, which is kept elsewhere: when it was saved, a header, and the state of processors and devices.</summary>
/// <remarks>The time (UTC, in ticks of 100 ns since the year 1, 64 bits, little-endian), and then as <see cref="SavedGuest"/>, but for its RAM.</remarks>
internal static class SavedMachine
{
    public static byte[] Write(DateTimeOffset taken, SavedGuestHeader header, MachineState state)
    {
        using var stream = new MemoryStream();
        Span<byte> time = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(time, taken.UtcTicks);
        stream.Write(time);
        SavedGuest.WriteHeader(header, stream);
        state.WriteTo(stream);
        return stream.ToArray();
    }

    /// <summary>Reads when it was saved; <see cref="SavedGuest.Open"/> reads on.</summary>
    /// <exception cref="SavedStateException">It is none.</exception>
    public static DateTimeOffset ReadTime(Stream from)
    {
        Span<byte> time = stackalloc byte[sizeof(long)];
        if (from.ReadAtLeast(time, time.Length, throwOnEndOfStream: false) < time.Length)
            throw new SavedStateException("the saved machine is cut short");
        long ticks = BinaryPrimitives.ReadInt64LittleEndian(time);
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw new SavedStateException("the saved machine is damaged: it says when it was saved, and that cannot be");
    }
}
