namespace Hearth.Cpu.Software;

/// <summary>What is noted of a <see cref="TranslatedBlock"/> that crosses a page, or that can be kept for another run.</summary>
internal sealed class BlockDetails
{
    /// <summary>The physical page its only instruction runs over into, or <see cref="TranslatedBlock.NoPage"/>.</summary>
    public ulong SecondPage { get; init; } = TranslatedBlock.NoPage;

    /// <summary>What has to be changed when the code lies elsewhere (<see cref="Relocation.Pack"/>); null when it cannot be kept for another run.</summary>
    public uint[]? Relocations { get; init; }

    /// <summary>The guest's code it was made from, where <see cref="Relocations"/> are kept.</summary>
    public byte[] Bytes { get; init; } = [];

    /// <summary>What <see cref="TranslatedBlock.Kill"/> has written over.</summary>
    public ulong FirstCode { get; set; }
}
