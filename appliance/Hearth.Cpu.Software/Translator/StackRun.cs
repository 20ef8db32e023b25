namespace Hearth.Cpu.Software;

/// <summary>Pushes or pops that follow one another and share one TLB check; out of line they are done one by one.</summary>
internal unsafe struct StackRun
{
    /// <summary>Past the displacement of the jump that is taken when the check fails.</summary>
    public byte* MissJump;

    /// <summary>Where the code goes on after all of them.</summary>
    public byte* Continue;

    /// <summary>The first one's place in the block.</summary>
    public int First;

    public int Count;

    /// <summary>A near return is the last of them.</summary>
    public bool Returns;
}
