namespace Hearth.Fuzz.Guest;

/// <summary>What the processor pushed when it entered a handler (Intel SDM Vol. 3, figures 7-4 and 7-8).</summary>
internal readonly record struct ExceptionFrame(byte Vector, uint ErrorCode, ulong Rip, ushort Cs, ulong Rflags, ulong Rsp, ushort Ss);
