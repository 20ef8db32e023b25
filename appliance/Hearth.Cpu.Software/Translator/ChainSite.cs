namespace Hearth.Cpu.Software;

/// <summary>A jump within the page that is patched once its target is translated.</summary>
internal unsafe struct ChainSite
{
    /// <summary>Past the displacement of the jump.</summary>
    public byte* Jump;

    public int TargetOffset;

    /// <summary>The jump must look for a kick: its target does not lie ahead, or the program may come back without another look.</summary>
    public bool IsChecked;
}
