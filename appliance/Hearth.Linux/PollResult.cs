using System.Runtime.InteropServices;

namespace Hearth.Linux;

/// <summary>A descriptor that is ready: struct epoll_event as x86-64 has it.</summary>
/// <param name="Events">What for.</param>
/// <param name="Tag">The number it was added with.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly record struct PollResult(PollEvents Events, ulong Tag);
