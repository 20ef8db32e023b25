using System.Runtime.InteropServices;
using Hearth.Linux.Interop;

namespace Hearth.Linux;

/// <summary>The kernel's random numbers (getrandom(2)), without a library between.</summary>
public static unsafe class HostRandom
{
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Fill(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            // SAFETY: the kernel writes no more than the length that is pinned.
            fixed (byte* start = buffer)
            {
                nint count = Libc.getrandom(start, (nuint)buffer.Length, 0);
                if (count < 0 && Marshal.GetLastPInvokeError() != Libc.EINTR)
                    throw LinuxException.Last("cannot get random numbers");
                buffer = buffer[(int)Math.Max(count, 0)..];
            }
        }
    }
}
