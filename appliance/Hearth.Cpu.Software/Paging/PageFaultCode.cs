namespace Hearth.Cpu.Software;

/// <summary>The error code of #PF (Intel SDM Vol. 3, figure 4-12).</summary>
internal static class PageFaultCode
{
    public const uint Protection = 1 << 0;
    public const uint Write = 1 << 1;
    public const uint User = 1 << 2;
    public const uint Reserved = 1 << 3;
    public const uint Fetch = 1 << 4;
}
