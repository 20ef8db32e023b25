namespace Hearth.Cpu.Software;

/// <summary>What a block is to be translated from.</summary>
/// <param name="Page">Where byte 0 of the page would lie; bytes from Start to End are there.</param>
/// <param name="Start">The offset of the first instruction.</param>
/// <param name="End">The offset past the last byte that may be read: past the page only for a single instruction that crosses it.</param>
/// <param name="Physical">The guest-physical address of the first instruction.</param>
/// <param name="SecondPage">The physical page a crossing instruction runs over into, or <see cref="TranslatedBlock.NoPage"/>.</param>
internal readonly unsafe record struct BlockSource(nint Page, int Start, int End, ulong Physical, ulong SecondPage, ModeFlags Mode);
