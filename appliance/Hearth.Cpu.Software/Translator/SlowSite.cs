namespace Hearth.Cpu.Software;

/// <summary>A TLB check whose out-of-line part is emitted at the end of the block.</summary>
internal unsafe struct SlowSite
{
    /// <summary>Past the displacement of the jump taken on a miss.</summary>
    public byte* MissJump;

    /// <summary>Where the access goes on with R12 set; also the start of what the bounced copy repeats.</summary>
    public byte* Continue;

    /// <summary>The end of what the bounced copy repeats; null for reads, which need no copy.</summary>
    public byte* TailEnd;

    /// <summary>The register that holds the address, moved to R14 first; or R14.</summary>
    public HostRegister Address;

    public AccessDetail Detail;

    /// <summary>The instruction may raise an exception on the host's processor.</summary>
    public bool MayFaultOnHost;

    /// <summary>The offset of the next instruction when nothing follows the copied part, or -1 when code after it must run.</summary>
    public int NextOffset;
}
