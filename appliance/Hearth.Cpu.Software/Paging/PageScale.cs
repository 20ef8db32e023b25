namespace Hearth.Cpu.Software;

/// <summary>The size of a mapped page; INVLPG drops all 4 KiB pieces of a larger one.</summary>
internal enum PageScale : byte
{
    Page4K,
    Page2M,
    Page4M,
    Page1G,
}
