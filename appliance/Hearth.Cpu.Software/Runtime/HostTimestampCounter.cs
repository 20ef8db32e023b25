using System.Diagnostics;
using Hearth.Linux;

namespace Hearth.Cpu.Software;

/// <summary>The host's time-stamp counter, and how fast it counts.</summary>
internal static unsafe class HostTimestampCounter
{
    private static readonly MappedMemory s_code = MappedMemory.Anonymous(4096, executable: true);
    private static readonly delegate* unmanaged<ulong> s_read = Emit();
    private static readonly Lazy<ulong> s_frequency = new(Calibrate);

    /// <summary>What was measured elsewhere; 0 for nothing. It is the host's, and so the process's.</summary>
    private static ulong s_known;

    /// <summary>Ticks a second, measured once against the monotonic clock.</summary>
    public static ulong Frequency => s_known != 0 ? s_known : s_frequency.Value;

    /// <summary>Before anybody has asked.</summary>
    public static void Use(ulong frequency) => s_known = frequency;

    public static ulong Read() => s_read();

    private static delegate* unmanaged<ulong> Emit()
    {
        // rdtsc ; shl rdx, 32 ; or rax, rdx ; ret
        ReadOnlySpan<byte> code = [0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xD0, 0xC3];
        code.CopyTo(new Span<byte>(s_code.Address, code.Length));
        return (delegate* unmanaged<ulong>)s_code.Address;
    }

    /// <summary>Twenty milliseconds give some parts in a hundred thousand; round values to the nearest 10 kHz.</summary>
    private static ulong Calibrate()
    {
        const int Milliseconds = 20;
        const ulong Step = 10_000;
        Reading start = Take();
        long end = start.Time + (Stopwatch.Frequency * Milliseconds / 1000);
        while (Stopwatch.GetTimestamp() < end)
        {
        }

        Reading last = Take();
        ulong frequency = (ulong)((UInt128)(last.Ticks - start.Ticks) * (ulong)Stopwatch.Frequency / (ulong)(last.Time - start.Time));
        return (frequency + (Step / 2)) / Step * Step;
    }

    /// <summary>Both clocks at one instant: of some readings the one that was interrupted least.</summary>
    private static Reading Take()
    {
        const int Tries = 16;
        var best = new Reading(0, 0, long.MaxValue);
        for (int i = 0; i < Tries; i++)
        {
            long before = Stopwatch.GetTimestamp();
            ulong ticks = Read();
            long after = Stopwatch.GetTimestamp();
            if (after - before < best.Width)
                best = new Reading(before + ((after - before) / 2), ticks, after - before);
        }

        return best;
    }

    /// <param name="Width">How long it took, in units of the stopwatch.</param>
    private readonly record struct Reading(long Time, ulong Ticks, long Width);
}
